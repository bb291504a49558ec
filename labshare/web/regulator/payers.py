"""Payments by another payer than the client, for officers to accept or not; the ledger of all labs."""

from collections.abc import Callable
from functools import partial
from typing import Any

from flask import render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from labshare.catalogue.queries.own import labs_of_regulator
from labshare.http.actor import current_actor
from labshare.http.rights import OWN_DIVISION, requires
from labshare.kernel.actor import Actor
from labshare.kernel.formatting import plain_money
from labshare.kernel.time import local_day, utc_now
from labshare.organisations.permissions import may_anywhere, prefixes
from labshare.settlement import services
from labshare.settlement.models import Payment
from labshare.settlement.queries.payers import count_payers, payer_limits
from labshare.settlement.queries.payers import payers as payments_by_others
from labshare.settlement.services.payers import NOTE_LENGTH
from labshare.web.asked import asked_page
from labshare.web.documents import booking_href
from labshare.web.forms import Form, MoneyField, StringField, length, required, show_problem
from labshare.web.ledger import ledger_page
from labshare.web.regulator import blueprint
from labshare.web.steps import posted, pressed


class AcceptForm(Form):
    note = StringField(
        _l("Note"),
        [required(_l("Say why the payer may pay for the client.")), length(NOTE_LENGTH)],
        description=_l("It stands in the audit trail."),
    )


class RejectForm(Form):
    note = StringField(_l("Reason"), [required(_l("Give a reason.")), length(NOTE_LENGTH)])


class LimitForm(Form):
    amount_fen = MoneyField(
        _l("Limit (CNY)"),
        [required()],
        description=_l("Of one payer at one lab in a calendar year. 0: every other payer needs two persons."),
    )
    reason = StringField(_l("Reason"), [required(_l("Give a reason.")), length(NOTE_LENGTH)])


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


def _payers_page(
    sent: Any = None, place: Place | None = None, status: int = 200, limit_form: LimitForm | None = None
) -> Any:
    """`sent` is the form of `place` that came back with errors."""
    actor = current_actor()
    waiting = request.args.get("show") != "decided"
    page = asked_page(count_payers(actor, waiting=waiting))
    rows = payments_by_others(actor, waiting=waiting, limit=page.size, offset=page.offset)
    places = [(row.payment.id, verdict) for row in rows for verdict in FORMS] if waiting else []
    forms = {each: sent if each == place else _form(each, formdata=None) for each in places}
    own = _division(actor)
    limits = payer_limits({own} | {row.booking.division for row in rows})
    html = render_template(
        "regulator/payers.html",
        rows=rows,
        waiting=waiting,
        page=page,
        booking_href=partial(booking_href, actor=actor),
        forms=forms,
        refused=None if place in forms else sent,
        decides=may_anywhere(actor, "payment.accept_payer"),
        limit_fen=limits[own],
        limits=limits,
        limit_form=limit_form or LimitForm(formdata=None, amount_fen=limits[own]),
        sets_limit=may_anywhere(actor, "payment.set_payer_limit"),
    )
    return html, status


def _division(actor: Actor) -> str:
    """That of the regulator's role, whose limit the page names."""
    return next(iter(prefixes(actor, "payer.see")), "")


@blueprint.post("/payers/confirm/<int:acceptance_id>")
@requires("payment.confirm_payer", of=OWN_DIVISION)
def confirm_payer(acceptance_id: int) -> Any:
    """Say yes as a second person to the payer that an officer accepted."""
    answer = pressed(
        lambda: services.confirm_payer(actor=current_actor(), now=utc_now(), acceptance_id=acceptance_id),
        lambda payment: (_decided(payment, "accept"), url_for("regulator.payers")),
    )
    if isinstance(answer, Response):
        return answer
    form = Form(formdata=None)
    return _payers_page(form, status=show_problem(form, answer))


@blueprint.post("/payers/limit")
@requires("payment.set_payer_limit", of=OWN_DIVISION)
def set_payer_limit() -> Any:
    form = LimitForm()
    answer = posted(
        form,
        lambda: services.set_payer_limit(
            actor=current_actor(), now=utc_now(), amount_fen=form.amount_fen.data, reason=form.reason.data or ""
        ),
        lambda limit: (
            _("From %(amount)s on, other payers need two persons.", amount=plain_money(limit.amount_fen)),
            url_for("regulator.payers"),
        ),
    )
    return answer if isinstance(answer, Response) else _payers_page(status=answer, limit_form=form)


@blueprint.post("/payers/<int:payment_id>/accept")
@requires("payment.accept_payer", of=OWN_DIVISION)
def accept_payer(payment_id: int) -> Any:
    """Let a payment by another payer count."""
    return _decide(payment_id, "accept", services.accept_payer)


@blueprint.post("/payers/<int:payment_id>/reject")
@requires("payment.reject_payer", of=OWN_DIVISION)
def reject_payer(payment_id: int) -> Any:
    """Let it not count."""
    return _decide(payment_id, "reject", services.reject_payer)


def _decide(payment_id: int, verdict: str, decide: Callable[..., Payment]) -> Any:
    place = (payment_id, verdict)
    form = _form(place)
    answer = posted(
        form,
        lambda: decide(actor=current_actor(), now=utc_now(), payment_id=payment_id, note=form.note.data or ""),
        lambda payment: (_decided(payment, verdict), url_for("regulator.payers")),
    )
    return answer if isinstance(answer, Response) else _payers_page(form, place, answer)


def _decided(payment: Payment, verdict: str) -> str:
    amount, ref = plain_money(payment.amount_fen), payment.booking.ref  # type: ignore[attr-defined]
    if payment.payer_waits:  # type: ignore[truthy-function]
        return _("The payer at %(ref)s is accepted; %(amount)s waits for a second person.", ref=ref, amount=amount)
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
