"""Cancelling, by either side, under the item's terms."""

from datetime import datetime

from flask_babel import lazy_gettext as _l

from labshare.booking import notifications
from labshare.booking.models import Booking
from labshare.booking.queries.bookings import cancellation_preview
from labshare.booking.rules import rows
from labshare.booking.rules.lifecycle import next_state
from labshare.booking.services import blocks, holdings
from labshare.booking.services.common import (
    bring_charge_to,
    check_charge_covers_documents,
    close_proposal,
    locked_booking,
    note,
    side_for,
    snapshot,
)
from labshare.booking.terms import Party, ProposalState
from labshare.kernel.actor import Actor
from labshare.kernel.database import db, set_columns
from labshare.kernel.errors import ReasonRequired
from labshare.kernel.verbs import verb


@verb("booking.cancel", title=_l("Cancelled"), money=True)
def cancel(*, actor: Actor, now: datetime, ref: str, reason: str = "") -> Booking:
    """Cancel: the client before `received`, the lab before `testing` and with a reason. The charge becomes what the
    item's terms say (`queries.cancellation_preview`; nothing where the lab cancels). Raises `IllegalStep`,
    `ReasonRequired`, `ChargeBelowInvoiced`, `ChargeBelowPaid`."""
    booking = locked_booking(actor, "booking.cancel", ref=ref)
    side = side_for(actor, booking, "cancel")
    state = next_state(booking.state, "cancel", side)
    reason = reason.strip()
    if side == Party.LAB and not reason:
        raise ReasonRequired
    fee = cancellation_preview(booking, now, by_lab=side == Party.LAB)
    check_charge_covers_documents(booking, fee)
    before = snapshot(booking)
    close_proposal(booking, now, ProposalState.VOID)
    holdings.release_booking(booking.id)
    blocks.grow(booking.instrument_id, now)
    set_columns(booking, rows.ended(state, now=now, reason=reason))
    booking.revise()
    bring_charge_to(booking, fee, actor=actor, now=now, reason=reason)
    db.session.flush()
    note(actor, now, "booking.cancel", booking, before, side=side)
    what = {"charged_fen": booking.charged_fen, "reason": reason}
    for notify, of in ((notifications.notify_client, Party.CLIENT), (notifications.notify_lab, Party.LAB)):
        notify(notifications.CANCELLED, booking, actor=actor, now=now, doer_too=side == of, **what)
    return booking
