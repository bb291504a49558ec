"""Verdicts kept with a run: only those new or changed since the last approved one (section 6, and the speed of it).

An entry's verdict in a run is its item there, else its latest item in an earlier approved run of the division.
"""

from sqlalchemy import select

from labshare.kernel.database import db
from labshare.kernel.months import Month
from labshare.rewards.models import RewardRun
from labshare.rewards.queries import verdicts
from labshare.rewards.queries.facts import SETTLED_STATES
from labshare.rewards.queries.verdicts import Scope


def approved_runs(division: str, before: Month, *, first: Month | None = None) -> list[int]:
    """Ids of the division's approved runs before a month (from `first` on), in order of month."""
    wanted = select(RewardRun.id).where(
        RewardRun.division == division, RewardRun.month < str(before), RewardRun.state.in_(SETTLED_STATES)
    )
    if first is not None:
        wanted = wanted.where(RewardRun.month >= str(first))
    return list(db.session.scalars(wanted.order_by(RewardRun.month)))


def needed_items(scope: Scope) -> str:
    """`WITH … needed(entry_id, reason, changes)`: the verdicts that the run must keep."""
    runs = approved_runs(scope.policy.division, scope.month, first=scope.first_month)
    verdict = verdicts.entries_with_verdict(scope, "e.id AS entry_id")
    start = f"{verdicts.common_tables(scope)}, verdict_now AS ({verdict})"
    if not runs:
        return f"{start}, needed AS (SELECT entry_id, reason, 1 = 0 AS changes FROM verdict_now)"
    ids = ", ".join(map(str, runs))
    rank = " ".join(f"WHEN {run} THEN {place}" for place, run in enumerate(runs))
    return (
        f"{start}, changed AS (SELECT i.entry_id, i.reason FROM reward_item i WHERE i.changes AND i.run_id IN ({ids}) "
        f"AND NOT EXISTS (SELECT 1 FROM reward_item l WHERE l.entry_id = i.entry_id AND l.run_id IN ({ids}) "
        f"AND CASE l.run_id {rank} END > CASE i.run_id {rank} END)), "
        "needed AS (SELECT v.entry_id, v.reason, f.entry_id IS NOT NULL AS changes FROM verdict_now v "
        f"LEFT JOIN reward_item f ON f.entry_id = v.entry_id AND f.run_id IN ({ids}) AND NOT f.changes "
        "LEFT JOIN changed c ON c.entry_id = v.entry_id "
        "WHERE f.entry_id IS NULL OR v.reason IS DISTINCT FROM "
        "CASE WHEN c.entry_id IS NULL THEN f.reason ELSE c.reason END)"
    )


def items_differ(scope: Scope, run_id: int) -> bool:
    """Whether the verdicts that the run keeps are other than those it must keep now."""
    row = verdicts.execute(
        f"{needed_items(scope)} SELECT count(*), count(o.entry_id), "
        f"(SELECT count(*) FROM reward_item WHERE run_id = {int(run_id)}) FROM needed n "
        f"LEFT JOIN reward_item o ON o.run_id = {int(run_id)} AND o.entry_id = n.entry_id "
        "AND o.reason IS NOT DISTINCT FROM n.reason AND o.changes = n.changes"
    ).one()
    return len(set(row)) != 1


def write_items(scope: Scope, run_id: int, *, anew: bool) -> None:
    """Keep the verdicts with the run; `anew` when it has kept some already. Called by the services alone."""
    if anew:
        verdicts.execute(f"DELETE FROM reward_item WHERE run_id = {int(run_id)}")
    start = needed_items(scope)
    verdicts.execute(
        f"INSERT INTO reward_item (entry_id, run_id, reason, changes) {start} "
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
