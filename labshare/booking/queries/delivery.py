"""What whoever brings samples must know: when somebody is there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from labshare.booking.models import Booking
from labshare.booking.queries.loading import openings_of_lab
from labshare.booking.rules.time import Interval, Openings
from labshare.booking.terms import BookingState
from labshare.kernel.time import local_day, start_of_day

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Delivery:
    open: Sequence[Interval]
    """The lab's opening hours on the local day of the start."""


def delivery_of(booking: Booking) -> Delivery | None:
    """While the samples are still to come. Two statements."""
    if booking.state not in BookingState.awaiting_samples():
        return None
    since = start_of_day(local_day(booking.starts_at))
    return Delivery(open_that_day(booking.starts_at, openings_of_lab(booking.lab_id, since)))


def open_that_day(starts_at: datetime, openings: Openings) -> list[Interval]:
    """The opening hours of the local day of a start."""
    day = local_day(starts_at)
    return openings.between(start_of_day(day), start_of_day(day + DAY))
