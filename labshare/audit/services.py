"""Writing to the trail, sealing it, and proving it untouched."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import current_app
from flask_babel import lazy_gettext as _l
from sqlalchemy import BigInteger, delete, insert, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from labshare.audit import queries, rules
from labshare.audit.errors import ForgedEvents, NoSigningKey, TrailBroken
from labshare.audit.models import ENTRY, AuditAddress, AuditEvent, AuditHead, AuditLeaf, AuditSeal
from labshare.audit.verification import Broken, verify
from labshare.kernel.actor import SYSTEM, Actor
from labshare.kernel.database import db, transaction
from labshare.kernel.errors import Problem
from labshare.kernel.signing import public_of, sign
from labshare.kernel.verbs import name_action

__all__ = ["Broken", "verify"]
EXPORT = name_action("export.take", _l("Data exported"))
name_action(rules.PUBLISH, _l("Head of the trail published"))
name_action(rules.MACS_BEGIN, _l("Events carry a mac from here on"))


def record(
    actor: Actor,
    now: datetime,
    action: str,
    subject: tuple[str, object],
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    *,
    refused: bool = False,
    number: int | None = None,
) -> None:
    """Write one event in the running transaction (R-AUDIT-1).

    `subject` is (type, id or reference); `before` and `after` hold ids and values that JSON can carry (dates and
    moments as ISO text), never personal data. `number`: the event's own, where a statement of this step has asked for
    it on its way (`next_number`).
    """
    rows = db.session.connection()
    event = rules.Event(
        id=number or rows.execute(_NEXT_NUMBER).scalar_one(),
        at=now,
        person_id=actor.person_id,
        firm_id=actor.firm_id,
        action=action,
        subject_type=subject[0],
        subject_id=str(subject[1]),
        before=rules.as_stored(before),
        after=rules.as_stored(after),
        refused=refused,
    )
    rows.execute(_ENTRY, {**rules.as_written(event, _event_key()), "address": actor.address or None})
    db.session.info["last_recorded"] = event


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What `record` writes of one event, for `record_many`."""

    action: str
    subject: tuple[str, object]
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None


def record_many(actor: Actor, now: datetime, entries: Sequence[Entry]) -> None:
    """The events of a step that changes very many rows at once; two statements."""
    if not entries:
        return
    rows = db.session.connection()
    if rows.dialect.name == "sqlite":
        first = rows.execute(_NEXT_NUMBER).scalar_one()
        numbers: Sequence[int] = range(first, first + len(entries))
    else:
        numbers = rows.execute(_NEXT_NUMBERS, {"n": len(entries)}).scalars().all()
    events = [
        rules.Event(
            id=number,
            at=now,
            person_id=actor.person_id,
            firm_id=actor.firm_id,
            action=one.action,
            subject_type=one.subject[0],
            subject_id=str(one.subject[1]),
            before=rules.as_stored(one.before),
            after=rules.as_stored(one.after),
            refused=False,
        )
        for number, one in zip(numbers, entries, strict=True)
    ]
    key, address = _event_key(), actor.address or None
    rows.execute(_ENTRY, [{**rules.as_written(event, key), "address": address} for event in events])
    db.session.info["last_recorded"] = events[-1]


def last_recorded() -> rules.Event:
    """The event that this session has written last: what an answer can say of it without reading it."""
    event: rules.Event = db.session.info["last_recorded"]
    return event


_ENTRY = insert(ENTRY)
"""Written past the session: almost every step leaves an event, and none reads it again."""


class next_number(FunctionElement[int]):
    """The number of the next event, in SQL: its mac covers it, so it must be known before. On SQLite only where this
    step writes: nobody else does meanwhile."""

    type = BigInteger()
    inherit_cache = True


@compiles(next_number, "sqlite")
def _next_number_sqlite(_element: next_number, _compiler: Any, **_options: Any) -> str:
    return "(SELECT coalesce(max(id), 0) + 1 FROM audit_event)"


@compiles(next_number, "postgresql")
def _next_number_postgresql(_element: next_number, _compiler: Any, **_options: Any) -> str:
    return "nextval('audit_event_id_seq')"


_NEXT_NUMBER = select(next_number())
_NEXT_NUMBERS = text("SELECT nextval('audit_event_id_seq') FROM generate_series(1, :n)")
"""On PostgreSQL."""


def _event_key() -> str:
    return str(current_app.config["EVENT_KEY"])


def record_refusal(problem: Problem) -> None:
    """Write a refused attempt on money or rights, in a transaction of its own (after the rollback)."""
    refusal = problem.refusal
    with transaction():
        record(
            refusal.actor,
            refusal.now,
            refusal.action,
            refusal.subject or ("attempt", "-"),
            after={"problem": problem.code, "field": problem.field, **(refusal.details or {})},
            refused=True,
        )


def signing_key() -> str:
    """`AUDIT_KEY`, in the processes that have it. Raises `NoSigningKey` in all others."""
    key = current_app.config["AUDIT_KEY"]
    if key is None:
        raise NoSigningKey
    return str(key)


BATCH = 2_000
"""Events in one seal at most: keeps the writer's turn short."""


def seal(now: datetime, *, key: str, batch: int = BATCH) -> int:
    """Seal everything unsealed, a batch a transaction; returns how many events were sealed.

    Opens its own transactions, since hashing happens outside them: no booking waits for it. Two sealers side by side
    cannot fork the chain (`previous_root` is unique): the one that comes second stops, and its next turn goes on.
    Events whose mac is missing or wrong are never sealed: the others are, and then `ForgedEvents` names them.
    """
    sealed, after, event_key = 0, None, _event_key()
    forged: list[int] = []
    while True:
        db.session.rollback()
        found = queries.unsealed(now, batch, after)
        last = queries.last_seal()
        previous_root = last.root if last else rules.NOTHING_BEFORE
        events = [event for event in found if isinstance(event, rules.Event) and rules.genuine(event, event_key)]
        if len(events) < len(found):
            forged += sorted({queries.id_of(event) for event in found} - {event.id for event in events})
        if events:
            if not _write_seal(now, key, events, previous_root=previous_root):
                break
            sealed += len(events)
        if len(found) < batch:
            break
        after = queries.id_of(found[-1])
    if forged:
        raise ForgedEvents(forged, sealed)
    return sealed


def _write_seal(now: datetime, key: str, events: Sequence[rules.Event], *, previous_root: str) -> bool:
    """One seal over these events; False where another sealer was faster."""
    root = rules.merkle_root([rules.leaf(event) for event in events])
    row = {"sealed_at": now, "count": len(events), "root": root, "previous_root": previous_root}
    signature = sign(key, rules.signed_text_of_seal(**row))  # type: ignore[arg-type]
    try:
        with transaction() as session:
            made = AuditSeal(**row, signature=signature)
            session.add(made)
            session.flush()
            session.execute(
                insert(AuditLeaf.__table__),  # type: ignore[arg-type]  # a declared model's table is a Table
                [
                    {"event_id": event.id, "seal_id": made.id, "position": position}
                    for position, event in enumerate(events)
                ],
            )
    except IntegrityError:
        return False
    return True


def publish_head(now: datetime, *, key: str) -> rules.Head | None:
    """Sign and keep the root over all seals so far (R-AUDIT-10), with an event of its own. None where nothing was
    sealed yet, or another host was faster.

    Signs nothing that does not follow from the head before, nor a seal that was not signed: raises `TrailBroken`. Reads
    every seal, so it opens its own transaction at the end.
    """
    db.session.rollback()
    last = queries.last_head()
    public, tree, events = public_of(key), rules.Growing(), 0
    before = rules.NOTHING_BEFORE
    for seal_ in queries.seals():
        if isinstance(seal_, int) or seal_.previous_root != before:
            raise TrailBroken(f"seal {seal_ if isinstance(seal_, int) else seal_.id}: does not follow the one before")
        if (last is None or tree.size >= last.seals) and not rules.seal_signed(seal_, public):
            raise TrailBroken(f"seal {seal_.id}: its signature does not fit")
        tree.add(rules.leaf_of_seal(seal_))
        before, events = seal_.root, events + seal_.count
        if last is not None and tree.size == last.seals and tree.root != last.root:
            raise TrailBroken(f"head {last.id}: the seals up to it are not those that it was signed over")
    if last is not None and tree.size < last.seals:
        raise TrailBroken(f"head {last.id}: the trail is shorter than it says")
    if not tree.size:
        return None
    made = {"id": last.id + 1 if last else 1, "at": now, "seals": tree.size, "events": events, "root": tree.root}
    head = rules.Head(**made, signature=sign(key, rules.signed_text_of_head(**made)))  # type: ignore[arg-type]
    try:
        with transaction() as session:
            session.add(AuditHead(**vars(head)))
            session.flush()
            after = {"head": head.id, "seals": head.seals, "events": head.events, "root": head.root}
            record(SYSTEM, now, rules.PUBLISH, ("trail", "-"), after=after)
    except IntegrityError:
        return None
    return head


def export() -> Iterator[dict[str, Any]]:
    """The trail as JSON lines: each seal after its events, so that the last line is the head."""
    for seal_ in queries.seals():
        if isinstance(seal_, int):
            continue
        for event in queries.events_of(seal_.id):
            if isinstance(event, rules.Event):
                yield {"event": json.loads(event.canonical)}
        yield {
            "seal": {
                "id": seal_.id,
                "sealed_at": seal_.sealed_at.isoformat(timespec="microseconds"),
                "count": seal_.count,
                "root": seal_.root,
                "previous_root": seal_.previous_root,
                "signature": seal_.signature,
            }
        }


def forget_addresses(before: datetime) -> int:
    """Erase network addresses of events older than `before`: the retention period is over. Returns how many.

    Looks no further than the last of these events, so at what is still kept and not at the whole trail; an event that
    took a number after it and its moment before is found the next time.
    """
    last = select(AuditEvent.id).where(AuditEvent.at < before).order_by(AuditEvent.at.desc()).limit(1).scalar_subquery()
    old = select(AuditEvent.id).where(AuditEvent.id == AuditAddress.event_id, AuditEvent.at < before)
    result = db.session.execute(delete(AuditAddress).where(AuditAddress.event_id <= last, old.exists()))
    return result.rowcount  # type: ignore[attr-defined,no-any-return]


def record_export(actor: Actor, now: datetime, what: str, asked: Mapping[str, Any]) -> None:
    """Write that a regulator took data out (R-AUDIT-7). A read, so it opens its own transaction: nothing but
    the trail changes. Firms taking their own figures leave no event."""
    if actor.is_regulator:
        with transaction():
            record(actor, now, EXPORT, ("export", what), after={name: str(value) for name, value in asked.items()})
