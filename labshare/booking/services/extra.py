"""Extra work: more than was booked, proposed at the bench by the published fee, done once the client consents
(docs/rules.md, R-EXTRA)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from labshare.audit.services import record
from labshare.booking import notifications
from labshare.booking.errors import (
    ExtraPriceChanged,
    ExtraWaits,
    HeldAfter,
    NoFee,
    NotPublished,
    OtherInstrument,
    StatutoryDiffers,
    TimeGone,
)
from labshare.booking.models import Booking, Charge, ExtraWork, Holding
from labshare.booking.queries.loading import (
    BookableItem,
    fee_terms,
    item_terms,
    load_bookable_item,
    openings_of_lab,
    work_of_booking,
)
from labshare.booking.rules import rows
from labshare.booking.rules.extra import Offer, Ordered, another_test, more_samples, more_time
from labshare.booking.rules.lifecycle import ACTIONS, WORKING_DAYS_TO_ANSWER, after_working_days, next_state
from labshare.booking.rules.lines import read_price, written_price
from labshare.booking.rules.price import Work, elapsed, work_agreed
from labshare.booking.rules.starts import Plan
from labshare.booking.services import holdings
from labshare.booking.services.common import locked_booking, note, snapshot
from labshare.booking.services.move import bookable_to_move
from labshare.booking.terms import ChargeState, ExtraCause, ExtraKind, HoldingKind, Party
from labshare.catalogue.models import Fee
from labshare.kernel.actor import Actor
from labshare.kernel.database import db, set_columns
from labshare.kernel.errors import InvalidInput, raise_all
from labshare.kernel.formatting import clock_time, month_day, plain_money
from labshare.kernel.money import Fen
from labshare.kernel.time import MINUTE, Hours, Minutes, ceil_minute, local_zone
from labshare.kernel.verbs import verb
from labshare.organisations import permissions
from labshare.organisations.terms import SizeClass


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What is to be done beyond what was booked."""

    kind: ExtraKind
    quantity: int | None = None
    minutes: Minutes | None = None
    test_item_id: int | None = None
    hours: Hours | None = None


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a wish comes to, before anything is written."""

    offer: Offer
    fee: Fee
    quantity: int | None
    """The samples that are added, or that the other test is done on."""
    cleanup_minutes: Minutes
    ends_at: datetime
    answer_by: datetime


def look_at_extra(*, actor: Actor, now: datetime, booking: Booking, wish: Wish) -> Found:
    """What it would come to, for the question before the last click. Raises as `propose_extra`."""
    permissions.check(actor, ACTIONS["extra"], lab=booking.lab_firm_id)
    next_state(booking.state, "extra", Party.LAB)
    waiting = next((one for one in booking.charges if one.waits_as_extra and one.open_at(now)), None)  # type: ignore[attr-defined]
    if waiting is not None:
        raise ExtraWaits(until=f"{month_day(waiting.answer_by)} {clock_time(waiting.answer_by)}")
    offer, fee, quantity, cleanup = _offer(booking, wish, now)
    more = (quantity or 0) if wish.kind == ExtraKind.SAMPLES else 0
    plan = _longer(booking, offer.minutes, more=more, cleanup=cleanup, now=now)
    _check_free(booking, plan.holding_ends_at, now=now)
    days = openings_of_lab(booking.lab_id, now).days
    answer_by = after_working_days(now, WORKING_DAYS_TO_ANSWER, days=days, zone=local_zone())
    return Found(
        offer=offer,
        fee=fee,
        quantity=quantity,
        cleanup_minutes=cleanup,
        ends_at=plan.ends_at,
        answer_by=answer_by,
    )


@verb("charge.propose_extra", title=_l("Extra work proposed"), money=True)
def propose_extra(
    *,
    actor: Actor,
    now: datetime,
    ref: str,
    wish: Wish,
    cause: str,
    reason: str = "",
    seen_fen: Fen | None = None,
) -> Charge:
    """The lab proposes more samples, more time or another test on the same samples while the booking is at work, at
    the published fee; nothing changes before the client consents. One waits at a time. `seen_fen`: what was shown.

    Raises `IllegalStep`, `ExtraWaits`, `ExtraPriceChanged`, `QuantityOutOfRange`, the problems of hours,
    `NotPublished`, `NoFee`, `OtherInstrument`, `StatutoryDiffers`, the rules of time, `HeldAfter` (409)."""
    booking = locked_booking(actor, ACTIONS["extra"], ref=ref)
    if ExtraCause.known(cause) is None:
        raise InvalidInput(field="cause")
    for line in db.session.scalars(select(Charge).where(Charge.booking_id == booking.id, Charge.lapses_by(now))):
        lapse_line(booking, line, actor=actor, now=now)
    db.session.expire(booking, ["charges"])
    found = look_at_extra(actor=actor, now=now, booking=booking, wish=wish)
    amount = found.offer.amount_fen
    if seen_fen is not None and seen_fen != amount:
        raise ExtraPriceChanged(amount=plain_money(amount))
    before = snapshot(booking)
    line = Charge(
        **rows.extra_line(
            booking_id=booking.id,
            amount_fen=amount,
            reason=reason.strip(),
            by=actor.person_id,
            now=now,
            until=found.answer_by,
        )
    )
    db.session.add(line)
    db.session.flush()
    line.extra = ExtraWork(
        charge_id=line.id,
        kind=wish.kind,
        cause=cause,
        quantity=found.quantity,
        test_item_id=wish.test_item_id if wish.kind == ExtraKind.TEST else None,
        hours=wish.hours if wish.kind == ExtraKind.TEST else None,
        minutes=rows.thousandths(found.offer.minutes),
        fee_id=found.fee.id,
        price=written_price(found.offer.price),
        earlier=written_price(found.offer.earlier) if found.offer.earlier else None,
    )
    db.session.flush()
    more = {"charge": line.id, "amount_fen": amount, "extra": str(wish.kind), "answer_by": found.answer_by}
    note(actor, now, "charge.propose_extra", booking, before, **more)
    notifications.notify_client(
        notifications.EXTRA_PROPOSED, booking, actor=actor, now=now, amount_fen=amount, answer_by=found.answer_by
    )
    return line


def _offer(booking: Booking, wish: Wish, now: datetime) -> tuple[Offer, Fee, int | None, Minutes]:
    """With the fee it goes by, the samples, and the clean-up afterwards."""
    if wish.kind == ExtraKind.TEST:
        return _other_test(booking, wish, now)
    ordered = _ordered(booking)
    if wish.kind == ExtraKind.SAMPLES:
        offer = more_samples(ordered, wish.quantity or 0)
        return offer, booking.fee, wish.quantity, booking.cleanup_minutes
    return more_time(ordered, wish.minutes or Minutes(0)), booking.fee, None, booking.cleanup_minutes


def _ordered(booking: Booking) -> Ordered:
    """By the fee of its day, the client's class of that day and what was ordered on top; tests that were added since
    have their own price."""
    others = db.session.scalars(
        select(ExtraWork)
        .join(Charge, Charge.id == ExtraWork.charge_id)
        .where(Charge.booking_id == booking.id, Charge.agreed, ExtraWork.kind == ExtraKind.TEST)
    )
    work = work_of_booking(booking)
    minutes = work.minutes - sum(Fraction(one.minutes) for one in others)
    terms = item_terms(booking.test_item)
    price = read_price(booking.price) if booking.price else None
    return Ordered(
        fee=fee_terms(booking.fee),
        terms=terms,
        work=work_agreed(terms, booking.quantity, booking.hours, minutes=rows.thousandths(minutes)),
        sme=booking.client_size in SizeClass.smes(),
        surcharges=price.ordered if price else (),
    )


def _other_test(booking: Booking, wish: Wish, now: datetime) -> tuple[Offer, Fee, int | None, Minutes]:
    """At the fee of today for the client as it is today."""
    item_id = wish.test_item_id
    found = load_bookable_item(item_id, now, client_id=booking.client_firm_id) if item_id is not None else None
    if found is None or found.lab.id != booking.lab_id or not found.published:
        raise NotPublished
    if booking.instrument_id not in {one.id for one in found.instruments}:
        raise OtherInstrument
    if found.item.counts_as_statutory != booking.statutory:
        raise StatutoryDiffers
    if found.fee is None:
        raise NoFee
    quantity = booking.quantity if wish.quantity is None else wish.quantity
    offer = another_test(fee_terms(found.fee), found.terms(), quantity=quantity, hours=wish.hours, sme=found.for_sme)
    return offer, found.fee, quantity, max(booking.cleanup_minutes, found.item.cleanup_minutes)


def _longer(booking: Booking, minutes: Fraction, *, more: int, cleanup: Minutes, now: datetime) -> Plan:
    """Where the work and its time end then. A test that is late already goes on from now. Raises the rules of time."""
    bookable: BookableItem = bookable_to_move(booking, now)
    work: Work = work_agreed(
        item_terms(booking.test_item),
        booking.quantity + more,
        booking.hours,
        minutes=rows.thousandths(Fraction(booking.work_minutes) + minutes),
        cleanup=cleanup,
    )
    rules = bookable.rules(work, booking.instrument)
    late = max(timedelta(0), ceil_minute(now) - booking.ends_at)
    start = booking.starts_at + late
    raise_all(rules.problems_of_longer(start, since=booking.ends_at + late) if elapsed(minutes) else ())
    return rules.plan(start)


def _check_free(booking: Booking, until: datetime, *, now: datetime) -> None:
    """Raises `HeldAfter`, with what is in the way."""
    holding = holdings.holding_of(booking.id)
    if holding is None:
        return
    row = db.session.execute(
        select(Holding.kind, Holding.starts_at, Booking.ref)
        .outerjoin(Booking, Booking.id == Holding.booking_id)
        .where(
            Holding.instrument_id == holding.instrument_id,
            Holding.unit == holding.unit,
            Holding.starts_at >= holding.ends_at,
            Holding.starts_at < until,
            Holding.counts_at(now),
        )
        .order_by(Holding.starts_at)
        .limit(1)
    ).first()
    if row is not None:
        room = max(row.starts_at - max(holding.ends_at, now), timedelta(0)) // MINUTE
        raise HeldAfter(
            what=row.ref or str(HoldingKind(row.kind).phrase),
            since=f"{month_day(row.starts_at)} {clock_time(row.starts_at)}",
            n=room,
        )


def begin_extra(booking: Booking, line: Charge, *, now: datetime) -> None:
    """What the client has consented to becomes the booking's: its samples, its work, its time. Raises `IllegalStep`,
    the rules of time, `TimeGone` (409)."""
    extra = line.extra
    if extra is None:
        return
    next_state(booking.state, "extra", Party.LAB)
    more = (extra.quantity or 0) if extra.kind == ExtraKind.SAMPLES else 0
    cleanup = booking.cleanup_minutes
    if extra.test_item is not None:
        cleanup = max(cleanup, extra.test_item.cleanup_minutes)
    minutes = Fraction(extra.minutes)
    plan = _longer(booking, minutes, more=more, cleanup=cleanup, now=now)
    holdings.prepare(booking.instrument_id, now)
    holding = holdings.holding_of(booking.id)
    longer = holding is not None and plan.holding_ends_at > holding.ends_at
    if longer and holding is not None and not holdings.change_holding(holding.id, ends_at=plan.holding_ends_at):
        raise TimeGone
    set_columns(
        booking,
        rows.extended(
            quantity=booking.quantity + more,
            work_minutes=Fraction(booking.work_minutes) + minutes,
            cleanup_minutes=cleanup,
            ends_at=plan.ends_at if elapsed(minutes) else booking.ends_at,
        ),
    )
    booking.revise()


def lapse_line(booking: Booking, line: Charge, *, actor: Actor, now: datetime) -> None:
    """Nobody answered in time, or the test is over."""
    line.state = ChargeState.LAPSED
    db.session.flush()
    record(
        actor, now, "charge.lapse", ("booking", booking.ref), after={"charge": line.id, "amount_fen": line.amount_fen}
    )
    notifications.notify_client(notifications.EXTRA_LAPSED, booking, actor=actor, now=now)
    notifications.notify_lab(notifications.EXTRA_LAPSED, booking, actor=actor, now=now)


def close_extra(booking: Booking, *, actor: Actor, now: datetime) -> None:
    """The test is over: what still waits for the client lapses."""
    waiting = select(Charge).where(Charge.booking_id == booking.id, Charge.waits_as_extra)
    for line in db.session.scalars(waiting):
        lapse_line(booking, line, actor=actor, now=now)


@verb("charge.lapse", title=_l("Extra work not answered in time"))
def lapse_extra(*, actor: Actor, now: datetime, limit: int = 500) -> int:
    """Extra work that no client answered in time; how many. For the system alone."""
    permissions.check(actor, "time.lapse")
    due = db.session.execute(
        select(Charge.id, Charge.booking_id).where(Charge.lapses_by(now)).order_by(Charge.id).limit(limit)
    ).all()
    lapsed = 0
    for charge_id, booking_id in due:
        booking = db.session.scalar(
            select(Booking)
            .where(Booking.id == booking_id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
        line = db.session.scalar(select(Charge).where(Charge.id == charge_id).execution_options(populate_existing=True))
        if booking is not None and line is not None and line.lapses_by(now):
            lapse_line(booking, line, actor=actor, now=now)
            lapsed += 1
    return lapsed
