"""API tokens: whose roles they hold, and what ends them."""

from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask

from labshare.commands import main
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import NotAllowed, NotFound
from labshare.organisations.models import ApiToken, Membership
from labshare.organisations.queries import holder_of_token
from labshare.organisations.services import issue_token, note_token_used, revoke_token
from tests import factories as make


def test_token_holds_the_role_in_its_firm_and_no_other(app: Flask, clock: Any) -> None:
    first, second = make.firm(), make.firm()
    someone = make.member(first, "booker")
    make.add(Membership(person_id=someone.id, firm_id=second.id, role="owner", started_at=clock.now))
    _row, secret = issue_token(actor=make.actor(someone, first, "booker"), now=clock.now, scope="read")
    holder = holder_of_token(secret, clock.now, address="192.0.2.7")
    assert holder is not None
    assert holder.actor == Actor(someone.id, first.id, frozenset({"booker"}), "192.0.2.7", "read")


def test_regulators_token_holds_the_roles(app: Flask, clock: Any) -> None:
    officer = make.regulator("officer")
    _row, secret = issue_token(actor=make.actor(officer, None, "officer"), now=clock.now, scope="write")
    holder = holder_of_token(secret, clock.now)
    assert holder is not None
    assert (holder.actor.roles, holder.actor.firm_id) == (frozenset({"officer"}), None)


@pytest.mark.parametrize("how", ["revoked", "membership", "disabled", "expired", "other secret", "production"])
def test_token_ends(app: Flask, clock: Any, how: str) -> None:
    firm = make.firm()
    someone = make.member(firm, "owner", demonstration=True)
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
    elif how == "other secret":
        secret = secret[:-1] + ("A" if secret[-1] != "A" else "B")
    assert holder_of_token(secret, clock.now, demonstration=how != "production") is None


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
    reading = Actor(make.member(firm).id, firm.id, frozenset({"owner"}), scope="read")
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
