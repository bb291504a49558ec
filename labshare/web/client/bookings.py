"""My bookings: what the firm has ordered, and what waits for it."""

from typing import Any

from labshare.http.actor import current_actor
from labshare.kernel.errors import SignInFirst
from labshare.web.booking_list import show
from labshare.web.client import blueprint


@blueprint.get("/bookings")
def bookings() -> Any:
    if current_actor().person_id is None:
        raise SignInFirst
    return show("client/bookings.html", "client")
