"""A lab's catalogue as files that people fill in: templates and exports are one thing, with and without rows
(R-SHEET-1)."""

import io
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _l

from labshare.catalogue.rules.importing.have import Have
from labshare.catalogue.rules.importing.rows import cells_of, rows_of
from labshare.catalogue.rules.sheets import COLUMNS, LANGUAGES, VERSION, Column, in_both, localized_in
from labshare.catalogue.terms import SheetKind
from labshare.kernel.formatting import language
from labshare.kernel.tables import defused, to_csv

MOST_ROWS = 10_000
"""So many are prepared for filling in."""
_LEAD = _l("Fill in from row 4 on. The first three rows stay as they are; * must be filled in. See the last sheet.")
_GUIDE = _l("Guide")
_GUIDE_HEAD = (
    _l("Sheet"),
    _l("Column"),
    _l("Field of the national platform"),
    _l("Must be filled in"),
    _l("What to write"),
    _l("Example"),
)
_PROMPT, _TITLE = 255, 32
"""Characters that a spreadsheet shows beside a cell, and of its title."""


def csv_file(kind: SheetKind, have: Have | None) -> bytes:
    """One sheet: its heads in the reader's language, the field names, the rows."""
    columns = COLUMNS[kind]
    fields = [column.code for column in columns]
    return to_csv([str(column.head) for column in columns], [fields, *_rows(kind, have)])


def _rows(kind: SheetKind, have: Have | None) -> Iterable[Sequence[Any]]:
    return (cells_of(kind, row) for row in rows_of(have, kind)) if have is not None else ()


def workbook(have: Have | None) -> bytes:
    """All sheets with heads in both languages, lists to choose from, a word beside each cell, and a guide with
    examples; with the rows of `have`, where it is given."""
    import xlsxwriter  # most workers never write one

    file = io.BytesIO()
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "in_memory": True}
    with xlsxwriter.Workbook(file, options) as book:
        formats = {
            "lead": book.add_format({"font_color": "#5b6670"}),
            "head": book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1}),
            "field": book.add_format({"font_color": "#5b6670", "italic": False, "bottom": 1}),
            "day": book.add_format({"num_format": "yyyy-mm-dd"}),
            "text": book.add_format({"num_format": "@"}),
            "money": book.add_format({"num_format": "0.00####"}),
            "wrap": book.add_format({"text_wrap": True, "valign": "top"}),
        }
        for kind in SheetKind:
            _sheet(book.add_worksheet(_sheet_name(kind.label)), kind, have, formats)
        _guide(book.add_worksheet(_sheet_name(_GUIDE)), formats)
    return file.getvalue()


def _both(message: Any) -> str:
    return " ".join(in_both(message))


def _sheet_name(message: Any) -> str:
    """At most 31 characters, no stroke among them."""
    return _both(message).replace("/", "、")[:31]


def _sheet(page: Any, kind: SheetKind, have: Have | None, formats: dict[str, Any]) -> None:
    columns = COLUMNS[kind]
    page.freeze_panes(3, 2)
    page.write_string(0, 0, f"LabShare {kind} {VERSION}", formats["lead"])
    page.write_string(0, 2, _both(_LEAD), formats["lead"])
    page.set_row(1, 32)
    for at, column in enumerate(columns):
        page.set_column(at, at, column.width, None if column.typed else formats["text"])
        page.write_string(1, at, "\n".join(in_both(column.head)) + (" *" if column.needed else ""), formats["head"])
    for at, column in enumerate(columns):
        page.write_string(2, at, column.code, formats["field"])
    last = 2
    for last, row in enumerate(_rows(kind, have), start=3):
        for at, cell in enumerate(row):
            _write(page, last, at, cell, formats)
    for at, column in enumerate(columns):
        page.data_validation(3, at, max(last, MOST_ROWS), at, _beside(column))


def _write(page: Any, line: int, at: int, cell: Any, formats: dict[str, Any]) -> None:
    if cell is None:
        return
    if isinstance(cell, Decimal):
        page.write_number(line, at, cell, formats["money"])
    elif isinstance(cell, int):
        page.write_number(line, at, cell)
    elif isinstance(cell, date):
        page.write_datetime(line, at, cell, formats["day"])
    else:
        page.write_string(line, at, cell, formats["text"])


def _beside(column: Column) -> dict[str, Any]:
    """What a spreadsheet says beside a cell, and the list that it offers."""
    zh, en = column.examples
    lines = [
        f"{in_language} {example}".strip() for in_language, example in zip(_help_texts(column), (zh, en), strict=True)
    ]
    shown: dict[str, Any] = {
        "validate": "any",
        "input_title": str(column.head)[:_TITLE],
        "input_message": "\n".join(lines)[:_PROMPT],
    }
    if column.choices is not None:
        labels = [str(term.label) for term in column.choices.offered()]
        shown |= {"validate": "list", "source": labels, "error_type": "information"}
    return shown


def _help_texts(column: Column) -> tuple[str, str]:
    return in_both(column.says) if column.says else ("", "")


def _guide(page: Any, formats: dict[str, Any]) -> None:
    """A line a column, in both languages, the reader's first."""
    page.freeze_panes(1, 0)
    locales = LANGUAGES[::-1] if language() == "en" else LANGUAGES
    heads = [(locale, head) for locale in locales for head in _GUIDE_HEAD]
    for at, (locale, head) in enumerate(heads):
        page.set_column(at, at, 40 if at % len(_GUIDE_HEAD) == 4 else 18)
        page.write_string(0, at, localized_in(locale, head), formats["head"])
    line = 0
    for kind in SheetKind:
        for column in COLUMNS[kind]:
            line += 1
            at = 0
            for locale in locales:
                for cell in _guide_cells(kind, column, locale):
                    page.write_string(line, at, defused(cell), formats["wrap"])
                    at += 1


def _guide_cells(kind: SheetKind, column: Column, locale: str) -> list[str]:
    says = localized_in(locale, column.says) if column.says else ""
    if column.choices is not None:
        says = " / ".join(localized_in(locale, term.label) for term in column.choices.offered())
    example = column.examples[LANGUAGES.index(locale)]
    needed = localized_in(locale, _l("Yes")) if column.needed else ""
    return [localized_in(locale, kind.label), localized_in(locale, column.head), column.field, needed, says, example]
