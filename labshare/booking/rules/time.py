"""Working days, opening intervals, and the rules a start must keep (docs/rules.md, R-TIME).

Intervals are half-open, `[starts_at, ends_at)`; moments are aware UTC; work is elapsed time; a start is a whole minute.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from labshare.booking.errors import (
    CalibrationExpired,
    InThePast,
    LabClosed,
    NeverOpensAfterwards,
    NotAWholeMinute,
    NotCalibrated,
    NotOnGrid,
    OutsideOpeningHours,
    PublicHoliday,
    RunStartsOutsideHours,
    StartRefused,
    TooEarly,
    TooFar,
    TooLong,
    TooShort,
)
from labshare.booking.rules.price import Work, plain
from labshare.booking.terms import DayKind
from labshare.kernel.opening import clock_text
from labshare.kernel.time import (
    DAY,
    MINUTE,
    Minutes,
    ceil_minute,
    is_whole_minute,
    joined,
    local_day,
    on_grid,
    start_of_day,
)

YEAR = timedelta(days=365)
"""How far ahead the next opening minute is looked for after unattended work."""
FARTHEST = 10 * YEAR
"""No start lies farther ahead, whatever horizon there is or is waived."""


class Interval(NamedTuple):
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class WorkingDays:
    """The public working-day table: `kinds` names holidays and make-up days, `years` those confirmed as complete."""

    kinds: Mapping[date, str] = field(default_factory=dict)
    years: frozenset[int] = frozenset()

    def weekday_of_hours(self, day: date) -> int | None:
        """Whose weekday's hours hold on `day` (Monday = 0): none on a public holiday, Monday's on a make-up day."""
        kind = self.kinds.get(day)
        if kind == DayKind.HOLIDAY:
            return None
        return 0 if kind == DayKind.MAKE_UP else day.weekday()

    def is_working_day(self, day: date) -> bool:
        """A public working day."""
        kind = self.kinds.get(day)
        return kind == DayKind.MAKE_UP or (kind is None and day.weekday() < 5)

    def missing_years(self, first: date, last: date) -> tuple[int, ...]:
        """The years between two days of which the table is missing or not confirmed: shown as a warning."""
        return tuple(year for year in range(first.year, last.year + 1) if year not in self.years)


class Closure(NamedTuple):
    starts_at: datetime
    ends_at: datetime
    reason: str = ""


Weekly = tuple[tuple[tuple[int, int], ...], ...]
"""Seven weekdays from Monday; each a tuple of (opens, closes) in minutes after local midnight. Past midnight `closes`
goes on counting: 22:00 to 06:00 is (1320, 1800)."""


@dataclass(frozen=True)
class LabHours:
    """When a lab, or an instrument, is open: a week, those that take its place from a day on (in order), closures."""

    weekly: Weekly = ((),) * 7
    closures: tuple[Closure, ...] = ()
    later: tuple[tuple[date, Weekly], ...] = ()

    def on(self, day: date) -> Weekly:
        """The week in force on a day."""
        weekly = self.weekly
        for since, changed in self.later:
            if since > day:
                break
            weekly = changed
        return weekly

    def since(self, day: date) -> "LabHours":
        """The same from a day on: who has the same hours from then on is equal."""
        return LabHours(self.on(day), self.closures, tuple(one for one in self.later if one[0] > day))


Weeks = Iterable[tuple[date, Weekly | None]]
"""Weeks with the day from which each holds; None: as the lab's."""


def hours_of_weeks(weeks: Weeks, closures: Iterable[Closure], lab: LabHours | None = None) -> LabHours:
    """A lab's hours; with `lab` those of one of its instruments, which differs where it has its own (R-TIME-20)."""
    own = sorted(weeks, key=lambda one: one[0])
    if lab is None:
        return LabHours(
            closures=tuple(sorted(closures)), later=tuple((day, week) for day, week in own if week is not None)
        )
    changes: list[tuple[date, Weekly]] = []
    for day in sorted({day for day, _week in own} | {day for day, _week in lab.later}):
        differs = next((week for since, week in reversed(own) if since <= day), None)
        changes.append((day, lab.on(day) if differs is None else differs))
    return LabHours(lab.weekly, lab.closures, tuple(changes))


class DayRange(NamedTuple):
    """Local days, both included."""

    first: date
    last: date


@dataclass(frozen=True, kw_only=True)
class InstrumentTerms:
    """What an instrument says about starts. `certificates` None: it needs no calibration."""

    units: int = 1
    lead: timedelta = timedelta(0)
    horizon: timedelta | None = None
    shortest: Minutes | None = None
    longest: Minutes | None = None
    grid: int = 1
    """Starts lie on the local minutes of the hour that are a multiple of it."""
    certificates: tuple[DayRange, ...] | None = None
    id: int | None = None

    def first_allowed(self, now: datetime) -> datetime:
        """The first whole minute that past and lead time allow."""
        return ceil_minute(now + self.lead)

    def allowed_before(self, now: datetime) -> datetime:
        """Starts lie before this moment: the horizon, or a year where there is none."""
        return now + YEAR if self.horizon is None else now + self.horizon + timedelta(microseconds=1)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One booking's time: its work and what its holding takes."""

    starts_at: datetime
    ends_at: datetime
    holding_ends_at: datetime


@lru_cache(maxsize=1 << 16)
def moment_of(day: date, minute: int, zone: ZoneInfo, *, closing: bool = False) -> datetime:
    """`minute` minutes of the wall clock after a day's midnight, UTC. A repeated local time opens at its first and
    closes at its second occurrence; a missing one is read with the offset before the gap."""
    day += timedelta(days=minute // 1440)
    clock = time(minute % 1440 // 60, minute % 60)
    first = datetime.combine(day, clock, tzinfo=zone)
    if closing:
        second = first.replace(fold=1)
        if (second.utcoffset() or DAY) < (first.utcoffset() or DAY):  # repeated, not missing
            return second.astimezone(UTC)
    return first.astimezone(UTC)


def without(intervals: Iterable[Interval], cuts: Iterable[tuple[datetime, datetime]]) -> list[Interval]:
    """`intervals` (in order) less `cuts`."""
    result = list(intervals)
    for starts_at, ends_at in cuts:
        if starts_at >= ends_at:
            continue
        left: list[Interval] = []
        for interval in result:
            if interval.ends_at <= starts_at or ends_at <= interval.starts_at:
                left.append(interval)
                continue
            if interval.starts_at < starts_at:
                left.append(Interval(interval.starts_at, starts_at))
            if ends_at < interval.ends_at:
                left.append(Interval(ends_at, interval.ends_at))
        result = left
    return result


class Openings:
    """The opening intervals of one lab or instrument, from the day before `since` on, worked out as far as anyone
    asks."""

    def __init__(self, hours: LabHours, days: WorkingDays, zone: ZoneInfo, since: datetime) -> None:
        self.hours, self.days, self.zone = hours, days, zone
        self._closures = sorted(hours.closures)
        self._day = local_day(since, zone) - 2 * DAY  # an interval may come from the day before, one hour longer
        self._chunk = 10
        self._whole: list[Interval] = []
        self._open: list[Interval] = []
        self._starts: list[datetime] = []
        self._known = start_of_day(self._day, zone)

    def _know(self, moment: datetime) -> None:
        """Work out every interval up to and beyond `moment`."""
        while self._known <= moment:
            fresh: list[Interval] = []
            for _ in range(self._chunk):
                fresh += self._of_day(self._day)
                self._day += DAY
            tail = self._whole[-1:]
            self._whole[-1:] = joined(tail + fresh)
            self._known = start_of_day(self._day, self.zone)
            self._open = without(self._whole, [closure[:2] for closure in self._closures])
            self._starts = [interval.starts_at for interval in self._open]
            self._chunk = min(2 * self._chunk, 200)

    def _of_day(self, day: date) -> list[Interval]:
        weekday = self.days.weekday_of_hours(day)
        if weekday is None:
            return []
        return [
            Interval(
                moment_of(day, opens, self.zone),
                moment_of(day, closes, self.zone, closing=True),
            )
            for opens, closes in self.hours.on(day)[weekday]
        ]

    def between(self, since: datetime, until: datetime) -> list[Interval]:
        """The opening intervals inside `[since, until)`, cut to it."""
        self._know(until)
        result = []
        for interval in self._open[max(0, bisect_right(self._starts, since) - 1) :]:
            if interval.starts_at >= until:
                break
            if interval.ends_at > since:
                result.append(Interval(max(since, interval.starts_at), min(until, interval.ends_at)))
        return result

    def contains(self, moment: datetime) -> bool:
        """Whether the minute that begins at `moment` is an opening minute."""
        return self.open_throughout(moment, moment)

    def open_throughout(self, since: datetime, until: datetime) -> bool:
        """Whether `since` is an opening moment and its interval lasts to `until`; an end at closing counts."""
        self._know(max(since, until))
        index = bisect_right(self._starts, since) - 1
        return index >= 0 and since < self._open[index].ends_at and until <= self._open[index].ends_at

    def next_start(self, after: datetime, length: timedelta, before: datetime) -> datetime | None:
        """The first moment of `[after, before)` from which `length` lies inside one opening interval."""
        self._know(after + length)
        index = max(0, bisect_right(self._starts, after) - 1)
        while True:
            while index < len(self._open):
                interval = self._open[index]
                start = max(after, interval.starts_at)
                if start >= before:
                    return None
                self._know(start + length)
                interval = self._open[index]
                if start < interval.ends_at and start + length <= interval.ends_at:
                    return start
                index += 1
            if self._known >= before:
                return None
            self._know(self._known)

    def next_opening(self, moment: datetime) -> datetime | None:
        """`moment` if it is an opening moment, else the next one within a year."""
        return self.next_start(moment, timedelta(0), moment + YEAR)

    def end_of_interval(self, moment: datetime) -> datetime:
        """Where the opening interval at `moment` ends, as far as known now."""
        index = bisect_right(self._starts, moment) - 1
        return self._open[index].ends_at

    def closures_within(self, since: datetime, until: datetime) -> list[Closure]:
        """Closures that meet `[since, until)`, or the moment `since` where both are the same."""
        return [
            closure
            for closure in self._closures
            if (closure.starts_at < until or closure.starts_at <= since == until) and since < closure.ends_at
        ]

    def why_closed(self, moment: datetime) -> StartRefused:
        """The reason why `moment` is not an opening moment."""
        day = local_day(moment, self.zone)
        if self.days.kinds.get(day) == DayKind.HOLIDAY:
            return PublicHoliday(date=day)
        for closure in self.closures_within(moment, moment):
            return LabClosed(reason=closure.reason or "–")
        return OutsideOpeningHours(hours=self.hours_text(day))

    def hours_text(self, day: date) -> str:
        """`08:30–12:00 13:30–17:00`, or a dash."""
        weekday = self.days.weekday_of_hours(day)
        spans = () if weekday is None else self.hours.on(day)[weekday]
        return " ".join(f"{clock_text(opens)}–{clock_text(closes)}" for opens, closes in sorted(spans)) or "–"


class OpeningsOf:
    """The opening intervals of labs and of their instruments: an instrument's own hours where it has them, else its
    lab's (R-TIME-20). Who has the same hours shares what is worked out."""

    def __init__(
        self,
        labs: Mapping[int, LabHours],
        own: Mapping[int, Mapping[int, LabHours]],
        days: WorkingDays,
        zone: ZoneInfo,
        since: datetime,
    ) -> None:
        self.days = days
        shared: dict[LabHours, Openings] = {}

        def opened(hours: LabHours) -> Openings:
            if hours not in shared:
                shared[hours] = Openings(hours, days, zone, since)
            return shared[hours]

        self._labs = {lab_id: opened(hours) for lab_id, hours in labs.items()}
        self._own = {lab_id: {key: opened(hours) for key, hours in every.items()} for lab_id, every in own.items()}

    def of_lab(self, lab_id: int) -> Openings:
        return self._labs[lab_id]

    def of_instrument(self, instrument_id: int, *, lab_id: int) -> Openings:
        return self._own[lab_id].get(instrument_id, self._labs[lab_id])

    def own_of_lab(self, lab_id: int) -> Mapping[int, Openings]:
        """Of the lab's instruments that have, or had, hours of their own."""
        return self._own[lab_id]


class StartRules:
    """The rules a start must keep: one piece of work, on one instrument, in one lab's hours."""

    def __init__(self, openings: Openings, work: Work, instrument: InstrumentTerms) -> None:
        self.openings, self.work, self.instrument = openings, work, instrument
        self.zone = openings.zone
        certificates = instrument.certificates
        self.calibrated = None if certificates is None else joined(certificates, DAY)

    # -- where work and holding end

    def end_of_work(self, start: datetime) -> datetime:
        """booking.ends_at: the end of the work, rounded up to the minute."""
        return ceil_minute(start + self.work.duration)

    def plan(self, start: datetime) -> Plan:
        """What a booking at `start` takes. Raises `NeverOpensAfterwards`."""
        ends_at = self.end_of_work(start)
        freed_at: datetime | None = ends_at
        if not self.work.attended:
            freed_at = self.openings.next_opening(ends_at)
        if freed_at is None:
            raise NeverOpensAfterwards
        return Plan(starts_at=start, ends_at=ends_at, holding_ends_at=freed_at + self.work.cleanup)

    # -- is this start allowed

    def problems(self, start: datetime, *, now: datetime, waive: bool = False) -> list[StartRefused]:
        """Every rule that `start` breaks; with `waive` lead time and horizon are left out. Knows no holdings."""
        found: list[StartRefused] = []
        if not is_whole_minute(start):
            found.append(NotAWholeMinute())
        elif (next_start := self.on_grid(start)) != start:
            found.append(NotOnGrid(n=self.instrument.grid, clock=f"{next_start.astimezone(self.zone):%H:%M}"))
        if start < now:
            return [*found, InThePast()]
        if start > now + FARTHEST:
            return [
                *found,
                TooFar(n=plain(_amount(self.instrument.horizon or FARTHEST, DAY))),
            ]
        found += self._length_problems()
        if not waive:
            found += self._distance_problems(start, now=now)
        found += self.hours_problems(start)
        found += self._calibration_problems(start)
        return found

    def problems_at_confirmation(self, start: datetime) -> list[StartRefused]:
        """Closures and calibration again; not lead time, horizon or opening hours (R-BOOKING-4)."""
        spans = [
            Interval(
                start,
                start + (self.work.duration if self.work.attended else self.work.setup),
            )
        ]
        spans += [Interval(start + offset, start + offset) for offset in self.work.run_offsets]
        found: list[StartRefused] = []
        for span in spans:
            for closure in self.openings.closures_within(*span):
                found.append(LabClosed(reason=closure.reason or "–"))
        return found[:1] + self._calibration_problems(start)

    def problems_of_longer(self, start: datetime, *, since: datetime) -> list[StartRefused]:
        """What work that began at `start` breaks where it goes on longer than to `since`: the most that the instrument
        takes at once, opening hours, closures and calibration; what lies before `since` is not asked again."""
        found, until = list(self._length_problems()), self.end_of_work(start)
        if self.work.attended and until > since:
            if not self.openings.contains(since):
                found.append(self.openings.why_closed(since))
            elif not self.openings.open_throughout(since, until):
                found.append(self.openings.why_closed(self.openings.end_of_interval(since)))
        if not self.work.attended and self.openings.next_opening(until) is None:
            found.append(NeverOpensAfterwards())
        return found + self._calibration_problems(start)

    def _length_problems(self) -> Iterator[StartRefused]:
        least = self.instrument.shortest or 0
        if self.work.minutes < least or self.work.minutes <= 0:
            yield TooShort(n=self.instrument.shortest or 1)
        if self.instrument.longest is not None and self.work.minutes > self.instrument.longest:
            yield TooLong(n=self.instrument.longest)

    def _distance_problems(self, start: datetime, *, now: datetime) -> Iterator[StartRefused]:
        if start < now + self.instrument.lead:
            yield TooEarly(n=plain(_amount(self.instrument.lead, timedelta(hours=1))))
        horizon = self.instrument.horizon
        if horizon is not None and start > now + horizon:
            yield TooFar(n=plain(_amount(horizon, DAY)))

    def hours_problems(self, start: datetime) -> Iterator[StartRefused]:
        """Opening hours and closures that `start` breaks."""
        openings, work = self.openings, self.work
        length = work.duration if work.attended else work.setup
        if not openings.contains(start):
            yield openings.why_closed(start)
        elif not openings.open_throughout(start, start + length):
            yield openings.why_closed(openings.end_of_interval(start))
        for number, offset in enumerate(work.run_offsets, 2):
            if not openings.contains(start + offset):
                yield RunStartsOutsideHours(run=number)
        if not work.attended and openings.next_opening(self.end_of_work(start)) is None:
            yield NeverOpensAfterwards()

    def _calibration_problems(self, start: datetime) -> list[StartRefused]:
        if self.calibrated is None:
            return []
        first, last = self.days_touched(start)
        current = [days for days in self.calibrated if days.first <= first <= days.last]
        if not current:
            return [self._why_uncalibrated(first)]
        if last > current[0].last:
            return [CalibrationExpired(date=current[0].last)]
        return []

    def _why_uncalibrated(self, day: date) -> StartRefused:
        before = [days.last for days in self.calibrated or () if days.last < day]
        return CalibrationExpired(date=max(before)) if before else NotCalibrated(date=day)

    def days_touched(self, start: datetime) -> DayRange:
        """The local days that the work touches."""
        last_moment = max(start, start + self.work.duration - timedelta(microseconds=1))
        return DayRange(local_day(start, self.zone), local_day(last_moment, self.zone))

    # -- which start is the next allowed one

    def on_grid(self, moment: datetime) -> datetime:
        """`moment`, or the next that lies where the lab lets tests start (R-TIME-19)."""
        return on_grid(moment, self.instrument.grid, self.zone)

    def first_allowed(self, now: datetime, *, waive: bool = False) -> datetime:
        return ceil_minute(now) if waive else self.instrument.first_allowed(now)

    def allowed_before(self, now: datetime, *, waive: bool = False) -> datetime:
        return now + YEAR if waive else self.instrument.allowed_before(now)

    def next_start(self, after: datetime, before: datetime) -> datetime | None:
        """The first whole minute of `[after, before)` that keeps opening hours and calibration; knows neither `now`
        nor holdings. Each rule in turn moves the start on until none moves it any more."""
        start: datetime | None = self.on_grid(after)
        length = self.work.duration if self.work.attended else self.work.setup
        while start is not None and start < before:
            moved = self.openings.next_start(start, length, before)
            if moved is None:
                return None
            moved = self._next_by_runs(ceil_minute(moved), before)
            if moved is not None:
                moved = self._next_by_calibration(moved)
            if moved == start:
                moved = self._next_by_end(start, before)
                if moved == start:
                    return start
            start = None if moved is None else self.on_grid(moved)
        return None

    def _next_by_end(self, start: datetime, before: datetime) -> datetime | None:
        """`start` if an opening follows the end within a year, else a later start that is nearer to the next one."""
        ends_at = self.end_of_work(start)
        if self.work.attended or self.openings.next_opening(ends_at) is not None:
            return start
        opening = self.openings.next_start(ends_at, timedelta(0), before + self.work.duration + YEAR)
        if opening is None:
            return None
        return max(start + MINUTE, ceil_minute(opening - YEAR - self.work.duration) - MINUTE)

    def _next_by_runs(self, start: datetime, before: datetime) -> datetime | None:
        for offset in self.work.run_offsets:
            opening = self.openings.next_start(start + offset, timedelta(0), before + offset)
            if opening is None:
                return None
            start = ceil_minute(opening - offset)
        return start

    def _next_by_calibration(self, start: datetime) -> datetime | None:
        if self.calibrated is None:
            return start
        first, last = self.days_touched(start)
        for days in self.calibrated:
            if days.first <= first and last <= days.last:
                return start
            if days.first > first:
                return max(start + MINUTE, start_of_day(days.first, self.zone))
        return None


def _amount(length: timedelta, unit: timedelta) -> Decimal:
    seconds = Decimal(length // timedelta(seconds=1))
    return (seconds / Decimal(unit // timedelta(seconds=1))).quantize(Decimal("0.01")).normalize() + 0
