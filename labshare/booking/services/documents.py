"""How documents move a finished booking. The settlement room calls this in its own transaction."""

from datetime import datetime

from flask_babel import lazy_gettext as _l

from labshare.booking.models import Booking
from labshare.booking.rules.lifecycle import state_of_documents
from labshare.booking.services.common import note, snapshot
from labshare.booking.terms import BookingState
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.verbs import name_action

_ACTIONS = {
    BookingState.REPORTED: name_action("booking.report", _l("Report issued")),
    BookingState.SETTLED: name_action("booking.settle", _l("Settled")),
    BookingState.TESTED: name_action("booking.lose_report", _l("Tested again: no report stands")),
}
_UNSETTLE = name_action("booking.unsettle", _l("No longer settled"))


def settle_state(booking: Booking, *, report_stands: bool, actor: Actor, now: datetime) -> BookingState:
    """Bring a booking that is `tested`, `reported` or `settled` to the state that its report, `charged_fen`,
    `invoiced_fen` and `paid_fen` ask for; any other state stays. Writes the step to the trail."""
    present = BookingState(booking.state)
    if present not in (BookingState.TESTED, BookingState.REPORTED, BookingState.SETTLED):
        return present
    wanted = state_of_documents(report_stands, booking.charged_fen, booking.invoiced_fen, booking.paid_fen)
    if wanted == present:
        return present
    before = snapshot(booking)
    booking.state = wanted
    db.session.flush()
    step = _UNSETTLE if (present, wanted) == (BookingState.SETTLED, BookingState.REPORTED) else _ACTIONS[wanted]
    note(actor, now, step, booking, before)
    return wanted
