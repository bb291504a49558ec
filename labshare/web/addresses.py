"""Addresses that can name nothing: answered 404 or 400 before anybody asks the database, which would fail on them."""

from flask import Flask, abort, request

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


def init(app: Flask) -> None:
    app.before_request(refuse_unreadable_addresses)
