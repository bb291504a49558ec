"""What the next shift must know (R-TEAM-5)."""

from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from labshare.audit.services import record
from labshare.booking.errors import OwnHandover, TooManyHandovers
from labshare.booking.models import Handover
from labshare.booking.queries.handovers import get_handover
from labshare.booking.services.common import locked_booking
from labshare.catalogue.errors import Required, TooLongText
from labshare.catalogue.queries.single import get_lab
from labshare.kernel.actor import Actor
from labshare.kernel.database import db, take_turn
from labshare.kernel.verbs import verb
from labshare.organisations import permissions

HANDOVER_LENGTH = 500
MOST_OPEN = 30
"""Of one lab that nobody has taken note of: they stand on the page of the day."""


@verb("handover.write", title=_l("Handover note written"))
def hand_over(*, actor: Actor, now: datetime, text: str, lab_id: int | None = None, ref: str | None = None) -> Handover:
    """Write what the next shift must know: of a booking, or else of the lab's day. It stays as written.

    Raises `NotFound`, `NotAllowed`, `Required`, `TooLongText`, `TooManyHandovers`."""
    if ref is not None:
        booking = locked_booking(actor, "booking.work", ref=ref)
        lab_id, booking_id = booking.lab_id, booking.id
    else:
        lab, booking_id = get_lab(actor, lab_id or 0), None
        permissions.check(actor, "booking.work", lab=lab.firm_id)
    text = text.strip()
    if not text:
        raise Required("text")
    if len(text) > HANDOVER_LENGTH:
        raise TooLongText("text", max=HANDOVER_LENGTH)
    take_turn()
    waiting = db.session.scalar(
        select(func.count()).select_from(Handover).where(Handover.lab_id == lab_id, Handover.waits)
    )
    if waiting and waiting >= MOST_OPEN:
        raise TooManyHandovers(n=MOST_OPEN)
    made = Handover(lab_id=lab_id, booking_id=booking_id, text=text, written_by=actor.person_id, written_at=now)
    db.session.add(made)
    db.session.flush()
    record(actor, now, "handover.write", ("lab", lab_id or 0), after={"handover_id": made.id, "booking": ref})
    return made


@verb("handover.take_note", title=_l("Handover note taken note of"))
def take_note(*, actor: Actor, now: datetime, handover_id: int) -> Handover:
    """Say that one has read it, of what somebody else wrote. Raises `NotFound`, `NotAllowed`, `OwnHandover`."""
    found = get_handover(actor, handover_id)
    if found.written_by == actor.person_id:
        raise OwnHandover
    db.session.refresh(found, with_for_update={"of": Handover})
    if found.waits:
        found.noted_by, found.noted_at = actor.person_id, now
        db.session.flush()
        record(actor, now, "handover.take_note", ("lab", found.lab_id), after={"handover_id": found.id})
    return found
