"""Holding a slot while the form is filled in, and booking it."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, insert, select
from sqlalchemy.orm.attributes import set_committed_value

from labshare.audit.services import next_number, record
from labshare.booking import notifications
from labshare.booking.errors import (
    AlreadyBooked,
    AlreadySubmitted,
    InstrumentNotOfItem,
    NeedsApproval,
    NoFee,
    NotPublished,
    SlotTaken,
    SurchargeNotOffered,
)
from labshare.booking.models import Booking, Charge, Holding
from labshare.booking.queries.bookings import ref_of_own
from labshare.booking.queries.delivery import open_that_day
from labshare.booking.queries.loading import BookableItem, load_bookable_item
from labshare.booking.queries.marks import check_marks
from labshare.booking.queries.quotes import QuoteRow, get_quote
from labshare.booking.queries.slots import alternatives_for, price_for
from labshare.booking.rules import rows
from labshare.booking.rules.answers import Answers, StoredAnswers
from labshare.booking.rules.lifecycle import first_state
from labshare.booking.rules.price import Price, Work
from labshare.booking.rules.slots import free_units
from labshare.booking.rules.starts import Plan, StartRules
from labshare.booking.services import holdings
from labshare.booking.services.bookable import answers_to, check_bookable, client_of
from labshare.booking.services.common import plain
from labshare.booking.services.quotes import check_quote, use_quote
from labshare.booking.terms import BookingState, HoldingKind
from labshare.catalogue.models import Fee, Instrument
from labshare.kernel.actor import Actor
from labshare.kernel.database import as_written, db, insert_or_nothing, inserts_or_nothing, take_turn
from labshare.kernel.errors import NotFound, Problem, ReasonRequired, raise_all
from labshare.kernel.formatting import plain_money
from labshare.kernel.money import Fen
from labshare.kernel.months import Month
from labshare.kernel.references import new_reference
from labshare.kernel.time import Hours, local_day
from labshare.kernel.verbs import verb
from labshare.organisations import permissions
from labshare.organisations.models import Firm

NO_ANSWERS = Answers()
REFERENCES_TRIED = 5
"""A month's references are drawn by chance: one that is taken already is drawn again."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is to be booked: every rule but the firm's own amount is kept, and its price is known."""

    bookable: BookableItem
    client: Firm
    starts_at: datetime
    instrument_id: int | None
    """None: any of the item."""
    surcharges: Collection[str]
    answers: list[dict[str, Any]] | None
    """To the sample form, as they are kept."""
    work: Work
    chosen: Sequence["Chosen"]
    quote: QuoteRow | None
    fee: Fee
    price: Price
    waived: bool
    """Lead time and horizon were not asked."""


@dataclass(frozen=True)
class Written:
    """What a lab wrote down for a client that telephoned: booked by the client's yes, confirmed at once (R-PHONE-3)."""

    fee: Fee
    price: Price


@verb("booking.hold", title=_l("Slot held"))
def hold(
    *,
    actor: Actor,
    now: datetime,
    test_item_id: int,
    quantity: int,
    starts_at: datetime,
    hours: Hours | None = None,
    instrument_id: int | None = None,
    waive_reason: str | None = None,
) -> Holding:
    """Keep a slot for ten minutes while the form is filled in; the person's earlier hold is given back.

    Raises as `book`.
    """
    bookable = check_bookable(actor, load_bookable_item(test_item_id, now, client_id=actor.firm_id))
    client = client_of(bookable)
    waive = may_waive(actor, bookable, waive_reason)
    work = bookable.work(quantity, hours)
    chosen = feasible_instruments(bookable, work, starts_at, now=now, instrument_id=instrument_id, waive=waive)
    for instrument, rules, unit in free_places(chosen, starts_at, now=now, person_id=actor.person_id):
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
    holdings.give_back(actor.person_id)
    raise _taken(bookable, client, work, starts_at, waive=waive)


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
    answers: Answers | StoredAnswers = NO_ANSWERS,
    confidential: bool = False,
    hours: Hours | None = None,
    instrument_id: int | None = None,
    surcharges: Collection[str] = (),
    quote_id: int | None = None,
    hold_id: int | None = None,
    waive_reason: str | None = None,
    cost_centre: str = "",
    booked_by: int | None = None,
    submission: str | None = None,
    bookable: BookableItem | None = None,
    quote: QuoteRow | None = None,
    written: Written | None = None,
) -> Booking:
    """Book a test for the actor's firm: on `instrument_id`, or on any instrument of the item; on whichever unit is
    free. The price is that of the fee valid on the local day of booking and fixed then (R-PRICE-5).

    `starts_at` is an aware moment; `answers` those to the item's sample form, whose files are kept already;
    `confidential` where what the samples are is not everybody's to see; `hours` the choice where the item offers one;
    `surcharges` the codes of what is ordered on top; `quote_id` the quote that fixes the price instead of the fee of
    the day; `hold_id` the actor's own hold, given back in the same step; `submission` a one-time key of the form, so
    that a second click books nothing; `booked_by` the colleague for whom an approver books; `bookable` the item for the
    actor's firm, and `quote` that of `quote_id`, where this step has read them already; `written` what the lab has
    written down for this client: lead time and horizon were asked then.
    Raises `AlreadySubmitted` (with `ref`), `FirmUnverified`, `NotPublished`, `NoFee`, `SurchargeNotOffered`,
    `MarkNotCovered`, `NeedsApproval`, `QuestionsChanged`, the problems of answers, quantity, hours and start (422,
    together where several apply), `SlotTaken` (409, with three alternatives).
    """
    bookable = check_bookable(actor, bookable or load_bookable_item(test_item_id, now, client_id=actor.firm_id))
    client = client_of(bookable)
    if submission is not None:
        refuse_second_click(actor, submission)
    waive = written is not None or may_waive(actor, bookable, waive_reason)
    order = order_of(
        actor,
        now,
        bookable,
        quantity=quantity,
        hours=hours,
        starts_at=starts_at,
        instrument_id=instrument_id,
        answers=answers,
        surcharges=surcharges,
        quote_id=quote_id,
        quote=quote,
        written=written,
        waive=waive,
    )
    check_within_amount(actor, client, order.price.total_fen, order)
    state = BookingState.CONFIRMED if written else first_state(bookable.lab.automatic_confirmation)
    people = notifications.people_of_new(actor, bookable.lab, client, state)
    places = free_places(order.chosen, starts_at, now=now, person_id=actor.person_id, hold_id=hold_id)
    for instrument, rules, unit in places:
        booking = _try_to_book(
            actor,
            now,
            order,
            state,
            instrument,
            unit,
            rules.plan(starts_at),
            sample_description,
            confidential,
            waive_reason if waive else None,
            cost_centre.strip() or None,
            booked_by or actor.person_id,
            submission,
        )
        if booking is not None:
            if order.quote is not None:
                use_quote(actor, now, order.quote, booking)
            open_hours = open_that_day(starts_at, bookable.openings)
            accepted = written is not None
            notifications.notify_of_new(booking, people, now=now, open_hours=open_hours, accepted=accepted)
            return booking
    holdings.give_back(actor.person_id)
    raise _taken(bookable, client, order.work, starts_at, waive=waive)


def order_of(
    actor: Actor,
    now: datetime,
    bookable: BookableItem,
    *,
    quantity: int,
    hours: Hours | None,
    starts_at: datetime,
    instrument_id: int | None,
    answers: Answers | StoredAnswers,
    surcharges: Collection[str],
    quote_id: int | None = None,
    quote: QuoteRow | None = None,
    written: Written | None = None,
    waive: bool = False,
) -> Order:
    """What is asked for, once every rule of it is kept, at its price: booked now, or asked of the firm's approver."""
    sample_answers = answers_to(bookable, answers)
    work = bookable.work(quantity, hours)
    chosen = feasible_instruments(bookable, work, starts_at, now=now, instrument_id=instrument_id, waive=waive)
    fee: Fee | None
    price: Price | None
    if quote_id is not None:
        quote = quote or get_quote(actor, quote_id=quote_id)
        check_quote(actor, now, quote, test_item_id=bookable.item.id, quantity=quantity, hours=hours)
    if written is not None:
        fee, price = _fee_and_price_of(bookable, work, written)
    elif quote is not None:
        fee, price = quote.quote.fee, quote.price
    else:
        fee, price = bookable.fee, price_for(bookable, work, surcharges)
    if fee is None or price is None:
        raise NoFee
    check_marks(bookable.item.id, price, (local_day(now), local_day(starts_at)))
    return Order(
        bookable=bookable,
        client=client_of(bookable),
        starts_at=starts_at,
        instrument_id=instrument_id,
        surcharges=surcharges,
        answers=sample_answers,
        work=work,
        chosen=chosen,
        quote=quote,
        fee=fee,
        price=price,
        waived=waive,
    )


def _fee_and_price_of(bookable: BookableItem, work: Work, written: Written) -> tuple[Fee | None, Price]:
    """What was held, or today's price of the same where that is less and promises the report no later (R-PHONE-3)."""
    try:
        today = price_for(bookable, work, written.price.ordered)
    except SurchargeNotOffered:
        today = None
    if today is None or today.total_fen >= written.price.total_fen:
        return written.fee, written.price
    later = (today.rush_days or 0) > (written.price.rush_days or 0)
    return (written.fee, written.price) if later else (bookable.fee, today)


def _taken(bookable: BookableItem, client: Firm, work: Work, starts_at: datetime, *, waive: bool) -> SlotTaken:
    """With the nearest others; where the client's own booking is in the way, it is named."""
    alternatives = alternatives_for(bookable, work, starts_at, waive=waive)
    own = ref_of_own(client_id=client.id, item_id=bookable.item.id, starts_at=starts_at)
    return AlreadyBooked(alternatives, ref=own) if own else SlotTaken(alternatives)


def needs_approval(actor: Actor, client: Firm, fen: Fen) -> bool:
    """Whether this booking of the firm waits for its approver (R-APPROVAL-1)."""
    limit = client.approval_above_fen
    return limit is not None and fen > limit and not permissions.may(actor, "approval.decide", client=client.id)


def check_within_amount(actor: Actor, client: Firm, fen: Fen, order: Order | None = None) -> None:
    """Raises `NeedsApproval`, with the `order` that its approver can be asked for."""
    if needs_approval(actor, client, fen):
        raise NeedsApproval(order, limit=plain_money(client.approval_above_fen))


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


Chosen = tuple[Instrument, StartRules]


def feasible_instruments(
    bookable: BookableItem,
    work: Work,
    starts_at: datetime,
    *,
    now: datetime,
    instrument_id: int | None,
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
        problems = rules.problems(starts_at, now=now, waive=waive)
        if problems:
            first = first or problems
        else:
            chosen.append((instrument, rules))
    if not chosen:
        raise_all(first)
    return chosen


def free_places(
    chosen: Sequence[Chosen],
    starts_at: datetime,
    *,
    now: datetime,
    but_booking: int | None = None,
    prefer_unit: int | None = None,
    person_id: int | None = None,
    hold_id: int | None = None,
) -> Iterator[tuple[Instrument, StartRules, int]]:
    """Every unit that looks free, instrument by instrument, after waiting for one's turn there. The caller takes it;
    whether it really is free the database says.

    It looks before it waits, and again where a unit turned out to be taken. Nothing lapsed is in the way, nor is what
    belongs to `but_booking`, nor the person's own hold, which is given back; its instrument comes first if it is
    `hold_id`.
    """
    ends = {instrument.id: rules.plan(starts_at).holding_ends_at for instrument, rules in chosen}

    def look(instrument_ids: Sequence[int]) -> holdings.Seen:
        until = max(ends[one] for one in instrument_ids)
        return holdings.look(instrument_ids, starts_at, until, now=now, but_booking=but_booking, person_id=person_id)

    seen = look(sorted(ends))
    preferred = seen.instrument_of_hold(hold_id)
    take_turn()
    for instrument, rules in sorted(chosen, key=lambda one: one[0].id != preferred):
        tried: set[int] = set()
        while True:
            free = free_units(seen.busy(instrument.id, units=instrument.units), starts_at, ends[instrument.id])
            unit = min(set(free) - tried, key=lambda one: (one != prefer_unit, one), default=None)
            if unit is None:
                break
            if not tried:
                holdings.wait_in_line(instrument.id)
            holdings.clear(seen.over(instrument.id), now, person_id)
            yield instrument, rules, unit
            tried.add(unit)
            seen = look(sorted(ends))


def _try_to_book(
    actor: Actor,
    now: datetime,
    order: Order,
    state: BookingState,
    instrument: Instrument,
    unit: int,
    plan: Plan,
    sample_description: str,
    confidential: bool,
    waive_reason: str | None,
    cost_centre: str | None,
    booked_by: int | None,
    submission: str | None,
) -> Booking | None:
    """Write booking, holding, charge and event; None if the database finds the unit taken."""
    bookable, client = order.bookable, order.client
    item, lab = bookable.item, bookable.lab
    today = local_day(now)
    new = rows.NewBooking(
        client_firm_id=client.id,
        client_size=client.size_class,
        client_division=client.division,
        lab_firm_id=lab.firm_id,
        lab_id=lab.id,
        county=bookable.county,
        instrument_id=instrument.id,
        instrument_value_fen=instrument.confirmed_value_fen,
        unit=unit,
        test_item_id=item.id,
        cleanup_minutes=item.cleanup_minutes,
        statutory=item.counts_as_statutory,
        turnaround_days=item.turnaround_days,
        cancellation=bookable.terms().cancellation,
        fee_id=order.fee.id,
        price=order.price,
        work=order.work,
        plan=plan,
        sample_description=sample_description,
        answers=order.answers,
        confidential=confidential,
        booked_by=booked_by,
        submission=submission,
        waive_reason=waive_reason,
        cost_centre=cost_centre,
    )
    answer_by = bookable.answer_by(plan.starts_at) if state == BookingState.REQUESTED else None
    given = rows.booking(new, state, now=now, today=today, answer_by=answer_by)
    written = _write(given, plan, actor, now)
    if written is None:
        return None
    booking, number = written
    for name, one in (("client", client), ("lab", lab), ("instrument", instrument), ("test_item", item)):
        set_committed_value(booking, name, one)
    record(actor, now, "booking.book", ("booking", booking.ref), after=rows.booked(given), number=number)
    return booking


def _write(given: rows.Values, plan: Plan, actor: Actor, now: datetime) -> tuple[Booking, int] | None:
    """Write the booking under a reference of its own, its time, and its price as the first charge line: four statements
    at most, and nothing is read again. The booking, and the number of its event; None where its time is taken."""
    given = given | {"ref": "", "invoiced_fen": 0, "paid_fen": 0, "recognised_fen": 0}
    for _attempt in range(REFERENCES_TRIED):
        given["ref"] = new_reference("B", Month.of(given["booked_on"]))
        made: Any = insert_or_nothing(_BOOKING, given).one_or_none()
        if made is not None:
            break
        if given["submission"] is not None:
            refuse_second_click(actor, given["submission"])
    else:
        raise RuntimeError("no reference is free")
    booking_id, number = made
    time = rows.time_of_booking(
        booking_id,
        instrument_id=given["instrument_id"],
        unit=given["unit"],
        starts_at=plan.starts_at,
        ends_at=plan.holding_ends_at,
        expires_at=given["answer_by"],
        now=now,
    )
    connection = db.session.connection()
    if holdings.insert_holding(time) is None:
        connection.execute(delete(Booking).where(Booking.id == booking_id))
        return None
    price = rows.price_line(
        booking_id=booking_id, amount_fen=given["price_fen"], by=actor.person_id, now=now, today=given["booked_on"]
    )
    charge_id = connection.execute(_PRICE_LINE, price).scalar_one()
    booking = as_written(Booking, given | {"id": booking_id})
    set_committed_value(booking, "charges", [_first_line(price | {"id": charge_id})])
    set_committed_value(booking, "proposals", [])
    return booking, number


def _first_line(values: rows.Values) -> Charge:
    line = as_written(Charge, values)
    set_committed_value(line, "extra", None)
    return line


_BOOKING = inserts_or_nothing(Booking, Booking.id, next_number())
_PRICE_LINE = insert(Charge).returning(Charge.id)
"""Written past the session, and known to it afterwards without being read."""
