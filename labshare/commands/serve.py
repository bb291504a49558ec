"""`labshare serve`: the web server."""

import gc
import os
from typing import Any

import click
from flask import Flask
from gunicorn.app.base import BaseApplication

SMALL_COLLECTION = 20_000
"""New objects between two collections. A request makes thousands that reference counting frees; at Python's 700 a
booking spent an eighth of its time looking through them (tests/bench/bookings.py)."""


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

    serve_app(create_app(), bind=bind, workers=workers, threads=threads, level=log_level)


def serve_app(app: Flask, *, bind: str | None = None, workers: int = 2, threads: int = 8, level: str = "info") -> None:
    """Serve until SIGTERM or SIGINT. The application is made before the workers, which share its memory."""
    options = {
        "bind": bind or f"127.0.0.1:{app.config['PORT']}",
        "workers": workers,
        "threads": threads,
        "worker_class": "gthread",
        "loglevel": level,
        "control_socket_disable": True,  # it would lie in the home folder, shared by every server of the machine
        "worker_tmp_dir": "/dev/shm" if os.access("/dev/shm", os.W_OK) else None,  # noqa: S108  heartbeats, not data
        "timeout": 60,
        "graceful_timeout": 10,
    }
    gc.collect()
    gc.freeze()  # what is loaded now stays: no collection looks at it again, and workers go on sharing its pages
    gc.set_threshold(SMALL_COLLECTION)
    _Gunicorn(app, options).run()
