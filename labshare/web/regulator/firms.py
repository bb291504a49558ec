"""Firms as regulators see them; officers enter the affiliations they found."""

from typing import Any

from flask import redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from labshare.kernel.database import db, transaction
from labshare.kernel.errors import NotFound, Problem
from labshare.kernel.time import utc_now
from labshare.organisations import permissions, queries, words
from labshare.organisations import services as organisations
from labshare.organisations.models import AFFILIATION_SOURCES, Firm
from labshare.organisations.queries import FirmFilter
from labshare.organisations.services.firms import state_of
from labshare.web.account.forms import AffiliationForm
from labshare.web.actor import current_actor
from labshare.web.admin.forms import FirmFilterForm
from labshare.web.admin.paging import Page
from labshare.web.forms import SelectField, required, show_problem
from labshare.web.layout import flash_done
from labshare.web.regulator import blueprint


class FoundAffiliationForm(AffiliationForm):
    source = SelectField(
        _l("Source"), [required()], default="inspection",
        choices=[(one, words.AFFILIATION_SOURCES[one]) for one in AFFILIATION_SOURCES if one != "firm"],
    )  # fmt: skip


@blueprint.get("/firms")
def firms() -> Any:
    """Search all firms."""
    permissions.check(current_actor(), "firm.see_all")
    form, page = FirmFilterForm(), Page.of_request()
    wanted = FirmFilter(form.q.data or "", form.state.data, form.kind.data, form.size_class.data, form.town.data)
    found, page.total = queries.search_firms(wanted, limit=page.size, offset=page.offset)
    return render_template("regulator/firms.html", form=form, firms=found, page=page, state_of=state_of)


def _firm(firm_id: int) -> Firm:
    permissions.check(current_actor(), "firm.see_all")
    found = db.session.get(Firm, firm_id)
    if found is None:
        raise NotFound
    return found


@blueprint.route("/firms/<int:firm_id>", methods=["GET", "POST"])
def firm(firm_id: int) -> Any:
    """One firm: details, size classes, affiliations; an officer enters one."""
    found, actor = _firm(firm_id), current_actor()
    form, status = FoundAffiliationForm(), 200
    if form.is_submitted():
        permissions.check(actor, "affiliation.enter")
    if form.validate_on_submit():
        try:
            with transaction():
                organisations.enter_affiliation(
                    actor=actor, now=utc_now(), firm_id=firm_id, other_uscc=form.other_uscc.data, kind=form.kind.data,
                    valid_from=form.valid_from.data, valid_to=form.valid_to.data, source=form.source.data,
                    note=form.note.data or "",
                )  # fmt: skip
            flash_done(_("The affiliation is entered; both owners are told."))
            return redirect(url_for("regulator.firm", firm_id=firm_id), 303)
        except Problem as problem:
            status = show_problem(form, problem)
    elif form.is_submitted():
        status = 422
    return (
        render_template(
            "regulator/firm.html", form=form, firm=found, state=state_of(found), sizes=queries.sizes_of(firm_id),
            rows=queries.affiliations_of(firm_id), may_enter=permissions.may(actor, "affiliation.enter"),
        ),
        status,
    )  # fmt: skip
