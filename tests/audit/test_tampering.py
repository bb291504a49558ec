"""A thousand random tamperings by somebody who has every right in the database, guards off: each shows, and its place
is named."""

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert, text

from labshare.audit import queries, rules, services
from labshare.audit.models import AuditEvent, AuditHead, AuditLeaf, AuditSeal
from labshare.kernel.actor import SYSTEM
from labshare.kernel.database import db, transaction
from labshare.kernel.signing import public_of, sign
from labshare.kernel.time import utc_now

KEY, THEIRS = "k" * 32, "their own"
OF_EACH = {"sqlite": range(600), "postgresql": range(600, 1_000)}
"""Which of the thousand are done on which engine."""
SEALS, HEADS, UNSEALED = 5, 2, 2

Place = tuple[str, int]
Tampering = Callable[["Trail", random.Random], set[Place]]


class Trail:
    """Five seals over events and the heads' own, a head over the first two and one over the first four."""

    def __init__(self) -> None:
        self.events: dict[int, int] = dict(db.session.execute(db.select(AuditLeaf.event_id, AuditLeaf.seal_id)).all())
        self.unsealed = sorted(set(db.session.scalars(db.select(AuditEvent.id))) - set(self.events))
        self.seals = list(db.session.scalars(db.select(AuditSeal.id).order_by(AuditSeal.id)))

    def run(self, statement: str, **values: Any) -> None:
        changed = db.session.execute(text(statement), values).rowcount  # type: ignore[attr-defined]
        assert changed != 0, statement

    def of(self, seal: int) -> list[int]:
        return sorted(event for event, of in self.events.items() if of == seal)

    def around(self, event: int) -> set[Place]:
        return {("event", event)} | ({("seal", self.events[event])} if event in self.events else set())


OTHER = {
    "at": "'2020-02-02 02:02:02.020202'",
    "person_id": "coalesce(person_id, 0) + 1",
    "firm_id": "coalesce(firm_id, 0) + 1",
    "action": "action || 'x'",
    "subject_type": "'x' || subject_type",
    "subject_id": "subject_id || '0'",
    "before": "'{\"fen\": 1}'",
    "after": "'{\"fen\": 99999}'",
    "refused": "NOT refused",
    "mac": "'0' || substr(mac, 2, 62) || 'g'",
}


def an_event_changed(trail: Trail, chance: random.Random) -> set[Place]:
    event, column = chance.choice([*trail.events, *trail.unsealed]), chance.choice(list(OTHER))
    trail.run(f"UPDATE audit_event SET {column} = {OTHER[column]} WHERE id = :id", id=event)
    return trail.around(event)


def an_event_changed_by_who_has_its_key(trail: Trail, chance: random.Random) -> set[Place]:
    """A web process knows `EVENT_KEY`; what is sealed it cannot change all the same."""
    event = chance.choice(list(trail.events))
    (read,) = [one for one in queries.events_of(trail.events[event]) if queries.id_of(one) == event]
    assert isinstance(read, rules.Event)
    forged = replace(read, subject_id="another", mac=None)
    mac = rules.mac(forged, services._event_key())
    trail.run("UPDATE audit_event SET subject_id = 'another', mac = :mac WHERE id = :id", id=event, mac=mac)
    return trail.around(event)


def two_events_exchanged(trail: Trail, chance: random.Random) -> set[Place]:
    one, other = chance.sample(list(trail.events), 2)
    for source, target in ((one, -1), (other, one), (-1, other)):
        trail.run("UPDATE audit_event SET id = :target WHERE id = :source", source=source, target=target)
    return trail.around(one) | trail.around(other)


def an_event_deleted(trail: Trail, chance: random.Random) -> set[Place]:
    event = chance.choice(list(trail.events))
    trail.run("DELETE FROM audit_event WHERE id = :id", id=event)
    return trail.around(event)


def an_event_deleted_with_its_leaf(trail: Trail, chance: random.Random) -> set[Place]:
    event = chance.choice(list(trail.events))
    trail.run("DELETE FROM audit_leaf WHERE event_id = :id", id=event)
    trail.run("DELETE FROM audit_event WHERE id = :id", id=event)
    return trail.around(event)


def an_event_inserted(trail: Trail, chance: random.Random) -> set[Place]:
    """Anywhere, as a copy of another or with a mac of chance."""
    number, like = chance.choice([-5, 0, 10_000, 2**31]), chance.choice([*trail.events, *trail.unsealed])
    mac = chance.choice(["mac", f"'{chance.randbytes(32).hex()}'"])
    trail.run(
        f"INSERT INTO audit_event (id, {', '.join(OTHER)}) "
        f"SELECT :number, {', '.join(list(OTHER)[:-1])}, {mac} FROM audit_event WHERE id = :like",
        number=number,
        like=like,
    )
    places = {("event", number)}
    if chance.random() < 0.5:
        seal = chance.choice(trail.seals)
        leaf = {"event_id": number, "seal_id": seal, "position": len(trail.of(seal))}
        db.session.execute(insert(AuditLeaf), leaf)
        places.add(("seal", seal))
    return places


def a_leaf_changed(trail: Trail, chance: random.Random) -> set[Place]:
    event = chance.choice(list(trail.events))
    seal = chance.choice([one for one in [*trail.seals, 99] if one != trail.events[event]])
    trail.run(
        chance.choice(
            [
                "UPDATE audit_leaf SET position = position + 50 WHERE event_id = :event",
                "UPDATE audit_leaf SET position = -1 WHERE event_id = :event",
                "UPDATE audit_leaf SET seal_id = :seal, position = position + 50 WHERE event_id = :event",
                "UPDATE audit_leaf SET event_id = 7777 WHERE event_id = :event",
                "DELETE FROM audit_leaf WHERE event_id = :event",
            ]
        ).replace(":seal", str(seal)),
        event=event,
    )
    return trail.around(event) | {("seal", seal), ("event", 7777)}


def two_leaves_exchanged(trail: Trail, chance: random.Random) -> set[Place]:
    one, other = chance.sample(trail.of(chance.choice(trail.seals)), 2)
    for source, target in ((one, -1), (other, one), (-1, other)):
        trail.run("UPDATE audit_leaf SET event_id = :target WHERE event_id = :source", source=source, target=target)
    return trail.around(one) | trail.around(other)


def a_seal_changed(trail: Trail, chance: random.Random) -> set[Place]:
    seal = chance.choice(trail.seals)
    change = chance.choice(
        [
            "sealed_at = '2020-02-02 02:02:02.020202'",
            "count = count + 1",
            "root = '" + "a" * 64 + "'",
            "previous_root = '" + "b" * 64 + "'",
            "signature = '" + "c" * 128 + "'",
            "signature = '" + "d" * 64 + "'",
            "id = 77",
        ]
    )
    trail.run(f"UPDATE audit_seal SET {change} WHERE id = :seal", seal=seal)
    # One whose signature has the form of those from before: the head below which it stands is named.
    return {("seal", seal), ("seal", 77), ("seal", seal + 1), ("head", 1 if seal < 3 else 2)}


def a_seal_deleted(trail: Trail, chance: random.Random) -> set[Place]:
    seal = chance.choice(trail.seals)
    trail.run("DELETE FROM audit_seal WHERE id = :seal", seal=seal)
    if chance.random() < 0.5:
        trail.run("DELETE FROM audit_leaf WHERE seal_id = :seal", seal=seal)
    return {("seal", seal), ("seal", seal + 1), *(("event", event) for event in trail.of(seal))}


def a_seal_inserted(trail: Trail, chance: random.Random) -> set[Place]:
    number, like = chance.choice([0, 50]), chance.choice(trail.seals)
    trail.run(
        "INSERT INTO audit_seal (id, sealed_at, count, root, previous_root, signature) "
        "SELECT :number, sealed_at, count, root, :before, signature FROM audit_seal WHERE id = :like",
        number=number,
        like=like,
        before=chance.choice([chance.randbytes(32).hex(), db.session.get_one(AuditSeal, trail.seals[-1]).root]),
    )
    return {("seal", number)}


def a_seal_signed_with_another_key(trail: Trail, chance: random.Random) -> set[Place]:
    """An event is changed, and its seal made anew."""
    seal = db.session.get_one(AuditSeal, chance.choice(trail.seals))
    event = chance.choice(trail.of(seal.id))
    events = [one for one in queries.events_of(seal.id) if isinstance(one, rules.Event)]
    changed = [replace(one, action="x") if one.id == event else one for one in events]
    values = {
        "sealed_at": seal.sealed_at,
        "count": seal.count,
        "root": rules.merkle_root([rules.leaf(one) for one in changed]),
        "previous_root": seal.previous_root,
    }
    (its,) = [one for one in changed if one.id == event]
    trail.run(
        "UPDATE audit_event SET action = 'x', mac = :mac WHERE id = :id",
        id=event,
        mac=rules.mac(replace(its, mac=None), services._event_key()),
    )
    trail.run(
        "UPDATE audit_seal SET root = :root, signature = :signature WHERE id = :id",
        id=seal.id,
        root=values["root"],
        signature=sign(THEIRS, rules.signed_text_of_seal(**values)),
    )
    return {("seal", seal.id), ("seal", seal.id + 1)}


def a_head_changed(trail: Trail, chance: random.Random) -> set[Place]:
    head = chance.randint(1, HEADS)
    change = chance.choice(
        [
            "at = '2020-02-02 02:02:02.020202'",
            "seals = seals - 1",
            "events = events + 1",
            "root = '" + "a" * 64 + "'",
            "signature = '" + "c" * 128 + "'",
            "id = id + 7",
        ]
    )
    trail.run(f"UPDATE audit_head SET {change} WHERE id = :head", head=head)
    return {("head", head), ("head", head + 7)}


def a_head_deleted(trail: Trail, chance: random.Random) -> set[Place]:
    head = chance.randint(1, HEADS)
    trail.run("DELETE FROM audit_head WHERE id >= :head AND (id = :head OR :all)", head=head, all=chance.random() < 0.5)
    return {("head", head)}


def a_head_inserted(trail: Trail, chance: random.Random) -> set[Place]:
    head = db.session.get_one(AuditHead, chance.randint(1, HEADS))
    values = {"id": HEADS + 1, "at": utc_now(), "seals": head.seals, "events": head.events, "root": head.root}
    signature = chance.choice([head.signature, sign(THEIRS, rules.signed_text_of_head(**values))])
    db.session.execute(insert(AuditHead), {**values, "signature": signature})
    return {("head", HEADS + 1)}


def the_tail_cut(trail: Trail, chance: random.Random) -> set[Place]:
    """Events, leaves and seals, whatever a head had been published over."""
    first = chance.choice(trail.seals[:4])
    trail.run(f"DELETE FROM audit_event WHERE id >= {trail.of(first)[0]}")
    trail.run("DELETE FROM audit_leaf WHERE seal_id >= :first", first=first)
    trail.run("DELETE FROM audit_seal WHERE id >= :first", first=first)
    return {("head", 1), ("head", 2)}


TAMPERINGS: tuple[Tampering, ...] = (
    an_event_changed,
    an_event_changed_by_who_has_its_key,
    two_events_exchanged,
    an_event_deleted,
    an_event_deleted_with_its_leaf,
    an_event_inserted,
    a_leaf_changed,
    two_leaves_exchanged,
    a_seal_changed,
    a_seal_deleted,
    a_seal_inserted,
    a_seal_signed_with_another_key,
    a_head_changed,
    a_head_deleted,
    a_head_inserted,
    the_tail_cut,
)


@pytest.fixture
def trail(app: Flask, clock: Any) -> Iterator[Trail]:
    clock.advance(hours=-9)
    for number in range(SEALS):
        with transaction():
            for each in range(4):
                services.record(SYSTEM, utc_now(), "thing.change", ("thing", each), {"名": number}, {"fen": each})
        services.seal(utc_now(), key=KEY)
        clock.advance(minutes=1)
        if number in (1, 3):
            assert services.publish_head(utc_now(), key=KEY)
    clock.advance(hours=9)
    with transaction():
        for _each in range(UNSEALED):
            services.record(SYSTEM, utc_now(), "thing.change", ("thing", 7), None, {"fen": 7})
    assert services.verify(utc_now(), key=public_of(KEY)) is None
    _unguard()
    yield Trail()
    db.session.rollback()


def _unguard() -> None:
    """As someone with every right in the database; what is done after it is never committed."""
    with db.engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            for (name,) in connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
                connection.execute(text(f"DROP TRIGGER {name}"))
    db.session.rollback()


def tampered(trail: Trail, tampering: Tampering, chance: random.Random) -> tuple[set[Place], services.Broken | None]:
    """The places touched, and what the check says; the trail is whole again afterwards."""
    engine = db.engine.dialect.name
    unbound = {"sqlite": "PRAGMA defer_foreign_keys = ON", "postgresql": "SET LOCAL session_replication_role = replica"}
    db.session.execute(text(unbound[engine]))
    try:
        places = tampering(trail, chance)
        return places, services.verify(utc_now(), key=public_of(KEY))
    finally:
        db.session.rollback()


def test_a_thousand_tamperings_show_and_their_places_are_named(trail: Trail, engine_name: str) -> None:
    # R-AUDIT-4, R-AUDIT-5, R-AUDIT-10
    for number in OF_EACH[engine_name]:
        chance = random.Random(number)
        tampering = TAMPERINGS[number % len(TAMPERINGS)]
        places, broken = tampered(trail, tampering, chance)
        assert broken is not None, f"{number}: {tampering.__name__} at {places} does not show"
        said = {("event", broken.event_id), ("seal", broken.seal_id), ("head", broken.head_id)}
        assert said & places, f"{number}: {tampering.__name__} at {places} is called {broken}"
    assert services.verify(utc_now(), key=public_of(KEY)) is None
