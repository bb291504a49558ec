"""The booking page as the client sees it, and its verbs."""

from typing import Any

from flask import redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from labshare.booking.queries.bookings import get_booking, sees_booking
from labshare.booking.services import reschedule
from labshare.http.actor import current_actor
from labshare.http.bench_labels import sample_labels
from labshare.http.limits import count, limited
from labshare.http.rights import FOUND, THE_BOOKING, requires
from labshare.kernel.database import report_refusal
from labshare.kernel.formatting import short_day
from labshare.kernel.time import utc_now
from labshare.settlement import services
from labshare.settlement.queries.contests import contestable
from labshare.settlement.rules.disputes import ANSWER_WITHIN
from labshare.web.addresses import SCANNED
from labshare.web.booking_page import act, show
from labshare.web.booking_steps import CHOICES, RIGHTS
from labshare.web.client import blueprint
from labshare.web.codes import not_ours, of_our_other_firm
from labshare.web.moving import choose
from labshare.web.steps import Around, posted
from labshare.web.talking import ContestForm, DisputeForm, say, taken


@blueprint.get("/bookings/<ref>")
@requires("booking.see", of=FOUND)
def booking(ref: str) -> Any:
    return show(ref, side="client")


@blueprint.get("/bookings/<ref>/labels")
@requires("booking.see", of=FOUND)
@limited("export")
def booking_labels(ref: str) -> Response:
    actor = current_actor()
    booking = get_booking(actor, ref)
    return sample_labels(booking, for_lab=actor.firm_id == booking.lab_firm_id)


@blueprint.get("/go/<ref>")
@requires("booking.see", of=FOUND)
def scanned(ref: str) -> Any:
    """Where the QR code of a sample leads: to the booking's page of whoever holds the phone."""
    actor = current_actor()
    if not sees_booking(actor, ref):
        return of_our_other_firm(lambda other: sees_booking(other, ref)) or not_ours(
            _("No booking that you may see has this code. If the sample is with you, give it to the lab on its label.")
        )
    booking = get_booking(actor, ref)
    session[SCANNED] = booking.ref
    side = {booking.lab_firm_id: "lab", booking.client_firm_id: "client"}.get(actor.firm_id or 0, "regulator")
    return redirect(url_for(f"{side}.booking", ref=booking.ref))


@blueprint.post(f"/bookings/<ref>/<any({CHOICES}):verb>")
@requires("booking.see", of=FOUND, then=tuple(RIGHTS.values()))
def booking_verb(ref: str, *, verb: str) -> Any:
    return act(ref, name=verb, side="client")


@blueprint.route("/bookings/<ref>/move", methods=["GET", "POST"])
@requires("booking.reschedule", of=THE_BOOKING)
def move_booking(ref: str) -> Any:
    return choose(ref, side="client", service=reschedule, done=_l("Moved to the new time."))


@blueprint.post("/bookings/<ref>/messages")
@requires("message.write", of=THE_BOOKING, verb="message.write", file=True)
@limited("message")
def write_message(ref: str) -> Any:
    return say(ref, name="message", side="client", show=show)


@blueprint.post("/bookings/<ref>/rating")
@requires("rating.give", of=THE_BOOKING, verb="rating.give")
def rate_booking(ref: str) -> Any:
    return say(ref, name="rate", side="client", show=show)


@blueprint.route("/bookings/<ref>/dispute", methods=["GET", "POST"])
@requires("dispute.open", of=THE_BOOKING, verb="dispute.open", file=True)
def open_dispute(ref: str) -> Any:
    """The page on which a dispute is begun."""
    booking = get_booking(current_actor(), ref)
    form = DisputeForm()
    if request.method == "POST":
        count("message")
    files = taken(form.files) if form.is_submitted() and form.validate() else []
    answer = posted(
        form,
        lambda: services.open_dispute(
            actor=current_actor(), now=utc_now(), ref=ref, text=form.text.data or "", files=files
        ),
        lambda _dispute: (
            _("The lab is told; its revenue from this booking is held until the dispute ends."),
            url_for("client.booking", ref=ref, _anchor="dispute"),
        ),
        Around(refused=report_refusal),
    )
    if isinstance(answer, Response):
        return answer
    return render_template("client/dispute.html", booking=booking, form=form, days=ANSWER_WITHIN), answer


@blueprint.route("/bookings/<ref>/contest", methods=["GET", "POST"])
@requires("contest.raise", of=THE_BOOKING, verb="contest.raise")
def contest_document(ref: str) -> Any:
    """The page on which a document is contested."""
    actor, now = current_actor(), utc_now()
    booking = get_booking(actor, ref)
    form = ContestForm()
    form.document.choices = [
        (one.name, f"{one.kind.label} {one.number} · {_('until %(day)s', day=short_day(one.last_day))}")
        for one in contestable(actor, booking)
        if one.open_at(now)
    ]
    if request.method == "POST":
        count("message")
    answer = posted(
        form,
        lambda: services.contest_document(
            actor=actor, now=now, ref=ref, document=form.document.data, reason=form.reason.data or ""
        ),
        lambda _contest: (
            _("The lab and the authority are told; the booking is held until it is decided."),
            url_for("client.booking", ref=ref, _anchor="contest"),
        ),
        Around(refused=report_refusal),
    )
    if isinstance(answer, Response):
        return answer
    return render_template("client/contest.html", booking=booking, form=form), answer


@blueprint.post("/bookings/<ref>/dispute/settle")
@requires("dispute.settle", of=THE_BOOKING, verb="dispute.settle")
@limited("message")
def settle_dispute(ref: str) -> Any:
    return say(ref, name="settle", side="client", show=show)


@blueprint.post("/bookings/<ref>/dispute/escalate")
@requires("dispute.escalate", of=THE_BOOKING, verb="dispute.escalate")
def escalate_dispute(ref: str) -> Any:
    return say(ref, name="escalate", side="client", show=show)
