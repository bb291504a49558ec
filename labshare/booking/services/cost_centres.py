"""The client's own word for who bears a booking's cost."""

from datetime import datetime

from flask_babel import lazy_gettext as _l

from labshare.audit.services import record
from labshare.booking.models import Booking
from labshare.booking.services.common import locked_booking
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import InvalidInput
from labshare.kernel.verbs import verb

LONGEST = 40


@verb("booking.set_cost_centre", title=_l("Cost centre changed"))
def set_cost_centre(*, actor: Actor, now: datetime, ref: str, cost_centre: str) -> Booking:
    """Write it on a booking, in whatever state; empty takes it off (R-SPEND-2). The event is the client firm's, so that
    the lab never reads it."""
    booking = locked_booking(actor, "booking.set_cost_centre", ref=ref)
    wanted = cost_centre.strip() or None
    if wanted is not None and len(wanted) > LONGEST:
        raise InvalidInput(field="cost_centre")
    if wanted == booking.cost_centre:
        return booking
    record(
        actor,
        now,
        "booking.set_cost_centre",
        ("firm", booking.client_firm_id),
        before={"booking": booking.ref, "cost_centre": booking.cost_centre},
        after={"booking": booking.ref, "cost_centre": wanted},
    )
    booking.cost_centre = wanted
    db.session.flush()
    return booking
