"""Payments by another payer than the client, for officers to accept or not; the ledger of all labs."""

from functools import partial
from typing import Any

from flask import render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from labshare.catalogue.queries.own import labs_of_regulator
from labshare.http.actor import current_actor
from labshare.http.rights import OWN_DIVISION, requires
from labshare.kernel.formatting import plain_money
from labshare.kernel.time import local_day, utc_now
from labshare.organisations.permissions import may_anywhere
from labshare.settlement import services
from labshare.settlement.models import Payment
from labshare.settlement.queries.missing import count_payers
from labshare.settlement.queries.missing import payers as payments_by_others
from labshare.settlement.services.payments import NOTE_LENGTH
from labshare.web.asked import asked_page
from labshare.web.documents import booking_href
from labshare.web.forms import Form, StringField, length, required
from labshare.web.ledger import ledger_page
from labshare.web.regulator import blueprint
from labshare.web.steps import posted


class AcceptForm(Form):
    note = StringField(
        _l("Note"),
        [required(_l("Say why the payer may pay for the client.")), length(NOTE_LENGTH)],
        description=_l("It stands in the audit trail."),
    )


class RejectForm(Form):
    note = StringField(_l("Reason"), [required(_l("Give a reason.")), length(NOTE_LENGTH)])


FORMS: dict[str, type[Form]] = {"accept": AcceptForm, "reject": RejectForm}
Place = tuple[int, str]
"""A payment and a verdict: each has a dialog with a form of its own."""


def _form(place: Place, **given: Any) -> Any:
    form = FORMS[place[1]](**given)
    form.with_ids(f"{place[1]}-{place[0]}")
    return form


@blueprint.get("/payers")
@requires("payer.see", of=OWN_DIVISION)
def payers() -> Any:
    """Payments that wait, and those decided."""
    return _payers_page()


def _payers_page(sent: Any = None, place: Place | None = None, status: int = 200) -> Any:
    """`sent` is the form of `place` that came back with errors."""
    actor = current_actor()
    waiting = request.args.get("show") != "decided"
    page = asked_page(count_payers(actor, waiting=waiting))
    rows = payments_by_others(actor, waiting=waiting, limit=page.size, offset=page.offset)
    places = [(row.payment.id, verdict) for row in rows for verdict in FORMS] if waiting else []
    forms = {each: sent if each == place else _form(each, formdata=None) for each in places}
    html = render_template(
        "regulator/payers.html",
        rows=rows,
        waiting=waiting,
        page=page,
        booking_href=partial(booking_href, actor=actor),
        forms=forms,
        refused=None if place in forms else sent,
        decides=may_anywhere(actor, "payment.accept_payer"),
    )
    return html, status


@blueprint.post("/payers/<int:payment_id>/<any(accept, reject):verdict>")
@requires("payment.accept_payer", of=OWN_DIVISION)
def decide_payer(payment_id: int, verdict: str) -> Any:
    """Let a payment by another payer count, or not."""
    place = (payment_id, verdict)
    form = _form(place)
    decide = services.accept_payer if verdict == "accept" else services.reject_payer
    answer = posted(
        form,
        lambda: decide(actor=current_actor(), now=utc_now(), payment_id=payment_id, note=form.note.data or ""),
        lambda payment: (_decided(payment, verdict), url_for("regulator.payers")),
    )
    return answer if isinstance(answer, Response) else _payers_page(form, place, answer)


def _decided(payment: Payment, verdict: str) -> str:
    amount, ref = plain_money(payment.amount_fen), payment.booking.ref  # type: ignore[attr-defined]
    if verdict == "accept":
        return _("The payer at %(ref)s is accepted; %(amount)s counts.", ref=ref, amount=amount)
    return _("The payer at %(ref)s is not accepted; %(amount)s does not count.", ref=ref, amount=amount)


@blueprint.get("/ledger")
@requires("payer.see", of=OWN_DIVISION)
def ledger() -> Any:
    """The revenue ledger of all labs, by month."""
    actor = current_actor()
    labs = labs_of_regulator(actor, local_day(utc_now()))
    asked = request.args.get("lab")
    lab_id = next((lab.id for lab in labs if lab.code == asked), None)
    return ledger_page(actor, "regulator/ledger.html", labs, lab_id)
