"""Reads of this room.

`world`     rows as the values the rules take
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
from labshare.booking.queries.world import bench_of_item, openings_of_lab, working_days

__all__ = [
    "Conflict",
    "Offer",
    "alternatives_for",
    "availability",
    "bench_of_item",
    "bookings_hit",
    "cancellation_preview",
    "charges_of",
    "free_slots",
    "get_booking",
    "history",
    "live_states",
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
