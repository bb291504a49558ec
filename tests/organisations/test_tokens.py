"""API tokens: whose roles they hold, and what ends them."""

from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask

from labshare.accounts import services as accounts
from labshare.accounts.links import RESET_LASTS, password_link
from labshare.accounts.passwords import hashed
from labshare.audit.models import AuditEvent
from labshare.commands import main
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import NotAllowed, NotFound
from labshare.organisations.models import ApiToken, Membership, RegulatorRole
from labshare.organisations.queries import holder_of_token, tokens_of
from labshare.organisations.services import (
    change_role,
    end_membership,
    end_role,
    issue_token,
    leave,
    note_token_used,
    revoke_token,
)
from tests import factories as make

PASSWORD = "nine green apples"
PASSWORD_HASH = hashed(PASSWORD)


def test_token_holds_the_role_in_its_firm_and_no_other(app: Flask, clock: Any) -> None:  # R-RIGHTS-8
    first, second = make.firm(), make.firm()
    someone = make.member(first, "booker")
    make.add(Membership(person_id=someone.id, firm_id=second.id, role="owner", started_at=clock.now))
    _row, secret = issue_token(actor=make.actor(someone, first, "booker"), now=clock.now, scope="read")
    holder = holder_of_token(secret, clock.now, address="192.0.2.7")
    assert holder is not None
    assert holder.actor == Actor(
        person_id=someone.id, firm_id=first.id, roles=frozenset({"booker"}), address="192.0.2.7", scope="read"
    )


def test_regulators_token_holds_the_roles(app: Flask, clock: Any) -> None:  # R-RIGHTS-8
    officer = make.regulator("officer")
    _row, secret = issue_token(actor=make.actor(officer, None, "officer"), now=clock.now, scope="write")
    holder = holder_of_token(secret, clock.now)
    assert holder is not None
    assert (holder.actor.roles, holder.actor.firm_id) == (frozenset({"officer"}), None)


@pytest.mark.parametrize(
    "how",
    [
        "revoked",
        "membership",
        "disabled",
        "expired",
        "other secret",
        "production",
        "changed password",
        "reset password",
        "signed out everywhere",
    ],
)
def test_token_ends(app: Flask, clock: Any, how: str) -> None:
    firm = make.firm()
    someone = make.member(firm, "owner", demonstration=True, password_hash=PASSWORD_HASH)
    acting = make.actor(someone, firm, "owner")
    row, secret = issue_token(actor=acting, now=clock.now, scope="write")
    assert holder_of_token(secret, clock.now)
    if how == "revoked":
        revoke_token(actor=acting, now=clock.now, token_id=row.id)
    elif how == "membership":
        db.session.query(Membership).one().ended_at = clock.now
    elif how == "disabled":
        someone.disabled_at = clock.now
    elif how == "expired":
        clock.advance(days=365)
    elif how == "changed password":
        accounts.change_password(
            actor=acting, now=clock.now, seen_hash=someone.password_hash, new_hash=hashed("another long one")
        )
    elif how == "reset password":
        link = password_link(someone, clock.now, RESET_LASTS)
        accounts.set_password(actor=Actor(), now=clock.now, token=link, new_hash=hashed("another long one"))
    elif how == "signed out everywhere":
        accounts.sign_out_everywhere(actor=acting, now=clock.now)
    elif how == "other secret":
        secret = secret[:-1] + ("A" if secret[-1] != "A" else "B")
    assert holder_of_token(secret, clock.now, demonstration=how != "production") is None


@pytest.mark.parametrize("how", ["ended", "left"])
def test_token_of_an_ended_membership_does_not_come_back_with_a_new_one(app: Flask, clock: Any, how: str) -> None:
    # R-RIGHTS-8
    firm = make.firm()
    owner, someone = make.member(firm, "owner"), make.member(firm, "booker")
    acting = make.actor(someone, firm, "booker")
    _row, secret = issue_token(actor=acting, now=clock.now, scope="write")
    found = db.session.query(Membership).filter_by(person_id=someone.id).one()
    if how == "ended":
        end_membership(actor=make.actor(owner, firm, "owner"), now=clock.now, membership_id=found.id)
    else:
        leave(actor=acting, now=clock.now, firm_id=firm.id)
    make.add(Membership(person_id=someone.id, firm_id=firm.id, role="owner", started_at=clock.now))
    assert holder_of_token(secret, clock.now) is None
    event = db.session.query(AuditEvent).order_by(AuditEvent.id.desc()).first()
    assert event is not None
    assert (event.after or {})["tokens_ended"] == 1


def test_changed_role_keeps_the_token_with_the_new_role(app: Flask, clock: Any) -> None:
    firm = make.firm()
    owner, someone = make.member(firm, "owner"), make.member(firm, "booker")
    _row, secret = issue_token(actor=make.actor(someone, firm, "booker"), now=clock.now, scope="write")
    found = db.session.query(Membership).filter_by(person_id=someone.id).one()
    change_role(actor=make.actor(owner, firm, "owner"), now=clock.now, membership_id=found.id, role="viewer")
    holder = holder_of_token(secret, clock.now)
    assert holder is not None
    assert holder.actor.roles == {"viewer"}


def test_regulators_token_does_not_come_back_with_the_role(app: Flask, clock: Any) -> None:  # R-RIGHTS-8
    officer, admin = make.regulator("officer"), make.regulator("admin")
    _row, secret = issue_token(actor=make.actor(officer, None, "officer"), now=clock.now, scope="write")
    role = db.session.query(RegulatorRole).filter_by(person_id=officer.id).one()
    end_role(actor=make.actor(admin, None, "admin"), now=clock.now, role_id=role.id)
    make.add(
        RegulatorRole(person_id=officer.id, role="officer", division="", proposed_at=clock.now, agreed_at=clock.now)
    )
    assert holder_of_token(secret, clock.now) is None


def test_ended_tokens_are_neither_listed_nor_counted(app: Flask, clock: Any) -> None:
    firm = make.firm()
    someone = make.member(firm, "owner")
    acting = make.actor(someone, firm, "owner")
    for _ in range(20):
        issue_token(actor=acting, now=clock.now, scope="read")
    accounts.sign_out_everywhere(actor=acting, now=clock.now)
    assert tokens_of(someone.id) == []
    issue_token(actor=acting, now=clock.now, scope="read")
    assert len(tokens_of(someone.id)) == 1


def test_secret_is_not_kept(app: Flask, clock: Any) -> None:
    firm = make.firm()
    _row, secret = issue_token(actor=make.actor(make.member(firm), firm, "owner"), now=clock.now, scope="write")
    assert secret not in str([vars(row) for row in db.session.query(ApiToken)])


def test_no_one_revokes_the_token_of_another(app: Flask, clock: Any) -> None:
    firm = make.firm()
    row, _secret = issue_token(actor=make.actor(make.member(firm), firm, "owner"), now=clock.now, scope="write")
    with pytest.raises(NotFound):
        revoke_token(actor=make.actor(make.member(firm), firm, "owner"), now=clock.now, token_id=row.id)


def test_read_only_token_makes_no_other(app: Flask, clock: Any) -> None:
    firm = make.firm()
    reading = Actor(person_id=make.member(firm).id, firm_id=firm.id, roles=frozenset({"owner"}), scope="read")
    with pytest.raises(NotAllowed):
        issue_token(actor=reading, now=clock.now, scope="write")


def test_last_use_is_noted_about_every_quarter_of_an_hour(app: Flask, clock: Any) -> None:
    firm = make.firm()
    row, _secret = issue_token(actor=make.actor(make.member(firm), firm, "owner"), now=clock.now, scope="write")
    noted = []
    for _ in range(4):
        note_token_used(row.id, clock.now)
        db.session.refresh(row)
        noted.append(row.last_used_at)
        clock.advance(minutes=10)
    assert len(set(noted)) == 2


def test_command_prints_the_token_alone(app: Flask, clock: Any) -> None:
    firm = make.firm()
    someone = make.member(firm, "booker")
    db.session.commit()
    result = CliRunner().invoke(main, ["token", "issue", "--email", someone.email, "--scope", "read"])
    assert result.exit_code == 0
    holder = holder_of_token(result.output.strip(), clock.now)
    assert holder is not None
    assert (holder.actor.person_id, holder.actor.scope) == (someone.id, "read")
    assert CliRunner().invoke(main, ["token", "issue", "--email", "nobody@test.example"]).exit_code == 1
