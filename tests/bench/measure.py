"""Databases to measure on, medians, and the table that is printed."""

import os
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

from labshare import create_app
from labshare.kernel.database import db
from tests import postgres

ENGINES = ("sqlite", "postgresql")


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


@contextmanager
def world(engine: str) -> Iterator[Flask]:
    """An application on a fresh empty database of this engine, guards included, durable as in production."""
    folder = Path(tempfile.mkdtemp(prefix="labshare-bench-"))
    try:
        if engine == "sqlite":
            with _app(f"sqlite:///{folder / 'bench.db'}", folder) as app:
                yield app
            return
        with postgres.running_server() as url:
            address = url.format(database="postgres").replace("+psycopg", "")
            with psycopg.connect(address, autocommit=True) as connection:
                for setting in ("fsync = on", "synchronous_commit = on", "shared_buffers = '256MB'"):
                    connection.execute(f"ALTER SYSTEM SET {setting}")  # type: ignore[call-overload]
                connection.execute("SELECT pg_reload_conf()")
                connection.execute("CREATE DATABASE bench")
            with _app(url.format(database="bench"), folder) as app:
                yield app
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _app(url: str, folder: Path) -> Iterator[Flask]:
    environment = {
        "LABSHARE_ENV": "testing",
        "LABSHARE_INSTANCE": str(folder),
        "DATABASE_URL": url,
        "RATELIMIT_ENABLED": "0",
    }
    os.environ.update(environment)
    app = create_app()
    with app.app_context():
        db.create_all()
        yield app
        db.session.remove()
        db.engine.dispose()


def in_turns(ours: Callable[[], Any], raw: Callable[[], Any], turns: int = 5) -> tuple[float, float]:
    """Median seconds of each, one after the other, after one warm turn of both."""
    times: tuple[list[float], list[float]] = ([], [])
    for turn in range(turns + 1):
        for side, work in enumerate((ours, raw)):
            db.session.rollback()
            db.session.expunge_all()
            start = time.perf_counter()
            work()
            if turn:
                times[side].append(time.perf_counter() - start)
    return statistics.median(times[0]), statistics.median(times[1])


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:,.1f} ms"


def show(figures: list[Figure]) -> str:
    """The table, then the raw SQL of each line."""
    head = ("what", "engine", "rows", "ours", "raw", "ratio", "aim")
    lines = [
        (each.what, each.engine, each.rows, each.ours, each.raw, f"{each.ratio:.2f}" if each.ratio else "–", each.aim)
        for each in figures
    ]
    widths = [max(len(row[n]) for row in (head, *lines)) for n in range(len(head))]
    text = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in (head, *lines)]
    for sql in dict.fromkeys(each.raw_sql for each in figures if each.raw_sql):
        text += ["", sql]
    return "\n".join(text)
