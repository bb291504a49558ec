"""`/api/docs`: the description of the API as a page, made from the same OpenAPI document."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask import Flask, render_template

from labshare.api.description import Described
from labshare.http.rights import public

METHODS = ("get", "post", "delete")


@dataclass(frozen=True)
class Field:
    name: str
    place: str
    """path, query, or body."""
    kind: str
    required: bool


@dataclass(frozen=True)
class Address:
    method: str
    path: str
    summary: str
    fields: tuple[Field, ...]
    answers: tuple[str, ...]


def register(app: Flask, api: Described) -> None:
    """Add the page. The document is the same on every call, so it is read once."""
    rooms: dict[str, list[Address]] = {}
    about = {}

    @app.get("/api/docs")
    @public
    def documentation() -> str:
        if not rooms:
            document = api.describe()
            about.update({tag["name"]: tag["description"] for tag in document["tags"]})
            for address, room in _addresses(document):
                rooms.setdefault(room, []).append(address)
        return render_template("api/docs.html", rooms=rooms, about=about)


def _addresses(document: dict[str, Any]) -> Iterator[tuple[Address, str]]:
    schemas = document.get("components", {}).get("schemas", {})
    for path, methods in sorted(document["paths"].items()):
        shared = methods.get("parameters", [])
        for method in METHODS:
            if method in methods:
                about = methods[method]
                fields = tuple(_fields(shared + about.get("parameters", []), about.get("requestBody"), schemas))
                answers = tuple(sorted(code for code in about["responses"] if code.isdigit()))
                yield Address(method.upper(), path, about.get("summary", ""), fields, answers), about["tags"][0]


def _fields(parameters: list[Any], body: Any, schemas: dict[str, Any]) -> Iterator[Field]:
    for each in parameters:
        if "name" in each:
            yield Field(each["name"], each["in"], _kind(each.get("schema", {})), bool(each.get("required")))
    for content in (body or {}).get("content", {}).values():
        schema = content.get("schema", {})
        if "$ref" in schema:
            schema = schemas.get(schema["$ref"].rsplit("/", 1)[1], {})
        for name, about in schema.get("properties", {}).items():
            yield Field(name, "body", _kind(about), name in schema.get("required", ()))


def _kind(schema: dict[str, Any]) -> str:
    kind = schema.get("type", "string")
    kind = " | ".join(kind) if isinstance(kind, list) else kind
    if "enum" in schema:
        return " | ".join(str(each) for each in schema["enum"] if each is not None)
    return f"{kind} ({schema['format']})" if "format" in schema else str(kind)
