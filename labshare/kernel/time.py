"""Moments and local days.

Every moment inside LabShare is an aware `datetime` in UTC. A *local day* is the calendar day of a moment in the
platform's zone (`TIME_ZONE`). Only the entrances ask for the present moment, through `utc_now`;
services and rules are handed `now`.
"""

import time as machine
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, NewType, TypeVar
from zoneinfo import ZoneInfo

from flask import current_app

Span = TypeVar("Span", bound=tuple[Any, Any])
Minutes = NewType("Minutes", int)
"""A length in whole minutes."""
DAY_MINUTES = 24 * 60
ExactMinutes = NewType("ExactMinutes", Decimal)
"""A length in minutes that may be a fraction, exact to a thousandth."""
Hours = NewType("Hours", int)
"""The length of a test of which the client chooses the hours: whole ones."""
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
ENDLESS = date(9999, 12, 31)
"""The last day of what has no last day, where two last days are compared."""


def _system_clock() -> datetime:
    return datetime.now(UTC)


_clock: Callable[[], datetime] = _system_clock


def set_clock(clock: Callable[[], datetime] | None) -> None:
    """Replace the clock of this process (tests, demonstration data); `None` brings the system's back."""
    global _clock
    _clock = clock or _system_clock


def utc_now() -> datetime:
    """The present moment, UTC, to the microsecond."""
    return _clock()


def machine_seconds() -> float:
    """Seconds since 1970 by the machine's clock, by which limits count, whatever clock the process was given."""
    return machine.time()


def local_zone() -> ZoneInfo:
    """The platform's zone, from the settings of the running application."""
    zone: ZoneInfo = current_app.config["ZONE"]
    return zone


def local_day(moment: datetime, zone: ZoneInfo | None = None) -> date:
    """The calendar day of `moment` in `zone` (the platform's by default)."""
    return moment.astimezone(zone or local_zone()).date()


def start_of_day(day: date, zone: ZoneInfo | None = None) -> datetime:
    """00:00 of a local day, as a moment in UTC."""
    return datetime.combine(day, time(), tzinfo=zone or local_zone()).astimezone(UTC)


def is_whole_minute(moment: datetime) -> bool:
    return moment.second == 0 and moment.microsecond == 0


def ceil_minute(moment: datetime) -> datetime:
    """`moment`, or the next whole minute after it."""
    return moment if is_whole_minute(moment) else moment.replace(second=0, microsecond=0) + MINUTE


def on_grid(moment: datetime, grid: int, zone: ZoneInfo) -> datetime:
    """`moment`, or the next whole minute whose local minute of the hour is a multiple of `grid`, a divisor of 60."""
    moment = ceil_minute(moment)
    return moment if grid == 1 else moment + timedelta(minutes=-moment.astimezone(zone).minute % grid)


def joined(spans: Iterable[Span], step: timedelta = timedelta(0)) -> list[Span]:
    """Spans (start, end) in order; those that touch or overlap made one, empty ones left out. `step` is how far an end
    lies before the start that follows it: a day where both are days that count."""
    result: list[Span] = []
    for span in sorted(spans):
        start, end = span
        if start - end >= step:
            continue
        if result and start - result[-1][1] <= step:
            result[-1] = type(span)(result[-1][0], max(result[-1][1], end))  # type: ignore[misc]  # a NamedTuple of two
        else:
            result.append(span)
    return result
