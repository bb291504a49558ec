"""Reward policies, monthly runs, their lines, objections."""

from typing import Any, ClassVar

import marshmallow as ma
from flask_babel import lazy_gettext as _l

from labshare.http.fields import Anything, Day, Fen, Inside, Many, Moment, MonthField, Text, Whole, Word
from labshare.http.schemas.base import Answer
from labshare.http.schemas.catalogue import FirmName, LabBrief
from labshare.rewards.terms import Grade, WhyZero


class Policy(Answer):
    id = Whole()
    version = Whole()
    state = Text()
    effective_to = MonthField(allow_none=True)
    published_at = Moment(allow_none=True)
    document = ma.fields.Dict()
    seen = Text()


class Line(Answer):
    """A lab in a run; `code` comes with the line."""

    about = "line"

    code = Text()
    grade = Word(Grade, allow_none=True)
    eligible_ytd_fen = Fen()
    entitlement_ytd_fen = Fen()
    payable_fen = Fen()
    recoverable_fen = Fen()
    why = Word(WhyZero, allow_none=True)


class LineWithTrace(Line):
    trace = Many(Anything())


class LineInFile(Line):
    """A line in a file: whose it is, and every step to what is payable."""

    code = Text(attribute="lab.code")
    lab = Inside(LabBrief)
    firm = Inside(FirmName)
    month_eligible_fen = Fen()
    cut_fen = Fen()
    paid_before_fen = Fen()
    opening_fen = Fen()

    columns: ClassVar[dict[str, Any]] = {
        "code": _l("Code of the lab"),
        "lab": _l("Lab"),
        "firm": _l("Host firm"),
        "grade": _l("Grade"),
        "month_eligible_fen": _l("Eligible this month (CNY)"),
        "eligible_ytd_fen": _l("Eligible, year to date (CNY)"),
        "entitlement_ytd_fen": _l("Entitlement, year to date (CNY)"),
        "cut_fen": _l("Cut by caps and budget (CNY)"),
        "paid_before_fen": _l("Earlier approved (CNY)"),
        "opening_fen": _l("Opening balance (CNY)"),
        "payable_fen": _l("Payable (CNY)"),
        "recoverable_fen": _l("Recoverable (CNY)"),
        "why": _l("Why 0"),
    }


class RunPolicy(Answer):
    id = Whole()
    name = Text()
    version = Whole()


class Run(Answer):
    """A month's result with state, policy, moments and duties."""

    about = "run"

    division = Text()
    month = MonthField()
    state = Text()
    policy = Inside(RunPolicy)
    calculation = Whole()
    calculated_at = Moment()
    published_at = Moment(allow_none=True)
    publicity_ends_at = Moment(allow_none=True)
    approved_at = Moment(allow_none=True)
    paid_on = Day(allow_none=True)
    labs = Inside(Line, many=True)
    total_payable_fen = Fen()
    to_reclaim = Many(Anything())


class Objection(Answer):
    id = Whole()
    text = Text()
    verdict = Text(allow_none=True)
    answer = Text(allow_none=True)
