"""How the jobs stand: seen on the administrators' page and by the machine that looks after the service."""

from datetime import timedelta

import pytest
from flask import Flask

from labshare.audit import services as audit
from labshare.jobs.scheduler import run_all_due, run_job
from labshare.jobs.state import JobState, job_states
from labshare.jobs.table import JOBS
from labshare.kernel.actor import SYSTEM
from labshare.kernel.database import db, transaction
from labshare.kernel.models import JobRun
from tests import factories
from tests.conftest import Clock
from tests.signing import sign_in

MAIL = next(job for job in JOBS if job.name == "notices.mail")


def state(name: str, clock: Clock) -> JobState:
    db.session.rollback()
    return next(one for one in job_states(clock.now) if one.job.name == name)


def test_a_frequent_job_is_overdue_ten_minutes_after_the_first_missed_turn(app: Flask, clock: Clock) -> None:
    assert state("notices.mail", clock).overdue  # no scheduler has run yet
    assert run_job(MAIL, clock.now)
    fresh = state("notices.mail", clock)
    assert (fresh.overdue, fresh.error, fresh.succeeded_at) == (False, None, clock.now)
    assert fresh.next_at == clock.now + MAIL.every
    clock.advance(minutes=10)
    assert not state("notices.mail", clock).overdue
    clock.advance(seconds=11)
    assert state("notices.mail", clock).overdue


def test_a_nightly_job_is_due_until_it_has_succeeded(app: Flask, clock: Clock) -> None:  # R-AUDIT-9
    clock.set("2026-11-24 02:59")
    before = state("oversight.check", clock)
    assert (before.overdue, before.next_at) == (False, clock.now + timedelta(minutes=1))
    due = clock.set("2026-11-24 03:10")
    assert (state("oversight.check", clock).overdue, state("oversight.check", clock).next_at) == (
        False,
        due - timedelta(minutes=10),
    )
    clock.set("2026-11-24 03:11")
    assert state("oversight.check", clock).overdue
    with transaction() as session:
        started = clock.now
        session.add(
            JobRun(
                job="oversight.check",
                due_at=due - timedelta(minutes=10),
                started_at=started,
                host="here",
                finished_at=started,
                failed=True,
                result="RuntimeError: 1 violations",
            )
        )
    failed = state("oversight.check", clock)
    assert (failed.overdue, failed.error, failed.started_at) == (True, "RuntimeError: 1 violations", clock.now)
    with transaction() as session:
        session.query(JobRun).one().failed = False
    done = state("oversight.check", clock)
    assert (done.overdue, done.error, done.next_at) == (False, None, due - timedelta(minutes=10) + timedelta(days=1))


def test_a_job_is_not_overdue_for_a_moment_before_the_installation(app: Flask, clock: Clock) -> None:
    clock.set("2026-11-24 19:00")
    with transaction():
        audit.record(SYSTEM, clock.now, "account.sign_up", ("person", 1))
    for job in JOBS:
        assert not state(job.name, clock).overdue
    assert state("oversight.check", clock).next_at == clock.now + timedelta(hours=8)
    clock.advance(minutes=11)
    assert state("notices.mail", clock).overdue  # should have run by now
    assert not state("oversight.check", clock).overdue
    clock.set("2026-11-25 03:11")
    assert state("oversight.check", clock).overdue


def test_the_monthly_run_comes_next_on_the_first_at_two(app: Flask, clock: Clock) -> None:
    at_two = state("rewards.month", clock)
    assert not at_two.overdue  # no policy: no run is missing
    clock.set("2026-12-01 02:00")
    assert at_two.next_at == clock.now


@pytest.mark.parametrize(("language", "late", "well"), [("zh-CN", "已逾期", "正常"), ("en", "Overdue", "On time")])
def test_administrators_see_them(app: Flask, clock: Clock, language: str, late: str, well: str) -> None:
    with transaction():
        admin = factories.regulator("admin")
    client, headers = sign_in(app.test_client(), admin), {"Accept-Language": language}
    page = client.get("/admin/jobs", headers=headers)
    assert page.status_code == 200
    assert late in page.text
    assert 'href="/admin/jobs"' in client.get("/admin/accounts", headers=headers).text  # the menu leads here
    run_all_due(clock.now)
    page = client.get("/admin/jobs", headers=headers)
    assert late not in page.text
    assert well in page.text
