"""Errors as `application/problem+json` (RFC 9457): type, title, status, detail; for bad input the fields."""

import logging
from collections.abc import Iterator
from typing import Any

from flask import Response, json
from flask_babel import gettext as _
from werkzeug.exceptions import HTTPException
from werkzeug.http import HTTP_STATUS_CODES

from labshare.booking.errors import SlotTaken
from labshare.http.fields import Inside, Text, Whole
from labshare.http.references import reference
from labshare.http.schemas.base import Answer
from labshare.http.schemas.booking import Slot
from labshare.kernel.errors import Busy, InvalidInput, Problem, SignInFirst

log = logging.getLogger("labshare.api")

MEDIA_TYPE = "application/problem+json"


class WrongField(Answer):
    field = Text()
    message = Text()


class Document(Answer):
    """A problem document."""

    optional = ("errors", "alternatives")

    type = Text()
    title = Text()
    status = Whole()
    detail = Text()
    errors = Inside(WrongField, many=True)
    alternatives = Inside(Slot, many=True)


DOCUMENT = Document()


def answer(error: Exception) -> Response:
    """Any error under `/api/` as its problem document."""
    if isinstance(error, Problem):
        return _refused(error)
    if isinstance(error, HTTPException):
        return _http(error)
    log.exception("api error %s", reference(), exc_info=error)
    return document(
        "ServerError",
        500,
        detail=_("Something went wrong on our side (no. %(id)s). Nothing was saved.", id=reference()),
    )


def document(code: str, status: int, *, detail: str, **more: Any) -> Response:
    """A problem document. `code` names the problem for programs; `detail` says it in the reader's language."""
    body = {
        "type": f"urn:labshare:problem:{code}",
        "title": HTTP_STATUS_CODES[status],
        "status": status,
        "detail": detail,
    }
    response = Response(json.dumps(DOCUMENT.dump(body | more)), status, content_type=MEDIA_TYPE)
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _refused(problem: Problem) -> Response:
    more: dict[str, Any] = {}
    if isinstance(problem, InvalidInput):
        more["errors"] = list(_fields(problem))
    if isinstance(problem, SlotTaken):
        more["alternatives"] = problem.alternatives
    status = 401 if isinstance(problem, SignInFirst) else problem.status
    response = document(problem.code, status, detail=problem.text, **more)
    if isinstance(problem, Busy):
        response.headers["Retry-After"] = str(problem.retry_after)
    return response


API_FIELDS = {
    "test_item_id": "test_item",
    "instrument_id": "instrument",
    "hold_id": "hold",
    "fee_id": "fee",
}
"""Services' names of fields that the API spells otherwise."""


def _fields(problem: InvalidInput) -> Iterator[dict[str, str]]:
    for each in problem.problems:
        field = each.field or ""
        yield {"field": API_FIELDS.get(field, field), "message": each.text}


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    data = getattr(error, "data", None) or {}
    if "messages" in data:
        if status == 400:
            data = {"messages": {"json": [_("A JSON object is needed.")]}}
        fields = [{"field": field, "message": message} for field, message in _flat(data["messages"])]
        response = document("InvalidInput", 422, detail=_("Check what was entered."), errors=fields)
    else:
        response = document(error.name.replace(" ", ""), status, detail=error.description or error.name)
    for name, value in error.get_headers():
        if name.lower() in ("allow", "retry-after"):
            response.headers[name] = value
    return response


def _flat(messages: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Marshmallow's nested messages as (field, message); the location (json, query, files) is left out."""
    if isinstance(messages, dict):
        for name, inner in messages.items():
            place = path if not path and name in ("json", "query", "form", "files", "_schema") else f"{path}.{name}"
            yield from _flat(inner, place.removeprefix("."))
    elif isinstance(messages, list):
        for inner in messages:
            yield from _flat(inner, path)
    else:
        yield path, str(messages)
