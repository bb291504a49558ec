"""All bookings, for regulators."""

from typing import Any

from labshare.http.actor import current_actor
from labshare.organisations.permissions import check
from labshare.web.booking_list import show
from labshare.web.regulator import blueprint


@blueprint.get("/bookings")
def bookings() -> Any:
    check(current_actor(), "dashboard.see")
    return show("regulator/bookings/list.html", "regulator")
