"""What extra work comes to: by the published fee alone, as the difference that it makes (docs/rules.md, R-EXTRA-2)."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from fractions import Fraction

from labshare.booking.errors import HoursNotOffered, QuantityOutOfRange
from labshare.booking.rules.price import Fee, ItemTerms, Price, Work, price_of, work_agreed, work_of
from labshare.kernel.errors import InvalidInput
from labshare.kernel.money import Fen
from labshare.kernel.time import Hours, Minutes

MOST_MINUTES = 7 * 24 * 60
"""At once: what takes longer is booked."""


@dataclass(frozen=True, kw_only=True)
class Ordered:
    """A booking as its price was made: the fee of its day, the work without other tests added since."""

    fee: Fee
    terms: ItemTerms
    work: Work
    sme: bool
    surcharges: Collection[str]

    def price(self, work: Work) -> Price:
        return price_of(self.fee, work, sme=self.sme, surcharges=self.surcharges)


@dataclass(frozen=True, kw_only=True)
class Offer:
    """What is added: minutes of work, and the price with it and without."""

    minutes: Fraction
    price: Price
    earlier: Price | None = None

    @property
    def amount_fen(self) -> Fen:
        """More, less where a step of the fee is reached, or nothing where the fee does not count it."""
        return Fen(self.price.published_fen - (self.earlier.published_fen if self.earlier else 0))


def more_samples(ordered: Ordered, more: int) -> Offer:
    """Raises `QuantityOutOfRange`."""
    work, terms = ordered.work, ordered.terms
    if not 1 <= more <= terms.max_quantity - work.quantity:
        raise QuantityOutOfRange(n=max(0, terms.max_quantity - work.quantity))
    bigger = work_agreed(terms, work.quantity + more, work.hours)
    minutes = bigger.minutes - work_agreed(terms, work.quantity, work.hours).minutes
    longer = replace(bigger, minutes=work.minutes + minutes)
    return Offer(minutes=minutes, price=ordered.price(longer), earlier=ordered.price(work))


def more_time(ordered: Ordered, minutes: Minutes) -> Offer:
    """Raises `InvalidInput`."""
    if not 1 <= minutes <= MOST_MINUTES:
        raise InvalidInput(field="minutes")
    longer = replace(ordered.work, minutes=ordered.work.minutes + minutes)
    return Offer(minutes=Fraction(minutes), price=ordered.price(longer), earlier=ordered.price(ordered.work))


def another_test(fee: Fee, terms: ItemTerms, *, quantity: int, hours: Hours | None, sme: bool) -> Offer:
    """On the same samples. Raises as `work_of`."""
    if hours is not None and terms.hours is None:
        raise HoursNotOffered
    work = work_of(terms, quantity, hours)
    return Offer(minutes=work.minutes, price=price_of(fee, work, sme=sme))
