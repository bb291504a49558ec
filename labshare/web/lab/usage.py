"""The usage report over the firm's own labs."""

from typing import Any

from labshare.http.actor import current_actor
from labshare.http.limits import limited
from labshare.http.rights import OWN_LABS, requires
from labshare.kernel.time import utc_now
from labshare.web.lab import blueprint
from labshare.web.usage import bookings_page, usage_page


@blueprint.get("/usage")
@requires("usage.see", of=OWN_LABS)
@limited("report")
def usage() -> Any:
    return usage_page(current_actor(), utc_now(), "lab/usage/report.html")


@blueprint.get("/usage/<by>/<int:key>")
@requires("usage.see", of=OWN_LABS)
@limited("report")
def usage_rows(by: str, key: int) -> Any:
    return bookings_page(current_actor(), utc_now(), "lab/usage/bookings.html", by, key)
