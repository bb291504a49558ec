"""A request that the database gave up in favour of another (a deadlock, a failed serialisation, a lock waited for in
vain) is tried again: pages and API alike, here and nowhere else."""

import logging
import sqlite3
from collections.abc import Callable
from time import monotonic
from typing import Any

from flask import Flask, request
from sqlalchemy.exc import OperationalError

from labshare.http.addressing import Address
from labshare.http.bodies import SealedRequest, read_body
from labshare.kernel.database import commits, db
from labshare.kernel.errors import Busy
from labshare.kernel.waiting import SQLITE_TRIES

log = logging.getLogger("labshare.web")
TRIES = SQLITE_TRIES
VICTIMS = ("40001", "40P01")
"""SQLSTATE: serialisation failure, deadlock detected."""
BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def gave_way(error: OperationalError) -> bool:
    """Whether the database undid a transaction that may succeed when it is tried again."""
    if getattr(error.orig, "sqlstate", None) in VICTIMS:
        return True
    return getattr(error.orig, "sqlite_errorcode", 0) & 0xFF in BUSY


class Application(Flask):
    """Flask whose requests are sealed until `labshare.http.bodies` reads them, and whose views are tried up to `TRIES`
    times where the database gave way and nothing was committed yet.

    A view only reads before its transaction and redirects after it, so doing it anew does nothing twice. In the end,
    or once a lock's time is over, the reader is told to come back: 503, nothing saved.
    """

    request_class = SealedRequest
    url_rule_class = Address

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.after_body: list[Callable[[], None]] = []
        """Checks that need the body."""

    def preprocess_request(self, *args: Any, **kwargs: Any) -> Any:
        request.sealed = True  # type: ignore[attr-defined]
        return super().preprocess_request(*args, **kwargs)

    def dispatch_request(self, *args: Any, **kwargs: Any) -> Any:
        read_body()
        for check in self.after_body:
            check()
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
                if attempt == TRIES or monotonic() - begun > self.config["LOCK_SECONDS"]:
                    raise Busy from error
                for file in request.files.values():
                    file.stream.seek(0)
        raise AssertionError("unreachable")
