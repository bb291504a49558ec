"""Bookings a second over HTTP, beside the very statements that a booking runs, replayed on the bare driver.

The statements are recorded from two real requests. Replaying puts the next start, a new reference and the ids that
the database gives into their places; everything else stays. Both sides keep the same guards and the same durability.
"""

import http.client
import json
import multiprocessing
import os
import sqlite3
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from flask import Flask
from sqlalchemy import event, insert, select

from labshare.booking.models import Booking, Charge, Holding
from labshare.kernel.database import db, transaction
from labshare.kernel.references import ALPHABET
from labshare.organisations.models import ApiToken
from labshare.organisations.queries import digest
from tests import factories
from tests.bench.measure import Figure, world
from tests.conftest import SHANGHAI

CLIENTS = 8
PORT = 18765
ROOT = Path(__file__).resolve().parents[2]
FIRST = (datetime.now(SHANGHAI) + timedelta(days=2)).replace(hour=0, minute=0, second=0, microsecond=0)
"""A midnight where the labs are, whose weekdays are open around the clock."""
fork = multiprocessing.get_context("fork")


def fill() -> list[tuple[int, str]]:
    """(item, token) for each client: an instrument of its own, so that starts never meet."""
    made = []
    with transaction():
        for year in range(FIRST.year, FIRST.year + 3):
            factories.working_year(year)
        for number in range(CLIENTS + 1):
            lab = factories.lab(hours=((0, 24),), automatic_confirmation=True, horizon_minutes=60 * 24 * 700)
            instrument = factories.instrument(lab, units=2)
            item = factories.test_item(instrument)
            firm = factories.firm()
            person = factories.member(firm)
            secret = f"bench-{number}"
            factories.add(
                ApiToken(
                    person_id=person.id,
                    firm_id=firm.id,
                    scope="write",
                    token_digest=digest(secret),
                    created_at=factories.LONG_AGO,
                )
            )
            made.append((item.id, secret))
            if number == CLIENTS:  # ids of holdings run ahead of ids of bookings, so that none is taken for the other
                rows = [
                    {
                        "instrument_id": instrument.id,
                        "unit": 1,
                        "kind": "in_house",
                        "note": "",
                        "created_at": FIRST,
                        "starts_at": FIRST + timedelta(days=600, hours=n),
                        "ends_at": FIRST + timedelta(days=600, hours=n + 1),
                    }
                    for n in range(500)
                ]
                db.session.execute(insert(Holding), rows)
    return made


def start_of(number: int) -> datetime:
    """The n-th start on weekdays, an hour each."""
    day, hour = divmod(number, 24)
    weeks, weekday = divmod(day, 5)
    monday = FIRST + timedelta(days=(7 - FIRST.weekday()) % 7)
    return (monday + timedelta(weeks=weeks, days=weekday, hours=hour)).astimezone(UTC)


def body_of(item: int, number: int) -> str:
    return json.dumps(
        {"test_item": item, "quantity": 1, "starts_at": start_of(number).isoformat(), "sample_description": "轴承套圈"}
    )


# --- over HTTP -----------------------------------------------------------------------------------------------------


def over_http(clients: list[tuple[int, str]], seconds: float, first: int) -> float:
    """Bookings a second of so many clients, each a process with one connection."""

    def client(place: int) -> int:
        item, token = clients[place]
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        done, until = 0, time.perf_counter() + seconds
        while time.perf_counter() < until:
            connection.request("POST", "/api/v1/bookings", body_of(item, first + done), headers)
            answer = connection.getresponse()
            text = answer.read()
            assert answer.status == 201, text
            done += 1
        return done

    return _together(client, len(clients)) / seconds


def _together(work: Callable[[int], int], count: int) -> int:
    results: Any = fork.Array("i", count)
    line = fork.Barrier(count)
    children = []
    for place in range(count):
        child = os.fork()
        if child == 0:
            code = 1
            try:
                line.wait(60)
                results[place] = work(place)
                code = 0
            except BaseException:  # noqa: BLE001 - the child must say so and end
                traceback.print_exc()
            finally:
                os._exit(code)
        children.append(child)
    for child in children:
        _, status = os.waitpid(child, 0)
        assert status == 0
    return sum(results)


# --- raw -----------------------------------------------------------------------------------------------------------

Step = tuple[str, Any]
"""A statement with its parameters; `COMMIT` and `ROLLBACK` stand for themselves."""


def recorded(app: Flask, item: int, token: str, number: int) -> tuple[list[Step], dict[str, Any]]:
    """What one booking runs, and the values in it that another booking changes."""
    steps: list[Step] = []

    def statement(_c: Any, _cursor: Any, text: str, parameters: Any, *_: Any) -> None:
        steps.append((text, parameters))

    def ended(word: str) -> Callable[[Any], None]:
        return lambda _connection: steps.append((word, None))

    commit, rollback = ended("COMMIT"), ended("ROLLBACK")
    event.listen(db.engine, "before_cursor_execute", statement)
    event.listen(db.engine, "commit", commit)
    event.listen(db.engine, "rollback", rollback)
    db.session.remove()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    answer = app.test_client().post("/api/v1/bookings", data=body_of(item, number), headers=headers)
    event.remove(db.engine, "before_cursor_execute", statement)
    event.remove(db.engine, "commit", commit)
    event.remove(db.engine, "rollback", rollback)
    assert answer.status_code == 201, answer.text
    booking = db.session.scalar(select(Booking).where(Booking.ref == answer.json["ref"]))
    assert booking is not None
    changing = {
        "ref": booking.ref,
        "booking": booking.id,
        "start": start_of(number),
        "end": booking.ends_at,
        "holding": db.session.scalar(select(Holding.id).where(Holding.booking_id == booking.id)),
        "charge": db.session.scalar(select(Charge.id).where(Charge.booking_id == booking.id)),
    }
    db.session.rollback()
    return steps, changing


def replayer(
    steps: list[Step], told: dict[str, Any], same_twice: list[set[int]], client: int
) -> Callable[[Any, int], None]:
    """A function that runs the steps on a driver's connection for the n-th start. `same_twice`: for each step the
    places of whole numbers that did not change between two recordings: those are no ids of ours. `client`: tells its
    references from those of the others."""

    def put(value: Any, place: int, constant: set[int], now: dict[str, Any]) -> Any:
        if isinstance(value, str):
            moments = {_spelled(told[name]): _spelled(now[name]) for name in ("start", "end")}
            return moments.get(value) or value.replace(told["ref"], now["ref"])
        if isinstance(value, datetime):
            return {told["start"]: now["start"], told["end"]: now["end"]}.get(value.astimezone(UTC), value)
        if isinstance(value, int) and not isinstance(value, bool) and place not in constant:
            for name in ("booking", "holding", "charge"):
                if value == told[name] and name in now:
                    return now[name]
        return value

    def run(connection: Any, number: int) -> None:
        reference = told["ref"][:-5] + _letters(client * len(ALPHABET) ** 4 + number)
        start = start_of(number)
        now: dict[str, Any] = {"ref": reference, "start": start, "end": start + (told["end"] - told["start"])}
        cursor = connection.cursor()
        for (statement, parameters), constant in zip(steps, same_twice, strict=True):
            if statement == "COMMIT":
                connection.commit()
            elif statement == "ROLLBACK":
                connection.rollback()
            else:
                if isinstance(parameters, dict):
                    values: Any = {k: put(v, n, constant, now) for n, (k, v) in enumerate(parameters.items())}
                else:
                    values = tuple(put(v, n, constant, now) for n, v in enumerate(parameters or ()))
                cursor.execute(statement, values)
                rows = cursor.fetchall() if cursor.description else []
                for name in ("booking", "holding", "charge"):
                    if statement.startswith(f"INSERT INTO {name} "):
                        now[name] = rows[0][0] if rows else cursor.lastrowid

    return run


def _letters(number: int) -> str:
    """A number as the five letters of a reference."""
    return "".join(ALPHABET[number // len(ALPHABET) ** place % len(ALPHABET)] for place in range(5))


def _spelled(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f")


def connected(engine: str, url: str) -> Any:
    if engine == "postgresql":
        return psycopg.connect(url.replace("+psycopg", ""))
    connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None, timeout=60)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=60000"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def raw(engine: str, url: str, runs: list[Callable[[Any, int], None]], seconds: float, first: int) -> float:
    def client(place: int) -> int:
        connection = connected(engine, url)
        done, until = 0, time.perf_counter() + seconds
        while time.perf_counter() < until:
            runs[place](connection, first + done)
            done += 1
        return done

    return _together(client, len(runs)) / seconds


def _unchanging(one: list[Step], other: list[Step]) -> list[set[int]]:
    assert [text for text, _ in one] == [text for text, _ in other]
    found = []
    for (_, a), (_, b) in zip(one, other, strict=True):
        first, second = (list(x.values()) if isinstance(x, dict) else list(x or ()) for x in (a, b))
        found.append({n for n, (x, y) in enumerate(zip(first, second, strict=True)) if x == y})
    return found


def measure(engine: str, seconds: float) -> list[Figure]:
    with world(engine) as app:
        clients = fill()
        url = app.config["SQLALCHEMY_DATABASE_URI"]
        runs, statements = [], 0
        for place, (item, token) in enumerate(clients[:CLIENTS]):
            recorded(app, item, token, 0)
            first_time, _ = recorded(app, item, token, 1)
            steps, told = recorded(app, item, token, 2)
            statements = len([text for text, _ in steps if text not in ("COMMIT", "ROLLBACK")])
            runs.append(replayer(steps, told, _unchanging(first_time, steps), place))
        before = _counts()
        connection = connected(engine, url)
        runs[0](connection, 3)
        connection.close()
        assert _counts() == {name: count + 1 for name, count in before.items()}, "a replay writes what a booking writes"
        db.session.remove()
        db.engine.dispose()
        figures = []
        with serving(workers=4, threads=4):
            for turn, count in enumerate((1, CLIENTS), start=1):  # far enough apart that no start is taken twice
                over_http(clients[:count], 1, 2_000 * turn)
                served = over_http(clients[:count], seconds, 2_000 * turn + 500)
                bare = raw(engine, url, runs[:count], seconds, 20_000 * turn)
                figures.append(
                    Figure(
                        f"bookings over HTTP, {count} client{'s' if count > 1 else ''}",
                        engine,
                        f"{statements} statements each",
                        f"{served:,.0f} /s",
                        f"{bare:,.0f} /s",
                        served / bare,
                        "0.30, floor 0.15" if count > 1 else "",
                        "-- bookings: the statements of one request, recorded and replayed on the bare driver",
                    )
                )
    return figures


def _counts() -> dict[str, int]:
    from sqlalchemy import func

    db.session.rollback()
    return {
        model.__tablename__: db.session.scalar(select(func.count()).select_from(model)) or 0
        for model in (Booking, Holding, Charge)
    }


@contextmanager
def serving(*, workers: int, threads: int) -> Iterator[None]:
    """`labshare serve` on the database of this world, until it is left."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PORT": str(PORT)}
    server = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "from labshare.commands import main; main()",
            "serve",
            "--log-level",
            "warning",
            "--workers",
            str(workers),
            "--threads",
            str(threads),
        ],
        env=environment,
        cwd=ROOT,
    )
    try:
        _wait_for_server()
        yield
    finally:
        server.terminate()
        server.wait(30)


def _wait_for_server() -> None:
    until = time.monotonic() + 90
    while time.monotonic() < until:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=5)
            connection.request("GET", "/api/v1/openapi.json")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the server did not start")
