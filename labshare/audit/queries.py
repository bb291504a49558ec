"""Reading the trail: what is unsealed, the seals with their events, search, one subject's story."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, func, select

from labshare.audit.models import AuditAddress, AuditEvent, AuditLeaf, AuditSeal
from labshare.audit.rules import Event, Seal
from labshare.kernel.database import Numbers, among, db

LONGEST_TRANSACTION = timedelta(hours=1)
"""No transaction stays open longer: an event cannot appear behind a seal older than this."""


def _columns() -> Select[Any]:
    return select(
        AuditEvent.id, AuditEvent.at, AuditEvent.person_id, AuditEvent.firm_id, AuditEvent.action,
        AuditEvent.subject_type, AuditEvent.subject_id, AuditEvent.before, AuditEvent.after, AuditEvent.refused,
    )  # fmt: skip


def unsealed(now: datetime, limit: int) -> list[Event]:
    """Events without a leaf, oldest first."""
    query = _without_leaf(_columns(), now).order_by(AuditEvent.id).limit(limit)
    return [Event(*row) for row in db.session.execute(query)]


def count_unsealed(now: datetime) -> int:
    return db.session.scalar(_without_leaf(select(func.count(AuditEvent.id)), now)) or 0


def _without_leaf(query: Select[Any], now: datetime) -> Select[Any]:
    """Looks only behind the seals of the last hour, so that its cost does not grow with the trail; an event may commit
    later than one with a higher id."""
    settled = (
        select(func.coalesce(func.max(AuditLeaf.event_id), 0))
        .where(AuditLeaf.seal_id == _last_settled_seal(now))
        .scalar_subquery()
    )
    return query.outerjoin(AuditLeaf, AuditLeaf.event_id == AuditEvent.id).where(
        AuditEvent.id > settled, AuditLeaf.event_id.is_(None)
    )


def _last_settled_seal(now: datetime) -> ColumnElement[int]:
    return select(func.max(AuditSeal.id)).where(AuditSeal.sealed_at < now - LONGEST_TRANSACTION).scalar_subquery()


def last_seal() -> AuditSeal | None:
    return db.session.scalar(select(AuditSeal).order_by(AuditSeal.id.desc()).limit(1))


def seals() -> Iterator[tuple[Seal, list[Event | int]]]:
    """Every seal in order with its events in order; a leaf whose event is gone comes as its bare id."""
    for seal in db.session.scalars(select(AuditSeal).order_by(AuditSeal.id)).all():
        query = (
            _columns()
            .add_columns(AuditLeaf.event_id)
            .select_from(AuditLeaf)
            .outerjoin(AuditEvent, AuditEvent.id == AuditLeaf.event_id)
            .where(AuditLeaf.seal_id == seal.id)
            .order_by(AuditLeaf.position)
        )
        events: list[Event | int] = [
            Event(*row[:-1]) if row[0] is not None else row[-1] for row in db.session.execute(query)
        ]
        yield (
            Seal(seal.id, seal.sealed_at, seal.count, seal.root, seal.previous_root, seal.signature),
            events,
        )


def forgotten(before: datetime) -> list[int]:
    """Ids of events older than `before` that no seal covers: none in a trail that is sealed every minute."""
    query = (
        select(AuditEvent.id)
        .outerjoin(AuditLeaf, AuditLeaf.event_id == AuditEvent.id)
        .where(AuditLeaf.event_id.is_(None), AuditEvent.at < before)
        .order_by(AuditEvent.id)
        .limit(100)
    )
    return list(db.session.scalars(query))


@dataclass(frozen=True)
class Search:
    """What to look for in the trail; empty means any. Moments UTC, `until` excluded."""

    since: datetime | None = None
    until: datetime | None = None
    action: str = ""
    """The start of an action's name: `booking.` finds every step of a booking."""
    subject_type: str = ""
    subject_id: str = ""
    person_id: int | None = None
    by_system: bool | None = None
    firm_id: int | None = None
    refused: bool | None = None


def search(wanted: Search, *, before_id: int | None = None, limit: int = 50) -> Sequence[AuditEvent]:
    """Events that match, newest first; `before_id` continues below a page."""
    query = select(AuditEvent).where(*_conditions(wanted)).order_by(AuditEvent.id.desc()).limit(limit)
    if before_id is not None:
        query = query.where(AuditEvent.id < before_id)
    return db.session.scalars(query).all()


def _conditions(wanted: Search) -> Iterator[ColumnElement[bool]]:
    if wanted.since:
        yield AuditEvent.at >= wanted.since
    if wanted.until:
        yield AuditEvent.at < wanted.until
    if wanted.action:
        yield AuditEvent.action.startswith(wanted.action, autoescape=True)
    if wanted.subject_type:
        yield AuditEvent.subject_type == wanted.subject_type
    if wanted.subject_id:
        yield AuditEvent.subject_id == wanted.subject_id
    if wanted.person_id is not None:
        yield AuditEvent.person_id == wanted.person_id
    if wanted.by_system is not None:
        yield AuditEvent.person_id.is_(None) if wanted.by_system else AuditEvent.person_id.is_not(None)
    if wanted.firm_id is not None:
        yield AuditEvent.firm_id == wanted.firm_id
    if wanted.refused is not None:
        yield AuditEvent.refused.is_(wanted.refused)


def story(subject_type: str, subject_id: object) -> Sequence[AuditEvent]:
    """Everything that happened to one subject, in order."""
    return db.session.scalars(
        select(AuditEvent)
        .where(AuditEvent.subject_type == subject_type, AuditEvent.subject_id == str(subject_id))
        .order_by(AuditEvent.id)
    ).all()


def seals_of(event_ids: Sequence[int]) -> dict[int, AuditSeal]:
    """The seal that covers each of these events, where one does."""
    rows = db.session.execute(
        select(AuditLeaf.event_id, AuditSeal)
        .join(AuditSeal, AuditSeal.id == AuditLeaf.seal_id)
        .where(among(AuditLeaf.event_id, bindparam("ids", event_ids, type_=Numbers)))
    )
    return dict(rows.all())


def addresses_of(event_ids: Sequence[int]) -> dict[int, str]:
    rows = db.session.execute(
        select(AuditAddress.event_id, AuditAddress.address).where(
            among(AuditAddress.event_id, bindparam("ids", event_ids, type_=Numbers))
        )
    )
    return dict(rows.all())
