"""A trail from before events had macs is upgraded: what was sealed stays proven by its seals, what was not gets its
mac, and nobody can add an event "from before" afterwards."""

import hashlib
import hmac
from datetime import UTC, datetime
from typing import Any

import pytest
from alembic import command
from flask import Flask
from sqlalchemy import text

from labshare.audit import rules, services
from labshare.audit.errors import ForgedEvents
from labshare.audit.models import AuditEvent
from labshare.commands.db import alembic_config
from labshare.kernel.actor import SYSTEM
from labshare.kernel.database import db, transaction
from labshare.kernel.time import utc_now
from tests.audit.test_forged import NAMED, UNTOUCHED, by_hand, insert_by_hand, seal, verify

BEFORE = "county"
"""The version before events had macs."""
AT = datetime(2026, 11, 24, 1, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
def upgraded(empty: Flask, clock: Any) -> Flask:
    """Events 1 to 3 sealed and 4, 5 not, written by the version before; then the upgrade."""
    clock.set("2026-11-24 09:30")
    command.upgrade(alembic_config(), BEFORE)
    old = [
        rules.Event(
            id=number,
            at=AT,
            person_id=7,
            firm_id=None,
            action="thing.change",
            subject_type="thing",
            subject_id="1",
            before={"名": number},
            after={"a": [1, None]},
            refused=False,
        )
        for number in (1, 2, 3, 4, 5)
    ]
    root = rules.merkle_root([rules.leaf(event) for event in old[:3]])
    row = {"sealed_at": AT, "count": 3, "root": root, "previous_root": rules.NOTHING_BEFORE}
    with transaction() as session:
        columns = [column for column in AuditEvent.__table__.columns if column.name != "mac"]
        session.execute(
            text(
                f"INSERT INTO audit_event ({', '.join(column.name for column in columns)}) "
                f"VALUES ({', '.join(':' + column.name for column in columns)})"
            ).bindparams(*(db.bindparam(column.name, type_=column.type) for column in columns)),
            [{name: value for name, value in vars(event).items() if name != "mac"} for event in old],
        )
        session.execute(
            text(
                "INSERT INTO audit_seal (id, sealed_at, count, root, previous_root, signature) "
                "VALUES (1, :sealed_at, :count, :root, :previous_root, :signature)"
            ).bindparams(db.bindparam("sealed_at", type_=AuditEvent.__table__.c.at.type)),
            {**row, "signature": old_signature(empty.config["AUDIT_KEY"], **row)},
        )
        session.execute(text("INSERT INTO audit_leaf (event_id, seal_id, position) VALUES (1,1,0), (2,1,1), (3,1,2)"))
        if db.engine.dialect.name == "postgresql":
            session.execute(text("SELECT setval('audit_seal_id_seq', 1), setval('audit_event_id_seq', 5)"))
    command.upgrade(alembic_config(), "head")
    clock.set(datetime.now(UTC))  # as the upgrade writes its moment
    db.session.rollback()
    return empty


def old_signature(key: str, *, sealed_at: datetime, count: int, root: str, previous_root: str) -> str:
    """As seals were signed before Ed25519."""
    message = "\n".join((sealed_at.isoformat(timespec="microseconds"), str(count), root, previous_root))
    return hmac.new(key.encode(), message.encode(), hashlib.sha256).hexdigest()


def macs() -> dict[int, str | None]:
    return dict(db.session.execute(db.select(AuditEvent.id, AuditEvent.mac).order_by(AuditEvent.id)).all())


def test_what_was_sealed_stays_what_was_not_gets_its_mac(upgraded: Flask) -> None:
    found = macs()
    assert [number for number, mac in found.items() if mac is None] == [1, 2, 3]
    assert set(found) == {1, 2, 3, 4, 5, 6}
    beginning = db.session.get_one(AuditEvent, 6)
    assert (beginning.action, beginning.after) == (rules.MACS_BEGIN, {"seal_id": 1})
    assert seal(upgraded) == 3
    assert verify() == UNTOUCHED
    with transaction():
        services.record(SYSTEM, utc_now(), "thing.change", ("thing", 7))
    assert seal(upgraded) == 1
    assert verify() == UNTOUCHED


@pytest.mark.parametrize("number", [0, 7, 10_000])
@pytest.mark.parametrize("at", ["2026-11-24 01:00:00.123456", "2019-01-01 00:00:00.000000"])
def test_an_event_from_before_cannot_be_added_afterwards(upgraded: Flask, number: int, at: str) -> None:
    insert_by_hand(number, at, mac=None)
    try:
        seal(upgraded)
    except ForgedEvents as forged:
        assert list(forged.event_ids) == [number]
    assert verify() == (1, NAMED.format(number))


def test_an_event_sealed_since_cannot_pass_for_one_from_before(upgraded: Flask) -> None:
    seal(upgraded)
    by_hand("UPDATE audit_event SET mac = NULL WHERE id = 5")
    assert verify() == (1, NAMED.format(5))


def test_without_the_event_that_names_the_last_old_seal_the_trail_does_not_hold(upgraded: Flask) -> None:
    by_hand("DELETE FROM audit_event WHERE id = 6")
    assert verify() == (1, NAMED.format(1))


def test_down_and_up_again(upgraded: Flask) -> None:
    seal(upgraded)
    command.downgrade(alembic_config(), BEFORE)
    command.upgrade(alembic_config(), "head")
    db.session.rollback()
    assert seal(upgraded) == 1
    assert verify() == UNTOUCHED
