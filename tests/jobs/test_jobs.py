"""The table of jobs: due when they should be, each due run once."""

from datetime import UTC, date, datetime

import pytest

from labshare.jobs import monthly
from labshare.jobs.scheduler import run_all_due, run_job
from labshare.jobs.table import JOBS, Job, after_each, after_night, nightly
from labshare.kernel.database import db, transaction
from labshare.kernel.models import JobRun
from labshare.kernel.months import Month
from labshare.rewards.models import RewardRun
from labshare.rewards.services import run_month
from tests import factories
from tests.rewards.world import add_booking, add_lab, add_revenue, people, put_policy

MONTHLY = next(job for job in JOBS if job.name == "rewards.month")


@pytest.fixture
def world(app, clock):
    """A policy from September on, revenue in September, October and November."""
    now = clock.set("2026-11-20 10:00")
    with transaction():
        world = people()
        lab = add_lab(world)
        put_policy(world, now, effective_from="2026-09")
        client = factories.firm()
        for month in (9, 10, 11):
            add_revenue(add_booking(world, lab, client, date(2026, month, 5)), f"2026-{month:02d}", 100_000)
    return world


def months():
    db.session.rollback()
    return sorted(run.month for run in db.session.query(RewardRun))


def test_missed_months_are_caught_up_in_order(world, clock):  # R-RUN-3
    assert run_job(MONTHLY, clock.now)
    assert months() == ["2026-09", "2026-10"]
    assert not run_job(MONTHLY, clock.now)


def test_the_past_month_is_calculated_on_the_first_at_two(world, clock):  # R-RUN-3
    run_job(MONTHLY, clock.now)
    assert not run_job(MONTHLY, clock.set("2026-12-01 01:59"))
    assert run_job(MONTHLY, clock.set("2026-12-01 02:00"))
    assert months() == ["2026-09", "2026-10", "2026-11"]
    assert monthly.due_at(Month(2026, 11)) == datetime(2026, 11, 30, 18, tzinfo=UTC)


def test_a_month_that_an_officer_calculated_is_left_alone(world, clock):  # R-RUN-3
    with transaction():
        run = run_month(actor=world.acting("officer"), now=clock.now, month=Month(2026, 10))
        at = run.calculated_at
    clock.advance(hours=1)
    run_job(MONTHLY, clock.now)
    assert months() == ["2026-09", "2026-10"]
    assert db.session.query(RewardRun).filter_by(month="2026-10").one().calculated_at == at


def test_a_due_run_is_done_once_and_leaves_its_row(app, clock):
    done = []
    job = Job(
        "test.once",
        "",
        monthly.HOUR,
        lambda now: now.replace(minute=0),
        after_each(monthly.HOUR),
        lambda now: str(done.append(now)),
    )
    assert run_job(job, clock.now)
    assert not run_job(job, clock.advance(minutes=5))
    assert run_job(job, clock.advance(hours=1))
    assert len(done) == 2
    rows = db.session.query(JobRun).order_by(JobRun.id).all()
    assert [(row.job, row.failed, row.finished_at is not None) for row in rows] == [("test.once", False, True)] * 2


def test_a_failed_job_says_so_and_a_rare_one_is_tried_again(app, clock):
    def work(_now):
        raise RuntimeError("no")

    rare = Job("test.rare", "", monthly.HOUR, nightly(3), after_night(3), work, frequent=False)
    assert run_job(rare, clock.now)
    row = db.session.query(JobRun).one()
    assert (row.failed, row.result) == (True, "RuntimeError: no")
    assert not run_job(rare, clock.advance(minutes=30))
    assert run_job(rare, clock.advance(hours=2))
    assert db.session.query(JobRun).count() == 1


def test_a_rare_job_whose_host_died_is_taken_over(app, clock):
    done = []
    rare = Job(
        "test.rare", "", monthly.HOUR, nightly(3), after_night(3), lambda now: str(done.append(now)), frequent=False
    )
    with transaction():
        due = rare.due(clock.now)
        db.session.add(JobRun(job=rare.name, due_at=due, started_at=clock.now, host="gone", failed=False))
    assert not run_job(rare, clock.advance(minutes=5))
    assert run_job(rare, clock.advance(minutes=6))
    assert len(done) == 1


def test_every_job_of_the_table_runs(app, clock):
    with transaction():
        put_policy(people(), clock.now, effective_from="2026-09")
    done = run_all_due(clock.now)
    assert sorted(done) == sorted(job.name for job in JOBS)
    rows = db.session.query(JobRun).all()
    assert [(row.job, row.result) for row in rows if row.failed] == []
    assert run_all_due(clock.now) == []
