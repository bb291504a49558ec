"""The table of facts that count in docs/rules.md (R-FACT), read for its test; and what a statement writes."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RULES = Path(__file__).parents[2] / "docs" / "rules.md"
_CODE = re.compile(r"`([a-z_]+\.[a-z_]+)`")
_INSERT = re.compile(r"""\s*INSERT(?:\s+OR\s+\w+)?\s+INTO\s+\S+\s*\(([^)]*)\)\s*(VALUES)?""", re.IGNORECASE)
_UPDATE = re.compile(r"""\s*UPDATE\s+\S+\s+SET\s+(.*?)(?:\s+WHERE\s|$)""", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class Fact:
    name: str
    columns: tuple[str, ...]
    """`table.column` each."""
    verbs: frozenset[str]
    """Who declares, confirms or ends it."""
    confirmers: frozenset[str]
    """Those of the cell of who confirms it."""

    @property
    def tables(self) -> set[str]:
        return {column.partition(".")[0] for column in self.columns}


def facts_that_count() -> list[Fact]:
    """The rows of the table: name, columns, and the verbs of the other cells."""
    text = RULES.read_text()
    table = text[text.index("<!-- facts -->") : text.index("<!-- end of facts -->")]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if line.startswith("|")
    ]
    return [
        Fact(name, tuple(_CODE.findall(columns)), _verbs(rest), _verbs(rest[1:2])) for name, columns, *rest in rows[2:]
    ]


def _verbs(cells: Sequence[str]) -> frozenset[str]:
    return frozenset(verb for cell in cells for verb in _CODE.findall(cell))


def columns_written(statement: str, given: Any) -> Iterator[str]:
    """The columns that an INSERT (what is not null) or an UPDATE writes."""
    insert, update = _INSERT.match(statement), _UPDATE.match(statement)
    if insert is not None:
        names = [name.strip().strip('"') for name in insert[1].split(",")]
        rows = given if isinstance(given, list) else [given]
        values = [value for row in rows for value in (row.values() if isinstance(row, dict) else row)]
        for place, name in enumerate(names):
            if insert[2] is None or any(value is not None for value in values[place :: len(names)]):
                yield name
    elif update is not None:
        yield from re.findall(r"""(?:^|,)\s*"?(\w+)"?\s*=""", update[1])
