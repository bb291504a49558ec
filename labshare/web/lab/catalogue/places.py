"""Where a lab keeps samples: the list that its bench chooses from."""

from typing import Any

from flask import render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from labshare.booking.queries.bench import get_place, places_of
from labshare.booking.services import add_place, drop_place
from labshare.booking.services.bench import PLACE_LENGTH
from labshare.http.actor import current_actor
from labshare.http.bench_labels import place_labels as labels_of
from labshare.http.limits import limited
from labshare.http.rights import OWN_FIRM, requires
from labshare.kernel.time import utc_now
from labshare.web.forms import Form, StringField, length, required
from labshare.web.lab import blueprint
from labshare.web.lab.catalogue import common
from labshare.web.steps import carry_out, posted


class PlaceForm(Form):
    name = StringField(
        _l("Storage place"),
        [required(), length(PLACE_LENGTH)],
        description=_l("As it is written on the shelf, such as: Cupboard 2, shelf B."),
    )


@blueprint.route("/labs/<int:lab_id>/places", methods=["GET", "POST"])
@requires("catalogue.change", of=OWN_FIRM)
def places(lab_id: int) -> Any:
    """The places in use; one more."""
    lab, form = common.my_lab(lab_id), PlaceForm()
    answer = posted(
        form,
        lambda: add_place(actor=current_actor(), now=utc_now(), lab_id=lab_id, name=form.name.data or ""),
        lambda _added: (_("The place is added."), url_for("lab.places", lab_id=lab_id)),
    )
    if isinstance(answer, Response):
        return answer
    return render_template("lab/catalogue/places.html", form=form, lab=lab, places=places_of(lab_id)), answer


@blueprint.get("/labs/<int:lab_id>/places/labels")
@requires("catalogue.change", of=OWN_FIRM)
@limited("export")
def place_labels(lab_id: int) -> Response:
    """To stick on shelves and cupboards."""
    return labels_of(common.my_lab(lab_id), places_of(lab_id))


@blueprint.post("/places/<int:place_id>/drop")
@requires("catalogue.change", of=OWN_FIRM)
def place_drop(place_id: int) -> Any:
    common.my_lab(get_place(place_id).lab_id)
    return carry_out(
        lambda: drop_place(actor=current_actor(), now=utc_now(), place_id=place_id),
        lambda place: (
            _("The place is removed; what lies there keeps its note."),
            url_for("lab.places", lab_id=place.lab_id),
        ),
    )
