"""The race through HTTP: fifty processes, one server with several workers, one slot a round, on both databases."""

import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from labshare.booking.models import ALWAYS, Booking, OpeningWeek
from labshare.kernel.database import db, transaction
from labshare.organisations.models import ApiToken
from labshare.organisations.queries import digest
from tests import factories
from tests.conftest import TestDatabase, environment_for
from tests.races import racing, unguarded
from tests.races.test_one_slot import RUNNERS, overlaps

ROUNDS = 20
ROOT = Path(__file__).resolve().parents[2]
NOW = datetime.now(UTC)
FIRST = (NOW + timedelta(days=2)).replace(minute=0, second=0, microsecond=0)


@contextlib.contextmanager
def served(database: TestDatabase, *, guarded: bool = True) -> Iterator[int]:
    """A server with four workers; its port."""
    with serving(database, guarded=guarded) as (port, _server):
        yield port


@contextlib.contextmanager
def serving(database: TestDatabase, *, guarded: bool = True) -> Iterator[tuple[int, int]]:
    """A server with four workers on a free port; the port and the process."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = int(found.getsockname()[1])
    environment = os.environ | environment_for(database) | {"PYTHONPATH": str(ROOT), "PORT": str(port)}
    if guarded:
        command = [
            sys.executable,
            "-c",
            "from labshare.commands import main; main()",
            "serve",
            "--log-level",
            "warning",
            "--workers",
            "4",
            "--threads",
            "4",
        ]
    else:
        command = [
            sys.executable,
            "-m",
            "gunicorn",
            "--bind",
            f"127.0.0.1:{port}",
            "--workers",
            "4",
            "--threads",
            "4",
            "--worker-class",
            "gthread",
            "--log-level",
            "warning",
            "--no-control-socket",
            "--graceful-timeout",
            "2",
            "tests.races.unguarded:app()",
        ]
    server = subprocess.Popen(command, env=environment, cwd=ROOT)
    try:
        until = time.monotonic() + 120
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            assert server.poll() is None, "the server ended"
            assert time.monotonic() < until, "the server did not start"
            time.sleep(0.1)
        yield port, server.pid
    finally:
        server.terminate()
        server.wait(30)


def market(runners: int) -> tuple[int, list[str]]:
    """An item on one unit in a lab that never closes, and a client with a token for each runner."""
    with transaction():
        factories.working_year(FIRST.year)
        lab = factories.lab(hours=())
        factories.add(OpeningWeek(lab_id=lab.id, valid_from=ALWAYS, weekly=[[[0, 1440]]] * 7))
        instrument = factories.instrument(lab, units=1, needs_calibration=False)
        item = factories.test_item(instrument)
        tokens = []
        for number in range(runners):
            firm = factories.firm()
            person = factories.member(firm)
            factories.add(
                ApiToken(
                    person_id=person.id,
                    firm_id=firm.id,
                    scope="write",
                    token_digest=digest(f"runner-{number}"),
                    created_at=factories.LONG_AGO,
                )
            )
            tokens.append(f"runner-{number}")
        return item.id, tokens


def post(
    port: int, path: str, body: dict[str, Any], token: str, key: str | None = None, timeout: float = 60
) -> tuple[int, dict[str, Any]]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    if key is not None:
        headers["Idempotency-Key"] = key
    try:
        connection.request("POST", path, json.dumps(body), headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def try_slot(port: int, item_id: int, token: str, number: int) -> int:
    slot = FIRST + timedelta(hours=number)
    body = {"test_item": item_id, "quantity": 1, "starts_at": slot.isoformat(), "sample_description": "轴承"}
    status, answer = post(port, "/api/v1/bookings", body, token)
    if status == 201:
        return racing.WON
    if status == 409 and len(answer["alternatives"]) == 3:
        return racing.TAKEN
    raise AssertionError(f"{status}: {answer}")


@pytest.mark.timeout(900)
def test_exactly_one_booking_a_round(app: Flask, database: TestDatabase) -> None:
    item_id, tokens = market(RUNNERS)
    with served(database) as port:
        rounds = racing.race(
            app, RUNNERS, ROUNDS, lambda runner, number: try_slot(port, item_id, tokens[runner], number)
        )
    assert racing.broken(rounds) == 0
    assert racing.winners(rounds) == [1] * ROUNDS
    assert db.session.scalar(select(func.count()).select_from(Booking)) == ROUNDS
    assert overlaps() == 0


@pytest.mark.timeout(900)
def test_without_the_guards_the_same_race_is_lost(app: Flask, database: TestDatabase) -> None:
    """The negative control."""
    item_id, tokens = market(20)
    unguarded.drop_guards()
    with served(database, guarded=False) as port:
        rounds = racing.race(app, 20, 6, lambda runner, number: try_slot(port, item_id, tokens[runner], number))
    assert max(racing.winners(rounds)) > 1
    assert overlaps() > 0


@pytest.mark.timeout(900)
def test_one_key_sent_fifty_times_books_once(app: Flask, database: TestDatabase) -> None:
    """One idempotency key: one booking, the same answer for all, or 409 while the first is in flight."""
    item_id, tokens = market(1)
    body = {
        "test_item": item_id,
        "quantity": 1,
        "starts_at": FIRST.isoformat(),
        "sample_description": "轴承",
    }

    def send(_runner: int, _number: int) -> int:
        for _ in range(100):
            status, answer = post(port, "/api/v1/bookings", body, tokens[0], key="once")
            if status == 201:
                return racing.WON
            if status != 409 or answer.get("alternatives"):
                raise AssertionError(f"{status}: {answer}")
            time.sleep(0.1)
        return racing.BROKEN

    with served(database) as port:
        rounds = racing.race(app, 50, 1, send)
    assert racing.winners(rounds) == [50]
    assert db.session.scalar(select(func.count()).select_from(Booking)) == 1
