"""A firm with a lab, its manager, and the questions tests of the catalogue ask again and again."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from labshare.audit.models import AuditEvent
from labshare.catalogue.models import Lab
from labshare.kernel.actor import Actor
from labshare.kernel.database import Base, db, transaction
from labshare.kernel.errors import Problem
from labshare.organisations.models import Firm
from tests import factories as make
from tests.conftest import Clock

TODAY = date(2026, 11, 24)


@dataclass
class House:
    """A firm with a published lab; `actor` is its lab manager, `stranger` one of another firm with labs."""

    firm: Firm
    lab: Lab
    actor: Actor
    stranger: Actor
    officer: Actor
    admin: Actor
    clock: Clock

    @property
    def who(self) -> dict[str, Any]:
        return {"actor": self.actor, "now": self.clock.now}

    @property
    def by_admin(self) -> dict[str, Any]:
        return {"actor": self.admin, "now": self.clock.now}

    @property
    def by_officer(self) -> dict[str, Any]:
        return {"actor": self.officer, "now": self.clock.now}


@pytest.fixture
def house(app: Flask, clock: Clock) -> House:
    firm = make.firm(size_class="large")
    lab = make.lab(firm, address="人民路 1 号", phone="0575-00001234")
    other = make.firm()
    make.lab(other)
    manager, stranger = make.member(firm, "lab_manager"), make.member(other)
    officer, admin = make.regulator("officer"), make.regulator("admin")
    db.session.commit()
    return House(
        firm,
        lab,
        make.actor(manager, firm, "lab_manager"),
        make.actor(stranger, other, "owner"),
        make.actor(officer, None, "officer"),
        make.actor(admin, None, "admin"),
        clock,
    )


def problems_of(problem: Problem) -> list[tuple[str, str | None]]:
    found = problem.problems
    return [(each.code, each.field) for each in found]


def rows() -> dict[str, list[Any]]:
    """Every row of every table but the audit trail: what a refusal must leave as it was."""
    return {
        name: sorted(map(repr, db.session.execute(table.select()).all()))
        for name, table in Base.metadata.tables.items()
        if not name.startswith("audit_")
    }


@contextmanager
def refused(*expected: tuple[str, str | None]) -> Iterator[None]:
    """The step is refused with exactly these problems (code, field), and changes no row."""
    before = rows()
    with pytest.raises(Problem) as caught, transaction():
        yield
    assert problems_of(caught.value) == list(expected)
    db.session.expire_all()
    assert rows() == before


def last_event() -> AuditEvent:
    event = db.session.scalar(select(AuditEvent).order_by(AuditEvent.id.desc()).limit(1))
    assert event is not None
    return event


def events() -> int:
    return db.session.scalar(select(func.count()).select_from(AuditEvent)) or 0


def sql(statement: str, **values: Any) -> None:
    """A statement by hand, in a transaction of its own."""
    with db.engine.begin() as connection:
        connection.execute(text(statement), values)
