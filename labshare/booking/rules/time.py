"""Working days, and the intervals in which labs and instruments are open (docs/rules.md, R-TIME).

Intervals are half-open, `[starts_at, ends_at)`; moments are aware UTC.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from labshare.booking.errors import LabClosed, OutsideOpeningHours, PublicHoliday, StartRefused
from labshare.booking.terms import DayKind
from labshare.kernel.opening import clock_text
from labshare.kernel.time import DAY, joined, local_day, start_of_day

YEAR = timedelta(days=365)
"""How far ahead the next opening minute is looked for after unattended work."""


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
