"""Passkeys through the pages, as their owner and as whoever would pass for the owner (R-FACTOR-10)."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm.attributes import set_committed_value

from labshare.accounts import passkeys
from labshare.accounts.errors import PasskeyCopied, StaleChallenge, WrongPasskey
from labshare.accounts.links import state_of
from labshare.accounts.models import Passkey, Person, RecoveryCode, SecondFactor
from labshare.accounts.passwords import hashed
from labshare.accounts.queries import has_factor
from labshare.audit.models import AuditEvent
from labshare.kernel.database import db, transaction
from labshare.organisations.models import LostFactor
from labshare.organisations.services import agree_removal, issue_token, propose_removal
from tests import factories as make
from tests.authenticator import app_of
from tests.mails import letters
from tests.passkeys import ADDRESS, SoftKey, asked_on, passkey_of
from tests.signing import sign_in

PASSWORD = "nine green apples"
PASSWORD_HASH = hashed(PASSWORD)
SECOND = "/account/sign-in/code-of-app"
SETTINGS = "/account/second-factor"
ADD = "/account/second-factor/passkeys/add"
TOKENS = "/account/tokens"
pytestmark = pytest.mark.engines("sqlite")  # what the database guards is tried on both below


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords are compared without the hash's work."""
    monkeypatch.setattr(
        "labshare.accounts.passwords.fits", lambda stored, password: stored == PASSWORD_HASH and password == PASSWORD
    )


@pytest.fixture
def owner(app: Flask, clock: Any, monkeypatch: pytest.MonkeyPatch) -> Person:
    monkeypatch.setitem(app.config, "BASE_URL", ADDRESS)
    made = make.member(make.firm(), "owner", password_hash=PASSWORD_HASH, locale="zh_Hans_CN")
    db.session.commit()
    return made


@pytest.fixture
def key(owner: Person) -> SoftKey:
    return passkey_of(owner)


def give_password(client: FlaskClient, who: Person, **more: str) -> Any:
    return client.post("/account/sign-in", data={"email": who.email, "password": PASSWORD, **more})


def signed_in(client: FlaskClient) -> bool:
    return client.get("/account/").status_code == 200


def events(action: str) -> list[AuditEvent]:
    db.session.rollback()
    return db.session.query(AuditEvent).filter_by(action=action).order_by(AuditEvent.id).all()


# --- adding -------------------------------------------------------------------------------------------------------


def test_r_factor_10_a_passkey_is_added_with_recovery_codes(client: FlaskClient, owner: Person, app: Flask) -> None:
    """R-FACTOR-10. A browser without passkeys, as WeChat's, is never locked out: codes are there from the beginning."""
    other = sign_in(app.test_client(), owner)
    sign_in(client, owner)
    page, made = client.get(ADD), SoftKey()
    asked = asked_on(page)
    assert asked["authenticatorSelection"]["userVerification"] == "required"
    assert asked["rp"]["id"] == made.site
    form = {"name": "手机", "passkey": made.make(asked)}
    assert client.post(ADD, data=form).status_code == 422, "the password is asked for"
    assert client.post(ADD, data={**form, "present_password": "wrong"}).status_code == 422
    assert not has_factor(owner.id)
    done = client.post(ADD, data={**form, "present_password": PASSWORD})
    codes = re.findall(r"<li>((?:[2-9A-Z]{4}-){5}[2-9A-Z]{4})</li>", done.text)
    assert len(set(codes)) == 10
    assert "手机" in client.get(SETTINGS).text
    assert not signed_in(other), "every other session ends"
    (event,) = events("account.add_passkey")
    assert event.after == {"passkeys": 1, "sessions_ended": 1}
    assert "手机" not in str(event.after)
    assert any("通行密钥" in letter.subject for letter in letters())


Twist = Callable[[SoftKey], None]
FALSE: dict[str, Twist] = {
    "another site's": lambda key: setattr(key, "origin", "https://labs.test.example.evil.example"),
    "another port's": lambda key: setattr(key, "origin", f"{ADDRESS}:8443"),
    "for another name": lambda key: setattr(key, "site", "evil.example"),
    "not looked at its person": lambda key: setattr(key, "looks", False),
}


@pytest.mark.parametrize("how", FALSE)
def test_no_other_sites_and_no_unlooked_key_is_added(client: FlaskClient, owner: Person, how: str) -> None:
    sign_in(client, owner)
    made = SoftKey()
    FALSE[how](made)
    form = {"name": "a", "present_password": PASSWORD, "passkey": made.make(asked_on(client.get(ADD)))}
    assert client.post(ADD, data=form).status_code == 422
    assert not has_factor(owner.id)


@pytest.mark.parametrize("answer", ["", "{}", "[]", "x" * 20_000, '{"response": {"clientDataJSON": "e30"}}'])
def test_what_is_no_answer_is_refused_kindly(client: FlaskClient, owner: Person, answer: str) -> None:
    sign_in(client, owner)
    form = {"name": "a", "present_password": PASSWORD, "passkey": answer}
    refused = client.post(ADD, data=form)
    assert refused.status_code == 422
    assert str(WrongPasskey.message) in refused.text


def test_a_challenge_adds_once_for_its_session_in_time(
    app: Flask, client: FlaskClient, owner: Person, clock: Any
) -> None:
    sign_in(client, owner)
    elsewhere = sign_in(app.test_client(), owner)
    asked = asked_on(client.get(ADD))
    form = {"name": "a", "present_password": PASSWORD}
    assert elsewhere.post(ADD, data={**form, "passkey": SoftKey().make(asked)}).status_code == 422
    clock.advance(minutes=5)
    assert client.post(ADD, data={**form, "passkey": SoftKey().make(asked)}).status_code == 409
    asked, first = asked_on(client.get(ADD)), SoftKey()
    assert client.post(ADD, data={**form, "passkey": first.make(asked)}).status_code == 200
    assert client.post(ADD, data={**form, "passkey": SoftKey().make(asked)}).status_code == 409
    clock.advance(seconds=1)
    other = asked_on(client.get(ADD))
    assert other["excludeCredentials"][0]["id"] == passkeys.passkeys_of(owner.id)[0].credential
    assert client.post(ADD, data={"name": "b", "passkey": first.make(other)}).status_code == 409, "on it already"


def test_who_has_a_factor_proves_it_before_another_is_added(
    client: FlaskClient, owner: Person, key: SoftKey, clock: Any
) -> None:
    """Whoever finds a browser that is signed in, or knows the password, puts no key of theirs on the account."""
    sign_in(client, owner)
    clock.advance(minutes=11)
    assert client.get(ADD).status_code == 403
    form = {"name": "thief", "passkey": "{}", "present_password": PASSWORD}
    assert client.post(ADD, data=form).status_code == 403


def test_addresses_that_are_numbers_have_no_passkeys(app: Flask, client: FlaskClient, owner: Person) -> None:
    app.config["BASE_URL"] = "http://127.0.0.1:8000"
    sign_in(client, owner)
    page = client.get(ADD)
    assert page.status_code == 200
    assert "data-asked" not in page.text
    assert passkeys.to_use(owner.id, passkeys.PROVING, bound="-", now=owner.created_at) is None


# --- signing in ---------------------------------------------------------------------------------------------------


def test_signing_in_by_password_then_passkey(client: FlaskClient, owner: Person, key: SoftKey) -> None:
    """R-FACTOR-2"""
    first = give_password(client, owner, next=TOKENS)
    assert first.location.startswith(SECOND)
    assert not signed_in(client)
    page = client.get(first.location)
    done = client.post(SECOND, data={"passkey": key.sign(asked_on(page)), "next": TOKENS})
    assert (done.status_code, done.location) == (303, TOKENS)
    (event,) = events("account.sign_in_by_factor")
    assert event.after == {"factor": "passkey"}
    assert db.session.query(Passkey).one().used_at is not None


def test_a_recovery_code_stands_in_for_a_passkey(client: FlaskClient, owner: Person, app: Flask) -> None:
    """R-FACTOR-4. Also in a browser that knows no passkeys."""
    sign_in(client, owner)
    form = {"name": "a", "present_password": PASSWORD, "passkey": SoftKey().make(asked_on(client.get(ADD)))}
    code = re.findall(r"<li>([2-9A-Z-]{29})</li>", client.post(ADD, data=form).text)[0]
    fresh = app.test_client()
    give_password(fresh, owner)
    assert fresh.post(SECOND, data={"code": ""}).status_code == 422
    assert fresh.post(SECOND, data={"code": code}).status_code == 303
    assert signed_in(fresh)


@pytest.mark.parametrize("how", FALSE)
def test_no_other_sites_and_no_unlooked_signature_signs_in(
    client: FlaskClient, owner: Person, key: SoftKey, how: str
) -> None:
    give_password(client, owner)
    asked = asked_on(client.get(SECOND))
    FALSE[how](key)
    refused = client.post(SECOND, data={"passkey": key.sign(asked)})
    assert refused.status_code == 422
    assert str(WrongPasskey.message) in refused.text
    assert not signed_in(client)
    assert events("account.sign_in_by_factor")[0].refused


def test_what_was_signed_once_signs_in_once(app: Flask, client: FlaskClient, owner: Person, clock: Any) -> None:
    """R-FACTOR-3. Also of devices that do not count."""
    key = passkey_of(owner, counts=False)
    give_password(client, owner)
    answer = key.sign(asked_on(client.get(SECOND)))
    assert client.post(SECOND, data={"passkey": answer}).status_code == 303
    thief = app.test_client()
    give_password(thief, owner)
    assert thief.post(SECOND, data={"passkey": answer}).status_code == 409
    assert not signed_in(thief)


def test_the_password_of_one_and_the_passkey_of_another_open_nothing(
    client: FlaskClient, owner: Person, key: SoftKey
) -> None:
    thief = make.person(password_hash=PASSWORD_HASH)
    db.session.commit()
    theirs = passkey_of(thief)
    give_password(client, owner)
    asked = asked_on(client.get(SECOND))
    assert client.post(SECOND, data={"passkey": theirs.sign(asked)}).status_code == 422
    theirs.name = key.name
    assert client.post(SECOND, data={"passkey": theirs.sign(asked)}).status_code == 422, "under the owner's name"
    assert not signed_in(client)


def test_a_counter_that_goes_back_is_refused_and_in_the_trail(
    client: FlaskClient, owner: Person, key: SoftKey, clock: Any
) -> None:
    """The thief's copy is behind, or makes its owner's be behind: either way it shows."""
    copy = SoftKey(secret=key.secret, name=key.name, count=key.count)
    for _each in range(2):
        clock.advance(seconds=1)
        give_password(client, owner)
        assert client.post(SECOND, data={"passkey": key.sign(asked_on(client.get(SECOND)))}).status_code == 303
    clock.advance(seconds=1)
    give_password(client, owner)
    refused = client.post(SECOND, data={"passkey": copy.sign(asked_on(client.get(SECOND)))})
    assert refused.status_code == 422
    assert str(PasskeyCopied.message) in refused.text
    last = events("account.sign_in_by_factor")[-1]
    assert last.refused
    assert "PasskeyCopied" in str(last.after)


@pytest.mark.parametrize(
    ("stored", "shown", "fits"), [(0, 0, True), (0, 1, True), (5, 6, True), (5, 5, False), (5, 0, False)]
)
def test_how_a_counter_goes_on(stored: int, shown: int, fits: bool) -> None:
    assert passkeys.goes_on(stored=stored, shown=shown) is fits


def test_a_key_copied_to_another_account_opens_nothing(client: FlaskClient, owner: Person, key: SoftKey) -> None:
    """Who writes to the database and does not know `SECRET_KEY` puts no passkey of his own on an account."""
    thief = make.person(password_hash=PASSWORD_HASH)
    db.session.commit()
    theirs = passkey_of(thief)
    mine = db.session.query(Passkey).filter_by(person_id=owner.id).one()
    sealed = db.session.query(Passkey).filter_by(person_id=thief.id).one()
    mine.public_key, sealed.person_id = sealed.public_key, owner.id
    db.session.commit()
    for forged in (theirs, SoftKey(secret=theirs.secret, name=key.name)):
        give_password(client, owner)
        assert client.post(SECOND, data={"passkey": forged.sign(asked_on(client.get(SECOND)))}).status_code == 422


# --- proving anew -------------------------------------------------------------------------------------------------


def hidden(page: Any) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text.split("<main")[1]))


def test_a_passkey_proves_anew(app: Flask, client: FlaskClient, owner: Person, key: SoftKey, clock: Any) -> None:
    """R-FACTOR-7. What was signed for one browser proves nothing in another, nor at the sign-in."""
    sign_in(client, owner)
    thief = sign_in(app.test_client(), owner)
    clock.advance(minutes=11)
    asked = client.post(TOKENS, data={"name": "ERP"})
    assert asked.status_code == 403
    answer = key.sign(asked_on(asked))
    assert thief.post(TOKENS, data={"name": "x", "proof_passkey": answer}).status_code == 422
    wrong = client.post(TOKENS, data={**hidden(asked), "proof_passkey": "{}"})
    assert wrong.status_code == 422
    assert hidden(wrong)["name"] == "ERP"
    assert client.post(TOKENS, data={**hidden(wrong), "proof_passkey": answer}).status_code == 200
    clock.advance(minutes=11)
    again = client.post(TOKENS, data={"name": "b", "proof_passkey": answer})
    assert again.status_code == 409
    fresh = app.test_client()
    give_password(fresh, owner)
    for_signing = key.sign(asked_on(fresh.get(SECOND)))
    assert client.post(TOKENS, data={"name": "b", "proof_passkey": for_signing}).status_code == 422


# --- removing, losing, needing ------------------------------------------------------------------------------------


def test_removing_asks_for_proof_and_takes_the_codes_along(
    client: FlaskClient, owner: Person, key: SoftKey, clock: Any
) -> None:
    own = passkeys.passkeys_of(owner.id)[0].id
    path = f"{SETTINGS}/passkeys/{own}/remove"
    sign_in(client, owner)
    clock.advance(minutes=11)
    asked = client.post(path)
    assert asked.status_code == 403
    assert client.post(path, data={"proof_passkey": key.sign(asked_on(asked))}).status_code == 303
    assert not has_factor(owner.id)
    assert db.session.query(RecoveryCode).count() == 0
    (event,) = events("account.remove_passkey")
    assert (event.before, event.after) == ({"passkeys": 1}, {"passkeys": 0})


def test_nobody_removes_anothers(client: FlaskClient, owner: Person, key: SoftKey) -> None:
    stranger = make.person(password_hash=PASSWORD_HASH)
    db.session.commit()
    own = passkeys.passkeys_of(owner.id)[0].id
    sign_in(client, stranger)
    assert client.post(f"{SETTINGS}/passkeys/{own}/remove").status_code == 404
    assert has_factor(owner.id)


def test_app_and_passkey_stand_beside_each_other(client: FlaskClient, owner: Person, key: SoftKey, clock: Any) -> None:
    """Turning one off leaves the other, and the recovery codes."""
    phone = app_of(owner)
    give_password(client, owner)
    assert client.post(SECOND, data={"code": phone.shows(clock.now)}).status_code == 303
    clock.advance(minutes=1)
    form = {"code": phone.shows(clock.now), "present_password": PASSWORD}
    assert client.post(f"{SETTINGS}/off", data=form).status_code == 303
    assert db.session.get(SecondFactor, owner.id) is None
    assert has_factor(owner.id)
    assert db.session.query(RecoveryCode).count() == 10


def test_r_factor_5_a_passkey_is_the_factor_that_roles_need(
    app: Flask, client: FlaskClient, clock: Any, owner: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-FACTOR-5, R-FACTOR-6"""
    monkeypatch.setitem(app.config, "SECOND_FACTOR", "required")
    admin = make.regulator("admin", password_hash=PASSWORD_HASH)
    db.session.commit()
    with transaction():
        _row, secret = issue_token(actor=make.actor(admin, None, "admin"), now=clock.now, scope="read")
    api = {"Authorization": f"Bearer {secret}"}
    assert client.get("/api/v1/bookings", headers=api).status_code == 403
    give_password(client, admin)
    assert client.get("/account/").location.startswith(f"{SETTINGS}/set-up")
    made = SoftKey()
    form = {"name": "a", "present_password": PASSWORD, "passkey": made.make(asked_on(client.get(ADD)))}
    assert client.post(ADD, data=form).status_code == 200
    assert signed_in(client)
    assert client.get("/api/v1/bookings", headers=api).status_code == 200
    own = passkeys.passkeys_of(admin.id)[0].id
    assert client.post(f"{SETTINGS}/passkeys/{own}/remove").status_code == 409, "the last one stays"
    assert has_factor(admin.id)


def test_two_administrators_take_lost_passkeys_off(owner: Person, key: SoftKey, clock: Any) -> None:
    """R-FACTOR-9"""
    one, other = make.regulator("admin"), make.regulator("admin")
    db.session.commit()
    with transaction():
        propose_removal(
            actor=make.actor(one, None, "admin"), now=clock.now, person_id=owner.id, reason="手机丢失, 已回拨核实"
        )
    waiting = db.session.query(LostFactor).one()
    with transaction():
        agree_removal(actor=make.actor(other, None, "admin"), now=clock.now, removal_id=waiting.id)
    assert not has_factor(owner.id)
    assert events("factor.agree_removal")[0].before == {"factor": "passkey", "passkeys": 1}


# --- in the database ----------------------------------------------------------------------------------------------


@pytest.mark.engines("sqlite", "postgresql")
def test_what_was_signed_is_taken_by_one_statement(owner: Person, key: SoftKey, clock: Any) -> None:
    """Of two at once that have both looked, the second finds it taken."""
    bound, person_id = state_of(owner), owner.id
    asked = passkeys.to_use(person_id, passkeys.SIGNING_IN, bound=bound, now=clock.now)
    answer = passkeys.Answer(key.sign(json.loads(asked or "")), passkeys.SIGNING_IN, bound)
    with transaction():
        passkeys.use_passkey(answer, person_id, clock.now)
    found = passkeys.passkeys_of(person_id)[0]
    set_committed_value(found, "sign_count", found.sign_count - 1)  # as the other one read it
    with pytest.raises(StaleChallenge):
        passkeys.use_passkey(answer, person_id, clock.now)
    db.session.rollback()


def test_no_key_material_leaves_the_table(client: FlaskClient, owner: Person, key: SoftKey, clock: Any) -> None:
    """Neither trail nor notices nor mails hold the key or its id; what is kept of it is sealed."""
    kept = db.session.query(Passkey).one()
    told = " ".join(
        str(row)
        for table in db.metadata.sorted_tables
        if table.name != "passkey"
        for row in db.session.execute(table.select())
    )
    assert kept.credential not in told
    assert kept.public_key not in told
