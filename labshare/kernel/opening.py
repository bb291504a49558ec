"""A day's opening hours as people write them, in a field or in a cell of a table."""

import re

from flask_babel import lazy_gettext as _l

HOURS = _l("Write times such as 08:30–12:00, 13:30–17:00; nothing where closed.")
WEEKDAYS = (
    _l("Monday"),
    _l("Tuesday"),
    _l("Wednesday"),
    _l("Thursday"),
    _l("Friday"),
    _l("Saturday"),
    _l("Sunday"),
)
DAY = 1440
"""Minutes."""
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
    for spelling, meant in _SPELLED.items():
        text = text.replace(spelling, meant)
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


def clock_text(minute: int) -> str:
    """Minutes after midnight as `HH:MM`; the end of the day is 24:00."""
    if minute != 1440:
        minute %= 1440
    return f"{minute // 60:02d}:{minute % 60:02d}"
