"""How long a run stays in public notice (R-RUN-5)."""

from collections.abc import Callable
from datetime import date, timedelta


def notice_over_on(published_on: date, days: int, is_working_day: Callable[[date], bool]) -> date:
    """The local day from whose 00:00 on the run can be approved: after `days` full working days following the day of
    publication."""
    day = published_on + timedelta(days=1)
    while days > 0:
        days -= is_working_day(day)
        day += timedelta(days=1)
    return day


def working_days_between(first: date, last: date, is_working_day: Callable[[date], bool]) -> int:
    """Working days from `first` to `last`, both included; 0 where `last` lies before."""
    return sum(is_working_day(first + timedelta(days=n)) for n in range(max(0, (last - first).days + 1)))
