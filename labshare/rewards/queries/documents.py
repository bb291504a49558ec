"""Runs and lines as JSON documents, for the command line and the API."""

from typing import Any

from sqlalchemy import select

from labshare.catalogue.models import Lab
from labshare.kernel.database import db
from labshare.kernel.months import Month
from labshare.rewards.errors import NoRun
from labshare.rewards.models import RewardLine, RewardRun
from labshare.rewards.queries.runs import find_run, lines_with_codes


def run_document(run: RewardRun) -> dict[str, Any]:
    """The month's result with `state`, `policy`, `calculated_at`, what is to be reclaimed, and the digest. All
    but `…_at` is equal when the month is calculated again."""
    return {
        "month": run.month,
        "division": run.division,
        "state": run.state,
        "policy": {"id": run.policy_id, "name": run.policy.name, "version": run.policy.version},
        "labs": [
            {
                "code": code,
                "eligible_ytd_fen": line.eligible_ytd_fen,
                "entitlement_ytd_fen": line.entitlement_ytd_fen,
                "payable_fen": line.payable_fen,
                "recoverable_fen": line.recoverable_fen,
            }
            for line, code in lines_with_codes(run.id)
        ],
        "total_payable_fen": run.total_payable_fen,
        "to_reclaim": run.to_reclaim,
        "digest": run.digest,
        "calculated_at": _moment(run.calculated_at),
        "published_at": _moment(run.published_at),
        "publicity_ends_at": _moment(run.publicity_ends_at),
        "approved_at": _moment(run.approved_at),
        "paid_on": run.paid_on.isoformat() if run.paid_on else None,
    }


def line_document(month: Month, *, lab: str, division: str | None = None) -> dict[str, Any]:
    """One line with its trace; `lab` is a lab's code. Raises `NoRun`, also where the lab has no line."""
    run = find_run(month, division)
    if run is None:
        raise NoRun(month=month)
    line = db.session.scalar(
        select(RewardLine).join(Lab, Lab.id == RewardLine.lab_id).where(RewardLine.run_id == run.id, Lab.code == lab)
    )
    if line is None:
        raise NoRun(month=month)
    return {
        "month": run.month,
        "state": run.state,
        "code": lab,
        "firm": line.firm.uscc,
        "grade": line.grade,
        "month_eligible_fen": line.month_eligible_fen,
        "eligible_ytd_fen": line.eligible_ytd_fen,
        "entitlement_ytd_fen": line.entitlement_ytd_fen,
        "cut_fen": line.cut_fen,
        "paid_before_fen": line.paid_before_fen,
        "opening_fen": line.opening_fen,
        "payable_fen": line.payable_fen,
        "recoverable_fen": line.recoverable_fen,
        "why": line.why,
        "trace": line.trace,
    }


def _moment(moment: Any) -> str | None:
    return moment.isoformat().replace("+00:00", "Z") if moment else None
