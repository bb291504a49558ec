"""Lists that banks and the tax system give out (R-BANK-1, R-TAXLIST-1): where their columns stand, and which cells are
wrong. The heads that they write are known; whatever these do not cover is mapped by a person and kept.

Nothing here knows a table of ours.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from labshare.kernel.money import Fen
from labshare.kernel.sheets import ReadSheet, Row
from labshare.kernel.terms import Term

HEAD_WITHIN = 40
"""A head stands in one of so many first rows."""
ENDINGS = ("合计", "总计", "小计", "本页", "总笔数", "笔数", "以下空白", "期末", "期初", "total")
FOUND_LENGTH = 60

Wrong = Callable[[Any, str], None]
Places = Mapping[Any, int]
"""Columns, from 0."""


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Of one kind of list."""

    kind: type[Term]
    heads: Mapping[Any, tuple[str, ...]]
    """As they are written, bare of blanks, brackets and what stands in these; the first that is found is taken."""
    enough: Callable[[Collection[Any]], bool]
    """Whether a list with these columns can be read."""
    instead: Mapping[Any, tuple[Any, ...]] = field(default_factory=dict)
    """Where this column stands, those are passed over."""


@dataclass(frozen=True)
class Layout:
    """Where the head stands (its row's place among the rows) and what the columns say."""

    head: int
    places: Places
    names: tuple[str, ...]
    """What stands in each cell of the head."""

    @property
    def heads(self) -> dict[str, str]:
        """The heads, to find the columns again in the next list of this source."""
        return {column: self.names[place] for column, place in self.places.items()}


@dataclass(frozen=True)
class BadCell:
    row: int
    column: str
    """Its head."""
    wrong: str
    """A key of what pages say about it."""
    found: str


@dataclass(kw_only=True)
class ReadList:
    rows: list[Any] = field(default_factory=list)
    bad: list[BadCell] = field(default_factory=list)
    out: int = 0
    """Rows of what is not taken, such as money paid out."""
    other: int = 0
    """Rows of totals and the like."""

    @property
    def amount_fen(self) -> Fen:
        return Fen(sum(row.amount_fen for row in self.rows))

    def wrong_in(self, row: Row, layout: Layout) -> Wrong:
        """What says that a cell of this row is wrong."""

        def wrong(column: Any, why: str) -> None:
            place = layout.places[column]
            found = str(row.cell(place) or "")[:FOUND_LENGTH]
            self.bad.append(BadCell(row.number, layout.names[place], why, found))

        return wrong


def bare(head: str) -> str:
    """A head without blanks, brackets and what stands in them, in small letters."""
    return re.sub(r"[\s*/\-_'’:：]|[\[(（【].*?[\])）】]", "", head).lower()


def find_layout(sheet: ReadSheet, columns: Columns, heads: Mapping[str, str] | None = None) -> Layout | None:
    """Where the columns are: by the heads kept of this source if all of them are there, else by what is known. None
    where no row looks like a head."""
    for place, row in enumerate(sheet.rows[:HEAD_WITHIN]):
        names = tuple(row.text(column) for column in range(len(row.cells)))
        if heads and all(name in names for name in heads.values()):
            found: dict[Any, int] = {column: names.index(heads[column]) for column in columns.kind if column in heads}
        else:
            found = _known(names, columns)
        if columns.enough(found):
            return Layout(place, found, names)
    return None


def _known(names: Sequence[str], columns: Columns) -> dict[Any, int]:
    bared = [bare(name) for name in names]
    found: dict[Any, int] = {}
    for column, heads in columns.heads.items():
        place = next((bared.index(head) for head in heads if head in bared), None)
        if place is not None and place not in found.values():
            found[column] = place
    for column, others in columns.instead.items():
        if column in found:
            for other in others:
                found.pop(other, None)
    return found


def likely_head(sheet: ReadSheet) -> int:
    """The row that has most texts: what a person is asked about where no head is known."""
    first = sheet.rows[:HEAD_WITHIN]
    return max(
        range(len(first)), key=lambda place: sum(isinstance(cell, str) for cell in first[place].cells), default=0
    )


def merged_below(sheet: ReadSheet, layout: Layout) -> list[str]:
    """Merged cells at the head or below it: there each row must speak for itself."""
    first = sheet.rows[layout.head].number
    rows = [(area, re.findall(r"\d+", area)) for area in sheet.merged]
    return [area for area, numbers in rows if numbers and int(numbers[-1]) >= first]


def is_ending(row: Row) -> bool:
    """A row of totals or the like."""
    first = next((row.text(column) for column in range(len(row.cells)) if row.text(column)), "")
    return first.lower().startswith(ENDINGS)


def cell_text(row: Row, layout: Layout, column: Any) -> str:
    """The text of the row in this column; empty where there is none."""
    return row.text(layout.places[column]) if column in layout.places else ""
