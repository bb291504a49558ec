"""`labshare start`: what `make run` ends with, web server and scheduler together."""

import contextvars
import ctypes
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import TextIO

import click
from flask import Flask, current_app

from labshare.commands import with_app
from labshare.commands.db import upgrade_to
from labshare.commands.scheduler import serve_jobs
from labshare.commands.serve import serve_app
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
FORK = multiprocessing.get_context("fork")
"""The children share what is imported already: the second start must take less than five seconds."""


@click.command()
@with_app
def start() -> None:
    """Migrate, load the county data into an empty database, then run web server and scheduler until Ctrl-C."""
    port = current_app.config["PORT"]
    if _taken(port):
        raise click.ClickException(f"Port {port} is taken. Another one: PORT={port + 1} make run")
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    upgrade_to()
    from labshare.organisations.queries import is_empty

    if is_empty():
        _load_demonstration_data()
    db.session.remove()
    db.engine.dispose()

    path: Path = current_app.config["INSTANCE"] / "run.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    # Mails to the console would bury the welcome: what the two say goes to a file.
    with path.open("w") as log:
        children = [FORK.Process(target=_in_child, args=(work, app, log)) for work in (_serve, serve_jobs)]
        try:
            for child in children:
                child.start()
            if not _serving(f"http://127.0.0.1:{port}/", children):
                raise click.ClickException(f"The web server or the scheduler did not start; see {path}")
            _show_welcome(port, path)
            while all(child.is_alive() for child in children):
                time.sleep(0.5)
            raise click.ClickException(f"A process ended by itself; see {path}")
        finally:
            _end(children)


def _serve(app: Flask) -> None:
    serve_app(app, level="warning")


def _in_child(work: Callable[[Flask], None], app: Flask, log: TextIO) -> None:
    """Work apart from the terminal and from the context of `start`, and not longer than it."""
    _follow_parent()
    os.dup2(log.fileno(), 1)
    os.dup2(log.fileno(), 2)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    contextvars.Context().run(work, app)


def _follow_parent() -> None:
    """Leave the terminal's group; have the kernel end this process when its parent is gone (PR_SET_PDEATHSIG)."""
    os.setsid()
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def _taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def _load_demonstration_data() -> None:
    """On SQLite into a file beside, which takes the database's place when complete: an interrupted load leaves none."""
    db.session.remove()
    url = db.engine.url
    db.engine.dispose()
    if url.get_backend_name() != "sqlite":
        _must_succeed("demo", "load", "--scale", "county")
        return
    database = Path(url.database or "")
    beside = database.with_name("loading.db")
    for leftover in database.parent.glob("loading.*"):
        leftover.unlink()
    _must_succeed("db", "upgrade", database=f"sqlite:///{beside}")
    _must_succeed("demo", "load", "--scale", "county", database=f"sqlite:///{beside}")
    for suffix in ("-wal", "-shm"):
        database.with_name(database.name + suffix).unlink(missing_ok=True)
    beside.replace(database)
    beside.with_suffix(".lock").unlink(missing_ok=True)


def _must_succeed(*arguments: str, database: str | None = None) -> None:
    environment = os.environ | ({"DATABASE_URL": database} if database else {})
    child = subprocess.Popen([LABSHARE, *arguments], env=environment, preexec_fn=_follow_parent)
    try:
        if child.wait():
            raise click.ClickException("The demonstration data could not be loaded; see the message above.")
    finally:
        child.kill()  # does nothing to one that has ended
        child.wait()


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


def _serving(address: str, children: list[multiprocessing.context.ForkProcess]) -> bool:
    """Wait until the server answers, whatever it answers; False if it does not within 30 seconds."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and all(child.is_alive() for child in children):
        try:
            urllib.request.urlopen(address, timeout=10).close()  # noqa: S310 - our own address
            return True
        except urllib.error.HTTPError:
            return True
        except OSError:
            time.sleep(0.1)
    return False


def _end(children: list[multiprocessing.context.ForkProcess]) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C must not leave one behind
    started = [child for child in children if child.pid is not None]
    for child in started:
        child.terminate()
    for child in started:
        child.join(12)
        child.kill()


def _show_welcome(port: int, log: Path) -> None:
    """Print the address and, where the demonstration data is loaded, its accounts."""
    from labshare.accounts.queries import known_addresses
    from labshare.demonstration.people import ACCOUNTS, PASSWORD, email_of

    click.echo(f"\nLabShare runs at http://127.0.0.1:{port}   (Ctrl-C stops it)")
    click.echo(f"Mails and messages: {log}")
    known = known_addresses(map(email_of, ACCOUNTS))
    db.session.rollback()
    if known:
        click.echo(f"\nDemonstration accounts, all with the password {PASSWORD}")
        for account in ACCOUNTS:
            if email_of(account) in known:
                click.echo(f"  {email_of(account):24}{WHO.get(account, '')}".rstrip())
    click.echo()
