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
from labshare.audit.errors import ForgedEvents
from labshare.audit.models import ENTRY, AuditAddress, AuditEvent, AuditLeaf, AuditSeal
from labshare.kernel.actor import Actor
from labshare.kernel.database import db, transaction
from labshare.kernel.errors import Problem
from labshare.kernel.verbs import name_action

EXPORT = name_action("export.take", _l("Data exported"))
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
    signature = rules.sign(key, **row)  # type: ignore[arg-type]
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


@dataclass(frozen=True, kw_only=True)
class Broken:
    """The first place where the trail does not hold. `what` is one of: chain, signature, count, event_missing,
    event_changed, forged, unsealed, head_missing, head_differs."""

    what: str
    seal_id: int | None = None
    event_id: int | None = None


def verify(now: datetime, *, key: str, head: Mapping[str, Any] | None = None) -> Broken | None:
    """Prove the trail untouched (R-AUDIT-5): None where it is, else the first broken place.

    `head` is an exported seal (`{"id", "root"}`): with it a cut tail shows too.
    """
    previous_root, event_key = rules.NOTHING_BEFORE, _event_key()
    bare_until = _last_seal_without_macs(event_key)
    head_seen = head is None
    for seal_, events in queries.seals():
        if (broken := rules.broken_link(seal_, previous_root=previous_root, key=key)) is not None:
            return Broken(what=broken, seal_id=seal_.id)
        for event in events:
            if isinstance(event, int):
                return Broken(what="event_missing", seal_id=seal_.id, event_id=event)
        if len(events) != seal_.count:
            return Broken(what="count", seal_id=seal_.id)
        if rules.merkle_root([rules.leaf(event) for event in events if isinstance(event, rules.Event)]) != seal_.root:
            return Broken(what="event_changed", seal_id=seal_.id)
        for event in events:
            if isinstance(event, rules.Event) and not (
                rules.genuine(event, event_key) or (event.mac is None and seal_.id <= bare_until)
            ):
                return Broken(what="forged", seal_id=seal_.id, event_id=event.id)
        if head is not None and seal_.id == head["id"]:
            if seal_.root != head["root"]:
                return Broken(what="head_differs", seal_id=seal_.id)
            head_seen = True
        previous_root = seal_.root
    if not head_seen and head is not None:
        return Broken(what="head_missing", seal_id=head["id"])
    for event in queries.all_unsealed():
        if isinstance(event, int) or not rules.genuine(event, event_key):
            return Broken(what="forged", event_id=queries.id_of(event))
        if event.at < now - queries.LONGEST_TRANSACTION:
            return Broken(what="unsealed", event_id=event.id)
    return None


def _last_seal_without_macs(event_key: str) -> int:
    """The last seal whose events may lack a mac, as the upgrade wrote it into the trail; 0 where there is none."""
    said = [
        int((event.after or {}).get("seal_id", 0))
        for event in queries.beginnings_of_macs()
        if isinstance(event, rules.Event) and rules.genuine(event, event_key)
    ]
    return max(said, default=0)


def export() -> Iterator[dict[str, Any]]:
    """The trail as JSON lines: each seal after its events, so that the last line is the head."""
    for seal_, events in queries.seals():
        for event in events:
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
