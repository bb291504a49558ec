"""Handover notes: what the next shift must know."""

from typing import Any

from flask import render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from labshare.booking.queries.bookings import get_booking
from labshare.booking.queries.handovers import get_handover, list_handovers
from labshare.booking.services import hand_over, take_note
from labshare.booking.services.handovers import HANDOVER_LENGTH
from labshare.http.actor import current_actor
from labshare.http.rights import OWN_LABS, Of, requires
from labshare.kernel.errors import NotFound
from labshare.kernel.time import utc_now
from labshare.web.forms import Form, TextAreaField, length, required
from labshare.web.lab import blueprint
from labshare.web.lab.board import chosen_lab
from labshare.web.steps import carry_out, posted

MOST_SHOWN = 50
THE_NOTE = Of("handover note in the address", asks=get_handover)


class HandoverForm(Form):
    text = TextAreaField(
        _l("What the next shift must know"),
        [required(), length(HANDOVER_LENGTH)],
        description=_l("It stays as written, with your name and the time."),
    )


@blueprint.route("/handovers", methods=["GET", "POST"])
@requires("booking.work", of=OWN_LABS)
def handovers() -> Any:
    """The lab's notes, the newest first; one more, of the day or of the booking in the address."""
    actor, form, ref = current_actor(), HandoverForm(), request.args.get("booking") or None
    lab, labs = chosen_lab(actor)
    if ref is not None:
        booking = get_booking(actor, ref)
        if booking.lab_firm_id != actor.firm_id:
            raise NotFound
        lab = booking.lab
    answer = posted(
        form,
        lambda: hand_over(actor=actor, now=utc_now(), text=form.text.data or "", lab_id=lab.id, ref=ref),
        lambda _made: (
            _("Written; it stands on the page of the day until a colleague takes note of it."),
            url_for("lab.booking", ref=ref) if ref else url_for("lab.today", lab=lab.code),
        ),
    )
    if isinstance(answer, Response):
        return answer
    return (
        render_template(
            "lab/today/handovers.html",
            form=form,
            lab=lab,
            labs=labs,
            ref=ref,
            notes=list_handovers(actor, lab_id=lab.id, limit=MOST_SHOWN),
            me=actor.person_id,
        ),
        answer,
    )


@blueprint.post("/handovers/<int:handover_id>/note")
@requires("booking.work", of=THE_NOTE, verb="handover.take_note")
def handover_noted(handover_id: int) -> Any:
    """Taken note of; the reader stays where they are."""
    return carry_out(
        lambda: take_note(actor=current_actor(), now=utc_now(), handover_id=handover_id),
        lambda note: (
            _("Taken note of."),
            url_for("lab.booking", ref=note.booking.ref)
            if note.booking and request.form.get("back") == "booking"
            else url_for("lab.today", lab=note.lab.code),
        ),
    )
