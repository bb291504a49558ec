"""The verbs of this room. Each takes `actor` and `now`, never commits, and raises named problems.

`book`       hold, release_hold, book
`answer`     confirm, decline; lapse (system)
`approvals`  ask_approval, book_or_ask, approve, refuse_approval, withdraw_approval; lapse_approvals (system)
`for_clients` book_for_client, accept_for_client, decline_for_client, withdraw_for_client;
             lapse_for_clients (system)
`move`       reschedule, propose, accept_proposal, decline_proposal, move_unit; where_to (reads)
`bench`      assign, store, pause, resume, add_place, drop_place
`handovers`  hand_over, take_note
`work`       receive, start, finish, no_show; lengthen_running (system)
`end`        cancel
`charges`    propose_charge, consent_charge, refuse_charge, withdraw_charge
`extra`      propose_extra; lapse_extra (system); look_at_extra (reads)
`cost_centres` set_cost_centre
`blocks`     block, unblock
`documents`  settle_state, which the settlement room calls
`hours`      set_opening_hours, drop_opening_hours, add_closure, remove_closure, set_working_year, set_working_day,
             confirm_working_year, seed_working_years
`units`      change_units
`quotes`     make_quote, price_quote, accept_quote
`feeds`      make_feed, revoke_feed, revoke_feeds
`ratings`    rate, answer_rating
`reminders`  remind_client; remind, notify_of_requests (system)
"""

from labshare.booking.services.answer import confirm, decline, lapse
from labshare.booking.services.approvals import (
    approve,
    ask_approval,
    book_or_ask,
    lapse_approvals,
    refuse_approval,
    withdraw_approval,
)
from labshare.booking.services.bench import add_place, assign, drop_place, pause, resume, store
from labshare.booking.services.blocks import Block, block, change_block, grow_blocks, unblock
from labshare.booking.services.book import book, hold, release_hold
from labshare.booking.services.charges import consent_charge, propose_charge, refuse_charge, withdraw_charge
from labshare.booking.services.clearing import Way, clear_and_block, clear_and_close, clear_and_set_hours
from labshare.booking.services.cost_centres import set_cost_centre
from labshare.booking.services.documents import settle_state
from labshare.booking.services.end import cancel
from labshare.booking.services.extra import Found, Wish, lapse_extra, look_at_extra, propose_extra
from labshare.booking.services.feeds import make_feed, revoke_feed, revoke_feeds
from labshare.booking.services.for_clients import (
    accept_for_client,
    book_for_client,
    decline_for_client,
    lapse_for_clients,
    withdraw_for_client,
)
from labshare.booking.services.handovers import hand_over, take_note
from labshare.booking.services.hours import (
    SpecialDay,
    add_closure,
    check_hours,
    confirm_working_year,
    drop_opening_hours,
    remove_closure,
    seed_working_years,
    set_opening_hours,
    set_working_day,
    set_working_year,
)
from labshare.booking.services.move import (
    Move,
    accept_proposal,
    decline_proposal,
    elsewhere,
    move_unit,
    propose,
    reschedule,
    where_to,
)
from labshare.booking.services.quotes import accept_quote, make_quote, price_quote
from labshare.booking.services.ratings import answer_rating, rate
from labshare.booking.services.reminders import notify_of_requests, remind, remind_client
from labshare.booking.services.units import change_units
from labshare.booking.services.work import finish, lengthen_running, no_show, receive, start

__all__ = [
    "Block",
    "Found",
    "Move",
    "SpecialDay",
    "Way",
    "Wish",
    "accept_for_client",
    "accept_proposal",
    "accept_quote",
    "add_closure",
    "add_place",
    "answer_rating",
    "approve",
    "ask_approval",
    "assign",
    "block",
    "book",
    "book_for_client",
    "book_or_ask",
    "cancel",
    "change_block",
    "change_units",
    "check_hours",
    "clear_and_block",
    "clear_and_close",
    "clear_and_set_hours",
    "confirm",
    "confirm_working_year",
    "consent_charge",
    "decline",
    "decline_for_client",
    "decline_proposal",
    "drop_opening_hours",
    "drop_place",
    "elsewhere",
    "finish",
    "grow_blocks",
    "hand_over",
    "hold",
    "lapse",
    "lapse_approvals",
    "lapse_extra",
    "lapse_for_clients",
    "lengthen_running",
    "look_at_extra",
    "make_feed",
    "make_quote",
    "move_unit",
    "no_show",
    "notify_of_requests",
    "pause",
    "price_quote",
    "propose",
    "propose_charge",
    "propose_extra",
    "rate",
    "receive",
    "refuse_approval",
    "refuse_charge",
    "release_hold",
    "remind",
    "remind_client",
    "remove_closure",
    "reschedule",
    "resume",
    "revoke_feed",
    "revoke_feeds",
    "seed_working_years",
    "set_cost_centre",
    "set_opening_hours",
    "set_working_day",
    "set_working_year",
    "settle_state",
    "start",
    "store",
    "take_note",
    "unblock",
    "where_to",
    "withdraw_approval",
    "withdraw_charge",
    "withdraw_for_client",
]
