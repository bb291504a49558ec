"""Invariants of what was paid: no cap exceeded, nothing counted twice, no debt gone, wherever a lab is now."""

import itertools
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from labshare.catalogue.models import Lab
from labshare.kernel.database import db
from labshare.kernel.months import Month
from labshare.oversight.checks.registry import invariant
from labshare.rewards.models import Correction, Policy, RewardItem, RewardLine, RewardRun
from labshare.rewards.queries.runs import rules_of
from labshare.rewards.terms import Cap, RunState
from labshare.settlement.models import RevenueEntry


@invariant("What a window's approved runs paid lies within its caps and its budget", since="county")
def paid_above_caps(_now: datetime) -> Iterator[tuple[str, str]]:
    """By policy and year: each lab, those held together (each firm: all its labs ever paid there), all labs."""
    year = func.substr(RewardRun.month, 1, 4)
    policies = {policy.id: rules_of(policy) for policy in db.session.scalars(select(Policy))}
    held: list[tuple[str, Any, Cap | None]] = [
        ("lab", RewardLine.lab_id, Cap.LAB),
        *((one.name, getattr(RewardLine, one.column), cap) for cap, one in Cap.shared().items()),
        ("budget", RewardRun.policy_id, None),
    ]
    for name, key, limit in held:
        paid = (
            select(RewardRun.policy_id, year, key, func.sum(RewardLine.payable_fen))
            .join(RewardRun, RewardRun.id == RewardLine.run_id)
            .where(RewardRun.state.in_(RunState.settled()))
            .group_by(RewardRun.policy_id, year, key)
        )
        for policy_id, of_year, subject, fen in db.session.execute(paid):
            policy = policies[policy_id]
            most = policy.budget_year_fen if limit is None else policy.caps[limit]
            if most is not None and fen > most:
                yield f"{policy.division} {of_year} {name} {subject}", f"paid {fen}, at most {most}"


@invariant("No ledger entry is eligible in two divisions", since="county")
def entries_eligible_twice(_now: datetime) -> Iterator[tuple[str, str]]:
    """By the last verdict that each division's approved runs keep of an entry."""
    settled = RewardRun.state.in_(RunState.settled())
    if len(db.session.scalars(select(RewardRun.division).where(settled).distinct()).all()) < 2:
        return
    later, later_run = aliased(RewardItem), aliased(RewardRun)
    superseded = (
        select(later.entry_id)
        .join(later_run, later_run.id == later.run_id)
        .where(
            later.entry_id == RewardItem.entry_id,
            later_run.division == RewardRun.division,
            later_run.month > RewardRun.month,
            later_run.state.in_(RunState.settled()),
        )
        .exists()
    )
    counted = (
        select(RewardItem.entry_id)
        .join(RewardRun, RewardRun.id == RewardItem.run_id)
        .where(settled, RewardItem.reason.is_(None), ~superseded)
        .group_by(RewardItem.entry_id)
        .having(func.count(RewardRun.division.distinct()) > 1)
        .subquery()
    )
    query = select(RevenueEntry.id, RevenueEntry.booking_id).where(RevenueEntry.id.in_(select(counted.c.entry_id)))
    for entry, booking in db.session.execute(query):
        yield f"entry {entry}", f"of booking {booking}"


@invariant("What a lab owes stays with it until it is worked off", since="county")
def debts_gone(_now: datetime) -> Iterator[tuple[str, str]]:
    """Every run after an approved one has a line for each lab that owed something; where it begins a window, the
    line's opening is that debt with the corrections agreed before it was calculated."""
    runs: dict[str, list[RewardRun]] = defaultdict(list)
    for run in db.session.scalars(select(RewardRun).order_by(RewardRun.division, RewardRun.month)):
        runs[run.division].append(run)
    codes = {row.id: row.code for row in db.session.execute(select(Lab.id, Lab.code))}
    owed = _lines(RewardLine.recoverable_fen)
    openings = _lines(RewardLine.opening_fen, every=True)
    for division, of_division in runs.items():
        for before, run in itertools.pairwise(of_division):
            if (
                before.state not in RunState.settled()
                or before.approved_at is None
                or run.calculated_at < before.approved_at
            ):
                continue
            for lab_id, fen in owed.get(before.id, {}).items():
                opening = openings.get(run.id, {}).get(lab_id)
                if opening is None:
                    yield f"{division} {run.month} {codes[lab_id]}", f"owed {fen} in {before.month}, has no line"
                elif _begins_window(run, before) and opening != fen + _corrected(division, run, lab_id):
                    yield (
                        f"{division} {run.month} {codes[lab_id]}",
                        f"owed {fen} in {before.month}, opens with {opening}",
                    )


def _lines(column: object, *, every: bool = False) -> dict[int, dict[int, int]]:
    """By run and lab: the column, where it is not 0."""
    query = select(RewardLine.run_id, RewardLine.lab_id, column)  # type: ignore[call-overload]
    found: dict[int, dict[int, int]] = {}
    for run_id, lab_id, fen in db.session.execute(query if every else query.where(column != 0)):
        found.setdefault(run_id, {})[lab_id] = fen
    return found


def _begins_window(run: RewardRun, before: RewardRun) -> bool:
    return run.policy_id != before.policy_id or run.month[:4] != before.month[:4]


def _corrected(division: str, run: RewardRun, lab_id: int) -> int:
    """Signed corrections of the run's window that counted in it, fen."""
    first = rules_of(run.policy).window(Month.parse(run.month))[0]
    return int(
        db.session.scalar(
            select(func.coalesce(func.sum(Correction.fen), 0)).where(
                Correction.division == division,
                Correction.lab_id == lab_id,
                Correction.from_month.between(str(first), run.month),
                Correction.counted_at(run.published_at or run.calculated_at),
            )
        )
        or 0
    )
