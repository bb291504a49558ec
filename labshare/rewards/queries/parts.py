"""Which earlier months a run's payable holds, by lab and in all (`rules.parts`)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from labshare.kernel.database import db
from labshare.kernel.money import Fen
from labshare.kernel.months import Month
from labshare.rewards.models import Policy, RewardLine, RewardRun
from labshare.rewards.rules.parts import own_parts
from labshare.rewards.terms import RunState


@dataclass(frozen=True)
class Part:
    """What one month adds to a payable sum, fen; may be negative (a refund). `state`, `ends_at`: its run's, `None`
    where the month has no run yet."""

    month: Month
    fen: Fen
    state: str | None = None
    ends_at: datetime | None = None


def runs_of_years(first: int, last: int) -> list[RewardRun]:
    """All runs of these calendar years, by month. One statement."""
    return list(
        db.session.scalars(
            select(RewardRun).where(RewardRun.month.between(f"{first}-01", f"{last}-12")).order_by(RewardRun.month)
        )
    )


def held_by(run: RewardRun, runs: Iterable[RewardRun]) -> list[RewardRun]:
    """The earlier runs of its window, in order of month, whose payable the run holds: those not approved when it was
    calculated. `runs`: those of its year, at least."""
    if run.state in RunState.settled():
        return []
    return [
        one
        for one in _of_window(run.policy_id, run.month, runs)
        if one.approved_at is None or one.approved_at > run.calculated_at
    ]


def held_now(policy: Policy, month: Month, runs: Iterable[RewardRun]) -> list[RewardRun]:
    """The same for a month calculated now: the window's earlier runs that are not approved."""
    return [one for one in _of_window(policy.id, str(month), runs) if one.state not in RunState.settled()]


def _of_window(policy_id: int, month: str, runs: Iterable[RewardRun]) -> list[RewardRun]:
    found = [one for one in runs if one.policy_id == policy_id and one.month[:4] == month[:4] and one.month < month]
    return sorted(found, key=lambda one: one.month)


def payables(run_ids: Iterable[int], lab_ids: Iterable[int] | None = None) -> dict[int, dict[int, int]]:
    """run id → lab id → payable fen. One statement; none without runs."""
    wanted = sorted(set(run_ids))
    found: dict[int, dict[int, int]] = {run: {} for run in wanted}
    if not wanted:
        return found
    rows = select(RewardLine.run_id, RewardLine.lab_id, RewardLine.payable_fen).where(RewardLine.run_id.in_(wanted))
    if lab_ids is not None:
        rows = rows.where(RewardLine.lab_id.in_(list(lab_ids)))
    for run, lab, fen in db.session.execute(rows):
        found[run][lab] = fen
    return found


def parts_of(
    month: Month,
    *,
    payable_fen: Fen,
    lab_id: int,
    held: Sequence[RewardRun],
    paid: Mapping[int, Mapping[int, int]],
    run: RewardRun | None = None,
) -> list[Part]:
    """A lab's payable of a month, taken apart: what each held month adds, then the month itself; it adds up to
    `payable_fen`. `paid` from `payables` of the held runs; `run`: the month's own, where it has one."""
    own = own_parts([*(paid[one.id].get(lab_id, 0) for one in held), payable_fen])
    parts = [
        Part(Month.parse(one.month), fen, one.state, one.publicity_ends_at) for one, fen in zip(held, own, strict=False)
    ]
    return [*parts, Part(month, own[-1], run.state if run else None, run.publicity_ends_at if run else None)]


def parts_of_run(run: RewardRun, runs: Iterable[RewardRun]) -> list[Part]:
    """The whole run's payable, taken apart in the same way."""
    held = held_by(run, runs)
    chain = [*held, run]
    own = own_parts([one.total_payable_fen for one in chain])
    return [
        Part(Month.parse(one.month), fen, one.state, one.publicity_ends_at) for one, fen in zip(chain, own, strict=True)
    ]


def parts_of_lines(lines: Sequence[RewardLine], runs: Sequence[RewardRun]) -> dict[int, list[Part]]:
    """line id → its payable, taken apart. `lines` with their run; `runs`: all of the years. One statement."""
    held = {line.run_id: held_by(line.run, runs) for line in lines}
    paid = payables((one.id for ones in held.values() for one in ones), {line.lab_id for line in lines})
    return {
        line.id: parts_of(
            Month.parse(line.run.month),
            payable_fen=line.payable_fen,
            lab_id=line.lab_id,
            held=held[line.run_id],
            paid=paid,
            run=line.run,
        )
        for line in lines
    }


def payable_in(first: Month, last: Month, runs: Sequence[RewardRun]) -> tuple[int, int]:
    """(fen that the runs of these months pay, each month counted once; fen of it that belongs to months before
    `first`). `runs`: all of the years from `first`'s January on."""
    shown = [run for run in runs if str(first) <= run.month <= str(last)]
    in_period, before = 0, 0
    carried: set[int] = set()
    for run in shown:
        held = held_by(run, runs)
        own = parts_of_run(run, runs)[-1].fen
        in_period += own
        earlier = [one for one in held if one.month < str(first)]
        if earlier and earlier[-1].id not in carried:
            carried.add(earlier[-1].id)
            before += earlier[-1].total_payable_fen
    return in_period + before, before
