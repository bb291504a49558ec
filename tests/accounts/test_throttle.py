"""Guessing at passwords is slowed, and nobody can lock another person out.

On SQLite alone: what counts is kept in the limits' storage, not in the database.
"""

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from labshare.accounts.models import Person
from labshare.accounts.passwords import hashed
from labshare.audit.models import AuditEvent
from labshare.kernel.database import db
from labshare.web.account import throttle
from tests import factories as make
from tests.mails import link_in_last_mail

pytestmark = pytest.mark.slow

PASSWORD = "nine green apples"
PASSWORD_HASH = hashed(PASSWORD)
ENGINES = ("sqlite",)
HERE, ELSEWHERE, FAR = "192.0.2.7", "198.51.100.9", "203.0.113.20"


@pytest.fixture
def known(app: Flask, clock: Any) -> Person:
    made = make.person(password_hash=PASSWORD_HASH)
    db.session.commit()
    return made


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords are compared without the hash's work: these tests guess hundreds of times."""
    monkeypatch.setattr(
        "labshare.accounts.passwords.fits", lambda stored, password: stored == PASSWORD_HASH and password == PASSWORD
    )


def enter(client: FlaskClient, email: str, password: str = PASSWORD, *, at: str = HERE, path: str = "sign-in") -> Any:
    return client.post(
        f"/account/{path}", data={"email": email, "password": password}, environ_base={"REMOTE_ADDR": at}
    )


def guess(app: Flask, email: str, times: int, *, at: str = HERE) -> list[int]:
    """Statuses of so many wrong passwords, from a browser without a past."""
    stranger = app.test_client()
    return [enter(stranger, email, "wrong password 1", at=at).status_code for _ in range(times)]


def test_guessing_at_one_account_waits_longer_and_longer(limited: Flask, known: Person, wall_clock: Any) -> None:
    stranger = limited.test_client()
    assert guess(limited, known.email, throttle.FREE) == [422] * throttle.FREE
    waits = []
    for _ in range(8):
        refused = enter(stranger, known.email)
        assert refused.status_code == 429, "the right password, too: it is not looked at"
        waits.append(int(refused.headers["Retry-After"]))
        wall_clock.advance(waits[-1] + 1)
        assert guess(limited, known.email, 1) == [422]
    assert waits == [15, 30, 60, 120, 240, 480, 900, 900]
    wall_clock.advance(throttle.LONGEST + 1)
    assert enter(stranger, known.email).status_code == 303


@pytest.mark.parametrize(
    ("language", "words"), [("zh-CN", "尝试次数过多，请 1 分钟后再试。"), ("en", "Try again in 1 minute.")]
)
def test_refusal_says_when_and_keeps_what_was_typed(limited: Flask, known: Person, language: str, words: str) -> None:
    guess(limited, known.email, throttle.FREE)
    answer = limited.test_client().post(
        "/account/sign-in",
        data={"email": known.email, "password": PASSWORD, "next": "/bookings"},
        environ_base={"REMOTE_ADDR": HERE},
        headers={"Accept-Language": language},
    )
    assert answer.status_code == 429
    assert words in answer.text
    assert f'value="{known.email}"' in answer.text
    assert 'value="/bookings"' in answer.text


def test_browser_that_signed_in_before_is_not_held_up_by_strangers(limited: Flask, known: Person) -> None:
    own = limited.test_client()
    assert enter(own, known.email).status_code == 303
    own.post("/account/sign-out")
    for place in range(5):
        guess(limited, known.email, 6, at=f"198.51.100.{place}")
    guess(limited, known.email, 15, at=HERE)
    assert enter(limited.test_client(), known.email).status_code == 429
    assert enter(own, known.email, at=HERE).status_code == 303, "at the guesser's own address, too"


def test_new_browser_at_an_address_where_nobody_guesses_is_let_in(limited: Flask, known: Person) -> None:
    for place in range(5):
        guess(limited, known.email, 12, at=f"198.51.100.{place}")
    assert enter(limited.test_client(), known.email, at=FAR).status_code == 303


def test_mailed_link_lets_in_while_others_guess(limited: Flask, known: Person) -> None:
    guess(limited, known.email, 15)
    browser = limited.test_client()
    assert enter(browser, known.email).status_code == 429
    browser.post("/account/forgotten", data={"email": known.email}, environ_base={"REMOTE_ADDR": HERE})
    assert browser.post(link_in_last_mail(), data={"password": "another long password"}).status_code == 303
    assert browser.get("/account/").status_code == 200


def test_known_browser_has_an_allowance_and_no_more(limited: Flask, known: Person, wall_clock: Any) -> None:
    own = limited.test_client()
    enter(own, known.email)
    own.post("/account/sign-out")
    wrong = [enter(own, known.email, "wrong password 1").status_code for _ in range(throttle.KNOWN + 1)]
    assert wrong == [422] * throttle.KNOWN + [429]
    assert enter(own, known.email).status_code == 429
    wall_clock.advance(throttle.WINDOW + 1)
    assert enter(own, known.email).status_code == 303


@pytest.mark.parametrize("how", ["another person's", "forged", "before signing out everywhere"])
def test_cookie_that_is_not_this_accounts_helps_nobody(limited: Flask, known: Person, how: str) -> None:
    thief = limited.test_client()
    if how == "another person's":
        other = make.person(password_hash=PASSWORD_HASH)
        db.session.commit()
        enter(thief, other.email)
    elif how == "forged":
        thief.set_cookie("known", f"W1s{known.id}LDAsIngiXV0.aaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbb")
    else:
        enter(thief, known.email)
        thief.post("/account/sign-out-everywhere")
    guess(limited, known.email, throttle.FREE)
    assert enter(thief, known.email).status_code == 429


def test_guessing_at_many_accounts_from_one_address_is_refused(limited: Flask, known: Person) -> None:
    statuses = [guess(limited, f"nobody{number}@test.example", 1)[0] for number in range(throttle.ADDRESS + 1)]
    assert statuses == [422] * throttle.ADDRESS + [429]
    assert enter(limited.test_client(), known.email).status_code == 429
    assert enter(limited.test_client(), known.email, at=ELSEWHERE).status_code == 303


def test_addresses_of_one_ipv6_network_count_together(limited: Flask, known: Person) -> None:
    for number in range(throttle.ADDRESS):
        guess(limited, f"nobody{number}@test.example", 1, at=f"2001:db8:1:2::{number:x}")
    assert enter(limited.test_client(), known.email, at="2001:db8:1:2:ffff::1").status_code == 429
    assert enter(limited.test_client(), known.email, at="2001:db8:1:3::1").status_code == 303


def test_right_passwords_do_not_count(limited: Flask, known: Person) -> None:
    for _ in range(throttle.ADDRESS + 5):
        assert enter(limited.test_client(), known.email).status_code == 303


def test_stranger_learns_nothing_from_the_throttle(limited: Flask, known: Person) -> None:
    there = guess(limited, known.email, throttle.FREE + 3, at=HERE)
    assert there == guess(limited, "nobody@test.example", throttle.FREE + 3, at=ELSEWHERE)


def test_present_password_is_not_guessed_at_from_a_stolen_session(limited: Flask, known: Person) -> None:
    own = limited.test_client()
    enter(own, known.email)
    form = {"present_password": "wrong password 1", "password": "another long password"}
    statuses = [own.post("/account/change-password", data=form).status_code for _ in range(throttle.KNOWN + 1)]
    assert statuses == [422] * throttle.KNOWN + [429]


def test_failed_sign_ins_are_in_the_trail_by_id_and_not_without_bound(limited: Flask, known: Person) -> None:
    for place in range(5):
        guess(limited, known.email, 10, at=f"198.51.100.{place}")
    db.session.rollback()
    events = db.session.query(AuditEvent).filter_by(action="account.sign_in").order_by(AuditEvent.id).all()
    assert {(one.subject_type, one.subject_id, one.person_id, one.refused) for one in events} == {
        ("person", str(known.id), None, True)
    }
    assert [(one.after or {})["failures"] for one in events] == [1, 2, 3, 5, 10, 20, 50]
    assert {(one.after or {})["problem"] for one in events} <= {"WrongPassword", "TooManyAttempts"}
    assert known.email not in str([vars(one) for one in events])


def test_a_thousand_failures_leave_a_dozen_events(limited: Flask, clock: Any) -> None:
    with limited.test_request_context():
        told = [number for _ in range(1000) if (number := throttle.failures_to_record("person 1"))]
    assert told == [1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000]


def test_failed_sign_in_without_an_account_names_nobody(limited: Flask, clock: Any) -> None:
    for number in range(30):
        guess(limited, f"nobody{number}@test.example", 1)
    events = db.session.query(AuditEvent).filter_by(action="account.sign_in").all()
    assert len(events) == 6
    assert {(one.subject_type, one.subject_id) for one in events} == {("attempt", "-")}
    assert not re.search(r"nobody|@", str([vars(one) for one in events]))
