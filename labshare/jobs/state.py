"""How each scheduled job stands: when it last ran and last succeeded, when it comes next, whether it is overdue."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from labshare.audit.queries import first_event_at
from labshare.jobs.table import JOBS, Job
from labshare.kernel.job_runs import last_runs
from labshare.kernel.models import JobRun

GRACE = timedelta(minutes=10)
"""How long after its moment a job may still be under way or waiting for the scheduler's next look."""


@dataclass(frozen=True, kw_only=True)
class JobState:
    job: Job
    started_at: datetime | None
    """Its last start, whatever came of it."""
    succeeded_at: datetime | None
    """When it last ended well."""
    next_at: datetime
    """When it is due next; in the past where it is due now."""
    error: str | None
    """What its last run failed with, where it failed."""
    overdue: bool


def job_states(now: datetime) -> list[JobState]:
    """Every job of the table, in its order: two statements besides what a job asks to know whether it is due."""
    began = first_event_at()
    last, succeeded = last_runs([job.name for job in JOBS])
    return [_state(job, last.get(job.name), succeeded.get(job.name), began, now=now) for job in JOBS]


def _state(
    job: Job, last: JobRun | None, succeeded: JobRun | None, began: datetime | None, *, now: datetime
) -> JobState:
    """`began` is the installation's first event: a job that never ran is not overdue for a moment before it."""
    due = job.due(now)
    if last is None and due is not None and began is not None and due < began and not job.frequent:
        due = None
    waiting = due is not None and (succeeded is None or succeeded.due_at < due)
    missed = due
    if job.frequent and succeeded is not None:
        missed = succeeded.due_at + job.every  # due moves on: the first moment that nobody served is what counts
    never = job.frequent and succeeded is None and (began is None or now > began + GRACE)
    return JobState(
        job=job,
        started_at=last.started_at if last else None,
        succeeded_at=succeeded.finished_at if succeeded else None,
        next_at=due if waiting and due is not None else job.following(now),
        error=last.result if last is not None and last.failed else None,
        overdue=waiting and missed is not None and (never or now > missed + GRACE),
    )
