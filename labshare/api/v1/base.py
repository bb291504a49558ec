"""What every address of version 1 shares: field types, lists, the blueprint of a room."""

import base64
import binascii
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any

import marshmallow as ma
from flask_smorest import Blueprint

from labshare.api.access import know_caller
from labshare.api.v1.fields import Names, Range, Text, Whole
from labshare.api.writing import LONGEST_KEY, answering
from labshare.http.bodies import CHANGING

LIMIT, MOST = 50, 200
PROBLEM = {
    "type": "object",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {"type": "object", "properties": {"field": {"type": "string"}, "message": {"type": "string"}}},
        },
        "alternatives": {"type": "array", "items": {"type": "object"}},
    },
    "required": ["type", "title", "status", "detail"],
}
PROBLEM_HERE = {"$ref": "#/components/schemas/Problem"}
PROBLEM_TYPE = "application/problem+json"
ALWAYS = {
    "get": (HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS),
    "delete": (HTTPStatus.UNAUTHORIZED,),
    "post": (
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.CONFLICT,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        HTTPStatus.TOO_MANY_REQUESTS,
    ),
}
"""What any address may answer: a token that has ended; a key in flight or used with other data; too much sent;
too often asked."""
KEY_HEADER = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY},
}


class Shape:
    """An answer that is already as it goes out, with its JSON schema for the description."""

    def __init__(self, schema: dict[str, Any] | None = None) -> None:
        self.schema = schema or {"type": "object"}

    def dump(self, value: Any) -> Any:
        return value


class RoomBlueprint(Blueprint):  # type: ignore[misc]
    """A room's addresses; documents the problems that each may answer."""

    def __init__(self, room: str, description: str) -> None:
        super().__init__(f"api_{room}", f"labshare.api.v1.{room}", description=description)
        self.before_request(know_caller)

        self._prepare_doc_cbks.append(self._prepare_common_doc)

    def add_url_rule(self, rule: str, endpoint: Any = None, view_func: Any = None, **options: Any) -> None:
        """What changes something is answered once a key, and asked for its token before its body is read."""
        if not CHANGING.isdisjoint(options.get("methods") or ()):
            view_func = answering(view_func)
        super().add_url_rule(rule, endpoint, view_func, **options)

    @staticmethod
    def _make_doc_response_schema(schema: Any) -> Any:
        return schema.schema if isinstance(schema, Shape) else schema

    def _prepare_arguments_doc(self, doc: Any, doc_info: Any, **context: Any) -> Any:
        doc_info.get("arguments", {}).pop("responses", None)  # bad input is one of the problems
        return super()._prepare_arguments_doc(doc, doc_info, **context)

    @staticmethod
    def _prepare_common_doc(doc: dict[str, Any], _doc_info: Any, *, method: str, **_context: Any) -> dict[str, Any]:
        """The token, the key, and what any address may answer."""
        answers = doc.setdefault("responses", {})
        public = method == "get" and HTTPStatus.UNAUTHORIZED not in answers
        for status in ALWAYS[method]:
            answers.setdefault(
                int(status), {"description": status.phrase, "content": {PROBLEM_TYPE: {"schema": PROBLEM_HERE}}}
            )
        doc["security"] = [{}, {"token": []}] if public else [{"token": []}]
        if method == "post":
            doc.setdefault("parameters", []).append(KEY_HEADER)
        return doc

    def problems(self, *statuses: int) -> Callable[[Any], Any]:
        """Document the problem answers of an address."""

        def decorate(view: Any) -> Any:
            for status in statuses:
                view = self.alt_response(status, schema=PROBLEM_HERE, content_type=PROBLEM_TYPE)(view)
            return view

        return decorate


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


def listed(items: Sequence[Any], next_number: int | None) -> dict[str, Any]:
    """`{"items": […], "next_cursor": …}`."""
    return {"items": list(items), "next_cursor": cursor_of(next_number)}
