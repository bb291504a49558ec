"""Many rows of a table at once."""

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from sqlalchemy import bindparam, delete, insert, select

from labshare.kernel.database import Base, Numbers, db, in_ids

M = TypeVar("M", bound=Base)


def insert_rows(table: type[Any], rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        db.session.execute(insert(table), rows)


def _in_ids(column: Any, ids: Iterable[int]) -> Any:
    return in_ids(column, bindparam(None, list(ids), type_=Numbers))


def rows_by_id(table: type[M], ids: Sequence[int]) -> dict[int, M]:
    """Rows by their ids, in one statement."""
    if not ids:
        return {}
    return {row.id: row for row in db.session.scalars(select(table).where(_in_ids(table.id, ids)))}  # type: ignore[attr-defined]


def delete_rows(table: type[Any], column: Any, ids: Sequence[int]) -> None:
    if ids:
        rows = delete(table).where(_in_ids(column, ids))
        db.session.execute(rows.execution_options(synchronize_session=False))
