"""Duties that exclude one another in one person (R-RIGHTS-3), on every path that creates either side.

Officer, approver and administrator exclude one another, and any membership in a firm with labs. Each check first locks
the row that both sides must pass (the person; the firm), so that two paths at once cannot slip by one another.
"""

from sqlalchemy import exists, literal, select

from labshare.accounts.models import Person
from labshare.kernel.database import db
from labshare.kernel.errors import NotFound
from labshare.kernel.events import ask
from labshare.organisations.errors import HostMembershipExcludes, RegulatorAmongMembers, RolesExclude
from labshare.organisations.events import FirmsWithLabs
from labshare.organisations.models import Firm, Membership, RegulatorRole
from labshare.organisations.rules import EXCLUDING, excluded_by
from labshare.organisations.terms import role_label


def lock_person(person_id: int) -> Person:
    """The person, held until the transaction ends. Raises `NotFound`."""
    person = db.session.scalar(
        select(Person).where(Person.id == person_id).with_for_update().execution_options(populate_existing=True)
    )
    if person is None:
        raise NotFound
    return person


def lock_firm(firm_id: int) -> Firm:
    """The firm, held until the transaction ends. Raises `NotFound`."""
    firm = db.session.scalar(
        select(Firm).where(Firm.id == firm_id).with_for_update().execution_options(populate_existing=True)
    )
    if firm is None:
        raise NotFound
    return firm


def hosts_labs(firm_id: int) -> bool:
    """Whether the firm has a lab, published or not."""
    return bool(db.session.scalar(select(literal(firm_id).in_(ask(FirmsWithLabs())))))


def held_roles(person_id: int) -> frozenset[str]:
    """The regulator's roles in force."""
    return frozenset(
        db.session.scalars(
            select(RegulatorRole.role).where(
                RegulatorRole.person_id == person_id,
                RegulatorRole.in_force,
            )
        )
    )


def check_person_may_hold(person_id: int, role: str) -> None:
    """Before a regulator's role is given. Raises `RolesExclude`, `HostMembershipExcludes`."""
    lock_person(person_id)
    other = excluded_by(role, held_roles(person_id))
    if other is not None:
        raise RolesExclude(role=role_label(other))
    if role not in EXCLUDING:
        return
    in_host_firm = select(
        exists().where(
            Membership.person_id == person_id,
            Membership.current,
            Membership.firm_id.in_(ask(FirmsWithLabs())),
        )
    )
    if db.session.scalar(in_host_firm):
        raise HostMembershipExcludes(role=role_label(role))


def check_person_may_join(*, person_id: int, firm_id: int) -> None:
    """Before a membership is written. Raises `HostMembershipExcludes`."""
    lock_firm(firm_id)
    lock_person(person_id)
    conflicting = sorted(held_roles(person_id) & EXCLUDING)
    if conflicting and hosts_labs(firm_id):
        raise HostMembershipExcludes(role=role_label(conflicting[0]))


def check_firm_may_host(firm_id: int) -> None:
    """Before a firm gets a lab: none of its members is officer, approver or administrator.

    Raises `RegulatorAmongMembers`. For the catalogue's service that adds a lab.
    """
    lock_firm(firm_id)
    members = db.session.scalars(
        select(Membership.person_id)
        .where(Membership.firm_id == firm_id, Membership.current)
        .order_by(Membership.person_id)
    ).all()
    for person_id in members:
        lock_person(person_id)
    conflicting = db.session.scalar(
        select(RegulatorRole.role).where(
            RegulatorRole.person_id.in_(members),
            RegulatorRole.role.in_(EXCLUDING),
            RegulatorRole.in_force,
        )
    )
    if conflicting is not None:
        raise RegulatorAmongMembers(role=role_label(conflicting))
