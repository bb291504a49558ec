"""The usage report over all labs, from a county's total down to the one booking and its invoice."""

from typing import Any

from labshare.http.actor import current_actor
from labshare.http.limits import limited
from labshare.kernel.time import utc_now
from labshare.organisations.permissions import check
from labshare.web.regulator import blueprint
from labshare.web.usage import bookings_page, usage_page


@blueprint.get("/usage")
@limited("report")
def usage() -> Any:
    check(current_actor(), "dashboard.see")
    return usage_page(current_actor(), utc_now(), "regulator/usage/report.html")


@blueprint.get("/usage/<by>/<int:key>")
@limited("report")
def usage_rows(by: str, key: int) -> Any:
    check(current_actor(), "dashboard.see")
    return bookings_page(current_actor(), utc_now(), "regulator/usage/bookings.html", by, key)
