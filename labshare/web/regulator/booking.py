"""A booking as regulators see it: everything, without actions."""

from typing import Any

from labshare.http.actor import current_actor
from labshare.organisations.permissions import check
from labshare.web.booking_page import show
from labshare.web.regulator import blueprint


@blueprint.get("/bookings/<ref>")
def booking(ref: str) -> Any:
    check(current_actor(), "dashboard.see")
    return show(ref, "regulator")
