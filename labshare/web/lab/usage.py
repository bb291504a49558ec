"""The usage report over the firm's own labs."""

from typing import Any

from labshare.http.actor import current_actor
from labshare.http.limits import limited
from labshare.kernel.time import utc_now
from labshare.organisations.permissions import check
from labshare.web.lab import blueprint
from labshare.web.usage import bookings_page, usage_page


@blueprint.get("/usage")
@limited("report")
def usage() -> Any:
    check(current_actor(), "usage.see", lab=current_actor().firm_id)
    return usage_page(current_actor(), utc_now(), "lab/usage/report.html")


@blueprint.get("/usage/<by>/<int:key>")
@limited("report")
def usage_rows(by: str, key: int) -> Any:
    check(current_actor(), "usage.see", lab=current_actor().firm_id)
    return bookings_page(current_actor(), utc_now(), "lab/usage/bookings.html", by, key)
