"""A request that the database gave up in favour of another (a deadlock, a failed serialisation, a lock waited for in
vain) is tried again: pages and API alike, here and nowhere else."""

import logging
import sqlite3
from time import monotonic
from typing import Any

from flask import Flask, request
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import ServiceUnavailable

from labshare.kernel.database import commits, db

log = logging.getLogger("labshare.web")
TRIES = 3
PATIENCE_SECONDS = 20
"""Waiting for a lock takes time, too: nothing is begun again after this long, well before the server's own limit."""
VICTIMS = ("40001", "40P01")
"""SQLSTATE: serialisation failure, deadlock detected."""
BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def gave_way(error: OperationalError) -> bool:
    """Whether the database undid a transaction that may succeed when it is tried again."""
    if getattr(error.orig, "sqlstate", None) in VICTIMS:
        return True
    return getattr(error.orig, "sqlite_errorcode", 0) & 0xFF in BUSY


class Application(Flask):
    """Flask whose views are tried up to `TRIES` times where the database gave way and nothing was committed yet.

    A view only reads before its transaction and redirects after it, so doing it anew does nothing twice. In the end
    the reader is told to come back: 503, nothing saved.
    """

    def dispatch_request(self, *args: Any, **kwargs: Any) -> Any:
        begun = monotonic()
        for attempt in range(1, TRIES + 1):
            before = commits()
            try:
                return super().dispatch_request(*args, **kwargs)
            except OperationalError as error:
                if not gave_way(error) or commits() != before:
                    raise
                log.warning("%s %s gave way to another, try %s: %s", request.method, request.path, attempt, error.orig)
                db.session.rollback()
                if attempt == TRIES or monotonic() - begun > PATIENCE_SECONDS:
                    raise ServiceUnavailable(retry_after=5) from error
                for file in request.files.values():
                    file.stream.seek(0)
        raise AssertionError("unreachable")
