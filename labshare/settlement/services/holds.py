"""An officer suspends a booking: its ledger entries do not count until an officer ends that (R-HOLD)."""

from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import exists, select

from labshare.audit.services import record
from labshare.booking.models import Booking
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import NotAllowed, ReasonRequired
from labshare.kernel.verbs import verb
from labshare.organisations.models import Membership
from labshare.settlement.errors import HeldAlready, NotSuspended
from labshare.settlement.models import BookingHold
from labshare.settlement.services.ledger import locked_booking
from labshare.settlement.services.notifications.contests import booking_suspended, suspension_ended
from labshare.settlement.services.typed_text import check_text
from labshare.settlement.terms import HoldCause

NOTE_LENGTH = 500


@verb("hold.suspend", title=_l("Booking suspended"), money=True)
def suspend_booking(*, actor: Actor, now: datetime, ref: str, note: str) -> BookingHold:
    """An officer of neither firm holds the booking's entries, with a note that lab and client are told.

    Raises `NotAllowed`, `ReasonRequired`, `ReasonTooLong`, `HeldAlready`.
    """
    booking = locked_booking(actor, "hold.suspend", ref=ref)
    check_impartial(actor, booking)
    check_note(note)
    hold = place_hold(booking, HoldCause.SUSPENSION, actor=actor, now=now, note=note)
    record(actor, now, "hold.suspend", ("booking", ref), after={"hold": hold.id, "note": hold.note})
    booking_suspended(booking, hold, actor=actor, now=now)
    return hold


@verb("hold.end", title=_l("Suspension of a booking ended"), money=True)
def end_suspension(*, actor: Actor, now: datetime, ref: str, note: str) -> BookingHold:
    """An officer of neither firm ends an officer's suspension, with a note.

    Raises `NotAllowed`, `ReasonRequired`, `ReasonTooLong`, `NotSuspended`.
    """
    booking = locked_booking(actor, "hold.end", ref=ref)
    check_impartial(actor, booking)
    check_note(note)
    hold = lasting_hold(booking)
    if hold is None or hold.cause != HoldCause.SUSPENSION:
        raise NotSuspended
    hold.released_at, hold.released_by, hold.release_note = now, actor.person_id, note.strip()
    db.session.flush()
    record(actor, now, "hold.end", ("booking", ref), after={"hold": hold.id, "note": hold.release_note})
    suspension_ended(booking, hold, actor=actor, now=now)
    return hold


def place_hold(booking: Booking, cause: HoldCause, *, actor: Actor, now: datetime, note: str = "") -> BookingHold:
    """Hold the entries of a locked booking. Raises `HeldAlready`."""
    if lasting_hold(booking) is not None:
        raise HeldAlready
    hold = BookingHold(booking_id=booking.id, cause=cause, note=note.strip(), held_by=actor.person_id, held_at=now)
    db.session.add(hold)
    db.session.flush()
    return hold


def check_impartial(actor: Actor, booking: Booking) -> None:
    """Raise `NotAllowed` where the actor belongs to one of the two firms."""
    firms = (booking.client_firm_id, booking.lab_firm_id)
    member = exists().where(Membership.person_id == actor.person_id, Membership.firm_id.in_(firms), Membership.current)
    if db.session.scalar(select(member)):
        raise NotAllowed


def check_note(note: str) -> None:
    if not note.strip():
        raise ReasonRequired("note")
    if problem := check_text(note, NOTE_LENGTH, "note"):
        raise problem


def lasting_hold(booking: Booking) -> BookingHold | None:
    return db.session.scalar(
        select(BookingHold)
        .where(BookingHold.booking_id == booking.id, BookingHold.lasts)
        .execution_options(populate_existing=True)
    )
