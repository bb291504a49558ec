"""Verdicts kept with a run: only those new or changed since the last approved one (R-REWARD-4, and the speed of it).

An entry's verdict in a run is its item there, else its latest item in an earlier approved run of the division.
"""

from typing import NamedTuple

from sqlalchemy import select

from labshare.kernel.database import db
from labshare.kernel.money import Fen
from labshare.kernel.months import Month
from labshare.rewards.models import RewardRun
from labshare.rewards.queries import verdicts
from labshare.rewards.queries.verdicts import STORED_REASON, ApprovedRuns, Scope
from labshare.rewards.terms import RunState


def approved_runs(division: str, before: Month, *, first: Month) -> list[int]:
    """Ids of the division's approved runs from the month `first` to the one before `before`, in order of month."""
    return [run for run, _month, _check in _approved(division, before, first)]


def approved_before(scope: Scope) -> ApprovedRuns:
    """What the window's earlier approved runs keep."""
    runs = _approved(scope.policy.division, scope.month, scope.first_month)
    return ApprovedRuns(tuple((run, month) for run, month, _check in runs), runs[-1][2] if runs else "")


def _approved(division: str, before: Month, first: Month) -> list[tuple[int, Month, str]]:
    rows = db.session.execute(
        select(RewardRun.id, RewardRun.month, RewardRun.verdicts)
        .where(
            RewardRun.division == division,
            RewardRun.month >= str(first),
            RewardRun.month < str(before),
            RewardRun.state.in_(RunState.settled()),
        )
        .order_by(RewardRun.month)
    )
    return [(run, Month.parse(month), check) for run, month, check in rows]


def needed_items(scope: Scope, approved: ApprovedRuns, *, changed: bool) -> str:
    """`WITH … needed(entry_id, reason, changes)`: the verdicts that the run must keep.

    Where none of the kept ones changed, only the months after the last approved one are looked at.
    """
    start = verdicts.common_tables(scope)
    if not changed:
        later = verdicts.entries_with_verdict(scope, "e.id AS entry_id, 1 = 0 AS changes", after=approved.last_month)
        return f"{start}, needed AS ({later})"
    columns = f"e.id AS entry_id, f.entry_id AS known, {STORED_REASON} AS was"
    every = verdicts.entries_with_verdict(scope, columns, joins=approved.joins)
    return (
        f"{start}{approved.tables}, verdict_now AS ({every}), "
        "needed AS (SELECT entry_id, reason, known IS NOT NULL AS changes FROM verdict_now "
        "WHERE known IS NULL OR reason IS DISTINCT FROM was)"
    )


def write_items(scope: Scope, approved: ApprovedRuns, run_id: int, *, changed: bool, anew: bool) -> None:
    """Keep the verdicts with the run; `anew` when it has kept some already. Called by the services alone."""
    if anew:
        verdicts.execute(f"DELETE FROM reward_item WHERE run_id = {int(run_id)}")
    verdicts.execute(
        f"INSERT INTO reward_item (entry_id, run_id, reason, changes) {needed_items(scope, approved, changed=changed)} "
        f"SELECT entry_id, {int(run_id)}, reason, changes FROM needed"
    )


def verdicts_in_run(run_ids: list[int], entries: str) -> str:
    """`SELECT entry_id, reason`: the verdicts of these entries in the last of `run_ids` (the approved ones before it,
    in order of month, and itself). `entries` is a condition on `i.entry_id`."""
    ids = ", ".join(map(str, run_ids))
    rank = " ".join(f"WHEN {run} THEN {place}" for place, run in enumerate(run_ids))
    return (
        f"SELECT i.entry_id, i.reason FROM reward_item i WHERE i.run_id IN ({ids}) AND {entries} "
        f"AND NOT EXISTS (SELECT 1 FROM reward_item l WHERE l.entry_id = i.entry_id AND l.run_id IN ({ids}) "
        f"AND CASE l.run_id {rank} END > CASE i.run_id {rank} END)"
    )


def approved_through(scope: Scope) -> ApprovedRuns:
    """What the window's approved runs keep, the month's own with them."""
    runs = _approved(scope.policy.division, scope.month.next, scope.first_month)
    return ApprovedRuns(tuple((run, month) for run, month, _check in runs), runs[-1][2] if runs else "")


class ChangedVerdicts(NamedTuple):
    """Entries of a lab whose verdict is another than the approved runs keep; None: eligible."""

    lab_id: int
    was: str | None
    becomes: str | None
    bookings: int
    fen: Fen


def changed_verdicts(scope: Scope, approved: ApprovedRuns) -> list[ChangedVerdicts]:
    """What changed since, by lab and verdicts. One statement."""
    columns = (
        f"e.lab_id, e.booking_id, {verdicts.amount(scope.policy)} AS fen, f.entry_id AS known, {STORED_REASON} AS was"
    )
    every = verdicts.entries_with_verdict(scope, columns, joins=approved.joins)
    rows = verdicts.execute(
        f"{verdicts.common_tables(scope)}{approved.tables}, verdict_now AS ({every}) "
        "SELECT lab_id, was, reason, count(DISTINCT booking_id), sum(fen) FROM verdict_now "
        "WHERE known IS NOT NULL AND reason IS DISTINCT FROM was GROUP BY lab_id, was, reason "
        "ORDER BY lab_id, was, reason"
    )
    return [
        ChangedVerdicts(lab, was, becomes, int(bookings), Fen(int(fen))) for lab, was, becomes, bookings, fen in rows
    ]
