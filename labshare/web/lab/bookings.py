"""All bookings at our labs, and those that new hours or closures hit."""

from typing import Any

from flask import render_template

from labshare.booking.queries.bookings import bookings_hit
from labshare.catalogue.queries.own import lab_choices
from labshare.http.actor import current_actor
from labshare.http.rights import OWN_LABS, requires
from labshare.kernel.time import utc_now
from labshare.web.booking_list import show
from labshare.web.lab import blueprint


@blueprint.get("/bookings")
@requires("booking.see", of=OWN_LABS)
def bookings() -> Any:
    return show("lab/bookings/list.html", "lab")


@blueprint.get("/conflicts")
@requires("booking.see", of=OWN_LABS)
def conflicts() -> Any:
    """Bookings that no longer fit the opening hours, a closure or the working-day table; nobody moved them."""
    actor, now = current_actor(), utc_now()
    labs = lab_choices(actor.firm_id)
    hits = bookings_hit(now, lab_ids=[lab.id for lab in labs])
    found = [(lab, [hit for hit in hits if hit.booking.lab_id == lab.id]) for lab in labs]
    return render_template("lab/bookings/conflicts.html", found=[(lab, hit) for lab, hit in found if hit])
