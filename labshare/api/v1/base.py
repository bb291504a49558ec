"""What every address of version 1 shares: field types, lists, the blueprint of a room."""

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Any, ClassVar

import marshmallow as ma
from flask_babel import lazy_gettext as _l
from flask_smorest import Blueprint

from labshare.api.access import know_caller
from labshare.kernel.months import Month
from labshare.kernel.time import local_zone

LIMIT, MOST = 50, 200
PROBLEM = {"type": "object", "properties": {
    "type": {"type": "string"}, "title": {"type": "string"}, "status": {"type": "integer"},
    "detail": {"type": "string"},
    "errors": {"type": "array", "items": {"type": "object", "properties": {
        "field": {"type": "string"}, "message": {"type": "string"}}}},
    "alternatives": {"type": "array", "items": {"type": "object"}},
}, "required": ["type", "title", "status"]}  # fmt: skip


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

    @staticmethod
    def _make_doc_response_schema(schema: Any) -> Any:
        return schema.schema if isinstance(schema, Shape) else schema

    def problems(self, *statuses: int) -> Callable[[Any], Any]:
        """Document the problem answers of an address."""

        def decorate(view: Any) -> Any:
            for status in statuses:
                view = self.alt_response(status, schema=PROBLEM, content_type="application/problem+json")(view)
            return view

        return decorate


class Moment(ma.fields.Field):
    """An RFC 3339 date-time with offset ↔ an aware moment in UTC; written in the platform's zone."""

    default_error_messages: ClassVar[dict[str, Any]] = {
        "invalid": _l("An RFC 3339 date and time with offset, such as 2026-11-24T10:00:00+08:00.")
    }

    def _serialize(self, value: Any, *_: Any, **__: Any) -> Any:
        return None if value is None else value.astimezone(local_zone()).isoformat()

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> datetime:
        try:
            moment = datetime.fromisoformat(value.strip().replace(" ", "+"))
            if moment.tzinfo is None or len(value) < 16:
                raise ValueError
            return moment.astimezone(UTC)
        except (ValueError, TypeError, AttributeError, OverflowError) as error:
            raise self.make_error("invalid") from error


class Day(ma.fields.Date):
    """A local day, `YYYY-MM-DD`."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> date:
        day: date = super()._deserialize(value, *args, **kwargs)
        if not 1900 <= day.year <= 2999:
            raise self.make_error("invalid", input=value, obj_type="date")
        return day


class MonthField(ma.fields.Field):
    """A month, `YYYY-MM`."""

    default_error_messages: ClassVar[dict[str, Any]] = {"invalid": _l("A month such as 2026-11.")}

    def _serialize(self, value: Any, *_: Any, **__: Any) -> Any:
        return None if value is None else str(value)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Month:
        try:
            return Month.parse(value)
        except (ValueError, TypeError) as error:
            raise self.make_error("invalid") from error


class Whole(ma.fields.Integer):
    """An integer, never a rounded fraction: 40001.0 and 2.5 are refused alike. Fits the database's 64 bits."""

    def __init__(self, **kwargs: Any) -> None:
        checks = kwargs.pop("validate", [])
        checks = list(checks) if isinstance(checks, Sequence) else [checks]
        super().__init__(validate=[*checks, ma.validate.Range(-(2**53), 2**53)], **kwargs)

    def _validated(self, value: Any) -> int:
        if isinstance(value, bool | float):
            raise self.make_error("invalid", input=value)
        number: int = super()._validated(value)
        return number


class Fen(Whole):
    """Money in fen."""


class Text(ma.fields.String):
    """Text without control characters, blanks around it taken off."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        text: str = super()._deserialize(value, *args, **kwargs)
        if "\x00" in text or any(0xD800 <= ord(character) <= 0xDFFF for character in text):
            raise self.make_error("invalid_utf8")
        return text.strip()


class Empty(ma.Schema):
    """A body that may be left out."""

    class Meta:
        unknown = ma.RAISE


class ListQuery(ma.Schema):
    """`?limit=&cursor=`."""

    class Meta:
        unknown = ma.EXCLUDE

    limit = Whole(load_default=LIMIT, validate=ma.validate.Range(1, MOST))
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


THING = Shape()
LIST = Shape(
    {
        "type": "object",
        "properties": {
            "items": {"type": "array", "items": {"type": "object"}},
            "next_cursor": {"type": ["string", "null"]},
        },
        "required": ["items"],
    }
)
