"""Repetition of blocks by the rules of RFC 5545 (`RRULE`), on the clock of the platform's zone (R-TIME-15)."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

from labshare.booking.errors import RuleUnknown, TooManyBlocks
from labshare.booking.rules.time import Interval

MOST = 60
"""Blocks that one rule makes."""
LONGEST = timedelta(days=731)
_WITHIN_A_DAY = re.compile("SECOND|MINUTE|HOUR", re.IGNORECASE)


def occurrences(span: Interval, rule: str, zone: ZoneInfo) -> list[Interval]:
    """The span and what the rule makes of it, each as long by the clock and beginning at the same time of day, also
    where clocks change. An empty rule: the span alone. Raises `RuleUnknown`, also for a rule that repeats within a day,
    and `TooManyBlocks`."""
    if not rule.strip():
        return [span]
    begin = span.starts_at.astimezone(zone).replace(tzinfo=None)
    length = span.ends_at.astimezone(zone).replace(tzinfo=None) - begin
    if _WITHIN_A_DAY.search(rule) or len(rule.split()) > 1:
        raise RuleUnknown
    try:
        # `UNTIL` is read as a wall clock, like the beginning
        repeats = rrulestr(rule.strip().upper().removeprefix("RRULE:").replace("Z", ""), dtstart=begin)
    except (ValueError, TypeError, AttributeError, OverflowError) as error:
        raise RuleUnknown from error
    starts = [begin]
    for start in repeats:
        if start == begin:
            continue
        if len(starts) == MOST or start - begin > LONGEST:
            raise TooManyBlocks(n=MOST)
        starts.append(start)
    return [_lasting(start, length, zone) for start in starts]


def _lasting(wall: datetime, length: timedelta, zone: ZoneInfo) -> Interval:
    """As long by the clock; where the clock leaves out all of it, as long in elapsed time."""
    begin, end = (each.replace(tzinfo=zone).astimezone(UTC) for each in (wall, wall + length))
    return Interval(begin, end if end > begin else begin + length)
