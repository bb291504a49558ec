"""What is free: starts to choose from, the earliest one, alternatives, availability (R-TIME-12, R-TIME-18).

`Busy` holds the holdings of one instrument, for each unit in order of number, each sorted by start and free of
overlaps. Where the holding of work ends never falls as its start rises; the searches below rest on that.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TypeVar

from labshare.booking.errors import Blocked, SlotTaken, StartRefused
from labshare.booking.rules.starts import Plan, StartRules
from labshare.booking.rules.time import DayRange, Interval, Openings
from labshare.booking.terms import HoldingKind
from labshare.kernel.errors import Problem
from labshare.kernel.time import DAY, MINUTE, joined, local_day, start_of_day

ALTERNATIVES = 3


@dataclass(frozen=True)
class Taken:
    """One holding. `kind` as in the table: booking, maintenance, training, in_house, earlier, offer."""

    starts_at: datetime
    ends_at: datetime
    kind: str = HoldingKind.BOOKING
    booking_id: int | None = None


AnyTaken = TypeVar("AnyTaken", bound=Taken)
Busy = Sequence[Sequence[Taken]]


@dataclass(frozen=True, kw_only=True)
class Slot:
    """One start of one piece of work. `problem` says why it is closed; then `unit` is None."""

    starts_at: datetime
    ends_at: datetime
    holding_ends_at: datetime
    instrument_id: int | None = None
    unit: int | None = None
    units_free: int = 0
    problem: Problem | None = None

    @property
    def free(self) -> bool:
        return self.problem is None


@dataclass(frozen=True)
class DayOfSlots:
    """A local day's starts; `note` says why the day has none."""

    day: date
    slots: tuple[Slot, ...]
    note: Problem | None = None


@dataclass(frozen=True)
class Segment:
    """A stretch of opening hours with the same number of free units."""

    starts_at: datetime
    ends_at: datetime
    units_free: int


@dataclass(frozen=True)
class Candidate:
    """One instrument that can do the work: its rules and its holdings."""

    rules: StartRules
    busy: Busy

    @property
    def instrument_id(self) -> int | None:
        return self.rules.instrument.id


def clash(taken: Sequence[AnyTaken], starts_at: datetime, ends_at: datetime) -> AnyTaken | None:
    """The first holding of one unit that overlaps `[starts_at, ends_at)`."""
    index = bisect_right(taken, starts_at, key=lambda holding: holding.ends_at)
    if index < len(taken) and taken[index].starts_at < ends_at:
        return taken[index]
    return None


def free_units(busy: Busy, starts_at: datetime, ends_at: datetime) -> list[int]:
    """Numbers (from 1) of the units without a holding in `[starts_at, ends_at)`."""
    return [unit for unit, taken in enumerate(busy, 1) if clash(taken, starts_at, ends_at) is None]


def earliest(
    candidate: Candidate,
    *,
    after: datetime,
    before: datetime,
    done_by: datetime | None = None,
) -> Slot | None:
    """The first feasible and free start in `[after, before)` whose work ends by `done_by`. Knows no lead time or
    horizon: the caller narrows `after` and `before` (`StartRules.first_allowed`, `allowed_before`)."""
    rules = candidate.rules
    best: Plan | None = None
    best_unit = 0
    for unit, taken in enumerate(candidate.busy, 1):
        cursor = after
        limit = before if best is None else best.starts_at
        while (start := rules.next_start(cursor, limit)) is not None:
            plan = rules.plan(start)
            if done_by is not None and plan.ends_at > done_by:
                break
            in_the_way = clash(taken, start, plan.holding_ends_at)
            if in_the_way is None:
                best, best_unit = plan, unit
                break
            cursor = max(in_the_way.ends_at, start + MINUTE)
    if best is None:
        return None
    free = len(free_units(candidate.busy, best.starts_at, best.holding_ends_at))
    return Slot(
        starts_at=best.starts_at,
        ends_at=best.ends_at,
        holding_ends_at=best.holding_ends_at,
        instrument_id=candidate.instrument_id,
        unit=best_unit,
        units_free=free,
    )


def grid_step(duration: timedelta, grid: int) -> timedelta:
    """How far apart the starts lie that a client chooses from: a multiple of the lab's grid."""
    wanted = 15 if duration < timedelta(hours=1) else 30
    return timedelta(minutes=-(-wanted // grid) * grid)


def starts_to_choose(candidate: Candidate, since: datetime, until: datetime) -> set[datetime]:
    """Starts worth showing: a grid from each opening, and the moments at which something ends."""
    rules = candidate.rules
    step = grid_step(rules.work.duration, rules.instrument.grid)
    starts: set[datetime] = set()
    for opening in rules.openings.between(since - DAY, until):
        day = local_day(opening.starts_at, rules.zone)
        while (begins := max(opening.starts_at, start_of_day(day, rules.zone))) < opening.ends_at:
            ends = min(opening.ends_at, start_of_day(day + DAY, rules.zone))
            start = rules.on_grid(begins)
            while start < ends:
                if since <= start < until:
                    starts.add(start)
                start += step
            day += DAY
    for taken in candidate.busy:
        freed = (rules.on_grid(holding.ends_at) for holding in taken if since <= holding.ends_at < until)
        starts.update(moment for moment in freed if moment < until and rules.openings.contains(moment))
    return starts


def slot_at(
    candidates: Sequence[Candidate],
    start: datetime,
    *,
    now: datetime,
    waive: bool = False,
) -> Slot:
    """What becomes of a start: on the first instrument with a free unit, else why it is closed."""
    found: Slot | None = None
    reason: Problem | None = None
    total = 0
    full: Candidate | None = None
    for candidate in candidates:
        problems = candidate.rules.problems(start, now=now, waive=waive)
        if problems:
            reason = reason or problems[0]
            continue
        plan = candidate.rules.plan(start)
        units = free_units(candidate.busy, plan.starts_at, plan.holding_ends_at)
        total += len(units)
        if units and found is None:
            found = Slot(
                starts_at=start,
                ends_at=plan.ends_at,
                holding_ends_at=plan.holding_ends_at,
                instrument_id=candidate.instrument_id,
                unit=units[0],
            )
        full = full or candidate
    if found is not None:
        return Slot(
            starts_at=found.starts_at,
            ends_at=found.ends_at,
            holding_ends_at=found.holding_ends_at,
            instrument_id=found.instrument_id,
            unit=found.unit,
            units_free=total,
        )
    if full is not None:
        plan = full.rules.plan(start)
        kinds = {
            holding.kind
            for taken in full.busy
            if (holding := clash(taken, plan.starts_at, plan.holding_ends_at)) is not None
        }
        blocked = kinds <= set(HoldingKind.by_hand())
        return Slot(
            starts_at=start,
            ends_at=plan.ends_at,
            holding_ends_at=plan.holding_ends_at,
            instrument_id=full.instrument_id,
            problem=Blocked() if blocked else SlotTaken(),
        )
    end = candidates[0].rules.end_of_work(start) if candidates else start
    return Slot(starts_at=start, ends_at=end, holding_ends_at=end, problem=reason)


def slots_by_day(
    candidates: Sequence[Candidate],
    since: datetime,
    until: datetime,
    *,
    now: datetime,
    waive: bool = False,
) -> list[DayOfSlots]:
    """The starts to choose from in `[since, until)`, every local day with its slots or the reason for none."""
    if not candidates or since >= until:
        return []
    starts = sorted(set().union(*(starts_to_choose(candidate, since, until) for candidate in candidates)))
    zone = candidates[0].rules.zone
    by_day: dict[date, list[Slot]] = {}
    for start in starts:
        by_day.setdefault(local_day(start, zone), []).append(slot_at(candidates, start, now=now, waive=waive))
    result = []
    day = local_day(since, zone)
    while start_of_day(day, zone) < until:
        slots = tuple(by_day.get(day, ()))
        note = None if slots else _why_none(candidates, day)
        result.append(DayOfSlots(day, slots, note))
        day += DAY
    return result


def _why_none(candidates: Sequence[Candidate], day: date) -> StartRefused:
    """Why a day has no start, by the hours of an instrument that is open then, if there is one."""
    every = [each.rules.openings for each in candidates]
    openings = next((each for each in every if each.hours_text(day) != "–"), every[0])
    return openings.why_closed(_noon_or_closure(openings, day))


def _noon_or_closure(openings: Openings, day: date) -> datetime:
    """A moment that tells why a whole day is closed: inside a closure of that day, if there is one."""
    begin, end = (
        start_of_day(day, openings.zone),
        start_of_day(day + DAY, openings.zone),
    )
    closures = openings.closures_within(begin, end)
    if closures and openings.hours_text(day) != "–":
        return max(begin, closures[0].starts_at)
    return begin + (end - begin) / 2


def alternatives(
    candidates: Sequence[Candidate],
    asked: datetime,
    *,
    now: datetime,
    since: datetime,
    until: datetime,
    waive: bool = False,
    count: int = ALTERNATIVES,
) -> list[Slot]:
    """The free starts of `[since, until)` nearest in time to `asked`, from those a client could choose, on any of
    the instruments; the earlier first where two are equally near. In order of time."""
    starts = (
        set().union(*(starts_to_choose(candidate, since, until) for candidate in candidates)) if candidates else set()
    )
    if since <= asked < until:
        starts.add(asked)
    found: list[Slot] = []
    for start in sorted(starts, key=lambda start: (abs(start - asked), start)):
        slot = slot_at(candidates, start, now=now, waive=waive)
        if slot.free:
            found.append(slot)
            if len(found) == count:
                break
    return sorted(found, key=lambda slot: slot.starts_at)


def on_calibrated_days(
    intervals: Iterable[Interval],
    certificates: Iterable[DayRange] | None,
    openings: Openings,
) -> list[Interval]:
    """The parts of `intervals` that lie on days with a valid certificate."""
    if certificates is None:
        return list(intervals)
    spans = [
        Interval(
            start_of_day(days.first, openings.zone),
            start_of_day(days.last + DAY, openings.zone),
        )
        for days in joined(certificates, DAY)
    ]
    return [
        Interval(max(one.starts_at, span.starts_at), min(one.ends_at, span.ends_at))
        for one in intervals
        for span in spans
        if max(one.starts_at, span.starts_at) < min(one.ends_at, span.ends_at)
    ]


def availability(open_intervals: Iterable[Interval], busy: Busy) -> list[Segment]:
    """Opening intervals cut where the number of free units changes; stretches with none are shown too."""
    return [segment for interval in joined(open_intervals) for segment in _segments(interval, busy)]


def _segments(interval: Interval, busy: Busy) -> Iterator[Segment]:
    changes: dict[datetime, int] = {}
    free = len(busy)
    for taken in busy:
        first = bisect_right(taken, interval.starts_at, key=lambda holding: holding.ends_at)
        for holding in taken[first:]:
            if holding.starts_at >= interval.ends_at:
                break
            if holding.starts_at <= interval.starts_at:
                free -= 1
            else:
                changes[holding.starts_at] = changes.get(holding.starts_at, 0) - 1
            if holding.ends_at < interval.ends_at:
                changes[holding.ends_at] = changes.get(holding.ends_at, 0) + 1
    since = interval.starts_at
    for moment in sorted(changes):
        if changes[moment] == 0:
            continue
        yield Segment(since, moment, free)
        since = moment
        free += changes[moment]
    yield Segment(since, interval.ends_at, free)
