"""Fifty processes at one slot, twenty rounds, on both databases: exactly one booking a round (R-TIME-11)."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from labshare.booking import services
from labshare.booking.errors import AlreadySubmitted, SlotTaken
from labshare.booking.models import Booking, Holding
from labshare.kernel.actor import Actor
from labshare.kernel.database import db, transaction
from tests import factories
from tests.booking.conftest import House, at, make_house
from tests.conftest import Clock
from tests.races import racing, unguarded

RUNNERS, ROUNDS = 50, 20
SLOTS = [
    at(f"2026-{day} {clock:02d}:00")
    for day in ("11-25", "11-26", "11-27", "11-30", "12-01")
    for clock in (9, 11, 13, 15)
]


def clients(number: int) -> list[Actor]:
    with transaction():
        firms = [factories.firm() for _ in range(number)]
        return [factories.actor(factories.member(firm), firm, "owner") for firm in firms]


def booking_at(house: House, actors: list[Actor]) -> Callable[[int, int], int]:
    """A runner's try at the slot of a round; ids only, since rows do not cross a fork."""
    item_id, now = house.item.id, house.clock.now
    return lambda runner, number: book_at(item_id, now, actors[runner], number)


def book_at(item_id: int, now: datetime, actor: Actor, number: int) -> int:
    slot = SLOTS[number]
    try:
        with transaction():
            services.book(actor=actor, now=now, test_item_id=item_id, quantity=1, starts_at=slot)
    except SlotTaken as refusal:
        return racing.TAKEN if len(refusal.alternatives) == 3 else racing.BROKEN
    return racing.WON


def overlaps() -> int:
    """Pairs of holdings of one unit that overlap, counted without the guard's help."""
    other = Holding.__table__.alias()
    mine = Holding.__table__
    return int(
        db.session.scalar(
            select(func.count())
            .select_from(mine)
            .join(
                other,
                (mine.c.instrument_id == other.c.instrument_id)
                & (mine.c.unit == other.c.unit)
                & (mine.c.id < other.c.id)
                & (mine.c.starts_at < other.c.ends_at)
                & (other.c.starts_at < mine.c.ends_at),
            )
        )
        or 0
    )


@pytest.mark.timeout(600)
def test_one_winner_a_round(app: Flask, clock: Clock) -> None:  # R-TIME-11
    house = make_house(clock, units=1)
    actors = clients(RUNNERS)
    rounds = racing.race(app, RUNNERS, ROUNDS, booking_at(house, actors))
    assert racing.broken(rounds) == 0
    assert racing.winners(rounds) == [1] * ROUNDS
    assert db.session.scalar(select(func.count()).select_from(Booking)) == ROUNDS
    assert overlaps() == 0


@pytest.mark.timeout(600)
def test_three_units_have_three_winners(app: Flask, clock: Clock) -> None:
    house = make_house(clock, units=3)
    actors = clients(12)
    rounds = racing.race(app, 12, 5, booking_at(house, actors))
    assert (racing.broken(rounds), racing.winners(rounds)) == (0, [3] * 5)
    assert overlaps() == 0


@pytest.mark.timeout(600)
def test_without_the_guards_the_race_is_lost(app: Flask, clock: Clock) -> None:
    """The negative control: it must find several winners, or the test above proves nothing."""
    house = make_house(clock, units=1)
    actors = clients(12)
    unguarded.drop_guards()
    with unguarded.nobody_waits_in_line(app):
        rounds = racing.race(app, 12, 5, booking_at(house, actors))
    assert max(racing.winners(rounds)) > 1
    assert overlaps() > 0


@pytest.mark.timeout(600)
def test_the_database_alone_has_one_winner(app: Flask, clock: Clock) -> None:
    """With the guard in place and nobody waiting in line, there may be refusals of every kind, never two winners."""
    house = make_house(clock, units=1)
    actors = clients(12)
    with unguarded.nobody_waits_in_line(app):
        rounds = racing.race(app, 12, 5, booking_at(house, actors))
    assert max(racing.winners(rounds)) == 1
    assert overlaps() == 0


@pytest.mark.timeout(600)
def test_one_submission_sent_fifty_times_books_once(app: Flask, clock: Clock) -> None:  # R-BOOKING-11
    house = make_house(clock, units=3)
    item_id = house.item.id

    def click(_runner: int, number: int) -> int:
        try:
            with transaction():
                services.book(
                    actor=house.client,
                    now=clock.now,
                    test_item_id=item_id,
                    quantity=1,
                    starts_at=at("2026-11-25 09:00") + timedelta(days=number),
                    submission=f"form-{number}",
                )
        except AlreadySubmitted:
            return racing.TAKEN
        return racing.WON

    rounds = racing.race(app, 50, 3, click)
    assert (racing.broken(rounds), racing.winners(rounds)) == (0, [1] * 3)
    assert db.session.scalar(select(func.count()).select_from(Booking)) == 3
