"""A file that was checked, given back: cells to correct are marked, what is wrong stands beside them as comments."""

import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from labshare.catalogue.rules.filled import BadCell, kinds_in, place_of
from labshare.catalogue.rules.sheets import COLUMNS
from labshare.kernel.sheets import ReadSheet, Value
from labshare.kernel.tables import armed

MOST_COMMENTS = 2_000
"""A sheet; what is beyond is marked without one."""
_COMMENT = {"x_scale": 2.5, "y_scale": 1.2, "author": "LabShare"}


def marked_workbook(sheets: Sequence[ReadSheet], bad: Iterable[BadCell]) -> bytes:
    """Every sheet as it was sent, and each bad cell in red with what is wrong and what would be right. It can be
    corrected and checked again."""
    import xlsxwriter  # most workers never write one

    wrong = _by_place(bad)
    file = io.BytesIO()
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "in_memory": True}
    with xlsxwriter.Workbook(file, options) as book:
        day = {"num_format": "yyyy-mm-dd"}
        red = {"bg_color": "#f9d4d0", "border": 1, "border_color": "#b3261e"}
        formats = {
            (marked, dated): book.add_format((red if marked else {}) | (day if dated else {}))
            for marked in (False, True)
            for dated in (False, True)
        }
        for at, sheet in enumerate(sheets, start=1):
            page = book.add_worksheet((sheet.name or str(at))[:31])
            kind = next(iter(kinds_in([sheet])), None)
            _write(page, sheet, wrong.get(kind, {}) if kind else {}, formats)
            for place, column in enumerate(COLUMNS[kind] if kind else ()):
                page.set_column(place, place, column.width)
    return file.getvalue()


def _by_place(bad: Iterable[BadCell]) -> dict[Any, dict[tuple[int, int], list[str]]]:
    """What is wrong at each place (row from 1, column from 0), by the kind of sheet."""
    found: dict[Any, dict[tuple[int, int], list[str]]] = {}
    for one in bad:
        comments = [one.problem.text, one.right] if one.right else [one.problem.text]
        found.setdefault(one.kind, {}).setdefault(place_of(f"{one.letter}{one.row}"), []).extend(comments)
    return found


def _write(
    page: Any, sheet: ReadSheet, wrong: dict[tuple[int, int], list[str]], formats: dict[tuple[bool, bool], Any]
) -> None:
    """Row by row, as a workbook of constant memory is written; rows that say nothing may be marked, too."""
    rows = {row.number: row.cells for row in sheet.rows}
    places: dict[int, set[int]] = {}
    for number, place in wrong:
        places.setdefault(number, set()).add(place)
    comments = 0
    for number in sorted(rows.keys() | places.keys()):
        cells = rows.get(number, ())
        for place in range(max(len(cells), max(places.get(number, {-1})) + 1)):
            value = cells[place] if place < len(cells) else None
            notes = wrong.get((number, place))
            _cell(
                page,
                number - 1,
                place,
                armed(value) if isinstance(value, str) and not sheet.name else value,
                formats[bool(notes), isinstance(value, datetime)],
            )
            if notes and comments < MOST_COMMENTS:
                comments += 1
                page.write_comment(number - 1, place, "\n".join(notes), _COMMENT)


def _cell(page: Any, line: int, place: int, value: Value, look: Any) -> None:
    if value is None:
        page.write_blank(line, place, None, look)
    elif isinstance(value, bool):
        page.write_boolean(line, place, value, look)
    elif isinstance(value, Decimal):
        page.write_number(line, place, value, look)
    elif isinstance(value, datetime):
        page.write_datetime(line, place, value, look)
    else:
        page.write_string(line, place, value, look)
