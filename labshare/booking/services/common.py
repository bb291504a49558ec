"""What every verb of this room needs: loading under lock, snapshots for the trail, the charge, who is told."""

from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from labshare.audit.services import record
from labshare.booking import notifications
from labshare.booking.errors import ChargeBelowInvoiced, ChargeBelowPaid, MomentInFuture
from labshare.booking.events import ChargeChanged
from labshare.booking.models import Booking, Charge, Proposal
from labshare.booking.queries.bookings import sides
from labshare.booking.rules import lifecycle
from labshare.booking.rules.rows import SNAPSHOT, Values, answered, ending_line, noted, plain
from labshare.booking.terms import ChargeState, Party, ProposalState
from labshare.kernel.actor import Actor
from labshare.kernel.database import db, set_columns
from labshare.kernel.errors import NotFound
from labshare.kernel.events import emit
from labshare.kernel.formatting import plain_money
from labshare.kernel.money import Fen
from labshare.kernel.time import local_day
from labshare.organisations import permissions


def locked_booking(actor: Actor, action: str, *, ref: str) -> Booking:
    """The booking, read anew and locked; rows that merely refer to it may still be written.

    Raises `NotFound` for what the actor may not see, `NotAllowed` for what the
    actor sees but may not do."""
    booking = db.session.scalar(
        select(Booking)
        .where(Booking.ref == ref)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if booking is None:
        raise NotFound
    client, lab, division = booking.client_firm_id, booking.lab_firm_id, booking.division
    if not actor.is_system and not permissions.may(actor, "booking.see", client=client, lab=lab, division=division):
        raise NotFound
    permissions.check(actor, action, client=client, lab=lab, division=division)
    return booking


def side_for(actor: Actor, booking: Booking, verb: str) -> str:
    """The side on which the actor takes the step; where the firm stands on both, the one from which it is legal."""
    if actor.is_system:
        return Party.SYSTEM
    mine = sides(actor, booking)
    for side in mine:
        if verb in lifecycle.possible(booking.state, side):
            return side
    return mine[0] if mine else Party.LAB


def not_in_future(at: datetime | None, *, now: datetime) -> datetime:
    """The moment that was given, or now. Raises `MomentInFuture`."""
    if at is None:
        return now
    if at > now:
        raise MomentInFuture
    return at


def snapshot(booking: Booking) -> Values:
    return {name: plain(getattr(booking, name)) for name in SNAPSHOT}


def note(actor: Actor, now: datetime, action: str, booking: Booking, before: Values, **more: Any) -> None:
    """Write what changed of the booking to the trail, in this transaction."""
    was, became = noted(before, snapshot(booking), **more)
    record(actor, now, action, ("booking", booking.ref), before=was, after=became)


def check_charge_covers_documents(booking: Booking, total_fen: Fen) -> None:
    """What is charged never falls below what is invoiced or paid (R-PRICE-8)."""
    if total_fen < booking.invoiced_fen:
        raise ChargeBelowInvoiced(amount=plain_money(booking.invoiced_fen))
    if total_fen < booking.paid_fen:
        raise ChargeBelowPaid(amount=plain_money(booking.paid_fen))


def bring_charge_to(booking: Booking, total_fen: Fen, *, actor: Actor, now: datetime, reason: str) -> None:
    """Enter the line that an ending makes, and refuse the changes that still wait for consent."""
    db.session.execute(
        update(Charge)
        .where(Charge.booking_id == booking.id, Charge.waits)
        .values(state=ChargeState.REFUSED)
        .execution_options(synchronize_session="fetch")
    )
    difference = Fen(total_fen - booking.charged_fen)
    if difference == 0:
        return
    line = Charge(
        **ending_line(
            booking_id=booking.id,
            amount_fen=difference,
            reason=reason,
            by=actor.person_id,
            now=now,
            today=local_day(now),
        )
    )
    db.session.add(line)
    booking.charged_fen = total_fen
    db.session.flush()
    emit(ChargeChanged(booking, line.id, actor, now))


def close_proposal(booking: Booking, now: datetime, state: ProposalState) -> Proposal | None:
    """End the open proposal, if there is one, as `state`; its held time is the caller's."""
    proposal = db.session.scalar(
        select(Proposal).where(Proposal.booking_id == booking.id, Proposal.open).with_for_update()
    )
    if proposal is not None:
        set_columns(proposal, answered(state, now=now))
        db.session.flush()
    return proposal


__all__ = [
    "bring_charge_to",
    "check_charge_covers_documents",
    "close_proposal",
    "locked_booking",
    "not_in_future",
    "note",
    "notifications",
    "plain",
    "side_for",
    "snapshot",
]
