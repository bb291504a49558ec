"""Disputes: of a booking, and those that an officer decides."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import contains_eager, joinedload, selectinload

from labshare.booking.models import Booking
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.organisations.permissions import visible
from labshare.settlement.models import Dispute, Message

_SAID = selectinload(Dispute.statements).options(joinedload(Message.writer), selectinload(Message.files))


def disputes_of(booking_id: int) -> Sequence[Dispute]:
    """A booking's disputes, the latest first, with what was said. At most three statements."""
    return db.session.scalars(
        select(Dispute)
        .where(Dispute.booking_id == booking_id)
        .options(_SAID)
        .order_by(Dispute.id.desc())
        .execution_options(populate_existing=True)
    ).all()


def disputes_to_decide(actor: Actor) -> Select[Any]:
    """How many disputes wait for the officer, as a select."""
    return _joined(Dispute.with_authority, visible(actor, "dispute.decide", division=Booking.division))


def count_disputes(actor: Actor, *, over: bool) -> int:
    return db.session.scalar(_joined(*_wanted(actor, over))) or 0


def disputes(actor: Actor, *, over: bool, limit: int, offset: int) -> Sequence[Dispute]:
    """Open ones, those with the authority first and the oldest before; or those that ended, the latest first. With
    booking, firms and test item. One statement."""
    order: tuple[Any, ...] = (Dispute.ended_at.desc(), Dispute.id.desc())
    if not over:
        order = (Dispute.escalated_at.is_(None), Dispute.escalated_at, Dispute.id)
    found = contains_eager(Dispute.booking)
    return db.session.scalars(
        select(Dispute)
        .join(Dispute.booking)
        .where(*_wanted(actor, over))
        .options(
            found.joinedload(Booking.client),
            found.joinedload(Booking.lab),
            found.joinedload(Booking.test_item),
        )
        .order_by(*order)
        .limit(limit)
        .offset(offset)
    ).all()


def _wanted(actor: Actor, over: bool) -> list[Any]:
    return [visible(actor, "booking.see", division=Booking.division), ~Dispute.lasts if over else Dispute.lasts]


def _joined(*wanted: ColumnElement[bool]) -> Select[Any]:
    return select(func.count(Dispute.id)).join(Dispute.booking).where(*wanted)
