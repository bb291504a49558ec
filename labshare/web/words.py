"""Words for states: how each is written, drawn and coloured. Colour says the phase, icon and word say the state."""

from dataclasses import dataclass
from datetime import datetime

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from labshare.kernel.time import utc_now
from labshare.rewards.rules.parts import shown_state


@dataclass(frozen=True)
class StateLook:
    word: LazyString
    icon: str
    css: str = ""


BOOKING_STATES = {
    "requested": StateLook(_l("Awaiting confirmation"), "clock-question", "is-requested"),
    "confirmed": StateLook(_l("Confirmed"), "calendar-check", "is-confirmed"),
    "received": StateLook(_l("Samples received"), "package", "is-received"),
    "testing": StateLook(_l("Testing"), "activity", "is-testing"),
    "tested": StateLook(_l("Tested"), "circle-check", "is-tested"),
    "reported": StateLook(_l("Report issued"), "file-check", "is-reported"),
    "settled": StateLook(_l("Settled"), "checks", "is-settled"),
    "declined": StateLook(_l("Declined"), "circle-x"),
    "cancelled": StateLook(_l("Cancelled"), "ban"),
    "no_show": StateLook(_l("No-show"), "user-x", "is-no-show"),
}

RUN_STATES = {
    "calculated": StateLook(_l("Calculated"), "circle-check", "is-confirmed"),
    "published": StateLook(_l("Public notice"), "clock", "is-requested"),
    "notice_over": StateLook(_l("Public notice ended, awaiting approval"), "hourglass", "is-requested"),
    "approved": StateLook(_l("Approved"), "checks", "is-settled"),
    "paid": StateLook(_l("Paid out"), "cash", "is-settled"),
}

LIFE_STATES = {
    "draft": StateLook(_l("Draft"), "pencil"),
    "published": StateLook(_l("Published"), "circle-check", "is-settled"),
    "withdrawn": StateLook(_l("Withdrawn"), "ban"),
}
"""Of a lab, an instrument, a test item."""

LIST_STATES = {
    "draft": StateLook(_l("Being entered"), "pencil"),
    "handed_over": StateLook(_l("Waits to be confirmed"), "clock", "is-requested"),
    "confirmed": StateLook(_l("Confirmed"), "checks", "is-settled"),
    "withdrawn": StateLook(_l("List withdrawn"), "ban"),
}
"""Of a list of grades."""

LIVE_STATES = {
    "free": StateLook(_l("Free"), "circle-check", "is-free"),
    "in_use": StateLook(_l("In use"), "activity", "is-busy"),
    "down": StateLook(_l("Down"), "tool", "is-down"),
    "closed": StateLook(_l("Closed now"), "clock", ""),
}
"""Of an instrument at this moment."""

SCALE = ("requested", "confirmed", "received", "testing", "tested", "reported", "settled")
"""The seven ticks: how far a booking has come."""


def look(state: object, kind: str = "booking") -> StateLook:
    """How to show a state; `kind` is booking, run, life, list or live."""
    tables = {
        "booking": BOOKING_STATES,
        "run": RUN_STATES,
        "life": LIFE_STATES,
        "list": LIST_STATES,
        "live": LIVE_STATES,
    }
    return tables[kind][str(getattr(state, "value", state))]


def shown_run_state(state: str, publicity_ends_at: datetime | None) -> str:
    """A run's state as pages show it at this moment (`rewards.rules.parts.shown_state`)."""
    return shown_state(state, publicity_ends_at, utc_now())
