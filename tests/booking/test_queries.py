"""Availability, free slots, live states, the next free moment: from the database, with a fixed number of statements."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from labshare.booking import queries, services
from labshare.booking.models import Holding
from labshare.kernel.database import db, transaction
from tests import factories
from tests.booking.conftest import House, at, make_house
from tests.conftest import SHANGHAI, Clock


@pytest.fixture
def statements(app: Flask) -> Iterator[list[str]]:
    """What was sent to the database, without BEGIN and the like."""
    sent: list[str] = []

    def note(*args: Any) -> None:
        if not args[2].startswith(("BEGIN", "PRAGMA", "SAVEPOINT", "RELEASE")):
            sent.append(args[2])

    event.listen(db.engine, "before_cursor_execute", note)
    yield sent
    event.remove(db.engine, "before_cursor_execute", note)


def local(moment: Any) -> str:
    return moment.astimezone(SHANGHAI).strftime("%d %H:%M")


def hold(house: House, unit: int, begin: str, end: str, kind: str = "maintenance", **given: Any) -> None:
    factories.add(
        Holding(
            instrument_id=house.instrument.id,
            unit=unit,
            starts_at=at(begin),
            ends_at=at(end),
            kind=kind,
            created_at=house.clock.now,
            **given,
        )
    )


def test_availability_shows_zero_and_what_has_lapsed_counts_no_more(house: House, clock: Clock) -> None:
    # R-TIME-14, R-TIME-18
    with transaction():
        hold(house, 1, "2026-11-25 09:30", "2026-11-25 14:00")
        hold(house, 2, "2026-11-25 10:00", "2026-11-25 11:00")
        hold(house, 2, "2026-11-25 15:00", "2026-11-25 16:00", "offer", expires_at=clock.now)
    segments = queries.availability(house.instrument, at("2026-11-25 00:00"), at("2026-11-26 00:00"), now=clock.now)
    assert [(local(one.starts_at), local(one.ends_at), one.units_free) for one in segments] == [
        ("25 09:00", "25 09:30", 2),
        ("25 09:30", "25 10:00", 1),
        ("25 10:00", "25 11:00", 0),
        ("25 11:00", "25 12:00", 1),
        ("25 13:00", "25 14:00", 1),
        ("25 14:00", "25 17:00", 2),
    ]


def test_availability_ends_with_calibration(app: Flask, clock: Clock) -> None:  # R-TIME-18
    last = at("2026-11-25 00:00").date()
    house = make_house(clock, instrument={"calibrated": (last, last)})
    segments = queries.availability(house.instrument, at("2026-11-24 00:00"), at("2026-11-28 00:00"), now=clock.now)
    assert [(local(one.starts_at), one.units_free) for one in segments] == [("25 09:00", 2), ("25 13:00", 2)]


def test_free_slots_say_why_they_are_closed(single: House, clock: Clock) -> None:
    with transaction():
        hold(single, 1, "2026-11-25 09:00", "2026-11-25 10:00")
    single.book("2026-11-25 13:00")
    days = queries.free_slots(
        single.item.id,
        quantity=1,
        hours=None,
        since=at("2026-11-25 00:00"),
        until=at("2026-11-29 00:00"),
        now=clock.now,
    )
    wednesday = {local(slot.starts_at): slot.problem.code if slot.problem else "" for slot in days[0].slots}
    assert wednesday["25 09:00"] == "Blocked"
    assert wednesday["25 10:00"] == ""
    assert wednesday["25 11:30"] == "OutsideOpeningHours"
    assert "25 12:30" not in wednesday
    assert wednesday["25 13:00"] == "SlotTaken"
    assert [(day.day.day, day.note.code if day.note else None) for day in days] == [
        (25, None),
        (26, None),
        (27, None),
        (28, "OutsideOpeningHours"),
    ]


def test_moving_leaves_out_ones_own_time(single: House, clock: Clock) -> None:
    booking = single.book("2026-11-25 09:00", quantity=2)
    asked = {"quantity": 2, "hours": None, "since": at("2026-11-25 00:00"), "until": at("2026-11-26 00:00")}
    start = at("2026-11-25 09:30")

    def free(**given: Any) -> bool:
        return next(
            slot.free
            for day in queries.free_slots(single.item.id, now=clock.now, **asked, **given)
            for slot in day.slots
            if slot.starts_at == start
        )

    assert not free()
    assert free(but_booking=booking.id)


def test_live_states(house: House, clock: Clock) -> None:
    ids = [house.instrument.id]
    clock.set("2026-11-25 09:30")
    assert queries.live_states([house.instrument], clock.now) == {ids[0]: "free"}
    with transaction():
        hold(house, 1, "2026-11-25 09:00", "2026-11-25 10:00", "in_house")
    assert queries.live_states([house.instrument], clock.now) == {ids[0]: "free"}
    with transaction():
        hold(house, 2, "2026-11-25 09:00", "2026-11-25 10:00")
    assert queries.live_states([house.instrument], clock.now) == {ids[0]: "in_use"}
    house.do(
        services.block,
        house.manager,
        instrument_id=ids[0],
        starts_at=at("2026-11-25 10:00"),
        ends_at=at("2026-11-25 12:00"),
        kind="maintenance",
    )
    clock.set("2026-11-25 10:00")
    assert queries.live_states([house.instrument], clock.now) == {ids[0]: "down"}


def test_what_is_only_held_while_somebody_books_is_not_in_use(house: House, clock: Clock) -> None:
    clock.set("2026-11-25 09:30")
    with transaction():
        hold(house, 1, "2026-11-25 09:00", "2026-11-25 10:00", "in_house")
        hold(house, 2, "2026-11-25 09:30", "2026-11-25 10:00", "offer", expires_at=at("2026-11-25 09:40"))
    assert queries.live_states([house.instrument], clock.now) == {house.instrument.id: "free"}
    assert queries.use_of(house.instrument, (), clock.now).live == "free"


def test_next_free_moment(house: House, clock: Clock) -> None:
    assert queries.next_free([house.instrument], clock.now) == {house.instrument.id: clock.now}
    with transaction():
        hold(house, 1, "2026-11-24 09:00", "2026-11-26 11:00")
        hold(house, 2, "2026-11-24 09:00", "2026-11-27 11:00")
    assert queries.next_free([house.instrument], clock.now) == {house.instrument.id: at("2026-11-26 11:00")}


@pytest.mark.parametrize("instruments", [1, 12])
def test_statements_do_not_grow_with_what_is_asked(
    app: Flask, clock: Clock, statements: list[str], instruments: int
) -> None:
    house = make_house(clock)
    with transaction():
        house.item.instruments = [factories.instrument(house.lab, units=2) for _ in range(instruments)]
        item_id = house.item.id
        for one in house.item.instruments:
            factories.add(
                Holding(
                    instrument_id=one.id,
                    unit=1,
                    starts_at=at("2026-11-25 09:00"),
                    ends_at=at("2026-11-25 10:00"),
                    kind="maintenance",
                    created_at=clock.now,
                )
            )
        chosen = list(house.item.instruments)

    def count(ask: Callable[[], object]) -> int:
        db.session.rollback()
        for one in chosen:
            db.session.refresh(one)
        statements.clear()
        ask()
        return len(statements)

    span = at("2026-11-25 00:00"), at("2026-12-02 00:00")
    assert (
        count(lambda: queries.free_slots(item_id, quantity=1, hours=None, since=span[0], until=span[1], now=clock.now))
        <= 6
    )
    assert count(lambda: queries.availability(chosen[0], *span, now=clock.now)) <= 4
    assert count(lambda: queries.next_free(chosen, clock.now)) <= 4
    assert count(lambda: queries.live_states(chosen, clock.now)) <= 1
    assert count(lambda: queries.offers([item_id], 1, None, clock.now)) <= 9
