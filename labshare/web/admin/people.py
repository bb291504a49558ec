"""Accounts and regulators' roles."""

from typing import Any

from flask import redirect, render_template, url_for
from flask_babel import gettext as _

from labshare.accounts.queries import get_person, search_people
from labshare.kernel.database import transaction
from labshare.kernel.errors import Problem
from labshare.kernel.time import utc_now
from labshare.organisations import permissions, queries
from labshare.organisations import services as organisations
from labshare.web.actor import current_actor
from labshare.web.admin import blueprint
from labshare.web.admin.forms import AccountFilterForm, DisableForm, ProposeForm
from labshare.web.admin.paging import Page
from labshare.web.bodies import before_body
from labshare.web.forms import show_problem
from labshare.web.layout import flash_done


@blueprint.get("/accounts")
def accounts() -> Any:
    """All accounts with what they act for."""
    permissions.check(current_actor(), "account.see")
    form, page = AccountFilterForm(), Page.of_request()
    people, page.total = search_people(form.q.data or "", limit=page.size, offset=page.offset)
    return render_template(
        "admin/accounts.html", form=form, people=people, page=page, roles=queries.roles_of([one.id for one in people])
    )


def _account_page(person_id: int, form: DisableForm | None = None, status: int = 200) -> Any:
    permissions.check(current_actor(), "account.see")
    person = get_person(person_id)
    return (
        render_template(
            "admin/account.html", person=person, roles=queries.roles_of([person_id])[person_id],
            form=form or DisableForm(formdata=None), may_manage=permissions.may(current_actor(), "account.manage"),
        ),
        status,
    )  # fmt: skip


@blueprint.get("/accounts/<int:person_id>")
def account(person_id: int) -> Any:
    """One account."""
    return _account_page(person_id)


@blueprint.post("/accounts/<int:person_id>/disable")
def disable_account(person_id: int) -> Any:
    """Disable it: sessions and tokens end."""
    permissions.check(current_actor(), "account.see")
    form, status = DisableForm(), 422
    if form.validate_on_submit():
        try:
            with transaction():
                organisations.disable_account(actor=current_actor(), now=utc_now(), person_id=person_id,
                                              reason=form.reason.data)  # fmt: skip
            flash_done(_("The account is disabled."))
            return redirect(url_for("admin.account", person_id=person_id), 303)
        except Problem as problem:
            if problem.status in (403, 404):
                raise
            status = show_problem(form, problem)
    return _account_page(person_id, form, status)


@blueprint.post("/accounts/<int:person_id>/enable")
def enable_account(person_id: int) -> Any:
    """Let it in again."""
    permissions.check(current_actor(), "account.see")
    with transaction():
        organisations.enable_account(actor=current_actor(), now=utc_now(), person_id=person_id)
    flash_done(_("The account is enabled."))
    return redirect(url_for("admin.account", person_id=person_id), 303)


@blueprint.route("/roles", methods=["GET", "POST"])
def roles() -> Any:
    """Regulators' roles: proposals that wait for a second administrator, and roles in force."""
    actor = current_actor()
    permissions.check(actor, "regulator.see")
    form, status = ProposeForm(), 200
    if form.is_submitted():
        permissions.check(actor, "regulator.manage")
    if form.validate_on_submit():
        try:
            with transaction():
                organisations.propose_role(actor=actor, now=utc_now(), email=form.email.data, role=form.role.data)
            flash_done(_("Proposed; another administrator must agree."))
            return redirect(url_for("admin.roles"), 303)
        except Problem as problem:
            status = show_problem(form, problem)
    elif form.is_submitted():
        status = 422
    rows = queries.regulator_roles()
    return (
        render_template(
            "admin/roles.html", form=form, proposals=[row for row in rows if row.role.proposed],
            held=[row for row in rows if row.role.in_force], me=actor.person_id,
            may_manage=permissions.may(actor, "regulator.manage"),
        ),
        status,
    )  # fmt: skip


def _may_manage(**_address: Any) -> None:
    permissions.check(current_actor(), "regulator.manage")


@blueprint.post("/roles/<int:role_id>/agree")
@before_body(_may_manage)
def agree_role(role_id: int) -> Any:
    """Agree to a proposal: the role is in force."""
    with transaction():
        organisations.agree_role(actor=current_actor(), now=utc_now(), role_id=role_id)
    flash_done(_("The role is in force."))
    return redirect(url_for("admin.roles"), 303)


@blueprint.post("/roles/<int:role_id>/withdraw")
@before_body(_may_manage)
def withdraw_proposal(role_id: int) -> Any:
    """Withdraw or turn down a proposal."""
    with transaction():
        organisations.withdraw_proposal(actor=current_actor(), now=utc_now(), role_id=role_id)
    flash_done(_("The proposal is withdrawn."))
    return redirect(url_for("admin.roles"), 303)


@blueprint.post("/roles/<int:role_id>/end")
@before_body(_may_manage)
def end_role(role_id: int) -> Any:
    """End a role in force."""
    with transaction():
        organisations.end_role(actor=current_actor(), now=utc_now(), role_id=role_id)
    flash_done(_("The role has ended."))
    return redirect(url_for("admin.roles"), 303)
