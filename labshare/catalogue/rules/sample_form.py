"""The sample form of a test item: what its lab asks about the samples at booking (R-SAMPLE-1). Limits are exact to a
thousandth, as the database keeps them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from labshare.catalogue.errors import (
    LabelTwice,
    LimitsNotInOrder,
    OptionsNeeded,
    OptionTwice,
    OutOfRange,
    Required,
    TooLongText,
    TooManyFields,
    UnknownChoice,
)
from labshare.catalogue.terms import FieldKind
from labshare.kernel.errors import Problem

MOST_FIELDS = 10
MOST_OPTIONS = 20
MOST_OPTION = 60
MOST_LIMIT = Decimal(10) ** 9
LENGTHS = {"label": 60, "label_en": 80, "unit": 20, "hint": 200, "hint_en": 200}


class Option(NamedTuple):
    """One of a choice; `name_en` where there is one."""

    name: str
    name_en: str = ""


@dataclass(frozen=True, kw_only=True)
class Question:
    """A field of the form."""

    id: int | None = None
    """None: not kept yet."""
    label: str
    label_en: str = ""
    kind: str
    required: bool = True
    unit: str = ""
    least: Decimal | None = None
    most: Decimal | None = None
    options: tuple[Option, ...] = ()
    hint: str = ""
    hint_en: str = ""

    def fitting(self) -> "Question":
        """Without what is of another kind: a lab that makes a number a text need not empty the limits."""
        number, choice = self.kind == FieldKind.NUMBER, self.kind == FieldKind.CHOICE
        values = vars(self) | ({} if number else {"unit": "", "least": None, "most": None})
        return Question(**values | ({} if choice else {"options": ()}))

    def columns(self) -> dict[str, Any]:
        """As its row keeps it, but for its id, item and place."""
        values = {name: value for name, value in vars(self).items() if name != "id"}
        return values | {"options": [one._asdict() for one in self.options] or None}


def read_question(row: Any) -> Question:
    """What stands in a row of `sample_field`."""
    names = ("id", "label", "label_en", "kind", "required", "unit", "least", "most", "hint", "hint_en")
    return Question(**{name: getattr(row, name) for name in names}, options=read_options(row.options))


def read_options(rows: Iterable[Mapping[str, str]] | None) -> tuple[Option, ...]:
    return tuple(Option(one["name"], one.get("name_en", "")) for one in rows or ())


def form_problems(questions: Sequence[Question]) -> Iterator[Problem]:
    """What is wrong with a form, each at its own field (`fields-0-label`)."""
    if len(questions) > MOST_FIELDS:
        yield TooManyFields(n=MOST_FIELDS)
    seen: set[str] = set()
    for place, one in enumerate(questions):
        at = f"fields-{place}"
        yield from _text_problems(one, at)
        if one.label and one.label.casefold() in seen:
            yield LabelTwice(f"{at}-label")
        seen.add(one.label.casefold())
        if FieldKind.known(one.kind) is None:
            yield UnknownChoice(f"{at}-kind")
        yield from _limit_problems(one, at)
        yield from _option_problems(one, at)


def _text_problems(one: Question, at: str) -> Iterator[Problem]:
    if not one.label.strip():
        yield Required(f"{at}-label")
    for name, most in LENGTHS.items():
        if len(getattr(one, name)) > most:
            yield TooLongText(f"{at}-{name}", max=most)


def _limit_problems(one: Question, at: str) -> Iterator[Problem]:
    for name, limit in (("least", one.least), ("most", one.most)):
        if limit is not None and (abs(limit) > MOST_LIMIT or limit != limit.quantize(Decimal("0.001"))):
            yield OutOfRange(f"{at}-{name}", least=f"{-MOST_LIMIT:f}", most=f"{MOST_LIMIT:f}")
            return
    if one.least is not None and one.most is not None and one.least > one.most:
        yield LimitsNotInOrder(f"{at}-most")


def _option_problems(one: Question, at: str) -> Iterator[Problem]:
    if one.kind != FieldKind.CHOICE:
        return
    if not 2 <= len(one.options) <= MOST_OPTIONS:
        yield OptionsNeeded(f"{at}-options", most=MOST_OPTIONS)
    if any(len(word) > MOST_OPTION for option in one.options for word in option):
        yield TooLongText(f"{at}-options", max=MOST_OPTION)
    if len({option.name for option in one.options}) < len(one.options):
        yield OptionTwice(f"{at}-options")


def plain_form(questions: Sequence[Question]) -> list[dict[str, Any]]:
    """As the trail keeps them: without what is not said."""
    return [
        {
            name: str(value) if name in ("least", "most") else value
            for name, value in one.columns().items()
            if value not in (None, "")
        }
        for one in questions
    ]
