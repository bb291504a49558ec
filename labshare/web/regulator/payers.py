"""Payments by another payer than the client, for officers to accept or not; the ledger of all labs."""

from functools import partial
from typing import Any

from flask import redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from labshare.catalogue.models import Lab
from labshare.kernel.actor import Actor
from labshare.kernel.database import db, transaction
from labshare.kernel.errors import InvalidInput, NotAllowed, Problem, SignInFirst
from labshare.kernel.money import money_text
from labshare.kernel.time import utc_now
from labshare.organisations.permissions import may
from labshare.settlement import services
from labshare.settlement.queries.missing import count_payers
from labshare.settlement.queries.missing import payers as payments_by_others
from labshare.settlement.services.payments import NOTE_LENGTH
from labshare.web.actor import current_actor
from labshare.web.documents import booking_href
from labshare.web.forms import Form, StringField, length, show_problem
from labshare.web.layout import flash_done
from labshare.web.ledger import asked_page, ledger_page
from labshare.web.regulator import blueprint


class VerdictForm(Form):
    note = StringField(_l("Reason"), [length(NOTE_LENGTH)])


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


def _payers_page(form: VerdictForm | None = None, payment_id: int | None = None, status: int = 200) -> Any:
    actor = current_actor()
    waiting = request.args.get("show") != "decided"
    page = asked_page(count_payers(actor, waiting=waiting))
    rows = payments_by_others(actor, waiting=waiting, limit=page.size, offset=page.offset)
    html = render_template(
        "regulator/payers.html",
        rows=rows,
        waiting=waiting,
        page=page,
        booking_href=partial(booking_href, actor=actor),
        refused=form,
        refused_id=payment_id,
        decides=may(actor, "payment.accept_payer"),
    )
    return html, status


@blueprint.post("/payers/<int:payment_id>/<any(accept, reject):verdict>")
def decide_payer(payment_id: int, verdict: str) -> Any:
    """Let a payment by another payer count, or not."""
    actor = _regulator()
    form = VerdictForm()
    if not form.validate():
        return _payers_page(form, payment_id, InvalidInput.status)
    decide = services.accept_payer if verdict == "accept" else services.reject_payer
    try:
        with transaction():
            payment = decide(actor=actor, now=utc_now(), payment_id=payment_id, note=form.note.data or "")
            amount, ref = money_text(payment.amount_fen), payment.booking.ref
    except Problem as problem:
        if problem.status in (403, 404):
            raise
        return _payers_page(form, payment_id, show_problem(form, problem))
    if verdict == "accept":
        flash_done(_("The payer at %(ref)s is accepted; %(amount)s counts.", ref=ref, amount=amount))
    else:
        flash_done(_("The payer at %(ref)s is not accepted; %(amount)s does not count.", ref=ref, amount=amount))
    return redirect(url_for("regulator.payers"), 303)


@blueprint.get("/ledger")
def ledger() -> Any:
    """The revenue ledger of all labs, by month."""
    actor = _regulator()
    labs = list(db.session.scalars(select(Lab).order_by(Lab.code)))
    asked = request.args.get("lab")
    lab_id = next((lab.id for lab in labs if lab.code == asked), None)
    return ledger_page(actor, "regulator/ledger.html", labs, lab_id)
