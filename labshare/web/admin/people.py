"""Accounts and regulators' roles."""

from typing import Any

from flask import render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from labshare.accounts.queries import get_person, has_factor, search_people
from labshare.http.actor import current_actor
from labshare.http.rights import proves, requires
from labshare.kernel.time import utc_now
from labshare.organisations import permissions, queries
from labshare.organisations import services as organisations
from labshare.web.admin import blueprint
from labshare.web.admin.forms import AccountFilterForm, DisableForm, ProposeForm, TakeOffForm
from labshare.web.asked import asked_page
from labshare.web.steps import carry_out, posted


@blueprint.get("/accounts")
@requires("account.see")
def accounts() -> Any:
    """All accounts with what they act for."""
    form, page = AccountFilterForm(), asked_page()
    people, total = search_people(form.q.data or "", limit=page.size, offset=page.offset)
    return render_template(
        "admin/accounts.html",
        form=form,
        people=people,
        page=page.of(total),
        roles=queries.roles_of([one.id for one in people]),
    )


def _account_page(
    person_id: int, form: DisableForm | None = None, removal: TakeOffForm | None = None, *, status: int = 200
) -> Any:
    person = get_person(person_id)
    return (
        render_template(
            "admin/account.html",
            person=person,
            roles=queries.roles_of([person_id])[person_id],
            form=form or DisableForm(formdata=None),
            has_factor=has_factor(person_id),
            removal=removal or TakeOffForm(formdata=None),
            may_manage=permissions.may(current_actor(), "account.manage"),
        ),
        status,
    )


@blueprint.get("/accounts/<int:person_id>")
@requires("account.see")
def account(person_id: int) -> Any:
    """One account."""
    return _account_page(person_id)


@blueprint.post("/accounts/<int:person_id>/disable")
@requires("account.manage", verb="account.disable")
def disable_account(person_id: int) -> Any:
    """Disable it: sessions and tokens end."""
    form = DisableForm()
    answer = posted(
        form,
        lambda: organisations.disable_account(
            actor=current_actor(), now=utc_now(), person_id=person_id, reason=form.reason.data
        ),
        lambda _disabled: (_("The account is disabled."), url_for("admin.account", person_id=person_id)),
    )
    return answer if isinstance(answer, Response) else _account_page(person_id, form, status=answer)


@blueprint.post("/accounts/<int:person_id>/enable")
@requires("account.manage", verb="account.enable")
def enable_account(person_id: int) -> Any:
    """Let it in again."""
    return carry_out(
        lambda: organisations.enable_account(actor=current_actor(), now=utc_now(), person_id=person_id),
        lambda _done: (_("The account is enabled."), url_for("admin.account", person_id=person_id)),
    )


@blueprint.post("/accounts/<int:person_id>/second-factor")
@requires("factor.take_off", verb="factor.propose_removal")
def propose_removal(person_id: int) -> Any:
    """Propose to take off the second factor of somebody who lost it."""
    form = TakeOffForm()
    answer = posted(
        form,
        lambda: organisations.propose_removal(
            actor=current_actor(), now=utc_now(), person_id=person_id, reason=form.reason.data
        ),
        lambda _made: (_("Proposed; another administrator must agree."), url_for("admin.account", person_id=person_id)),
    )
    return answer if isinstance(answer, Response) else _account_page(person_id, removal=form, status=answer)


@blueprint.post("/lost-factors/<int:removal_id>/agree")
@requires("factor.take_off", verb="factor.agree_removal")
@proves(_l("Take off the second factor"))
def agree_removal(removal_id: int) -> Any:
    """Take it off as a second administrator."""
    return carry_out(
        lambda: organisations.agree_removal(actor=current_actor(), now=utc_now(), removal_id=removal_id),
        lambda _person: (_("The second factor is taken off; the person is told."), url_for("admin.roles")),
    )


@blueprint.post("/lost-factors/<int:removal_id>/withdraw")
@requires("factor.take_off", verb="factor.withdraw_removal")
def withdraw_removal(removal_id: int) -> Any:
    """Withdraw the proposal, or turn it down."""
    return carry_out(
        lambda: organisations.withdraw_removal(actor=current_actor(), now=utc_now(), removal_id=removal_id),
        lambda _done: (_("The proposal is withdrawn."), url_for("admin.roles")),
    )


@blueprint.route("/roles", methods=["GET", "POST"])
@requires("regulator.see", to_post="regulator.manage")
def roles() -> Any:
    """Regulators' roles: proposals that wait for a second administrator, and roles in force."""
    actor = current_actor()
    form = ProposeForm()
    answer = posted(
        form,
        lambda: organisations.propose_role(
            actor=actor, now=utc_now(), email=form.email.data, role=form.role.data, division=form.division.data or ""
        ),
        lambda _proposed: (_("Proposed; another administrator must agree."), url_for("admin.roles")),
    )
    if isinstance(answer, Response):
        return answer
    rows = queries.regulator_roles()
    return (
        render_template(
            "admin/roles.html",
            form=form,
            proposals=[row for row in rows if row.role.proposed],
            held=[row for row in rows if row.role.in_force],
            removals=queries.waiting_removals(),
            me=actor.person_id,
            may_manage=permissions.may(actor, "regulator.manage"),
        ),
        answer,
    )


@blueprint.post("/roles/<int:role_id>/agree")
@requires("regulator.manage")
@proves(_l("Agree to the role"))
def agree_role(role_id: int) -> Any:
    """Agree to a proposal: the role is in force."""
    return carry_out(
        lambda: organisations.agree_role(actor=current_actor(), now=utc_now(), role_id=role_id),
        lambda _done: (_("The role is in force."), url_for("admin.roles")),
    )


@blueprint.post("/roles/<int:role_id>/withdraw")
@requires("regulator.manage")
def withdraw_proposal(role_id: int) -> Any:
    """Withdraw or turn down a proposal."""
    return carry_out(
        lambda: organisations.withdraw_proposal(actor=current_actor(), now=utc_now(), role_id=role_id),
        lambda _done: (_("The proposal is withdrawn."), url_for("admin.roles")),
    )


@blueprint.post("/roles/<int:role_id>/end")
@requires("regulator.manage")
def end_role(role_id: int) -> Any:
    """End a role in force."""
    return carry_out(
        lambda: organisations.end_role(actor=current_actor(), now=utc_now(), role_id=role_id),
        lambda _done: (_("The role has ended."), url_for("admin.roles")),
    )
