"""Field types, their checks and their words: what is wrong is said in the reader's language."""

from datetime import UTC, date, datetime
from typing import Any, ClassVar

import marshmallow as ma
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from labshare.kernel.months import Month
from labshare.kernel.time import local_zone

YEARS = range(1900, 3000)
"""Outside them offsets have seconds, which RFC 3339 cannot write, and nobody means them."""
WORDS: dict[str, Any] = {"required": _l("This is needed."), "null": _l("This is needed.")}


class Range(ma.validate.Range):
    """From `min` to `max`, both included."""

    def _format_error(self, value: Any, message: str) -> str:
        if self.max is None:
            return _("At least %(min)s.", min=self.min)
        return _("From %(min)s to %(max)s.", min=self.min, max=self.max)


class Length(ma.validate.Length):
    def _format_error(self, value: Any, message: str) -> str:
        if not len(value):
            return _("This is needed.")
        return _("At most %(max)s characters.", max=self.max)


class OneOf(ma.validate.OneOf):
    def _format_error(self, value: Any) -> str:
        return _("One of: %(choices)s.", choices=self.choices_text)


class Pattern(ma.validate.Regexp):
    """A spelling, and an example of it."""

    def __init__(self, regex: str, example: str) -> None:
        super().__init__(regex)
        self.example = example

    def _format_error(self, value: Any) -> str:
        return _("Such as %(example)s.", example=self.example)


class Names(ma.Schema):
    """What a body, a form or a query may hold."""

    error_messages: ClassVar[dict[str, Any]] = {
        "type": _l("A JSON object is needed."),
        "unknown": _l("There is no such field."),
    }


class Strict(Names):
    """These names and no others."""

    class Meta:
        unknown = ma.RAISE


class Many(ma.fields.List):
    default_error_messages: ClassVar[dict[str, Any]] = WORDS | {"invalid": _l("A list.")}


class Moment(ma.fields.Field):
    """An RFC 3339 date-time with offset ↔ an aware moment in UTC; written in the platform's zone."""

    default_error_messages: ClassVar[dict[str, Any]] = WORDS | {
        "invalid": _l("An RFC 3339 date and time with offset, such as 2026-11-24T10:00:00+08:00.")
    }

    def _serialize(self, value: Any, *_: Any, **__: Any) -> Any:
        return None if value is None else value.astimezone(local_zone()).isoformat()

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> datetime:
        try:
            moment = datetime.fromisoformat(value.strip().replace(" ", "+"))
            if moment.tzinfo is None or len(value) < 16 or moment.year not in YEARS:
                raise ValueError
            return moment.astimezone(UTC)
        except (ValueError, TypeError, AttributeError, OverflowError) as error:
            raise self.make_error("invalid") from error


class Day(ma.fields.Date):
    """A local day, `YYYY-MM-DD`."""

    default_error_messages: ClassVar[dict[str, Any]] = WORDS | {"invalid": _l("A day such as 2026-11-24.")}

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> date:
        day: date = super()._deserialize(value, *args, **kwargs)
        if day.year not in YEARS:
            raise self.make_error("invalid", input=value, obj_type="date")
        return day


class MonthField(ma.fields.Field):
    """A month, `YYYY-MM`."""

    default_error_messages: ClassVar[dict[str, Any]] = WORDS | {"invalid": _l("A month such as 2026-11.")}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(metadata={"pattern": "^[0-9]{4}-(0[1-9]|1[0-2])$"}, **kwargs)

    def _serialize(self, value: Any, *_: Any, **__: Any) -> Any:
        return None if value is None else str(value)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Month:
        try:
            month = Month.parse(value)
            if month.year not in YEARS:
                raise ValueError
            return month
        except (ValueError, TypeError) as error:
            raise self.make_error("invalid") from error


class Whole(ma.fields.Integer):
    """An integer, never a rounded fraction: 40001.0 and 2.5 are refused alike. Fits the database's 64 bits."""

    default_error_messages: ClassVar[dict[str, Any]] = WORDS | {
        "invalid": _l("A whole number."),
        "too_large": _l("A whole number."),
    }

    def __init__(self, *, validate: Range | None = None, **kwargs: Any) -> None:
        super().__init__(validate=validate or Range(-(2**53), 2**53), **kwargs)

    def _validated(self, value: Any) -> int:
        if isinstance(value, bool | float):
            raise self.make_error("invalid", input=value)
        number: int = super()._validated(value)
        return number


class Fen(Whole):
    """Money in fen."""


class Text(ma.fields.String):
    """Text without control characters, blanks around it taken off."""

    default_error_messages: ClassVar[dict[str, Any]] = WORDS | {
        "invalid": _l("Text."),
        "invalid_utf8": _l("Text without control characters."),
    }

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        text: str = super()._deserialize(value, *args, **kwargs)
        if "\x00" in text or any(0xD800 <= ord(character) <= 0xDFFF for character in text):
            raise self.make_error("invalid_utf8")
        return text.strip()
