"""Rows on their way into the database: gathered as plain dictionaries, written in bulk with ids of our own.

SQLAlchemy's own way of binding costs several times what the database does; so each column's conversion is worked out
once, and rows go to the driver as tuples: `executemany` on SQLite, COPY on PostgreSQL. Constraints and triggers hold
as for any other row.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import JSON, Column, Table, func, select, text
from sqlalchemy.orm import Session

from labshare.kernel.database import UtcDateTime, db

Row = dict[str, Any]


class Rows:
    """Rows waiting to be written, by table. A row may still change until `write` sends it off."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.dialect = session.get_bind().dialect
        self.waiting: dict[str, list[Row]] = defaultdict(list)
        self.counters: dict[str, int] = defaultdict(int)
        self.written = 0
        """How many were."""
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

    def write(self) -> None:
        """Write what waits, parents before children."""
        if self.dialect.name == "postgresql":
            # the guards' statements are planned once, not for each row anew because NULL would spare a part
            self.session.execute(text("SET LOCAL plan_cache_mode = force_generic_plan"))
        for each in self._take():
            self.write_tuples(*each)
        if self.dialect.name == "postgresql":
            self.session.execute(text("SET LOCAL plan_cache_mode = auto"))

    def _take(self) -> Iterator[tuple[Table, list[str], Iterator[list[Any]]]]:
        """What waits, parents before children: table, columns, and rows as lists of values. It waits no more."""
        for table in db.metadata.sorted_tables:
            rows = self.waiting.pop(table.name, None)
            if rows:
                names = [column.name for column in table.columns]
                yield table, names, ([row[name] for name in names] for row in rows)

    def write_tuples(self, table: Table, names: Sequence[str], rows: Iterable[list[Any]]) -> None:
        """Write rows given as lists of values in the order of `names`."""
        self._send(table, names, self._converted(table, names, rows))

    def _converted(self, table: Table, names: Sequence[str], rows: Iterable[list[Any]]) -> Iterator[list[Any]]:
        """The rows as the driver takes them."""
        conversions = [
            (place, conversion)
            for place, name in enumerate(names)
            if (conversion := self._conversion(table.columns[name])) is not None
        ]
        for row in rows:
            for place, conversion in conversions:
                value = row[place]
                if value is not None:
                    row[place] = conversion(value)
            yield row

    def _send(self, table: Table, names: Sequence[str], rows: Iterable[list[Any]]) -> None:
        """Hand rows to the driver that are as it takes them."""
        self.session.flush()
        cursor: Any = self.session.connection().connection.cursor()
        quote = self.dialect.identifier_preparer.quote
        columns = ", ".join(quote(name) for name in names)
        if self.dialect.name == "postgresql":
            with cursor.copy(f"COPY {quote(table.name)} ({columns}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        else:
            places = ", ".join("?" * len(names))
            cursor.executemany(f"INSERT INTO {quote(table.name)} ({columns}) VALUES ({places})", rows)  # noqa: S608 - the models' names
        self.written += cursor.rowcount
        cursor.close()

    def _conversion(self, column: Column[Any]) -> Callable[[Any], Any] | None:
        """How a value of this column is handed to the driver; None: as it is."""
        kind = column.type
        if isinstance(kind, JSON):
            return to_json
        sqlite = self.dialect.name == "sqlite"
        if isinstance(kind, UtcDateTime):
            return spelled if sqlite else None
        if not sqlite and kind.python_type in (bool, date, str, int):
            return None
        processor: Callable[[Any], Any] | None = kind.dialect_impl(self.dialect).bind_processor(self.dialect)
        return processor

    def find_number(self, model: Any) -> None:
        """Go on counting after what others have written into this table."""
        table: Table = model.__table__
        self.counters[table.name] = self.session.scalar(select(func.max(table.c.id))) or 0

    def continue_numbering(self, *names: str) -> None:
        """Have the database go on counting after the ids given here (PostgreSQL's sequences); in all tables, or in
        those named."""
        if self.dialect.name != "postgresql":
            return
        for name in names or self.counters:
            table = db.metadata.tables[name]
            top = self.session.scalar(select(func.max(table.c.id)))
            if top is not None:
                self.session.execute(
                    text("SELECT setval(pg_get_serial_sequence(:name, 'id'), :top)"), {"name": name, "top": top}
                )


def spelled(moment: datetime) -> str:
    """A moment as `UtcDateTime` has SQLite keep it."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return moment.isoformat(" ", "microseconds")[:26]


def _iso(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"no JSON for {value!r}")


_encode = json.JSONEncoder(default=_iso).encode


def to_json(value: Any) -> str:
    """JSON text; dates and moments as ISO text. Text passes: it is JSON already."""
    return value if isinstance(value, str) else _encode(value)


def _default(column: Column[Any]) -> Any:
    default: Any = column.default
    return default.arg if default is not None and default.is_scalar else None


def empty(tables: Iterable[Table]) -> bool:
    """Whether none of the tables holds a row."""
    return all(db.session.execute(select(1).select_from(table).limit(1)).first() is None for table in tables)
