"""Writers killed with -9, twenty times under load, on both databases: nothing acknowledged is lost, nothing is half
done, and a repeated key answers as before."""

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
from flask import Flask
from sqlalchemy import func, select

from labshare.audit.models import AuditEvent
from labshare.booking.models import Booking, Charge, Holding
from labshare.kernel.database import db
from tests.conftest import TestDatabase, environment_for
from tests.races import racing
from tests.races.test_http import FIRST, ROOT, market, post, serving
from tests.races.test_one_slot import overlaps

WRITERS, KILLS = 6, 20


def write_until_stopped(port: int, item_id: int, token: str, runner: int, stop: Path, acknowledged: Path) -> int:
    """Book one slot after another, each with a key of its own that is sent again until it is answered; note what was
    acknowledged."""
    number = 0
    while not stop.exists():
        key = f"{runner}-{number}"
        slot = FIRST + timedelta(hours=WRITERS * number + runner)
        body = {"test_item": item_id, "quantity": 1, "starts_at": slot.isoformat(), "sample_description": "轴承"}
        with contextlib.suppress(OSError, json.JSONDecodeError, racing.http_exceptions):
            status, answer = post(port, "/api/v1/bookings", body, token, key=key)
            if status >= 500:
                return racing.BROKEN
            if status == 201:
                with acknowledged.open("a") as file:
                    file.write(json.dumps([runner, key, slot.isoformat(), answer["ref"]]) + "\n")
                number += 1
            elif status == 422:  # as far ahead as one may book
                return racing.WON
            continue
        time.sleep(0.02)
    return racing.WON


def kill_workers(server: int, stop: Path, acknowledged: Path) -> None:
    """One kill after another, each in the middle of work: some bookings lie between."""
    chance = random.Random(1)
    for number in range(KILLS):
        patience = time.monotonic() + 20
        while _lines(acknowledged) < 4 * (number + 1) and time.monotonic() < patience:
            time.sleep(0.02)
        time.sleep(chance.uniform(0, 0.1))
        workers = psutil.Process(server).children()
        if workers:
            with contextlib.suppress(psutil.NoSuchProcess):
                os.kill(chance.choice(workers).pid, signal.SIGKILL)
    time.sleep(1)
    stop.touch()


def _lines(file: Path) -> int:
    return file.read_bytes().count(b"\n") if file.exists() else 0


@pytest.mark.timeout(900)
def test_nothing_acknowledged_is_lost(app: Flask, database: TestDatabase, tmp_path: Path) -> None:
    item_id, tokens = market(WRITERS)
    stop, acknowledged = tmp_path / "stop", tmp_path / "acknowledged"
    with serving(database) as (port, server):
        killer = threading.Thread(target=kill_workers, args=(server, stop, acknowledged))
        killer.start()
        results = racing.race(
            app,
            WRITERS,
            1,
            lambda runner, _number: write_until_stopped(port, item_id, tokens[runner], runner, stop, acknowledged),
        )
        killer.join()
        assert results == [[racing.WON] * WRITERS]
        told = [json.loads(line) for line in acknowledged.read_text().splitlines()]
        assert len(told) > 2 * KILLS, "too little was written to prove anything"
        for runner, key, slot, ref in random.Random(2).sample(told, 20):
            body = {"test_item": item_id, "quantity": 1, "starts_at": slot, "sample_description": "轴承"}
            status, answer = post(port, "/api/v1/bookings", body, tokens[runner], key=key)
            assert (status, answer["ref"]) == (201, ref)

    db.session.remove()
    known = set(db.session.scalars(select(Booking.ref)))
    refs = {ref for *_, ref in told}
    assert refs <= known
    assert len(known) <= len(refs) + WRITERS  # at most one a writer was done and not yet told
    assert overlaps() == 0
    held = db.session.scalar(select(func.count()).select_from(Holding).where(Holding.kind == "booking"))
    lines = db.session.scalar(select(func.count(func.distinct(Charge.booking_id))))
    events = db.session.scalar(
        select(func.count(func.distinct(AuditEvent.subject_id))).where(AuditEvent.action == "booking.book")
    )
    assert (held, lines, events) == (len(known), len(known), len(known))
    environment = os.environ | environment_for(database) | {"PYTHONPATH": str(ROOT)}
    checked = subprocess.run(
        [sys.executable, "-c", "from labshare.commands import main; main()", "check"],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
