"""The number by which a request is found in the log; an error page, or the API's answer, tells it."""

import secrets

from flask import g


def reference() -> str:
    """This request's number, the same as often as it is asked for."""
    if "reference" not in g:
        g.reference = secrets.token_hex(4).upper()
    number: str = g.reference
    return number
