"""A sheet of 10,000 instruments taken in, from the file to the commit, beside one bare bulk insert of the same rows:
the instruments, their units and an event each, without rules, search or undo."""

import csv
import io
import tempfile
import time
from datetime import UTC, datetime

from psycopg.types.json import Json

from labshare.audit.models import AuditEvent
from labshare.booking.queries.sheets import lab_in_sheets
from labshare.booking.services.sheets import check_sheets, import_sheets
from labshare.catalogue.models import Instrument
from labshare.kernel.database import transaction
from labshare.kernel.sheets import read_sheets
from labshare.kernel.time import local_day
from tests import factories
from tests.bench.measure import Figure, world
from tests.bench.plain import connected

NOW = datetime(2026, 12, 1, 2, 0, tzinfo=UTC)
HEAD = ("innerId", "cname", "instrVersion", "manufacturer", "worth", "beginDate", "units", "technical")


def file_of(rows: int) -> bytes:
    """A CSV of so many instruments."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(HEAD)
    writer.writerows(
        [f"B-{n:05}", f"洛氏硬度计{n % 90}", "HR-150", "华银", "12.5", "2024-05-01", 1, "20–88 HRC"]
        for n in range(rows)
    )
    return text.getvalue().encode()


def measure(engine: str, rows: int) -> Figure:
    """Both sides once, into empty labs of one database."""
    with world(engine) as app:
        with transaction():
            lab, other = factories.lab(), factories.lab()
            actor = factories.actor(factories.member(lab.firm), lab.firm, "owner")
            lab_id, other_id = lab.id, other.id
        with tempfile.TemporaryFile() as file:
            file.write(file_of(rows))
            file.flush()
            start = time.perf_counter()
            sheets = read_sheets(file)
            read = time.perf_counter() - start
        checked = time.perf_counter()
        assert not check_sheets(actor=actor, now=NOW, lab_id=lab_id, sheets=sheets).bad
        checked = time.perf_counter() - checked
        with transaction():
            import_sheets(actor=actor, now=NOW, lab_id=lab_id, sheets=sheets, name="bench.csv")
        ours = time.perf_counter() - start
        raw = bare(app.config["SQLALCHEMY_DATABASE_URI"], engine, lab_id, other_id)
        assert len(lab_in_sheets(lab_id, local_day(NOW)).instruments) == rows
    return Figure(
        "a sheet of instruments read, checked twice, taken in",
        engine,
        f"{rows:,} rows",
        f"{ours:,.2f} s (reading {read:.2f}, checking {checked:.2f})",
        f"{raw:,.2f} s",
        ours / raw,
        "",
        BARE,
    )


BARE = "INSERT INTO instrument (…) VALUES (…); INSERT INTO instrument_unit (…); INSERT INTO audit_event (…)"


def bare(url: str, engine: str, lab_id: int, other_id: int) -> float:
    """Seconds for the same rows of another lab by the bare driver, in one transaction."""
    mark = "?" if engine == "sqlite" else "%s"
    connection = connected(url)
    ask = connection.execute
    instruments = [column.name for column in Instrument.__table__.columns if column.name != "id"]
    found = ask(f"SELECT {', '.join(instruments)} FROM instrument WHERE lab_id = {lab_id} ORDER BY id").fetchall()
    at = instruments.index("lab_id")
    rows = [(*row[:at], other_id, *row[at + 1 :]) for row in found]
    events = [column.name for column in AuditEvent.__table__.columns if column.name != "id"]
    quoted = ", ".join(f'"{name}"' for name in events)
    recorded = ask(f"SELECT {quoted} FROM audit_event WHERE action = 'instrument.add'").fetchall()
    values = [tuple(Json(cell) if isinstance(cell, dict) else cell for cell in row) for row in recorded]
    first = ask("SELECT max(id) FROM audit_event").fetchone()[0] + 1
    connection.rollback()
    start = time.perf_counter()
    cursor = connection.cursor()
    cursor.execute("BEGIN IMMEDIATE" if engine == "sqlite" else "BEGIN")
    marks = ", ".join([mark] * len(instruments))
    cursor.executemany(f"INSERT INTO instrument ({', '.join(instruments)}) VALUES ({marks})", rows)
    cursor.execute(f"INSERT INTO instrument_unit SELECT id, 1 FROM instrument WHERE lab_id = {other_id}")
    marks = ", ".join([mark] * (len(events) + 1))
    numbered = [(first + n, *row) for n, row in enumerate(values)]
    cursor.executemany(f'INSERT INTO audit_event ("id", {quoted}) VALUES ({marks})', numbered)
    cursor.execute("COMMIT")
    took = time.perf_counter() - start
    connection.close()
    return took
