"""What this room tells those above it."""

from dataclasses import dataclass
from datetime import datetime

from labshare.booking.models import Booking, Quote
from labshare.kernel.actor import Actor
from labshare.kernel.events import Event


@dataclass(frozen=True)
class ChargeChanged(Event):
    """`charged_fen` of a booking has changed, which is locked: a line agreed, a cancellation, a no-show, a request that
    came to nothing."""

    booking: Booking
    charge_id: int
    """The line that changed the sum."""
    actor: Actor
    now: datetime


@dataclass(frozen=True)
class QuoteBooked(Event):
    """A booking is made of a quote."""

    quote: Quote
    actor: Actor
    now: datetime
