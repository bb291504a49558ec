"""What people have filled in: sheets found by their heads, cells read by their columns, bad cells with their places."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from decimal import Decimal
from functools import partial
from typing import Any

from labshare.catalogue import errors
from labshare.catalogue.rules.sheets import COLUMNS, VERSION, Column, in_both
from labshare.catalogue.terms import SheetKind
from labshare.kernel.errors import Problem
from labshare.kernel.formatting import plain_number
from labshare.kernel.progress import READING, Progress, in_parts, no_progress
from labshare.kernel.sheets import ReadSheet, Value
from labshare.kernel.tables import armed

_MARK = re.compile(r"LabShare (\w+) (\d+)\b")
_HEAD_WITHIN = 6
"""Rows among which the head is looked for."""
_LEAST = 2
"""Known columns make a head."""


@dataclass(frozen=True)
class BadCell:
    """A cell that cannot be taken: where it stands, what is in it, what is wrong and what would be right."""

    kind: SheetKind
    row: int
    """As the spreadsheet counts them, from 1."""
    letter: str
    head: str
    text: str
    problem: Problem
    right: str = ""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row of a sheet with what could be read of it."""

    number: int
    values: Mapping[str, Any]
    unread: frozenset[str]
    """Columns whose cells are bad already."""


@dataclass
class Filled:
    """A sheet as it was filled in."""

    kind: SheetKind
    places: Mapping[str, int] = field(default_factory=dict)
    """Where each column stands."""
    cells: Mapping[int, Sequence[str]] = field(default_factory=dict)
    """By the numbers of rows."""
    rows: list[Row] = field(default_factory=list)
    bad: list[BadCell] = field(default_factory=list)

    def say(self, number: int, problem: Problem, name: str = "") -> None:
        """Note what is wrong in a row, at the column that the problem names, else at `name` or the first."""
        for each in problem.problems:
            column = self._column((each.field or name).split("-")[0]) or self._column(name) or COLUMNS[self.kind][0]
            self.refuse(number, self.places.get(column.name, 0), str(column.head), each, column.right)

    def _column(self, name: str) -> Column | None:
        return next((one for one in COLUMNS[self.kind] if one.name == name), None)

    def refuse(self, number: int, place: int, head: str, problem: Problem, right: str = "") -> None:
        """Note what is wrong in a cell; `place` counts from 0."""
        cells = self.cells.get(number, ())
        text = cells[place] if place < len(cells) else ""
        self.bad.append(BadCell(self.kind, number, letters(place), head, text, problem, right))


def letters(place: int) -> str:
    """The letters of a column, counted from 0."""
    made, place = "", place + 1
    while place:
        place, rest = divmod(place - 1, 26)
        made = chr(65 + rest) + made
    return made


def place_of(cell: str) -> tuple[int, int]:
    """Row (from 1) and column (from 0) of `B5`."""
    match = re.fullmatch(r"([A-Z]+)(\d+)", cell)
    place = 0
    for letter in match[1] if match else "A":
        place = 26 * place + ord(letter) - 64
    return int(match[2] if match else 1), place - 1


def filled_in(read: Sequence[ReadSheet], progress: Progress = no_progress) -> list[Filled]:
    """The sheets of a file in the order in which they are taken in. Sheets without a template's mark are passed over
    where others have one; without any, all count whose head is known. Raises `NoSheet`, `NothingInSheets`."""
    texts = [(one, _texts(one)) for one in read if one.rows]
    marked: list[tuple[ReadSheet, dict[int, list[str]], re.Match[str] | None]] = [
        (one, rows, match) for one, rows in texts if (match := _MARK.match((rows.get(1) or [""])[0]))
    ]
    names = {kind: _names(kind) for kind in SheetKind}
    found: list[Filled] = []
    before, total = 0, sum(len(rows) for _one, rows in texts)
    for one, rows, match in marked or [(one, rows, None) for one, rows in texts]:
        filled = _read(one, rows, match, names, partial(_progress_of_sheet, progress, before, total))
        before += len(rows)
        if filled is None:
            continue
        if filled.kind in {each.kind for each in found}:
            filled.bad = []
            filled.rows = []
            filled.say(1, errors.SheetTwice())
        found.append(filled)
    if not found:
        raise errors.NoSheet
    if not any(one.rows or one.bad for one in found):
        raise errors.NothingInSheets
    return sorted(found, key=lambda one: list(SheetKind).index(one.kind))


def _progress_of_sheet(progress: Progress, before: int, total: int, here: int) -> None:
    """Report how many rows are read, with those of the sheets before."""
    progress(READING, before + here, total)


def kinds_in(read: Sequence[ReadSheet]) -> set[SheetKind]:
    """What sheets are of by their heads; nothing for those whose head is not known."""
    try:
        return {one.kind for one in filled_in(read)}
    except (errors.NoSheet, errors.NothingInSheets):
        return set()


def _texts(one: ReadSheet) -> dict[int, list[str]]:
    """The rows of a sheet that say something, by their numbers: each cell as somebody would type it."""
    unmarked = one.name == ""  # a CSV file
    return {row.number: [_typed(cell, unmarked) for cell in row.cells] for row in one.rows}


def _typed(cell: Value, csv: bool) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, Decimal):
        return plain_number(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(" ", "minutes")
    return armed(cell) if csv else cell


def _names(kind: SheetKind) -> dict[str, Column]:
    """The columns of a sheet by everything that a head may call them."""
    return {
        name.casefold(): column
        for column in COLUMNS[kind]
        for name in (column.name, column.code, *in_both(column.head))
    }


def _called(cell: str, names: Mapping[str, Column]) -> Column | None:
    """The column of a head's cell, which may hold its name in two languages, one a line."""
    lines = (line.rstrip("* ").strip().casefold() for line in cell.split("\n"))
    return next((names[line] for line in lines if line in names), None)


def _read(
    one: ReadSheet,
    rows: dict[int, list[str]],
    match: re.Match[str] | None,
    names: Mapping[SheetKind, Mapping[str, Column]],
    progress: Callable[[int], None],
) -> Filled | None:
    heads = [
        (sum(_called(cell, names[kind]) is not None for cell in row), -number, kind)
        for kind in SheetKind
        if match is None or kind == match[1]
        for number, row in list(rows.items())[:_HEAD_WITHIN]
    ]
    if not heads or (best := max(heads, key=lambda each: each[:2]))[0] < _LEAST:
        return None
    head, kind = -best[1], best[2]
    filled = Filled(kind, cells=rows)
    if match is not None and int(match[2]) != VERSION:
        filled.say(1, errors.OtherTemplate(version=match[2], present=VERSION))
        return filled
    filled.places = dict(_columns(filled, head, names[kind]))
    below = [cell for cell in rows.get(head + 1, ()) if cell]
    first = head + 1 + (bool(below) and all(_called(cell, names[kind]) is not None for cell in below))
    for column in COLUMNS[kind]:
        if column.needed and column.name not in filled.places:
            filled.refuse(head, 0, "", errors.ColumnMissing(head=column.head))
    if not filled.bad:
        spoilt = dict(_spoilt(one, first))
        columns = {column.name: column for column in COLUMNS[kind]}
        used = [(columns[name], place) for name, place in filled.places.items()]
        for part in in_parts([number for number in rows if number >= first]):
            progress(len(filled.rows))
            filled.rows += [_row(filled, number, used, spoilt) for number in part]
    return filled


def _columns(filled: Filled, head: int, names: Mapping[str, Column]) -> Iterator[tuple[str, int]]:
    seen: set[str] = set()
    for place, cell in enumerate(filled.cells[head]):
        column = _called(cell, names)
        if column is None:
            if any(place < len(row) and row[place] for number, row in filled.cells.items() if number >= head):
                filled.refuse(head, place, cell, errors.UnknownColumn())
        elif column.name in seen:
            filled.refuse(head, place, cell, errors.ColumnTwice())
        else:
            seen.add(column.name)
            yield column.name, place


def _spoilt(one: ReadSheet, first: int) -> Iterator[tuple[tuple[int, int], type[Problem]]]:
    """Cells that are merged (told at the first of them) or formulas, below the head."""
    for span in one.merged:
        start, _colon, end = span.partition(":")
        (top, left), (bottom, _right) = place_of(start), place_of(end)
        if bottom >= first:
            yield (max(top, first), left), errors.CellMerged
    for cell in one.formulas:
        yield place_of(cell), errors.CellIsFormula


def _row(
    filled: Filled,
    number: int,
    used: Sequence[tuple[Column, int]],
    spoilt: Mapping[tuple[int, int], type[Problem]],
) -> Row:
    cells, values, unread = filled.cells[number], {}, set()
    for column, place in used:
        text = cells[place] if place < len(cells) else ""
        problem: Problem | None = None
        if spoilt and (number, place) in spoilt:
            problem = spoilt[number, place]()
        elif text:
            try:
                values[column.name] = column.value(text)
            except (ValueError, ArithmeticError):
                problem = errors.CellUnreadable(wrong=column.wrong)
        elif column.needed:
            problem = errors.Required()
        else:
            values[column.name] = column.blank
        if problem is not None:
            filled.refuse(number, place, str(column.head), problem, column.right)
            unread.add(column.name)
    return Row(number=number, values=values, unread=frozenset(unread))
