"""Whether every transaction that was writing at a moment has come to its end."""

import time

from sqlalchemy import text

from labshare.kernel.database import db

PAUSE = 0.05


def earlier_writers_done(within: float) -> bool:
    """Wait until whoever is writing now has committed or rolled back, at most so many seconds; whether they have.

    Nobody waits for the caller, who holds nothing. On SQLite writers follow one another: none is ever earlier.
    """
    session = db.session()
    if session.get_bind().dialect.name == "sqlite":
        return True
    begun = _number("pg_current_xact_id()")
    deadline = time.monotonic() + within
    while _number("pg_snapshot_xmin(pg_current_snapshot())") < begun:
        if time.monotonic() >= deadline:
            return False
        time.sleep(PAUSE)
    return True


def _number(transaction: str) -> int:
    """Of transactions: one of the caller's own, which is above all that were writing before; the first not over."""
    number = db.session.scalar(text(f"SELECT CAST(CAST({transaction} AS text) AS bigint)"))
    db.session.rollback()
    return int(number or 0)
