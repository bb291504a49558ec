"""Who acts for a firm: invitations by mail, roles, ending, leaving. A firm keeps at least one owner."""

import secrets
from datetime import datetime, timedelta

from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, func, select

from labshare.accounts.links import secret_of
from labshare.accounts.models import Person
from labshare.accounts.queries import person_by_email
from labshare.accounts.services import checked_email, new_person
from labshare.accounts.sessions import digest
from labshare.audit.services import record
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import NotFound, Problem, SignInFirst, raise_all
from labshare.kernel.notifications import makes_link, notify, send_mail
from labshare.kernel.time import local_day
from labshare.kernel.verbs import verb
from labshare.organisations import permissions
from labshare.organisations.errors import (
    InvitationEnded,
    InvitationOfAnother,
    InvitedAlready,
    LastOwner,
    MemberAlready,
    TooManyInvitations,
    UnknownChoice,
)
from labshare.organisations.models import Firm, Invitation, Membership
from labshare.organisations.separation import check_person_may_join, lock_firm
from labshare.organisations.services.tokens import end_tokens
from labshare.organisations.terms import FirmRole

INVITATION_LASTS = timedelta(days=14)
MOST_INVITATIONS = 50
"""Open at once, for one firm."""


@verb("member.invite", title=_l("Member invited"))
def invite(
    *, actor: Actor, now: datetime, firm_id: int, email: str, role: str, locale: str | None = None
) -> Invitation:
    """Invite a person into the firm by mail. An open invitation of the same address is replaced, but never by one to
    a narrower role (R-RIGHTS-7).

    Raises `NotFound`, `NotAllowed`, `InvalidEmail`, `UnknownChoice`, `MemberAlready`, `InvitedAlready`,
    `TooManyInvitations`.
    """
    firm = _managed(actor, firm_id)
    problems: list[Problem] = []
    try:
        email = checked_email(email)
    except Problem as problem:
        problems.append(problem)
    if FirmRole.known(role) is None:
        problems.append(UnknownChoice("role"))
    raise_all(problems)
    lock_firm(firm_id)
    person = person_by_email(email)
    if person is not None and _current(person_id=person.id, firm_id=firm_id) is not None:
        raise MemberAlready
    open_ones = db.session.scalars(_open(now).where(Invitation.firm_id == firm_id)).all()
    for older in open_ones:
        if older.email == email and _narrower(role, older.role):
            raise InvitedAlready(role=FirmRole(older.role).label)
        if older.email == email:
            older.withdrawn_at = now
    if sum(older.unused for older in open_ones) >= MOST_INVITATIONS:
        raise TooManyInvitations(n=MOST_INVITATIONS)
    nonce = secrets.token_urlsafe(32)
    made = Invitation(
        firm_id=firm_id,
        email=email,
        role=role,
        nonce=nonce,
        token_digest=digest(secret_of("invitation", nonce)),
        invited_by=actor.person_id,
        created_at=now,
        expires_at=now + INVITATION_LASTS,
    )
    db.session.add(made)
    db.session.flush()
    record(actor, now, "member.invite", ("firm", firm_id), after={"invitation_id": made.id, "role": role})
    inviter = db.session.get_one(Person, actor.person_id)
    send_mail(
        to=email,
        kind="member.invited",
        link_id=made.id,
        now=now,
        locale=(person.locale if person else None) or locale or inviter.locale,
        params={
            "firm": _both_languages(firm),
            "inviter": inviter.name,
            "role": FirmRole(role).label,
            "until": local_day(made.expires_at),
        },
    )
    return made


@verb("member.withdraw_invitation", title=_l("Invitation withdrawn"))
def withdraw_invitation(*, actor: Actor, now: datetime, invitation_id: int) -> Invitation:
    """Withdraw an open invitation. Raises `NotFound`, `NotAllowed`, `InvitationEnded`."""
    found = managed_invitation(actor, invitation_id)
    db.session.refresh(found, with_for_update=True)
    if not found.unused:
        raise InvitationEnded
    found.withdrawn_at = now
    record(
        actor,
        now,
        "member.withdraw_invitation",
        ("firm", found.firm_id),
        {"invitation_id": found.id},
        {"withdrawn": True},
    )
    return found


def invitation_of(secret: str, now: datetime) -> Invitation:
    """The open invitation of a mailed link. Raises `InvitationEnded`."""
    found = db.session.scalar(_open(now).where(Invitation.token_digest == digest(secret)))
    if found is None:
        raise InvitationEnded
    return found


def _mailed(invitation_id: int, now: datetime) -> str | None:
    found = db.session.scalar(_open(now).where(Invitation.id == invitation_id))
    return f"/account/invitations/{secret_of('invitation', found.nonce)}" if found and found.nonce else None


makes_link("member.invited", _mailed)


@verb("member.accept", title=_l("Invitation accepted"))
def accept_invitation(*, actor: Actor, now: datetime, secret: str) -> Membership:
    """Accept an invitation that went to the own address.

    Raises `SignInFirst`, `InvitationEnded`, `InvitationOfAnother`, `MemberAlready`, `HostMembershipExcludes`.
    """
    if actor.person_id is None:
        raise SignInFirst
    invitation = _locked(secret, now)
    person = db.session.get_one(Person, actor.person_id)
    if person.email != invitation.email:
        raise InvitationOfAnother
    return _join(actor, now, invitation, person)


@verb("member.join", title=_l("Joined the firm"))
def join_by_invitation(*, actor: Actor, now: datetime, secret: str, name: str, new_hash: str) -> Person:
    """Make an account by an invitation, whose link proves the address, and join the firm with it. The password was
    `checked` and hashed before.

    Where an account with a password exists, signing in and `accept_invitation` is the way: raises `MemberAlready`
    without saying more. Raises `InvitationEnded`, `NameRequired`, `HostMembershipExcludes`.
    """
    invitation = _locked(secret, now)
    person = person_by_email(invitation.email)
    if person is not None and (person.password_hash is not None or not person.enabled):
        raise InvitationOfAnother
    if person is None:
        person = new_person(email=invitation.email, name=name, now=now)
    person.password_hash = new_hash
    person.email_confirmed_at = now
    acting = Actor(person_id=person.id, address=actor.address)
    record(acting, now, "account.sign_up", ("person", person.id), after={"by_invitation": invitation.id})
    _join(acting, now, invitation, person)
    return person


def _join(actor: Actor, now: datetime, invitation: Invitation, person: Person) -> Membership:
    check_person_may_join(person_id=person.id, firm_id=invitation.firm_id)
    if _current(person_id=person.id, firm_id=invitation.firm_id) is not None:
        raise MemberAlready(None)
    made = Membership(person_id=person.id, firm_id=invitation.firm_id, role=invitation.role, started_at=now)
    db.session.add(made)
    invitation.accepted_at = now
    db.session.flush()
    record(
        actor,
        now,
        "member.join",
        ("firm", invitation.firm_id),
        after={"person_id": person.id, "role": invitation.role, "invitation_id": invitation.id},
    )
    firm = db.session.get_one(Firm, invitation.firm_id)
    notify(
        kind="member.joined",
        firm_id=firm.id,
        roles=[FirmRole.OWNER],
        but=person.id,
        url="/account/members",
        now=now,
        params={"name": person.name, "firm": _both_languages(firm), "role": FirmRole(invitation.role).label},
    )
    return made


@verb("member.change_role", title=_l("Role changed"))
def change_role(*, actor: Actor, now: datetime, membership_id: int, role: str) -> Membership:
    """Give a member another role: the present membership ends and a new one begins, so that who was what stays known.

    Raises `NotFound`, `NotAllowed`, `UnknownChoice`, `LastOwner`.
    """
    found, firm = managed_membership(actor, membership_id)
    lock_firm(firm.id)
    if FirmRole.known(role) is None:
        raise UnknownChoice("role")
    if found.role == role:
        return found
    _keep_an_owner(found, role)
    before = {"person_id": found.person_id, "role": found.role}
    found.ended_at = now
    db.session.flush()
    made = Membership(person_id=found.person_id, firm_id=found.firm_id, role=role, started_at=now)
    db.session.add(made)
    db.session.flush()
    record(actor, now, "member.change_role", ("firm", firm.id), before, {"person_id": found.person_id, "role": role})
    notify(
        kind="member.role_changed",
        person_ids=[found.person_id],
        but=actor.person_id,
        url="/account",
        now=now,
        params={"firm": _both_languages(firm), "role": FirmRole(role).label},
    )
    return made


@verb("member.end", title=_l("Membership ended"))
def end_membership(*, actor: Actor, now: datetime, membership_id: int) -> Membership:
    """End a member's access, tokens for this firm included. Raises `NotFound`, `NotAllowed`, `LastOwner`."""
    found, firm = managed_membership(actor, membership_id)
    _end(actor, now, found, "member.end")
    notify(
        kind="member.ended",
        person_ids=[found.person_id],
        but=actor.person_id,
        now=now,
        params={"firm": _both_languages(firm)},
    )
    return found


@verb("member.leave", title=_l("Left the firm"))
def leave(*, actor: Actor, now: datetime, firm_id: int) -> Membership:
    """Leave a firm. Raises `NotFound` where one is no member, `LastOwner`."""
    found = _current(person_id=actor.person_id, firm_id=firm_id) if actor.person_id is not None else None
    if found is None:
        raise NotFound
    _end(actor, now, found, "member.leave")
    firm, person = db.session.get_one(Firm, firm_id), db.session.get_one(Person, found.person_id)
    notify(
        kind="member.left",
        firm_id=firm_id,
        roles=[FirmRole.OWNER],
        url="/account/members",
        now=now,
        params={"name": person.name, "firm": _both_languages(firm)},
    )
    return found


def _end(actor: Actor, now: datetime, found: Membership, action: str) -> None:
    lock_firm(found.firm_id)
    _keep_an_owner(found, None)
    found.ended_at = now
    tokens = end_tokens(person_id=found.person_id, firm_id=found.firm_id, now=now)
    db.session.flush()
    record(
        actor,
        now,
        action,
        ("firm", found.firm_id),
        {"person_id": found.person_id, "role": found.role},
        {"person_id": found.person_id, "role": None, "tokens_ended": tokens},
    )


def _narrower(role: str, than: str) -> bool:
    order = list(FirmRole)
    return order.index(FirmRole(role)) > order.index(FirmRole(than))


def _keep_an_owner(found: Membership, new_role: str | None) -> None:
    if found.role != FirmRole.OWNER or new_role == FirmRole.OWNER:
        return
    owners = db.session.scalar(
        select(func.count())
        .select_from(Membership)
        .join(Person, Person.id == Membership.person_id)
        .where(
            Membership.firm_id == found.firm_id,
            Membership.role == FirmRole.OWNER,
            Membership.current,
            Membership.id != found.id,
            Person.enabled,
        )
    )
    if not owners:
        raise LastOwner


def _managed(actor: Actor, firm_id: int) -> Firm:
    """The firm whose members the actor manages. Raises `NotFound`, `NotAllowed`."""
    firm = db.session.get(Firm, firm_id)
    if firm is None:
        raise NotFound
    permissions.check_seen(actor, "firm.see", "member.manage", firm=firm_id)
    return firm


def managed_membership(actor: Actor, membership_id: int) -> tuple[Membership, Firm]:
    """A current membership of a firm whose members the actor manages. Raises `NotFound`, `NotAllowed`."""
    found = db.session.get(Membership, membership_id)
    if found is None or not found.current:
        raise NotFound
    return found, _managed(actor, found.firm_id)


def managed_invitation(actor: Actor, invitation_id: int) -> Invitation:
    """An invitation, open or not, to a firm whose members the actor manages. Raises `NotFound`, `NotAllowed`."""
    found = db.session.get(Invitation, invitation_id)
    if found is None:
        raise NotFound
    _managed(actor, found.firm_id)
    return found


def _current(*, person_id: int, firm_id: int) -> Membership | None:
    return db.session.scalar(
        select(Membership).where(Membership.person_id == person_id, Membership.firm_id == firm_id, Membership.current)
    )


def _open(now: datetime) -> Select[Invitation]:
    return select(Invitation).where(Invitation.open_at(now))


def _locked(secret: str, now: datetime) -> Invitation:
    found = db.session.scalar(_open(now).where(Invitation.token_digest == digest(secret)).with_for_update())
    if found is None:
        raise InvitationEnded
    return found


def _both_languages(firm: Firm) -> dict[str, str]:
    return {"zh": firm.name, "en": firm.name_en or firm.name}
