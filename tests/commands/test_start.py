"""`labshare start`: serves beside the scheduler, says where, and leaves no process behind, however it is ended."""

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from alembic import command

from labshare.commands.db import alembic_config
from labshare.kernel.database import db
from tests import factories as make
from tests.conftest import TestDatabase, environment_for

pytestmark = pytest.mark.slow

LABSHARE = Path(sys.executable).with_name("labshare")


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def start(app: object, database: TestDatabase, port: int) -> Iterator[Callable[[], "subprocess.Popen[str]"]]:
    """Starts `labshare start` on a database with one person in it, which the county data must not join."""
    make.person()
    db.session.commit()
    command.stamp(alembic_config(), "head")  # made from the models, not by migrations: say that it is up to date
    db.session.remove()
    db.engine.dispose()
    running = []

    def started() -> "subprocess.Popen[str]":
        environment = os.environ | environment_for(database) | {"PORT": str(port)}
        process = subprocess.Popen(
            [LABSHARE, "start"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        running.append(process)
        return process

    yield started
    for process in running:
        process.kill()
        process.wait()
        process.stdout.close()


def welcome(process: "subprocess.Popen[str]") -> str:
    for line in process.stdout:
        if "http://" in line:
            return line
    raise AssertionError("it ended without a welcome")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
def test_it_serves_and_leaves_nothing_behind(start, port, number):
    process = start()
    assert f"http://127.0.0.1:{port} " in welcome(process)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=20) as page:
        assert page.status == 200
    family = psutil.Process(process.pid).children(recursive=True)
    assert len(family) >= 3, "server, its workers, scheduler"

    process.send_signal(number)
    process.wait(timeout=30)
    _gone, alive = psutil.wait_procs(family, timeout=30)
    assert alive == []


def test_a_taken_port_is_said(start, port):
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        process = start()
        assert process.wait(timeout=60) == 1
        assert f"Port {port} is taken. Another one: PORT={port + 1} make run" in process.stdout.read()
