"""Spreadsheets that strangers send, CSV and XLSX, read in the process apart (`labshare.kernel.apart`): bounded in rows,
columns, memory and time, no formula worked out, no macro taken. What the cells mean, whoever asked decides."""

import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import IO

from flask_babel import lazy_gettext as _l

from labshare.kernel.apart import NotReadInTime, read_apart
from labshare.kernel.errors import InvalidInput
from labshare.kernel.formatting import number

Value = str | Decimal | datetime | bool | None
"""What a cell holds: a text, a number, a day or moment (naive, as written), yes or no, nothing."""

LONGEST_NUMBER = 15
"""Digits that a spreadsheet keeps of a number; what is longer was cut."""
ROWS_AT_MOST = 20_000
"""As of `readers`, which knows nothing of us."""


class SheetProblem(InvalidInput):
    message = _l("This file cannot be read. Save it as XLSX or CSV anew.")
    default_field = "file"


class SheetOfOtherKind(SheetProblem):
    message = _l("This is no CSV or XLSX file. Open it and save it as one.")


class SheetOld(SheetProblem):
    message = _l("This is the old XLS format. Open it and save it as XLSX.")


class SheetWithMacros(SheetProblem):
    message = _l("This file holds macros. Save it as XLSX without them.")


class SheetTooLong(SheetProblem):
    message = _l("More than %(n)s rows. Divide the file.")


class SheetTooLarge(SheetProblem):
    message = _l("This file is too large or too wide to be read: too many columns or sheets, or very long cells.")


_PROBLEMS: dict[str, type[SheetProblem]] = {
    "kind": SheetOfOtherKind,
    "old": SheetOld,
    "macros": SheetWithMacros,
    "rows": SheetTooLong,
    "columns": SheetTooLarge,
    "cell": SheetTooLarge,
    "sheets": SheetTooLarge,
    "large": SheetTooLarge,
}


@dataclass(frozen=True)
class Row:
    """`number` counts as the spreadsheet does, from 1."""

    number: int
    cells: Sequence[Value]

    def cell(self, column: int) -> Value:
        return self.cells[column] if 0 <= column < len(self.cells) else None

    def text(self, column: int) -> str:
        """What the cell says, as a text on one line; a whole number without a point. A cut number says nothing."""
        value = self.cell(column)
        if value is None:
            return ""
        if isinstance(value, Decimal):
            whole = value == value.to_integral_value()
            return "" if cut(value) else f"{value:f}".rstrip(".") if not whole else f"{value.to_integral_value():f}"
        return " ".join(str(value).split())


def cut(value: Value) -> bool:
    """Whether a spreadsheet kept this number without its last digits, as it does with references of 20 digits."""
    return isinstance(value, Decimal) and abs(value) >= 10**LONGEST_NUMBER


@dataclass
class ReadSheet:
    """One sheet: its rows that say something; the places of its first formulas; its merged ranges (`A1:C2`)."""

    name: str
    formulas: Sequence[str]
    merged: Sequence[str]
    rows: list[Row] = field(default_factory=list)


def read_sheets(file: IO[bytes]) -> list[ReadSheet]:
    """The visible sheets of a CSV (UTF-8, UTF-16, GB 18030; comma, tab, semicolon) or XLSX on disk, which need not be
    one: at most 20,000 rows of 200 columns in all. Raises `SheetProblem`."""
    with tempfile.TemporaryFile() as made:
        try:
            answer = read_apart("table", file, made)
        except NotReadInTime as error:
            raise SheetTooLarge from error
        if "problem" in answer:
            raise _PROBLEMS.get(answer["problem"], SheetProblem)(n=number(ROWS_AT_MOST))
        sheets = [ReadSheet(each["name"], each["formulas"], each["merged"]) for each in answer["sheets"]]
        made.seek(0)
        _fill(sheets, made)
    return sheets


def _fill(sheets: list[ReadSheet], made: IO[bytes]) -> None:
    places = iter(sheets)
    for line in made:
        read = json.loads(line)
        if isinstance(read, dict):
            here = next(places)
        else:
            here.rows.append(Row(read[0], list(_values(read[1:]))))


def _values(cells: list[object]) -> Iterator[Value]:
    for cell in cells:
        if isinstance(cell, dict):
            yield Decimal(cell["n"]) if "n" in cell else datetime.fromisoformat(cell["d"])
        else:
            yield cell  # type: ignore[misc]  # a text, yes or no, or nothing
