"""The verbs of the rewards room (contract section 7)."""

from labshare.rewards.queries import touched  # noqa: F401 - answers what affiliations decide
from labshare.rewards.services.approve import approve, conditions, pay
from labshare.rewards.services.corrections import agree_correction, propose_correction, refuse_correction
from labshare.rewards.services.grades import enter_grade
from labshare.rewards.services.objections import answer_objection, raise_objection
from labshare.rewards.services.policies import draft_policy, end_policy, publish_policy
from labshare.rewards.services.publish import publish, send_back
from labshare.rewards.services.run import run_month

__all__ = [
    "agree_correction",
    "answer_objection",
    "approve",
    "conditions",
    "draft_policy",
    "end_policy",
    "enter_grade",
    "pay",
    "propose_correction",
    "publish",
    "publish_policy",
    "raise_objection",
    "refuse_correction",
    "run_month",
    "send_back",
]
