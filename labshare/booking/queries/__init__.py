"""Reads of this room.

`loading`   rows as the values the rules take
`slots`     free slots, availability, the next free moment, live states
`offers`    the earliest slot and the price of every lab for one question
`bookings`  bookings one may see, their time line, what waits for whom, conflicts
"""

from labshare.booking.queries.bookings import (
    Conflict,
    bookings_hit,
    cancellation_preview,
    charges_of,
    get_booking,
    history,
    next_steps,
    open_proposal,
    visible_bookings,
)
from labshare.booking.queries.loading import load_bookable_item, openings_of_lab, working_days
from labshare.booking.queries.offers import Offer, offers
from labshare.booking.queries.slots import (
    alternatives_for,
    availability,
    free_slots,
    live_states,
    next_free,
    next_free_of_items,
    price_for,
    use_of,
)

__all__ = [
    "Conflict",
    "Offer",
    "alternatives_for",
    "availability",
    "bookings_hit",
    "cancellation_preview",
    "charges_of",
    "free_slots",
    "get_booking",
    "history",
    "live_states",
    "load_bookable_item",
    "next_free",
    "next_free_of_items",
    "next_steps",
    "offers",
    "open_proposal",
    "openings_of_lab",
    "price_for",
    "use_of",
    "visible_bookings",
    "working_days",
]
