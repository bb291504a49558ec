"""The one process that starts jobs. Any number of them may run side by side: the database makes each job single."""

import logging
import os
import signal
import socket
import threading
from datetime import datetime

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger
from flask import Flask
from sqlalchemy.exc import IntegrityError

from labshare.jobs.table import JOBS, Job
from labshare.kernel.database import db, transaction
from labshare.kernel.job_runs import begin_run, end_run, run_due_at
from labshare.kernel.models import JobRun
from labshare.kernel.time import utc_now

log = logging.getLogger("labshare.jobs")


def host_name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


def run_job(job: Job, now: datetime) -> bool:
    """Do a job if it is due at `now` and nobody has it yet; whether it was done here.

    The row (job, due moment) is unique: whoever writes it does the work. A job that failed, or whose host died in it,
    leaves its row; the monthly, nightly ones are then taken up again by `take_over`.
    """
    due_at = job.due(now)
    db.session.rollback()
    if due_at is None:
        return False
    run_id = claim(job, due_at, now=now)
    if run_id is None:
        return False
    try:
        result, failed = job.work(now), False
    except Exception as problem:  # one job's failure must not end the others
        log.exception("job %s failed", job.name)
        result, failed = f"{type(problem).__name__}: {problem}", True
    with transaction():
        end_run(run_id, utc_now(), result, failed=failed)
    return True


def claim(job: Job, due_at: datetime, *, now: datetime) -> int | None:
    """Write the unique row of a due run; `None` where another host has it."""
    try:
        with transaction():
            taken = run_due_at(job.name, due_at)
            if taken is not None:
                return take_over(job, taken, now)
            return begin_run(job.name, due_at, now=now, host=host_name())
    except IntegrityError:
        return None


def take_over(job: Job, taken: JobRun, now: datetime) -> int | None:
    """A rare job that failed, or whose host died in mid-work, is tried again: after as long as the scheduler waits
    between two looks, or ten minutes where it never came to an end."""
    if job.frequent:
        return None
    if taken.finished_at is None:
        stale = (now - taken.started_at).total_seconds() > 600
    else:
        stale = taken.failed and now - taken.started_at >= job.every
    if not stale:
        return None
    taken.started_at, taken.finished_at, taken.host, taken.failed = now, None, host_name(), False
    return taken.id


def run_all_due(now: datetime) -> list[str]:
    """Every job that is due, once: at the start, so that a missed night is caught up. The names of those done."""
    return [job.name for job in JOBS if run_job(job, now)]


def serve(app: Flask) -> None:
    """Run until SIGTERM or SIGINT; a job under way is finished first."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    scheduler = BackgroundScheduler(timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1})

    def work(job: Job) -> None:
        with app.app_context():
            try:
                run_job(job, utc_now())
            except Exception:  # the database away for a moment: the next turn tries again
                log.exception("job %s could not start", job.name)
            finally:
                db.session.remove()

    for job in JOBS:
        if stop.is_set():
            return
        work(job)  # at once: what was missed is caught up at the start
        trigger = IntervalTrigger(seconds=int(job.every.total_seconds()))
        scheduler.add_job(work, trigger, args=[job], id=job.name, misfire_grace_time=None)
    scheduler.start()
    log.info("scheduler on %s: %s jobs", host_name(), len(JOBS))
    stop.wait()
    scheduler.shutdown(wait=True)
