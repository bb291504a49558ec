"""Holding a slot while the form is filled in, and booking it."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal

from flask_babel import lazy_gettext as _l
from sqlalchemy import bindparam, delete, insert, select
from sqlalchemy.exc import IntegrityError

from labshare.audit.services import record
from labshare.booking import notifications
from labshare.booking.errors import (
    AlreadySubmitted,
    FirmUnverified,
    InstrumentNotOfItem,
    NoFee,
    NotPublished,
    SlotTaken,
)
from labshare.booking.models import Booking, Charge, Holding
from labshare.booking.queries.loading import BookableItem, fee_terms, load_bookable_item
from labshare.booking.queries.slots import alternatives_for
from labshare.booking.rules import rows
from labshare.booking.rules.lifecycle import first_state
from labshare.booking.rules.price import Price, Work, price_of, question_problems, work_of
from labshare.booking.rules.slots import free_units
from labshare.booking.rules.time import Plan, StartRules
from labshare.booking.services import holdings
from labshare.booking.services.common import plain
from labshare.booking.terms import HoldingKind
from labshare.catalogue.models import Fee, Instrument
from labshare.catalogue.terms import LifeState
from labshare.kernel.actor import Actor
from labshare.kernel.database import db, take_turn
from labshare.kernel.errors import NotAllowed, NotFound, Problem, ReasonRequired, SignInFirst, raise_all
from labshare.kernel.months import Month
from labshare.kernel.references import new_reference
from labshare.kernel.time import local_day
from labshare.kernel.verbs import verb
from labshare.organisations import permissions
from labshare.organisations.models import Firm

REFERENCES_TRIED = 5
"""A month's references are drawn by chance: one that is taken already is drawn again."""


@verb("booking.hold", title=_l("Slot held"))
def hold(
    *,
    actor: Actor,
    now: datetime,
    test_item_id: int,
    quantity: int,
    starts_at: datetime,
    hours: Decimal | int | None = None,
    instrument_id: int | None = None,
    waive_reason: str | None = None,
) -> Holding:
    """Keep a slot for ten minutes while the form is filled in; the person's earlier hold is given back.

    Raises as `book`.
    """
    bookable = check_bookable(actor, test_item_id, now)
    client_of(actor)
    waive = may_waive(actor, bookable, waive_reason)
    work = work_for(bookable, quantity, hours)
    chosen = feasible_instruments(bookable, work, starts_at, now, instrument_id, waive=waive)
    take_turn()
    give_back_holds(actor)
    for instrument, rules, unit in free_places(bookable, work, chosen, starts_at, now):
        plan = rules.plan(starts_at)
        holding_id = holdings.insert_holding(
            rows.time_of_hold(
                actor.person_id,
                instrument_id=instrument.id,
                unit=unit,
                starts_at=starts_at,
                ends_at=plan.holding_ends_at,
                now=now,
            )
        )
        if holding_id is not None:
            record(
                actor,
                now,
                "booking.hold",
                ("holding", holding_id),
                after={"instrument_id": instrument.id, "unit": unit, "starts_at": plain(starts_at)},
            )
            return db.session.get_one(Holding, holding_id)
    raise SlotTaken(alternatives_for(bookable, work, starts_at, waive=waive))


def check_own_hold(actor: Actor, hold_id: int) -> None:
    """Whether the person holds this slot for a firm they book for. Raises `NotFound`, `NotAllowed`."""
    held = db.session.scalar(
        select(Holding.id).where(
            Holding.id == hold_id,
            Holding.kind == HoldingKind.OFFER,
            Holding.held_for == actor.person_id,
            Holding.booking_id.is_(None),
        )
    )
    if held is None or actor.person_id is None:
        raise NotFound
    permissions.check(actor, "booking.book", client=actor.firm_id)


@verb("booking.release_hold", title=_l("Held slot released"))
def release_hold(*, actor: Actor, now: datetime, hold_id: int) -> None:
    """Give a held slot back. Raises `NotFound` for one that is not the person's, or gone; `NotAllowed`."""
    check_own_hold(actor, hold_id)
    holdings.release([hold_id])
    record(actor, now, "booking.release_hold", ("holding", hold_id))


@verb("booking.book", title=_l("Booked"), money=True)
def book(
    *,
    actor: Actor,
    now: datetime,
    test_item_id: int,
    quantity: int,
    starts_at: datetime,
    sample_description: str = "",
    hours: Decimal | int | None = None,
    instrument_id: int | None = None,
    hold_id: int | None = None,
    waive_reason: str | None = None,
    submission: str | None = None,
) -> Booking:
    """Book a test for the actor's firm: on `instrument_id`, or on any instrument of the item; on whichever unit is
    free. The price is that of the fee valid on the local day of booking and fixed then (R-PRICE-5).

    `starts_at` is an aware moment; `hours` the choice where the item offers one; `hold_id` the actor's own hold, given
    back in the same step; `submission` a one-time key of the form, so that a second click books nothing.
    Raises `AlreadySubmitted` (with `ref`), `FirmUnverified`, `NotPublished`, `NoFee`, the problems of quantity, hours
    and start (422, together where several apply), `SlotTaken` (409, with three alternatives).
    """
    bookable = check_bookable(actor, test_item_id, now)
    client = client_of(actor)
    if submission is not None:
        refuse_second_click(actor, submission)
    waive = may_waive(actor, bookable, waive_reason)
    work = work_for(bookable, quantity, hours)
    chosen = feasible_instruments(bookable, work, starts_at, now, instrument_id, waive=waive)
    if bookable.fee is None:
        raise NoFee
    price = price_of(fee_terms(bookable.fee), work)
    take_turn()
    preferred = give_back_holds(actor, hold_id)
    if preferred is not None:
        chosen = sorted(chosen, key=lambda one: one[0].id != preferred)
    for instrument, rules, unit in free_places(bookable, work, chosen, starts_at, now):
        booking = _try_to_book(
            actor,
            now,
            bookable,
            bookable.fee,
            client,
            instrument,
            unit,
            rules.plan(starts_at),
            work,
            price,
            sample_description,
            waive_reason if waive else None,
            submission,
        )
        if booking is not None:
            _tell_of_new(booking, actor, now)
            return booking
    raise SlotTaken(alternatives_for(bookable, work, starts_at, waive=waive))


def check_bookable(actor: Actor, test_item_id: int, now: datetime) -> BookableItem:
    """The item with its lab and instruments. Raises `NotFound` for a draft of another firm, else `NotPublished`."""
    bookable = load_bookable_item(test_item_id, now)
    if bookable is None:
        raise NotFound
    draft = LifeState.DRAFT in (bookable.item.state, bookable.lab.state)
    if draft and not permissions.may(actor, "catalogue.see_drafts", firm=bookable.lab.firm_id):
        raise NotFound
    if actor.person_id is None:
        raise SignInFirst
    permissions.check(actor, "booking.book", client=actor.firm_id)
    if not bookable.published:
        raise NotPublished
    return bookable


def client_of(actor: Actor) -> Firm:
    """The actor's firm. Raises `FirmUnverified`: it may browse and prepare, not book."""
    firm = db.session.get(Firm, actor.firm_id) if actor.firm_id is not None else None
    if firm is None:
        raise NotAllowed
    if not firm.verified:
        raise FirmUnverified
    return firm


def may_waive(actor: Actor, bookable: BookableItem, waive_reason: str | None) -> bool:
    """Whether lead time and horizon are waived: by a member of the lab, with a reason."""
    if waive_reason is None:
        return False
    permissions.check(actor, "booking.waive", lab=bookable.lab.firm_id)
    if not waive_reason.strip():
        raise ReasonRequired(field="waive_reason")
    return True


def refuse_second_click(actor: Actor, submission: str) -> None:
    ref = db.session.scalar(
        select(Booking.ref).where(Booking.booked_by == actor.person_id, Booking.submission == submission)
    )
    if ref is not None:
        raise AlreadySubmitted(ref=ref)


def work_for(bookable: BookableItem, quantity: int, hours: Decimal | int | None) -> Work:
    """The work; every problem of quantity and hours at once."""
    terms = bookable.terms()
    raise_all(question_problems(terms, quantity, hours))
    return work_of(terms, quantity, hours)


Chosen = tuple[Instrument, StartRules]


def feasible_instruments(
    bookable: BookableItem,
    work: Work,
    starts_at: datetime,
    now: datetime,
    instrument_id: int | None,
    *,
    waive: bool = False,
    prefer: int | None = None,
) -> list[Chosen]:
    """The instruments on which this start keeps every rule of time. Raises what the first one breaks, if none is
    left, and `InstrumentNotOfItem`."""
    wanted = [one for one in bookable.instruments if instrument_id in (None, one.id)]
    if not wanted:
        raise InstrumentNotOfItem() if instrument_id is not None else NotPublished()
    chosen: list[Chosen] = []
    first: Sequence[Problem] = ()
    for instrument in sorted(wanted, key=lambda one: (one.id != prefer, one.id)):
        rules = bookable.rules(work, instrument)
        problems = rules.problems(starts_at, now, waive=waive)
        if problems:
            first = first or problems
        else:
            chosen.append((instrument, rules))
    if not chosen:
        raise_all(first)
    return chosen


def free_places(
    bookable: BookableItem,
    work: Work,
    chosen: Sequence[Chosen],
    starts_at: datetime,
    now: datetime,
    *,
    but_booking: int | None = None,
    prefer_unit: int | None = None,
) -> Iterator[tuple[Instrument, StartRules, int]]:
    """Every unit that looks free, instrument by instrument, after waiting for one's turn there. The caller takes it;
    whether it really is free the database says."""
    for instrument, rules in chosen:
        holdings.prepare(instrument.id, now)
        plan = rules.plan(starts_at)
        candidates = bookable.candidates(
            work, starts_at, plan.holding_ends_at, instruments=[instrument], but_booking=but_booking
        )
        units = free_units(candidates[0].busy, starts_at, plan.holding_ends_at)
        for unit in sorted(units, key=lambda one: (one != prefer_unit, one)):
            yield instrument, rules, unit


def give_back_holds(actor: Actor, hold_id: int | None = None) -> int | None:
    """Delete the person's holds; the instrument that `hold_id` was on, if it is still there."""
    preferred = None
    if hold_id is not None:
        preferred = db.session.scalar(
            select(Holding.instrument_id).where(
                Holding.id == hold_id, Holding.held_for == actor.person_id, Holding.booking_id.is_(None)
            )
        )
    db.session.execute(_HOLDS_OF_PERSON, {"person_id": actor.person_id})
    return preferred


_HOLDS_OF_PERSON = (
    delete(Holding)
    .where(Holding.held_for == bindparam("person_id"))
    .execution_options(synchronize_session=False)
)


def _try_to_book(
    actor: Actor,
    now: datetime,
    bookable: BookableItem,
    fee: Fee,
    client: Firm,
    instrument: Instrument,
    unit: int,
    plan: Plan,
    work: Work,
    price: Price,
    sample_description: str,
    waive_reason: str | None,
    submission: str | None,
) -> Booking | None:
    """Write booking, holding, charge and event; None if the database finds the unit taken."""
    item, lab = bookable.item, bookable.lab
    today = local_day(now)
    state = first_state(lab.automatic_confirmation)
    new = rows.NewBooking(
        client_firm_id=client.id,
        client_size=client.size_class,
        client_division=client.division,
        lab_firm_id=lab.firm_id,
        lab_id=lab.id,
        county=bookable.county,
        instrument_id=instrument.id,
        instrument_value_fen=instrument.original_value_fen,
        unit=unit,
        test_item_id=item.id,
        cleanup_minutes=item.cleanup_minutes,
        statutory=item.statutory,
        turnaround_days=item.turnaround_days,
        cancellation=bookable.terms().cancellation,
        fee_id=fee.id,
        price_fen=price.total_fen,
        work=work,
        plan=plan,
        sample_description=sample_description,
        booked_by=actor.person_id,
        submission=submission,
        waive_reason=waive_reason,
    )
    given = rows.booking(new, state, now=now, today=today, answer_by=bookable.answer_by(plan.starts_at))
    for attempt in range(1, REFERENCES_TRIED + 1):
        booking = Booking(ref=new_reference("B", Month.of(today)), **given)
        try:
            with db.session.begin_nested():
                _write(booking, plan, actor)
            break
        except IntegrityError as error:
            if holdings.refused_by_guard(error):
                return None
            if submission is not None:
                refuse_second_click(actor, submission)
            if "ref" not in str(error.orig) or attempt == REFERENCES_TRIED:
                raise
    record(actor, now, "booking.book", ("booking", booking.ref), after=rows.booked(given))
    return booking


def _write(booking: Booking, plan: Plan, actor: Actor) -> None:
    """The booking's rows, its price as the first charge line, and its time; flushed."""
    db.session.add(booking)
    db.session.flush()
    past_the_session = db.session.connection()
    price = rows.price_line(
        booking.id, booking.price_fen, by=actor.person_id, now=booking.booked_at, today=booking.booked_on
    )
    past_the_session.execute(_PRICE_LINE, price)
    time = rows.time_of_booking(
        booking.id,
        instrument_id=booking.instrument_id,
        unit=booking.unit,
        starts_at=plan.starts_at,
        ends_at=plan.holding_ends_at,
        expires_at=booking.answer_by,
        now=booking.booked_at,
    )
    past_the_session.execute(_TIME, time)


_PRICE_LINE, _TIME = insert(Charge), insert(Holding)
"""Written past the session: every booking has them, and nobody reads them in the same step."""


def _tell_of_new(booking: Booking, actor: Actor, now: datetime) -> None:
    if booking.unanswered:
        notifications.notify_lab(notifications.REQUESTED, booking, actor=actor, now=now, answer_by=booking.answer_by)
    else:
        notifications.notify_lab(notifications.BOOKED, booking, actor=actor, now=now)
        notifications.notify_confirmed_by_rule(booking, now=now)
