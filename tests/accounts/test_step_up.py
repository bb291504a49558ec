"""Before weighty acts their person proves anew who it is (R-FACTOR-7)."""

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from labshare.accounts.models import Person
from labshare.accounts.passwords import hashed
from labshare.audit.models import AuditEvent
from labshare.kernel.database import db
from labshare.notices.codes import ShortMessage, send_codes
from labshare.organisations.models import ApiToken, Firm, RegulatorRole
from labshare.organisations.queries.bank_accounts import entries_of
from labshare.web.account import throttle
from tests import factories as make
from tests.authenticator import Authenticator, app_of
from tests.signing import sign_in

PASSWORD = "nine green apples"
PASSWORD_HASH = hashed(PASSWORD)
TOKENS = "/account/tokens"
PROVES = {
    "account.add_passkey",
    "account.bank_account",
    "account.change_password",
    "account.end_session",
    "account.own_mobile",
    "account.remove_passkey",
    "account.tokens",
    "admin.agree_removal",
    "admin.agree_role",
    "regulator.policy_publish",
    "regulator.run_approve",
    "regulator.run_pay",
    "regulator.run_publish",
}
"""The whole list, as docs/decisions/second-factor.md has it."""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords are compared without the hash's work."""
    monkeypatch.setattr(
        "labshare.accounts.passwords.fits", lambda stored, password: stored == PASSWORD_HASH and password == PASSWORD
    )


@pytest.fixture
def firm(app: Flask, clock: Any) -> Firm:
    made = make.firm()
    db.session.commit()
    return made


@pytest.fixture
def owner(firm: Firm) -> Person:
    made = make.member(firm, "owner", password_hash=PASSWORD_HASH, locale="zh_Hans_CN")
    db.session.commit()
    return made


@pytest.fixture
def client(client: FlaskClient, owner: Person, firm: Firm, clock: Any) -> FlaskClient:
    """Signed in eleven minutes ago."""
    sign_in(client, owner, firm)
    clock.advance(minutes=11)
    return client


@pytest.fixture
def phone(client: FlaskClient, owner: Person, firm: Firm, clock: Any) -> Authenticator:
    """The owner's app; signed in with it eleven minutes ago."""
    app = app_of(owner)
    sign_in(client, owner, firm)
    clock.advance(minutes=11)
    return app


def tokens() -> int:
    db.session.rollback()
    return db.session.query(ApiToken).count()


def hidden(page: Any) -> dict[str, str]:
    """The fields that the page carries along."""
    main = page.text.split("<main")[1]
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', main))


def test_the_list_of_acts_is_whole(app: Flask) -> None:
    assert {name for name, view in app.view_functions.items() if hasattr(view, "proof")} == PROVES


def test_r_factor_7_what_was_typed_goes_on_with_the_code(client: FlaskClient, phone: Authenticator, clock: Any) -> None:
    """R-FACTOR-7"""
    asked = client.post(TOKENS, data={"name": "ERP 与账", "writes": "y"})
    assert asked.status_code == 403
    assert f'action="{TOKENS}"' in asked.text
    assert {"name": "ERP 与账", "writes": "y"}.items() <= hidden(asked).items()
    assert tokens() == 0
    wrong = client.post(TOKENS, data={**hidden(asked), "proof_code": "000000"})
    assert wrong.status_code == 422
    assert hidden(wrong)["name"] == "ERP 与账"
    assert tokens() == 0
    done = client.post(TOKENS, data={**hidden(wrong), "proof_code": phone.shows(clock.now)})
    assert done.status_code == 200
    assert tokens() == 1
    assert db.session.query(ApiToken).one().name == "ERP 与账"
    assert "account.prove" in [event.action for event in db.session.query(AuditEvent)]


def test_a_proof_holds_for_ten_minutes_in_this_browser(
    app: Flask, client: FlaskClient, phone: Authenticator, owner: Person, firm: Firm, clock: Any
) -> None:
    elsewhere = sign_in(app.test_client(), owner, firm)
    assert client.post(TOKENS, data={"name": "a", "proof_code": phone.shows(clock.now)}).status_code == 200
    clock.advance(minutes=9, seconds=59)
    assert client.post(TOKENS, data={"name": "b"}).status_code == 200
    assert elsewhere.post(TOKENS, data={"name": "c"}).status_code == 200, "just signed in there"
    clock.advance(seconds=1)
    assert client.post(TOKENS, data={"name": "d"}).status_code == 403
    assert elsewhere.post(TOKENS, data={"name": "e"}).status_code == 403


def test_one_browsers_proof_is_no_other_ones(
    app: Flask, client: FlaskClient, phone: Authenticator, owner: Person, firm: Firm, clock: Any
) -> None:
    """A stolen session is not made fresh by its owner's code elsewhere."""
    thief = sign_in(app.test_client(), owner, firm)
    clock.advance(minutes=11)
    assert client.post(TOKENS, data={"name": "a", "proof_code": phone.shows(clock.now)}).status_code == 200
    assert thief.post(TOKENS, data={"name": "b"}).status_code == 403
    again = thief.post(TOKENS, data={"name": "b", "proof_code": phone.shows(clock.now)})
    assert again.status_code == 422, "the code was taken already"


def test_who_has_no_factor_gives_the_password(client: FlaskClient, owner: Person) -> None:
    asked = client.post(TOKENS, data={"name": "a"})
    assert 'type="password"' in asked.text
    assert client.post(TOKENS, data={"name": "a", "proof_password": "wrong"}).status_code == 422
    assert client.post(TOKENS, data={"name": "a", "proof_code": "123456"}).status_code == 422
    assert client.post(TOKENS, data={"name": "a", "proof_password": PASSWORD}).status_code == 200


def test_who_has_one_does_not_get_by_with_the_password(client: FlaskClient, phone: Authenticator) -> None:
    assert client.post(TOKENS, data={"name": "a", "proof_password": PASSWORD}).status_code == 422
    assert tokens() == 0


def test_no_other_site_leads_to_the_page(app: Flask, client: FlaskClient, owner: Person) -> None:
    """A forged form is refused before anybody is asked for a code that would let it go on."""
    app.config["WTF_CSRF_ENABLED"] = True
    try:
        forged = client.post(TOKENS, data={"name": "evil"})
    finally:
        app.config["WTF_CSRF_ENABLED"] = False
    assert forged.status_code == 400
    assert "proof_" not in forged.text


@pytest.mark.engines("sqlite")
def test_guessing_is_stopped(app: Flask, limited: Flask, owner: Person, firm: Firm, clock: Any) -> None:
    app_of(owner)
    thief = sign_in(limited.test_client(), owner, firm)
    clock.advance(minutes=11)
    form = {"name": "a", "proof_code": "000000"}
    statuses = [thief.post(TOKENS, data=form).status_code for _ in range(throttle.KNOWN + 1)]
    assert statuses == [422] * throttle.KNOWN + [429]


def test_a_session_of_a_code_on_the_phone_has_proved_nothing_yet(app: Flask, owner: Person, clock: Any) -> None:
    """Who takes a number over signs in, and changes no bank account."""
    app.config["SMS_URL"] = "console:"
    owner.mobile = "13805751234"
    db.session.commit()
    fresh = app.test_client()
    fresh.post("/account/sign-in/mobile", data={"mobile": owner.mobile})
    messages: list[ShortMessage] = []
    send_codes(clock.now, sender=messages.append)
    db.session.commit()
    fresh.post("/account/sign-in/code", data={"mobile": "13805751234", "code": messages[0].code})
    assert fresh.get(TOKENS).status_code == 200
    assert fresh.post(TOKENS, data={"name": "a"}).status_code == 403


def test_another_bank_account_asks_for_proof(client: FlaskClient, firm: Firm, clock: Any) -> None:  # R-FIRM-6
    path = "/account/firm/bank-account"
    assert client.get(path).status_code == 200
    assert client.post(path, data={"account": "6222 0000 1111 2222"}).status_code == 403
    assert not entries_of(firm.id)
    proved = {"account": "6222 0000 1111 2222", "proof_password": PASSWORD}
    assert client.post(path, data=proved).status_code == 303
    assert [one.ends for one in entries_of(firm.id)] == ["…2222"]


def test_without_a_factor_the_forms_own_password_is_the_proof(client: FlaskClient) -> None:
    assert client.get("/account/change-password").status_code == 200


def test_a_new_password_asks_for_the_code_before_its_form(
    client: FlaskClient, phone: Authenticator, owner: Person, clock: Any
) -> None:
    path = "/account/change-password"
    asked = client.get(path)
    assert asked.status_code == 403
    typed = client.post(path, data={"present_password": PASSWORD, "password": "seven blue pears"})
    assert typed.status_code == 403
    assert "seven blue" not in typed.text
    assert set(hidden(typed)) - {"csrf_token"} == {"next", "of"}
    assert client.post("/account/prove", data={**hidden(asked), "proof_code": "000000"}).status_code == 422
    code = phone.shows(clock.now)
    gone = client.post("/account/prove", data={**hidden(asked), "next": "//evil.example", "proof_code": code})
    assert (gone.status_code, gone.location) == (303, "/")
    assert client.get(path).status_code == 200
    done = client.post(path, data={"present_password": PASSWORD, "password": "seven blue pears"})
    assert done.status_code == 303


def test_agreeing_to_a_role_asks_for_proof(app: Flask, clock: Any) -> None:
    admin, other, chosen = make.regulator("admin", password_hash=PASSWORD_HASH), make.regulator("admin"), make.person()
    role = make.add(
        RegulatorRole(
            person_id=chosen.id, role="officer", division="330624", proposed_by=other.id, proposed_at=clock.now
        )
    )
    db.session.commit()
    client = sign_in(app.test_client(), admin)
    clock.advance(minutes=11)
    path = f"/admin/roles/{role.id}/agree"
    assert client.post(path).status_code == 403
    assert client.post(path, data={"proof_password": PASSWORD}).status_code == 303
    db.session.refresh(role)
    assert role.agreed_by == admin.id


def test_who_may_not_is_refused_before_any_proof(client: FlaskClient) -> None:
    """R-RIGHTS-2"""
    assert "proof_" not in client.post("/regulator/rewards/2026-10/approve").text
