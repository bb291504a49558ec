"""When a dispute can be opened, and what a proposed outcome does (R-DISPUTE)."""

from datetime import date, timedelta

from labshare.booking.terms import BookingState, Party
from labshare.kernel.money import Fen
from labshare.settlement.terms import DisputeOutcome

ANSWER_WITHIN = 5
"""Working days that the lab has."""
OPEN_WITHIN = timedelta(days=180)
"""After the last report, else the end of the test or of the booking."""


def disputable(state: str, charged_fen: Fen) -> bool:
    """Whether the lab has begun to act on it: from the samples on, or an end that costs."""
    if state in BookingState.over_with_fee():
        return charged_fen > 0
    return state in (*BookingState.at_work(), *BookingState.tested_or_later())


def last_day(reported_on: date | None, finished_on: date | None, ended_on: date | None) -> date | None:
    """The last day for opening a dispute; none while the test goes on."""
    day = max((each for each in (reported_on, finished_on, ended_on) if each is not None), default=None)
    return day + OPEN_WITHIN if day else None


def settles(side: str, outcome: str, *, offered: str | None, offered_side: str | None) -> bool:
    """Whether naming this outcome ends the dispute: the client gives up, or the other side has proposed the same."""
    gives_up = side == Party.CLIENT and outcome == DisputeOutcome.NONE
    return gives_up or (outcome == offered and side != offered_side)
