"""Two scheduler processes side by side over a month's turn: one run, each job's due moments once."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import date
from pathlib import Path

from labshare.kernel.database import db, transaction
from labshare.kernel.models import JobRun
from labshare.rewards.models import RewardCalculation, RewardLine, RewardRun
from tests import factories
from tests.conftest import environment_for
from tests.rewards.world import add_booking, add_lab, add_revenue, people, put_policy

HERE = Path(__file__).parent


def start(database, at, folder, number):
    with (folder / f"scheduler-{number}.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.jobs.two_schedulers", at],
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


def test_one_run_over_the_turn_of_a_month(app, clock, database, tmp_path):
    with transaction():
        world = people()
        lab = add_lab(world)
        put_policy(world, clock.now, effective_from="2026-11")
        for day in range(1, 20):
            add_revenue(add_booking(world, lab, factories.firm(), date(2026, 11, day)), "2026-11", 100_000)
    db.session.remove()
    db.engine.dispose()
    processes = [start(database, "2026-12-01T01:59:55+08:00", tmp_path, number) for number in range(2)]
    try:
        time.sleep(4)
        assert runs_of("2026-11") == []
        wait_for(lambda: runs_of("2026-11"))
        time.sleep(3)
        (run,) = runs_of("2026-11")
        assert (run.calculation, run.calculated_by, run.total_payable_fen) == (1, None, 190_000)
        assert [process.poll() for process in processes] == [None, None]
        # one of them may have won every turn so far: kill it, and the other goes on
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
