"""A trail whose seals were signed with a secret is upgraded: who has the public key alone proves it, up to the first
seal that did not hold."""

from datetime import UTC, datetime
from typing import Any

import pytest
from alembic import command
from flask import Flask
from sqlalchemy import text

from labshare.audit import queries, rules, services
from labshare.audit.models import AuditEvent
from labshare.commands.db import alembic_config
from labshare.kernel.database import db, transaction
from labshare.kernel.time import utc_now
from tests.migrations.test_event_key import old_signature

BEFORE = "unanswered"
AT = datetime(2026, 11, 24, 1, 0, 0, 123456, tzinfo=UTC)


def sealed_before(app: Flask) -> None:
    """Three events, each under a seal of its own, by the version before."""
    before = rules.NOTHING_BEFORE
    for number in (1, 2, 3):
        event = rules.Event(
            id=number,
            at=AT,
            person_id=None,
            firm_id=None,
            action="thing.change",
            subject_type="thing",
            subject_id="1",
            before=None,
            after={"名": number},
            refused=False,
        )
        seal = {"sealed_at": AT, "count": 1, "root": rules.merkle_root([rules.leaf(event)]), "previous_root": before}
        with transaction() as session:
            session.add(AuditEvent(**rules.as_written(event, app.config["EVENT_KEY"])))
            session.flush()
            session.execute(
                text(
                    "INSERT INTO audit_seal (id, sealed_at, count, root, previous_root, signature) "
                    "VALUES (:id, :sealed_at, :count, :root, :previous_root, :signature)"
                ).bindparams(db.bindparam("sealed_at", type_=AuditEvent.__table__.c.at.type)),
                {**seal, "id": number, "signature": old_signature(app.config["AUDIT_KEY"], **seal)},
            )
            session.execute(
                text(f"INSERT INTO audit_leaf (event_id, seal_id, position) VALUES ({number}, {number}, 0)")
            )
        before = seal["root"]
    if db.engine.dialect.name == "postgresql":
        db.session.execute(text("SELECT setval('audit_seal_id_seq', 3), setval('audit_event_id_seq', 3)"))
        db.session.commit()


@pytest.fixture
def old(empty: Flask, clock: Any) -> Flask:
    clock.set("2026-11-24 09:30")
    command.upgrade(alembic_config(), BEFORE)
    sealed_before(empty)
    return empty


def upgrade() -> None:
    command.upgrade(alembic_config(), "head")
    db.session.rollback()


def verified(app: Flask) -> services.Broken | None:
    return services.verify(utc_now(), key=app.config["AUDIT_PUBLIC_KEY"])


def test_what_was_sealed_is_proved_by_the_public_key(old: Flask) -> None:  # R-AUDIT-10
    upgrade()
    (head,) = queries.heads()
    assert isinstance(head, rules.Head)
    assert (head.id, head.seals, head.events) == (1, 3, 3)
    assert verified(old) is None
    with transaction():
        services.record(services.SYSTEM, utc_now(), "thing.change", ("thing", 1))
    assert services.seal(utc_now(), key=old.config["AUDIT_KEY"]) == 1
    second = services.publish_head(utc_now(), key=old.config["AUDIT_KEY"])
    assert second is not None
    assert (second.id, second.seals) == (2, 4)
    assert verified(old) is None


@pytest.mark.parametrize("number", [1, 2, 3])
def test_what_did_not_hold_is_not_covered(old: Flask, number: int) -> None:
    with db.engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            guard = connection.scalar(text("SELECT sql FROM sqlite_master WHERE name = 'audit_seal_no_update'"))
            connection.execute(text("DROP TRIGGER audit_seal_no_update"))
        else:
            guard = "ALTER TABLE audit_seal ENABLE TRIGGER USER"
            connection.execute(text("ALTER TABLE audit_seal DISABLE TRIGGER USER"))
        connection.execute(text(f"UPDATE audit_seal SET signature = '{'0' * 64}' WHERE id = {number}"))
        connection.execute(text(guard))
    upgrade()
    assert [head.seals for head in queries.heads() if isinstance(head, rules.Head)] == [number - 1] * (number > 1)
    assert verified(old) == services.Broken(what="signature", seal_id=number)


def test_without_the_key_the_upgrade_says_so_and_changes_nothing(old: Flask) -> None:
    old.config["AUDIT_KEY"] = None
    with pytest.raises(RuntimeError, match="AUDIT_KEY: this upgrade signs"):
        upgrade()


def test_down_again_everything_is_signed_as_before(old: Flask) -> None:
    upgrade()
    with transaction():
        services.record(services.SYSTEM, utc_now(), "thing.change", ("thing", 1))
    assert services.seal(utc_now(), key=old.config["AUDIT_KEY"]) == 1
    command.downgrade(alembic_config(), BEFORE)
    upgrade()
    (head,) = queries.heads()
    assert isinstance(head, rules.Head)
    assert head.seals == 4
    assert verified(old) is None
