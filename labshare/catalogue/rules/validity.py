"""Validity by certificates: days are local, both ends included; successive certificates join (R-TIME-10)."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from labshare.kernel.time import DAY, joined


class Span(NamedTuple):
    first: date
    last: date


def valid_until(spans: Sequence[Span], day: date) -> date | None:
    """The last day of the unbroken validity that `day` belongs to; None where it is not valid on `day`."""
    return next((span.last for span in joined(spans, DAY) if span.first <= day <= span.last), None)


def covers(spans: Sequence[Span], first: date, last: date) -> bool:
    """Whether every day from `first` to `last` is valid."""
    end = valid_until(spans, first)
    return end is not None and last <= end
