"""How documents move a finished booking. The settlement room calls this in its own transaction."""

from datetime import datetime

from labshare.booking.models import Booking
from labshare.booking.rules.lifecycle import State, state_of_documents
from labshare.booking.services.common import note, snapshot
from labshare.kernel.actor import Actor
from labshare.kernel.database import db

_ACTIONS = {
    State.REPORTED: "booking.report",
    State.SETTLED: "booking.settle",
    State.TESTED: "booking.lose_report",
}


def documented(
    present: State, *, report_stands: bool, charged_fen: int, invoiced_fen: int, paid_fen: int
) -> tuple[State, str] | None:
    """The state that its documents ask of a finished booking, and the action that brings it there; None where it
    stays as it is."""
    if present not in (State.TESTED, State.REPORTED, State.SETTLED):
        return None
    wanted = state_of_documents(report_stands, charged_fen, invoiced_fen, paid_fen)
    if wanted == present:
        return None
    return wanted, "booking.unsettle" if (present, wanted) == (State.SETTLED, State.REPORTED) else _ACTIONS[wanted]


def settle_state(booking: Booking, *, report_stands: bool, actor: Actor, now: datetime) -> State:
    """Bring a booking that is `tested`, `reported` or `settled` to the state that its report, `charged_fen`,
    `invoiced_fen` and `paid_fen` ask for; any other state stays. Writes the step to the trail."""
    step = documented(
        State(booking.state),
        report_stands=report_stands,
        charged_fen=booking.charged_fen,
        invoiced_fen=booking.invoiced_fen,
        paid_fen=booking.paid_fen,
    )
    if step is None:
        return State(booking.state)
    wanted, action = step
    before = snapshot(booking)
    booking.state = wanted
    db.session.flush()
    note(actor, now, action, booking, before)
    return wanted
