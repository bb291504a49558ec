"""LabShare, the shared-laboratory marketplace. `create_app` is the one place where everything is joined."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from flask import Flask

ROOT = Path(__file__).resolve().parent.parent
ROOMS = (
    "kernel",
    "audit",
    "accounts",
    "organisations",
    "notices",
    "catalogue",
    "booking",
    "settlement",
    "rewards",
    "oversight",
)


def create_app(*, serves: bool = True, owner: bool = False, **overrides: Any) -> Flask:
    """Build the application from `config.settings()`; `overrides` replace settings (tests). `serves`: it is
    a web process, which has no key to sign with. `owner`: it changes the tables themselves."""
    with uncollected():
        return _join_everything(serves, owner, overrides)


@contextmanager
def uncollected() -> Iterator[None]:
    """No garbage is looked for meanwhile, nor ever in what is loaded then: it stays, and looking through it took a
    fifth of a start. Of 440,000 objects 4,000 are garbage."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.freeze()
            gc.enable()


def _join_everything(serves: bool, owner: bool, overrides: dict[str, Any]) -> Flask:
    from config import settings
    from labshare.http.retry import Application
    from labshare.kernel.database import db, on_refusal

    app = Application(
        __name__,
        root_path=str(ROOT),
        template_folder="templates",
        static_folder="static",
    )
    app.config.update(settings(web=serves, owner=owner))
    app.config.update(overrides)
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = ";".join(
        str(path) for path in sorted((ROOT / "labshare" / "translations").glob("*")) if path.is_dir()
    )
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    db.init_app(app)
    for room in ROOMS:
        _import_parts(room)

    from labshare import api, web
    from labshare.audit.services import record_refusal
    from labshare.events import ANSWERS, HANDLERS
    from labshare.jobs.state import job_states
    from labshare.kernel.events import join
    from labshare.notices import services  # noqa: F401 - carries the notifications of the rooms below it

    on_refusal(record_refusal)
    join(HANDLERS, ANSWERS)
    app.extensions["labshare.jobs"] = job_states
    api.register(app)
    web.register(app)
    return app


def _import_parts(room: str) -> None:
    """Its tables, its labels, and what its services register: titles of actions, words of notices."""
    for part in ("models", "labels", "services"):
        if find_spec(f"labshare.{room}.{part}"):
            import_module(f"labshare.{room}.{part}")
