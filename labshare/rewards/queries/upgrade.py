"""What today's rules would make of the runs that are stored: for `labshare db upgrade --plan`."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from labshare.kernel.database import db
from labshare.kernel.money import Fen
from labshare.kernel.months import Month
from labshare.rewards.models import RewardRun
from labshare.rewards.queries.pages import lines_with_labs
from labshare.rewards.queries.runs import calculate_now, rules_of
from labshare.rewards.terms import RunState


@dataclass(frozen=True, kw_only=True)
class MoneyChange:
    """A figure of a stored line and what it would be now, fen. `figure`: `payable` of a run not yet approved, or
    `entitlement` of the window's last approved one, from which later months pay."""

    division: str
    month: Month
    lab: str
    figure: str
    before_fen: Fen
    after_fen: Fen


def money_changes(present: Month) -> Iterator[MoneyChange]:
    """Every line of the windows that `present` lies in whose figure would be another. A published run is judged by what
    was recorded before; one that is only calculated by what is recorded now, as if calculated again."""
    runs = db.session.scalars(
        select(RewardRun).options(joinedload(RewardRun.policy)).order_by(RewardRun.division, RewardRun.month)
    ).all()
    last_approved = {run.policy_id: run.id for run in runs if run.state in RunState.settled()}
    for run in runs:
        month = Month.parse(run.month)
        approved = run.state in RunState.settled()
        if month.year != present.year or (approved and run.id != last_approved[run.policy_id]):
            continue
        if not rules_of(run.policy).governs(month):
            continue
        figure = "entitlement" if approved else "payable"
        now = calculate_now(run.policy, month, known_at=run.published_at).calculation
        after = {line.code: getattr(line, _OF[figure]) for line in now.lines}
        before = {line.lab.code: getattr(line, _OF[figure]) for line in lines_with_labs(run.id)}
        for code in sorted(before.keys() | after.keys()):
            if before.get(code, 0) != after.get(code, 0):
                yield MoneyChange(
                    division=run.division,
                    month=month,
                    lab=code,
                    figure=figure,
                    before_fen=before.get(code, 0),
                    after_fen=after.get(code, 0),
                )


def published_otherwise() -> Iterator[RewardRun]:
    """Runs in public notice whose lines or verdicts today's rules would write otherwise, be it at 0.00: they cannot be
    approved before an officer sends them back and publishes them again."""
    for run in db.session.scalars(
        select(RewardRun).where(RewardRun.state == RunState.PUBLISHED).order_by(RewardRun.month)
    ):
        now = calculate_now(run.policy, Month.parse(run.month), compare=True, known_at=run.published_at)
        if now.digest != run.digest:
            yield run


_OF = {"payable": "payable_fen", "entitlement": "entitlement_ytd_fen"}
