"""My bookings: what the firm has ordered, and what waits for it."""

from typing import Any

from labshare.http.rights import FOUND, requires
from labshare.web.booking_list import show
from labshare.web.client import blueprint


@blueprint.get("/bookings")
@requires("booking.see", of=FOUND)
def bookings() -> Any:
    return show("client/bookings.html", "client")
