"""Somebody writes to the SQLite file past the writers' queue (a backup tool, SQL by hand): pages wait, try again, and
in the end say so."""

import contextlib
import logging
import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from labshare.booking.models import Booking
from labshare.http import retry
from labshare.kernel.database import db, transaction
from tests import factories
from tests.signing import sign_in

ENGINES = ("sqlite",)  # PostgreSQL locks rows, not the file


@pytest.fixture
def impatient(app: Flask) -> Iterator[None]:
    """Requests that wait three seconds in all, a second a try."""
    app.config["LOCK_SECONDS"] = 3
    yield
    db.session.remove()
    db.engine.dispose()


@pytest.fixture
def booker(app: Flask) -> Any:
    with transaction():
        factories.working_year()
        item = factories.test_item(factories.instrument(factories.lab()))
        client = factories.firm()
        person = factories.member(client, "booker")
    return sign_in(app.test_client(), person, client), item.id


@contextlib.contextmanager
def the_file_is_held() -> Iterator[sqlite3.Connection]:
    other = sqlite3.connect(db.engine.url.database, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield other
    finally:
        if other.in_transaction:
            other.execute("ROLLBACK")
        other.close()


def book(browser: Any, item_id: int) -> Any:
    form = {
        "test_item": item_id,
        "starts_at": "2026-11-25T09:00",
        "quantity": "1",
        "sample_description": "试样",
        "book": "1",
    }
    return browser.post("/bookings/new", data=form)


class LetGo(logging.Handler):
    """Gives the file back at the first attempt that failed."""

    def __init__(self, holder: sqlite3.Connection) -> None:
        super().__init__()
        self.holder, self.tries = holder, 0

    def emit(self, record: logging.LogRecord) -> None:
        self.tries += "gave way" in record.getMessage()
        if self.holder.in_transaction:
            self.holder.execute("ROLLBACK")


def test_a_page_that_waited_in_vain_is_tried_again(impatient: None, booker: Any) -> None:
    with the_file_is_held() as holder:
        letting_go = LetGo(holder)
        retry.log.addHandler(letting_go)
        answer = book(*booker)
        retry.log.removeHandler(letting_go)
    assert (answer.status_code, letting_go.tries) == (303, 1)
    assert db.session.query(Booking).count() == 1


def test_who_waits_too_long_is_told_to_come_back(impatient: None, booker: Any) -> None:
    with the_file_is_held():
        answer = book(*booker)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert db.session.query(Booking).count() == 0
    assert book(*booker).status_code == 303
