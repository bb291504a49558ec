"""What the rules of the forms say of a row, noted at its cells."""

from collections.abc import Iterable, Iterator
from dataclasses import fields, replace
from typing import Any

from labshare.catalogue import errors
from labshare.catalogue.rules import publishing
from labshare.catalogue.rules.filled import Filled, Row
from labshare.catalogue.terms import Requirement
from labshare.kernel.errors import Problem

_AT = {
    Requirement.MODEL: "model",
    Requirement.CALIBRATED: "needs_calibration",
    Requirement.OPEN_TO_OTHERS: "sharing",
    Requirement.INSTRUMENT_PUBLISHED: "instruments",
    Requirement.SAMPLE_REQUIREMENT: "sample_requirement",
    Requirement.FEE_TODAY: "valid_to",
}
"""At which column it is said that something published would lack this."""
_TOGETHER = (errors.NoWork, errors.HoursIncomplete, errors.HoursNotInOrder, errors.LongestBelowShortest)
"""What is said of several cells at once."""


def given(row: Row, kind: type[Any], before: Any = None) -> Any:
    """The details of a row over those that are there; what could not be read is left as it is there."""
    names = {one.name for one in fields(kind)}
    values = {name: value for name, value in row.values.items() if name in names}
    return replace(before, **values) if before is not None else kind(**values)


def note(sheet: Filled, row: Row, problems: Iterable[Problem]) -> None:
    """Note problems at their cells, but those of cells that could not be read in the first place, and of several
    cells together where one of a row could not."""
    for problem in problems:
        if (problem.field or "").split("-")[0] not in row.unread and not (
            row.unread and isinstance(problem, _TOGETHER)
        ):
            sheet.say(row.number, problem)


def twice(sheet: Filled, row: Row, seen: dict[Any, int], key: Any, name: str) -> bool:
    """Note where an earlier row is about the same."""
    if (first := seen.setdefault(key, row.number)) == row.number:
        return False
    sheet.say(row.number, errors.RowTwice(name, row=first))
    return True


def lacking(conditions: tuple[publishing.Condition, ...]) -> Iterator[Problem]:
    """What something published would lack; what it lacked before, too, is not asked here."""
    for key in publishing.missing(conditions):
        yield errors.NotComplete(_AT.get(key), what=key.label)
