"""The own firm: registering, changing, figures, submitting."""

from typing import Any

from flask import current_app, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from labshare.http.actor import current_actor
from labshare.http.rights import MEMBERS_FIRM, requires, signed_in
from labshare.kernel.errors import NotFound
from labshare.kernel.time import local_day, utc_now
from labshare.organisations import permissions, queries
from labshare.organisations import services as organisations
from labshare.organisations.models import Firm
from labshare.organisations.rules import Figures, needed
from labshare.organisations.services.firms import Declared, FirmDetails, state_of
from labshare.organisations.terms import FirmKind
from labshare.web.account import blueprint
from labshare.web.account.forms import FiguresForm, FirmForm, RegisterFirmForm
from labshare.web.actor import act_for, reload_account
from labshare.web.steps import Around, carry_out, posted


def own_firm() -> Firm:
    """The firm acted for. Raises `NotFound` for who acts for none."""
    actor = current_actor()
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
    return Declared(
        form.year.data or 0,
        Figures(employees=form.employees.data, revenue_fen=form.revenue_fen.data, assets_fen=form.assets_fen.data),
    )


@blueprint.route("/firm/register", methods=["GET", "POST"])
@signed_in
def register_firm() -> Any:
    """Register a firm and become its owner."""
    form = RegisterFirmForm()
    if not form.is_submitted():
        form.division.data = current_app.config["DIVISION"]
        form.year.data = local_day(utc_now()).year - 1

    def register() -> int:
        firm = organisations.register_firm(
            actor=current_actor(),
            now=utc_now(),
            uscc=form.uscc.data,
            details=details_from(form),
            declared=_declared_from(form) if form.kind.data == FirmKind.ENTERPRISE else None,
            home_division=current_app.config["DIVISION"],
        )
        return firm.id

    def begin_acting(firm_id: int) -> None:
        reload_account()
        act_for(firm_id)

    answer = posted(
        form,
        register,
        lambda _made: (_("The firm is registered and waits for verification."), url_for("account.firm")),
        Around(after=begin_acting),
    )
    if isinstance(answer, Response):
        return answer
    return render_template("account/firm_register.html", form=form), answer


@blueprint.get("/firm")
@signed_in
def firm() -> Any:
    """The firm with its state, figures and members' number."""
    actor = current_actor()
    if actor.firm_id is None:
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
@requires("firm.change", of=MEMBERS_FIRM)
def change_firm() -> Any:
    """Change what the firm says about itself."""
    found = own_firm()
    form = FirmForm(obj=found)
    answer = posted(
        form,
        lambda: organisations.change_firm(
            actor=current_actor(), now=utc_now(), firm_id=found.id, details=details_from(form)
        ),
        lambda changed: (
            _("Saved.") if changed.verified else _("Saved. The firm waits for verification."),
            url_for("account.firm"),
        ),
    )
    if isinstance(answer, Response):
        return answer
    return render_template("account/firm_change.html", form=form, firm=found), answer


@blueprint.route("/firm/figures", methods=["GET", "POST"])
@requires("firm.change", of=MEMBERS_FIRM)
def declare_figures() -> Any:
    """Declare a year's figures; the size class follows."""
    found = own_firm()
    form, today = FiguresForm(), local_day(utc_now())
    if not form.is_submitted():
        form.year.data = today.year - 1
    answer = posted(
        form,
        lambda: organisations.declare_figures(
            actor=current_actor(), now=utc_now(), firm_id=found.id, declared=_declared_from(form)
        ),
        lambda _size: (_("The figures are declared; the size class holds from today on."), url_for("account.firm")),
    )
    if isinstance(answer, Response):
        return answer
    return render_template("account/figures.html", form=form, firm=found, needed=needed(found.sector, today)), answer


@blueprint.post("/firm/submit")
@requires("firm.change", of=MEMBERS_FIRM)
def submit_firm() -> Any:
    """Submit a returned firm again."""
    found = own_firm()
    return carry_out(
        lambda: organisations.submit_firm(actor=current_actor(), now=utc_now(), firm_id=found.id),
        lambda _done: (_("Submitted for verification."), url_for("account.firm")),
    )
