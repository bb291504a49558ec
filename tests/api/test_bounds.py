"""Every bound that the description of the API names refuses: one more, or one character more, is an error of that
field; the bound itself is none. Read from the description, so that a new bound is tried as well."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from labshare.api.v1.base import LONGEST_KEY, MOST
from labshare.api.v1.catalogue import LONGEST_SPAN_DAYS
from tests.api.conftest import Headers, Market

pytestmark = pytest.mark.slow

ENGINES = ("sqlite",)  # refused before the database is asked
FORM = "multipart/form-data"


@dataclass(frozen=True)
class Bound:
    method: str
    path: str
    place: str
    """`query`, or the content type of a body."""
    field: str
    within: Any
    beyond: Any


def bounds(app: Flask) -> Iterator[Bound]:
    described: dict[str, Any] = app.test_client().get("/api/v1/openapi.json").get_json()

    def followed(schema: dict[str, Any]) -> dict[str, Any]:
        name = schema.get("$ref", "").rsplit("/", 1)[-1]
        return described["components"]["schemas"][name] if name else schema

    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            if method not in ("get", "post", "delete"):
                continue
            for one in operation.get("parameters", []):
                if one.get("in") == "query":
                    for pair in _pairs(one["schema"]):
                        yield Bound(method, path, "query", one["name"], *pair)
            for kind, body in operation.get("requestBody", {}).get("content", {}).items():
                for name, schema in followed(body["schema"]).get("properties", {}).items():
                    for pair in _pairs(schema):
                        yield Bound(method, path, kind, name, *pair)


def _pairs(schema: dict[str, Any]) -> Iterator[tuple[Any, Any]]:
    if "maxLength" in schema:
        yield "x" * schema["maxLength"], "x" * (schema["maxLength"] + 1)
    if schema.get("minLength"):
        yield "x" * schema["minLength"], ""
    if "maximum" in schema:
        yield schema["maximum"], schema["maximum"] + 1
    if "minimum" in schema:
        yield schema["minimum"], schema["minimum"] - 1


def _wrong_fields(client: FlaskClient, bound: Bound, value: Any, headers: Headers) -> tuple[int, list[str]]:
    path = bound.path
    path = path.replace("{month}", "2026-10")
    path = re.sub(r"\{\w+\}", "1", path)
    given: dict[str, Any] = {"headers": headers}
    if bound.place == "query":
        given["query_string"] = {bound.field: value}
    elif bound.place == FORM:
        given["data"], given["content_type"] = {bound.field: str(value)}, FORM
    else:
        given["json"] = {bound.field: value}
    answer = client.open(path, method=bound.method.upper(), **given)
    told = answer.get_json(silent=True) or {}
    return answer.status_code, [one["field"] for one in told.get("errors", [])]


def test_every_bound_of_the_description_refuses(app: Flask, market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    """The right to what the address names is asked before the body is read; here only the bounds are looked at."""
    for view in app.view_functions.values():
        if hasattr(view, "before_body"):
            monkeypatch.setattr(view, "before_body", lambda **_: None)
    client, wrong, tried = app.test_client(), [], 0
    for bound in bounds(app):
        tried += 1
        beyond = _wrong_fields(client, bound, bound.beyond, market.booker)
        if beyond[0] != 422 or bound.field not in beyond[1]:
            wrong.append(f"{bound.method} {bound.path} {bound.place}: {bound.field} beyond its bound: {beyond}")
        within = _wrong_fields(client, bound, bound.within, market.booker)
        if within[0] >= 500 or (within[0] == 422 and bound.field in within[1] and len(str(bound.within)) > 1):
            wrong.append(f"{bound.method} {bound.path} {bound.place}: {bound.field} at its bound: {within}")
    assert tried > 100, "does the description still name its bounds?"
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("limit", [0, -1, MOST + 1, 10**9, "all", "1.5", ""])
@pytest.mark.parametrize("path", ["/labs", "/instruments", "/test-items", "/bookings"])
def test_a_page_larger_than_the_largest_is_refused(app: Flask, market: Market, path: str, limit: Any) -> None:
    client = app.test_client()
    answer = client.get(f"/api/v1{path}?limit={limit}", headers=market.booker)
    assert answer.status_code == 422
    assert [one["field"] for one in answer.get_json()["errors"]] == ["limit"]
    assert client.get(f"/api/v1{path}?limit={MOST}", headers=market.booker).status_code == 200


def test_an_idempotency_key_longer_than_kept_is_refused(app: Flask, market: Market, wish: Any) -> None:
    client = app.test_client()
    for length, status in ((LONGEST_KEY + 1, 422), (LONGEST_KEY, 201)):
        headers = {**market.booker, "Idempotency-Key": "k" * length}
        answer = client.post(
            "/api/v1/bookings", data=json.dumps(wish()), content_type="application/json", headers=headers
        )
        assert answer.status_code == status, answer.text


def test_more_days_of_availability_than_one_answer_holds_are_refused(app: Flask, market: Market) -> None:
    path, client = f"/api/v1/instruments/{market.instrument.id}/availability", app.test_client()
    assert LONGEST_SPAN_DAYS == 92
    within = client.get(path, query_string={"from": "2026-11-24T00:00:00+08:00", "to": "2027-02-24T00:00:00+08:00"})
    assert within.status_code == 200
    beyond = client.get(path, query_string={"from": "2026-11-24T00:00:00+08:00", "to": "2027-02-25T00:00:00+08:00"})
    assert (beyond.status_code, [one["field"] for one in beyond.get_json()["errors"]]) == (422, ["to"])
