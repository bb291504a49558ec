"""How documents move a finished booking. The settlement room calls this in its own transaction."""

from datetime import datetime

from labshare.booking.models import Booking
from labshare.booking.rules.lifecycle import state_of_documents
from labshare.booking.services.common import note, snapshot
from labshare.booking.terms import BookingState
from labshare.kernel.actor import Actor
from labshare.kernel.database import db

_ACTIONS = {
    BookingState.REPORTED: "booking.report",
    BookingState.SETTLED: "booking.settle",
    BookingState.TESTED: "booking.lose_report",
}


def documented(
    present: BookingState, *, report_stands: bool, charged_fen: int, invoiced_fen: int, paid_fen: int
) -> tuple[BookingState, str] | None:
    """The state that its documents ask of a finished booking, and the action that brings it there; None where it
    stays as it is."""
    if present not in (BookingState.TESTED, BookingState.REPORTED, BookingState.SETTLED):
        return None
    wanted = state_of_documents(report_stands, charged_fen, invoiced_fen, paid_fen)
    if wanted == present:
        return None
    return wanted, "booking.unsettle" if (present, wanted) == (
        BookingState.SETTLED,
        BookingState.REPORTED,
    ) else _ACTIONS[wanted]


def settle_state(booking: Booking, *, report_stands: bool, actor: Actor, now: datetime) -> BookingState:
    """Bring a booking that is `tested`, `reported` or `settled` to the state that its report, `charged_fen`,
    `invoiced_fen` and `paid_fen` ask for; any other state stays. Writes the step to the trail."""
    step = documented(
        BookingState(booking.state),
        report_stands=report_stands,
        charged_fen=booking.charged_fen,
        invoiced_fen=booking.invoiced_fen,
        paid_fen=booking.paid_fen,
    )
    if step is None:
        return BookingState(booking.state)
    wanted, action = step
    before = snapshot(booking)
    booking.state = wanted
    db.session.flush()
    note(actor, now, action, booking, before)
    return wanted
