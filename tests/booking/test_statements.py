"""What a booking asks of the database: few statements, few of them where others wait for their turn."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, inspect, select

from labshare.booking import services
from labshare.booking.models import Booking, Charge, Holding
from labshare.booking.services import holdings
from labshare.catalogue.models import InstrumentUnit
from labshare.kernel.database import db, transaction
from tests import factories
from tests.api.conftest import token_for
from tests.booking.conftest import at
from tests.conftest import Clock
from tests.signing import sign_in

AT_MOST, IN_TURN = 16, 6
"""Statements of a booking in all, and from the moment on that others wait until the commit. What frames a transaction,
`BEGIN` and `COMMIT`, and taking the turn itself are none."""
FRAME = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK")
KEY = {"Idempotency-Key": "k1"}
TURN = ("BEGIN IMMEDIATE", "SELECT pg_advisory_xact_lock")
"""Where the writers' line is left behind: SQLite's one place, PostgreSQL's lock of the instrument."""


@dataclass
class Sent:
    every: list[str] = field(default_factory=list)
    in_turn: list[str] = field(default_factory=list)
    given: list[tuple[str, Any]] = field(default_factory=list)
    waits: bool = False

    def note(self, *args: Any) -> None:
        statement = args[2]
        self.given.append((statement, args[3]))
        if statement.startswith("SAVEPOINT"):
            raise AssertionError("a booking needs no savepoint")
        if statement.startswith(TURN):
            self.waits = True
            self.every += [statement] if statement.startswith("SELECT") else []
        elif not statement.startswith(FRAME):
            self.every.append(statement)
            self.in_turn += [statement] if self.waits else []

    def committed(self, _connection: Any) -> None:
        self.waits = False


@contextmanager
def listening() -> Iterator[Sent]:
    """What is sent to the database."""
    sent = Sent()
    event.listen(db.engine, "before_cursor_execute", sent.note)
    event.listen(db.engine, "commit", sent.committed)
    try:
        yield sent
    finally:
        event.remove(db.engine, "before_cursor_execute", sent.note)
        event.remove(db.engine, "commit", sent.committed)


@dataclass
class Counter:
    """Who books, and where."""

    client: FlaskClient
    item_id: int
    actor: Any
    headers: dict[str, str]
    clock: Clock

    def by_api(self, **headers: str) -> Any:
        body = {"test_item": self.item_id, "quantity": 2, "starts_at": "2026-11-25T09:00:00+08:00"}
        return self.client.post(
            "/api/v1/bookings", json=body | {"sample_description": "试样"}, headers=self.headers | headers
        )

    def by_page(self) -> Any:
        return self.client.post(
            "/bookings/new",
            data={
                "test_item": self.item_id,
                "quantity": 2,
                "starts_at": "2026-11-25T09:00",
                "sample_description": "试样",
            },
        )

    def hold(self) -> None:
        with transaction():
            services.hold(
                actor=self.actor,
                now=self.clock.now,
                test_item_id=self.item_id,
                quantity=2,
                starts_at=at("2026-11-25 09:00"),
            )


@pytest.fixture(params=[False, True], ids=["asked", "automatic"])
def counter(request: pytest.FixtureRequest, app: Flask, client: FlaskClient, clock: Clock) -> Counter:
    """An instrument of two units; several people on both sides, who are all told."""
    with transaction():
        factories.working_year()
        lab = factories.lab(automatic_confirmation=request.param)
        item = factories.test_item(factories.instrument(lab, units=2))
        firm = factories.firm()
        booker = factories.member(firm, "booker")
        for role in ("owner", "lab_manager"):
            factories.member(lab.firm, role)
            factories.member(firm, role)
        headers = token_for(booker, firm)
    sign_in(client, booker, firm)
    return Counter(client, item.id, factories.actor(booker, firm, "booker"), headers, clock)


@pytest.mark.parametrize("how", ["api", "page", "key", "hold"])
def test_few_statements_and_few_in_turn(counter: Counter, how: str) -> None:
    """With an answer kept under its key, and a held slot given back, too."""
    if how == "hold":
        counter.hold()
    db.session.remove()
    with listening() as sent:
        answer = counter.by_page() if how == "page" else counter.by_api(**KEY if how == "key" else {})
    assert answer.status_code == (303 if how == "page" else 201), answer.text
    assert len(sent.every) <= AT_MOST, "\n".join(sent.every)
    assert 0 < len(sent.in_turn) <= IN_TURN, "\n".join(sent.in_turn)
    tables = [statement.split()[2] for statement in sent.in_turn if statement.startswith("INSERT")]
    assert len(tables) == len(set(tables)), "one statement for all rows of a table"


def test_the_answer_is_what_would_be_read(counter: Counter) -> None:
    """It is worded from what is known, with and without a key."""
    for headers in ({}, KEY):
        made = counter.by_api(**headers)
        read = counter.client.get(f"/api/v1/bookings/{made.json['ref']}", headers=counter.headers)
        assert made.json == read.json
        assert made.json["history"][0]["action"] == "booking.book"


def test_what_is_known_is_what_stands_in_the_database(counter: Counter, clock: Clock) -> None:
    with transaction():
        made = services.book(
            actor=counter.actor,
            now=clock.now,
            test_item_id=counter.item_id,
            quantity=2,
            starts_at=at("2026-11-25 09:00"),
        )
    known = {column.key: getattr(made, column.key) for column in inspect(Booking).columns}
    (charge,) = made.charges  # type: ignore[attr-defined]
    line = {column.key: getattr(charge, column.key) for column in inspect(Charge).columns}
    db.session.remove()
    read = db.session.scalars(select(Booking)).one()
    assert known == {name: getattr(read, name) for name in known}
    assert line == {name: getattr(read.charges[0], name) for name in line}  # type: ignore[attr-defined]


def test_a_hold_is_found_by_its_own_index(app: Flask, clock: Clock) -> None:
    """Not among all that belongs to no booking: every block ever made."""
    with listening() as sent:
        holdings.look([1], clock.now, clock.now + timedelta(hours=1), now=clock.now, person_id=1)
        holdings.give_back(1)
    for statement, given in sent.given[-2:]:
        plan = plan_of(statement, given)
        assert "ix_holding_held_for" in plan
        assert "ix_holding_booking_id" not in plan
        assert "SCAN holding" not in plan


def plan_of(statement: str, given: Any) -> str:
    connection = db.session.connection()
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")  # the table is empty
        return str(connection.exec_driver_sql(f"EXPLAIN {statement}", given).all())
    return str(connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given).all())


def test_whoever_held_the_time_past_its_end_does_not_block(counter: Counter, clock: Clock) -> None:  # R-TIME-14
    """Nobody has tidied up: the check overlooks what has lapsed, and only what is in the way is deleted."""
    with transaction():
        house = db.session.scalars(select(InstrumentUnit)).all()
        for unit in house:
            for hour in (9, 14):
                factories.add(
                    Holding(
                        instrument_id=unit.instrument_id,
                        unit=unit.unit,
                        starts_at=at(f"2026-11-25 {hour:02d}:00"),
                        ends_at=at(f"2026-11-25 {hour + 1:02d}:00"),
                        kind="offer",
                        expires_at=clock.now,
                        created_at=clock.now,
                    )
                )
    assert counter.by_api().status_code == 201
    left = db.session.scalars(select(Holding.starts_at).where(Holding.kind == "offer")).all()
    assert set(left) == {at("2026-11-25 14:00")}
