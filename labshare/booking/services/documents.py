"""How documents move a finished booking. The settlement room calls this in its own transaction."""

from datetime import datetime

from flask_babel import lazy_gettext as _l

from labshare.booking.models import Booking
from labshare.booking.rules.lifecycle import state_of_documents
from labshare.booking.services.common import note, snapshot
from labshare.booking.terms import BookingState
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.money import Fen
from labshare.kernel.verbs import name_action

_ACTIONS = {
    BookingState.REPORTED: name_action("booking.report", _l("Report issued")),
    BookingState.SETTLED: name_action("booking.settle", _l("Settled")),
    BookingState.TESTED: name_action("booking.lose_report", _l("Tested again: no report stands")),
}
_UNSETTLE = name_action("booking.unsettle", _l("No longer settled"))


def documented(
    present: BookingState, *, report_stands: bool, charged_fen: Fen, invoiced_fen: Fen, paid_fen: Fen
) -> tuple[BookingState, str] | None:
    """The state that its documents ask of a finished booking, and the action that brings it there; None where it
    stays as it is."""
    if present not in BookingState.tested_or_later():
        return None
    wanted = state_of_documents(report_stands, charged_fen=charged_fen, invoiced_fen=invoiced_fen, paid_fen=paid_fen)
    if wanted == present:
        return None
    unsettled = (present, wanted) == (BookingState.SETTLED, BookingState.REPORTED)
    return wanted, _UNSETTLE if unsettled else _ACTIONS[wanted]


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
