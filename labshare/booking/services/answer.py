"""The lab's answer to a request, and what happens when there is none."""

from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import select, update

from labshare.audit.services import record
from labshare.booking import notifications
from labshare.booking.errors import Lapsed, NotPublished
from labshare.booking.models import Booking, Holding, Proposal
from labshare.booking.queries.delivery import open_that_day
from labshare.booking.queries.loading import load_bookable_item, work_of_booking
from labshare.booking.rules import rows
from labshare.booking.rules.lifecycle import next_state
from labshare.booking.rules.time import Openings
from labshare.booking.services import blocks, holdings
from labshare.booking.services.common import (
    bring_charge_to,
    check_charge_covers_documents,
    close_proposal,
    locked_booking,
    note,
    snapshot,
)
from labshare.booking.terms import BookingState, EndReason, HoldingKind, Party, ProposalState
from labshare.kernel.actor import Actor
from labshare.kernel.database import db, set_columns
from labshare.kernel.errors import ReasonRequired, raise_all
from labshare.kernel.money import ZERO
from labshare.kernel.verbs import name_action, verb
from labshare.organisations import permissions

LAPSE = name_action("booking.lapse", _l("Request lapsed"))
LAPSE_PROPOSAL = name_action("booking.lapse_proposal", _l("Proposal lapsed"))


@verb("booking.confirm", title=_l("Confirmed"))
def confirm(*, actor: Actor, now: datetime, ref: str) -> Booking:
    """Confirm a request. Publication, closures and calibration are checked again, not lead time, horizon or opening
    hours. An open proposal ends. Raises `IllegalStep`, `Lapsed`, `NotPublished`, `LabClosed`, `CalibrationExpired`."""
    booking = locked_booking(actor, "booking.confirm", ref=ref)
    state = next_state(booking.state, "confirm", Party.LAB)
    refuse_lapsed(booking, now)
    before = snapshot(booking)
    openings = recheck(booking, now)
    close_proposal(booking, now, ProposalState.VOID)
    holdings.release_offers(booking.id)
    settle_as_confirmed(booking, state, now)
    note(actor, now, "booking.confirm", booking, before)
    delivery = notifications.about_delivery(booking, open_that_day(booking.starts_at, openings))
    notifications.notify_client(notifications.CONFIRMED, booking, actor=actor, now=now, **delivery)
    notifications.notify_lab(notifications.CONFIRMED_BY_LAB, booking, actor=actor, now=now, doer_too=True)
    return booking


def recheck(
    booking: Booking, now: datetime, *, starts_at: datetime | None = None, instrument_id: int | None = None
) -> Openings:
    """Publication, closures and calibration for a booking's start (or another one): the lab's opening hours. Raises
    what is broken."""
    bookable = load_bookable_item(booking.test_item_id, now)
    wanted = instrument_id or booking.instrument_id
    instrument = next((one for one in bookable.instruments if one.id == wanted), None) if bookable else None
    if bookable is None or not bookable.published or instrument is None:
        raise NotPublished
    rules = bookable.rules(work_of_booking(booking), instrument)
    raise_all(rules.problems_at_confirmation(starts_at or booking.starts_at))
    return bookable.openings


def settle_as_confirmed(booking: Booking, state: BookingState, now: datetime) -> None:
    """Confirmed: the holding no longer expires."""
    set_columns(booking, rows.confirmed(state, now=now))
    booking.revise()
    db.session.flush()
    db.session.execute(
        update(Holding)
        .where(Holding.booking_id == booking.id, Holding.kind == HoldingKind.BOOKING)
        .values(expires_at=None)
        .execution_options(synchronize_session=False)
    )


def refuse_lapsed(booking: Booking, now: datetime) -> None:
    """A request stops counting at its deadline even if no process has declined it yet. Raises `Lapsed`."""
    if not booking.unanswered:
        return
    holding = holdings.holding_of(booking.id)
    if holding is None or not holding.counts_at(now):
        raise Lapsed


@verb("booking.decline", title=_l("Declined"))
def decline(*, actor: Actor, now: datetime, ref: str, reason: str) -> Booking:
    """Decline a request, with a reason; nothing is charged. Raises `IllegalStep`, `ReasonRequired`,
    `ChargeBelowInvoiced`."""
    booking = locked_booking(actor, "booking.decline", ref=ref)
    state = next_state(booking.state, "decline", Party.LAB)
    if not reason.strip():
        raise ReasonRequired
    check_charge_covers_documents(booking, ZERO)
    _end_request(booking, state, reason, actor, now, "booking.decline")
    notifications.notify_client(notifications.DECLINED, booking, actor=actor, now=now, reason=reason)
    if booking.revision:
        notifications.notify_lab(notifications.DECLINED, booking, actor=actor, now=now, doer_too=True, reason=reason)
    return booking


def _end_request(booking: Booking, state: BookingState, reason: str, actor: Actor, now: datetime, action: str) -> None:
    before = snapshot(booking)
    close_proposal(booking, now, ProposalState.VOID)
    holdings.release_booking(booking.id)
    blocks.grow(booking.instrument_id, now)
    set_columns(booking, rows.ended(state, now=now, reason=reason))
    booking.revise()
    left = rows.charge_of_ended_request(invoiced_fen=booking.invoiced_fen, paid_fen=booking.paid_fen)
    bring_charge_to(booking, left, actor=actor, now=now, reason=reason)
    db.session.flush()
    note(actor, now, action, booking, before)


@verb("time.lapse", title=_l("What was unanswered lapsed"))
def lapse(*, actor: Actor, now: datetime, limit: int = 500) -> int:
    """End the proposals and decline the requests that nobody answered in time; delete holds that are over. How many
    bookings were declined. For the system alone; running it twice changes nothing more."""
    permissions.check(actor, "time.lapse")
    for proposal in db.session.scalars(
        select(Proposal).where(Proposal.lapses_by(now)).order_by(Proposal.id).limit(limit)
    ).all():
        _lapse_proposal(proposal.booking_id, actor, now)
    waiting = select(Proposal.id).where(Proposal.booking_id == Booking.id, Proposal.open).exists()
    refs = db.session.scalars(
        select(Booking.ref).where(Booking.lapses_by(now), ~waiting).order_by(Booking.id).limit(limit)
    ).all()
    declined = 0
    for ref in refs:
        booking = locked_booking(actor, "booking.decline", ref=ref)
        if not booking.lapses_by(now):
            continue  # answered meanwhile
        state = next_state(booking.state, "lapse", Party.SYSTEM)
        _end_request(booking, state, EndReason.LAPSED, actor, now, LAPSE)
        notifications.notify_client(notifications.LAPSED, booking, actor=actor, now=now)
        notifications.notify_lab(notifications.LAPSED, booking, actor=actor, now=now)
        declined += 1
    over = db.session.scalars(
        select(Holding.id).where(Holding.kind == HoldingKind.OFFER, Holding.lapsed_by(now)).limit(limit)
    ).all()
    if over:
        holdings.release(over)
    return declined


def _lapse_proposal(booking_id: int, actor: Actor, now: datetime) -> None:
    booking = db.session.scalar(
        select(Booking)
        .where(Booking.id == booking_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    proposal = db.session.scalar(
        select(Proposal).where(Proposal.booking_id == booking_id, Proposal.lapses_by(now)).with_for_update()
    )
    if booking is None or proposal is None:
        return
    set_columns(proposal, rows.answered(ProposalState.LAPSED, now=now))
    db.session.flush()
    holdings.release_offers(booking.id)
    restore_deadline(booking)
    record(actor, now, LAPSE_PROPOSAL, ("booking", booking.ref), after=rows.proposal_answered(proposal.id))
    notifications.notify_lab(notifications.PROPOSAL_LAPSED, booking, actor=actor, now=now)
    notifications.notify_client(notifications.PROPOSAL_LAPSED, booking, actor=actor, now=now)


def restore_deadline(booking: Booking) -> None:
    """Without an open proposal a request lapses at its own deadline again."""
    if booking.unanswered:
        db.session.execute(
            update(Holding)
            .where(Holding.booking_id == booking.id, Holding.kind == HoldingKind.BOOKING)
            .values(expires_at=booking.answer_by)
            .execution_options(synchronize_session=False)
        )
