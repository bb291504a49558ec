"""The photos on a lab's public page: add, order, remove."""

from typing import Any

from flask import current_app, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from labshare.http.actor import current_actor
from labshare.http.limits import limited
from labshare.http.rights import OWN_FIRM, Of, requires
from labshare.kernel.actor import Actor
from labshare.kernel.media import PICTURES, WEBP, accept
from labshare.kernel.time import utc_now
from labshare.organisations.permissions import check
from labshare.settlement.files import TakenPhoto, take_photo
from labshare.settlement.queries.photos import get_photo, photos_of
from labshare.settlement.services.photos import WORDS_EN_LENGTH, WORDS_LENGTH, add_photo, move_photo, remove_photo
from labshare.settlement.terms import PHOTOS_AT_MOST
from labshare.web.forms import FileField, Form, StringField, length, optional, required
from labshare.web.lab import blueprint
from labshare.web.lab.catalogue import common
from labshare.web.steps import carry_out, posted


class PhotoForm(Form):
    photo = FileField(
        _l("Photo"),
        [required(_l("Choose a file."))],
        description=_l("JPEG, PNG or WebP, up to 20 MB. Where and with what it was taken is not published."),
        render_kw=accept((*PICTURES, WEBP)),
    )
    words = StringField(
        _l("What is to be seen"),
        [required(_l("Say what is to be seen.")), length(WORDS_LENGTH)],
        description=_l("For whoever does not see it, such as: the hall with four salt spray chambers."),
    )
    words_en = StringField(_l("What is to be seen, in English"), [optional(), length(WORDS_EN_LENGTH)])

    def taken(self) -> TakenPhoto | None:
        """The picture, examined and made anew, before the transaction begins."""
        if not self.validate_on_submit():
            return None
        return take_photo(self.photo.data.stream, self.photo.data.filename, now=utc_now())


def _own_lab(actor: Actor, *, lab_id: int, **_address: Any) -> None:
    check(actor, "catalogue.change", firm=actor.firm_id)
    common.my_lab(lab_id)


THE_LAB = Of("own lab in the address", asks=_own_lab)
"""Asked before a picture is read."""


@blueprint.route("/labs/<int:lab_id>/photos", methods=["GET", "POST"])
@requires("catalogue.change", of=THE_LAB, file=True)
@limited("message")
def photos(lab_id: int) -> Any:
    form = PhotoForm()
    taken = form.taken()
    answer = posted(
        form,
        lambda: add_photo(
            actor=current_actor(),
            now=utc_now(),
            lab_id=lab_id,
            photo=taken,
            words=form.words.data or "",
            words_en=form.words_en.data or "",
        ),
        lambda _added: (_("The photo is added."), url_for("lab.photos", lab_id=lab_id)),
    )
    if isinstance(answer, Response):
        return answer
    return render_template(
        "lab/catalogue/photos.html",
        form=form,
        lab=common.my_lab(lab_id),
        photos=photos_of(lab_id),
        most=PHOTOS_AT_MOST,
        upload_limit=current_app.config["UPLOAD_LIMIT"],
    ), answer


@blueprint.post("/photos/<int:photo_id>/<any(up, down):way>")
@requires("catalogue.change", of=OWN_FIRM)
def photo_move(photo_id: int, way: str) -> Any:
    common.my_lab(get_photo(photo_id).lab_id)
    return carry_out(
        lambda: move_photo(actor=current_actor(), now=utc_now(), photo_id=photo_id, up=way == "up"),
        lambda photo: (
            _("The photo is number %(n)s now.", n=photo.place),
            url_for("lab.photos", lab_id=photo.lab_id, _anchor=f"photo-{photo_id}"),
        ),
    )


@blueprint.post("/photos/<int:photo_id>/remove")
@requires("catalogue.change", of=OWN_FIRM)
def photo_remove(photo_id: int) -> Any:
    common.my_lab(get_photo(photo_id).lab_id)
    return carry_out(
        lambda: remove_photo(actor=current_actor(), now=utc_now(), photo_id=photo_id),
        lambda lab: (_("The photo is removed."), url_for("lab.photos", lab_id=lab.id)),
    )
