"""Members: invitations, roles, ending, leaving; a firm keeps an owner."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from labshare.accounts.models import Person
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import NotAllowed, NotFound
from labshare.organisations import errors
from labshare.organisations.models import Firm, Membership
from labshare.organisations.services import (
    accept_invitation,
    change_role,
    end_membership,
    invite,
    join_by_invitation,
    leave,
    withdraw_invitation,
)
from tests import factories as make
from tests.mails import secret_in_mail
from tests.signing import sign_in

PASSWORD = "nine green apples"


@pytest.fixture
def firm(app: Flask) -> Firm:
    return make.firm()


@pytest.fixture
def owner(firm: Firm) -> Actor:
    return make.actor(make.member(firm, "owner"), firm, "owner")


def membership(person_id: int, firm: Firm) -> Membership:
    return db.session.query(Membership).filter_by(person_id=person_id, firm_id=firm.id, ended_at=None).one()


def test_invited_person_joins_with_the_role(firm: Firm, owner: Actor, clock: Any) -> None:  # R-RIGHTS-7
    guest = make.person(email="guest@test.example")
    invite(actor=owner, now=clock.now, firm_id=firm.id, email="Guest@Test.example", role="booker")
    accept_invitation(actor=make.actor(guest), now=clock.now, secret=secret_in_mail())
    assert membership(guest.id, firm).role == "booker"


def test_invitation_works_once_and_for_its_address_alone(firm: Firm, owner: Actor, clock: Any) -> None:
    guest, other = make.person(email="guest@test.example"), make.person()
    invite(actor=owner, now=clock.now, firm_id=firm.id, email=guest.email, role="booker")
    secret = secret_in_mail()
    with pytest.raises(errors.InvitationOfAnother):
        accept_invitation(actor=make.actor(other), now=clock.now, secret=secret)
    accept_invitation(actor=make.actor(guest), now=clock.now, secret=secret)
    with pytest.raises(errors.InvitationEnded):
        accept_invitation(actor=make.actor(guest), now=clock.now, secret=secret)


@pytest.mark.parametrize("how", ["withdrawn", "replaced", "too late"])
def test_invitation_ends(firm: Firm, owner: Actor, clock: Any, how: str) -> None:
    guest = make.person(email="guest@test.example")
    made = invite(actor=owner, now=clock.now, firm_id=firm.id, email=guest.email, role="owner")
    secret = secret_in_mail()
    if how == "withdrawn":
        withdraw_invitation(actor=owner, now=clock.now, invitation_id=made.id)
    elif how == "replaced":
        invite(actor=owner, now=clock.now, firm_id=firm.id, email=guest.email, role="owner")
    else:
        clock.advance(days=14)
    with pytest.raises(errors.InvitationEnded):
        accept_invitation(actor=make.actor(guest), now=clock.now, secret=secret)


def test_inviting_anew_never_lowers_a_role(firm: Firm, owner: Actor, clock: Any) -> None:  # R-RIGHTS-7
    guest = make.person(email="guest@test.example")
    invite(actor=owner, now=clock.now, firm_id=firm.id, email=guest.email, role="booker")
    with pytest.raises(errors.InvitedAlready):
        invite(actor=owner, now=clock.now, firm_id=firm.id, email=guest.email, role="viewer")
    accept_invitation(actor=make.actor(guest), now=clock.now, secret=secret_in_mail())
    with pytest.raises(errors.MemberAlready):
        invite(actor=owner, now=clock.now, firm_id=firm.id, email=guest.email, role="viewer")
    assert membership(guest.id, firm).role == "booker"


@pytest.mark.parametrize("role", ["lab_manager", "booker", "accountant", "viewer"])
def test_only_an_owner_manages_members(firm: Firm, owner: Actor, clock: Any, role: str) -> None:  # R-RIGHTS-7
    member = make.member(firm, role)
    acting = make.actor(member, firm, role)
    own = membership(member.id, firm)
    with pytest.raises(NotAllowed):
        invite(actor=acting, now=clock.now, firm_id=firm.id, email="x@test.example", role="owner")
    with pytest.raises(NotAllowed):
        change_role(actor=acting, now=clock.now, membership_id=own.id, role="owner")
    with pytest.raises(NotAllowed):
        end_membership(actor=acting, now=clock.now, membership_id=membership(owner.person_id or 0, firm).id)


def test_owner_of_another_firm_finds_nothing(firm: Firm, owner: Actor, clock: Any) -> None:
    stranger = make.actor(make.member(other := make.firm(), "owner"), other, "owner")
    member = make.member(firm, "booker")
    made = invite(actor=owner, now=clock.now, firm_id=firm.id, email="x@test.example", role="viewer")
    for attempt in (
        lambda: invite(actor=stranger, now=clock.now, firm_id=firm.id, email="y@test.example", role="owner"),
        lambda: change_role(actor=stranger, now=clock.now, membership_id=membership(member.id, firm).id, role="owner"),
        lambda: end_membership(actor=stranger, now=clock.now, membership_id=membership(member.id, firm).id),
        lambda: withdraw_invitation(actor=stranger, now=clock.now, invitation_id=made.id),
        lambda: leave(actor=stranger, now=clock.now, firm_id=firm.id),
    ):
        with pytest.raises(NotFound):
            attempt()


def test_last_owner_neither_leaves_nor_steps_down(firm: Firm, owner: Actor, clock: Any) -> None:  # R-RIGHTS-7
    own = membership(owner.person_id or 0, firm)
    with pytest.raises(errors.LastOwner):
        leave(actor=owner, now=clock.now, firm_id=firm.id)
    with pytest.raises(errors.LastOwner):
        change_role(actor=owner, now=clock.now, membership_id=own.id, role="viewer")
    with pytest.raises(errors.LastOwner):
        end_membership(actor=owner, now=clock.now, membership_id=own.id)
    disabled = make.member(firm, "owner", disabled_at=clock.now)
    with pytest.raises(errors.LastOwner):
        leave(actor=owner, now=clock.now, firm_id=firm.id)
    disabled.disabled_at = None
    leave(actor=owner, now=clock.now, firm_id=firm.id)


def test_changed_role_keeps_what_was(firm: Firm, owner: Actor, clock: Any) -> None:
    member = make.member(firm, "viewer")
    change_role(actor=owner, now=clock.now, membership_id=membership(member.id, firm).id, role="accountant")
    rows = db.session.query(Membership).filter_by(person_id=member.id).order_by(Membership.id).all()
    assert [(row.role, row.ended_at is None) for row in rows] == [("viewer", False), ("accountant", True)]


def test_new_person_joins_by_the_link_alone(
    app: Flask, firm: Firm, owner: Actor, client: FlaskClient, clock: Any
) -> None:
    invite(actor=owner, now=clock.now, firm_id=firm.id, email="new@test.example", role="booker")
    secret = secret_in_mail()
    db.session.commit()
    page = client.get(f"/account/invitations/{secret}")
    assert page.status_code == 200
    answer = client.post(f"/account/invitations/{secret}", data={"name": "新人", "password": PASSWORD})
    assert answer.status_code == 303
    assert client.get("/account/firm").status_code == 200
    db.session.rollback()
    made = db.session.query(Person).filter_by(email="new@test.example").one()
    assert made.email_confirmed_at == clock.now
    assert membership(made.id, firm).role == "booker"


def test_link_alone_does_not_open_an_existing_account(firm: Firm, owner: Actor, clock: Any) -> None:
    known = make.person(email="known@test.example", password_hash="x")
    invite(actor=owner, now=clock.now, firm_id=firm.id, email=known.email, role="booker")
    with pytest.raises(errors.InvitationOfAnother):
        join_by_invitation(actor=Actor(), now=clock.now, secret=secret_in_mail(), name="x", new_hash="of another")
    assert known.password_hash == "x"


def test_existing_account_signs_in_to_accept(
    app: Flask, firm: Firm, owner: Actor, client: FlaskClient, clock: Any
) -> None:
    known = make.person(email="known@test.example", password_hash="x")
    invite(actor=owner, now=clock.now, firm_id=firm.id, email=known.email, role="booker")
    secret = secret_in_mail()
    db.session.commit()
    assert f"/account/sign-in?next=/account/invitations/{secret}" in client.get(f"/account/invitations/{secret}").text
    sign_in(client, known)
    assert client.post(f"/account/invitations/{secret}").status_code == 303
    db.session.rollback()
    assert membership(known.id, firm).role == "booker"
