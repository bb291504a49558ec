"""Files made on the spot: always an attachment, never shown by the browser."""

from collections.abc import Iterable, Sequence
from typing import Any

from flask import Response
from flask_babel import gettext as _

from labshare.kernel.formatting import number
from labshare.kernel.tables import FORMATS, Sheet

TYPES = {ending: each.type for ending, each in FORMATS.items()} | {"pdf": "application/pdf"}
"""Media types of the files that pages offer, by the ending of their names."""
_TYPES = TYPES | {"json": "application/json"}


def capped(rows: Sequence[Sequence[Any]], most: int) -> list[Sequence[Any]]:
    """A file's rows; where there are more than it may hold, the last line says so."""
    if len(rows) <= most:
        return list(rows)
    return [*rows[:most], [_("Only the first %(n)s rows are here; narrow the filters.", n=number(most))]]


def download(content: bytes, name: str) -> Response:
    """Answer with a file; its type follows the ending of `name`."""
    response = Response(content, content_type=_TYPES[name.rsplit(".", 1)[1]])
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


def download_rows(
    name: str,
    head: Sequence[str],
    rows: Iterable[Sequence[Any]],
    kind: str,
    *,
    sheet: str = "Sheet1",
    total: Sequence[Any] = (),
    more: Sequence[Sheet] = (),
) -> Response:
    """Answer with rows as a file of one of the formats. `sheet`, `total`, `more`: the sheet's name, what its rows add
    up to and the sheets after it, where the format has sheets."""
    return download(FORMATS[kind].write(Sheet(sheet, head, rows, total), *more), f"{name}.{kind}")
