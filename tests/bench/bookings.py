"""Bookings a second over HTTP, each under a key of its own, beside the least statements that write the same rows, by
hand on the bare driver. Both sides keep the same guards and the same durability.

What a row holds is taken from one booking of ours; the next start, a new reference and the ids that the database gives
come into their places. That both sides leave the same number of rows in every table is checked before.
"""

import http.client
import json
import multiprocessing
import os
import sqlite3
import statistics
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from psycopg.types.json import Json
from sqlalchemy import delete, event, text

from labshare.booking.models import WorkingDay, WorkingYear
from labshare.kernel import database, waiting
from labshare.kernel.database import db, transaction
from labshare.kernel.references import ALPHABET
from labshare.organisations.models import ApiToken
from labshare.organisations.queries import digest
from tests import factories
from tests.bench.databases import loaded
from tests.bench.measure import Figure, milliseconds
from tests.bench.plain import connected
from tests.conftest import SHANGHAI

CLIENTS = 8
PORT = 18765
KEY = "Idempotency-Key"
ROOT = Path(__file__).resolve().parents[2]
FIRST = (datetime.now(SHANGHAI) + timedelta(days=2)).replace(hour=0, minute=0, second=0, microsecond=0)
"""A midnight where the labs are, whose weekdays are open around the clock."""
fork = multiprocessing.get_context("fork")


def fill() -> list[tuple[int, str]]:
    """(item, token) for each client: an instrument of its own, so that starts never meet."""
    made = []
    with transaction():
        db.session.execute(delete(WorkingDay).where(WorkingDay.day >= FIRST.date()))  # every weekday is open
        for year in range(FIRST.year, FIRST.year + 3):
            if db.session.get(WorkingYear, year) is None:
                factories.working_year(year)
        for number in range(CLIENTS + 1):
            lab = factories.lab(
                code=f"BENCH-{number}", hours=((0, 24),), automatic_confirmation=True, horizon_minutes=60 * 24 * 700
            )
            factories.member(lab.firm)
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


def headers_of(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}


# --- over HTTP -----------------------------------------------------------------------------------------------------


def over_http(clients: list[tuple[int, str]], seconds: float, first: int) -> float:
    """Bookings a second of so many clients, each a process with one connection."""

    def client(place: int) -> int:
        item, token = clients[place]
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
        headers = headers_of(token)
        done, until = 0, time.perf_counter() + seconds
        while time.perf_counter() < until:
            number = first + done
            connection.request("POST", "/api/v1/bookings", body_of(item, number), headers | {KEY: f"{first} {number}"})
            answer = connection.getresponse()
            body = answer.read()
            assert answer.status == 201, body
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

LOCK = 8130
"""The class of the advisory locks of instruments on PostgreSQL."""
TABLES = ("booking", "holding", "charge", "audit_event", "audit_address", "notice", "idempotency_key")
"""What a booking writes, in this order. A notice is its own mail until that is sent."""
RAW = """\
-- bookings: the least statements, written by hand: take the lock, check that the unit is free, insert booking, holding,
-- charge, event, address, notices and the key with its answer, commit; prepared once, ids as the database gives them"""


@dataclass(frozen=True)
class Pattern:
    """What one booking of ours left in the database, to be written again for other starts."""

    rows: dict[str, list[dict[str, Any]]]

    @property
    def booking(self) -> dict[str, Any]:
        return self.rows["booking"][0]


def pattern(connection: Any, ref: str, key: str) -> Pattern:
    """The rows of the booking `ref`, which was made under `key`."""
    mark = "?" if isinstance(connection, sqlite3.Connection) else "%s"

    def read(table: str, where: str, value: Any) -> list[dict[str, Any]]:
        cursor = connection.cursor()
        cursor.execute(f"SELECT * FROM {table} WHERE {where} {mark} ORDER BY 1", (value,))
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    (booking,) = read("booking", "ref =", ref)
    (event_row,) = read("audit_event", "subject_id =", ref)
    return Pattern(
        {
            "booking": [booking],
            "holding": read("holding", "booking_id =", booking["id"]),
            "charge": read("charge", "booking_id =", booking["id"]),
            "audit_event": [event_row],
            "audit_address": read("audit_address", "event_id =", event_row["id"]),
            "notice": read("notice", "url LIKE", f"%{ref}"),
            "idempotency_key": read("idempotency_key", "key =", key),
        }
    )


def least(told: Pattern, client: int) -> Callable[[Any, int], None]:
    """A function that books the n-th start on a driver's connection. `client`: tells its references from those of the
    others."""
    first = told.booking
    length = _moment(first["ends_at"]) - _moment(first["starts_at"])
    given = {
        table: [[name for name in rows[0] if name != "id" or table == "audit_address"], rows]
        for table, rows in told.rows.items()
    }

    def run(connection: Any, number: int) -> None:
        small = isinstance(connection, sqlite3.Connection)
        mark, start = "?" if small else "%s", start_of(number)
        reference = first["ref"][:-5] + _letters(client * len(ALPHABET) ** 4 + number)
        span = {"starts_at": start, "ends_at": start + length}
        if small:
            span = {name: _spelled(moment) for name, moment in span.items()}
        cursor = connection.cursor()
        if small:
            cursor.execute("BEGIN IMMEDIATE")
        else:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", (LOCK, first["instrument_id"]))
        cursor.execute(
            f"SELECT 1 FROM holding WHERE instrument_id = {mark} AND unit = {mark} AND starts_at < {mark} "
            f"AND ends_at > {mark} ORDER BY starts_at DESC LIMIT 1",
            (first["instrument_id"], first["unit"], span["ends_at"], span["starts_at"]),
        )
        assert cursor.fetchone() is None
        ids: dict[str, Any] = {}
        for table, (names, rows) in given.items():
            values = [[_put(name, row[name], table, reference, span, ids) for name in names] for row in rows]
            statement = (
                f"INSERT INTO {table} ({', '.join(QUOTED.get(name, name) for name in names)}) "
                f"VALUES ({', '.join([mark] * len(names))})"
            )
            if len(rows) > 1:
                cursor.executemany(statement, values)
            elif small or table not in ("booking", "audit_event"):
                cursor.execute(statement, values[0])
                ids[table] = cursor.lastrowid if small else None
            else:
                cursor.execute(f"{statement} RETURNING id", values[0])
                ids[table] = cursor.fetchone()[0]
        if small:
            cursor.execute("COMMIT")
        else:
            connection.commit()

    return run


QUOTED = {"key": '"key"', "before": '"before"', "after": '"after"'}


def _put(name: str, value: Any, table: str, reference: str, span: dict[str, Any], ids: dict[str, Any]) -> Any:
    """A value of the pattern for another start."""
    if name in span and table in ("booking", "holding"):
        return span[name]
    if name in ("ref", "subject_id", "key"):
        return reference
    if name == "booking_id":
        return ids["booking"]
    if name == "event_id":
        return ids["audit_event"]
    return Json(value) if isinstance(value, dict | list) else value


def _moment(value: Any) -> datetime:
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def _letters(number: int) -> str:
    """A number as the five letters of a reference."""
    return "".join(ALPHABET[number // len(ALPHABET) ** place % len(ALPHABET)] for place in range(5))


def _spelled(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f")


def raw(url: str, runs: list[Callable[[Any, int], None]], seconds: float, first: int) -> float:
    def client(place: int) -> int:
        connection = connected(url)
        done, until = 0, time.perf_counter() + seconds
        while time.perf_counter() < until:
            runs[place](connection, first + done)
            done += 1
        return done

    return _together(client, len(runs)) / seconds


def turn_figure(app: Flask, client: tuple[int, str], first: int = 0, times: int = 200) -> Figure:
    """How long a booking has SQLite's one writer's place, its commit included: nobody else writes meanwhile."""
    item, token = client
    held: list[float] = []

    @contextmanager
    def timed(engine: Any) -> Iterator[None]:
        with waiting.writers_queue(engine):
            begun = time.perf_counter()
            yield
            held.append(time.perf_counter() - begun)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "writers_queue", timed)
        for number in range(times):
            book(app, item, token, first + number)
    middle, high = (statistics.quantiles(held, n=20)[place] for place in (9, 18))
    return Figure(
        "writer's place held by a booking, median and 95th of 100",
        "sqlite",
        f"{times} bookings",
        f"{milliseconds(middle)}, {milliseconds(high)}",
        "–",
        None,
        "3 ms",
    )


def book(app: Flask, item: int, token: str, number: int, **headers: str) -> str:
    """One booking in this process; its reference."""
    answer = app.test_client().post("/api/v1/bookings", data=body_of(item, number), headers=headers_of(token) | headers)
    assert answer.status_code == 201, answer.text
    ref: str = answer.json["ref"]
    db.session.remove()
    return ref


def one_of_ours(app: Flask, item: int, token: str, number: int, key: str) -> tuple[int, str]:
    """How many statements a booking under a key takes, and its reference."""
    sent: list[str] = []

    def statement(_c: Any, _cursor: Any, words: str, *_: Any) -> None:
        sent.extend([words] if not words.startswith(("BEGIN", "COMMIT")) else [])

    event.listen(db.engine, "before_cursor_execute", statement)
    ref = book(app, item, token, number, **{KEY: key})
    event.remove(db.engine, "before_cursor_execute", statement)
    return len(sent), ref


def one_after_another(app: Flask, engine: str, scale: str, times: int = 100) -> Figure:
    """How long a booking takes in one process, over the API but without a connection, at this scale."""
    item, token = fill()[0]
    took: list[float] = []
    for number in range(times):
        begun = time.perf_counter()
        book(app, item, token, number)
        took.append(time.perf_counter() - begun)
    return Figure(
        "a booking, one after another",
        engine,
        scale,
        milliseconds(statistics.median(took)),
        "–",
        None,
        seconds=statistics.median(took),
        spread=f"{min(took) * 1000:.1f}–{max(took) * 1000:.1f}",
    )


def measure(engine: str, seconds: float) -> list[Figure]:
    with loaded(engine, "county", writes=True) as app:
        clients = fill()
        url = app.config["SQLALCHEMY_DATABASE_URI"]
        runs = []
        for place, (item, token) in enumerate(clients[:CLIENTS]):
            counted = _counts()
            key = f"bench-{place}"
            statements, ref = one_of_ours(app, item, token, 2, key)
            wrote = {name: count - counted[name] for name, count in _counts().items()}
            db.session.remove()
            connection = connected(url)
            run = least(pattern(connection, ref, key), place)
            connection.commit()
            counted = _counts()
            run(connection, 3)
            connection.close()
            again = {name: count - counted[name] for name, count in _counts().items()}
            assert again == wrote, "both sides write the same rows"
            runs.append(run)
        figures = [] if engine != "sqlite" else [turn_figure(app, clients[-1])]
        db.session.remove()
        db.engine.dispose()
        with serving(workers=4, threads=4):
            for turn, count in enumerate((1, CLIENTS), start=1):  # far enough apart that no start is taken twice
                over_http(clients[:count], 1, 2_000 * turn)
                served = over_http(clients[:count], seconds, 2_000 * turn + 500)
                bare = raw(url, runs[:count], seconds, 20_000 * turn)
                figures.append(
                    Figure(
                        f"bookings over HTTP, {count} client{'s' if count > 1 else ''}",
                        engine,
                        f"{statements} statements each",
                        f"{served:,.0f} /s",
                        f"{bare:,.0f} /s",
                        served / bare,
                        "0.50" if count > 1 else "",
                        RAW,
                    )
                )
    return figures


def _counts() -> dict[str, int]:
    db.session.rollback()
    return {table: db.session.scalar(text(f"SELECT count(*) FROM {table}")) or 0 for table in TABLES}


@contextmanager
def serving(*, workers: int, threads: int) -> Iterator[None]:
    """`labshare serve` on the database of the running application, until it is left."""
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
