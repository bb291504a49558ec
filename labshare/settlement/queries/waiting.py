"""What in a booking waits for its client or its lab: one table of conditions on `Booking`.

The lists, the client's desk, the lab's page of the day and `oversight.waiting` go by it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import joinedload

from labshare.accounts.models import Person
from labshare.booking.models import Booking, Charge, Proposal
from labshare.booking.queries.bookings import with_booker
from labshare.booking.terms import BookingState
from labshare.kernel.database import db
from labshare.kernel.time import local_day, start_of_day
from labshare.settlement.models import Dispute

Waiter = Literal["client", "lab"]


@dataclass(frozen=True)
class Wait:
    """One kind of step that a booking waits for."""

    name: str
    whose: Waiter
    condition: Callable[[datetime], ColumnElement[bool]]
    """Whether a booking waits for it at a moment."""
    money: bool = False
    """It is about money, which not every member of the client sees."""
    by_day: bool = False
    """It stands on the lab's page of the day; what does not is done among its documents."""
    disputes: ColumnElement[bool] | None = None
    """The disputes that it waits in: few, so that bookings are counted from them."""


def _begins(now: datetime) -> ColumnElement[bool]:
    """Confirmed for today or an earlier day."""
    tomorrow = start_of_day(local_day(now) + timedelta(days=1))
    return and_(Booking.state == BookingState.CONFIRMED, Booking.starts_at < tomorrow)


def _dispute(name: str, whose: Waiter, waits: ColumnElement[bool]) -> Wait:
    running = and_(Dispute.lasts, waits)
    return Wait(name, whose, lambda _now: exists().where(Dispute.booking_id == Booking.id, running), disputes=running)


WAITS = (
    Wait("proposal", "client", lambda now: exists().where(Proposal.booking_id == Booking.id, Proposal.open_at(now))),
    Wait(
        "charge", "client", lambda now: exists().where(Charge.booking_id == Booking.id, Charge.open_at(now)), money=True
    ),
    Wait("samples", "client", lambda now: Booking.samples_due_at(now)),
    _dispute("disputed", "client", Dispute.waits_for_client),
    Wait("payment", "client", lambda _now: Booking.owes, money=True),
    Wait("request", "lab", lambda _now: Booking.unanswered, by_day=True),
    Wait("begin", "lab", _begins, by_day=True),
    Wait("work", "lab", lambda _now: Booking.state.in_(BookingState.at_work()), by_day=True),
    Wait("report", "lab", lambda _now: Booking.state == BookingState.TESTED, by_day=True),
    _dispute("dispute", "lab", Dispute.waits_for_lab),
    Wait(
        "invoice",
        "lab",
        lambda _now: and_(Booking.state == BookingState.REPORTED, Booking.invoiced_fen < Booking.charged_fen),
    ),
)


def waits_for(whose: Waiter, now: datetime, *, money: bool = True) -> ColumnElement[bool]:
    """Whether a booking waits for this side of it; without `money`, for steps alone that are not about it."""
    return or_(*(wait.condition(now) for wait in WAITS if wait.whose == whose and (money or not wait.money)))


def bookings_waiting(wait: Wait, firm_id: int | None, now: datetime) -> Select[Any]:
    """How many bookings of a firm wait for one of its steps, as a select."""
    side = Booking.client_firm_id if wait.whose == "client" else Booking.lab_firm_id
    if wait.disputes is not None:
        of_disputes = select(func.count()).select_from(Dispute).join(Booking, Booking.id == Dispute.booking_id)
        return of_disputes.where(side == firm_id, wait.disputes)
    return select(func.count()).select_from(Booking).where(side == firm_id, wait.condition(now))


def today_of(lab_id: int, now: datetime) -> Sequence[Booking]:
    """What waits for a lab by day, by start: requests to answer, what begins today or should have begun, is in the lab,
    or lacks its report; with client, booker, test item and instrument. One statement."""
    return db.session.scalars(
        select(Booking)
        .where(Booking.lab_id == lab_id, or_(*(wait.condition(now) for wait in WAITS if wait.by_day)))
        .options(
            joinedload(Booking.client),
            joinedload(Booking.test_item),
            joinedload(Booking.instrument),
            joinedload(Booking.assignee).load_only(Person.name),
            joinedload(Booking.storage_place),
            joinedload(Booking.paused),
            with_booker(),
        )
        .order_by(Booking.starts_at, Booking.id)
    ).all()
