"""Firms as regulators see them."""

from typing import Any

from flask import render_template

from labshare.http.actor import current_actor
from labshare.http.rights import OWN_DIVISION, requires
from labshare.kernel.errors import NotFound
from labshare.kernel.time import local_day, utc_now
from labshare.organisations import permissions, queries
from labshare.organisations.queries import FirmFilter
from labshare.organisations.queries.affiliations import affiliations_of
from labshare.organisations.queries.bank_accounts import account_of
from labshare.organisations.services.firms import state_of
from labshare.web.admin.forms import FirmFilterForm
from labshare.web.asked import asked_page
from labshare.web.regulator import blueprint


@blueprint.get("/firms")
@requires("firm.see_all", of=OWN_DIVISION)
def firms() -> Any:
    """Search all firms."""
    form, page = FirmFilterForm(), asked_page()
    wanted = FirmFilter(form.q.data or "", form.state.data, form.kind.data, form.size_class.data, form.town.data)
    found, total = queries.search_firms(current_actor(), wanted, limit=page.size, offset=page.offset)
    return render_template("regulator/firms.html", form=form, firms=found, page=page.of(total), state_of=state_of)


@blueprint.get("/firms/<int:firm_id>")
@requires("firm.see_all", of=OWN_DIVISION)
def firm(firm_id: int) -> Any:
    """One firm: details, size classes, affiliations."""
    actor = current_actor()
    if not queries.sees_firm(actor, firm_id):
        raise NotFound
    found = queries.get_firm(firm_id)
    return render_template(
        "regulator/firm.html",
        firm=found,
        state=state_of(found),
        sizes=queries.sizes_of(firm_id),
        account=account_of(firm_id, local_day(utc_now())),
        rows=affiliations_of(firm_id=firm_id),
        may_enter=permissions.may_anywhere(actor, "affiliation.enter"),
    )
