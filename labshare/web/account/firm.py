"""The own firm: registering, changing, figures, submitting."""

from typing import Any

from flask import current_app, redirect, render_template, url_for
from flask_babel import gettext as _

from labshare.kernel.database import transaction
from labshare.kernel.errors import NotFound, Problem, SignInFirst
from labshare.kernel.time import local_day, utc_now
from labshare.organisations import permissions, queries
from labshare.organisations import services as organisations
from labshare.organisations.models import Firm
from labshare.organisations.rules import Figures, needed
from labshare.organisations.services.firms import Declared, FirmDetails, state_of
from labshare.organisations.terms import FirmKind
from labshare.web.account import blueprint
from labshare.web.account.forms import FiguresForm, FirmForm, RegisterFirmForm
from labshare.web.account.settings import signed_in
from labshare.web.actor import act_for, current_actor, reload_account
from labshare.web.bodies import before_body
from labshare.web.forms import show_problem
from labshare.web.layout import flash_done


def own_firm() -> Firm:
    """The firm acted for. Raises `SignInFirst`, `NotFound` for who acts for none."""
    actor = current_actor()
    if actor.person_id is None:
        raise SignInFirst
    if actor.firm_id is None:
        raise NotFound
    return queries.get_firm(actor.firm_id)


def details_from(form: FirmForm) -> FirmDetails:
    return FirmDetails(
        **{
            name: form[name].data if name in ("registered_on", "town", "division") else (form[name].data or "")
            for name in FirmDetails.__dataclass_fields__
        }
    )


def _declared_from(form: Any) -> Declared:
    return Declared(form.year.data or 0, Figures(form.employees.data, form.revenue_fen.data, form.assets_fen.data))


@blueprint.route("/firm/register", methods=["GET", "POST"])
def register_firm() -> Any:
    """Register a firm and become its owner."""
    signed_in()
    form, status = RegisterFirmForm(), 200
    if not form.is_submitted():
        form.division.data = current_app.config["DIVISION"]
        form.year.data = local_day(utc_now()).year - 1
    if form.validate_on_submit():
        try:
            with transaction():
                firm = organisations.register_firm(
                    actor=current_actor(), now=utc_now(), uscc=form.uscc.data, details=details_from(form),
                    declared=_declared_from(form) if form.kind.data == FirmKind.ENTERPRISE else None,
                    home_division=current_app.config["DIVISION"],
                )  # fmt: skip
                firm_id = firm.id
            _begin_acting(firm_id)
            flash_done(_("The firm is registered and waits for verification."))
            return redirect(url_for("account.firm"), 303)
        except Problem as problem:
            status = show_problem(form, problem)
    elif form.is_submitted():
        status = 422
    return render_template("account/firm_register.html", form=form), status


def _begin_acting(firm_id: int) -> None:
    """Act for a firm that one has just become a member of."""

    reload_account()
    act_for(firm_id)


@blueprint.get("/firm")
def firm() -> Any:
    """The firm with its state, figures and members' number."""
    actor = current_actor()
    if actor.person_id is not None and actor.firm_id is None:
        return redirect(url_for("account.register_firm"), 303)
    found = own_firm()
    return render_template(
        "account/firm.html",
        firm=found,
        state=state_of(found),
        sizes=queries.sizes_of(found.id),
        may_change=permissions.may(actor, "firm.change", firm=found.id),
    )


@blueprint.route("/firm/change", methods=["GET", "POST"])
def change_firm() -> Any:
    """Change what the firm says about itself."""
    found = own_firm()
    permissions.check(current_actor(), "firm.change", firm=found.id)
    form, status = FirmForm(obj=found), 200
    if form.validate_on_submit():
        try:
            with transaction():
                changed = organisations.change_firm(actor=current_actor(), now=utc_now(), firm_id=found.id,
                                                    details=details_from(form))  # fmt: skip
                asks = not changed.verified
            flash_done(_("Saved. The firm waits for verification.") if asks else _("Saved."))
            return redirect(url_for("account.firm"), 303)
        except Problem as problem:
            status = show_problem(form, problem)
    elif form.is_submitted():
        status = 422
    return render_template("account/firm_change.html", form=form, firm=found), status


@blueprint.route("/firm/figures", methods=["GET", "POST"])
def declare_figures() -> Any:
    """Declare a year's figures; the size class follows."""
    found = own_firm()
    permissions.check(current_actor(), "firm.change", firm=found.id)
    form, status = FiguresForm(), 200
    today = local_day(utc_now())
    if not form.is_submitted():
        form.year.data = today.year - 1
    if form.validate_on_submit():
        try:
            with transaction():
                organisations.declare_figures(actor=current_actor(), now=utc_now(), firm_id=found.id,
                                              declared=_declared_from(form))  # fmt: skip
            flash_done(_("The figures are declared; the size class holds from today on."))
            return redirect(url_for("account.firm"), 303)
        except Problem as problem:
            status = show_problem(form, problem)
    elif form.is_submitted():
        status = 422
    return render_template("account/figures.html", form=form, firm=found, needed=needed(found.sector, today)), status


def _own_to_submit() -> None:
    permissions.check(current_actor(), "firm.change", firm=own_firm().id)


@blueprint.post("/firm/submit")
@before_body(_own_to_submit)
def submit_firm() -> Any:
    """Submit a returned firm again."""
    found = own_firm()
    with transaction():
        organisations.submit_firm(actor=current_actor(), now=utc_now(), firm_id=found.id)
    flash_done(_("Submitted for verification."))
    return redirect(url_for("account.firm"), 303)
