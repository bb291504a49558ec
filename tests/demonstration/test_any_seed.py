"""The demonstration can be drawn for any seed on any day: everything that must be found (an account's task, a
customer, a date) is found. Drawn and thrown away: the slow part, writing and a year of bookings, is left out but for
three labs."""

import random
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from flask import Flask

from labshare.demonstration import people
from labshare.demonstration.counties import draw_bookings, draw_county, draw_platform
from labshare.demonstration.loading import Loading
from labshare.demonstration.rows import Rows
from labshare.demonstration.runs import Office, due_of
from labshare.demonstration.scale import Scale
from labshare.demonstration.shelf import Shelf
from labshare.kernel.database import db
from labshare.kernel.time import local_zone

ENGINES = ("sqlite",)  # nothing is written
TINY = Scale("tiny", counties=1, clients=300, bookings=400, labs=20)
LABS_WITH_BOOKINGS = 3
AWKWARD = tuple(
    date.fromisoformat(day)
    for day in (
        "2026-01-01 2027-01-01 2030-01-01 2025-12-31 2026-12-31 "  # turns of the year, known and unknown ones
        "2026-02-14 2026-02-16 2026-02-17 2026-02-23 2026-02-24 2025-01-28 2024-02-09 "  # around Spring Festival
        "2024-02-29 2028-02-29 2028-03-01 2026-02-28 "  # where February ends
        "2026-01-31 2026-03-31 2026-04-30 2026-05-01 2026-05-15 2026-08-31 2026-09-30 2026-10-01 2026-10-08 2026-11-30"
    ).split()
)
DRAWN = 24
"""Pairs of any seed and any day besides."""


def pairs(drawn: int) -> Iterator[tuple[int, date]]:
    rng = random.Random(drawn)
    yield 5, date(2026, 11, 24)  # found no attended test in its second lab
    yield 97, date(2026, 7, 7)
    yield 389843247, date(2026, 4, 30)  # had three other labs, and asked for a fourth
    yield 29724, date(2028, 6, 15)  # the microscope's certificate ended too early
    for day in AWKWARD:
        yield rng.choice((rng.randrange(100), rng.randrange(10**9))), day
    for _ in range(DRAWN):
        yield rng.choice((rng.randrange(100), rng.randrange(10**9))), date(2023, 1, 1) + timedelta(rng.randrange(3650))


def draw(seed: int, day: date) -> None:
    loading = Loading(Rows(db.session()), TINY, seed, day, local_zone())
    days = draw_platform(loading)
    county = draw_county(loading, TINY.divisions[0], days, Shelf(loading))
    assert county.tasks is not None
    assert len(county.tasks.lives) >= 35
    assert all(life.row["booked_at"] < loading.midnight for life in county.tasks.lives)
    every_lab, county.labs = county.listed(), county.labs[:LABS_WITH_BOOKINGS]
    draw_bookings(county)
    moments = [at for at, _act in Office(loading, days, every_lab).acts()]
    assert moments[-1] <= loading.midnight
    for month in loading.first_month.through(loading.month.plus(-2)):
        due, following = due_of(loading, days, month), due_of(loading, days, month.next)
        in_order = [due.calculated_at, due.published_at, due.approved_at, following.published_at]
        assert in_order == sorted(in_order), "each month is approved before the next one is published"
        assert moments.count(due.published_at) == 2, "calculated anew at the moment of publishing: offices are open"
        assert due.approved_at < loading.at(following.month.last_day + timedelta(days=1), 2)
    assert all(at <= loading.midnight for at, *_ in loading.trail.waiting)


@pytest.mark.timeout(900)
def test_any_seed_on_any_day_can_be_drawn(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "hashed", lambda _password, _rng: "a hash costs more than the rest")
    drawn = random.SystemRandom().randrange(10**6)
    failed = []
    for seed, day in pairs(drawn):
        try:
            draw(seed, day)
        except Exception as problem:  # noqa: BLE001 -- whatever it is, the pair is named
            failed.append(f"--seed {seed} on {day}: {type(problem).__name__} {problem}")
    assert not failed, f"pairs drawn from {drawn}:\n" + "\n".join(failed)
