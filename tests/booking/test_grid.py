"""Starts lie on the lab's grid (R-TIME-19)."""

from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labshare.booking.errors import NotOnGrid
from labshare.booking.rules.price import ItemTerms, work_of
from labshare.booking.rules.slots import Candidate, Taken, slots_by_day
from labshare.booking.rules.starts import InstrumentTerms, StartRules
from labshare.booking.rules.time import LabHours, Openings, WorkingDays
from labshare.catalogue.terms import START_GRIDS

ZONE = ZoneInfo("Asia/Shanghai")
MONDAY = datetime(2026, 11, 23, tzinfo=ZONE)


def rules(grid: int, minutes: int = 50) -> StartRules:
    hours = LabHours(weekly=(((490, 700), (790, 1020)),) * 5 + ((), ()))
    work = work_of(ItemTerms(per_sample=Decimal(minutes), max_quantity=9), 1, None)  # type: ignore[arg-type]
    return StartRules(Openings(hours, WorkingDays(), ZONE, MONDAY), work, InstrumentTerms(grid=grid))


@settings(max_examples=40)
@given(st.sampled_from(START_GRIDS), st.integers(0, 5 * 1440), st.integers(1, 200))
def test_the_next_start_is_the_first_minute_that_keeps_every_rule(grid: int, after: int, minutes: int) -> None:
    these, since, until = rules(grid, minutes), MONDAY + timedelta(minutes=after), MONDAY + timedelta(days=9)
    found = these.next_start(since, until)
    minute = since
    while minute < until and these.problems(minute, now=MONDAY):
        minute += timedelta(minutes=1)
    assert found == minute
    assert found.minute % grid == 0


def test_another_minute_is_refused_and_the_next_named() -> None:
    (problem,) = rules(15).problems(MONDAY.replace(hour=9, minute=7), now=MONDAY)
    assert isinstance(problem, NotOnGrid)
    assert problem.params == {"n": 15, "clock": "09:15"}


@pytest.mark.parametrize("grid", START_GRIDS)
def test_only_starts_of_the_grid_are_offered(grid: int) -> None:
    busy = [[Taken(MONDAY.replace(hour=9), MONDAY.replace(hour=9, minute=47))]]
    (day,) = slots_by_day([Candidate(rules(grid), busy)], MONDAY, MONDAY + timedelta(days=1), now=MONDAY)
    assert day.slots
    assert {slot.starts_at.astimezone(ZONE).minute % grid for slot in day.slots} == {0}
    free = [f"{slot.starts_at.astimezone(ZONE):%H:%M}" for slot in day.slots if slot.free]
    assert {1: "09:47", 5: "09:50", 10: "09:50", 15: "10:00", 30: "10:00"}[grid] in free
