"""Whether calculating now would give what a run says, and what is different, for those who publish or approve it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from labshare.catalogue.models import Lab
from labshare.kernel.database import db
from labshare.kernel.money import Fen
from labshare.kernel.months import Month
from labshare.rewards.errors import NoPolicy
from labshare.rewards.models import RewardLine, RewardRun
from labshare.rewards.queries.runs import Result
from labshare.rewards.rules.difference import LabChange, Side, changes, verdicts_of
from labshare.rewards.services.common import calculated_now

AT_ONCE = 60_000
"""Entries of a window up to which a page compares unasked: less than a second of work."""


@dataclass(frozen=True)
class Comparison:
    """`same`: calculating now gives the same result. Else the total it gives, and what is different by lab."""

    same: bool
    total_fen: Fen | None = None
    """`None`: no policy governs the month any more."""
    policy_changed: bool = False
    labs: tuple[LabChange, ...] = ()


def compared_at_once(run: RewardRun) -> bool:
    """Whether the run is small enough to be compared whenever somebody looks at it; its check value begins with the
    number of its window's entries."""
    number = run.verdicts.partition("-")[0]
    return number.isdigit() and int(number) <= AT_ONCE


def compare_now(run: RewardRun, now: datetime) -> Comparison:
    """Calculate the run's month again, by the same rule as publishing and approving; writes nothing."""
    try:
        result, same = calculated_now(run, Month.parse(run.month), now)
    except NoPolicy:
        return Comparison(same=False, policy_changed=True)
    if same:
        return Comparison(same=True, total_fen=run.total_payable_fen)
    return Comparison(
        same=False,
        total_fen=result.calculation.total_payable_fen,
        policy_changed=result.policy.id != run.policy_id,
        labs=tuple(changes(_stored(run), _of(result))),
    )


def _stored(run: RewardRun) -> dict[str, Side]:
    rows = db.session.execute(
        select(RewardLine, Lab.code).join(Lab, Lab.id == RewardLine.lab_id).where(RewardLine.run_id == run.id)
    )
    return {
        code: Side(
            grade=line.grade,
            paid_fen=line.paid_before_fen,
            opening_fen=line.opening_fen,
            payable_fen=line.payable_fen,
            verdicts=verdicts_of(line.trace),
        )
        for line, code in rows
    }


def _of(result: Result) -> dict[str, Side]:
    return {
        line.code: Side(
            grade=line.grade,
            paid_fen=line.paid_fen,
            opening_fen=line.opening_fen,
            payable_fen=line.payable_fen,
            verdicts=verdicts_of(line.trace),
        )
        for line in result.calculation.lines
    }
