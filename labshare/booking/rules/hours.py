"""A week of opening hours: as people write a day of it, and what cannot be."""

import re
from collections.abc import Sequence

from labshare.booking.errors import EndBeforeStart, HoursOverlap
from labshare.booking.rules.time import Weekly, clock_text
from labshare.kernel.errors import InvalidInput

DAY = 1440
WEEK = 7 * DAY
DAYS = 7
Span = tuple[int, int]
"""Opens and closes, in minutes after the day's midnight, past the next one counting on."""
_CLOCK = r"(\d{1,2})(?:[:.]?(\d{2}))?"
_SPAN = re.compile(rf"{_CLOCK}\s*-\s*{_CLOCK}(\s*\+1)?", re.ASCII)
_SPELLED = {
    "：": ":",
    "，": ",",
    "、": ",",
    "；": ",",
    ";": ",",
    "—": "-",
    "–": "-",
    "～": "-",
    "~": "-",
    "至": "-",
    "+1日": "+1",
    "全天": "0-24",
    "24小时": "0-24",
    "24 小时": "0-24",
    "24 h": "0-24",
    "24h": "0-24",
}
_CLOSED = {"", "-", "closed", "休", "休息", "关闭", "不开放"}


def read_day(text: str) -> tuple[Span, ...]:
    """A day's hours as people write them: `8:30-12, 13:30-17:00`, `24 h`, `22:00–06:00` (then it closes the next day;
    `+1` or 次日 says so too), nothing where closed. In order of time. Raises `ValueError`."""
    text = text.strip().lower()
    for said, meant in _SPELLED.items():
        text = text.replace(said, meant)
    text = re.sub(r"-\s*次日\s*([\d:.]+)", r"-\1+1", text)
    if text in _CLOSED:
        return ()
    found = []
    for part in re.split(r"\s*,\s*|(?<=\d)\s+(?=\d)", text.strip(", ")):
        match = _SPAN.fullmatch(part)
        if match is None:
            raise ValueError(part)
        opens, closes = _minute(match[1], match[2]), _minute(match[3], match[4])
        if opens == DAY:
            raise ValueError(part)
        found.append((opens, closes + DAY if match[5] or closes <= opens else closes))
    return tuple(sorted(found))


def _minute(hours: str, minutes: str | None) -> int:
    found = int(hours) * 60 + int(minutes or 0)
    if found > DAY or int(minutes or 0) > 59:
        raise ValueError(hours)
    return found


def day_text(day: tuple[Span, ...]) -> str:
    """`08:30–12:00, 13:30–17:00`; `22:00–06:00 +1` where it closes the next day. `read_day` takes it."""
    return ", ".join(
        f"{clock_text(opens)}–{clock_text(closes)}{' +1' if closes > DAY else ''}" for opens, closes in sorted(day)
    )


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
