"""Moving a booking: the client moves, the lab proposes, the client answers; another unit needs nobody's yes."""

from dataclasses import dataclass
from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import select, update

from labshare.audit.services import record
from labshare.booking import notifications
from labshare.booking.errors import AlreadyBegun, AlreadyThere, NoOpenProposal, NotPublished, SlotTaken, UnknownUnit
from labshare.booking.models import Booking, Holding, Proposal
from labshare.booking.queries.loading import BookableItem, load_bookable_item, work_of_booking
from labshare.booking.queries.slots import alternatives_for
from labshare.booking.rules import rows
from labshare.booking.rules.lifecycle import ACTIONS, answer_by, next_state, state_after_move
from labshare.booking.rules.slots import Slot, free_units
from labshare.booking.rules.time import Interval
from labshare.booking.services import blocks, holdings
from labshare.booking.services.answer import recheck, refuse_lapsed, restore_deadline, settle_as_confirmed
from labshare.booking.services.book import feasible_instruments, free_places, may_waive
from labshare.booking.services.common import close_proposal, locked_booking, note, snapshot
from labshare.booking.terms import BookingState, HoldingKind, Party, ProposalState
from labshare.catalogue.models import Instrument
from labshare.kernel.actor import Actor
from labshare.kernel.database import db, set_columns
from labshare.kernel.errors import NotFound, ReasonRequired
from labshare.kernel.time import local_zone
from labshare.kernel.verbs import verb


@verb("booking.reschedule", title=_l("Rescheduled"))
def reschedule(
    *,
    actor: Actor,
    now: datetime,
    ref: str,
    starts_at: datetime,
    instrument_id: int | None = None,
    waive_reason: str | None = None,
    reason: str = "",
) -> Booking:
    """The client's move, in `requested` and `confirmed`, before the start; the price is kept. Where the lab confirms
    by hand it returns to `requested`, and the time to answer starts anew. An open proposal ends.

    Without `instrument_id` the present instrument comes first, then any other of the item's. `reason` is for the
    time line. Raises `IllegalStep`, `AlreadyBegun`, `Lapsed`, the rules of time (422), `SlotTaken` (409).
    """
    booking = locked_booking(actor, "booking.reschedule", ref=ref)
    state = state_after_move(booking.state, automatic=booking.lab.automatic_confirmation)
    if booking.starts_at <= now:
        raise AlreadyBegun
    refuse_lapsed(booking, now)
    bookable = bookable_to_move(booking, now)
    if not bookable.published:
        raise NotPublished
    before = snapshot(booking)
    waive = may_waive(actor, bookable, waive_reason)
    work = work_of_booking(booking)
    chosen = feasible_instruments(
        bookable, work, starts_at, now=now, instrument_id=instrument_id, waive=waive, prefer=booking.instrument_id
    )
    close_proposal(booking, now, ProposalState.VOID)
    holdings.release_offers(booking.id)
    deadline = None
    if state == BookingState.REQUESTED:
        deadline = answer_by(now, starts_at=starts_at, days=bookable.openings.days, zone=local_zone())
    holding = holdings.holding_of(booking.id)
    for instrument, rules, unit in free_places(
        chosen, starts_at, now=now, but_booking=booking.id, prefer_unit=booking.unit
    ):
        plan = rules.plan(starts_at)
        if holding is not None and holdings.change_holding(
            holding.id,
            instrument_id=instrument.id,
            unit=unit,
            starts_at=starts_at,
            ends_at=plan.holding_ends_at,
            expires_at=deadline,
        ):
            break
    else:
        raise SlotTaken(alternatives_for(bookable, work, starts_at, but_booking=booking.id, waive=waive))
    blocks.grow(booking.instrument_id, now)
    _now_at(booking, instrument, unit, plan.starts_at, plan.ends_at)
    set_columns(booking, rows.rescheduled(state, now=now, answer_by=deadline, confirmed_at=booking.confirmed_at))
    if waive:
        booking.waive_reason = waive_reason
    booking.revise()
    db.session.flush()
    note(actor, now, "booking.reschedule", booking, before, **({"reason": reason} if reason else {}))
    if state == BookingState.REQUESTED:
        notifications.notify_lab(notifications.REQUESTED, booking, actor=actor, now=now, answer_by=deadline)
        if booking.revision:
            notifications.notify_client(
                notifications.MOVE_ASKED, booking, actor=actor, now=now, doer_too=True, answer_by=deadline
            )
    else:
        notifications.notify_lab(notifications.MOVED, booking, actor=actor, now=now)
        notifications.notify_confirmed_by_rule(booking, now=now)
    return booking


@dataclass(frozen=True, kw_only=True)
class Move:
    """Where a booking would go, before anything is written."""

    instrument: Instrument
    unit: int
    starts_at: datetime
    ends_at: datetime
    state: BookingState
    """The booking's state once it has moved."""
    answer_by: datetime
    """Until when the other side could answer, where it has to."""


def where_to(
    booking: Booking,
    side: str,
    now: datetime,
    *,
    starts_at: datetime,
    instrument_id: int | None = None,
    unit: int | None = None,
) -> Move:
    """What a move by `side` (client or lab) to this start would come to, for the question before the last click;
    nothing is written. `unit` comes first where it is free. Raises what `reschedule` or `propose` would raise, as far
    as it can be known now."""
    if side == Party.CLIENT:
        state = state_after_move(booking.state, automatic=booking.lab.automatic_confirmation)
        if booking.starts_at <= now:
            raise AlreadyBegun
    else:
        state = next_state(booking.state, "propose", Party.LAB)
    bookable = bookable_to_move(booking, now)
    if side == Party.CLIENT and not bookable.published:
        raise NotPublished
    work = work_of_booking(booking)
    unit = unit or booking.unit
    chosen = feasible_instruments(
        bookable, work, starts_at, now=now, instrument_id=instrument_id, prefer=booking.instrument_id
    )
    for instrument, rules in chosen:
        plan = rules.plan(starts_at)
        (candidate,) = bookable.candidates(
            work, starts_at, plan.holding_ends_at, instruments=[instrument], but_booking=booking.id
        )
        units = sorted(free_units(candidate.busy, starts_at, plan.holding_ends_at), key=lambda one: (one != unit, one))
        if units:
            if side == Party.LAB:
                _refuse_unmoved(booking, starts_at, instrument_id=instrument.id, unit=units[0])
            deadline = answer_by(now, starts_at=starts_at, days=bookable.openings.days, zone=local_zone())
            return Move(
                instrument=instrument,
                unit=units[0],
                starts_at=plan.starts_at,
                ends_at=plan.ends_at,
                state=state,
                answer_by=deadline,
            )
    raise SlotTaken(alternatives_for(bookable, work, starts_at, but_booking=booking.id))


def elsewhere(booking: Booking, now: datetime, *, near: datetime) -> tuple[Slot, ...]:
    """Up to three free starts for the booking, nearest to `near`, on any instrument of its test."""
    bookable = bookable_to_move(booking, now)
    return alternatives_for(bookable, work_of_booking(booking), max(near, now), but_booking=booking.id)


def bookable_to_move(booking: Booking, now: datetime) -> BookableItem:
    bookable = load_bookable_item(booking.test_item_id, now)
    if bookable is None:
        raise NotFound
    return bookable


def _now_at(booking: Booking, instrument: Instrument, unit: int, starts_at: datetime, ends_at: datetime) -> None:
    set_columns(
        booking,
        rows.placed(
            instrument_id=instrument.id,
            instrument_value_fen=instrument.confirmed_value_fen,
            unit=unit,
            starts_at=starts_at,
            ends_at=ends_at,
        ),
    )


@verb("booking.propose", title=_l("Another time proposed"))
def propose(
    *,
    actor: Actor,
    now: datetime,
    ref: str,
    starts_at: datetime,
    reason: str,
    instrument_id: int | None = None,
    unit: int | None = None,
    waive_reason: str | None = None,
) -> Proposal:
    """The lab's move: another time, held until the client answers, two public working days at most. `unit` comes
    first where it is free. A new proposal replaces an open one; while it is open the request does not lapse. Raises
    `IllegalStep`, `Lapsed`, `ReasonRequired`, `AlreadyThere`, the rules of time (422), `SlotTaken` (409)."""
    booking = locked_booking(actor, "booking.propose", ref=ref)
    next_state(booking.state, "propose", Party.LAB)
    refuse_lapsed(booking, now)
    if not reason.strip():
        raise ReasonRequired
    bookable = bookable_to_move(booking, now)
    waive = may_waive(actor, bookable, waive_reason)
    work = work_of_booking(booking)
    chosen = feasible_instruments(
        bookable, work, starts_at, now=now, instrument_id=instrument_id, waive=waive, prefer=booking.instrument_id
    )
    replaced = close_proposal(booking, now, ProposalState.REPLACED)
    holdings.release_offers(booking.id)
    holding = holdings.holding_of(booking.id)
    deadline = answer_by(now, starts_at=starts_at, days=bookable.openings.days, zone=local_zone())
    for instrument, rules, place in free_places(
        chosen, starts_at, now=now, but_booking=booking.id, prefer_unit=unit or booking.unit
    ):
        _refuse_unmoved(booking, starts_at, instrument_id=instrument.id, unit=place)
        plan = rules.plan(starts_at)
        wanted = Interval(starts_at, plan.holding_ends_at)
        if _hold_for(
            booking,
            instrument.id,
            unit=place,
            wanted=wanted,
            own=_own_time(holding, instrument.id, unit=place),
            deadline=deadline,
            now=now,
        ):
            break
    else:
        raise SlotTaken(alternatives_for(bookable, work, starts_at, but_booking=booking.id, waive=waive))
    values = rows.proposal(
        booking.id,
        instrument_id=instrument.id,
        unit=place,
        starts_at=plan.starts_at,
        ends_at=plan.ends_at,
        reason=reason,
        by=actor.person_id,
        now=now,
        answer_by=deadline,
    )
    proposal = Proposal(**values)
    db.session.add(proposal)
    db.session.flush()
    _keep_time_beside(booking, deadline)
    was, proposed = rows.proposed(
        proposal.id,
        values,
        starts_at=booking.starts_at,
        ends_at=booking.ends_at,
        replaced=replaced.id if replaced is not None else None,
        waive_reason=waive_reason,
    )
    record(actor, now, "booking.propose", ("booking", booking.ref), before=was, after=proposed)
    notifications.notify_of_proposal(booking, proposal, actor=actor, now=now)
    return proposal


def _refuse_unmoved(booking: Booking, starts_at: datetime, *, instrument_id: int, unit: int) -> None:
    """A proposal says another time or place than the booking's (R-BOOKING-6)."""
    if (starts_at, instrument_id, unit) == (booking.starts_at, booking.instrument_id, booking.unit):
        raise AlreadyThere


def _own_time(holding: Holding | None, instrument_id: int, *, unit: int) -> list[tuple[datetime, datetime]]:
    """What the booking itself takes of this unit."""
    if holding is None or (holding.instrument_id, holding.unit) != (instrument_id, unit):
        return []
    return [(holding.starts_at, holding.ends_at)]


def _keep_time_beside(booking: Booking, deadline: datetime) -> None:
    """While a proposal is open its request does not lapse: it keeps its time as long."""
    if booking.unanswered and booking.answer_by is not None:
        db.session.execute(
            update(Holding)
            .where(Holding.booking_id == booking.id, Holding.kind == HoldingKind.BOOKING)
            .values(expires_at=rows.expiry_beside_proposal(booking.answer_by, proposal_answer_by=deadline))
            .execution_options(synchronize_session=False)
        )


def _hold_for(
    booking: Booking,
    instrument_id: int,
    *,
    unit: int,
    wanted: Interval,
    own: list[tuple[datetime, datetime]],
    deadline: datetime,
    now: datetime,
) -> bool:
    """Hold the proposed time as far as it is not already the booking's own; all of it or nothing."""
    held: list[int] = []
    for piece in holdings.pieces_free(wanted, own):
        holding_id = holdings.insert_holding(
            rows.time_of_proposal(
                booking.id,
                instrument_id=instrument_id,
                unit=unit,
                starts_at=piece.starts_at,
                ends_at=piece.ends_at,
                answer_by=deadline,
                now=now,
            )
        )
        if holding_id is None:
            holdings.release(held)
            return False
        held.append(holding_id)
    return True


def _open_proposal(booking: Booking, proposal_id: int, now: datetime) -> Proposal:
    proposal = db.session.scalar(
        select(Proposal)
        .where(Proposal.id == proposal_id, Proposal.booking_id == booking.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if proposal is None:
        raise NotFound
    if not proposal.open_at(now):
        raise NoOpenProposal
    return proposal


@verb("booking.accept_proposal", title=_l("New time accepted"))
def accept_proposal(*, actor: Actor, now: datetime, ref: str, proposal_id: int) -> Booking:
    """Accept the lab's time: it confirms. Publication, closures and calibration are checked again. Raises
    `IllegalStep`, `NoOpenProposal`, `NotPublished`, `LabClosed`, `CalibrationExpired`."""
    booking = locked_booking(actor, "booking.answer_proposal", ref=ref)
    proposal = _open_proposal(booking, proposal_id, now)
    state = next_state(booking.state, "accept_proposal", Party.CLIENT)
    recheck(booking, now, starts_at=proposal.starts_at, instrument_id=proposal.instrument_id)
    before = snapshot(booking)
    bookable = bookable_to_move(booking, now)
    instrument = next(one for one in bookable.instruments if one.id == proposal.instrument_id)
    work = work_of_booking(booking)
    plan = bookable.rules(work, instrument).plan(proposal.starts_at)
    holdings.prepare(instrument.id, now)
    holdings.release_offers(booking.id)
    set_columns(proposal, rows.answered(ProposalState.ACCEPTED, now=now))
    if not _put(
        booking, instrument.id, unit=proposal.unit, starts_at=plan.starts_at, ends_at=plan.holding_ends_at, now=now
    ):
        raise SlotTaken(alternatives_for(bookable, work, plan.starts_at, but_booking=booking.id))
    blocks.grow(booking.instrument_id, now)
    _now_at(booking, instrument, proposal.unit, plan.starts_at, plan.ends_at)
    settle_as_confirmed(booking, state, now)
    note(actor, now, "booking.accept_proposal", booking, before, proposal=proposal.id, reason=proposal.reason)
    notifications.notify_lab(notifications.PROPOSAL_ACCEPTED, booking, actor=actor, now=now)
    notifications.notify_client(notifications.MOVE_AGREED, booking, actor=actor, now=now, doer_too=True)
    return booking


def _put(
    booking: Booking, instrument_id: int, *, unit: int, starts_at: datetime, ends_at: datetime, now: datetime
) -> bool:
    """Bring the booking's own holding to this time."""
    holding = holdings.holding_of(booking.id)
    if holding is not None:
        return holdings.change_holding(
            holding.id, instrument_id=instrument_id, unit=unit, starts_at=starts_at, ends_at=ends_at, expires_at=None
        )
    made = holdings.insert_holding(
        rows.time_of_booking(
            booking.id,
            instrument_id=instrument_id,
            unit=unit,
            starts_at=starts_at,
            ends_at=ends_at,
            expires_at=None,
            now=now,
        )
    )
    return made is not None


@verb("booking.decline_proposal", title=_l("New time declined"))
def decline_proposal(*, actor: Actor, now: datetime, ref: str, proposal_id: int) -> Booking:
    """Keep the present time. Raises `IllegalStep`, `NoOpenProposal`."""
    booking = locked_booking(actor, "booking.answer_proposal", ref=ref)
    proposal = _open_proposal(booking, proposal_id, now)
    next_state(booking.state, "decline_proposal", Party.CLIENT)
    set_columns(proposal, rows.answered(ProposalState.DECLINED, now=now))
    db.session.flush()
    holdings.release_offers(booking.id)
    restore_deadline(booking)
    blocks.grow(proposal.instrument_id, now)
    record(actor, now, "booking.decline_proposal", ("booking", booking.ref), after=rows.proposal_answered(proposal.id))
    notifications.notify_lab(notifications.PROPOSAL_DECLINED, booking, actor=actor, now=now)
    return booking


@verb("booking.move_unit", title=_l("Moved to another unit"))
def move_unit(*, actor: Actor, now: datetime, ref: str, unit: int) -> Booking:
    """Another unit of the same instrument at the same time, without asking the client. An open proposal ends, since
    the booking moves. Raises `IllegalStep`, `Lapsed`, `UnknownUnit` (422), `SlotTaken` (409)."""
    booking = locked_booking(actor, ACTIONS["move_unit"], ref=ref)
    next_state(booking.state, "move_unit", Party.LAB)
    refuse_lapsed(booking, now)
    if not 1 <= unit <= booking.instrument.units:
        raise UnknownUnit(field="unit")
    before = snapshot(booking)
    holdings.prepare(booking.instrument_id, now)
    close_proposal(booking, now, ProposalState.VOID)
    holdings.release_offers(booking.id)
    restore_deadline(booking)
    holding = holdings.holding_of(booking.id)
    if holding is None or not holdings.change_holding(holding.id, unit=unit):
        raise SlotTaken
    blocks.grow(booking.instrument_id, now)
    booking.unit = unit
    db.session.flush()
    note(actor, now, "booking.move_unit", booking, before)
    notifications.notify_client(notifications.UNIT_MOVED, booking, actor=actor, now=now, unit=unit)
    return booking
