"""Files made on the spot: always an attachment, never shown by the browser."""

from collections.abc import Iterable, Sequence
from typing import Any

from flask import Response
from flask_babel import gettext as _

from labshare.kernel.formatting import number
from labshare.kernel.tables import CSV_TYPE, XLSX_TYPE, Sheet, to_csv, to_xlsx

TYPES = {"csv": CSV_TYPE, "xlsx": XLSX_TYPE, "pdf": "application/pdf"}


def capped(rows: Sequence[Sequence[Any]], most: int) -> list[Sequence[Any]]:
    """A file's rows; where there are more than it may hold, the last line says so."""
    if len(rows) <= most:
        return list(rows)
    return [*rows[:most], [_("Only the first %(n)s rows are here; narrow the filters.", n=number(most))]]


def download(content: bytes, name: str) -> Response:
    """Answer with a file; its type follows the ending of `name` (csv, xlsx, pdf)."""
    response = Response(content, content_type=TYPES[name.rsplit(".", 1)[1]])
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


def download_rows(
    name: str,
    head: Sequence[str],
    rows: Iterable[Sequence[Any]],
    kind: str,
    *,
    sheet: str = "Sheet1",
    more: Sequence[Sheet] = (),
) -> Response:
    """Answer with rows as CSV or XLSX. `sheet`, `more`: the sheet's name and those after it, in XLSX alone."""
    content = to_csv(head, rows) if kind == "csv" else to_xlsx(head, rows, sheet=sheet, more=more)
    return download(content, f"{name}.{kind}")
