"""Quotes: made by the client, priced by the lab within its published table, accepted by a purchase order."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, or_, select, update

from labshare.audit.services import record
from labshare.booking import notifications
from labshare.booking.errors import (
    NoFee,
    QuoteAccepted,
    QuoteEnded,
    QuoteForOther,
    QuoteUsed,
    TooManyQuotes,
)
from labshare.booking.events import QuoteBooked
from labshare.booking.models import Booking, Quote
from labshare.booking.queries.loading import BookableItem, load_bookable_item
from labshare.booking.queries.marks import check_marks
from labshare.booking.queries.quotes import QuoteRow, get_quote
from labshare.booking.queries.slots import price_for
from labshare.booking.rules.lines import written_price
from labshare.booking.rules.quotes import MOST_OPEN, lasts_until, own_price_problem
from labshare.booking.services.bookable import check_bookable, client_of
from labshare.booking.services.common import plain
from labshare.booking.terms import BookingState
from labshare.catalogue.models import Fee
from labshare.catalogue.rules.fees import most_off, read_discounts
from labshare.kernel.actor import Actor
from labshare.kernel.database import db, insert_or_nothing, inserts_or_nothing, take_turn
from labshare.kernel.errors import InvalidInput, ReasonRequired
from labshare.kernel.events import emit
from labshare.kernel.money import Fen
from labshare.kernel.months import Month
from labshare.kernel.references import new_reference
from labshare.kernel.time import Hours, local_day
from labshare.kernel.verbs import name_action, verb
from labshare.organisations import permissions

BOOKED = name_action("quote.booked", _l("Quote booked"))
NUMBERS_TRIED = 5
"""A month's numbers are drawn by chance: one that is taken already is drawn again."""
_QUOTE = inserts_or_nothing(Quote, Quote.id)


class PurchaseOrderMissing(InvalidInput):
    message = _l("Fill this in.")
    default_field = "purchase_order"


@dataclass(frozen=True, kw_only=True)
class OwnPrice:
    """A price that somebody of the lab has offered in an answer to a request."""

    fen: Fen
    person_id: int


def check_own_price(own_fen: Fen, *, published_fen: Fen, fee: Fee, quantity: int) -> None:
    """A lab may take so much for so many samples instead of the published price. Raises `NoDiscountPublished`,
    `OutsideDiscount`."""
    percent = most_off(read_discounts(fee.discounts), quantity)
    problem = own_price_problem(own_fen, published_fen=published_fen, present_fen=published_fen, percent=percent)
    if problem is not None:
        raise problem


@verb("quote.make", title=_l("Quote made"), money=True)
def make_quote(
    *,
    actor: Actor,
    now: datetime,
    test_item_id: int,
    quantity: int,
    hours: Hours | None = None,
    surcharges: Collection[str] = (),
    bookable: BookableItem | None = None,
    own: OwnPrice | None = None,
) -> Quote:
    """What the test costs the actor's firm by the fee of today, fixed while the quote lasts (R-QUOTE-1). `own`: what
    the lab has offered already; it counts where it is less (R-ASK-4).

    Raises as `book` for what is asked, `TooManyQuotes`; `NoDiscountPublished`, `OutsideDiscount` where the fee of today
    no longer allows the lab's price.
    """
    bookable = check_bookable(actor, bookable or load_bookable_item(test_item_id, now, client_id=actor.firm_id))
    client = client_of(bookable)
    price = price_for(bookable, bookable.work(quantity, hours), surcharges)
    if price is None or bookable.fee is None:
        raise NoFee
    check_marks(bookable.item.id, price, [local_day(now)])
    published = price.total_fen
    if own is not None and own.fen < published:
        check_own_price(own.fen, published_fen=published, fee=bookable.fee, quantity=quantity)
        price = replace(price, own_fen=own.fen)
    else:
        own = None
    take_turn()
    still_open = select(func.count(Quote.id)).where(Quote.client_firm_id == client.id, Quote.lasts_at(now))
    if (db.session.scalar(still_open) or 0) >= MOST_OPEN:
        raise TooManyQuotes(n=MOST_OPEN)
    given: dict[str, Any] = {
        "client_firm_id": client.id,
        "lab_firm_id": bookable.lab.firm_id,
        "lab_id": bookable.lab.id,
        "test_item_id": bookable.item.id,
        "fee_id": bookable.fee.id,
        "quantity": quantity,
        "hours": hours,
        "price": written_price(price),
        "amount_fen": price.total_fen,
        "published_fen": published,
        "turnaround_days": bookable.item.turnaround_days if price.rush_days is None else price.rush_days,
        "made_by": actor.person_id,
        "made_at": now,
        "valid_until": lasts_until(now),
        "own_by": own and own.person_id,
        "own_at": own and now,
        "own_reason": "",
    }
    quote_id = None
    for _attempt in range(NUMBERS_TRIED):
        given["number"] = new_reference("Q", Month.of(local_day(now)))
        quote_id = insert_or_nothing(_QUOTE, given).scalar_one_or_none()
        if quote_id is not None:
            break
    quote = db.session.get_one(Quote, quote_id)
    after = {name: plain(given[name]) for name in _RECORDED}
    record(actor, now, "quote.make", ("quote", quote.number), after=after)
    notifications.notify_of_quote(QuoteRow(quote, None), actor=actor, now=now)
    return quote


_RECORDED = ("client_firm_id", "lab_id", "test_item_id", "fee_id", "quantity", "hours", "amount_fen", "valid_until")
"""What the event of a new quote says."""


@verb("quote.price", title=_l("Own price given in a quote"), money=True)
def price_quote(*, actor: Actor, now: datetime, quote_id: int, own_fen: Fen, reason: str) -> Quote:
    """The lab's own price for a large quantity, within the discount table that its fee published (R-QUOTE-3). It falls,
    never rises, and stands once accepted or booked.

    Raises `NotFound`, `NotAllowed`, `QuoteUsed`, `QuoteEnded`, `QuoteAccepted`, `NoDiscountPublished`,
    `OutsideDiscount`, `ReasonRequired`.
    """
    row = _locked(actor, quote_id)
    quote = row.quote
    permissions.check(actor, "quote.price", lab=quote.lab_firm_id)
    check_lasting(row, now)
    if quote.accepted:
        raise QuoteAccepted
    if not reason.strip():
        raise ReasonRequired
    problem = own_price_problem(
        own_fen, published_fen=quote.published_fen, present_fen=quote.amount_fen, percent=row.most_off
    )
    if problem is not None:
        raise problem
    before = {"amount_fen": quote.amount_fen}
    quote.price = written_price(replace(row.price, own_fen=own_fen))
    quote.amount_fen = own_fen
    quote.own_by, quote.own_at, quote.own_reason = actor.person_id, now, reason.strip()
    record(
        actor,
        now,
        "quote.price",
        ("quote", quote.number),
        before=before,
        after={"amount_fen": own_fen, "published_fen": quote.published_fen, "reason": quote.own_reason},
    )
    notifications.notify_of_own_price(row, actor=actor, now=now)
    return quote


@verb("quote.accept", title=_l("Quote accepted"), money=True)
def accept_quote(*, actor: Actor, now: datetime, quote_id: int, purchase_order: str) -> Quote:
    """Accept a quote by the number of a purchase order; its price then holds for another thirty days, in which the slot
    is chosen (R-QUOTE-2). Raises `NotFound`, `NotAllowed`, `QuoteUsed`, `QuoteEnded`, `QuoteAccepted`."""
    row = _locked(actor, quote_id)
    quote = row.quote
    permissions.check(actor, "quote.accept", client=quote.client_firm_id)
    check_lasting(row, now)
    if quote.accepted:
        raise QuoteAccepted(field="purchase_order")
    if not purchase_order.strip():
        raise PurchaseOrderMissing
    quote.purchase_order = purchase_order.strip()
    quote.accepted_by, quote.accepted_at = actor.person_id, now
    quote.valid_until = lasts_until(now)
    record(
        actor,
        now,
        "quote.accept",
        ("quote", quote.number),
        after={"purchase_order": quote.purchase_order, "valid_until": plain(quote.valid_until)},
    )
    notifications.notify_of_order(row, actor=actor, now=now)
    return quote


def _locked(actor: Actor, quote_id: int) -> QuoteRow:
    """The quote, which nobody else changes meanwhile."""
    take_turn()
    db.session.scalar(select(Quote.id).where(Quote.id == quote_id).with_for_update())
    return get_quote(actor, quote_id=quote_id)


def check_lasting(row: QuoteRow, now: datetime) -> None:
    """Whether it can still be booked. Raises `QuoteUsed`, `QuoteEnded`."""
    if row.ref is not None:
        raise QuoteUsed(ref=row.ref)
    if not row.quote.lasts_at(now):
        raise QuoteEnded(date=row.last_day)


def check_quote(
    actor: Actor, now: datetime, row: QuoteRow, *, test_item_id: int, quantity: int, hours: Hours | None
) -> None:
    """Whether a booking can be made of the quote, for exactly what it says. Raises `NotFound`, `QuoteUsed`,
    `QuoteEnded`, `QuoteForOther`."""
    quote = row.quote
    permissions.check_seen(actor, "quote.see", "quote.accept", client=quote.client_firm_id)
    check_lasting(row, now)
    if (quote.test_item_id, quote.quantity, quote.hours) != (test_item_id, quantity, hours):
        raise QuoteForOther


def use_quote(actor: Actor, now: datetime, row: QuoteRow, booking: Booking) -> None:
    """The booking is made of the quote. Raises `QuoteUsed` where another was meanwhile."""
    given_back = select(Booking.id).where(Booking.state.in_(BookingState.gave_back()))
    taken = db.session.connection().execute(
        update(Quote)
        .where(Quote.id == row.quote.id, or_(Quote.booking_id.is_(None), Quote.booking_id.in_(given_back)))
        .values(booking_id=booking.id)
    )
    if taken.rowcount != 1:
        raise QuoteUsed(ref=get_quote(actor, quote_id=row.quote.id).ref)
    record(actor, now, BOOKED, ("quote", row.quote.number), after={"ref": booking.ref})
    emit(QuoteBooked(row.quote, actor, now))
