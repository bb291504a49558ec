"""My bookings: what the firm has ordered, and what waits for it."""

from typing import Any

from labshare.booking.models import Booking
from labshare.kernel.errors import SignInFirst
from labshare.kernel.time import utc_now
from labshare.web.actor import current_actor
from labshare.web.booking_list import show, waits_for_client
from labshare.web.client import blueprint


@blueprint.get("/bookings")
def bookings() -> Any:
    actor = current_actor()
    if actor.person_id is None:
        raise SignInFirst
    return show(
        "client/bookings.html", "client", Booking.client_firm_id == actor.firm_id, waits=waits_for_client(utc_now())
    )
