"""Signing up, in and out, passwords, through the pages."""

import re
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient

from labshare.accounts.models import Person
from labshare.accounts.passwords import hashed
from labshare.kernel.database import db
from labshare.notices.delivery import Letter, deliver_outbox
from labshare.notices.models import Notice, OutboxMail
from labshare.notices.services import notify
from tests import factories as make
from tests.mails import letters, link_in_last_mail
from tests.signing import sign_in

PASSWORD = "nine green apples"
PASSWORD_HASH = hashed(PASSWORD)
CSRF = re.compile(r'name="csrf_token" value="[^"]+"')
"""It holds the second it was made in."""


def with_password(**given: Any) -> Person:
    made = make.person(password_hash=PASSWORD_HASH, **given)
    db.session.commit()
    return made


def enter(client: FlaskClient, email: str, password: str = PASSWORD, **more: str) -> Any:
    return client.post("/account/sign-in", data={"email": email, "password": password, **more})


def signed_in(client: FlaskClient) -> bool:
    return client.get("/account/").status_code == 200


def test_from_sign_up_to_signed_in(app: Flask, client: FlaskClient, clock: Any) -> None:
    answer = client.post("/account/sign-up", data={"name": "王颖", "email": "Ying@Test.example"})
    assert answer.status_code == 200
    link = link_in_last_mail()
    assert "设置密码" in client.get(link).text
    answer = client.post(link, data={"password": PASSWORD})
    assert answer.status_code == 303
    assert signed_in(client)
    db.session.rollback()
    someone = db.session.query(Person).one()
    assert (someone.email, someone.email_confirmed_at) == ("ying@test.example", clock.now)
    assert client.get(link).status_code == 409, "the link was used"


def test_stranger_learns_nothing_about_accounts(app: Flask, client: FlaskClient, clock: Any) -> None:
    known = with_password()
    for path in ("/account/sign-up", "/account/forgotten"):
        answers = [
            CSRF.sub("", client.post(path, data={"name": "某人", "email": email}).text.replace(email, ""))
            for email in (known.email, "nobody@test.example")
        ]
        assert answers[0] == answers[1]
    wrong = [enter(client, email, "wrong password 1") for email in (known.email, "nobody2@test.example")]
    assert [answer.status_code for answer in wrong] == [422, 422]
    assert all("邮箱或密码错误。" in answer.text for answer in wrong)


def test_owner_of_the_address_is_told_of_another_sign_up(app: Flask, client: FlaskClient, clock: Any) -> None:
    known = with_password(locale="en")
    client.post("/account/sign-up", data={"name": "x", "email": known.email})
    (mail,) = letters()
    assert mail.subject == "There is an account with this address already"
    assert db.session.query(Person).one().password_hash == PASSWORD_HASH


def test_sign_in_renews_the_session_and_goes_on(app: Flask, client: FlaskClient, clock: Any) -> None:
    known = with_password()
    with client.session_transaction() as session:
        session["planted"] = "by another"
    answer = enter(client, f" {known.email.upper()} ", next="/account/notices?before=3")
    assert (answer.status_code, answer.location) == (303, "/account/notices?before=3")
    with client.session_transaction() as session:
        assert "planted" not in session
    assert signed_in(client)
    client.post("/account/sign-out")
    assert not signed_in(client)


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:x()"])
def test_next_never_leads_to_another_site(app: Flask, client: FlaskClient, clock: Any, target: str) -> None:
    assert enter(client, with_password().email, next=target).location == "/"


@pytest.mark.parametrize("given", [{"disabled_at": make.LONG_AGO}, {"password_hash": None}])
def test_no_way_in_for_a_disabled_or_unconfirmed_account(
    app: Flask, client: FlaskClient, clock: Any, given: dict[str, Any]
) -> None:
    someone = make.person(**{"password_hash": PASSWORD_HASH, **given})
    db.session.commit()
    assert enter(client, someone.email).status_code == 422
    assert not signed_in(client)


def test_demonstration_account_is_refused_in_production(app: Flask, client: FlaskClient, clock: Any) -> None:
    someone = with_password(demonstration=True)
    app.config["PRODUCTION"] = True
    assert enter(client, someone.email).status_code == 422


def test_reset_by_mail_ends_every_session_and_works_once(app: Flask, client: FlaskClient, clock: Any) -> None:
    known = with_password()
    elsewhere = sign_in(app.test_client(), known)
    assert signed_in(elsewhere)
    client.post("/account/forgotten", data={"email": known.email})
    link = link_in_last_mail()
    for language, words in (("zh-CN", "至少 12 个字符"), ("en", "At least 12 characters")):
        short = client.post(link, data={"password": "short"}, headers={"Accept-Language": language})
        assert short.status_code == 422
        field = short.text.split('id="password"')[1]
        assert field.count(words) == 1  # the hint gives way to the error that says the same
        assert 'id="password-error"' in field
        assert 'aria-describedby="password-error"' in short.text
    assert client.post(link, data={"password": "another long password"}).status_code == 303
    assert not signed_in(elsewhere)
    assert signed_in(client)
    assert client.post(link, data={"password": "a third long password"}).status_code == 409
    client.post("/account/sign-out")
    assert enter(client, known.email).status_code == 422
    assert enter(client, known.email, "another long password").status_code == 303


def test_reset_link_is_too_old_after_an_hour(app: Flask, client: FlaskClient, clock: Any) -> None:
    client.post("/account/forgotten", data={"email": with_password().email})
    link = link_in_last_mail()
    clock.advance(minutes=59, seconds=59)
    assert client.get(link).status_code == 200
    clock.advance(seconds=1)
    assert client.get(link).status_code == 409


def test_forged_link_is_refused(app: Flask, client: FlaskClient, clock: Any) -> None:
    client.post("/account/forgotten", data={"email": with_password().email})
    link = link_in_last_mail()
    body, _dot, signature = link.rpartition(".")
    forged = ("a" if signature[0] != "a" else "b") + signature[1:]
    assert client.get(f"{body}.{forged}").status_code == 409
    dead = client.get("/account/password/nonsense")
    assert dead.status_code == 409
    assert 'action="/account/forgotten"' in dead.text  # leads on to a new link


@pytest.mark.parametrize(
    ("password", "message"),
    [
        ("short", "至少 12 个字符"),
        ("password12345", "过于常见"),
        ("aaaaaaaaaaaaaa", "过于常见"),
    ],
)
def test_weak_password_is_refused_at_its_field(
    app: Flask, client: FlaskClient, clock: Any, password: str, message: str
) -> None:
    known = with_password()
    sign_in(client, known)
    answer = client.post("/account/change-password", data={"present_password": PASSWORD, "password": password})
    assert answer.status_code == 422
    assert message in answer.text
    db.session.refresh(known)
    assert known.password_hash == PASSWORD_HASH


def test_links_of_mails_are_kept_nowhere(app: Flask, client: FlaskClient, clock: Any) -> None:
    known = with_password()
    client.post("/account/forgotten", data={"email": known.email})
    client.post("/account/sign-up", data={"name": "王颖", "email": "ying@test.example"})
    db.session.rollback()
    kept = str([vars(mail) for mail in db.session.query(OutboxMail)])
    assert "/account/password/" not in kept
    sent: list[Letter] = []
    assert deliver_outbox(clock.now, mailer=sent.append) == 2
    assert all("/account/password/" in letter.body for letter in sent)
    assert "/account/password/" not in str([vars(mail) for mail in db.session.query(OutboxMail)])


def test_link_of_a_mail_that_waited_holds_from_when_it_is_sent(app: Flask, client: FlaskClient, clock: Any) -> None:
    client.post("/account/forgotten", data={"email": with_password().email})
    clock.advance(hours=3)
    assert client.get(link_in_last_mail()).status_code == 200


def test_nothing_is_sent_where_the_link_would_lead_nowhere(app: Flask, client: FlaskClient, clock: Any) -> None:
    known = with_password()
    client.post("/account/forgotten", data={"email": known.email})
    client.post("/account/forgotten", data={"email": "nobody@test.example"})
    known.disabled_at = clock.now
    db.session.commit()
    assert deliver_outbox(clock.now, mailer=[].append) == 0
    db.session.rollback()
    assert not db.session.query(OutboxMail).count()


def test_change_of_password_keeps_this_browser_and_ends_the_others(app: Flask, client: FlaskClient, clock: Any) -> None:
    known = with_password()
    sign_in(client, known)
    elsewhere = sign_in(app.test_client(), known)
    wrong = client.post("/account/change-password", data={"present_password": "no", "password": "another long one"})
    assert wrong.status_code == 422
    answer = client.post(
        "/account/change-password", data={"present_password": PASSWORD, "password": "another long password"}
    )
    assert answer.status_code == 303
    assert signed_in(client)
    assert not signed_in(elsewhere)


def test_sign_out_everywhere(app: Flask, client: FlaskClient, clock: Any) -> None:
    known = with_password()
    sign_in(client, known)
    elsewhere = sign_in(app.test_client(), known)
    client.post("/account/sign-out-everywhere")
    assert not signed_in(client)
    assert not signed_in(elsewhere)


def test_language_of_the_account_holds_on_every_browser(app: Flask, client: FlaskClient, clock: Any) -> None:
    known = with_password()
    sign_in(client, known)
    client.post("/account/", data={"name": "王颖", "locale": "en"})
    assert "Language of pages and mails" in sign_in(app.test_client(), known).get("/account/").text
    client.post("/language", data={"language": "zh", "next": "/account/"})
    assert "页面与邮件语言" in sign_in(app.test_client(), known).get("/account/").text


@pytest.mark.usefixtures("real_hashes")
def test_hash_of_older_parameters_is_renewed_at_sign_in(app: Flask, client: FlaskClient, clock: Any) -> None:
    known = make.person(password_hash=PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD))
    db.session.commit()
    assert enter(client, known.email).status_code == 303
    db.session.refresh(known)
    assert "m=65536,t=3,p=4" in (known.password_hash or "")


def test_notice_of_another_is_not_found(app: Flask, client: FlaskClient, clock: Any) -> None:
    one, other = with_password(), with_password()
    for someone in (one, other):
        notify(kind="account.password_changed", person_ids=[someone.id], now=clock.now)
    db.session.commit()
    own, foreign = (db.session.query(Notice).filter_by(person_id=someone.id).one() for someone in (one, other))
    sign_in(client, one)
    assert "密码已修改" in client.get("/account/notices").text
    assert client.post(f"/account/notices/{foreign.id}/open").status_code == 404
    assert client.post(f"/account/notices/{own.id}/open").status_code == 303
    db.session.refresh(own)
    db.session.refresh(foreign)
    assert (own.read_at, foreign.read_at) == (clock.now, None)
