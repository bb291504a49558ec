"""The published head: signed by who has the key, over what holds, and what a cut or exchanged trail is found out by."""

import hashlib
import hmac
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from labshare.audit import queries, rules, services
from labshare.audit.errors import TrailBroken
from labshare.audit.models import AuditEvent, AuditSeal
from labshare.jobs import scheduler, table
from labshare.kernel.database import db, transaction
from labshare.kernel.models import JobRun
from labshare.kernel.signing import fits, public_of, sign
from labshare.kernel.time import utc_now
from tests.audit.test_seal import KEY, PUBLIC, by_hand, write

NOT_OURS = "somebody else's"


def published(*sizes: int) -> rules.Head:
    """Each batch of events sealed, then the head published."""
    for size in sizes:
        write(size)
        services.seal(utc_now(), key=KEY)
    head = services.publish_head(utc_now(), key=KEY)
    assert head is not None
    return head


def verified() -> services.Broken | None:
    return services.verify(utc_now(), key=PUBLIC)


def test_a_head_says_how_much_it_covers(app: Flask, clock: Any) -> None:  # R-AUDIT-10
    first = published(3, 2)
    assert (first.id, first.seals, first.events) == (1, 2, 5)
    second = published(4)
    assert (second.id, second.seals, second.events) == (2, 3, 10)  # the first head's own event among them
    leaves = [rules.leaf_of_seal(seal) for seal in queries.seals() if isinstance(seal, rules.Seal)]
    assert (first.root, second.root) == (rules.merkle_root(leaves[:2]), rules.merkle_root(leaves))
    assert rules.head_signed(second, PUBLIC)
    assert not rules.head_signed(second, public_of(NOT_OURS))
    said = db.session.scalars(db.select(AuditEvent).where(AuditEvent.action == rules.PUBLISH)).first()
    assert said is not None
    assert said.after == {"head": 1, "seals": 2, "events": 5, "root": first.root}
    assert verified() is None


def test_nothing_sealed_nothing_published(app: Flask, clock: Any) -> None:
    write(1)
    assert services.publish_head(utc_now(), key=KEY) is None


@pytest.mark.parametrize("statement", ["UPDATE audit_head SET seals = 1", "DELETE FROM audit_head"])
def test_the_database_refuses_to_change_heads(app: Flask, clock: Any, statement: str) -> None:  # R-AUDIT-10
    published(1)
    with pytest.raises(IntegrityError, match="append-only"), transaction() as session:
        session.execute(text(statement))


@pytest.mark.parametrize(
    "statement",
    [
        f"UPDATE audit_seal SET signature = '{'c' * 128}' WHERE id = 3",
        f"UPDATE audit_seal SET root = '{'c' * 64}' WHERE id = 1",
        "UPDATE audit_seal SET sealed_at = '2020-02-02 02:02:02.020202' WHERE id = 1",
        "DELETE FROM audit_leaf WHERE seal_id = 3; DELETE FROM audit_seal WHERE id = 3",
    ],
)
def test_nothing_is_signed_over_a_trail_that_does_not_hold(app: Flask, clock: Any, statement: str) -> None:
    """A seal put in by hand is not made genuine by the next head. R-AUDIT-10"""
    published(1, 1)
    write(1)
    services.seal(utc_now(), key=KEY)
    if statement.startswith("DELETE"):
        services.publish_head(utc_now(), key=KEY)
    for one in statement.split("; "):
        by_hand(one)
    with pytest.raises(TrailBroken):
        services.publish_head(utc_now(), key=KEY)


def test_a_seal_of_another_key_is_not_covered(app: Flask, clock: Any) -> None:
    published(1)
    write(2)
    services.seal(utc_now(), key=NOT_OURS)
    with pytest.raises(TrailBroken, match="seal 2: its signature"):
        services.publish_head(utc_now(), key=KEY)
    assert verified() == services.Broken(what="signature", seal_id=2)


def test_a_tail_cut_behind_a_published_head_shows(app: Flask, clock: Any) -> None:  # R-AUDIT-10
    published(2, 2, 2)
    by_hand("DELETE FROM audit_leaf WHERE seal_id = 3")
    by_hand("DELETE FROM audit_seal WHERE id = 3")
    by_hand("DELETE FROM audit_event WHERE id > 4")
    assert verified() == services.Broken(what="head_missing", head_id=1)


def test_the_nightly_check_names_it(app: Flask, clock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    app.config.update(AUDIT_PUBLIC_KEY=PUBLIC)
    published(2)
    monkeypatch.setattr(table, "violations", lambda _now: [])
    assert table.check_everything(utc_now()) == "0 violations"
    with db.engine.begin() as connection:
        for each in ("update", "delete") if connection.dialect.name == "sqlite" else ():
            connection.execute(text(f"DROP TRIGGER audit_head_no_{each}"))
        if connection.dialect.name == "postgresql":
            connection.execute(text("ALTER TABLE audit_head DISABLE TRIGGER USER"))
        connection.execute(text("DELETE FROM audit_head"))
    with pytest.raises(RuntimeError, match="audit trail: head_gone, head 1"):
        table.check_everything(utc_now())


def test_the_job_publishes_once_a_day(app: Flask, clock: Any) -> None:  # R-AUDIT-10
    app.config.update(AUDIT_KEY=KEY)
    write(1)
    services.seal(utc_now(), key=KEY)
    job = next(job for job in table.JOBS if job.name == "audit.head")
    clock.set("2026-11-25 04:59")
    scheduler.run_job(job, utc_now())
    clock.set("2026-11-25 05:00")
    scheduler.run_job(job, utc_now())
    clock.set("2026-11-25 05:40")
    scheduler.run_job(job, utc_now())
    runs = db.session.query(JobRun).filter_by(job="audit.head")
    assert [run.result for run in runs] == ["head 1: 1 seals, 1 events, 0 mails"]


def test_a_head_kept_elsewhere_is_compared(app: Flask, clock: Any) -> None:
    head = published(2, 3)
    published(1)
    kept = {"seals": head.seals, "root": head.root}
    assert services.verify(utc_now(), key=PUBLIC, head=kept) is None
    other = services.verify(utc_now(), key=PUBLIC, head={**kept, "root": "0" * 64})
    assert other == services.Broken(what="head_differs", seal_id=2)
    missing = services.verify(utc_now(), key=PUBLIC, head={**kept, "seals": 99})
    assert missing is not None
    assert missing.what == "head_missing"


def test_a_seal_from_before_does_not_pass_without_the_upgrade_s_head(app: Flask, clock: Any) -> None:
    """Signed in the old way, even under the right secret: only what the upgrade covered holds."""
    write(1)
    services.seal(utc_now(), key=KEY)
    seal = db.session.get_one(AuditSeal, 1)
    said = "\n".join((seal.sealed_at.isoformat(timespec="microseconds"), "1", seal.root, seal.previous_root))
    by_hand(f"UPDATE audit_seal SET signature = '{hmac.new(KEY.encode(), said.encode(), hashlib.sha256).hexdigest()}'")
    assert verified() == services.Broken(what="signature", seal_id=1)


@given(st.lists(st.binary(min_size=32, max_size=32), max_size=70))
def test_a_growing_tree_has_the_root_of_its_leaves(leaves: list[bytes]) -> None:
    tree = rules.Growing()
    for count, leaf in enumerate(leaves, 1):
        tree.add(leaf)
        assert tree.root == rules.merkle_root(leaves[:count])
    assert rules.Growing().root == hashlib.sha256(b"").hexdigest()


@given(st.text(), st.binary())
def test_macs_of_many_are_hmacs(key: str, said: bytes) -> None:
    key = key.encode(errors="replace").decode()
    assert rules.Macs(key).of(said) == hmac.digest(key.encode(), said, "sha256").hex()


def test_a_signature_is_whatever_text_it_is(app: Flask) -> None:
    assert not fits(PUBLIC, b"x", signature="not even hexadecimal")
    assert fits(PUBLIC, b"x", signature=sign(KEY, b"x"))
