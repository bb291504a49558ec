"""A booking as regulators see it: everything, without actions."""

from typing import Any

from labshare.http.rights import requires
from labshare.web.booking_page import show
from labshare.web.regulator import blueprint


@blueprint.get("/bookings/<ref>")
@requires("dashboard.see")
def booking(ref: str) -> Any:
    return show(ref, side="regulator")
