"""Changes of what is charged: a line with a reason; an increase needs the client's consent."""

from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from labshare.booking import notifications
from labshare.booking.errors import ChargeIsZero, ChargeNotOpen, LabAnswersItself, NegativeCharge
from labshare.booking.events import ChargeChanged
from labshare.booking.models import Booking, Charge
from labshare.booking.rules import rows
from labshare.booking.rules.lifecycle import next_state
from labshare.booking.services.book import check_within_amount
from labshare.booking.services.common import (
    check_charge_covers_documents,
    locked_booking,
    note,
    snapshot,
)
from labshare.booking.services.extra import begin_extra
from labshare.booking.terms import BookingState, ChargeState, Party
from labshare.kernel.actor import Actor
from labshare.kernel.database import db, set_columns
from labshare.kernel.errors import InvalidInput, NotFound, ReasonRequired
from labshare.kernel.events import emit
from labshare.kernel.money import Fen
from labshare.kernel.time import local_day
from labshare.kernel.verbs import verb
from labshare.organisations.queries import belongs_to

MOST_FEN = Fen(1_000_000_000_00)
"""No line is larger than a thousand million yuan."""


@verb("charge.propose", title=_l("Change of charge proposed"), money=True)
def propose_charge(*, actor: Actor, now: datetime, ref: str, amount_fen: Fen, reason: str) -> Charge:
    """Add a line, signed, in fen. A decrease counts at once; an increase waits for the client's consent. Raises
    `IllegalStep`, `ReasonRequired`, `ChargeIsZero`, `NegativeCharge`, `ChargeBelowInvoiced`, `ChargeBelowPaid`."""
    booking = locked_booking(actor, "charge.propose", ref=ref)
    next_state(booking.state, "charge", Party.LAB)
    if not reason.strip():
        raise ReasonRequired
    if amount_fen == 0:
        raise ChargeIsZero
    if abs(amount_fen) > MOST_FEN or (booking.state in BookingState.over() and amount_fen > 0):
        raise InvalidInput(field="amount_fen")
    total = Fen(booking.charged_fen + amount_fen)
    if total < 0:
        raise NegativeCharge
    lowers = amount_fen < 0
    if lowers:
        check_charge_covers_documents(booking, total)
    before = snapshot(booking)
    line = Charge(
        **rows.change_line(
            booking_id=booking.id,
            amount_fen=amount_fen,
            reason=reason,
            by=actor.person_id,
            now=now,
            today=local_day(now),
        )
    )
    db.session.add(line)
    if lowers:
        booking.charged_fen = total
    db.session.flush()
    note(actor, now, "charge.propose", booking, before, charge=line.id, amount_fen=amount_fen)
    if lowers:
        emit(ChargeChanged(booking, line.id, actor, now))
        notifications.notify_client(
            notifications.CHARGE_LOWERED, booking, actor=actor, now=now, charged_fen=total, reason=reason
        )
    else:
        notifications.notify_client(
            notifications.CHARGE_PROPOSED, booking, actor=actor, now=now, amount_fen=amount_fen, reason=reason
        )
    return line


def _waiting_line(booking: Booking, charge_id: int, now: datetime) -> Charge:
    line = db.session.scalar(
        select(Charge)
        .where(Charge.id == charge_id, Charge.booking_id == booking.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if line is None:
        raise NotFound
    if not line.open_at(now):
        raise ChargeNotOpen
    return line


@verb("charge.consent", title=_l("Change of charge consented to"), money=True)
def consent_charge(*, actor: Actor, now: datetime, ref: str, charge_id: int) -> Charge:
    """The client agrees to an increase: it counts from this local day, and extra work becomes the booking's. Nobody of
    the lab's firm agrees for the client (R-PRICE-7). Raises `IllegalStep`, `ChargeNotOpen`, `LabAnswersItself`, what
    `begin_extra` raises, and `NeedsApproval` where it goes above what the firm lets others than its approver agree to
    (R-APPROVAL-3)."""
    booking = locked_booking(actor, "charge.consent", ref=ref)
    line = _waiting_line(booking, charge_id, now)
    own = booking.client_firm_id == booking.lab_firm_id
    if not own and belongs_to(booking.lab_firm_id, person_id=actor.person_id):
        raise LabAnswersItself
    next_state(booking.state, "answer_charge", Party.CLIENT)
    total = Fen(booking.charged_fen + line.amount_fen)
    check_within_amount(actor, booking.client, total)
    check_charge_covers_documents(booking, total)
    before = snapshot(booking)
    begin_extra(booking, line, now=now)
    set_columns(line, rows.consented(by=actor.person_id, today=local_day(now)))
    booking.charged_fen = total
    db.session.flush()
    note(actor, now, "charge.consent", booking, before, charge=line.id, amount_fen=line.amount_fen)
    emit(ChargeChanged(booking, line.id, actor, now))
    notifications.notify_lab(
        notifications.CHARGE_AGREED, booking, actor=actor, now=now, charged_fen=booking.charged_fen
    )
    return line


@verb("charge.refuse", title=_l("Change of charge refused"), money=True)
def refuse_charge(*, actor: Actor, now: datetime, ref: str, charge_id: int) -> Charge:
    """The client does not agree; the charge stays. Raises `IllegalStep`, `ChargeNotOpen`."""
    booking = locked_booking(actor, "charge.consent", ref=ref)
    line = _waiting_line(booking, charge_id, now)
    next_state(booking.state, "answer_charge", Party.CLIENT)
    before = snapshot(booking)
    line.state = ChargeState.REFUSED
    db.session.flush()
    note(actor, now, "charge.refuse", booking, before, charge=line.id, amount_fen=line.amount_fen)
    notifications.notify_lab(notifications.CHARGE_REFUSED, booking, actor=actor, now=now, amount_fen=line.amount_fen)
    return line


@verb("charge.withdraw", title=_l("Change of charge taken back"), money=True)
def withdraw_charge(*, actor: Actor, now: datetime, ref: str, charge_id: int) -> Charge:
    """The lab takes back what the client has not answered; nothing changes. Raises `IllegalStep`, `ChargeNotOpen`."""
    booking = locked_booking(actor, "charge.propose", ref=ref)
    line = _waiting_line(booking, charge_id, now)
    next_state(booking.state, "charge", Party.LAB)
    before = snapshot(booking)
    line.state = ChargeState.WITHDRAWN
    db.session.flush()
    note(actor, now, "charge.withdraw", booking, before, charge=line.id, amount_fen=line.amount_fen)
    notifications.notify_client(
        notifications.CHARGE_WITHDRAWN, booking, actor=actor, now=now, amount_fen=line.amount_fen
    )
    return line
