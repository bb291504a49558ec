"""What a client says of the samples: answers to the sample form of a test item (R-SAMPLE-2), kept with each question as
it was asked (R-SAMPLE-3)."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from labshare.booking.errors import (
    AnswerNeeded,
    AnswerNotANumber,
    AnswerNotAPicture,
    AnswerOutOfLimits,
    AnswerTooLong,
    AnswerUnknown,
    ChooseAnOption,
    FileNeeded,
    WordsNeeded,
)
from labshare.catalogue.formatting import limits
from labshare.catalogue.rules.sample_form import Question
from labshare.catalogue.terms import FieldKind
from labshare.kernel.errors import Problem
from labshare.kernel.formatting import plain_number, ungrouped
from labshare.kernel.media import PICTURES

MOST_TEXT = 500
_NUMBER = re.compile(r"[+-]?\d{1,12}(\.\d{1,6})?")
_SPELLING = str.maketrans("０１２３４５６７８９．，－＋\u2212", "0123456789.,-+-")


@dataclass(frozen=True, kw_only=True)
class GivenFile:
    """A file that answers a question; `id` once its row is kept."""

    name: str
    size: int
    content_type: str
    id: int | None = None


Answer = str | GivenFile


@dataclass(frozen=True)
class Answers:
    """What was filled in, by the ids of questions."""

    given: Mapping[int, Answer] = field(default_factory=dict)
    revision: int | None = None
    """Of the form that was shown; None where nobody says."""


@dataclass(frozen=True)
class StoredAnswers:
    """Answers that were checked and written before: of a booking that its firm's approver agrees to."""

    rows: list[dict[str, Any]] | None


def field_of(question_id: Any) -> str:
    """The name under which a problem of an answer is shown: `answers.3`."""
    return f"answers.{question_id}"


def answer_problems(questions: Sequence[Question], given: Mapping[int, Answer]) -> Iterator[Problem]:
    """What is wrong with the answers, each at its own field."""
    known = {one.id for one in questions}
    for number in given:
        if number not in known:
            yield AnswerUnknown(field_of(number))
    for one in questions:
        problem = _problem(one, _stripped(given.get(one.id or 0, "")))
        if problem is not None:
            yield problem


def _stripped(answer: Answer) -> Answer:
    return answer.strip() if isinstance(answer, str) else answer


def _problem(one: Question, answer: Answer) -> Problem | None:
    at = field_of(one.id)
    if answer == "":
        return AnswerNeeded(at) if one.required else None
    if one.kind in FieldKind.files():
        if not isinstance(answer, GivenFile):
            return FileNeeded(at)
        picture = one.kind != FieldKind.PHOTO or answer.content_type in PICTURES
        return None if picture else AnswerNotAPicture(at)
    if not isinstance(answer, str):
        return WordsNeeded(at)
    if one.kind == FieldKind.NUMBER:
        return _number_problem(one, answer)
    if one.kind == FieldKind.CHOICE:
        return None if answer in {option.name for option in one.options} else ChooseAnOption(at)
    return AnswerTooLong(at, most=MOST_TEXT) if len(answer) > MOST_TEXT else None


def read_answer_number(text: str) -> Decimal | None:
    """The number that was typed, in whatever width of characters; None where it is none."""
    plain = ungrouped(text.translate(_SPELLING).replace(" ", ""))
    return Decimal(plain) if _NUMBER.fullmatch(plain) else None


def _number_problem(one: Question, answer: str) -> Problem | None:
    number = read_answer_number(answer)
    if number is None:
        return AnswerNotANumber(field_of(one.id))
    below = one.least is not None and number < one.least
    above = one.most is not None and number > one.most
    return AnswerOutOfLimits(field_of(one.id), limits=f"{limits(one)} {one.unit}".strip()) if below or above else None


def written_answers(questions: Iterable[Question], given: Mapping[int, Answer]) -> list[dict[str, Any]]:
    """As the booking keeps them, in the form's order: each question as it was asked, and its answer, if there is one.
    They must have no problems."""
    return [_written(one, _stripped(given.get(one.id or 0, ""))) for one in questions]


def _written(one: Question, answer: Answer) -> dict[str, Any]:
    row: dict[str, Any] = {"field": one.id, "label": one.label, "kind": str(one.kind)}
    row |= {name: value for name in ("label_en", "unit") if (value := getattr(one, name))}
    if isinstance(answer, GivenFile):
        return row | {"file": dict(vars(answer))}
    if answer == "":
        return row
    if one.kind == FieldKind.NUMBER:
        number = read_answer_number(answer)
        return row | {"value": plain_number(number) if number is not None else answer}
    chosen = next((option for option in one.options if option.name == answer), None)
    return row | {"value": answer} | ({"value_en": chosen.name_en} if chosen and chosen.name_en else {})


def files_in(rows: Iterable[Mapping[str, Any]] | None) -> list[int]:
    """The ids of the files among kept answers."""
    return [row["file"]["id"] for row in rows or () if "file" in row]


def typed_values(rows: Iterable[Mapping[str, Any]] | None) -> dict[int, str]:
    """Kept answers to fill into a form again, by question: a file is chosen anew each time."""
    return {row["field"]: row["value"] for row in rows or () if "value" in row}
