"""The lab's work at a booking: samples in, start, finish, no-show; running tests keep their time."""

from datetime import datetime, timedelta

from flask_babel import lazy_gettext as _l
from sqlalchemy import or_, select

from labshare.audit.models import AuditEvent
from labshare.audit.services import record
from labshare.booking import notifications
from labshare.booking.errors import (
    FinishBeforeStart,
    HeldBefore,
    MachineMinutesOutOfRange,
    NoShowTooEarly,
    NotAuthorised,
    SamplesOutOfRange,
    SlotTaken,
    UnknownUnit,
)
from labshare.booking.models import Booking, Holding
from labshare.booking.queries.bookings import cancellation_preview
from labshare.booking.rules import rows
from labshare.booking.rules.lifecycle import ACTIONS, NO_SHOW_AFTER, next_state
from labshare.booking.services import blocks, holdings
from labshare.booking.services.bench import end_pause, pauses_of, put_away
from labshare.booking.services.common import (
    bring_charge_to,
    check_charge_covers_documents,
    close_proposal,
    locked_booking,
    not_in_future,
    note,
    snapshot,
)
from labshare.booking.services.extra import close_extra
from labshare.booking.terms import BookingState, HoldingKind, Party, ProposalState
from labshare.catalogue.queries.authorisations import may_work
from labshare.kernel.actor import Actor
from labshare.kernel.database import db, set_columns
from labshare.kernel.formatting import clock_time, month_day, twin
from labshare.kernel.time import MINUTE, Minutes, ceil_minute, local_day
from labshare.kernel.verbs import name_action, verb
from labshare.organisations import permissions

MOST_SAMPLES = 100_000
MOST_MACHINE_MINUTES = 60 * 24 * 366
NOTIFY_BEFORE = timedelta(minutes=15)
"""How long before its start the next party is told that the test before it is still running."""
LENGTHEN = name_action("booking.lengthen", _l("Held time lengthened"))
OVERRUN = name_action("booking.overrun", _l("Test runs over its time"))


@verb("booking.receive", title=_l("Samples received"))
def receive(
    *,
    actor: Actor,
    now: datetime,
    ref: str,
    samples: int | None = None,
    condition: str = "",
    place_id: int | None = None,
) -> Booking:
    """Record that the samples came, how many (by default as many as were booked), their condition, and where they lie.
    From `confirmed`. Raises `IllegalStep`, `SamplesOutOfRange`, `UnknownPlace`."""
    booking = locked_booking(actor, ACTIONS["receive"], ref=ref)
    state = next_state(booking.state, "receive", Party.LAB)
    samples = booking.quantity if samples is None else samples
    if not 1 <= samples <= MOST_SAMPLES:
        raise SamplesOutOfRange(n=MOST_SAMPLES)
    before = snapshot(booking)
    set_columns(booking, rows.received(state, now=now, samples=samples, condition=condition))
    db.session.flush()
    note(actor, now, "booking.receive", booking, before)
    if place_id is not None:
        put_away(booking, place_id, actor=actor, now=now)
    notifications.notify_client(
        notifications.RECEIVED, booking, actor=actor, now=now, samples=samples, condition=condition.strip()
    )
    return booking


@verb("booking.start", title=_l("Test started"))
def start(*, actor: Actor, now: datetime, ref: str, at: datetime | None = None, unit: int | None = None) -> Booking:
    """Begin the test, now or `at` a moment not in the future, on its own `unit` or another of the instrument, of which
    the client is told. Starting early moves the holding's start, where the unit is free; starting when the holding is
    over takes the unit again. Raises `IllegalStep`, `MomentInFuture`, `NotAuthorised` (R-TEAM-2), `UnknownUnit`,
    `SlotTaken` (409)."""
    booking = locked_booking(actor, ACTIONS["start"], ref=ref)
    state = next_state(booking.state, "start", Party.LAB)
    at = not_in_future(at, now=now)
    if not may_work(person_id=actor.person_id, instrument_id=booking.instrument_id, day=local_day(at)):
        raise NotAuthorised(instrument=twin(booking.instrument))
    unit = booking.unit if unit is None else unit
    if not 1 <= unit <= booking.instrument.units:
        raise UnknownUnit(field="unit")
    before = snapshot(booking)
    holdings.prepare(booking.instrument_id, now)
    close_proposal(booking, now, ProposalState.VOID)
    holdings.release_offers(booking.id)
    elsewhere = unit != booking.unit
    if elsewhere or at < booking.starts_at:
        _begin_at(booking, min(at, booking.starts_at), unit=unit)
    _keep_until(booking, now + MINUTE, now=now)
    set_columns(booking, rows.started(state, at=at))
    db.session.flush()
    note(actor, now, "booking.start", booking, before)
    if elsewhere:
        blocks.grow(booking.instrument_id, now)
        notifications.notify_client(notifications.UNIT_MOVED, booking, actor=actor, now=now, unit=unit)
    return booking


def _begin_at(booking: Booking, at: datetime, *, unit: int) -> None:
    """Its time begins then, on this unit. Raises `HeldBefore`, `SlotTaken`."""
    holding = holdings.holding_of(booking.id)
    if holding is None or not holdings.change_holding(holding.id, unit=unit, starts_at=at):
        raise _in_the_way(booking, at, unit=unit) or SlotTaken(field="at")
    booking.unit = unit
    if at < booking.starts_at:
        booking.starts_at = at
        booking.revise()


def _in_the_way(booking: Booking, since: datetime, *, unit: int) -> HeldBefore | None:
    """What holds the unit last between a moment and the booking's start."""
    row = db.session.execute(
        select(Holding.kind, Holding.ends_at, Booking.ref)
        .outerjoin(Booking, Booking.id == Holding.booking_id)
        .where(
            Holding.instrument_id == booking.instrument_id,
            Holding.unit == unit,
            Holding.ends_at > since,
            Holding.starts_at < booking.starts_at,
            or_(Holding.booking_id.is_(None), Holding.booking_id != booking.id),
        )
        .order_by(Holding.ends_at.desc())
        .limit(1)
    ).first()
    if row is None:
        return None
    return HeldBefore(
        what=row.ref or HoldingKind(row.kind).phrase, until=f"{month_day(row.ends_at)} {clock_time(row.ends_at)}"
    )


def _keep_until(booking: Booking, wanted: datetime, *, now: datetime) -> None:
    """The holding lasts at least to `wanted`: a test cannot run on a unit that another has taken since."""
    holding = holdings.holding_of(booking.id)
    if holding is None:
        held = holdings.insert_holding(
            rows.time_of_booking(
                booking.id,
                instrument_id=booking.instrument_id,
                unit=booking.unit,
                starts_at=now,
                ends_at=wanted,
                expires_at=None,
                now=now,
            )
        )
        if held is None:
            raise SlotTaken(field="at")
    elif holding.ends_at <= now and holdings.lengthen(holding, wanted) <= now:
        raise SlotTaken(field="at")


@verb("booking.finish", title=_l("Test finished"))
def finish(
    *, actor: Actor, now: datetime, ref: str, at: datetime | None = None, machine_minutes: Minutes | None = None
) -> Booking:
    """End the test, now or `at` a moment not in the future and not before its start: booking.ends_at becomes that
    moment, the holding ends after clean-up, and one with nothing left is deleted; a pause ends with it.
    `machine_minutes` (by default the minutes from start to finish but for pauses) never changes a price. Raises
    `IllegalStep`, `MomentInFuture`, `FinishBeforeStart`, `MachineMinutesOutOfRange`."""
    booking = locked_booking(actor, ACTIONS["finish"], ref=ref)
    state = next_state(booking.state, "finish", Party.LAB)
    at = not_in_future(at, now=now)
    started_at = booking.started_at or booking.starts_at
    if at < started_at:
        raise FinishBeforeStart
    pauses = pauses_of(booking)
    if machine_minutes is None:
        machine_minutes = rows.machine_minutes(
            started_at, at, paused=[(one.began_at, one.ended_at or at) for one in pauses]
        )
    elif not 0 <= machine_minutes <= MOST_MACHINE_MINUTES:
        raise MachineMinutesOutOfRange
    before = snapshot(booking)
    close_extra(booking, actor=actor, now=now)
    for paused in pauses:
        if paused.lasts:
            end_pause(booking, paused, at=at, actor=actor, now=now)
    holdings.prepare(booking.instrument_id, now)
    holding = holdings.holding_of(booking.id)
    if holding is not None:
        ends_at = rows.end_of_time(at, booking.cleanup_minutes)
        if ends_at <= holding.starts_at:
            holdings.release([holding.id])
        elif ends_at <= holding.ends_at:
            holdings.change_holding(holding.id, ends_at=ends_at)
        else:
            holdings.lengthen(holding, ends_at)
    set_columns(
        booking,
        rows.finished(state, at=at, day=local_day(at), starts_at=booking.starts_at, machine_minutes=machine_minutes),
    )
    booking.revise()
    db.session.flush()
    note(actor, now, "booking.finish", booking, before)
    notifications.notify_client(notifications.FINISHED, booking, actor=actor, now=now)
    return booking


@verb("booking.no_show", title=_l("No-show recorded"), money=True)
def no_show(*, actor: Actor, now: datetime, ref: str) -> Booking:
    """Record that the samples did not come: from `confirmed` alone, from 60 minutes after the start. The charge
    becomes what the item's terms say. Raises `IllegalStep`, `NoShowTooEarly`, `ChargeBelowInvoiced`."""
    booking = locked_booking(actor, ACTIONS["no_show"], ref=ref)
    state = next_state(booking.state, "no_show", Party.LAB)
    if now < booking.starts_at + NO_SHOW_AFTER:
        raise NoShowTooEarly
    fee = cancellation_preview(booking, now, no_show=True)
    check_charge_covers_documents(booking, fee)
    before = snapshot(booking)
    close_proposal(booking, now, ProposalState.VOID)
    holdings.release_booking(booking.id)
    set_columns(booking, rows.no_show(state, now=now))
    bring_charge_to(booking, fee, actor=actor, now=now, reason="")
    db.session.flush()
    note(actor, now, "booking.no_show", booking, before)
    notifications.notify_client(notifications.NO_SHOW, booking, actor=actor, now=now, charged_fen=booking.charged_fen)
    return booking


@verb("time.lengthen", title=_l("Running work lengthened"))
def lengthen_running(*, actor: Actor, now: datetime) -> int:
    """Lengthen the holdings of running tests that are about to end, minute by minute, as far as the unit is free, and
    tell the next party. How many were lengthened. For the system alone, once a minute."""
    permissions.check(actor, "time.lengthen")
    wanted = ceil_minute(now) + 2 * MINUTE
    due = db.session.execute(
        select(Booking.id, Booking.instrument_id)
        .join(Holding, Holding.booking_id == Booking.id)
        .where(
            Booking.running,
            Holding.kind == HoldingKind.BOOKING,
            Holding.ends_at <= ceil_minute(now) + MINUTE,
        )
        .order_by(Booking.instrument_id, Booking.id)
    ).all()
    lengthened = 0
    for booking_id, instrument_id in due:
        booking = db.session.scalar(
            select(Booking)
            .where(Booking.id == booking_id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
        if booking is None or not booking.running:
            continue
        holdings.prepare(instrument_id, now)
        holding = holdings.holding_of(booking_id)
        if holding is None:
            continue
        was = holding.ends_at
        if holdings.lengthen(holding, wanted) > was:
            lengthened += 1
            record(
                actor,
                now,
                LENGTHEN,
                ("booking", booking.ref),
                before={"holding_ends_at": was.isoformat()},
                after={"holding_ends_at": holding.ends_at.isoformat()},
            )
    _notify_next_parties(actor, now)
    return lengthened


def _notify_next_parties(actor: Actor, now: datetime) -> None:
    """Tell, once, whoever is next on a unit whose running test touches their start."""
    running = (
        select(Holding.instrument_id, Holding.unit, Holding.ends_at)
        .join(Booking, Booking.id == Holding.booking_id)
        .where(
            Booking.running,
            Holding.kind == HoldingKind.BOOKING,
            Holding.ends_at <= now + NOTIFY_BEFORE,
        )
    ).subquery()
    notified = select(AuditEvent.id).where(
        AuditEvent.subject_type == "booking",
        AuditEvent.subject_id == Booking.ref,
        AuditEvent.action == OVERRUN,
    )
    nexts = db.session.scalars(
        select(Booking)
        .join(Holding, Holding.booking_id == Booking.id)
        .join(
            running,
            (running.c.instrument_id == Holding.instrument_id)
            & (running.c.unit == Holding.unit)
            & (running.c.ends_at == Holding.starts_at),
        )
        .where(
            Holding.kind == HoldingKind.BOOKING,
            Booking.state.in_(BookingState.before_start()),
            Booking.starts_at <= now + 2 * MINUTE,
            ~notified.exists(),
        )
    ).all()
    for booking in nexts:
        record(actor, now, OVERRUN, ("booking", booking.ref))
        notifications.notify_client(notifications.OVERRUN, booking, actor=actor, now=now)
        notifications.notify_lab(notifications.OVERRUN, booking, actor=actor, now=now)
