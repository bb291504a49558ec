"""Quotes: those one may see, and what became of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, select
from sqlalchemy.orm import joinedload

from labshare.booking.formatting import PriceLine, price_lines
from labshare.booking.models import Booking, Quote
from labshare.booking.rules.lines import read_price
from labshare.booking.rules.price import Price
from labshare.booking.terms import BookingState, QuoteState
from labshare.catalogue.models import TestItem
from labshare.catalogue.queries.admissions import of_lab_in
from labshare.catalogue.rules.fees import most_off, read_discounts
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import NotFound
from labshare.kernel.formatting import last_day_before
from labshare.kernel.time import local_day, utc_now
from labshare.organisations import permissions


@dataclass(frozen=True)
class QuoteRow:
    """A quote, and the reference of the booking made of it."""

    quote: Quote
    ref: str | None

    @property
    def last_day(self) -> date:
        """The last day on which it can be booked."""
        return last_day_before(self.quote.valid_until)

    @property
    def price(self) -> Price:
        return read_price(self.quote.price)

    @property
    def most_off(self) -> Decimal:
        """The percentage by which the lab's own price may be less."""
        return most_off(read_discounts(self.quote.fee.discounts), self.quote.quantity)

    @property
    def lines(self) -> list[PriceLine]:
        """Of its price, in the language now being written."""
        return price_lines(self.price)

    @property
    def state(self) -> QuoteState:
        return self.state_at(utc_now())

    def state_at(self, now: datetime) -> QuoteState:
        if self.ref is not None:
            return QuoteState.BOOKED
        if not self.quote.lasts_at(now):
            return QuoteState.ENDED
        return QuoteState.ACCEPTED if self.quote.accepted else QuoteState.OPEN


def _seen(actor: Actor, right: str) -> ColumnElement[bool]:
    """A quote is of its lab's county."""
    county = of_lab_in(Quote.lab_id, local_day(utc_now()))
    return permissions.visible(actor, right, client=Quote.client_firm_id, lab=Quote.lab_firm_id, division=county)


def _visible(actor: Actor) -> Select[Any]:
    return (
        select(Quote, Booking.ref)
        .outerjoin(Booking, and_(Booking.id == Quote.booking_id, Booking.state.not_in(BookingState.gave_back())))
        .where(_seen(actor, "quote.see"))
        .options(
            joinedload(Quote.client),
            joinedload(Quote.lab),
            joinedload(Quote.test_item),
            joinedload(Quote.fee),
        )
    )


def get_quote(actor: Actor, *, number: str | None = None, quote_id: int | None = None) -> QuoteRow:
    """One quote, by its number or its id. Two statements. Raises `NotFound`, also for what one may not see."""
    found = db.session.execute(
        _visible(actor)
        .where(Quote.number == number if quote_id is None else Quote.id == quote_id)
        .options(joinedload(Quote.lab_firm), joinedload(Quote.test_item).selectinload(TestItem.standards))
    ).first()
    if found is None:
        raise NotFound
    return QuoteRow(*found)


def list_quotes(
    actor: Actor, *, side: str | None = None, before: int | None = None, limit: int, offset: int = 0
) -> Sequence[QuoteRow]:
    """The quotes that the actor may see, the newest first: those of their firm as `client` or `lab`, or both."""
    query = _of_side(_visible(actor), actor, side)
    if before is not None:
        query = query.where(Quote.id < before)
    return [QuoteRow(*row) for row in db.session.execute(query.order_by(Quote.id.desc()).limit(limit).offset(offset))]


def count_quotes(actor: Actor, side: str) -> int:
    """How many there are on that side."""
    column = Quote.client_firm_id if side == "client" else Quote.lab_firm_id
    return db.session.scalar(select(func.count(Quote.id)).where(column == actor.firm_id)) or 0


def _of_side(query: Select[Any], actor: Actor, side: str | None) -> Select[Any]:
    if side is None:
        return query
    return query.where((Quote.client_firm_id if side == "client" else Quote.lab_firm_id) == actor.firm_id)


def own_prices(actor: Actor, *, limit: int, offset: int) -> tuple[Sequence[QuoteRow], int]:
    """The quotes in which a lab gave a price of its own, which nobody else gets, the newest first; and their number."""
    given = (Quote.own_at.is_not(None), _seen(actor, "quote.see_own_prices"))
    query = (
        select(Quote, Booking.ref)
        .outerjoin(Booking, and_(Booking.id == Quote.booking_id, Booking.state.not_in(BookingState.gave_back())))
        .where(*given)
        .options(joinedload(Quote.client), joinedload(Quote.lab), joinedload(Quote.test_item), joinedload(Quote.fee))
        .order_by(Quote.own_at.desc(), Quote.id.desc())
    )
    total = db.session.scalar(select(func.count(Quote.id)).where(*given)) or 0
    return [QuoteRow(*row) for row in db.session.execute(query.limit(limit).offset(offset))], total
