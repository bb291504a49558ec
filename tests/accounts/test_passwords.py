"""Which passwords are taken; that hashing holds nobody up and asking for a new one tells nothing (R-FACTOR-8)."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from labshare.accounts import passwords
from labshare.accounts.links import RESET_LASTS, password_link
from labshare.accounts.passwords import hashed
from labshare.kernel.database import db, transaction
from tests import factories as make

PASSWORD = "nine green apples"
PASSWORD_HASH = hashed(PASSWORD)
OWN = {"email": "li.xiaoyan@juwan.example", "name": "李晓燕"}


@pytest.mark.parametrize(
    "weak",
    [
        "password12345",
        "Password2026!",
        "dragon-123456",
        "sunshine sunshine",
        "monkey1monkey1",
        "labshare-2026!",
        "LabShare20262026",
        "xinchang330624",
        "仪享通2026123456",
        "li.xiaoyan@juwan.example",
        "li.xiaoyan123",
        "juwan.example2026",
        "李晓燕1234567890",
        "aaaaaaaaaaaaaa",
        "1qaz2wsx3edc",
    ],
)
def test_r_factor_8_what_is_guessed_first_is_refused(weak: str) -> None:
    """R-FACTOR-8"""
    assert [type(one).__name__ for one in passwords.problems(weak, **OWN)] == ["PasswordTooCommon"]


@pytest.mark.parametrize("good", [PASSWORD, "correct horse battery", "青山不老 绿水长流 年年", "k3#vQ9!mZp2xLw"])
def test_words_in_a_row_are_taken(good: str) -> None:
    assert passwords.problems(good, **OWN) == []


def test_ten_thousand_are_known() -> None:
    assert len(passwords._common()) == passwords.MOST_COMMON


@pytest.mark.engines("sqlite")
def test_no_hash_is_made_while_the_database_waits(app: Flask, clock: Any) -> None:
    with transaction(), pytest.raises(RuntimeError):
        hashed(PASSWORD)
    with transaction(), pytest.raises(RuntimeError):
        passwords.fits(PASSWORD_HASH, PASSWORD)


@pytest.mark.engines("sqlite")
def test_pages_hash_before_their_transaction(app: Flask, client: FlaskClient, clock: Any) -> None:
    """Each page that takes a password, to its end: a hash inside would be refused."""
    person = make.person(password_hash=PASSWORD_HASH)
    link = password_link(person, clock.now, RESET_LASTS)
    db.session.commit()
    assert client.post(f"/account/password/{link}", data={"password": "seven blue pears"}).status_code == 303
    db.session.refresh(person)
    form = {"present_password": "seven blue pears", "password": "seven blue plums"}
    assert client.post("/account/change-password", data=form).status_code == 303
    db.session.refresh(person)
    assert passwords.fits(person.password_hash, "seven blue plums")
    wrong = client.post("/account/change-password", data={"present_password": "x", "password": "password12345"})
    assert wrong.status_code == 422
    assert wrong.text.count("field-error") == 2, "both are said at once"


def test_asking_for_a_new_password_does_the_same_for_everybody(app: Flask, client: FlaskClient, clock: Any) -> None:
    """R-FACTOR-8. Statement by statement, so that the time says nothing, either."""
    known = make.person(password_hash=PASSWORD_HASH)
    disabled = make.person(password_hash=PASSWORD_HASH, disabled_at=clock.now)
    db.session.commit()
    said, seen = [], []
    for address in (known.email, disabled.email, "nobody@test.example"):
        statements: list[str] = []

        def note(*given: Any, into: list[str] = statements) -> None:
            into.append(given[2])

        event.listen(db.engine, "before_cursor_execute", note)
        try:
            answer = app.test_client().post("/account/forgotten", data={"email": address})
        finally:
            event.remove(db.engine, "before_cursor_execute", note)
        said.append(answer.status_code)
        seen.append(statements)
    assert said == [200] * 3
    assert seen[0] == seen[1] == seen[2]
    assert any("outbox_mail" in one for one in seen[0])
