"""The past month's reward run, on the 1st at 02:00 local time; what was missed is caught up (R-RUN-3)."""

import logging
from datetime import datetime, timedelta

from labshare.kernel.actor import SYSTEM
from labshare.kernel.database import db, transaction
from labshare.kernel.errors import Problem
from labshare.kernel.months import Month
from labshare.rewards.queries.corrections import finished_windows
from labshare.rewards.queries.runs import missing_runs
from labshare.rewards.services import find_corrections, run_month

log = logging.getLogger("labshare.jobs")
HOUR = timedelta(hours=2)


def due_at(month: Month) -> datetime:
    """When a month's run is due: 02:00 local time on the 1st of the next."""
    return month.ends_at() + HOUR


def last_due(now: datetime) -> Month:
    """The last month whose run is due."""
    past = Month.at(now).previous
    return past if now >= due_at(past) else past.previous


def following(now: datetime) -> datetime:
    """The next 1st at 02:00 local time."""
    month = Month.at(now)
    return due_at(month.previous) if now < due_at(month.previous) else due_at(month)


def due(now: datetime) -> datetime | None:
    """The moment at which the last due month was due, while a run is missing up to it; else nothing is due."""
    last = last_due(now)
    missing = missing_runs(last)
    db.session.rollback()
    return due_at(max(month for _division, month in missing)) if missing else None


def run_due_months(now: datetime) -> str:
    """Calculate each month that has no run yet, the earliest first, a transaction each. A month that has one, however
    it came to it, is left alone: the officer's own calculations are not the scheduler's to repeat."""
    missing = missing_runs(last_due(now))
    db.session.rollback()
    done = []
    for division, month in missing:
        try:
            with transaction():
                if (division, month) in missing_runs(month):
                    run_month(actor=SYSTEM, now=now, month=month, division=division)
                    done.append(str(month))
        except Problem as problem:
            log.warning("reward run of %s in %s: %s", month, division, problem.code)
            raise
    return f"calculated: {', '.join(done) or 'nothing'}"


def find_changed_windows(now: datetime) -> str:
    """Propose what finished windows come to since their last approval, a transaction a window (R-REWARD-24)."""
    keys = [window.key for window in finished_windows()]
    db.session.rollback()
    written = 0
    for key in keys:
        with transaction():
            written += find_corrections(actor=SYSTEM, now=now, window=key)
    return f"{len(keys)} windows, {written} proposals written"
