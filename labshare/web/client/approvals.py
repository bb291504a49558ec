"""The inside yes: what waits for the firm's approver, and the answer."""

from typing import Any

from flask import render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from labshare.booking import services
from labshare.booking.models import Booking
from labshare.booking.queries.approvals import (
    asked_approval,
    count_approvals,
    decided_approval,
    get_approval,
    list_approvals,
)
from labshare.http.actor import current_actor
from labshare.http.rights import FOUND, OWN_BOOKINGS, Of, requires
from labshare.kernel.errors import NotFound, Problem
from labshare.kernel.money import Fen
from labshare.kernel.time import utc_now
from labshare.organisations.permissions import may
from labshare.web.asked import asked_page
from labshare.web.client import blueprint
from labshare.web.forms import Form, TextAreaField, WholeNumberField, length, required, show_problem
from labshare.web.steps import carry_out


class ApproveForm(Form):
    price_fen = WholeNumberField("", [required()], least=0)
    """What was seen: at another price nothing is booked."""


class RefuseForm(Form):
    reason = TextAreaField(_l("Reason"), [required(_l("Give a reason.")), length(500)])


TO_DECIDE = Of("approval in the address, to decide", asks=decided_approval)
TO_ASK = Of("approval in the address, one's own", asks=asked_approval)


@blueprint.get("/client/approvals")
@requires("approval.see", of=OWN_BOOKINGS)
def approvals() -> Any:
    """What waits for the inside yes, and what was answered."""
    actor = current_actor()
    page = asked_page()
    return render_template(
        "client/approvals.html",
        rows=list_approvals(actor, limit=page.size, offset=page.offset),
        now=utc_now(),
        page=page.of(count_approvals(actor)),
    )


def _page(
    approval_id: int,
    *,
    approving: ApproveForm | None = None,
    refusing: RefuseForm | None = None,
    problem: Problem | None = None,
) -> Any:
    actor, now = current_actor(), utc_now()
    found = get_approval(actor, approval_id)
    form = approving or ApproveForm(formdata=None)
    status = show_problem(form, problem) if problem else 422 if approving or refusing else 200
    return (
        render_template(
            "client/approval.html",
            approval=found,
            now=now,
            waits=found.open_at(now),
            form=form,
            refusing=refusing or RefuseForm(formdata=None),
            may_decide=may(actor, "approval.decide", client=found.firm_id),
            mine=found.asked_by == actor.person_id,
        ),
        status,
    )


@blueprint.get("/client/approvals/<int:approval_id>")
@requires("approval.see", of=FOUND)
def approval(approval_id: int) -> Any:
    """One booking that waits inside."""
    return _page(approval_id)


@blueprint.post("/client/approvals/<int:approval_id>/approve")
@requires("approval.decide", of=TO_DECIDE, verb="approval.approve")
def approve(approval_id: int) -> Any:
    """Say yes: it is booked."""
    actor, now = current_actor(), utc_now()
    form = ApproveForm()
    if not form.validate():
        return _page(approval_id, approving=form)

    def done(booking: Booking) -> tuple[str, str]:
        return _("Booked as %(ref)s.", ref=booking.ref), url_for(".booking", ref=booking.ref)

    return _carried(
        approval_id,
        lambda: services.approve(actor=actor, now=now, approval_id=approval_id, price_fen=Fen(form.price_fen.data)),
        done,
    )


@blueprint.post("/client/approvals/<int:approval_id>/refuse")
@requires("approval.decide", of=TO_DECIDE, verb="approval.refuse")
def refuse_approval(approval_id: int) -> Any:
    """Say no, with a reason."""
    form = RefuseForm()
    if not form.validate():
        return _page(approval_id, refusing=form)
    return _carried(
        approval_id,
        lambda: services.refuse_approval(
            actor=current_actor(), now=utc_now(), approval_id=approval_id, reason=form.reason.data
        ),
        lambda found: (_("Not approved; whoever asked is told."), url_for(".approval", approval_id=found.id)),
    )


@blueprint.post("/client/approvals/<int:approval_id>/withdraw")
@requires("approval.ask", of=TO_ASK, verb="approval.withdraw")
def withdraw_approval(approval_id: int) -> Any:
    """Take back what one asked for."""
    return _carried(
        approval_id,
        lambda: services.withdraw_approval(actor=current_actor(), now=utc_now(), approval_id=approval_id),
        lambda found: (_("Withdrawn; the slot is free again."), url_for(".approval", approval_id=found.id)),
    )


def _carried(approval_id: int, step: Any, done: Any) -> Any:
    try:
        return carry_out(step, done)
    except NotFound:
        raise
    except Problem as problem:
        return _page(approval_id, problem=problem)
