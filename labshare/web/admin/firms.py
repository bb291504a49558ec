"""Firms to verify."""

from typing import Any

from flask import redirect, render_template, request, url_for
from flask_babel import gettext as _

from labshare.kernel.database import transaction
from labshare.kernel.errors import Problem
from labshare.kernel.time import utc_now
from labshare.organisations import permissions, queries
from labshare.organisations import services as organisations
from labshare.organisations.models import Firm
from labshare.organisations.queries import FirmFilter
from labshare.organisations.queries.affiliations import affiliations_of
from labshare.organisations.services.firms import state_of
from labshare.organisations.terms import FirmState
from labshare.web.actor import current_actor
from labshare.web.admin import blueprint
from labshare.web.admin.forms import FirmFilterForm, ReturnForm, SizeForm
from labshare.web.admin.paging import Page
from labshare.web.forms import show_problem
from labshare.web.layout import flash_done


@blueprint.get("/firms")
def firms() -> Any:
    """The queue of firms that wait, the longest first; or any others."""
    permissions.check(current_actor(), "firm.see_queue")
    form = FirmFilterForm()
    state = form.state.data if "state" in request.args else FirmState.WAITING
    form.state.data = state
    wanted = FirmFilter(form.q.data or "", state, form.kind.data, form.size_class.data, form.town.data)
    page = Page.of_request()
    found, page.total = queries.search_firms(wanted, limit=page.size, offset=page.offset)
    return render_template(
        "admin/firms.html", form=form, firms=found, page=page, state_of=state_of, waiting=queries.firms_waiting()
    )


def _firm(firm_id: int) -> Firm:
    permissions.check(current_actor(), "firm.see_queue")
    return queries.get_firm(firm_id)


def _page(firm_id: int, status: int = 200, *, returning: ReturnForm | None = None, size: SizeForm | None = None) -> Any:
    found = _firm(firm_id)
    return (
        render_template(
            "admin/firm.html", firm=found, state=state_of(found), sizes=queries.sizes_of(firm_id),
            rows=affiliations_of(firm_id), members=queries.members_of(firm_id),
            returning=returning or ReturnForm(formdata=None), size_form=size or SizeForm(formdata=None),
            may_verify=permissions.may(current_actor(), "firm.verify"),
        ),
        status,
    )  # fmt: skip


@blueprint.get("/firms/<int:firm_id>")
def firm(firm_id: int) -> Any:
    """One firm with all it declared."""
    return _page(firm_id)


@blueprint.post("/firms/<int:firm_id>/verify")
def verify_firm(firm_id: int) -> Any:
    """Verify it; the owner is told."""
    _firm(firm_id)
    with transaction():
        organisations.verify_firm(actor=current_actor(), now=utc_now(), firm_id=firm_id)
    flash_done(_("The firm is verified; its owner is told."))
    return redirect(url_for("admin.firms"), 303)


@blueprint.post("/firms/<int:firm_id>/return")
def return_firm(firm_id: int) -> Any:
    """Return it with a reason; the owner is told."""
    _firm(firm_id)
    form = ReturnForm()
    status = 422
    if form.validate_on_submit():
        try:
            with transaction():
                organisations.return_firm(
                    actor=current_actor(), now=utc_now(), firm_id=firm_id, reason=form.reason.data
                )
            flash_done(_("The firm is returned; its owner is told."))
            return redirect(url_for("admin.firms"), 303)
        except Problem as problem:
            status = show_problem(form, problem)
    return _page(firm_id, status, returning=form)


@blueprint.post("/firms/<int:firm_id>/size-class")
def set_size_class(firm_id: int) -> Any:
    """Set the size class by hand."""
    _firm(firm_id)
    form = SizeForm()
    status = 422
    if form.validate_on_submit():
        try:
            with transaction():
                organisations.set_size_class(actor=current_actor(), now=utc_now(), firm_id=firm_id,
                                             size_class=form.size_class.data, reason=form.reason.data)  # fmt: skip
            flash_done(_("The size class is set from today on."))
            return redirect(url_for("admin.firm", firm_id=firm_id), 303)
        except Problem as problem:
            status = show_problem(form, problem)
    return _page(firm_id, status, size=form)
