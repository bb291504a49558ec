"""Days, times and months as people write them, in the language now being written."""

from datetime import date, datetime

from labshare.http.language import language
from labshare.kernel.months import Month
from labshare.kernel.time import local_zone

NOTHING = "—"
WEEKDAYS_ZH = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")
WEEKDAYS_EN = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS_EN = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def in_chinese() -> bool:
    return language() == "zh"


def local(moment: datetime) -> datetime:
    return moment.astimezone(local_zone())


def as_day(value: date | datetime) -> date:
    return local(value).date() if isinstance(value, datetime) else value


def day(value: date | datetime | None) -> str:
    """2026年11月24日, in English 24 November 2026."""
    if value is None:
        return NOTHING
    value = as_day(value)
    if in_chinese():
        return f"{value.year}年{value.month}月{value.day}日"
    return f"{value.day} {MONTHS_EN[value.month - 1]} {value.year}"


def weekday(value: date | datetime | None) -> str:
    """周二, Tue."""
    return NOTHING if value is None else (WEEKDAYS_ZH if in_chinese() else WEEKDAYS_EN)[as_day(value).weekday()]


def long_day(value: date | datetime | None) -> str:
    """2026年11月24日 周二, in English Tue 24 November 2026."""
    if value is None:
        return NOTHING
    value = as_day(value)
    return f"{day(value)} {weekday(value)}" if in_chinese() else f"{weekday(value)} {day(value)}"


def clock_time(moment: datetime | None) -> str:
    """14:30."""
    return NOTHING if moment is None else f"{local(moment):%H:%M}"


def month(value: Month | str | None) -> str:
    """2026年11月, in English November 2026."""
    if value is None:
        return NOTHING
    value = value if isinstance(value, Month) else Month.parse(value)
    return f"{value.year}年{value.number}月" if in_chinese() else f"{MONTHS_EN[value.number - 1]} {value.year}"
