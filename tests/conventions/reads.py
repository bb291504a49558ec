"""What statements read of the database and what they give for it, counted while an application works.

PostgreSQL says it itself: a statement is run once more for its plan, with what was looked at. SQLite is asked for the
plan, and counts the steps of its machine; so many are a row, more or less.
"""

import contextlib
import re
import sqlite3
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import has_request_context, request
from sqlalchemy import event

from labshare import ROOT
from labshare.kernel.database import db

STEPS_A_ROW = 10
"""Of SQLite's machine, for a row that is found, looked at and left."""
ENOUGH = 2
"""How often PostgreSQL is asked about a statement of one page or step: each time it is run once more."""
GRAIN = 50
"""Steps at a time that are counted."""
TESTS = "tests"
"""Who asks for itself, and no room."""
EXPLAINED = re.compile(r"\s*(?:SELECT|WITH|UPDATE|DELETE|INSERT INTO \w+ \([^)]*\) SELECT)\b")
JUDGED = re.compile(r"\s*(?:SELECT|WITH|UPDATE|DELETE|INSERT)\b")
ROOMS = str(ROOT / "labshare")
KERNEL = str(ROOT / "labshare" / "kernel")


@dataclass
class Read:
    """One statement as it was run: the rows that it gave or wrote, and those it looked at for them."""

    statement: str
    asked_by: str
    """The function of a room, or of what stands above it, that asked."""
    during: str
    """The request, step or job."""
    rows: int = 0
    steps: int = 0
    """SQLite's; PostgreSQL counts rows."""
    seen: int = 0
    plan: tuple[str, ...] = ()

    @property
    def visited(self) -> int:
        return self.seen or self.steps // STEPS_A_ROW


@dataclass
class Reads:
    """All that was asked, and the step in which it is, where no request is answered."""

    during: str = ""
    all: list[Read] = field(default_factory=list)
    plans: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def begin(self, statement: str) -> Read:
        during = f"{request.method} {request.endpoint}" if has_request_context() else self.during
        self.all.append(Read(statement, asked_by(), during))
        return self.all[-1]

    @contextlib.contextmanager
    def apart(self) -> Iterator[list[Read]]:
        """What is asked meanwhile is not among all the others."""
        kept, self.all = self.all, []
        try:
            yield self.all
        finally:
            self.all = kept


def asked_by() -> str:
    """The innermost function that is not the kernel's, as `room.module.function`: the public one around it, where its
    module has one on the way."""
    frame: Any = sys._getframe(2)
    module, name = "", TESTS
    while frame is not None:
        file, function = frame.f_code.co_filename, frame.f_code.co_qualname.split(".")[0]
        if file.startswith(ROOMS) and not file.startswith(KERNEL):
            if module and file != module:
                break
            if not module or name.startswith("_"):
                module, name = file, function
        frame = frame.f_back
    if not module:
        return name
    return ".".join((*Path(module).relative_to(ROOMS).with_suffix("").parts, name)).replace(".__init__", "")


@contextlib.contextmanager
def reading() -> Iterator[Reads]:
    """Count meanwhile, on connections made meanwhile."""
    reads = Reads()
    sqlite = db.engine.dialect.name == "sqlite"
    listener = _Sqlite(reads) if sqlite else _Postgresql(reads)
    db.session.remove()
    db.engine.dispose()
    with contextlib.ExitStack() as stack:
        connecting = "do_connect" if sqlite else "connect"
        for name, heard in ((connecting, listener.connect), ("before_cursor_execute", listener.before)):
            event.listen(db.engine, name, heard)
            stack.callback(event.remove, db.engine, name, heard)
        try:
            yield reads
        finally:
            db.session.remove()
            db.engine.dispose()


class _Connection(sqlite3.Connection):
    """Hands out cursors that count; knows whose steps are taken."""

    whose: Read | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.set_progress_handler(self._steps, GRAIN)

    def _steps(self) -> int:
        if self.whose is not None:
            self.whose.steps += GRAIN
        return 0

    def cursor(self, *_args: Any) -> "_Cursor":  # type: ignore[override]
        return super().cursor(_Cursor)


class _Cursor(sqlite3.Cursor):
    """Counts the rows of its statement, and has its steps counted."""

    read: Read | None = None
    connection: _Connection

    @contextlib.contextmanager
    def _counting(self) -> Iterator[None]:
        self.connection.whose = self.read
        try:
            yield
        finally:
            self.connection.whose = None

    def _given(self, rows: int) -> None:
        if self.read is not None:
            self.read.rows += rows

    def execute(self, *args: Any) -> Any:
        with self._counting():
            super().execute(*args)
        self._given(max(self.rowcount, 0))
        return self

    def executemany(self, *args: Any) -> Any:
        with self._counting():
            super().executemany(*args)
        self._given(max(self.rowcount, 0))
        return self

    def fetchone(self) -> Any:
        with self._counting():
            row = super().fetchone()
        self._given(row is not None)
        return row

    def fetchmany(self, *args: Any) -> Any:
        with self._counting():
            rows = super().fetchmany(*args)
        self._given(len(rows))
        return rows

    def fetchall(self) -> Any:
        with self._counting():
            rows = super().fetchall()
        self._given(len(rows))
        return rows


class _Sqlite:
    def __init__(self, reads: Reads) -> None:
        self.reads = reads

    def connect(self, _dialect: Any, _record: Any, _args: Any, settings: dict[str, Any]) -> None:
        settings["factory"] = _Connection

    def before(self, _connection: Any, cursor: _Cursor, statement: str, given: Any, _context: Any, many: bool) -> None:
        if not JUDGED.match(statement):
            return
        cursor.read = self.reads.begin(statement)
        if many or not EXPLAINED.match(statement):
            return
        if statement not in self.reads.plans:
            rows = sqlite3.Cursor(cursor.connection).execute(f"EXPLAIN QUERY PLAN {statement}", given)
            self.reads.plans[statement] = tuple(row[3] for row in rows)
        cursor.read.plan = self.reads.plans[statement]


class _Postgresql:
    def __init__(self, reads: Reads) -> None:
        self.reads = reads
        self.asked: Counter[tuple[str, str]] = Counter()

    def connect(self, connection: Any, _record: Any) -> None:
        """Rows are dear, as they are where there are many: so small tables are not read whole where an index serves."""
        connection.execute("SET cpu_tuple_cost = 1; SET random_page_cost = 1.1")
        connection.commit()

    def before(self, _connection: Any, cursor: Any, statement: str, given: Any, _context: Any, many: bool) -> None:
        if many or not EXPLAINED.match(statement):
            return
        read = self.reads.begin(statement)
        self.asked[statement, read.during] += 1
        if self.asked[statement, read.during] > ENOUGH:
            return
        beside = cursor.connection.cursor()
        writes = not statement.lstrip().startswith("SELECT")
        if writes:
            beside.execute("SAVEPOINT explained")
        try:
            beside.execute(f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) {statement}", given)
            plan = beside.fetchone()[0][0]["Plan"]
        finally:
            if writes:
                beside.execute("ROLLBACK TO SAVEPOINT explained")
        read.seen, read.rows = _visited(plan), _rows(plan)
        read.plan = tuple(_scans(plan))


SCANS = ("Seq Scan", "Index Scan", "Index Only Scan", "Bitmap Index Scan", "Tid Scan", "Tid Range Scan", "Sample Scan")
"""What reads tables; what a bitmap found is counted where it was found."""


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from _nodes(below)


def _visited(plan: dict[str, Any]) -> int:
    return sum(_looked_at(node) for node in _nodes(plan) if node["Node Type"] in SCANS)


def _looked_at(node: dict[str, Any]) -> int:
    each = node["Actual Rows"] + sum(value for name, value in node.items() if name.startswith("Rows Removed by"))
    return int(each * node["Actual Loops"])


def _rows(plan: dict[str, Any]) -> int:
    """What it gave, or wrote: a node that writes gives nothing unless asked, but is given what it writes."""
    node = plan["Plans"][0] if plan["Node Type"] == "ModifyTable" and plan.get("Plans") else plan
    return int(node["Actual Rows"] * node["Actual Loops"])


def _scans(plan: dict[str, Any]) -> list[str]:
    return [
        f"{node['Node Type']} {node.get('Relation Name', '')} {node.get('Index Name', '')}: {_looked_at(node)}"
        for node in _nodes(plan)
        if node["Node Type"] in SCANS
    ]
