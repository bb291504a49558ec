"""Addresses that can name nothing: answered 404 or 400 before anybody asks the database, which would fail on them. The
addresses of pages that name nothing, which stand on every page, made once."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from flask import Flask, abort, has_request_context, request, url_for

LARGEST_ID = 2**31 - 1
"""What an id column holds."""


SCANNED = "scanned"
"""In the session: the reference on the label of the sample scanned last, for the place that is scanned next."""


def refuse_unreadable_addresses() -> None:
    for value in (request.view_args or {}).values():
        if isinstance(value, int) and not -LARGEST_ID <= value <= LARGEST_ID:
            abort(404)
        if isinstance(value, str) and not value.isprintable():
            abort(404)
    if request.path.startswith("/api/"):
        return  # says so at the field
    if any("\x00" in value for values in request.args.listvalues() for value in values):
        abort(400)


def _address() -> Callable[..., str]:
    """`url_for` of templates."""

    @lru_cache(1_024)
    def cached(_root: str, endpoint: str, **file: str) -> str:
        return url_for(endpoint, **file)

    # Never an address with a host, which is the request's to say: another's would be kept for everybody.
    def address(endpoint: str, **values: Any) -> str:
        if has_request_context() and not endpoint.startswith(".") and (not values or values.keys() == {"filename"}):
            return cached(request.script_root, endpoint, **values)
        return url_for(endpoint, **values)

    return address


def init(app: Flask) -> None:
    app.jinja_env.globals.update(url_for=_address())
    app.before_request(refuse_unreadable_addresses)
