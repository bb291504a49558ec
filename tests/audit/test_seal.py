"""The trail: append-only, sealed, and every tampering shows."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError

from labshare.audit import rules, services
from labshare.audit.models import AuditAddress, AuditEvent
from labshare.jobs.table import tidy_up
from labshare.kernel.actor import SYSTEM, Actor
from labshare.kernel.database import db, transaction
from labshare.kernel.errors import NotAllowed
from labshare.kernel.signing import public_of
from labshare.kernel.time import utc_now
from labshare.kernel.verbs import TITLES, VERBS, verb

KEY = "k" * 32
PUBLIC = public_of(KEY)


def write(count: int) -> None:
    with transaction():
        for number in range(count):
            services.record(
                SYSTEM, utc_now(), "thing.change", ("thing", number), {"a": number, "名": "旧"}, {"a": number + 1}
            )


def by_hand(statement: str) -> None:
    """Change the database as someone with full rights would: guards off."""
    tables = ("audit_event", "audit_seal", "audit_leaf")
    with db.engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            for table in tables:
                connection.execute(text(f"DROP TRIGGER IF EXISTS {table}_no_update"))
                connection.execute(text(f"DROP TRIGGER IF EXISTS {table}_no_delete"))
        else:
            for table in tables:
                connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        connection.execute(text(statement))
    db.session.rollback()


@pytest.fixture
def sealed(app: Flask, clock: Any) -> Callable[[], services.Broken | None]:
    """Three seals over seven events; gives the verifier."""
    for size in (3, 1, 3):
        write(size)
        assert services.seal(utc_now(), key=KEY) == size
        clock.advance(minutes=1)
    return lambda: services.verify(utc_now(), key=PUBLIC)


@pytest.mark.parametrize("statement", ["UPDATE audit_event SET action = 'x'", "DELETE FROM audit_event"])
def test_the_database_refuses_to_change_events(app: Flask, clock: Any, statement: str) -> None:  # R-AUDIT-3
    write(1)
    with pytest.raises(IntegrityError, match="append-only"), transaction() as session:
        session.execute(text(statement))


def test_an_untouched_trail_verifies(sealed: Callable[[], Any]) -> None:  # R-AUDIT-5
    assert sealed() is None
    assert services.seal(utc_now(), key=KEY) == 0


@pytest.mark.parametrize(
    ("tampering", "shows"),
    [
        ("UPDATE audit_event SET action = 'thing.other' WHERE id = 2", "event_changed"),
        ("UPDATE audit_event SET after = '{\"a\": 99}' WHERE id = 5", "event_changed"),
        ("DELETE FROM audit_event WHERE id = 4", "event_missing"),
        ("UPDATE audit_leaf SET position = position + 10 WHERE event_id = 1", "event_changed"),
        ("UPDATE audit_seal SET count = 2 WHERE id = 1", "signature"),
        ("DELETE FROM audit_leaf WHERE event_id = 3", "count"),
        (
            "INSERT INTO audit_leaf (event_id, seal_id, position) VALUES (8, 2, 1)",
            "event_missing",
        ),
    ],
)
def test_tampering_shows(sealed: Callable[[], Any], tampering: str, shows: str) -> None:  # R-AUDIT-5
    by_hand(tampering)
    assert sealed().what == shows


def test_a_resealed_forgery_shows_by_the_signature(sealed: Callable[[], Any], clock: Any) -> None:  # R-AUDIT-5
    """Whoever changes an event and works the root out anew still lacks the key."""
    by_hand("UPDATE audit_event SET action = 'thing.other' WHERE id = 7")
    events = list(db.session.scalars(db.select(AuditEvent).where(AuditEvent.id > 4).order_by(AuditEvent.id)))
    root = rules.merkle_root(
        [
            rules.leaf(rules.Event(**{name: getattr(row, name) for name in rules.Event.__dataclass_fields__}))
            for row in events
        ]
    )
    by_hand(f"UPDATE audit_seal SET root = '{root}' WHERE id = 3")
    assert sealed().what == "signature"


def test_a_backdated_event_shows_as_unsealed(sealed: Callable[[], Any], clock: Any) -> None:
    clock.advance(hours=-3)
    write(1)
    clock.advance(hours=3)
    broken = sealed()
    assert (broken.what, broken.event_id) == ("unsealed", 8)


def test_a_cut_tail_shows_against_an_exported_head(sealed: Callable[[], Any], clock: Any) -> None:  # R-AUDIT-5
    *_, head = services.export()
    by_hand("DELETE FROM audit_leaf WHERE seal_id = 3")
    by_hand("DELETE FROM audit_seal WHERE id = 3")
    by_hand("DELETE FROM audit_event WHERE id > 4")
    assert sealed() is None
    assert services.verify(utc_now(), key=PUBLIC, head=head["seal"]).what == "head_missing"  # type: ignore[union-attr]


def test_a_late_commit_is_sealed_in_a_later_batch(app: Flask, clock: Any) -> None:
    """On PostgreSQL an event with a lower id may commit after a higher one was sealed."""
    now = utc_now()
    for number in (5, 3):
        written = rules.Event(
            id=number,
            at=now,
            person_id=None,
            firm_id=None,
            action="x.y",
            subject_type="x",
            subject_id="1",
            before=None,
            after=None,
            refused=False,
        )
        with transaction() as session:
            session.add(AuditEvent(**rules.as_written(written, app.config["EVENT_KEY"])))
        assert services.seal(now, key=KEY) == 1
    assert services.verify(now + timedelta(hours=2), key=PUBLIC) is None


def test_two_sealers_do_not_fork_the_chain(app: Flask, clock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    # R-AUDIT-6
    write(4)
    slower = rules.merkle_root

    def overtaken(leaves: Any) -> str:
        monkeypatch.setattr(rules, "merkle_root", slower)
        services.seal(utc_now(), key=KEY)
        return slower(leaves)

    monkeypatch.setattr(rules, "merkle_root", overtaken)
    assert services.seal(utc_now(), key=KEY) == 0
    assert services.verify(utc_now(), key=PUBLIC) is None


def test_sealing_many_events_takes_batches(app: Flask, clock: Any) -> None:
    write(25)
    assert services.seal(utc_now(), key=KEY, batch=10) == 25
    counts = db.session.scalars(text("SELECT count FROM audit_seal ORDER BY id")).all()
    assert list(counts) == [10, 10, 5]


def test_hashing_holds_no_writer_up(app: Flask, clock: Any) -> None:  # R-AUDIT-6
    """The sealer's transaction writes one seal and its leaves; it reads no event inside."""
    write(3)
    inside: list[str] = []

    def watch(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if db.session.info.get("writing"):
            inside.append(statement)

    event.listen(db.engine, "before_cursor_execute", watch)
    services.seal(utc_now(), key=KEY)
    event.remove(db.engine, "before_cursor_execute", watch)
    assert inside
    assert not [statement for statement in inside if "FROM audit_event" in statement]


def test_an_address_stands_beside_the_seal_and_is_erased_after_184_days(app: Flask, clock: Any) -> None:  # R-AUDIT-8
    with transaction():
        services.record(Actor(address="192.0.2.7"), utc_now(), "thing.change", ("thing", 1))
    services.seal(utc_now(), key=KEY)
    for days, kept in ((184, ["192.0.2.7"]), (1, [])):
        tidy_up(clock.advance(days=days))
        assert list(db.session.scalars(db.select(AuditAddress.address))) == kept
    assert services.verify(utc_now(), key=PUBLIC) is None


def test_refused_attempts_on_rights_are_written_after_the_rollback(app: Flask, clock: Any) -> None:  # R-AUDIT-2
    @verb("test.forbidden", title="Forbidden")
    def forbidden(*, booking_id: int, actor: Any, now: datetime) -> None:
        """Refuse."""
        services.record(actor, now, "test.half", ("thing", 1))
        raise NotAllowed

    try:
        with pytest.raises(NotAllowed), transaction():
            forbidden(booking_id=7, actor=SYSTEM, now=utc_now())
    finally:
        del VERBS["test.forbidden"], TITLES["test.forbidden"]
    (row,) = db.session.scalars(db.select(AuditEvent)).all()
    assert (row.action, row.refused, row.subject_type, row.subject_id) == ("test.forbidden", True, "booking", "7")
    assert row.after == {"problem": "NotAllowed", "field": None}


@given(st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=40))
def test_merkle_root_equals_the_recursive_definition(leaves: list[bytes]) -> None:
    """RFC 9162, 2.1.1: split at the largest power of two below the count."""
    import hashlib

    def mth(part: list[bytes]) -> bytes:
        if len(part) == 1:
            return part[0]
        k = 1 << ((len(part) - 1).bit_length() - 1)
        return hashlib.sha256(b"\x01" + mth(part[:k]) + mth(part[k:])).digest()

    assert rules.merkle_root(leaves) == mth(leaves).hex()
