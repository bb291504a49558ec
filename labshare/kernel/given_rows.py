"""Rows handed to a statement as one value: a FROM clause that is put together and planned once, for any number."""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import CTE, Cast, Text, bindparam, literal_column, select
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine


class Rows(TypeDecorator[Sequence[Sequence[Any]]]):
    """Rows of numbers, texts, days and moments as a JSON text; moments spelled as each engine keeps them."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Iterable[Sequence[Any]] | None, dialect: Dialect) -> str:
        zone = "" if dialect.name == "sqlite" else "+00"

        def spelled(cell: Any) -> Any:
            if isinstance(cell, datetime):
                return cell.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f") + zone
            return cell.isoformat() if isinstance(cell, date) else cell

        return json.dumps([[spelled(cell) for cell in row] for row in value or ()])


def given_rows(name: str, **columns: TypeEngine[Any]) -> CTE:
    """The rows of the statement's parameter `name`, with these columns in this order, read once."""
    rows = _elements(bindparam(name, type_=Rows)).table_valued("value", name=f"given_{name}")
    cells = (
        _Typed(_cell(rows.c.value, literal_column(str(place))), kind).label(column)
        for place, (column, kind) in enumerate(columns.items())
    )
    return select(*cells).cte(name).prefix_with("MATERIALIZED")


class _elements(FunctionElement[Any]):
    inherit_cache = True


@compiles(_elements, "sqlite")
def _elements_sqlite(element: _elements, compiler: Any, **options: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **options)})"


@compiles(_elements, "postgresql")
def _elements_postgresql(element: _elements, compiler: Any, **options: Any) -> str:
    return f"jsonb_array_elements(CAST({compiler.process(element.clauses, **options)} AS jsonb))"


class _cell(FunctionElement[Any]):
    inherit_cache = True


@compiles(_cell, "sqlite")
def _cell_sqlite(element: _cell, compiler: Any, **options: Any) -> str:
    row, place = (compiler.process(clause, **options) for clause in element.clauses)
    return f"json_extract({row}, '$[{place}]')"


@compiles(_cell, "postgresql")
def _cell_postgresql(element: _cell, compiler: Any, **options: Any) -> str:
    row, place = (compiler.process(clause, **options) for clause in element.clauses)
    return f"({row} ->> {place})"


class _Typed(Cast[Any]):
    """A cell as its column's type: SQLite has read it from the JSON as what it keeps."""

    inherit_cache = True


@compiles(_Typed, "sqlite")
def _typed_sqlite(element: _Typed, compiler: Any, **options: Any) -> str:
    cell: str = compiler.process(element.clause, **options)
    return cell
