"""Members of the own firm, invitations, leaving."""

from typing import Any

from flask import render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from labshare.accounts import passwords
from labshare.accounts.queries import person_by_email, spelled
from labshare.accounts.sessions import begin_session, digest
from labshare.http import limits
from labshare.http.actor import current_actor, current_person
from labshare.http.rights import MEMBERS_FIRM, Of, public, requires
from labshare.kernel.actor import Actor
from labshare.kernel.errors import NotFound, Problem, SignInFirst
from labshare.kernel.time import utc_now
from labshare.organisations import permissions, queries
from labshare.organisations import services as organisations
from labshare.organisations.services.members import managed_invitation, managed_membership
from labshare.web.account import blueprint
from labshare.web.account.firm import own_firm
from labshare.web.account.forms import InviteForm, JoinForm, RoleForm
from labshare.web.account.sign_in import locale_now
from labshare.web.actor import act_for, begin_browser_session, end_browser_session, reload_account
from labshare.web.forms import show_problem
from labshare.web.steps import Around, carry_out, posted


@blueprint.route("/members", methods=["GET", "POST"])
@requires("firm.see", of=MEMBERS_FIRM, to_post="member.manage")
def members() -> Any:
    """The firm's members; its owner invites more."""
    firm, actor = own_firm(), current_actor()
    form = InviteForm()
    answer = posted(
        form,
        lambda: organisations.invite(
            actor=actor,
            now=utc_now(),
            firm_id=firm.id,
            email=form.email.data,
            role=form.role.data,
            locale=locale_now(),
        ),
        lambda _made: (
            _("The invitation is on its way to %(email)s.", email=form.email.data),
            url_for("account.members"),
        ),
        Around(before=lambda: limits.count("invitation", about=digest(spelled(form.email.data)))),
    )
    if isinstance(answer, Response):
        return answer
    may_manage = permissions.may(actor, "member.manage", firm=firm.id)
    return (
        render_template(
            "account/members.html",
            form=form,
            firm=firm,
            members=queries.members_of(firm.id),
            invitations=queries.invitations_of(firm.id, utc_now()) if may_manage else (),
            may_manage=may_manage,
            me=actor.person_id,
        ),
        answer,
    )


def _managed(actor: Actor, membership_id: int) -> None:
    own_firm()
    managed_membership(actor, membership_id)


def _managed_by_own_firm(actor: Actor, membership_id: int) -> None:
    permissions.check(actor, "member.manage", firm=own_firm().id)
    managed_membership(actor, membership_id)


def _managed_invitation(actor: Actor, invitation_id: int) -> None:
    own_firm()
    managed_invitation(actor, invitation_id)


MEMBERSHIP = Of("membership in a firm one manages", asks=_managed)
OWN_MEMBERSHIP = Of("membership in the own firm", asks=_managed_by_own_firm)
INVITATION = Of("invitation to a firm one manages", asks=_managed_invitation)


@blueprint.route("/members/<int:membership_id>/role", methods=["GET", "POST"])
@requires("member.manage", of=OWN_MEMBERSHIP)
def change_role(membership_id: int) -> Any:
    """Give a member another role."""
    firm, actor = own_firm(), current_actor()
    member = next((one for one in queries.members_of(firm.id) if one.id == membership_id), None)
    form = RoleForm(role=member.role if member else None)
    answer = posted(
        form,
        lambda: organisations.change_role(actor=actor, now=utc_now(), membership_id=membership_id, role=form.role.data),
        lambda _changed: (
            _("The role is changed."),
            url_for("lab.team" if request.args.get("back") == "team" else "account.members"),
        ),
    )
    if isinstance(answer, Response):
        return answer
    if member is None:
        raise NotFound
    return render_template("account/member_role.html", form=form, firm=firm, member=member), answer


@blueprint.post("/members/<int:membership_id>/end")
@requires("member.manage", of=MEMBERSHIP)
def end_membership(membership_id: int) -> Any:
    """End a member's access."""
    return carry_out(
        lambda: organisations.end_membership(actor=current_actor(), now=utc_now(), membership_id=membership_id),
        lambda _done: (_("The membership has ended."), url_for("account.members")),
    )


@blueprint.post("/members/leave")
@requires("firm.see", of=MEMBERS_FIRM)
def leave() -> Any:
    """Leave the firm acted for."""
    firm = own_firm()
    return carry_out(
        lambda: organisations.leave(actor=current_actor(), now=utc_now(), firm_id=firm.id),
        lambda _done: (_("You no longer act for this firm."), url_for("account.index")),
    )


@blueprint.post("/members/invitations/<int:invitation_id>/withdraw")
@requires("member.manage", of=INVITATION)
def withdraw_invitation(invitation_id: int) -> Any:
    return carry_out(
        lambda: organisations.withdraw_invitation(actor=current_actor(), now=utc_now(), invitation_id=invitation_id),
        lambda _done: (_("The invitation is withdrawn."), url_for("account.members")),
    )


@blueprint.route("/invitations/<secret>", methods=["GET", "POST"])
@public
def invitation(secret: str) -> Any:
    """What a mailed invitation leads to: accept with the account it went to, or make one."""
    found = organisations.invitation_of(secret, utc_now())
    person, actor = current_person(), current_actor()
    known = person_by_email(found.email)
    needs_account = person is None and (known is None or known.password_hash is None)
    firm_id, firm = found.firm_id, found.firm
    form = JoinForm()
    answer: Response | int = 200

    def accept() -> None:
        organisations.accept_invitation(actor=actor, now=utc_now(), secret=secret)

    def act(_accepted: None) -> None:
        reload_account()
        act_for(firm_id)

    new_hash: list[str] = []

    def check() -> None:
        new_hash.append(passwords.checked(form.password.data, email=found.email, name=form.name.data))

    def join() -> str:
        made = organisations.join_by_invitation(
            actor=actor, now=utc_now(), secret=secret, name=form.name.data, new_hash=new_hash[-1]
        )
        return begin_session(made, utc_now())

    def enter(key: str) -> None:
        end_browser_session()
        begin_browser_session(key)
        act_for(firm_id)

    def joined(_result: Any) -> tuple[str, str]:
        return _("You act for this firm now."), url_for("account.firm")

    if form.is_submitted():
        try:
            if person is not None:
                return carry_out(accept, joined, Around(after=act))
            if not needs_account:
                raise SignInFirst
            answer = posted(form, join, joined, Around(before=check, after=enter))
        except Problem as problem:
            answer = show_problem(form, problem)
    if isinstance(answer, Response):
        return answer
    return (
        render_template(
            "account/invitation.html",
            form=form,
            invitation=found,
            firm=firm,
            person=person,
            needs_account=needs_account,
            fits=person is not None and person.email == found.email,
        ),
        answer,
    )
