"""Two page posts that run into one another's locks: PostgreSQL gives one up, the page tries it again, both are done."""

import contextvars
import threading
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from labshare.booking import services
from labshare.booking.models import Booking
from labshare.http import retry
from labshare.kernel.actor import Actor
from labshare.kernel.database import db, transaction
from labshare.kernel.time import utc_now
from tests import factories
from tests.signing import sign_in

ENGINES = ("postgresql",)  # SQLite has one writer at a time, behind a queue: two posts cannot wait for one another

CROSS = """
CREATE FUNCTION cross_locks() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  PERFORM pg_advisory_xact_lock(4242, NEW.id);
  FOR turn IN 1..2000 LOOP
    EXIT WHEN (
      SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
      WHERE datname = current_database() AND locktype = 'advisory' AND classid = 4242
    ) > 1 OR NOT EXISTS (SELECT 1 FROM booking WHERE id <> NEW.id AND state = OLD.state);
    PERFORM pg_sleep(0.01);
  END LOOP;
  PERFORM 1 FROM booking WHERE id <> NEW.id FOR UPDATE;
  RETURN NEW;
END $$;
CREATE TRIGGER cross_locks BEFORE UPDATE ON booking FOR EACH ROW WHEN (OLD.state <> NEW.state)
EXECUTE FUNCTION cross_locks();
"""
"""Who changes a booking's state waits, however slow the machine, until the other booking is being changed as well, then
asks for it; who comes again when the other is done goes through."""


@pytest.fixture
def requested(app: Flask, clock: Any) -> tuple[Any, Any, list[str]]:
    """A lab's manager with two bookings to confirm, in a database where each confirmation locks the other booking."""
    with transaction():
        factories.working_year()
        lab = factories.lab()
        item = factories.test_item(factories.instrument(lab, units=2))
        client = factories.firm()
        manager, booker = factories.member(lab.firm, "lab_manager"), factories.member(client)
    refs = []
    for _ in range(2):
        with transaction():
            actor = Actor(person_id=booker.id, firm_id=client.id, roles=frozenset({"owner"}))
            made = services.book(
                actor=actor,
                now=utc_now(),
                test_item_id=item.id,
                quantity=1,
                hours=None,
                instrument_id=None,
                starts_at=datetime(2026, 11, 25, 1, tzinfo=UTC),
                sample_description="试样",
            )
            refs.append(made.ref)
    db.session.execute(text(CROSS))
    db.session.commit()
    return manager, lab.firm, refs


def confirm_both(app: Flask, manager: Any, firm: Any, refs: list[str]) -> list[int]:
    """Two people's browsers send their forms at the same moment; the answers' statuses."""
    line, statuses = threading.Barrier(2), []
    clients = [sign_in(app.test_client(), manager, firm) for _ in refs]

    def post(client: Any, ref: str) -> None:
        line.wait(10)
        statuses.append(client.post(f"/lab/bookings/{ref}/confirm", data={}).status_code)

    threads = [
        threading.Thread(target=contextvars.Context().run, args=(post, client, ref))
        for client, ref in zip(clients, refs, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return sorted(statuses)


def test_a_deadlock_of_two_pages_ends_with_both_done(app: Flask, requested: Any, caplog: Any) -> None:
    manager, firm, refs = requested
    assert confirm_both(app, manager, firm, refs) == [303, 303]
    db.session.rollback()
    assert {booking.state for booking in db.session.query(Booking)} == {"confirmed"}
    assert sum("deadlock detected" in record.getMessage() for record in caplog.records) == 1


def test_who_gives_way_too_often_is_told_to_come_back(app: Flask, requested: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(retry, "TRIES", 1)
    manager, firm, refs = requested
    assert confirm_both(app, manager, firm, refs) == [303, 503]
    db.session.rollback()
    assert sorted(booking.state for booking in db.session.query(Booking)) == ["confirmed", "requested"]
