"""What labs booked for clients who telephoned, as both sides see it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import joinedload

from labshare.accounts.models import Person
from labshare.accounts.sessions import digest
from labshare.booking.errors import ClientNotSure
from labshare.booking.models import Booking, ForClient
from labshare.catalogue.models import TestItem
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import NotFound
from labshare.organisations.models import Firm
from labshare.organisations.permissions import check, may, visible

MOST_NAMES = 300
"""Clients that a form proposes."""


def client_meant(text: str, *, lab_firm_id: int | None) -> Firm | None:
    """The firm of this credit code, or the verified one of exactly this name in either language, so that nobody learns
    by parts of a name who is registered. Of several of one name it is the one that has booked at the lab. One
    statement. Raises `ClientNotSure`."""
    text = text.strip()
    if not text:
        return None
    named = and_(Firm.verified, or_(Firm.name == text, func.lower(Firm.name_en) == text.lower()))
    known = exists().where(Booking.client_firm_id == Firm.id, Booking.lab_firm_id == lab_firm_id)
    found = db.session.execute(
        select(Firm, known.label("known")).where(or_(Firm.uscc == text.upper(), named)).order_by(Firm.id).limit(1000)
    ).all()
    sure = [row.Firm for row in found if row.known] if len(found) > 1 else [row.Firm for row in found]
    if len(found) > 1 and len(sure) != 1:
        raise ClientNotSure
    return sure[0] if sure else None


def clients_of(lab_firm_id: int) -> Sequence[Firm]:
    """The firms that have booked at the firm's labs, by name. One statement."""
    ids = select(Booking.client_firm_id).where(Booking.lab_firm_id == lab_firm_id).distinct()
    wanted = select(Firm).where(Firm.id.in_(ids), Firm.id != lab_firm_id)
    return db.session.scalars(wanted.order_by(Firm.name).limit(MOST_NAMES)).all()


def loaded_for_client() -> tuple[Any, ...]:
    """With what pages and notices name."""
    return (
        joinedload(ForClient.test_item).joinedload(TestItem.lab),
        joinedload(ForClient.instrument),
        joinedload(ForClient.client),
        joinedload(ForClient.maker),
        joinedload(ForClient.booking),
    )


def _ours(firm_id: Any, person_id: Any) -> ColumnElement[bool]:
    """Made for the firm, or mailed to the person before the firm was registered."""
    mailed = select(Person.email).where(Person.id == person_id).scalar_subquery()
    return or_(ForClient.client_firm_id == firm_id, and_(ForClient.client_firm_id.is_(None), ForClient.email == mailed))


def waiting_for_us(firm_id: Any, person_id: Any, now: Any) -> Select[Any]:
    """How many wait for the firm's yes, as a select."""
    return select(func.count()).select_from(ForClient).where(_ours(firm_id, person_id), ForClient.open_at(now))


def made_for_us(actor: Actor, now: datetime, *, limit: int) -> Sequence[ForClient]:
    """What waits for the yes of the firm acted for, the most urgent first; nothing for who may not give it."""
    if not may(actor, "phone.answer", client=actor.firm_id):
        return ()
    return db.session.scalars(
        select(ForClient)
        .where(_ours(actor.firm_id, actor.person_id), ForClient.open_at(now))
        .options(*loaded_for_client())
        .order_by(ForClient.answer_by, ForClient.id)
        .limit(limit)
    ).all()


def made_by_us(actor: Actor, now: datetime, *, limit: int) -> Sequence[ForClient]:
    """What the firm's labs made and no client has accepted yet, the most urgent first."""
    return db.session.scalars(
        select(ForClient)
        .where(
            ForClient.lab_firm_id == actor.firm_id,
            visible(actor, "phone.see", lab=ForClient.lab_firm_id),
            ForClient.open_at(now),
        )
        .options(*loaded_for_client())
        .order_by(ForClient.answer_by, ForClient.id)
        .limit(limit)
    ).all()


def _seen(actor: Actor) -> ColumnElement[bool]:
    ours = visible(actor, "phone.see", client=ForClient.client_firm_id, lab=ForClient.lab_firm_id)
    if not may(actor, "phone.answer", client=actor.firm_id):
        return ours
    return or_(ours, _ours(actor.firm_id, actor.person_id))


def list_for_clients(
    actor: Actor, *, side: str | None = None, limit: int, offset: int = 0, before: int | None = None
) -> Sequence[ForClient]:
    """Those that the actor sees, on one `side` (lab, client) or both, the newest first; `before` the id of the last one
    seen."""
    statement = select(ForClient).where(_of_side(actor, side)).options(*loaded_for_client())
    if before is not None:
        statement = statement.where(ForClient.id < before)
    return db.session.scalars(statement.order_by(ForClient.id.desc()).limit(limit).offset(offset)).all()


def count_for_clients(actor: Actor, *, side: str) -> int:
    return db.session.scalar(select(func.count()).select_from(ForClient).where(_of_side(actor, side))) or 0


def _of_side(actor: Actor, side: str | None) -> ColumnElement[bool]:
    if side is None:
        return _seen(actor)
    lab = ForClient.lab_firm_id == actor.firm_id
    return and_(_seen(actor), lab if side == "lab" else ForClient.lab_firm_id != actor.firm_id)


def get_for_client(actor: Actor, made_id: int) -> ForClient:
    """Raises `NotFound`, also for what one may not see."""
    found = db.session.scalar(
        select(ForClient).where(ForClient.id == made_id, _seen(actor)).options(*loaded_for_client())
    )
    if found is None:
        raise NotFound
    return found


def of_slip(secret: str, now: datetime) -> ForClient:
    """What a mailed slip is about, while it can be answered. Raises `NotFound`."""
    found = db.session.scalar(
        select(ForClient)
        .where(ForClient.token_digest == digest(secret), ForClient.open_at(now))
        .options(*loaded_for_client())
    )
    if found is None:
        raise NotFound
    return found


def answered_by(actor: Actor, made_id: int) -> None:
    """Whether the actor may answer it for the client. Raises `NotFound`, `NotAllowed`."""
    if get_for_client(actor, made_id).lab_firm_id == actor.firm_id:
        raise NotFound
    check(actor, "phone.answer", client=actor.firm_id)


def withdrawn_by(actor: Actor, made_id: int) -> None:
    """Whether the actor may withdraw it. Raises `NotFound`, `NotAllowed`."""
    made = get_for_client(actor, made_id)
    if made.lab_firm_id != actor.firm_id:
        raise NotFound
    check(actor, "phone.withdraw", lab=made.lab_firm_id)
