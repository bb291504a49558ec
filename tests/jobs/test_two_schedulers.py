"""Two scheduler processes side by side over a month's turn: one run, each job's due moments once. One killed in the
middle of the run leaves nothing of it, and another does it anew."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from labshare.audit.models import AuditEvent
from labshare.kernel.database import db, transaction
from labshare.kernel.models import JobRun
from labshare.rewards.models import RewardCalculation, RewardLine, RewardRun
from tests import factories
from tests.conftest import environment_for
from tests.rewards.world import add_booking, add_lab, add_revenue, people, put_policy

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent


def start(database, at, folder, number, stop_in=None):
    with (folder / f"scheduler-{number}.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.jobs.two_schedulers", at, *([str(stop_in)] if stop_in else [])],
            cwd=HERE.parents[1],
            env={**os.environ, **environment_for(database), "PYTHONPATH": str(HERE.parents[1])},
            stdout=subprocess.DEVNULL,
            stderr=log,
        )


def runs_of(month):
    db.session.rollback()
    return db.session.query(RewardRun).filter_by(month=month).all()


def job_runs():
    db.session.rollback()
    return db.session.query(JobRun).all()


def wait_for(something, seconds=90):
    deadline = time.monotonic() + seconds
    while not something():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.5)


@pytest.fixture
def november(app, clock):
    """A lab with a month's revenue and a policy: 190,000 fen to pay."""
    with transaction():
        world = people()
        lab = add_lab(world)
        put_policy(world, clock.now, effective_from="2026-11")
        for day in range(1, 20):
            add_revenue(add_booking(world, lab, factories.firm(), date(2026, 11, day)), "2026-11", 100_000)
    db.session.remove()
    db.engine.dispose()


def test_one_run_over_the_turn_of_a_month(november, database, tmp_path):
    processes = [start(database, "2026-12-01T01:59:55+08:00", tmp_path, number) for number in range(2)]
    try:
        time.sleep(4)
        assert runs_of("2026-11") == []
        wait_for(lambda: runs_of("2026-11"))
        time.sleep(3)
        (run,) = runs_of("2026-11")
        assert (run.calculation, run.calculated_by, run.total_payable_fen) == (1, None, 190_000)
        assert [process.poll() for process in processes] == [None, None]
        # one of them may have won every turn so far: kill it, its work done, and the other goes on
        (monthly,) = [row for row in job_runs() if row.job == "rewards.month"]
        killed = next(process for process in processes if monthly.host.endswith(f":{process.pid}"))
        killed.kill()
        killed.wait(30)
        wait_for(lambda: {row.host for row in job_runs()} - {monthly.host})
    finally:
        for process in processes:
            process.send_signal(signal.SIGTERM)
        codes = sorted(process.wait(30) for process in processes)
    logs = [(tmp_path / f"scheduler-{number}.log").read_text() for number in range(2)]
    assert codes == [-signal.SIGKILL, 0], logs
    assert not any("Traceback" in log for log in logs), logs
    assert len(runs_of("2026-11")) == 1
    assert db.session.query(RewardCalculation).count() == 1
    assert db.session.query(RewardLine).filter_by(run_id=run.id).count() == 1
    rows = job_runs()
    assert not [row.result for row in rows if row.failed]
    assert max(Counter((row.job, row.due_at) for row in rows).values()) == 1
    assert len([row for row in rows if row.job == "rewards.month"]) == 1


def monthly():
    (row,) = [row for row in job_runs() if row.job == "rewards.month"]
    return row


def nothing_of_the_run():
    """What of the run is in the database: its rows, its lines, its calculation, its event."""
    found = [db.session.query(model).count() for model in (RewardRun, RewardLine, RewardCalculation)]
    return [*found, db.session.query(AuditEvent).filter_by(action="run.calculate").count()] == [0, 0, 0, 0]


@pytest.mark.timeout(600)
def test_killed_in_mid_run_another_does_it_anew(november, database, tmp_path):
    mark = tmp_path / "in the middle"
    first = start(database, "2026-12-01T01:59:58+08:00", tmp_path, 0, stop_in=mark)
    others = []
    try:
        wait_for(mark.exists)
        assert mark.read_text() == "1", "the line is written, in a transaction that is still open"
        assert first.poll() is None
        claimed = monthly()
        assert (claimed.finished_at, claimed.host.endswith(f":{first.pid}")) == (None, True)
        assert nothing_of_the_run()

        others.append(start(database, "2026-12-01T02:00:53+08:00", tmp_path, 1))
        time.sleep(3)
        assert monthly().host == claimed.host, "taken from one that is still at it"
        first.kill()
        assert first.wait(30) == -signal.SIGKILL
        assert (monthly().finished_at, nothing_of_the_run()) == (None, True)

        # it may still be at work for all that the others know: they go on, and leave it alone for ten minutes
        wait_for(lambda: {row.host for row in job_runs()} - {claimed.host})
        assert (monthly().host, nothing_of_the_run()) == (claimed.host, True)
        others[0].send_signal(signal.SIGTERM)
        assert others[0].wait(30) == 0

        others.append(start(database, "2026-12-01T02:10:20+08:00", tmp_path, 2))
        wait_for(lambda: monthly().finished_at)
    finally:
        first.kill()
        for process in others:
            process.send_signal(signal.SIGTERM)
        codes = [process.wait(30) for process in others]
    logs = [(tmp_path / f"scheduler-{number}.log").read_text() for number in range(3)]
    assert codes == [0, 0], logs
    assert not any("Traceback" in log for log in logs), logs
    assert monthly().host.endswith(f":{others[1].pid}")
    assert not monthly().failed
    (run,) = runs_of("2026-11")
    assert (run.calculation, run.total_payable_fen) == (1, 190_000)
    assert db.session.query(RewardCalculation).count() == 1
    assert db.session.query(RewardLine).filter_by(run_id=run.id).count() == 1
    assert db.session.query(AuditEvent).filter_by(action="run.calculate").count() == 1
