"""Tables as papers to file: PDF, set by Typst in the font that the front end's build brings along."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from flask import current_app

from labshare.kernel.formatting import MINUS
from labshare.kernel.tables import plain

TEMPLATE = Path(__file__).with_name("table.typ")


def to_pdf(
    title: str,
    facts: Iterable[str],
    head: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    notes: Iterable[tuple[str, str]] = (),
    language: str,
    made_at: datetime,
) -> bytes:
    """A4 across, its head repeated on each page, the last row a total. Cells as in `to_xlsx`: money is a `Decimal`.

    `language` is `zh` or `en`; `made_at` is the file's date of making. All text is data: none is read as markup.
    """
    lines = [list(row) for row in rows]
    cells = [[_cell(cell) for cell in line] for line in lines]
    widths = [
        _width(head[place], [line[place] for line in cells]) if any(_is_number(line[place]) for line in lines) else 0
        for place in range(len(head))
    ]
    data = {
        "title": title,
        "facts": list(facts),
        "head": list(head),
        "rows": cells,
        "widths": widths,
        "notes": list(notes),
        "language": language,
    }
    return typeset(TEMPLATE, data, made_at=made_at)


def typeset(template: Path, data: dict[str, Any], *, made_at: datetime) -> bytes:
    """The paper that a template makes of `sys.inputs.data`, JSON. All text is data: none is read as markup."""
    import typst  # most workers never set one

    fonts = Path(str(current_app.static_folder)) / "dist" / "fonts"
    return typst.compile(
        template,
        format="pdf",
        font_paths=[fonts],
        ignore_system_fonts=True,
        timestamp=int(made_at.timestamp()),
        sys_inputs={"data": json.dumps(data)},
    )


def _is_number(cell: Any) -> bool:
    return isinstance(cell, int | Decimal)


def _cell(cell: Any) -> str:
    return f"{cell:,}".replace("-", MINUS) if _is_number(cell) else str(plain(cell))


def _width(head: str, cells: Sequence[str]) -> float:
    """em for a column of numbers: as its widest number, or the widest part of its head that cannot be broken."""
    words = max(len(word) if word.isascii() else 8 for word in head.split() or [""])
    return 0.56 * max(words, *map(len, cells)) + 0.8
