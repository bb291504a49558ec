"""Payments by another payer than the client, for officers to accept or not; the ledger of all labs."""

from functools import partial
from typing import Any

from flask import redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from labshare.catalogue.queries.own import all_labs
from labshare.kernel.actor import Actor
from labshare.kernel.database import transaction
from labshare.kernel.errors import InvalidInput, NotAllowed, Problem, SignInFirst
from labshare.kernel.formatting import plain_money
from labshare.kernel.time import utc_now
from labshare.organisations.permissions import check, may
from labshare.settlement import services
from labshare.settlement.queries.missing import count_payers
from labshare.settlement.queries.missing import payers as payments_by_others
from labshare.settlement.services.payments import NOTE_LENGTH
from labshare.web.actor import current_actor
from labshare.web.documents import booking_href
from labshare.web.forms import Form, StringField, length, required, show_problem
from labshare.web.layout import flash_done
from labshare.web.ledger import asked_page, ledger_page
from labshare.web.regulator import blueprint


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


def _regulator() -> Actor:
    actor = current_actor()
    if actor.person_id is None:
        raise SignInFirst
    if not may(actor, "payer.see"):
        raise NotAllowed
    return actor


@blueprint.get("/payers")
def payers() -> Any:
    """Payments that wait, and those decided."""
    _regulator()
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
        decides=may(actor, "payment.accept_payer"),
    )
    return html, status


@blueprint.post("/payers/<int:payment_id>/<any(accept, reject):verdict>")
def decide_payer(payment_id: int, verdict: str) -> Any:
    """Let a payment by another payer count, or not."""
    actor = _regulator()
    check(actor, "payment.accept_payer")
    place = (payment_id, verdict)
    form = _form(place)
    if not form.validate():
        return _payers_page(form, place, InvalidInput.status)
    decide = services.accept_payer if verdict == "accept" else services.reject_payer
    try:
        with transaction():
            payment = decide(actor=actor, now=utc_now(), payment_id=payment_id, note=form.note.data or "")
            amount, ref = plain_money(payment.amount_fen), payment.booking.ref
    except Problem as problem:
        if problem.status in (403, 404):
            raise
        return _payers_page(form, place, show_problem(form, problem))
    if verdict == "accept":
        flash_done(_("The payer at %(ref)s is accepted; %(amount)s counts.", ref=ref, amount=amount))
    else:
        flash_done(_("The payer at %(ref)s is not accepted; %(amount)s does not count.", ref=ref, amount=amount))
    return redirect(url_for("regulator.payers"), 303)


@blueprint.get("/ledger")
def ledger() -> Any:
    """The revenue ledger of all labs, by month."""
    actor = _regulator()
    labs = all_labs()
    asked = request.args.get("lab")
    lab_id = next((lab.id for lab in labs if lab.code == asked), None)
    return ledger_page(actor, "regulator/ledger.html", labs, lab_id)
