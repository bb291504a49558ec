"""`in_ids`: IN for one number and for more than SQLite takes as values of their own."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Select, bindparam, event, select

from labshare.booking.models import Charge
from labshare.kernel.database import Numbers, db, in_ids
from labshare.organisations.models import Firm
from tests import factories as make


@pytest.fixture
def firms(app: Flask) -> list[int]:
    return [make.firm().id for _ in range(3)]


def found(numbers: Collection[int]) -> list[int]:
    query = select(Firm.id).where(in_ids(Firm.id, bindparam("ids", type_=Numbers))).order_by(Firm.id)
    return list(db.session.scalars(query, {"ids": numbers}))


def test_none_one_and_some(firms: list[int]) -> None:
    assert found(()) == []
    assert found({firms[1]}) == [firms[1]]
    assert found((firms[2], firms[0], firms[2], 0)) == [firms[0], firms[2]]


def test_as_many_as_there_are(firms: list[int]) -> None:
    assert found(range(firms[0], firms[0] + 70_000)) == firms


def test_the_columns_index_is_used(app: Flask) -> None:
    """Nothing is put around it: of ` = 1`, which SQLAlchemy writes behind functions on SQLite, no index knows."""
    ids = bindparam("ids", [1, 2], type_=Numbers)
    plan = "\n".join(plan_of(select(Charge.id).where(in_ids(Charge.booking_id, ids), Charge.agreed_on.is_(None))))
    assert "ix_charge_booking_id" in plan
    assert "SCAN charge" not in plan


def plan_of(query: Select[Any]) -> list[str]:
    """How the database would go about it; PostgreSQL as if reading whole tables, which are empty here, were dear."""
    sent: list[tuple[str, Any]] = []
    with listening(sent):
        db.session.execute(query)
    connection = db.session.connection()
    if connection.dialect.name == "sqlite":
        return [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sent[-1][0]}", sent[-1][1])]
    connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
    return [row[0] for row in connection.exec_driver_sql(f"EXPLAIN {sent[-1][0]}", sent[-1][1])]


@contextmanager
def listening(sent: list[tuple[str, Any]]) -> Iterator[None]:
    def note(*args: Any) -> None:
        sent.append((args[2], args[3]))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
