"""The usage report over all labs, from a county's total down to the one booking and its invoice."""

from typing import Any

from labshare.http.actor import current_actor
from labshare.http.limits import limited
from labshare.http.rights import requires
from labshare.kernel.time import utc_now
from labshare.web.regulator import blueprint
from labshare.web.usage import bookings_page, usage_page


@blueprint.get("/usage")
@requires("dashboard.see")
@limited("report")
def usage() -> Any:
    return usage_page(current_actor(), utc_now(), "regulator/usage/report.html")


@blueprint.get("/usage/<by>/<int:key>")
@requires("dashboard.see")
@limited("report")
def usage_rows(by: str, key: int) -> Any:
    return bookings_page(current_actor(), utc_now(), "regulator/usage/bookings.html", by, key)
