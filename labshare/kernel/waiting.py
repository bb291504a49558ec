"""How long a process waits for others: for the writers' queue of SQLite, for PostgreSQL's locks and statements.

Whoever answers a request waits a few seconds (`LOCK_SECONDS`, `STATEMENT_SECONDS`, `IDLE_SECONDS`) and then says so;
commands and jobs, which nobody sits in front of, wait longer (`JOB_LOCK_SECONDS`, `JOB_STATEMENT_SECONDS`).
"""

import fcntl
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

from flask import current_app, has_request_context
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from labshare.kernel.errors import Busy

IN_VAIN = ("55P03", "57014", "25P03")
"""SQLSTATE: a lock not available, a statement cancelled, a transaction that stood idle."""

SQLITE_TRIES = 3
"""Somebody who writes past the queue is waited for a third of the time: the request is tried as often (http.retry)."""


class Patience(NamedTuple):
    """Seconds: for a lock, for one statement, between two statements of a transaction."""

    lock: float
    statement: float
    idle: float


def patience() -> Patience:
    """That of a request where one is being answered, else that of commands and jobs."""
    config = current_app.config
    if has_request_context():
        return Patience(config["LOCK_SECONDS"], config["STATEMENT_SECONDS"], config["IDLE_SECONDS"])
    longest = config["JOB_STATEMENT_SECONDS"]
    return Patience(config["JOB_LOCK_SECONDS"], longest, longest)


def bound_waiting(connection: Any, record: Any, _proxy: Any) -> None:
    """As a connection leaves the pool (SQLAlchemy's `checkout`): set its time-outs, unless they are so already."""
    if not current_app:
        return  # a connection of a tool's own
    wanted = patience()
    if record.info.get("patience") == wanted:
        return
    if isinstance(connection, sqlite3.Connection):
        connection.execute(f"PRAGMA busy_timeout={_ms(wanted.lock / SQLITE_TRIES)}")
    else:
        connection.execute(
            f"SET lock_timeout = {_ms(wanted.lock)}; SET statement_timeout = {_ms(wanted.statement)}; "
            f"SET idle_in_transaction_session_timeout = {_ms(wanted.idle)}"
        )
        connection.commit()  # a rollback would take them back
    record.info["patience"] = wanted


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


def waited_in_vain(error: Exception) -> bool:
    """Whether it was waiting that ended: PostgreSQL's time-outs, or no connection of the pool free."""
    if isinstance(error, NoConnectionFree):
        return True
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) in IN_VAIN


@contextmanager
def writers_queue(engine: Engine) -> Iterator[None]:
    """On SQLite, wait in line at a lock file, where the busy handler would starve some. Raises `Busy` in the end."""
    path = engine.url.database if engine.dialect.name == "sqlite" else None
    if not path or path == ":memory:":
        yield
        return
    file = Path(path).with_suffix(".lock").open("w")
    if not _locked(file, patience().lock):  # the waiting thread closes it
        raise Busy
    with file:
        yield


def _locked(file: IO[str], seconds: float) -> bool:
    """Lock the file within so many seconds.

    `flock` waits in line but knows no time-out, and asking again and again would not wait in line: so where it is
    taken, a thread waits, and lets go at once of what it gets too late.
    """
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except BlockingIOError:
        pass
    turn: Future[None] = Future()
    threading.Thread(target=_wait_in_line, args=(file, turn), daemon=True, name="writers-queue").start()
    try:
        turn.result(seconds)
    except TimeoutError:
        return not turn.cancel()  # too late to cancel: it is ours after all
    return True


def _wait_in_line(file: IO[str], turn: "Future[None]") -> None:
    fcntl.flock(file, fcntl.LOCK_EX)
    if turn.set_running_or_notify_cancel():
        turn.set_result(None)
    else:
        file.close()
