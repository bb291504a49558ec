"""Reward policies and the monthly runs of the past: made by the real services, at the moments they are due."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from labshare.booking.rules.time import WorkingDays
from labshare.demonstration.world import World
from labshare.kernel.months import Month

PUBLICITY = 5
"""Working days of the demonstration policies."""


@dataclass(frozen=True)
class Due:
    """When the run of a month was calculated, published, approved and paid (or would be)."""

    month: Month
    calculated_at: datetime
    published_at: datetime
    approved_at: datetime
    paid_at: datetime


def _nth_working_day(days: WorkingDays, after: date, number: int) -> date:
    """The `number`-th working day after `after`."""
    day = after
    while number:
        day += timedelta(days=1)
        number -= days.is_working_day(day)
    return day


def due_of(world: World, days: WorkingDays, month: Month) -> Due:
    """Calculated on the 1st at 02:00, published on the 6th working day, approved on the one after publicity."""
    last = month.last_day
    published = _nth_working_day(days, last, 6)
    approved = _nth_working_day(days, published, PUBLICITY + 1)
    return Due(
        month,
        min(world.at(last + timedelta(days=1), 2), world.midnight),
        world.at(published, 10, 5),
        world.at(approved, 9, 40),
        world.at(_nth_working_day(days, approved, 3), 15, 10),
    )


def schedule_months(world: World, days: WorkingDays) -> None:
    """Which months' ledgers are closed, and since when: all but the last month's."""
    for month in world.first_month.through(world.month.plus(-2)):
        world.closed[month] = due_of(world, days, month).published_at
