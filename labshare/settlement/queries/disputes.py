"""Holds on bookings, and the disputes among them: of a booking, and of all that a regulator sees."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import contains_eager, joinedload, selectinload

from labshare.accounts.models import Person
from labshare.booking.models import Booking
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.organisations.permissions import visible
from labshare.settlement.models import BookingHold, Contest, Dispute, Message

_STATEMENTS = selectinload(Dispute.statements).options(joinedload(Message.writer), selectinload(Message.files))


def holds_of(booking_id: int) -> Sequence[BookingHold]:
    """A booking's holds, whatever their cause, the latest first, with their contests, their disputes and what was said
    in these. At most three statements."""
    return db.session.scalars(
        select(BookingHold)
        .where(BookingHold.booking_id == booking_id)
        .options(joinedload(BookingHold.dispute).options(_STATEMENTS), joinedload(BookingHold.contest))
        .order_by(BookingHold.id.desc())
        .execution_options(populate_existing=True)
    ).all()


def disputes_of(booking_id: int) -> list[Dispute]:
    """A booking's disputes, the latest first, with what was said. At most three statements."""
    return [hold.dispute for hold in holds_of(booking_id) if hold.dispute is not None]


def count_holds(actor: Actor, *, over: bool) -> int:
    found = select(func.count(BookingHold.id)).join(BookingHold.booking)
    return db.session.scalar(found.where(*_wanted(actor, BookingHold, over))) or 0


def holds(actor: Actor, *, over: bool, limit: int, offset: int) -> Sequence[BookingHold]:
    """Those that last, contested documents first by the time to decide; or those that ended, the latest first. With
    booking, firms, test item, contest and who placed and ended them. One statement."""
    order: tuple[Any, ...] = (BookingHold.released_at.desc(), BookingHold.id.desc())
    if not over:
        order = (Contest.decide_by.is_(None), Contest.decide_by, BookingHold.id.desc())
    return db.session.scalars(
        select(BookingHold)
        .join(BookingHold.booking)
        .join(BookingHold.contest, isouter=True)
        .where(*_wanted(actor, BookingHold, over))
        .options(
            contains_eager(BookingHold.contest),
            *_with_booking(BookingHold),
            joinedload(BookingHold.holder).load_only(Person.name),
            joinedload(BookingHold.releaser).load_only(Person.name),
        )
        .order_by(*order)
        .limit(limit)
        .offset(offset)
    ).all()


def disputes_to_decide(actor: Actor) -> Select[Any]:
    """How many disputes wait for the officer, as a select."""
    return _joined(Dispute.with_authority, visible(actor, "dispute.decide", division=Booking.division))


def count_disputes(actor: Actor, *, over: bool) -> int:
    return db.session.scalar(_joined(*_wanted(actor, Dispute, over))) or 0


def disputes(actor: Actor, *, over: bool, limit: int, offset: int) -> Sequence[Dispute]:
    """Open ones, those with the authority first and the oldest before; or those that ended, the latest first. With
    booking, firms and test item. One statement."""
    order: tuple[Any, ...] = (Dispute.ended_at.desc(), Dispute.id.desc())
    if not over:
        order = (Dispute.escalated_at.is_(None), Dispute.escalated_at, Dispute.id)
    return db.session.scalars(
        select(Dispute)
        .join(Dispute.booking)
        .where(*_wanted(actor, Dispute, over))
        .options(*_with_booking(Dispute))
        .order_by(*order)
        .limit(limit)
        .offset(offset)
    ).all()


def _wanted(actor: Actor, of: type[BookingHold] | type[Dispute], over: bool) -> list[Any]:
    return [visible(actor, "booking.see", division=Booking.division), ~of.lasts if over else of.lasts]


def _with_booking(of: type[BookingHold] | type[Dispute]) -> list[Any]:
    found = contains_eager(of.booking)
    return [found.joinedload(Booking.client), found.joinedload(Booking.lab), found.joinedload(Booking.test_item)]


def _joined(*wanted: ColumnElement[bool]) -> Select[Any]:
    return select(func.count(Dispute.id)).join(Dispute.booking).where(*wanted)
