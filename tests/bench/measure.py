"""Medians, counts of statements, and the table that is printed."""

import contextvars
import gc
import os
import re
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from flask import Flask
from sqlalchemy import event

from labshare import create_app
from labshare.commands.serve import SMALL_COLLECTION
from labshare.kernel.database import db
from tests import postgres

ENGINES = ("sqlite", "postgresql")
DURABLE = ("fsync = on", "synchronous_commit = on", "full_page_writes = on", "shared_buffers = '256MB'")
"""What a server in use has and the tests' own has not."""


@dataclass(frozen=True)
class Figure:
    """One line: ours beside raw; `ratio` is ours ÷ raw (of times), or raw's rate it reaches (of rates)."""

    what: str
    engine: str
    rows: str
    ours: str
    raw: str
    ratio: float | None
    aim: str = ""
    raw_sql: str = ""
    spread: str = ""
    """The fastest and the slowest of our turns."""
    statements: int | None = None
    seconds: float | None = None
    """Our median, where it is compared with that of another size of the same name."""
    most: float | None = None
    """The highest ratio that meets the aim."""
    most_ms: float | None = None
    """The longest time that meets it."""

    @property
    def misses(self) -> bool:
        slower = self.ratio is not None and self.most is not None and round(self.ratio, 2) > self.most
        longer = self.seconds is not None and self.most_ms is not None and self.seconds * 1000 > self.most_ms
        return slower or longer


@dataclass(frozen=True)
class Timed:
    """Seconds of several turns."""

    turns: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.turns)

    @property
    def spread(self) -> str:
        return f"{min(self.turns) * 1000:,.1f}–{max(self.turns) * 1000:,.1f}"


@contextmanager
def world(engine: str) -> Iterator[Flask]:
    """An application on a fresh empty database of this engine, guards included, durable as in production."""
    folder = Path(tempfile.mkdtemp(prefix="labshare-bench-"))
    try:
        if engine == "sqlite":
            with application(f"sqlite:///{folder / 'bench.db'}", folder):
                db.create_all()
                yield _current()
            return
        with postgres.running_server(settings="\n".join(DURABLE)) as url:
            with psycopg.connect(
                url.format(database="postgres").replace("+psycopg", ""), autocommit=True
            ) as connection:
                connection.execute("CREATE DATABASE bench")
            with application(url.format(database="bench"), folder):
                db.create_all()
                yield _current()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def application(url: str, instance: Path) -> Iterator[Flask]:
    """An application on this database; its child processes find the same one."""
    environment = {
        "LABSHARE_ENV": "testing",
        "LABSHARE_INSTANCE": str(instance),
        "DATABASE_URL": url,
        "RATELIMIT_ENABLED": "0",
    }
    os.environ.update(environment)
    app = create_app(serves=False)
    with app.app_context():
        try:
            yield app
        finally:
            db.session.remove()
            db.engine.dispose()


def _current() -> Flask:
    from flask import current_app

    return current_app._get_current_object()  # type: ignore[attr-defined,no-any-return]


def collect_as_served() -> None:
    """From here on garbage is collected as on a server: what is loaded now stays, few collections look at the rest."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(SMALL_COLLECTION)


def in_turns(*sides: Callable[[], Any], turns: int = 5) -> list[Timed]:
    """Each side's turns, one side after the other, after one warm turn of all."""
    times: list[list[float]] = [[] for _ in sides]
    for turn in range(turns + 1):
        for side, work in enumerate(sides):
            db.session.rollback()
            db.session.expunge_all()
            start = time.perf_counter()
            work()
            if turn:
                times[side].append(time.perf_counter() - start)
    return [Timed(tuple(each)) for each in times]


def statements_of(work: Callable[[], Any]) -> int:
    """How many statements it sends to the database, a warm turn before."""
    count = 0

    def counted(*_: Any) -> None:
        nonlocal count
        count += 1

    work()
    db.session.rollback()
    db.session.expunge_all()
    event.listen(db.engine, "before_cursor_execute", counted)
    try:
        work()
    finally:
        event.remove(db.engine, "before_cursor_execute", counted)
    return count


def apart(work: Callable[..., Any], *arguments: Any) -> Any:
    """In a context of its own, as on a server: else a request would find in `g` what the one before has left there."""
    return contextvars.Context().run(work, *arguments)


def children_of(process: int) -> list[int]:
    """The processes that this one's main thread has begun."""
    return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def mebibytes_of(process: int, which: str) -> float:
    """`Rss`, or `Pss`, to which a page that so many processes share counts by that part."""
    found = re.search(rf"^{which}:\s+(\d+) kB", Path(f"/proc/{process}/smaps_rollup").read_text(), re.MULTILINE)
    return int(found[1]) / 1024 if found else 0.0


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:,.1f} ms"


def show(figures: list[Figure]) -> str:
    """The table in Markdown, then the raw SQL of each line."""
    head = ("what", "engine", "rows", "ours", "least to most", "beside", "ratio", "aim", "statements", "")
    lines = [
        (
            each.what,
            each.engine,
            each.rows,
            each.ours,
            each.spread,
            each.raw,
            f"{each.ratio:.2f}" if each.ratio else "–",
            each.aim,
            "" if each.statements is None else str(each.statements),
            "misses" if each.misses else "",
        )
        for each in figures
    ]
    widths = [max(len(row[n]) for row in (head, *lines)) for n in range(len(head))]
    text = [_line(row, widths) for row in (head, tuple("-" * width for width in widths), *lines)]
    for sql in dict.fromkeys(each.raw_sql for each in figures if each.raw_sql):
        text += ["", sql]
    return "\n".join(text)


def _line(cells: tuple[str, ...], widths: list[int]) -> str:
    return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) + " |"
