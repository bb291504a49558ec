"""Version 1, one file a room. A file that defines `blueprint` is joined by itself."""

import pkgutil
from importlib import import_module

from flask import Flask

from labshare.api import problems
from labshare.api.description import Described


def register(app: Flask, api: Described) -> None:
    """Register every room's blueprint under `/api/v1`, with token sign-in and problem answers."""
    app.extensions["labshare.api_errors"] = problems.answer
    api.spec.components.schema("Problem", schema=problems.Document)
    api.spec.components.security_scheme("token", {"type": "http", "scheme": "bearer"})
    for found in sorted(pkgutil.iter_modules(__path__), key=lambda each: each.name):
        blueprint = getattr(import_module(f"{__name__}.{found.name}"), "blueprint", None)
        if blueprint is None:
            continue
        api.register_blueprint(blueprint, url_prefix="/api/v1")
