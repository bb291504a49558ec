"""What the code on a storage place opens on a phone: which samples are put there."""

from typing import Any

from flask import render_template, session, url_for
from flask_babel import gettext as _

from labshare.booking.models import StoragePlace
from labshare.booking.queries.bench import find_place, to_put_away
from labshare.http.actor import current_actor
from labshare.http.rights import OWN_LABS, requires
from labshare.organisations.permissions import may
from labshare.web.addresses import SCANNED
from labshare.web.codes import Answer, not_ours, of_our_other_firm
from labshare.web.errors import page
from labshare.web.filters import chinese, localized
from labshare.web.lab import blueprint
from labshare.web.steps import message_with


@blueprint.get("/places/<int:place_id>/put")
@requires("booking.work", of=OWN_LABS)
def put_into(place_id: int) -> Any:
    """The sample scanned last first; one press puts it there."""
    place = find_place(place_id)
    if place is None or place.lab.firm_id != current_actor().firm_id:
        return of_our_other_firm(
            lambda other: place is not None and may(other, "booking.work", lab=place.lab.firm_id)
        ) or not_ours(
            _("No storage place of your lab has this code. The label says whose it is; scan a place of your own lab.")
        )
    if not place.in_use:
        return _removed(place)
    scanned = session.get(SCANNED)
    return render_template(
        "lab/put_into.html",
        place=place,
        scanned=scanned,
        rows=to_put_away(place.lab_id, scanned=scanned),
    )


def _removed(place: StoragePlace) -> Answer:
    return page(
        404,
        message_with(
            _("“%(place)s” of %(lab)s is no longer in use. Scan another place, and take this label off."),
            place=chinese(place.name),
            lab=localized(place.lab),
        ),
        title=_("This place was removed"),
        way=(url_for("lab.places", lab_id=place.lab_id), _("Where samples lie")),
    )
