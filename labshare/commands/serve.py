"""`labshare serve`, the web server; `labshare start`, what `make run` ends with: server and scheduler together."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import FrameType
from typing import Any

import click
from alembic import command
from flask import Flask, current_app
from gunicorn.app.base import BaseApplication
from sqlalchemy import exists, or_, select

from labshare.commands import with_app
from labshare.commands.db import alembic_config
from labshare.kernel.database import db

WHO = {
    "client": "books for a small firm",
    "owner": "owner of a firm with labs",
    "lab": "lab manager of that firm",
    "officer": "sets policies, runs rewards",
    "approver": "approves what an officer prepared",
    "auditor": "reads all, changes nothing",
    "admin": "verifies firms, manages accounts",
}
LABSHARE = str(Path(sys.executable).with_name("labshare"))


class _Gunicorn(BaseApplication):  # type: ignore[misc]
    def __init__(self, app: Flask, options: dict[str, Any]) -> None:
        self.app = app
        self.options = options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self.options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        return self.app


@click.command()
@click.option("--bind", help="Address and port; 127.0.0.1 and PORT by default.")
@click.option("--workers", type=click.IntRange(1), default=2, show_default=True, help="Processes.")
@click.option("--threads", type=click.IntRange(1), default=8, show_default=True, help="Threads in each process.")
@click.option("--log-level", type=click.Choice(["info", "warning"]), default="info", show_default=True)
def serve(bind: str | None, workers: int, threads: int, log_level: str) -> None:
    """Serve pages and API."""
    from labshare import create_app

    app = create_app()
    options = {
        "bind": bind or f"127.0.0.1:{app.config['PORT']}",
        "workers": workers,
        "threads": threads,
        "worker_class": "gthread",
        "loglevel": log_level,
        "control_socket_disable": True,  # it would lie in the home folder, shared by every server of the machine
        "worker_tmp_dir": "/dev/shm" if os.access("/dev/shm", os.W_OK) else None,  # noqa: S108  heartbeats, not data
        "timeout": 60,
        "graceful_timeout": 10,
    }
    _Gunicorn(app, options).run()


@click.command()
@with_app
def start() -> None:
    """Migrate, load the county data into an empty database, then run web server and scheduler until Ctrl-C."""
    port = current_app.config["PORT"]
    if _taken(port):
        raise click.ClickException(f"Port {port} is taken. Another one: PORT={port + 1} make run")
    command.upgrade(alembic_config(), "head")
    if _is_empty():
        _load_demonstration_data()
    db.engine.dispose()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    children = [_child("serve", "--log-level", "warning"), _child("scheduler")]
    try:
        _wait_until_serving(f"http://127.0.0.1:{port}/healthz", children)
        _show_welcome(port)
        while all(child.poll() is None for child in children):
            time.sleep(0.5)
        raise click.ClickException("A process ended by itself; see its message above.")
    finally:
        _end(children)


def _taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def _is_empty() -> bool:
    from labshare.accounts.models import Person
    from labshare.organisations.models import Firm

    return not db.session.scalar(select(or_(exists(select(Person.id)), exists(select(Firm.id)))))


def _load_demonstration_data() -> None:
    db.session.rollback()
    if subprocess.run([LABSHARE, "demo", "load", "--scale", "county"]).returncode:
        raise click.ClickException("The demonstration data could not be loaded; see the message above.")


def _child(*arguments: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([LABSHARE, *arguments], start_new_session=True, preexec_fn=_end_with_parent)


def _end_with_parent() -> None:
    """Have the kernel end this process when `labshare start` is gone, however it went (PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


def _wait_until_serving(address: str, children: list["subprocess.Popen[bytes]"]) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and all(child.poll() is None for child in children):
        try:
            urllib.request.urlopen(address, timeout=5).close()  # noqa: S310  our own address
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
    raise click.ClickException("The web server or the scheduler did not start; see the message above.")


def _end(children: list["subprocess.Popen[bytes]"]) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C must not leave one behind
    for child in children:
        child.terminate()
    for child in children:
        try:
            child.wait(timeout=12)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _show_welcome(port: int) -> None:
    """Print the address and, where the demonstration data is loaded, its accounts."""
    from labshare.accounts.models import Person
    from labshare.demonstration.people import ACCOUNTS, PASSWORD, email_of

    click.echo(f"\nLabShare runs at http://127.0.0.1:{port}   (Ctrl-C stops it)")
    known = set(db.session.scalars(select(Person.email).where(Person.email.in_(map(email_of, ACCOUNTS)))))
    db.session.rollback()
    if known:
        click.echo(f"\nDemonstration accounts, all with the password {PASSWORD}")
        for account in ACCOUNTS:
            if email_of(account) in known:
                click.echo(f"  {email_of(account):24}{WHO.get(account, '')}".rstrip())
    click.echo()
