"""Reading the trail: what is unsealed, the seals with their events, search, one subject's story."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, bindparam, func, select, text
from sqlalchemy.exc import DBAPIError

from labshare.audit.models import AuditAddress, AuditEvent, AuditHead, AuditLeaf, AuditSeal
from labshare.audit.rules import EVENT_FIELDS, Event, Head, Seal
from labshare.kernel.database import Numbers, db, in_ids

LONGEST_TRANSACTION = timedelta(hours=1)
"""No transaction stays open longer: an event cannot appear behind a seal older than this."""


Read = Event | int
"""An event, or the bare id of one that is gone or cannot be read: what was written by hand may hold anything."""


def _columns() -> Select[Any]:
    return select(*(getattr(AuditEvent, name) for name in EVENT_FIELDS))


def _event(row: Row[Any]) -> Event:
    """Of a row over `_columns()`, whatever stands behind them."""
    return Event(**dict(zip(EVENT_FIELDS, row, strict=False)))


def _read(query: Select[Any], id: Any) -> list[Read]:
    """The events of a query over `_columns()` and `id` last. One that cannot be read keeps none of the others back."""
    try:
        return [_event(row) if row[0] is not None else row[-1] for row in db.session.execute(query)]
    except (ValueError, TypeError, OverflowError, DBAPIError):
        ids = db.session.scalars(query.with_only_columns(id, maintain_column_froms=True)).all()
        return [_read_one(one) for one in ids]


def _read_one(id: int) -> Read:
    try:
        row = db.session.execute(_columns().where(AuditEvent.id == id)).first()
    except (ValueError, TypeError, OverflowError, DBAPIError):
        return id
    return _event(row) if row is not None else id


def unsealed(now: datetime, limit: int, after: int | None = None) -> list[Read]:
    """Events without a leaf, in order of their ids, from behind `after` on: what the sealer looks at."""
    query = _without_leaf(_columns().add_columns(AuditEvent.id), now).order_by(AuditEvent.id).limit(limit)
    return _read(query if after is None else query.where(AuditEvent.id > after), AuditEvent.id)


def all_unsealed(at_once: int = 1_000) -> Iterator[Read]:
    """Every event without a leaf in order of their ids, wherever in the trail it stands."""
    query = (
        _columns()
        .add_columns(AuditEvent.id)
        .outerjoin(AuditLeaf, AuditLeaf.event_id == AuditEvent.id)
        .where(AuditLeaf.event_id.is_(None))
        .order_by(AuditEvent.id)
        .limit(at_once)
    )
    found = _read(query, AuditEvent.id)
    while found:
        yield from found
        found = _read(query.where(AuditEvent.id > id_of(found[-1])), AuditEvent.id)


def id_of(event: Read) -> int:
    return event if isinstance(event, int) else event.id


def count_unsealed(now: datetime) -> int:
    return db.session.scalar(_without_leaf(select(func.count(AuditEvent.id)), now)) or 0


def _without_leaf(query: Select[Any], now: datetime) -> Select[Any]:
    """Looks only behind the seals of the last hour, so that its cost does not grow with the trail; an event may commit
    later than one with a higher id."""
    settled = (
        select(AuditLeaf.event_id)
        .where(AuditLeaf.seal_id == _last_settled_seal(now))
        .order_by(AuditLeaf.position.desc())
        .limit(1)
        .correlate(None)
        .scalar_subquery()
    )
    return query.outerjoin(AuditLeaf, AuditLeaf.event_id == AuditEvent.id).where(
        AuditEvent.id > func.coalesce(settled, 0), AuditLeaf.event_id.is_(None)
    )


def _last_settled_seal(now: datetime) -> ColumnElement[int]:
    return select(func.max(AuditSeal.id)).where(AuditSeal.sealed_at < now - LONGEST_TRANSACTION).scalar_subquery()


def first_event_at() -> datetime | None:
    """When the installation began: its first event."""
    return db.session.scalar(select(AuditEvent.at).order_by(AuditEvent.id).limit(1))


def last_seal() -> AuditSeal | None:
    return db.session.scalar(select(AuditSeal).order_by(AuditSeal.id.desc()).limit(1))


def seals(at_once: int = 5_000) -> Iterator[Seal | int]:
    """Every seal in order."""
    found = _rows(AuditSeal, Seal, after=None, limit=at_once)
    while found:
        yield from found
        last = found[-1]
        found = _rows(AuditSeal, Seal, after=last if isinstance(last, int) else last.id, limit=at_once)


def heads() -> list[Head | int]:
    """Every published head in order."""
    return _rows(AuditHead, Head)


def last_head() -> AuditHead | None:
    return db.session.scalar(select(AuditHead).order_by(AuditHead.id.desc()).limit(1))


def _rows(
    model: type[AuditSeal] | type[AuditHead], kind: Any, *, after: int | None = None, limit: int | None = None
) -> list[Any]:
    """As `_read`, of seals or heads: one that cannot be read is its bare number."""
    names = [field.name for field in fields(kind)]
    query = select(*(getattr(model, name) for name in names)).order_by(model.id).limit(limit)
    if after is not None:
        query = query.where(model.id > after)
    try:
        return [kind(**dict(zip(names, row, strict=True))) for row in db.session.execute(query)]
    except (ValueError, TypeError, OverflowError, DBAPIError):
        numbers = db.session.scalars(query.with_only_columns(model.id)).all()
        return [_row_or_number(query.where(model.id == number), names, kind, number) for number in numbers]


def _row_or_number(query: Select[Any], names: Sequence[str], kind: Any, number: int) -> Any:
    try:
        return kind(**dict(zip(names, db.session.execute(query).one(), strict=True)))
    except (ValueError, TypeError, OverflowError, DBAPIError):
        return number


def events_of(seal_id: int) -> list[Read]:
    """The events of a seal in order, each as an event or, where it is gone or cannot be read, as its number."""
    query = (
        _columns()
        .add_columns(AuditLeaf.event_id)
        .select_from(AuditLeaf)
        .outerjoin(AuditEvent, AuditEvent.id == AuditLeaf.event_id)
        .where(AuditLeaf.seal_id == seal_id)
        .order_by(AuditLeaf.position)
    )
    return _read(query, AuditLeaf.event_id)


_SEALED = {
    "sqlite": ("e.at", "e.before", "e.after"),
    "postgresql": (
        """to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')""",
        "CAST(e.before AS text)",
        "CAST(e.after AS text)",
    ),
}
"""An event's moment (UTC, to the microsecond) and values as text, whatever they hold."""


def sealed_between(first: int, last: int) -> dict[int, list[Row[Any]]]:
    """By seal, the rows of its events in order: seal, place, then what `rules.spelt` wants, moment and values as the
    text that they are stored as. Nothing is made of them, which is what makes it quick."""
    at, before, after = _SEALED[db.engine.dialect.name]
    query = text(
        f"SELECT l.seal_id, l.position, e.id, {at}, e.person_id, e.firm_id, e.action, e.subject_type, e.subject_id, "  # noqa: S608 -- of two fixed texts
        f"{before}, {after}, e.refused, e.mac FROM audit_leaf l LEFT JOIN audit_event e ON e.id = l.event_id "
        "WHERE l.seal_id BETWEEN :first AND :last ORDER BY l.seal_id, l.position"
    )
    found: dict[int, list[Row[Any]]] = {}
    for row in db.session.execute(query, {"first": first, "last": last}).all():
        found.setdefault(row[0], []).append(row)
    return found


def positions_of(seal_id: int) -> list[int]:
    query = select(AuditLeaf.position).where(AuditLeaf.seal_id == seal_id).order_by(AuditLeaf.position)
    return list(db.session.scalars(query))


def leaf_without_seal() -> int | None:
    """The number of a seal that covers events and is gone."""
    query = select(func.min(AuditLeaf.seal_id)).where(AuditLeaf.seal_id.not_in(select(AuditSeal.id)))
    return db.session.scalar(query)


def of_trail(action: str) -> list[Read]:
    """The events about the trail itself that have this action."""
    query = _columns().add_columns(AuditEvent.id).order_by(AuditEvent.id)
    return _read(query.where(AuditEvent.subject_type == "trail", AuditEvent.action == action), AuditEvent.id)


@dataclass(frozen=True, kw_only=True)
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
        .where(in_ids(AuditLeaf.event_id, bindparam("ids", event_ids, type_=Numbers)))
    )
    return dict(rows.all())


def addresses_of(event_ids: Sequence[int]) -> dict[int, str]:
    rows = db.session.execute(
        select(AuditAddress.event_id, AuditAddress.address).where(
            in_ids(AuditAddress.event_id, bindparam("ids", event_ids, type_=Numbers))
        )
    )
    return dict(rows.all())


def latest() -> tuple[int, int]:
    """What tells whether anything was written since: the newest event's number, and how many there are of the last
    two hundred, as one that commits late may bear a lower number. One statement, whatever the length of the trail."""
    newest = select(func.max(AuditEvent.id)).scalar_subquery()
    recent = select(newest, func.count()).select_from(AuditEvent).where(AuditEvent.id > newest - 200)
    row = db.session.execute(recent).one()
    return row[0] or 0, row[1]
