"""Field types of what comes in and goes out: how a value is read, what is wrong with it in the reader's language, how
JSON spells it (and is described), and how it stands in a cell of a file."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, ClassVar

import marshmallow as ma
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from labshare.kernel.formatting import twin
from labshare.kernel.months import Month
from labshare.kernel.tables import yuan
from labshare.kernel.terms import Term
from labshare.kernel.time import local_zone

YEARS = range(1900, 3000)
"""Outside them offsets have seconds, which RFC 3339 cannot write, and nobody means them."""
MESSAGES: dict[str, Any] = {"required": _l("This is needed."), "null": _l("This is needed.")}


class _Worded:
    """A check of marshmallow's whose refusal is said in our words."""

    def __call__(self, value: Any) -> Any:
        try:
            return super().__call__(value)  # type: ignore[misc]
        except ma.ValidationError as error:
            raise ma.ValidationError(self.refusal(value)) from error

    def refusal(self, value: Any) -> str:
        raise NotImplementedError


class Range(_Worded, ma.validate.Range):
    """From `min` to `max`, both included."""

    def refusal(self, value: Any) -> str:
        if self.max is None:
            return _("At least %(min)s.", min=self.min)
        return _("From %(min)s to %(max)s.", min=self.min, max=self.max)


class Length(_Worded, ma.validate.Length):
    def refusal(self, value: Any) -> str:
        if not len(value):
            return _("This is needed.")
        return _("At most %(max)s characters.", max=self.max)


class OneOf(_Worded, ma.validate.OneOf):
    def refusal(self, value: Any) -> str:
        return _("One of: %(choices)s.", choices=self.choices_text)


class Pattern(_Worded, ma.validate.Regexp):
    """A spelling, and an example of it."""

    def __init__(self, regex: str, example: str) -> None:
        super().__init__(regex)
        self.example = example

    def refusal(self, value: Any) -> str:
        return _("Such as %(example)s.", example=self.example)


class Unchanging(ma.Schema):
    """A schema that nothing changes once it is made: Flask-Smorest, which copies what describes an address at each of
    its decorators, gets itself. Copied, there were four times as many."""

    def __deepcopy__(self, _copied: dict[int, Any]) -> "Unchanging":
        return self


class Names(Unchanging):
    """What a body, a form or a query may hold."""

    error_messages: ClassVar[dict[str, Any]] = {
        "type": _l("A JSON object is needed."),
        "unknown": _l("There is no such field."),
    }

    def on_bind_field(self, field_name: str, field_obj: Any) -> None:
        """No number that JSON cannot hold exactly."""
        if isinstance(field_obj, Whole) and not field_obj.validators:
            field_obj.validators = [EXACT]

    def handle_error(self, error: ma.ValidationError, data: Any, **_more: Any) -> None:
        """Unknown names come last, in the order in which they were sent; marshmallow has them in none."""
        known = {field.data_key or name for name, field in self.load_fields.items()}
        wrong: Any = error.messages
        for name in data if isinstance(data, Mapping) else ():
            if name in wrong and name not in known:
                wrong[name] = wrong.pop(name)


class Strict(Names):
    """These names and no others."""

    class Meta:
        unknown = ma.RAISE


class _Ours(ma.fields.Field[Any]):
    """What our field types share: how they read what was sent, how JSON spells them, and their cell of a file."""

    def read(self, sent: Any) -> Any:
        """What was sent, made ready for marshmallow's own reading; never None."""
        return sent

    def spelt(self, value: Any) -> Any:
        """A value, never None, as JSON has it. Rows hold what they say: nothing is turned into text or numbers."""
        return value

    def deserialize(self, value: Any, attr: Any = None, data: Any = None, **more: Any) -> Any:
        given = value is not None and value is not ma.missing
        return super().deserialize(self.read(value) if given else value, attr, data, **more)

    def serialize(self, attr: str, obj: Any, accessor: Any = None, **_more: Any) -> Any:
        value = self.get_value(obj, attr, accessor)
        if value is ma.missing:
            value = self.dump_default
        return value if value is None or value is ma.missing else self.spelt(value)

    def cell(self, value: Any) -> Any:
        """`value` in a file, as `to_xlsx` takes it."""
        return value


class Spelt(_Ours):
    """A field of which marshmallow has no type."""

    described: ClassVar[dict[str, Any]] = {"type": "string"}
    """Its spelling, as JSON schema."""

    def __init__(self, **given: Any) -> None:
        super().__init__(metadata=self.described, **given)


class Many(_Ours, ma.fields.List[Any]):
    default_error_messages: ClassVar[dict[str, Any]] = MESSAGES | {"invalid": _l("A list.")}


class Moment(Spelt):
    """An RFC 3339 date-time with offset ↔ an aware moment in UTC; written in the platform's zone."""

    default_error_messages: ClassVar[dict[str, Any]] = MESSAGES | {
        "invalid": _l("An RFC 3339 date and time with offset, such as 2026-11-24T10:00:00+08:00.")
    }

    described: ClassVar[dict[str, Any]] = {"type": "string", "format": "date-time"}

    def spelt(self, value: datetime) -> str:
        return value.astimezone(local_zone()).isoformat()

    def read(self, sent: Any) -> datetime:
        try:
            moment = datetime.fromisoformat(sent.strip().replace(" ", "+"))
            if moment.tzinfo is None or len(sent) < 16 or moment.year not in YEARS:
                raise ValueError
            return moment.astimezone(UTC)
        except (ValueError, TypeError, AttributeError, OverflowError) as error:
            raise self.make_error("invalid") from error

    def cell(self, value: datetime | None) -> datetime | None:
        return value and value.astimezone(local_zone())


class Day(_Ours, ma.fields.Date):
    """A local day, `YYYY-MM-DD`."""

    default_error_messages: ClassVar[dict[str, Any]] = MESSAGES | {"invalid": _l("A day such as 2026-11-24.")}

    def spelt(self, value: date) -> str:
        return value.isoformat()

    def deserialize(self, value: Any, attr: Any = None, data: Any = None, **more: Any) -> Any:
        day = super().deserialize(value, attr, data, **more)
        if isinstance(day, date) and day.year not in YEARS:
            raise self.make_error("invalid", input=value, obj_type="date")
        return day


class ByQuestion(Spelt):
    """Words and numbers by the ids of questions: an object, or in a form its JSON text."""

    default_error_messages: ClassVar[dict[str, Any]] = MESSAGES | {
        "invalid": _l('An object such as {"12": "8.8", "13": 45}: the ids of questions with text or numbers.'),
        "invalid_utf8": _l("Text without control characters."),
    }

    described: ClassVar[dict[str, Any]] = {
        "type": "object",
        "additionalProperties": {"type": ["string", "number"]},
        "propertyNames": {"pattern": "^[0-9]{1,9}$"},
    }

    def read(self, sent: Any) -> dict[int, str]:
        try:
            given = json.loads(sent, parse_float=str) if isinstance(sent, str) else sent
            if not isinstance(given, dict) or not all(map(_QUESTION.fullmatch, given)):
                raise TypeError
            return {int(number): self._answer_text(answer) for number, answer in given.items()}
        except (TypeError, ValueError, RecursionError) as error:
            raise self.make_error("invalid") from error

    def _answer_text(self, answer: Any) -> str:
        if isinstance(answer, bool) or not isinstance(answer, str | int | float):
            raise TypeError
        if isinstance(answer, str) and not _writable(answer):
            raise self.make_error("invalid_utf8")
        return answer if isinstance(answer, str) else f"{Decimal(str(answer)):f}"


_QUESTION = re.compile(r"[0-9]{1,9}")


class MonthField(Spelt):
    """A month, `YYYY-MM`."""

    default_error_messages: ClassVar[dict[str, Any]] = MESSAGES | {"invalid": _l("A month such as 2026-11.")}

    described: ClassVar[dict[str, Any]] = {"type": "string", "pattern": "^[0-9]{4}-(0[1-9]|1[0-2])$"}

    def read(self, sent: Any) -> Month:
        try:
            month = Month.parse(sent)
            if month.year not in YEARS:
                raise ValueError
            return month
        except (ValueError, TypeError) as error:
            raise self.make_error("invalid") from error

    def spelt(self, value: Month | str) -> str:
        return str(value)


class Whole(_Ours, ma.fields.Integer):
    """An integer, never a rounded fraction: 40001.0 and 2.5 are refused alike. Fits the database's 64 bits."""

    default_error_messages: ClassVar[dict[str, Any]] = MESSAGES | {
        "invalid": _l("A whole number."),
        "too_large": _l("A whole number."),
    }

    def read(self, sent: Any) -> Any:
        if isinstance(sent, bool | float):
            raise self.make_error("invalid", input=sent)
        return sent


EXACT = Range(-(2**53), 2**53)


class Fen(Whole):
    """Money in fen; in a file in yuan."""

    def cell(self, value: int | None) -> Decimal | None:
        return None if value is None else yuan(value)


class Minutes(Whole):
    """Whole minutes; in a file hours with two decimals."""

    def cell(self, value: int | None) -> Decimal | None:
        return None if value is None else yuan(round(value * 100 / 60))


class Exact(Spelt):
    """An exact number, such as minutes a sample takes: whole where it is one, else its decimal spelling."""

    described: ClassVar[dict[str, Any]] = {
        "type": ["integer", "string"],
        "description": "whole, else the exact decimal as text",
    }

    def spelt(self, value: Decimal | int) -> int | str:
        return int(value) if value == int(value) else str(value)


class Rate(Spelt):
    """A part of a whole: a decimal of four places, in text; in a file a percentage."""

    described: ClassVar[dict[str, Any]] = {"type": "string", "pattern": r"^[0-9]+\.[0-9]{4}$"}

    def spelt(self, value: Any) -> str:
        return f"{float(value):.4f}"

    def cell(self, value: Any) -> Decimal | None:
        return None if value is None else yuan(round(value * 10_000))


class Tenths(_Ours, ma.fields.Float):
    """A number with one decimal."""

    def spelt(self, value: float) -> float:
        return round(value, 1)


class YesNo(_Ours, ma.fields.Boolean):
    """True or false; in a form the words."""

    default_error_messages: ClassVar[dict[str, Any]] = MESSAGES | {"invalid": _l("true or false.")}

    def read(self, sent: Any) -> Any:
        if not isinstance(sent, bool) and sent not in ("true", "false"):
            raise self.make_error("invalid", input=sent)
        return sent


class Text(_Ours, ma.fields.String):
    """Text without control characters, blanks around it taken off."""

    default_error_messages: ClassVar[dict[str, Any]] = MESSAGES | {
        "invalid": _l("Text."),
        "invalid_utf8": _l("Text without control characters."),
    }

    def read(self, sent: Any) -> Any:
        if not isinstance(sent, str):
            return sent
        if not _writable(sent):
            raise self.make_error("invalid_utf8")
        return sent.strip()


def _writable(sent: str) -> bool:
    """Whether both databases and pages can write it: no null and no half of a surrogate pair, which JSON can send."""
    return not any(character == "\x00" or 0xD800 <= ord(character) <= 0xDFFF for character in sent)


class Word(Text):
    """A word of a vocabulary: its code; in a file how people call it."""

    def __init__(self, of: type[Term], **given: Any) -> None:
        super().__init__(validate=OneOf(tuple(of)), **given)
        self.of = of

    def cell(self, value: str | None) -> str:
        return "" if value is None else str(self.of(value).label)


class Inside(_Ours, ma.fields.Nested):
    """An object, or `many`, with a schema of its own; in a file its name in the reader's language."""

    def spelt(self, value: Any) -> Any:
        return self.schema.dump(value)

    def cell(self, value: Any) -> str:
        return twin(value)


class Several(Inside):
    """Objects with a schema of their own, of a column that is null for none."""

    def __init__(self, of: type[ma.Schema], **given: Any) -> None:
        super().__init__(of, many=True, **given)

    def get_value(self, obj: Any, *given: Any, **more: Any) -> Any:
        return super().get_value(obj, *given, **more) or ()


class Part(Inside):
    """An object within the answer that is made of the same row."""

    def get_value(self, obj: Any, *_: Any, **__: Any) -> Any:
        return obj


class Anything(_Ours, ma.fields.Raw):
    """JSON as it was kept."""
