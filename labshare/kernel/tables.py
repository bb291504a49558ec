"""Tables as files: CSV and XLSX, streamed row by row. Text is never taken for a formula (CSV injection, OWASP)."""

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from labshare.kernel.money import Fen

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a spreadsheet takes for the beginning of a formula, in either width (OWASP)."""


def yuan(fen: Fen) -> Decimal:
    """Fen as yuan with two decimals, for a cell that stays a number."""
    return Decimal(fen).scaleb(-2)


def defused(cell: Any) -> Any:
    """Text that a spreadsheet would run as a formula gets an apostrophe in front; numbers stay numbers. So does what
    would look as if it had one, so that a file that comes back is read as it was (`armed`)."""
    return f"'{cell}" if isinstance(cell, str) and cell.lstrip("'").startswith(FORMULA_STARTS) else cell


def armed(cell: str) -> str:
    """A text of a CSV file as it was before `defused`."""
    return cell[1:] if cell.startswith("'") and cell.lstrip("'").startswith(FORMULA_STARTS) else cell


def to_csv(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """UTF-8 with a byte order mark, so that spreadsheets read Chinese; formulas defused."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow([defused(cell) for cell in head])
    writer.writerows([defused(plain(cell)) for cell in row] for row in rows)
    return b"\xef\xbb\xbf" + file.getvalue().encode()


@dataclass(frozen=True)
class Sheet:
    """A sheet of a workbook: its name, its head, its rows, and below them what they add up to."""

    name: str
    head: Sequence[str]
    rows: Iterable[Sequence[Any]]
    total: Sequence[Any] = ()


def to_xlsx(
    head: Sequence[str],
    rows: Iterable[Sequence[Any]],
    sheet: str = "Sheet1",
    *,
    total: Sequence[Any] = (),
    more: Sequence[Sheet] = (),
) -> bytes:
    """Sheets with a frozen head, a `total` in bold below. Text is written as text, money (`Decimal`) with two
    decimals, dates as dates."""
    import xlsxwriter  # most workers never write one

    file = io.BytesIO()
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "in_memory": True}
    with xlsxwriter.Workbook(file, options) as book:
        bold = book.add_format({"bold": True})
        money = book.add_format({"num_format": "#,##0.00"})
        sums = book.add_format({"num_format": "#,##0.00", "bold": True, "top": 1})
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        for one in (Sheet(sheet, head, rows, total), *more):
            page = book.add_worksheet(one.name[:31])
            page.freeze_panes(1, 0)
            for column, cell in enumerate(one.head):
                page.write_string(0, column, cell, bold)
                page.set_column(column, column, max(10, min(40, 2 * len(cell))))
            line = 0
            for line, row in enumerate(one.rows, start=1):
                for column, cell in enumerate(row):
                    _write(page, line, column, cell, money, day)
            for column, cell in enumerate(one.total):
                if isinstance(cell, Decimal):
                    page.write_number(line + 1, column, cell, sums)
                else:
                    page.write_string(line + 1, column, plain(cell), sums)
    return file.getvalue()


def _write(page: Any, line: int, column: int, cell: Any, money: Any, day: Any) -> None:
    if cell is None:
        return
    if isinstance(cell, Decimal):
        page.write_number(line, column, cell, money)
    elif isinstance(cell, bool):
        page.write_boolean(line, column, cell)
    elif isinstance(cell, int):
        page.write_number(line, column, cell)
    elif isinstance(cell, datetime):
        page.write_string(line, column, plain(cell))
    elif isinstance(cell, date):
        page.write_datetime(line, column, cell, day)
    else:
        page.write_string(line, column, str(cell))


def plain(cell: Any) -> Any:
    """A cell without a type of its own in the file: moments to the minute, nothing as empty text."""
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ", timespec="minutes")
    return "" if cell is None else cell


@dataclass(frozen=True)
class Format:
    """A kind of file for tables."""

    type: str
    """Its media type."""
    write: Callable[..., bytes]
    """Takes sheets; what holds a single table writes the first."""


FORMATS = {
    "csv": Format("text/csv; charset=utf-8", lambda table, *_more: to_csv(table.head, table.rows)),
    "xlsx": Format(
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        lambda table, *more: to_xlsx(table.head, table.rows, table.name, total=table.total, more=more),
    ),
}
"""By the ending of the file's name, in the order of pages."""
