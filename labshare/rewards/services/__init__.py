"""The verbs of the rewards room."""

from labshare.rewards.queries import touched  # noqa: F401 - answers what affiliations decide
from labshare.rewards.services.approve import Condition, approve, conditions, pay
from labshare.rewards.services.compare import compare_now, compared_at_once
from labshare.rewards.services.corrections import (
    agree_correction,
    confirm_correction,
    find_corrections,
    propose_correction,
    refuse_correction,
    take_correction,
    windows_to_correct,
)
from labshare.rewards.services.grades import (
    confirm_grades,
    hand_over_grades,
    save_grades,
    send_back_grades,
    withdraw_grades,
)
from labshare.rewards.services.objections import answer_objection, answers, pass_on_objections, raise_objection
from labshare.rewards.services.policies import draft_policy, end_policy, publish_policy
from labshare.rewards.services.publish import publish, send_back
from labshare.rewards.services.run import run_month

__all__ = [
    "Condition",
    "agree_correction",
    "answer_objection",
    "answers",
    "approve",
    "compare_now",
    "compared_at_once",
    "conditions",
    "confirm_correction",
    "confirm_grades",
    "draft_policy",
    "end_policy",
    "find_corrections",
    "hand_over_grades",
    "pass_on_objections",
    "pay",
    "propose_correction",
    "publish",
    "publish_policy",
    "raise_objection",
    "refuse_correction",
    "run_month",
    "save_grades",
    "send_back",
    "send_back_grades",
    "take_correction",
    "windows_to_correct",
    "withdraw_grades",
]
