"""Rows on their way into the database: gathered as plain dictionaries, written in bulk with ids of our own."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Table, func, insert, select, text
from sqlalchemy.orm import Session

from labshare.kernel.database import db

CHUNK = 5_000
Row = dict[str, Any]


class Rows:
    """Rows waiting to be written, by table. A row may still change until `write` sends it off."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.waiting: dict[str, list[Row]] = defaultdict(list)
        self.counters: dict[str, int] = defaultdict(int)
        self.blank: dict[str, Row] = {}
        self.keyed: dict[str, bool] = {}

    def add(self, model: Any, /, **values: Any) -> Row:
        """A row with every column, an id and the model's defaults where nothing else is said."""
        table: Table = model.__table__
        name = table.name
        blank = self.blank.get(name)
        if blank is None:
            blank = self.blank[name] = {column.name: _default(column) for column in table.columns}
            self.keyed[name] = "id" in table.columns
        row = {**blank, **values}
        if self.keyed[name]:
            self.counters[name] += 1
            row["id"] = self.counters[name]
        self.waiting[name].append(row)
        return row

    def write(self) -> int:
        """Write what waits, parents before children. Returns the number of rows."""
        written = 0
        connection = self.session.connection()
        for table in db.metadata.sorted_tables:
            rows = self.waiting.pop(table.name, None)
            if not rows:
                continue
            for start in range(0, len(rows), CHUNK):
                connection.execute(insert(table), rows[start : start + CHUNK])
            written += len(rows)
        return written

    def find_number(self, model: Any) -> None:
        """Go on counting after what others have written into this table."""
        table: Table = model.__table__
        self.counters[table.name] = self.session.scalar(select(func.max(table.c.id))) or 0

    def continue_numbering(self, *names: str) -> None:
        """Have the database go on counting after the ids given here (PostgreSQL's sequences); in all tables, or in
        those named."""
        if self.session.get_bind().dialect.name != "postgresql":
            return
        for name in names or self.counters:
            table = db.metadata.tables[name]
            top = self.session.scalar(select(func.max(table.c.id)))
            self.session.execute(
                text("SELECT setval(pg_get_serial_sequence(:name, 'id'), :top)"), {"name": name, "top": top}
            )


def _default(column: Any) -> Any:
    default = column.default
    return default.arg if default is not None and default.is_scalar else None


def empty(tables: Iterable[Table]) -> bool:
    """Whether none of the tables holds a row."""
    return all(db.session.execute(select(1).select_from(table).limit(1)).first() is None for table in tables)
