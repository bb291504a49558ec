"""Dated fees: which holds on a day, and how a new one fits. Days are local, both ends included."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from labshare.catalogue.errors import DatesNotInOrder, FeesOverlap

DAY = timedelta(days=1)


@dataclass(frozen=True)
class FeeSpan:
    """The days of one fee; `last` None: until further notice."""

    first: date
    last: date | None = None
    id: int | None = None

    def holds_on(self, day: date) -> bool:
        return self.first <= day and (self.last is None or day <= self.last)

    def meets(self, other: "FeeSpan") -> bool:
        """Whether a day belongs to both."""
        return (self.last is None or other.first <= self.last) and (other.last is None or self.first <= other.last)


def in_force(spans: Sequence[FeeSpan], day: date) -> FeeSpan | None:
    """The fee of a day. There is at most one: fees of an item never overlap."""
    return next((span for span in spans if span.holds_on(day)), None)


def ahead(spans: Sequence[FeeSpan], day: date) -> tuple[FeeSpan, ...]:
    """Fees that begin after a day, in order."""
    return tuple(sorted((span for span in spans if span.first > day), key=lambda span: span.first))


def with_new(spans: Sequence[FeeSpan], new: FeeSpan) -> tuple[FeeSpan, ...]:
    """All spans once `new` is added: an open-ended one that began earlier ends the day before.

    Raises `DatesNotInOrder` (new.last before new.first) and `FeesOverlap` (naming the first day of the fee in the way)
    where another fee, dated to its end or beginning later, shares a day with it.
    """
    if new.last is not None and new.last < new.first:
        raise DatesNotInOrder
    fitted = tuple(
        replace(span, last=new.first - DAY) if span.last is None and span.first < new.first else span for span in spans
    )
    for span in fitted:
        if span.meets(new):
            raise FeesOverlap(date=span.first)
    return (*fitted, new)
