"""The booking page as the lab sees it, and its verbs."""

from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from labshare.booking.rules.lifecycle import ACTIONS
from labshare.booking.services import propose
from labshare.http.actor import current_actor
from labshare.http.limits import limited
from labshare.http.rights import FOUND, THE_BOOKING, requires
from labshare.kernel.time import utc_now
from labshare.settlement.services import add_sample_photo, take_in
from labshare.web.booking_page import act, show
from labshare.web.booking_steps import CHOICES, RIGHTS, SamplePhotoForm
from labshare.web.lab import blueprint
from labshare.web.moving import choose
from labshare.web.steps import posted
from labshare.web.talking import say


@blueprint.get("/bookings/<ref>")
@requires("booking.see", of=FOUND)
def booking(ref: str) -> Any:
    return show(ref, side="lab")


@blueprint.post(f"/bookings/<ref>/<any({CHOICES}):verb>")
@requires("booking.see", of=FOUND, then=tuple(RIGHTS.values()))
def booking_verb(ref: str, *, verb: str) -> Any:
    return act(ref, name=verb, side="lab")


@blueprint.route("/bookings/<ref>/move", methods=["GET", "POST"])
@requires("booking.propose", of=THE_BOOKING)
def move_booking(ref: str) -> Any:
    return choose(ref, side="lab", service=propose, done=_l("Proposed; the client is asked."))


@blueprint.post("/bookings/<ref>/messages")
@requires("message.write", of=THE_BOOKING, verb="message.write", file=True)
@limited("message")
def write_message(ref: str) -> Any:
    return say(ref, name="message", side="lab", show=show)


@blueprint.post("/bookings/<ref>/photo")
@requires(ACTIONS["photo"], of=THE_BOOKING, verb="booking.add_photo", file=True)
@limited("message")
def sample_photo(ref: str) -> Any:
    """A photo of the samples as they came; refused, the page says why at its field."""
    form = SamplePhotoForm(prefix="photo-")
    upload = form.photo.data
    photo = take_in(upload.stream, upload.filename, "document", now=utc_now()) if form.validate_on_submit() else None
    answer = posted(
        form,
        lambda: add_sample_photo(actor=current_actor(), now=utc_now(), ref=ref, photo=photo),
        lambda _added: (_("The photo is added."), url_for("lab.booking", ref=ref)),
        file="photo",
    )
    return answer if isinstance(answer, Response) else show(ref, side="lab", forms={"photo": form}, status=answer)


@blueprint.post("/bookings/<ref>/dispute/settle")
@requires("dispute.settle", of=THE_BOOKING, verb="dispute.settle")
@limited("message")
def settle_dispute(ref: str) -> Any:
    return say(ref, name="settle", side="lab", show=show)


@blueprint.post("/bookings/<ref>/dispute/escalate")
@requires("dispute.escalate", of=THE_BOOKING, verb="dispute.escalate")
def escalate_dispute(ref: str) -> Any:
    return say(ref, name="escalate", side="lab", show=show)


@blueprint.post("/bookings/<ref>/dispute/answer")
@requires("dispute.answer", of=THE_BOOKING, verb="dispute.answer", file=True)
@limited("message")
def answer_dispute(ref: str) -> Any:
    return say(ref, name="answer", side="lab", show=show)


@blueprint.post("/bookings/<ref>/rating/answer")
@requires("rating.answer", of=THE_BOOKING, verb="rating.answer")
def answer_rating(ref: str) -> Any:
    return say(ref, name="answer_rating", side="lab", show=show)
