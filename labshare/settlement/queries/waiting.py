"""What in a booking waits for its client or its lab: conditions on `Booking`, for lists and dashboards."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, exists, or_

from labshare.booking.models import Booking, Charge, Proposal
from labshare.booking.terms import BookingState

BEGIN_AHEAD = timedelta(hours=12)
"""How long before its start a confirmed booking stands among what the lab has to do."""


def waits_for_client(now: datetime) -> ColumnElement[bool]:
    """A proposal or a change of charge to answer, money to pay, samples to bring within two days."""
    proposal = exists().where(Proposal.booking_id == Booking.id, Proposal.open_at(now))
    charge = exists().where(Charge.booking_id == Booking.id, Charge.waits)
    return or_(proposal, charge, Booking.owes, Booking.samples_due_at(now))


def waits_for_lab(now: datetime) -> ColumnElement[bool]:
    """A request to answer, work to begin or end, a report or an invoice due."""
    return or_(
        Booking.state.in_((BookingState.REQUESTED, *BookingState.at_work(), BookingState.TESTED)),
        and_(Booking.state == BookingState.CONFIRMED, Booking.starts_at < now + BEGIN_AHEAD),
        and_(Booking.state == BookingState.REPORTED, Booking.invoiced_fen < Booking.charged_fen),
    )
