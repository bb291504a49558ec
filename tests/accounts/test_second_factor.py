"""The second factor through the pages, as its owner and as who has stolen the password (R-FACTOR)."""

import re
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient

from labshare.accounts import factors, links, recovery
from labshare.accounts.errors import WrongFactorCode
from labshare.accounts.links import RESET_LASTS, password_link
from labshare.accounts.models import Person, RecoveryCode, SecondFactor, SignInSession
from labshare.accounts.passwords import hashed
from labshare.audit.models import AuditEvent
from labshare.kernel.database import db, transaction
from labshare.kernel.time import utc_now
from labshare.notices.codes import ShortMessage, send_codes
from labshare.organisations.services import issue_token
from labshare.web.account import throttle
from tests import factories as make
from tests.authenticator import Authenticator, app_of
from tests.mails import letters
from tests.signing import sign_in

PASSWORD = "nine green apples"
PASSWORD_HASH = hashed(PASSWORD)
SECOND = "/account/sign-in/code-of-app"
SETTINGS = "/account/second-factor"
SET_UP = "/account/second-factor/set-up"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords are compared without the hash's work."""
    monkeypatch.setattr(
        "labshare.accounts.passwords.fits", lambda stored, password: stored == PASSWORD_HASH and password == PASSWORD
    )


@pytest.fixture
def owner(app: Flask, clock: Any) -> Person:
    made = make.member(make.firm(), "owner", password_hash=PASSWORD_HASH, locale="zh_Hans_CN")
    db.session.commit()
    return made


@pytest.fixture
def phone(owner: Person) -> Authenticator:
    return app_of(owner)


def give_password(client: FlaskClient, who: Person, **more: str) -> Any:
    return client.post("/account/sign-in", data={"email": who.email, "password": PASSWORD, **more})


def give_code(client: FlaskClient, code: str, **more: str) -> Any:
    return client.post(SECOND, data={"code": code, **more})


def signed_in(client: FlaskClient) -> bool:
    return client.get("/account/").status_code == 200


def actions() -> list[str]:
    db.session.rollback()
    return [event.action for event in db.session.query(AuditEvent).order_by(AuditEvent.id)]


# --- setting up ---------------------------------------------------------------------------------------------------


def hidden(page: Any, name: str) -> str:
    found = re.search(rf'name="{name}"[^>]*value="([^"]+)"', page.text)
    assert found
    return found[1]


def key_on(page: Any) -> str:
    found = re.search(r'translate="no">\s*((?:[A-Z2-7]{4}\s*)+)</p>', page.text)
    assert found
    return "".join(found[1].split())


def test_r_factor_1_a_factor_counts_once_its_code_is_confirmed(client: FlaskClient, owner: Person, clock: Any) -> None:
    """R-FACTOR-1"""
    sign_in(client, owner)
    page = client.get(SET_UP)
    assert "<svg" in page.text
    phone = Authenticator(key_on(page))
    form = {"set_up": hidden(page, "set_up"), "present_password": PASSWORD}
    wrong = client.post(SET_UP, data={**form, "code": "000000"})
    assert wrong.status_code == 422
    assert key_on(wrong) == phone.secret, "the key stays while one types again"
    assert db.session.get(SecondFactor, owner.id) is None
    done = client.post(SET_UP, data={**form, "code": phone.shows(clock.now)})
    assert done.status_code == 200
    codes = re.findall(r"<li>((?:[2-9A-Z]{4}-){5}[2-9A-Z]{4})</li>", done.text)
    assert len(set(codes)) == 10
    assert "no-store" in done.headers["Cache-Control"]
    again = client.get(SETTINGS).text
    assert not [code for code in codes if code in again]
    assert "account.set_factor" in actions()
    assert any("双重验证" in letter.subject for letter in letters())


def test_setting_up_asks_for_the_password(client: FlaskClient, owner: Person, clock: Any) -> None:
    """Who finds a browser that is signed in cannot lock its owner out."""
    sign_in(client, owner)
    page = client.get(SET_UP)
    code = Authenticator(key_on(page)).shows(clock.now)
    form = {"set_up": hidden(page, "set_up"), "code": code}
    assert client.post(SET_UP, data=form).status_code == 422
    assert client.post(SET_UP, data={**form, "present_password": "wrong password"}).status_code == 422
    assert db.session.get(SecondFactor, owner.id) is None


def test_a_key_of_another_person_or_of_yesterday_is_not_taken(client: FlaskClient, owner: Person, clock: Any) -> None:
    other = make.person(password_hash=PASSWORD_HASH)
    db.session.commit()
    for_other = factors.new_set_up(other.id, clock.now)
    secret = factors.secret_of_set_up(for_other, other.id, clock.now)
    sign_in(client, owner)
    form = {"present_password": PASSWORD, "code": Authenticator(secret).shows(clock.now)}
    assert client.post(SET_UP, data={**form, "set_up": for_other}).status_code == 409
    own = factors.new_set_up(owner.id, clock.now)
    form["code"] = Authenticator(factors.secret_of_set_up(own, owner.id, clock.now)).shows(clock.now)
    clock.advance(minutes=31)
    late = client.post(SET_UP, data={**form, "set_up": own})
    assert late.status_code == 409
    assert hidden(late, "set_up") != own
    assert db.session.get(SecondFactor, owner.id) is None


def test_other_sessions_end_with_setting_up(app: Flask, client: FlaskClient, owner: Person, clock: Any) -> None:
    thief = sign_in(app.test_client(), owner)
    sign_in(client, owner)
    page = client.get(SET_UP)
    code = Authenticator(key_on(page)).shows(clock.now)
    form = {"set_up": hidden(page, "set_up"), "present_password": PASSWORD, "code": code}
    assert client.post(SET_UP, data=form).status_code == 200
    assert signed_in(client)
    assert not signed_in(thief)


def test_neither_secret_nor_recovery_codes_are_in_the_database(app: Flask, owner: Person, phone: Authenticator) -> None:
    """R-FACTOR-4"""
    rows = " ".join(str(row) for table in db.metadata.sorted_tables for row in db.session.execute(table.select()))
    assert phone.secret not in rows
    assert not [code for code in phone.recovery if code in rows or code.replace("-", "") in rows]


def test_a_secret_copied_to_another_account_opens_nothing(app: Flask, owner: Person, phone: Authenticator) -> None:
    """Who writes to the database and does not know `SECRET_KEY` puts no factor of his own on an account."""
    other = make.person(password_hash=PASSWORD_HASH)
    db.session.commit()
    theirs = app_of(other)
    db.session.get_one(SecondFactor, owner.id).secret = db.session.get_one(SecondFactor, other.id).secret
    db.session.commit()
    client = app.test_client()
    give_password(client, owner)
    assert give_code(client, theirs.shows(utc_now())).status_code == 422


# --- signing in ---------------------------------------------------------------------------------------------------


def test_r_factor_2_password_then_code_then_onward(
    app: Flask, client: FlaskClient, owner: Person, phone: Authenticator, clock: Any
) -> None:
    """R-FACTOR-2"""
    first = give_password(client, owner, next="/account/tokens")
    assert first.status_code == 303
    assert first.location == f"{SECOND}?next=/account/tokens"
    assert not signed_in(client), "no session before the code"
    assert db.session.query(SignInSession).filter_by(person_id=owner.id).count() == 0
    page = client.get(first.location)
    assert '<input type="hidden" name="next" value="/account/tokens">' in page.text
    done = give_code(client, phone.shows(clock.now), next="/account/tokens")
    assert (done.status_code, done.location) == (303, "/account/tokens")
    assert signed_in(client)
    assert [one for one in actions() if one.startswith("account.sign_in")] == ["account.sign_in_by_factor"]


@pytest.mark.parametrize("target", ["//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:x"])
def test_next_leads_to_no_other_site(
    client: FlaskClient, owner: Person, phone: Authenticator, clock: Any, target: str
) -> None:
    give_password(client, owner, next=target)
    done = give_code(client, phone.shows(clock.now), next=target)
    assert (done.status_code, done.location) == (303, "/")
    clock.advance(minutes=1)
    assert "evil" not in client.get(f"{SET_UP}?next={quote(target)}").headers.get("Location", "")


def test_the_second_page_cannot_be_skipped(client: FlaskClient, owner: Person, phone: Authenticator) -> None:
    give_password(client, owner)
    for path in ("/account/", "/account/tokens", SETTINGS, SET_UP, "/account/firm", "/client/bookings"):
        assert client.get(path).status_code in (303, 404), path
    assert client.post("/account/tokens", data={"name": "x"}).status_code == 401
    assert (
        client.post(f"{SETTINGS}/off", data={"code": phone.recovery[0], "present_password": PASSWORD}).status_code
        == 401
    )
    assert not signed_in(client)


def test_r_factor_3_a_code_is_taken_once(
    app: Flask, client: FlaskClient, owner: Person, phone: Authenticator, clock: Any
) -> None:
    """R-FACTOR-3. Read over a shoulder, and typed again: as it is, with blanks, with full-width digits."""
    code = phone.shows(clock.now)
    give_password(client, owner)
    assert give_code(client, code).status_code == 303
    spellings = (code, f"{code[:3]} {code[3:]}", f" {code}\u3000", f"{code[:3]}-{code[3:]}", _full_width(code))
    for spelling in spellings:
        thief = app.test_client()
        give_password(thief, owner)
        assert give_code(thief, spelling).status_code == 422, spelling
        assert not signed_in(thief)
    clock.advance(seconds=30)
    again = app.test_client()
    give_password(again, owner)
    assert give_code(again, code).status_code == 422, "the step before is taken, but not once more"
    assert give_code(again, _full_width(phone.shows(clock.now))).status_code == 303


def _full_width(code: str) -> str:
    return "".join(chr(ord(digit) + 0xFEE0) for digit in code)


def test_an_earlier_code_is_dead_once_a_later_one_was_taken(
    app: Flask, client: FlaskClient, owner: Person, phone: Authenticator, clock: Any
) -> None:
    before = phone.shows(clock.now)
    clock.advance(seconds=30)
    give_password(client, owner)
    assert give_code(client, phone.shows(clock.now)).status_code == 303
    thief = app.test_client()
    give_password(thief, owner)
    assert give_code(thief, before).status_code == 422


def test_clocks_may_differ_by_one_step(client: FlaskClient, owner: Person, phone: Authenticator, clock: Any) -> None:
    early = phone.shows(clock.now)
    clock.advance(seconds=60)
    give_password(client, owner)
    assert give_code(client, early).status_code == 422
    clock.advance(seconds=-30)
    assert give_code(client, early).status_code == 303


def test_two_browsers_with_one_code_at_once(app: Flask, owner: Person, phone: Authenticator, clock: Any) -> None:
    """Both have looked before either writes: the second finds the step taken."""
    state = links.state_of(db.session.get_one(Person, owner.id))
    code = phone.shows(clock.now)
    person_id = owner.id

    def enter() -> None:
        with transaction():
            factors.enter_code(actor=make.actor(owner), now=clock.now, person_id=person_id, state=state, code=code)

    enter()
    with pytest.raises(WrongFactorCode):
        enter()


def test_a_recovery_code_stands_in_once(
    app: Flask, client: FlaskClient, owner: Person, phone: Authenticator, clock: Any
) -> None:
    """R-FACTOR-4"""
    code = phone.recovery[3]
    give_password(client, owner)
    assert 'name="by" value="recovery"' in client.get(f"{SECOND}?by=recovery").text
    assert give_code(client, code.lower().replace("-", " "), by="recovery").status_code == 303
    assert factors.codes_left(owner.id) == 9
    assert ">9<" in re.sub(r"\s", "", client.get(SETTINGS).text)
    thief = app.test_client()
    give_password(thief, owner)
    assert give_code(thief, code).status_code == 422
    assert any("剩余 9 个" in letter.body for letter in letters())


def test_a_code_made_when_they_were_shorter_is_taken(
    app: Flask, client: FlaskClient, owner: Person, phone: Authenticator
) -> None:
    db.session.add(RecoveryCode(person_id=owner.id, digest=recovery._digest(owner.id, "ABCDEFGH2345")))
    db.session.commit()
    give_password(client, owner)
    assert give_code(client, "abcd-efgh-2345", by="recovery").status_code == 303


def test_new_recovery_codes_end_the_earlier_ones(
    client: FlaskClient, owner: Person, phone: Authenticator, clock: Any
) -> None:
    sign_in(client, owner)
    assert client.post(f"{SETTINGS}/recovery-codes", data={"code": "000000"}).status_code == 422
    done = client.post(f"{SETTINGS}/recovery-codes", data={"code": phone.shows(clock.now)})
    assert len(re.findall(r"<li>[2-9A-Z-]{29}</li>", done.text)) == 10
    assert db.session.query(RecoveryCode).filter_by(person_id=owner.id).count() == 10
    give_password(client, owner)
    assert give_code(client, phone.recovery[0]).status_code == 422


def test_the_half_session_is_short(client: FlaskClient, owner: Person, phone: Authenticator, clock: Any) -> None:
    give_password(client, owner)
    clock.advance(minutes=5)
    late = give_code(client, phone.shows(clock.now))
    assert (late.status_code, late.location) == (303, "/account/sign-in")
    assert not signed_in(client)


@pytest.mark.parametrize("change", ["password", "epoch", "disabled", "factor"])
def test_the_half_session_ends_with_any_change_of_the_account(
    client: FlaskClient, owner: Person, phone: Authenticator, clock: Any, change: str
) -> None:
    """Stolen between the two pages, it is worth nothing once its owner has noticed."""
    give_password(client, owner)
    person = db.session.get_one(Person, owner.id)
    if change == "password":
        person.password_hash = hashed("another password 1")
    elif change == "epoch":
        person.session_epoch += 1
    elif change == "disabled":
        person.disabled_at = clock.now
    else:
        factors.forget_factor(owner.id)
    db.session.commit()
    answer = give_code(client, phone.shows(clock.now))
    assert (answer.status_code, answer.location) == (303, "/account/sign-in")
    assert not signed_in(client)


def test_whoever_was_signed_in_is_not_any_more(client: FlaskClient, owner: Person, phone: Authenticator) -> None:
    """No session is carried over from the first page to the second one."""
    other = make.person(password_hash=PASSWORD_HASH)
    db.session.commit()
    sign_in(client, other)
    give_password(client, owner)
    assert not signed_in(client)


def test_nothing_of_the_cookie_before_outlives_the_code(
    client: FlaskClient, owner: Person, phone: Authenticator, clock: Any
) -> None:
    """Session fixation: a cookie planted before signing in leads nowhere afterwards."""
    give_password(client, owner)
    planted = client.get_cookie("session")
    assert planted is not None
    give_code(client, phone.shows(clock.now))
    thief = client.application.test_client()
    thief.set_cookie("session", planted.value)
    assert not signed_in(thief)
    assert give_code(thief, phone.shows(clock.now)).status_code == 422
    with client.session_transaction() as session:
        assert "half" not in session


def test_a_mailed_link_asks_for_the_code_too(
    app: Flask, client: FlaskClient, owner: Person, phone: Authenticator, clock: Any
) -> None:
    """Who reads another's mail gets no further than the second page."""
    token = password_link(db.session.get_one(Person, owner.id), clock.now, RESET_LASTS)
    answer = client.post(f"/account/password/{token}", data={"password": "seven blue pears"})
    assert (answer.status_code, answer.location) == (303, SECOND)
    assert not signed_in(client)
    assert give_code(client, phone.shows(clock.now)).status_code == 303
    assert signed_in(client)


def test_a_code_on_the_mobile_phone_asks_for_the_app_too(
    app: Flask, client: FlaskClient, owner: Person, phone: Authenticator, clock: Any
) -> None:
    app.config["SMS_URL"] = "console:"
    db.session.get_one(Person, owner.id).mobile = "13805751234"
    db.session.commit()
    client.post("/account/sign-in/mobile", data={"mobile": "13805751234"})
    messages: list[ShortMessage] = []
    send_codes(clock.now, sender=messages.append)
    form = {"mobile": "13805751234", "code": messages[0].code, "next": "/account/tokens"}
    answer = client.post("/account/sign-in/code", data=form)
    assert (answer.status_code, answer.location) == (303, f"{SECOND}?next=/account/tokens")
    assert not signed_in(client)
    assert give_code(client, phone.shows(clock.now)).status_code == 303


# --- guessing -----------------------------------------------------------------------------------------------------


@pytest.mark.engines("sqlite")
def test_guessing_at_the_code_is_stopped_and_keeps_nobody_out(
    limited: Flask, owner: Person, phone: Authenticator, clock: Any, wall_clock: Any
) -> None:
    """Who has stolen the password guesses from many addresses; its owner signs in where he did before, or by a recovery
    code where he did not."""
    own = limited.test_client()
    give_password(own, owner)
    assert give_code(own, phone.shows(clock.now)).status_code == 303
    own.post("/account/sign-out")
    statuses = []
    for number in range(throttle.KNOWN + 2):
        thief = limited.test_client()
        at = {"REMOTE_ADDR": f"203.0.113.{number}"}
        form = {"email": owner.email, "password": PASSWORD}
        assert thief.post("/account/sign-in", data=form, environ_base=at).status_code == 303
        statuses.append(thief.post(SECOND, data={"code": "000000"}, environ_base=at).status_code)
    assert statuses == [422] * throttle.KNOWN + [429] * 2
    clock.advance(minutes=1)
    give_password(own, owner)
    assert give_code(own, phone.shows(clock.now)).status_code == 303
    fresh = limited.test_client()
    give_password(fresh, owner)
    assert give_code(fresh, phone.shows(clock.now)).status_code == 429
    assert give_code(fresh, phone.recovery[0]).status_code == 303
    failures = [one for one in actions() if one == "account.sign_in_by_factor"]
    assert 3 <= len(failures) < throttle.KNOWN


@pytest.mark.engines("sqlite")
def test_a_day_has_thirty_guesses_of_strangers(
    limited: Flask, owner: Person, phone: Authenticator, clock: Any, wall_clock: Any
) -> None:
    statuses: list[int] = []
    for _ in range(8):
        for _ in range(throttle.KNOWN):
            thief = limited.test_client()
            give_password(thief, owner)
            statuses.append(give_code(thief, "000000").status_code)
        wall_clock.advance(throttle.WINDOW + 1)
    assert statuses.count(422) == throttle.A_DAY


@pytest.mark.engines("sqlite")
def test_guessing_in_the_settings_is_stopped(limited: Flask, owner: Person, phone: Authenticator, clock: Any) -> None:
    client = sign_in(limited.test_client(), owner)
    form = {"code": "000000", "present_password": PASSWORD}
    statuses = [client.post(f"{SETTINGS}/off", data=form).status_code for _ in range(throttle.KNOWN + 1)]
    assert statuses == [422] * throttle.KNOWN + [429]


# --- turning off and replacing ------------------------------------------------------------------------------------


def test_turning_off_asks_for_password_and_code(
    client: FlaskClient, owner: Person, phone: Authenticator, clock: Any
) -> None:
    sign_in(client, owner)
    code = phone.shows(clock.now)
    assert client.post(f"{SETTINGS}/off", data={"code": code}).status_code == 422
    assert client.post(f"{SETTINGS}/off", data={"code": code, "present_password": "wrong"}).status_code == 422
    assert client.post(f"{SETTINGS}/off", data={"code": "", "present_password": PASSWORD}).status_code == 422
    done = client.post(f"{SETTINGS}/off", data={"code": code, "present_password": PASSWORD})
    assert (done.status_code, done.location) == (303, SETTINGS)
    assert db.session.get(SecondFactor, owner.id) is None
    assert db.session.query(RecoveryCode).count() == 0
    assert give_password(client, owner).location != SECOND


def test_no_other_site_turns_it_off(app: Flask, client: FlaskClient, owner: Person, phone: Authenticator) -> None:
    sign_in(client, owner)
    form = {"code": phone.recovery[0], "present_password": PASSWORD}
    app.config["WTF_CSRF_ENABLED"] = True
    try:
        assert client.post(f"{SETTINGS}/off", data=form).status_code == 400
    finally:
        app.config["WTF_CSRF_ENABLED"] = False
    assert db.session.get(SecondFactor, owner.id) is not None


def test_replacing_asks_for_a_code_of_the_present_one(
    client: FlaskClient, owner: Person, phone: Authenticator, clock: Any
) -> None:
    sign_in(client, owner)
    page = client.get(SET_UP)
    new = Authenticator(key_on(page))
    form = {"set_up": hidden(page, "set_up"), "code": new.shows(clock.now)}
    assert client.post(SET_UP, data={**form, "present_password": PASSWORD}).status_code == 422
    wrong = client.post(SET_UP, data={**form, "present_code": new.shows(clock.now)})
    assert wrong.status_code == 422
    assert client.post(SET_UP, data={**form, "present_code": phone.shows(clock.now)}).status_code == 200
    clock.advance(minutes=1)
    give_password(client, owner)
    assert give_code(client, phone.shows(clock.now)).status_code == 422
    assert give_code(client, phone.recovery[0]).status_code == 422
    assert give_code(client, new.shows(clock.now)).status_code == 303


# --- where it is required -----------------------------------------------------------------------------------------


@pytest.fixture
def required(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "SECOND_FACTOR", "required")


@pytest.mark.parametrize("role", ["officer", "approver", "auditor", "admin", "owner"])
def test_r_factor_5_who_needs_one_reaches_nothing_else(
    app: Flask, client: FlaskClient, clock: Any, required: None, role: str
) -> None:
    """R-FACTOR-5"""
    who = (
        make.member(make.firm(), "owner", password_hash=PASSWORD_HASH)
        if role == "owner"
        else make.regulator(role, password_hash=PASSWORD_HASH)
    )
    db.session.commit()
    signed = give_password(client, who)
    for path in (signed.location, "/", "/account/", "/account/tokens", SETTINGS, "/regulator/", "/search?q=x"):
        answer = client.get(path)
        assert answer.status_code == 303, path
        assert answer.location.startswith(SET_UP), path
    assert client.post("/account/tokens", data={"name": "x"}).status_code == 403
    assert client.post(f"{SETTINGS}/off", data={"code": "1"}).status_code == 403
    page = client.get(f"{SET_UP}?next=/account/tokens")
    phone = Authenticator(key_on(page))
    form = {
        "set_up": hidden(page, "set_up"),
        "present_password": PASSWORD,
        "code": phone.shows(clock.now),
        "next": "/account/tokens",
    }
    done = client.post(SET_UP, data=form)
    assert 'href="/account/tokens"' in done.text
    assert client.get("/account/tokens").status_code == 200
    clock.advance(minutes=1)
    off = client.post(f"{SETTINGS}/off", data={"code": phone.shows(clock.now), "present_password": PASSWORD})
    assert off.status_code == 409, "replaced, not turned off"
    assert db.session.get(SecondFactor, who.id) is not None


def test_who_needs_none_goes_on_without(app: Flask, client: FlaskClient, clock: Any, required: None) -> None:
    booker = make.member(make.firm(), "booker", password_hash=PASSWORD_HASH)
    db.session.commit()
    give_password(client, booker)
    assert signed_in(client)


def test_r_factor_6_tokens_need_one_too(app: Flask, client: FlaskClient, clock: Any, required: None) -> None:
    """R-FACTOR-6"""
    firm = make.firm()
    booker = make.member(firm, "booker", password_hash=PASSWORD_HASH)
    db.session.commit()
    with transaction():
        _row, secret = issue_token(actor=make.actor(booker, firm, "booker"), now=clock.now, scope="read")
    headers = {"Authorization": f"Bearer {secret}", "Accept-Language": "en"}
    refused = client.get("/api/v1/bookings", headers=headers)
    assert refused.status_code == 403
    assert refused.json["type"].endswith("FactorFirst")
    assert "second factor" in refused.json["detail"]
    app_of(booker)
    assert client.get("/api/v1/bookings", headers=headers).status_code == 200


def test_r_factor_6_tokens_of_regulators_live_thirty_days(client: FlaskClient, clock: Any) -> None:
    """R-FACTOR-6"""
    officer = make.regulator("officer")
    db.session.commit()
    with transaction():
        row, secret = issue_token(actor=make.actor(officer, None, "officer"), now=clock.now, scope="read")
    assert (row.expires_at - clock.now).days == 30
    headers = {"Authorization": f"Bearer {secret}"}
    clock.advance(days=29)
    assert client.get("/api/v1/bookings", headers=headers).status_code == 200
    clock.advance(days=1)
    assert client.get("/api/v1/bookings", headers=headers).status_code == 401
