"""The verbs of the rewards room (contract section 7)."""

from labshare.rewards.services.approve import Condition, approve, conditions, pay
from labshare.rewards.services.compare import compare_now, compared_at_once
from labshare.rewards.services.corrections import agree_correction, propose_correction, refuse_correction
from labshare.rewards.services.grades import enter_grade
from labshare.rewards.services.objections import answer_objection, raise_objection
from labshare.rewards.services.policies import draft_policy, end_policy, publish_policy
from labshare.rewards.services.publish import publish, send_back
from labshare.rewards.services.run import run_month

__all__ = [
    "Condition",
    "agree_correction",
    "answer_objection",
    "approve",
    "compare_now",
    "compared_at_once",
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
