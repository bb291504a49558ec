"""`labshare serve`: the web server."""

import atexit
import gc
import os
import resource
import shutil
import tempfile
from typing import Any

import click
from flask import Flask, current_app
from gunicorn.app.base import BaseApplication

from labshare.catalogue.rules.cutting import load_dictionary
from labshare.kernel.database import db
from labshare.kernel.roles import excess_rights

MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 -- nothing secret goes there
SMALL_COLLECTION = 20_000
"""New objects between two collections. A request makes thousands that reference counting frees; at Python's 700 a
booking spent an eighth of its time looking through them (tests/bench/bookings.py)."""

MOST_FILES = 4096


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


def count_across_workers() -> None:
    """Have each worker keep its counts in a file of a folder of this server's, which `/metrics` adds up, whichever
    worker is asked. Does nothing where whoever starts it has named a folder."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        return
    folder = tempfile.mkdtemp(prefix="labshare-metrics-", dir=MEMORY)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
    atexit.register(_forget, folder, os.getpid())


def _forget(folder: str, server: int) -> None:
    """The server that made the folder takes it away; its workers, which inherit this, do not."""
    if os.getpid() == server:
        shutil.rmtree(folder, ignore_errors=True)


def _allow_connections() -> None:
    """As many open files as a worker's connections need, where the system allows them."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = hard if hard != resource.RLIM_INFINITY else MOST_FILES
    if soft < MOST_FILES:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(MOST_FILES, most), hard))


def warn_of_counting_alone(app: Flask, workers: int) -> None:
    """Say where limits are counted by each worker for itself, so that up to so many times as much passes."""
    if app.config["PRODUCTION"] and workers > 1 and app.config["RATELIMIT_STORAGE_URI"].startswith("memory"):
        click.echo(
            f"RATELIMIT_STORAGE_URI is not set: each of {workers} workers counts for itself, and up to {workers} times "
            "as much passes as the limits say. Set it to a Valkey server, such as valkey://127.0.0.1:6379/0.",
            err=True,
        )


def without_signing_key(app: Flask) -> None:
    """Have an application that serves sign nothing. In production it must not know how: raises `ClickException`."""
    if app.config["PRODUCTION"] and app.config["AUDIT_KEY"]:
        raise click.ClickException(
            "AUDIT_KEY: a web process gets AUDIT_PUBLIC_KEY alone; start the scheduler by itself"
        )
    app.config["AUDIT_KEY"] = None


def without_excess_rights() -> None:
    """Have no process of production run as who could take the database's guards away. Raises `ClickException`."""
    if current_app.config["PRODUCTION"] and (excess := excess_rights()):
        raise click.ClickException(
            f"DATABASE_URL: its role {excess}; have MIGRATION_DATABASE_URL name the owner, and run labshare db upgrade"
        )
    db.session.remove()
    db.engine.dispose()  # workers make connections of their own


@click.command()
@click.option("--bind", help="Address and port; 127.0.0.1 and PORT by default.")
@click.option("--workers", type=click.IntRange(1), default=2, show_default=True, help="Processes.")
@click.option(
    "--threads",
    type=click.IntRange(1),
    default=8,
    envvar="THREADS",
    show_default=True,
    help="Threads in each process, which has as many connections to the database, and as many in reserve.",
)
@click.option("--log-level", type=click.Choice(["info", "warning"]), default="info", show_default=True)
def serve(bind: str | None, workers: int, threads: int, log_level: str) -> None:
    """Serve pages and API."""
    count_across_workers()  # before anything that counts is imported
    os.environ["THREADS"] = str(threads)  # before the settings are read
    from labshare import create_app

    serve_app(create_app(), bind=bind, workers=workers, level=log_level)


def serve_app(app: Flask, *, bind: str | None = None, workers: int = 2, level: str = "info") -> None:
    """Serve until SIGTERM or SIGINT. The application is made before the workers, which share its memory."""
    warn_of_counting_alone(app, workers)
    without_signing_key(app)
    with app.app_context():
        without_excess_rights()
    options = {
        "bind": bind or f"127.0.0.1:{app.config['PORT']}",
        "workers": workers,
        "threads": app.config["THREADS"],
        "worker_class": "labshare.commands.worker.PatientWorker",
        "loglevel": level,
        "control_socket_disable": True,  # it would lie in the home folder, shared by every server of the machine
        "worker_tmp_dir": MEMORY,  # heartbeats, not data
        "timeout": 60,
        "graceful_timeout": 10,
    }
    _allow_connections()
    load_dictionary()
    gc.freeze()  # what is loaded by now: no collection looks at it again, and workers go on sharing its pages
    gc.set_threshold(SMALL_COLLECTION)
    _Gunicorn(app, options).run()
