"""A week of opening hours, and what cannot be."""

from collections.abc import Sequence
from datetime import date, timedelta

from labshare.booking.errors import EndBeforeStart, HoursFromThePast, HoursOverlap
from labshare.booking.rules.time import Weekly
from labshare.kernel.errors import InvalidInput
from labshare.kernel.opening import DAY, clock_text

WEEK = 7 * DAY
DAYS = 7


AHEAD = timedelta(days=5 * 366)
"""How far ahead hours may be entered."""


def check_first_day(day: date, today: date) -> None:
    """Raises `HoursFromThePast`: days that are over keep the hours they had."""
    if not today <= day <= today + AHEAD:
        raise HoursFromThePast


def as_weekly(week: Sequence[Sequence[Sequence[int]]] | None) -> Weekly | None:
    """A week as the rules take it."""
    return None if week is None else tuple(tuple((opens, closes) for opens, closes in day) for day in week)


def check_weekly(weekly: Weekly) -> None:
    """Raises `HoursOverlap` (with the weekday of the later one), `EndBeforeStart`, `InvalidInput` on `hours`; intervals
    that touch are fine, and Sunday's night reaches into Monday."""
    if len(weekly) != DAYS:
        raise InvalidInput(field="hours")
    spans = []
    for weekday, day in enumerate(weekly):
        for opens, closes in day:
            if not 0 <= opens < DAY or closes > 2 * DAY:
                raise InvalidInput(field="hours")
            if closes <= opens:
                raise EndBeforeStart(field="hours")
            spans.append((weekday * DAY + opens, weekday * DAY + closes, weekday))
    spans.sort()
    following = spans[1:] + [(since + WEEK, until + WEEK, weekday) for since, until, weekday in spans[:1]]
    for (starts, until, _day), (since, _end, weekday) in zip(spans, following, strict=True):
        if since < until and len(spans) > 1:
            text = f"{clock_text(starts % DAY)}–{clock_text(starts % DAY + until - starts)}"
            raise HoursOverlap(hours=text, weekday=weekday)
