"""Holding a slot while the form is filled in, and booking it."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import bindparam, delete, insert, select
from sqlalchemy.exc import IntegrityError

from labshare.audit.services import record
from labshare.booking import telling
from labshare.booking.errors import (
    AlreadySubmitted,
    FirmUnverified,
    InstrumentNotOfItem,
    NoFee,
    NotPublished,
    SlotTaken,
)
from labshare.booking.models import Booking, Charge, Holding
from labshare.booking.queries.slots import alternatives_for
from labshare.booking.queries.world import Bench, bench_of_item, fee_terms
from labshare.booking.rules.lifecycle import HOLD_FOR, answer_by, first_state
from labshare.booking.rules.price import Price, Work, price_of, question_problems, work_of
from labshare.booking.rules.slots import free_units
from labshare.booking.rules.time import Plan, StartRules
from labshare.booking.services import taking
from labshare.booking.services.common import plain
from labshare.booking.terms import BookingState, ChargeKind, ChargeState, HoldingKind
from labshare.catalogue.models import Fee, Instrument
from labshare.catalogue.terms import LifeState
from labshare.kernel.actor import Actor
from labshare.kernel.database import db, take_turn
from labshare.kernel.errors import NotAllowed, NotFound, Problem, ReasonRequired, SignInFirst, raise_all
from labshare.kernel.months import Month
from labshare.kernel.references import new_reference
from labshare.kernel.time import local_day, local_zone
from labshare.kernel.verbs import verb
from labshare.organisations import permissions
from labshare.organisations.models import Firm

REFERENCES_TRIED = 5
"""A month's references are drawn by chance: one that is taken already is drawn again."""


@verb("booking.hold")
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
    bench = bookable_bench(actor, test_item_id, now)
    client_of(actor)
    waive = may_waive(actor, bench, waive_reason)
    work = work_for(bench, quantity, hours)
    chosen = feasible_instruments(bench, work, starts_at, now, instrument_id, waive=waive)
    take_turn()
    give_back_holds(actor)
    for instrument, rules, unit in free_places(bench, work, chosen, starts_at, now):
        plan = rules.plan(starts_at)
        holding_id = taking.insert_holding(
            instrument_id=instrument.id,
            unit=unit,
            starts_at=starts_at,
            ends_at=plan.holding_ends_at,
            kind=HoldingKind.OFFER,
            now=now,
            held_for=actor.person_id,
            expires_at=now + HOLD_FOR,
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
    raise SlotTaken(alternatives_for(bench, work, starts_at, waive=waive))


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


@verb("booking.release_hold")
def release_hold(*, actor: Actor, now: datetime, hold_id: int) -> None:
    """Give a held slot back. Raises `NotFound` for one that is not the person's, or gone; `NotAllowed`."""
    check_own_hold(actor, hold_id)
    taking.release([hold_id])
    record(actor, now, "booking.release_hold", ("holding", hold_id))


@verb("booking.book", money=True)
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
    bench = bookable_bench(actor, test_item_id, now)
    client = client_of(actor)
    if submission is not None:
        refuse_second_click(actor, submission)
    waive = may_waive(actor, bench, waive_reason)
    work = work_for(bench, quantity, hours)
    chosen = feasible_instruments(bench, work, starts_at, now, instrument_id, waive=waive)
    if bench.fee is None:
        raise NoFee
    price = price_of(fee_terms(bench.fee), work)
    take_turn()
    preferred = give_back_holds(actor, hold_id)
    if preferred is not None:
        chosen = sorted(chosen, key=lambda one: one[0].id != preferred)
    for instrument, rules, unit in free_places(bench, work, chosen, starts_at, now):
        booking = _try_to_book(
            actor, now, bench, bench.fee, client, instrument, unit, rules.plan(starts_at), work, price,
            sample_description, waive_reason if waive else None, submission,
        )  # fmt: skip
        if booking is not None:
            _tell_of_new(booking, actor, now)
            return booking
    raise SlotTaken(alternatives_for(bench, work, starts_at, waive=waive))


def bookable_bench(actor: Actor, test_item_id: int, now: datetime) -> Bench:
    """The item with its lab and instruments. Raises `NotFound` for a draft of another firm, else `NotPublished`."""
    bench = bench_of_item(test_item_id, now)
    if bench is None:
        raise NotFound
    draft = LifeState.DRAFT in (bench.item.state, bench.lab.state)
    if draft and not permissions.may(actor, "catalogue.see_drafts", firm=bench.lab.firm_id):
        raise NotFound
    if actor.person_id is None:
        raise SignInFirst
    permissions.check(actor, "booking.book", client=actor.firm_id)
    if not bench.published:
        raise NotPublished
    return bench


def client_of(actor: Actor) -> Firm:
    """The actor's firm. Raises `FirmUnverified`: it may browse and prepare, not book."""
    firm = db.session.get(Firm, actor.firm_id) if actor.firm_id is not None else None
    if firm is None:
        raise NotAllowed
    if not firm.verified:
        raise FirmUnverified
    return firm


def may_waive(actor: Actor, bench: Bench, waive_reason: str | None) -> bool:
    """Whether lead time and horizon are waived: by a member of the lab, with a reason."""
    if waive_reason is None:
        return False
    permissions.check(actor, "booking.waive", lab=bench.lab.firm_id)
    if not waive_reason.strip():
        raise ReasonRequired(field="waive_reason")
    return True


def refuse_second_click(actor: Actor, submission: str) -> None:
    ref = db.session.scalar(
        select(Booking.ref).where(Booking.booked_by == actor.person_id, Booking.submission == submission)
    )
    if ref is not None:
        raise AlreadySubmitted(ref=ref)


def work_for(bench: Bench, quantity: int, hours: Decimal | int | None) -> Work:
    """The work; every problem of quantity and hours at once."""
    terms = bench.terms()
    raise_all(question_problems(terms, quantity, hours))
    return work_of(terms, quantity, hours)


Chosen = tuple[Instrument, StartRules]


def feasible_instruments(
    bench: Bench,
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
    wanted = [one for one in bench.instruments if instrument_id in (None, one.id)]
    if not wanted:
        raise InstrumentNotOfItem() if instrument_id is not None else NotPublished()
    chosen: list[Chosen] = []
    first: Sequence[Problem] = ()
    for instrument in sorted(wanted, key=lambda one: (one.id != prefer, one.id)):
        rules = bench.rules(work, instrument)
        problems = rules.problems(starts_at, now, waive=waive)
        if problems:
            first = first or problems
        else:
            chosen.append((instrument, rules))
    if not chosen:
        raise_all(first)
    return chosen


def free_places(
    bench: Bench,
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
        taking.prepare(instrument.id, now)
        plan = rules.plan(starts_at)
        candidates = bench.candidates(
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
    .where(Holding.held_for == bindparam("person_id"), Holding.kind == HoldingKind.OFFER, Holding.booking_id.is_(None))
    .execution_options(synchronize_session=False)
)


def _try_to_book(
    actor: Actor,
    now: datetime,
    bench: Bench,
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
    item, lab = bench.item, bench.lab
    today = local_day(now)
    state = first_state(lab.automatic_confirmation)
    deadline = None
    if state == BookingState.REQUESTED:
        deadline = answer_by(now, plan.starts_at, bench.openings.days, local_zone())
    given: dict[str, Any] = {
        "state": state,
        "client_firm_id": client.id,
        "lab_firm_id": lab.firm_id,
        "lab_id": lab.id,
        "division": bench.county,
        "instrument_id": instrument.id,
        "unit": unit,
        "test_item_id": item.id,
        "fee_id": fee.id,
        "quantity": work.quantity,
        "hours": None if work.hours is None else int(work.hours),
        "sample_description": sample_description,
        "work_minutes": _thousandths(work),
        "cleanup_minutes": item.cleanup_minutes,
        "starts_at": plan.starts_at,
        "ends_at": plan.ends_at,
        "booked_at": now,
        "booked_on": today,
        "booked_by": actor.person_id,
        "submission": submission,
        "waive_reason": waive_reason,
        "requested_at": now,
        "answer_by": deadline,
        "client_size": client.size_class,
        "client_division": client.division,
        "instrument_value_fen": instrument.original_value_fen,
        "statutory": item.statutory,
        "free_cancel_minutes": item.free_cancel_minutes,
        "late_cancel_percent": item.late_cancel_percent,
        "no_show_percent": item.no_show_percent,
        "turnaround_days": item.turnaround_days,
        "price_fen": price.total_fen,
        "charged_fen": price.total_fen,
        "confirmed_at": now if state == BookingState.CONFIRMED else None,
    }
    for attempt in range(1, REFERENCES_TRIED + 1):
        booking = Booking(ref=new_reference("B", Month.of(today)), **given)
        try:
            with db.session.begin_nested():
                _write(booking, plan, actor)
            break
        except IntegrityError as error:
            if taking.refused_by_guard(error):
                return None
            if submission is not None:
                refuse_second_click(actor, submission)
            if "ref" not in str(error.orig) or attempt == REFERENCES_TRIED:
                raise
    record(
        actor,
        now,
        "booking.book",
        ("booking", booking.ref),
        after={
            "state": str(state),
            "client_firm_id": client.id,
            "lab_id": lab.id,
            "division": booking.division,
            "instrument_id": instrument.id,
            "unit": unit,
            "test_item_id": item.id,
            "fee_id": fee.id,
            "quantity": work.quantity,
            "hours": booking.hours,
            "starts_at": plain(plan.starts_at),
            "ends_at": plain(plan.ends_at),
            "price_fen": price.total_fen,
            "charged_fen": price.total_fen,
            "answer_by": plain(deadline),
            "waive_reason": waive_reason,
        },
    )
    return booking


def _write(booking: Booking, plan: Plan, actor: Actor) -> None:
    """The booking's rows, its price as the first charge line, and its time; flushed."""
    db.session.add(booking)
    db.session.flush()
    rows = db.session.connection()
    rows.execute(
        _PRICE_LINE,
        {
            "booking_id": booking.id,
            "kind": ChargeKind.PRICE,
            "amount_fen": booking.price_fen,
            "state": ChargeState.AGREED,
            "entered_by": actor.person_id,
            "entered_at": booking.booked_at,
            "agreed_by": actor.person_id,
            "agreed_on": booking.booked_on,
        },
    )
    rows.execute(
        _TIME,
        {
            "instrument_id": booking.instrument_id,
            "unit": booking.unit,
            "starts_at": plan.starts_at,
            "ends_at": plan.holding_ends_at,
            "kind": HoldingKind.BOOKING,
            "booking_id": booking.id,
            "expires_at": booking.answer_by,
            "created_at": booking.booked_at,
        },
    )


_PRICE_LINE, _TIME = insert(Charge), insert(Holding)
"""Written past the session: every booking has them, and nobody reads them in the same step."""


def _thousandths(work: Work) -> Decimal:
    """Work minutes as the column keeps them, exact to a thousandth."""
    return Decimal(int(work.minutes * 1000)) / 1000


def _tell_of_new(booking: Booking, actor: Actor, now: datetime) -> None:
    if booking.unanswered:
        telling.tell_lab(telling.REQUESTED, booking, actor=actor, now=now, answer_by=booking.answer_by)
    else:
        telling.tell_lab(telling.BOOKED, booking, actor=actor, now=now)
        telling.tell_confirmed_by_rule(booking, now=now)
