"""The rules of time (docs/rules.md), minute by minute: slow, plain, and made without the rules it is compared with."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)


@dataclass
class World:
    """One lab, one instrument, one piece of work. `weekly`: per weekday (opens, closes) minutes of the wall clock."""

    zone: ZoneInfo
    first: date
    days: int
    weekly: list[list[tuple[int, int]]]
    holidays: set[date]
    make_up: set[date]
    closures: list[tuple[datetime, datetime]]
    certificates: list[tuple[date, date]] | None
    holdings: list[list[tuple[datetime, datetime]]]
    now: datetime
    lead: int
    horizon: int | None
    setup: Fraction
    work: Fraction
    cleanup: Fraction
    attended: bool
    run_starts: list[Fraction]

    def __post_init__(self) -> None:
        self.begin = datetime.combine(self.first, datetime.min.time(), tzinfo=self.zone).astimezone(UTC)
        self.count = (self.days + 12) * 1440  # room for work that lasts, and the opening after it
        self.walls = [
            (self.begin + index * MINUTE).astimezone(self.zone).replace(tzinfo=None)
            for index in range(-3 * 1440, self.count)
        ]
        self.open = self._open_minutes()

    def moment(self, index: int) -> datetime:
        return self.begin + index * MINUTE

    def index(self, moment: datetime) -> int:
        """The minute in which `moment` lies."""
        return (moment - self.begin) // MINUTE

    def _minute_of(self, day: date, minute: int, closing: bool) -> int:
        wanted = datetime.combine(day, datetime.min.time()) + timedelta(minutes=minute)
        near = range(max(0, (wanted - self.walls[0]) // MINUTE - 300), len(self.walls))
        found = []
        for place in near:
            if self.walls[place] == wanted:
                found.append(place)
            if self.walls[place] > wanted + timedelta(hours=4):
                break
        if not found:  # never shown by the clock: count on from the last minute before the gap
            last = max(place for place in near[:700] if self.walls[place] < wanted)
            found = [last + (wanted - self.walls[last]) // MINUTE]
        return (found[-1] if closing else found[0]) - 3 * 1440

    def _open_minutes(self) -> list[bool]:
        minutes = [False] * self.count
        for number in range(-2, self.days + 11):
            day = self.first + timedelta(days=number)
            if day in self.holidays:
                continue
            weekday = 0 if day in self.make_up else day.weekday()
            for opens, closes in self.weekly[weekday]:
                for place in range(self._minute_of(day, opens, False), self._minute_of(day, closes, True)):
                    if 0 <= place < self.count:
                        minutes[place] = True
        for since, until in self.closures:
            for place in range(max(0, self.index(since)), min(self.count, self.index(until))):
                minutes[place] = False
        return minutes

    def _whole(self, length: Fraction) -> int:
        """How many minutes work of this length touches when it begins with a minute."""
        return -(-length.numerator // length.denominator)

    def calibrated(self, place: int) -> bool:
        if self.certificates is None:
            return True
        day = self.moment(place).astimezone(self.zone).date()
        return any(first <= day <= last for first, last in self.certificates)

    def holding_end(self, start: int) -> tuple[datetime, datetime] | None:
        """(end of work, end of holding); None if the lab never opens again."""
        end = start + self._whole(self.work)
        freed = end
        if not self.attended:
            while freed < self.count and not self.open[freed]:
                freed += 1
            if freed == self.count:
                return None
        cleanup = timedelta(microseconds=int(self.cleanup * 60_000_000))
        return self.moment(end), self.moment(freed) + cleanup

    def feasible(self, start: int) -> bool:
        """Every rule but whether a unit is free."""
        begins = self.moment(start)
        if begins < self.now or begins < self.now + timedelta(minutes=self.lead):
            return False
        if self.horizon is not None and begins > self.now + timedelta(minutes=self.horizon):
            return False
        minutes = self._whole(self.work)
        must_be_open = minutes if self.attended else max(1, self._whole(self.setup))
        if not all(self.open[place] for place in range(start, start + must_be_open)):
            return False
        for offset in self.run_starts:
            if not self.open[start + offset.numerator // offset.denominator]:
                return False
        if not all(self.calibrated(place) for place in range(start, start + minutes)):
            return False
        return self.holding_end(start) is not None

    def units_free(self, start: int) -> int:
        ends = self.holding_end(start)
        if ends is None:
            return 0
        begins, until = self.moment(start), ends[1]
        return sum(all(until <= since or end <= begins for since, end in unit) for unit in self.holdings)

    def bookable(self, start: int) -> bool:
        return self.feasible(start) and self.units_free(start) > 0

    def earliest(self, since: datetime, until: datetime) -> int | None:
        start = max(0, self.index(since + MINUTE - timedelta(microseconds=1)))
        while self.moment(start) < until:
            if self.bookable(start):
                return start
            start += 1
        return None

    def availability(self, since: datetime, until: datetime) -> list[tuple[int, int, int]]:
        """(first minute, minute after the last, units free): opening hours on calibrated days, zero shown."""
        result: list[tuple[int, int, int]] = []
        for place in range(self.index(since), self.index(until)):
            if not self.open[place] or not self.calibrated(place):
                continue
            here = self.moment(place)
            free = sum(all(not begin <= here < end for begin, end in unit) for unit in self.holdings)
            if result and result[-1][1] == place and result[-1][2] == free:
                result[-1] = (result[-1][0], place + 1, free)
            else:
                result.append((place, place + 1, free))
        return result
