"""What the code on a storage place opens on a phone: which samples are put there."""

from typing import Any

from flask import render_template, session

from labshare.booking.queries.bench import get_place, to_put_away
from labshare.http.actor import current_actor
from labshare.http.rights import OWN_LABS, requires
from labshare.kernel.errors import NotFound
from labshare.web.addresses import SCANNED
from labshare.web.lab import blueprint


@blueprint.get("/places/<int:place_id>/put")
@requires("booking.work", of=OWN_LABS)
def put_into(place_id: int) -> Any:
    """The sample scanned last first; one press puts it there."""
    place = get_place(place_id)
    if place.lab.firm_id != current_actor().firm_id or not place.in_use:
        raise NotFound
    scanned = session.get(SCANNED)
    return render_template(
        "lab/put_into.html",
        place=place,
        scanned=scanned,
        rows=to_put_away(place.lab_id, scanned=scanned),
    )
