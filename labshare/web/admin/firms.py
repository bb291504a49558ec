"""Firms to verify, and the figures they declare."""

from typing import Any

from flask import render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from labshare.http.actor import current_actor
from labshare.http.rights import requires
from labshare.kernel.seen import digest_of
from labshare.kernel.time import local_day, utc_now
from labshare.organisations import permissions, queries
from labshare.organisations import services as organisations
from labshare.organisations.queries import FirmFilter
from labshare.organisations.queries.affiliations import affiliations_of
from labshare.organisations.queries.bank_accounts import account_of
from labshare.organisations.services.firms import state_of
from labshare.organisations.terms import FirmState
from labshare.web.admin import blueprint
from labshare.web.admin.forms import FirmFilterForm, RefuseForm, ReturnForm, SizeForm
from labshare.web.asked import asked_page
from labshare.web.steps import carry_out, posted


@blueprint.get("/firms")
@requires("firm.see_queue")
def firms() -> Any:
    """The queue of firms that wait, the longest first; or any others."""
    form = FirmFilterForm()
    state = form.state.data if "state" in request.args else FirmState.WAITING
    form.state.data = state
    wanted = FirmFilter(form.q.data or "", state, form.kind.data, form.size_class.data, form.town.data)
    page = asked_page()
    found, total = queries.search_firms(current_actor(), wanted, limit=page.size, offset=page.offset)
    return render_template(
        "admin/firms.html",
        form=form,
        firms=found,
        page=page.of(total),
        state_of=state_of,
        waiting=queries.firms_waiting(current_actor()),
    )


def _page(
    firm_id: int,
    *,
    status: int = 200,
    returning: ReturnForm | None = None,
    size: SizeForm | None = None,
    refusing: RefuseForm | None = None,
) -> Any:
    found = queries.get_firm(firm_id)
    return (
        render_template(
            "admin/firm.html",
            firm=found,
            state=state_of(found),
            sizes=queries.sizes_of(firm_id),
            account=account_of(firm_id, local_day(utc_now())),
            rows=affiliations_of(firm_id=firm_id),
            members=queries.members_of(firm_id),
            returning=returning or ReturnForm(formdata=None),
            size_form=size or SizeForm(formdata=None),
            may_verify=permissions.may(current_actor(), "firm.verify"),
            seen=digest_of(organisations.what_is_verified(found)),
            refusing=refusing or RefuseForm(formdata=None),
        ),
        status,
    )


@blueprint.get("/firms/<int:firm_id>")
@requires("firm.see_queue")
def firm(firm_id: int) -> Any:
    """One firm with all it declared."""
    return _page(firm_id)


@blueprint.post("/firms/<int:firm_id>/verify")
@requires("firm.verify", verb="firm.verify")
def verify_firm(firm_id: int) -> Any:
    """Verify it; the owner is told."""
    return carry_out(
        lambda: organisations.verify_firm(
            actor=current_actor(), now=utc_now(), firm_id=firm_id, seen=request.form.get("seen", "")
        ),
        lambda _done: (_("The firm is verified; its owner is told."), url_for("admin.firms")),
    )


@blueprint.post("/firms/<int:firm_id>/return")
@requires("firm.verify", verb="firm.return")
def return_firm(firm_id: int) -> Any:
    """Return it with a reason; the owner is told."""
    form = ReturnForm()
    answer = posted(
        form,
        lambda: organisations.return_firm(
            actor=current_actor(), now=utc_now(), firm_id=firm_id, reason=form.reason.data
        ),
        lambda _returned: (_("The firm is returned; its owner is told."), url_for("admin.firms")),
    )
    return answer if isinstance(answer, Response) else _page(firm_id, status=answer, returning=form)


@blueprint.post("/firms/<int:firm_id>/size-class")
@requires("firm.verify", verb="firm.set_size_class")
def set_size_class(firm_id: int) -> Any:
    """Set the size class by hand."""
    form = SizeForm()
    answer = posted(
        form,
        lambda: organisations.set_size_class(
            actor=current_actor(),
            now=utc_now(),
            firm_id=firm_id,
            size_class=form.size_class.data,
            reason=form.reason.data,
        ),
        lambda _size: (_("The size class is set from today on."), url_for("admin.firm", firm_id=firm_id)),
    )
    return answer if isinstance(answer, Response) else _page(firm_id, status=answer, size=form)


@blueprint.get("/figures")
@requires("firm.see_queue")
def figures() -> Any:
    """Figures that verified firms declared and nobody has confirmed, the longest waiting first."""
    page = asked_page()
    found, total = queries.waiting_sizes(current_actor(), limit=page.size, offset=page.offset)
    return render_template("admin/figures.html", sizes=found, page=page.of(total))


@blueprint.post("/figures/<int:size_id>/confirm")
@requires("firm.verify", verb="firm.confirm_size")
def confirm_size(size_id: int) -> Any:
    """Confirm declared figures by their proof; the owner is told."""
    return carry_out(
        lambda: organisations.confirm_size(
            actor=current_actor(), now=utc_now(), size_id=size_id, seen=request.form.get("seen", "")
        ),
        lambda size: (
            _("The figures are confirmed; the size class counts from today on."),
            url_for("admin.firm", firm_id=size.firm_id),
        ),
    )


@blueprint.post("/figures/<int:size_id>/refuse")
@requires("firm.verify", verb="firm.refuse_size")
def refuse_size(size_id: int) -> Any:
    """Refuse declared figures with a reason; the owner is told."""
    form = RefuseForm()
    answer = posted(
        form,
        lambda: organisations.refuse_size(
            actor=current_actor(), now=utc_now(), size_id=size_id, reason=form.reason.data
        ),
        lambda size: (
            _("The figures are refused; the owner is told."),
            url_for("admin.firm", firm_id=size.firm_id),
        ),
    )
    if isinstance(answer, Response):
        return answer
    return _page(queries.get_size(size_id).firm_id, status=answer, refusing=form)
