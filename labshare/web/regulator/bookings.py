"""All bookings, for regulators."""

from typing import Any

from labshare.http.rights import requires
from labshare.web.booking_list import show
from labshare.web.regulator import blueprint


@blueprint.get("/bookings")
@requires("dashboard.see")
def bookings() -> Any:
    return show("regulator/bookings/list.html", "regulator")
