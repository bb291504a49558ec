"""Validity by certificates: days are local, both ends included; successive certificates join (R-TIME-10)."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import NamedTuple

DAY = timedelta(days=1)


class Span(NamedTuple):
    first: date
    last: date


def joined(spans: Iterable[Span]) -> tuple[Span, ...]:
    """In order; spans that overlap or follow one another day by day made one; empty ones left out."""
    result: list[Span] = []
    for span in sorted(spans):
        if span.last < span.first:
            continue
        if result and span.first <= result[-1].last + DAY:
            result[-1] = Span(result[-1].first, max(result[-1].last, span.last))
        else:
            result.append(span)
    return tuple(result)


def valid_until(spans: Sequence[Span], day: date) -> date | None:
    """The last day of the unbroken validity that `day` belongs to; None where it is not valid on `day`."""
    return next((span.last for span in joined(spans) if span.first <= day <= span.last), None)


def covers(spans: Sequence[Span], first: date, last: date) -> bool:
    """Whether every day from `first` to `last` is valid."""
    end = valid_until(spans, first)
    return end is not None and last <= end
