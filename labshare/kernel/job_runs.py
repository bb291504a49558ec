"""The rows of scheduled jobs' runs. A run is one unique row (job, due moment): whoever writes it does the work."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select

from labshare.kernel.database import db
from labshare.kernel.models import JobRun


def run_due_at(job: str, due_at: datetime) -> JobRun | None:
    """The job's run of this due moment."""
    return db.session.scalar(select(JobRun).where(JobRun.job == job, JobRun.due_at == due_at))


def begin_run(job: str, due_at: datetime, *, now: datetime, host: str) -> int:
    """Write a run's row; its id. Raises `IntegrityError` where another host was faster."""
    row = JobRun(job=job, due_at=due_at, started_at=now, host=host, failed=False)
    db.session.add(row)
    db.session.flush()
    return row.id


def end_run(run_id: int, now: datetime, result: str, *, failed: bool) -> None:
    """Write down what came of a run; of `result` the first 500 characters."""
    row = db.session.get_one(JobRun, run_id)
    row.finished_at, row.result, row.failed = now, result[:500], failed


def last_runs(jobs: Sequence[str]) -> tuple[dict[str, JobRun], dict[str, JobRun]]:
    """By job, its last run, and its last run that ended well. One statement."""
    well = (JobRun.finished_at.is_not(None), JobRun.failed.is_(False))
    newest = [_newest(job, *conditions) for job in jobs for conditions in ((), well)]
    last: dict[str, JobRun] = {}
    succeeded: dict[str, JobRun] = {}
    for row in db.session.scalars(select(JobRun).where(JobRun.id.in_(newest)).order_by(JobRun.due_at)):
        last[row.job] = row
        if row.finished_at is not None and not row.failed:
            succeeded[row.job] = row
    return last, succeeded


def _newest(job: str, *conditions: Any) -> Any:
    rows = select(JobRun.id).where(JobRun.job == job, *conditions).order_by(JobRun.due_at.desc())
    return rows.limit(1).scalar_subquery()


def forget_runs(jobs: Collection[str], before: datetime) -> None:
    """Drop the rows of these jobs' runs that were due before a moment."""
    db.session.execute(delete(JobRun).where(JobRun.job.in_(jobs), JobRun.due_at < before))
