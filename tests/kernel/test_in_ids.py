"""`in_ids`: IN for one number and for more than SQLite takes as values of their own."""

from collections.abc import Collection

import pytest
from flask import Flask
from sqlalchemy import bindparam, select

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
