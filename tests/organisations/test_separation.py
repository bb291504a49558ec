"""Duties that exclude one another in one person, on every path that creates either side; two administrators."""

from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy.exc import IntegrityError

from labshare.accounts.errors import NotYourself
from labshare.accounts.models import Person
from labshare.audit.models import AuditEvent
from labshare.catalogue.models import Lab
from labshare.commands import main
from labshare.kernel.actor import SYSTEM, Actor
from labshare.kernel.database import db
from labshare.kernel.errors import NotAllowed
from labshare.organisations import errors
from labshare.organisations.models import Invitation, Membership, RegulatorRole
from labshare.organisations.separation import check_firm_may_host
from labshare.organisations.services import (
    accept_invitation,
    agree_role,
    create_administrator,
    disable_account,
    end_role,
    invite,
    propose_role,
    withdraw_proposal,
)
from tests import factories as make
from tests.mails import secret_in_mail

EXCLUDING = ("officer", "approver", "admin")


@pytest.fixture
def two(app: Flask) -> tuple[Actor, Actor]:
    first, second = (make.actor(make.regulator("admin"), None, "admin") for _ in range(2))
    return first, second


def given(two: tuple[Actor, Actor], now: Any, person: Person, role: str) -> RegulatorRole:
    proposed = propose_role(actor=two[0], now=now, email=person.email, role=role, division="")
    return agree_role(actor=two[1], now=now, role_id=proposed.id)


def roles_of(person: Person) -> set[str]:
    rows = db.session.query(RegulatorRole).filter_by(person_id=person.id, ended_at=None)
    return {row.role for row in rows if row.agreed_at}


def test_one_proposes_and_another_agrees(two: tuple[Actor, Actor], clock: Any) -> None:  # R-RIGHTS-4
    someone = make.person()
    proposed = propose_role(actor=two[0], now=clock.now, email=someone.email, role="officer", division="")
    assert roles_of(someone) == set()
    with pytest.raises(errors.TwoAdministrators):
        agree_role(actor=two[0], now=clock.now, role_id=proposed.id)
    agree_role(actor=two[1], now=clock.now, role_id=proposed.id)
    assert roles_of(someone) == {"officer"}


def test_nobody_gives_a_role_to_oneself(two: tuple[Actor, Actor], clock: Any) -> None:  # R-RIGHTS-4
    own = db.session.get_one(Person, two[0].person_id)
    with pytest.raises(errors.TwoAdministrators):
        propose_role(actor=two[0], now=clock.now, email=own.email, role="auditor", division="")
    proposed = propose_role(actor=two[1], now=clock.now, email=own.email, role="auditor", division="")
    with pytest.raises(errors.TwoAdministrators):
        agree_role(actor=two[0], now=clock.now, role_id=proposed.id)


@pytest.mark.parametrize("role", ["officer", "approver", "auditor"])
def test_only_administrators_give_roles(app: Flask, clock: Any, role: str) -> None:
    acting = make.actor(make.regulator(role), None, role)
    with pytest.raises(NotAllowed):
        propose_role(actor=acting, now=clock.now, email=make.person().email, role="auditor", division="")


@pytest.mark.parametrize("held", EXCLUDING)
@pytest.mark.parametrize("wanted", EXCLUDING)
def test_officer_approver_and_administrator_exclude_one_another(
    two: tuple[Actor, Actor], clock: Any, held: str, wanted: str
) -> None:  # R-RIGHTS-3
    someone = make.regulator(held)
    expected = errors.RoleHeld if held == wanted else errors.RolesExclude
    with pytest.raises(expected):
        propose_role(actor=two[0], now=clock.now, email=someone.email, role=wanted, division="")


def test_roles_taken_between_proposal_and_agreement_count(two: tuple[Actor, Actor], clock: Any) -> None:
    someone = make.person()
    first = propose_role(actor=two[0], now=clock.now, email=someone.email, role="officer", division="")
    second = propose_role(actor=two[0], now=clock.now, email=someone.email, role="approver", division="")
    agree_role(actor=two[1], now=clock.now, role_id=first.id)
    with pytest.raises(errors.RolesExclude):
        agree_role(actor=two[1], now=clock.now, role_id=second.id)
    withdraw_proposal(actor=two[1], now=clock.now, role_id=second.id)


@pytest.mark.parametrize("role", EXCLUDING)
def test_no_such_role_for_a_member_of_a_firm_with_labs(two: tuple[Actor, Actor], clock: Any, role: str) -> None:
    # R-RIGHTS-3
    host, other = make.firm(), make.firm()
    make.lab(host, state="draft")
    with pytest.raises(errors.HostMembershipExcludes):
        propose_role(actor=two[0], now=clock.now, email=make.member(host, "viewer").email, role=role, division="")
    given(two, clock.now, make.member(other, "owner"), role)


def test_membership_taken_between_proposal_and_agreement_counts(two: tuple[Actor, Actor], clock: Any) -> None:
    someone, host = make.person(), make.firm()
    make.lab(host)
    proposed = propose_role(actor=two[0], now=clock.now, email=someone.email, role="officer", division="")
    make.add(Membership(person_id=someone.id, firm_id=host.id, role="viewer", started_at=make.LONG_AGO))
    with pytest.raises(errors.HostMembershipExcludes):
        agree_role(actor=two[1], now=clock.now, role_id=proposed.id)


def test_auditor_excludes_nothing(two: tuple[Actor, Actor], clock: Any) -> None:
    host = make.firm()
    make.lab(host)
    given(two, clock.now, make.member(host, "viewer"), "auditor")
    given(two, clock.now, make.regulator("officer"), "auditor")


@pytest.mark.parametrize("role", EXCLUDING)
def test_no_membership_of_a_firm_with_labs_for_such_a_role(app: Flask, clock: Any, role: str) -> None:  # R-RIGHTS-3
    host = make.firm()
    owner = make.actor(make.member(host, "owner"), host, "owner")
    guest = make.regulator(role, email="guest@test.example")
    invite(actor=owner, now=clock.now, firm_id=host.id, email=guest.email, role="viewer")
    secret = secret_in_mail()
    lab = make.lab(host)
    with pytest.raises(errors.HostMembershipExcludes):
        accept_invitation(actor=make.actor(guest), now=clock.now, secret=secret)
    assert db.session.query(Invitation).one().accepted_at is None
    db.session.query(Lab).filter_by(id=lab.id).update({"firm_id": make.firm().id})
    accept_invitation(actor=make.actor(guest), now=clock.now, secret=secret)


@pytest.mark.parametrize("role", EXCLUDING)
def test_no_lab_for_a_firm_with_such_a_member(two: tuple[Actor, Actor], clock: Any, role: str) -> None:  # R-RIGHTS-3
    firm = make.firm()
    make.member(firm, "owner")
    check_firm_may_host(firm.id)
    given(two, clock.now, make.member(firm, "viewer"), role)
    with pytest.raises(errors.RegulatorAmongMembers):
        check_firm_may_host(firm.id)


def test_two_administrators_remain(two: tuple[Actor, Actor], clock: Any) -> None:  # R-RIGHTS-4
    own = db.session.query(RegulatorRole).filter_by(person_id=two[0].person_id).one()
    with pytest.raises(errors.LastAdministrators):
        end_role(actor=two[1], now=clock.now, role_id=own.id)
    with pytest.raises(errors.LastAdministrators):
        disable_account(actor=two[1], now=clock.now, person_id=two[0].person_id or 0, reason="x")
    make.regulator("admin")
    end_role(actor=two[1], now=clock.now, role_id=own.id)


def test_nobody_disables_the_own_account(two: tuple[Actor, Actor], clock: Any) -> None:
    with pytest.raises(NotYourself):
        disable_account(actor=two[0], now=clock.now, person_id=two[0].person_id or 0, reason="x")


# ── The first two ─────────────────────────────────────────────────────────


def run(*words: str) -> Any:
    return CliRunner().invoke(main, list(words), catch_exceptions=False)


def test_first_two_administrators_by_command_and_no_third(app: Flask, clock: Any) -> None:  # R-RIGHTS-5
    first = run("admin", "create", "--email", "first@test.example")
    assert first.exit_code == 0, first.output
    assert "/account/password/" in first.output
    assert run("admin", "create", "--email", "second@test.example").exit_code == 0
    third = run("admin", "create", "--email", "third@test.example")
    assert third.exit_code == 1
    db.session.rollback()
    assert db.session.query(Person).count() == 2
    events = db.session.query(AuditEvent).filter_by(action="regulator.create_administrator")
    assert [event.refused for event in events.order_by(AuditEvent.id)] == [False, False, True]


def test_refused_for_good_once_there_were_two(two: tuple[Actor, Actor], clock: Any) -> None:  # R-RIGHTS-5
    for row in db.session.query(RegulatorRole):
        row.ended_at = clock.now
    db.session.flush()
    with pytest.raises(errors.AdministratorsExist):
        create_administrator(actor=SYSTEM, now=clock.now, email="x@test.example", name="x")


def test_first_administrator_is_no_member_of_a_firm_with_labs(app: Flask, clock: Any) -> None:
    host = make.firm()
    make.lab(host)
    member = make.member(host, "owner")
    with pytest.raises(errors.HostMembershipExcludes):
        create_administrator(actor=SYSTEM, now=clock.now, email=member.email, name="x")


def test_only_the_command_makes_the_first_administrators(app: Flask, clock: Any) -> None:
    with pytest.raises(NotAllowed):
        create_administrator(actor=Actor(person_id=1), now=clock.now, email="x@test.example", name="x")


def test_a_role_is_for_the_division_that_was_proposed(two: tuple[Actor, Actor], clock: Any) -> None:  # R-RIGHTS-13
    someone, another = make.person(), make.person()
    with pytest.raises(errors.InvalidDivision):
        propose_role(actor=two[0], now=clock.now, email=someone.email, role="officer", division="33062")
    proposed = propose_role(actor=two[0], now=clock.now, email=someone.email, role="officer", division="330624")
    assert agree_role(actor=two[1], now=clock.now, role_id=proposed.id).division == "330624"
    admin = propose_role(actor=two[0], now=clock.now, email=another.email, role="admin", division="330624")
    assert admin.division == ""


@pytest.mark.parametrize(("role", "division"), [("officer", "33062"), ("officer", "33062x"), ("admin", "330624")])
def test_the_database_refuses_other_divisions(app: Flask, clock: Any, role: str, division: str) -> None:
    # R-RIGHTS-13
    with pytest.raises(IntegrityError, match=r"division_code|administrators_everywhere"):
        make.regulator(role, division)
    db.session.rollback()
