"""Regulators' roles: proposed by one administrator, in force once another agrees (R-RIGHTS-4)."""

from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, func, select

from labshare.accounts import links
from labshare.accounts.models import Person
from labshare.accounts.queries import person_by_email
from labshare.accounts.services import checked_email, new_person
from labshare.audit.services import record
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import NotAllowed, NotFound, raise_all
from labshare.kernel.notifications import notify
from labshare.kernel.terms import OfficialRole
from labshare.kernel.verbs import verb
from labshare.organisations import permissions
from labshare.organisations.divisions import is_prefix
from labshare.organisations.errors import (
    AdministratorsExist,
    InvalidDivision,
    LastAdministrators,
    NoSuchAccount,
    RoleHeld,
    TwoAdministrators,
    UnknownChoice,
)
from labshare.organisations.models import RegulatorRole
from labshare.organisations.separation import check_person_may_hold
from labshare.organisations.services.tokens import end_tokens


@verb("regulator.propose", title=_l("Regulator's role proposed"))
def propose_role(*, actor: Actor, now: datetime, email: str, role: str, division: str) -> RegulatorRole:
    """Propose a person for a regulator's role in a division (an administrator's is for the whole platform); the other
    administrators are told.

    Raises `NotAllowed`, `UnknownChoice`, `InvalidDivision`, `NoSuchAccount`, `TwoAdministrators` for oneself,
    `RoleHeld`, `RolesExclude`, `HostMembershipExcludes`.
    """
    permissions.check(actor, "regulator.manage")
    person = person_by_email(email)
    raise_all(
        ([] if OfficialRole.known(role) else [UnknownChoice("role")])
        + ([] if is_prefix(division) else [InvalidDivision()])
        + ([] if person is not None and person.enabled else [NoSuchAccount()])
    )
    assert person is not None  # noqa: S101 - said above
    if person.id == actor.person_id:
        raise TwoAdministrators("email")
    check_person_may_hold(person.id, role)
    if db.session.scalar(
        select(RegulatorRole.id).where(
            RegulatorRole.person_id == person.id, RegulatorRole.role == role, RegulatorRole.current
        )
    ):
        raise RoleHeld("role")
    made = RegulatorRole(
        person_id=person.id,
        role=role,
        division="" if role == OfficialRole.ADMIN else division,
        proposed_by=actor.person_id,
        proposed_at=now,
    )
    db.session.add(made)
    db.session.flush()
    record(actor, now, "regulator.propose", ("person", person.id), after=_recorded(made) | {"role_id": made.id})
    proposer = db.session.get_one(Person, actor.person_id)
    notify(
        kind="regulator.proposed",
        regulators=[OfficialRole.ADMIN],
        but=actor.person_id,
        url="/admin/roles",
        now=now,
        params={"proposer": proposer.name, "name": person.name, "role": OfficialRole(role).label},
    )
    return made


@verb("regulator.agree", title=_l("Regulator's role agreed to"))
def agree_role(*, actor: Actor, now: datetime, role_id: int) -> RegulatorRole:
    """Agree to another administrator's proposal: the role is in force from now on.

    Raises `NotAllowed`, `NotFound`, `TwoAdministrators` for one's own proposal or one's own role, `RolesExclude`,
    `HostMembershipExcludes`.
    """
    found = _open_proposal(actor, role_id)
    if actor.person_id in (found.proposed_by, found.person_id):
        raise TwoAdministrators
    check_person_may_hold(found.person_id, found.role)
    found.agreed_by, found.agreed_at = actor.person_id, now
    record(
        actor,
        now,
        "regulator.agree",
        ("person", found.person_id),
        {"role": None},
        _recorded(found) | {"role_id": found.id, "proposed_by": found.proposed_by},
    )
    notify(
        kind="regulator.given",
        person_ids=[found.person_id],
        params={"role": OfficialRole(found.role).label},
        url="/account",
        now=now,
    )
    return found


@verb("regulator.withdraw", title=_l("Proposal of a role withdrawn"))
def withdraw_proposal(*, actor: Actor, now: datetime, role_id: int) -> RegulatorRole:
    """Withdraw or turn down a proposal. Raises `NotAllowed`, `NotFound`."""
    found = _open_proposal(actor, role_id)
    found.ended_at = now
    record(
        actor,
        now,
        "regulator.withdraw",
        ("person", found.person_id),
        {"role_id": found.id, "proposed": found.role},
        {"proposed": None},
    )
    return found


@verb("regulator.end", title=_l("Regulator's role ended"))
def end_role(*, actor: Actor, now: datetime, role_id: int) -> RegulatorRole:
    """End a role in force and the person's tokens as a regulator; the person is told. Two administrators remain.
    Raises `NotAllowed`, `NotFound`, `LastAdministrators`."""
    permissions.check(actor, "regulator.manage")
    found = db.session.get(RegulatorRole, role_id, with_for_update=True)
    if found is None or not found.in_force:
        raise NotFound
    if found.role == OfficialRole.ADMIN:
        keep_two_administrators(found.person_id)
    found.ended_at = now
    tokens = end_tokens(person_id=found.person_id, firm_id=None, now=now)
    record(
        actor,
        now,
        "regulator.end",
        ("person", found.person_id),
        _recorded(found),
        {"role": None, "tokens_ended": tokens},
    )
    notify(
        kind="regulator.ended", person_ids=[found.person_id], params={"role": OfficialRole(found.role).label}, now=now
    )
    return found


def keep_two_administrators(without: int) -> None:
    """Before an administrator goes. Raises `LastAdministrators` where fewer than two others remain."""
    left = db.session.scalars(
        select(RegulatorRole)
        .join(Person, Person.id == RegulatorRole.person_id)
        .where(_in_force(OfficialRole.ADMIN), Person.enabled, RegulatorRole.person_id != without)
        .order_by(RegulatorRole.id)
        .with_for_update(of=RegulatorRole)
    ).all()
    if len(left) < 2:
        raise LastAdministrators


@verb("regulator.create_administrator", title=_l("Administrator created"))
def create_administrator(*, actor: Actor, now: datetime, email: str, name: str) -> tuple[Person, str]:
    """One of the first two administrators of an empty installation, by command (R-RIGHTS-5).

    The person, made if need be, and the token of a link to choose a password come back. Raises `NotAllowed` unless the
    actor is the system, `AdministratorsExist` once there ever were two, `RolesExclude`, `HostMembershipExcludes`,
    `InvalidEmail`.
    """
    if not actor.is_system:
        raise NotAllowed
    ever = db.session.scalar(
        select(func.count(RegulatorRole.person_id.distinct())).where(
            RegulatorRole.role == OfficialRole.ADMIN, RegulatorRole.agreed
        )
    )
    email = checked_email(email)
    person = person_by_email(email)
    if (ever or 0) >= 2 or (person is not None and not person.enabled):
        raise AdministratorsExist
    if person is None:
        person = new_person(email=email, name=name, now=now)
        record(actor, now, "account.sign_up", ("person", person.id), after={"by_command": True})
    check_person_may_hold(person.id, OfficialRole.ADMIN)
    if db.session.scalar(
        select(RegulatorRole.id).where(_in_force(OfficialRole.ADMIN), RegulatorRole.person_id == person.id)
    ):
        raise RoleHeld
    db.session.add(
        RegulatorRole(person_id=person.id, role=OfficialRole.ADMIN, division="", proposed_at=now, agreed_at=now)
    )
    db.session.flush()
    record(
        actor,
        now,
        "regulator.create_administrator",
        ("person", person.id),
        {"role": None},
        {"role": OfficialRole.ADMIN},
    )
    return person, links.password_link(person, now, links.SIGN_UP_LASTS)


def _recorded(role: RegulatorRole) -> dict[str, object]:
    """What the trail keeps of a role."""
    return {"role": role.role, "division": role.division}


def _in_force(role: str) -> ColumnElement[bool]:
    return (RegulatorRole.role == role) & RegulatorRole.in_force


def _open_proposal(actor: Actor, role_id: int) -> RegulatorRole:
    permissions.check(actor, "regulator.manage")
    found = db.session.get(RegulatorRole, role_id, with_for_update=True)
    if found is None or not found.proposed:
        raise NotFound
    return found
