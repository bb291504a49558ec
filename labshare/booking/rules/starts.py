"""The rules a start must keep (docs/rules.md, R-TIME).

Moments are aware UTC; work is elapsed time; a start is a whole minute.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from labshare.booking.errors import (
    CalibrationExpired,
    InThePast,
    LabClosed,
    NeverOpensAfterwards,
    NotAWholeMinute,
    NotCalibrated,
    NotOnGrid,
    RunStartsOutsideHours,
    StartRefused,
    TooEarly,
    TooFar,
    TooLong,
    TooShort,
)
from labshare.booking.rules.price import Work, plain
from labshare.booking.rules.time import YEAR, DayRange, Interval, Openings
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

FARTHEST = 10 * YEAR
"""No start lies farther ahead, whatever horizon there is or is waived."""


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
