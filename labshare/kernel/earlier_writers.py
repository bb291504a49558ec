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
    begun = _number("xmax")
    deadline = time.monotonic() + within
    while _number("xmin") < begun:
        if time.monotonic() >= deadline:
            return False
        time.sleep(PAUSE)
    return True


def _number(end: str) -> int:
    """Of transactions: `xmax`, the first that has not begun; `xmin`, the first that is not over."""
    number = db.session.scalar(text(f"SELECT CAST(CAST(pg_snapshot_{end}(pg_current_snapshot()) AS text) AS bigint)"))
    db.session.rollback()
    return int(number or 0)
