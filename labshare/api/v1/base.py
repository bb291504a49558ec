"""What every address of version 1 shares: field types, lists, the blueprint of a room."""

import base64
import binascii
from collections.abc import Callable, Sequence
from functools import partial
from http import HTTPStatus
from operator import attrgetter
from typing import Any

import marshmallow as ma
from flask import Flask, request
from flask_smorest import Blueprint

from labshare.api.access import know_caller
from labshare.api.description import Described
from labshare.api.problems import MEDIA_TYPE, Document
from labshare.api.writing import LONGEST_KEY, answering
from labshare.http.bodies import CHANGING
from labshare.http.fields import Names, Range, Text, Whole
from labshare.kernel.time import utc_now
from labshare.settlement.files import Kinds, TakenFile, take_in

LIMIT, MOST = 50, 200
FILE = {"type": "string", "format": "binary"}
_WITH_A_BODY = (
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.CONFLICT,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.TOO_MANY_REQUESTS,
)
ALWAYS = {
    "GET": (HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS),
    "DELETE": (HTTPStatus.UNAUTHORIZED,),
    "POST": _WITH_A_BODY,
    "PATCH": _WITH_A_BODY,
}
"""What any address may answer: a token that has ended; a key in flight or used with other data; too much sent;
too often asked."""
KEY_HEADER = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY},
}


def files_sent(name: str, kinds: Kinds) -> list[TakenFile]:
    """All files under a name, which a caller may spell with `[]`, examined and kept. Not inside a transaction."""
    sent = [*request.files.getlist(f"{name}[]"), *request.files.getlist(name)]
    return [take_in(one.stream, one.filename or "file", kinds, now=utc_now()) for one in sent]


class RoomBlueprint(Blueprint):  # type: ignore[misc]
    """A room's addresses; documents the problems that each may answer."""

    def __init__(self, room: str, description: str) -> None:
        super().__init__(f"api_{room}", f"labshare.api.v1.{room}", description=description)
        self.before_request(know_caller)

    def add_url_rule(self, rule: str, endpoint: Any = None, view_func: Any = None, **options: Any) -> None:
        """What changes something is answered once a key. The token, the key, and what any address may answer are
        described here."""
        [method] = options["methods"]
        if method in CHANGING:
            view_func = answering(view_func)
        described: dict[str, Any] = {
            "security": [{}, {"token": []}] if view_func.right.public else [{"token": []}],
            "responses": _problems(ALWAYS[method]),
        }
        if method == "POST":
            described["parameters"] = [KEY_HEADER]
        super().add_url_rule(rule, endpoint, self.doc(**described)(view_func), **options)

    def register_views_in_doc(self, api: Described, app: Flask, spec: Any, **about: Any) -> None:
        """Called by the library as it joins the addresses to the application."""
        api.describe_later(partial(super().register_views_in_doc, api, app, spec, **about))

    def problems(self, *statuses: int) -> Any:
        """Document the problem answers of an address."""
        return self.doc(responses=_problems(statuses))


def _problems(statuses: Sequence[int]) -> dict[int, dict[str, Any]]:
    content = {MEDIA_TYPE: {"schema": Document}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in statuses}


class ListQuery(Names):
    """`?limit=&cursor=`."""

    class Meta:
        unknown = ma.EXCLUDE

    limit = Whole(load_default=LIMIT, validate=Range(1, MOST))
    cursor = Text(load_default=None, allow_none=True)


def after(cursor: str | None) -> int:
    """The number that a cursor holds, 0 without one; a cursor that is none of ours begins at the beginning."""
    if not cursor:
        return 0
    try:
        return max(0, int(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().removeprefix("after:")))
    except (ValueError, binascii.Error, UnicodeDecodeError):
        return 0


def cursor_of(number: int | None) -> str | None:
    return None if number is None else base64.urlsafe_b64encode(f"after:{number}".encode()).decode().rstrip("=")


def first_of(rows: Sequence[Any], limit: int, number: Callable[[Any], int] = attrgetter("id")) -> dict[str, Any]:
    """The first `limit` of rows of which one more was asked for; the cursor of the last where others follow."""
    shown = rows[:limit]
    return listed(shown, number(shown[-1]) if len(rows) > limit else None)


def listed(items: Sequence[Any], next_number: int | None) -> dict[str, Any]:
    """`{"items": […], "next_cursor": …}`."""
    return {"items": list(items), "next_cursor": cursor_of(next_number)}
