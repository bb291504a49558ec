"""Whoever waits for others in vain is told so within seconds, on pages and over the API; what was typed is kept, and
nothing is saved."""

import contextlib
import fcntl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask
from sqlalchemy import func, select

from labshare.api.problems import MEDIA_TYPE
from labshare.booking.models import Booking
from labshare.kernel.database import db, transaction
from labshare.organisations.models import ApiToken
from labshare.organisations.queries import digest
from tests import factories
from tests.conftest import TestDatabase
from tests.signing import sign_in

PATIENCE = 15
"""Seconds: of which the lock's are one; a busy machine has the rest."""
LANGUAGES = {
    "zh-CN": "当前保存操作过多，内容尚未保存，请几秒后重新提交。",
    "en": "Too much is being saved at this moment. Nothing was saved; send it again in a few seconds.",
}
BODY = {"quantity": 1, "starts_at": "2026-11-25T09:00:00+08:00", "sample_description": "轴承套圈 3 件"}


@pytest.fixture
def hurried(app: Flask) -> Flask:
    app.config["LOCK_SECONDS"] = 1
    return app


@contextlib.contextmanager
def somebody_writes_and_does_not_end(database: TestDatabase) -> Iterator[None]:
    """On SQLite the writers' place is taken, on PostgreSQL every table is locked against writing."""
    if database.engine == "sqlite":
        with Path(database.file).with_suffix(".lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
        return
    with psycopg.connect(database.libpq()) as other:
        other.execute(f"LOCK TABLE {', '.join(db.metadata.tables)} IN EXCLUSIVE MODE")  # type: ignore[arg-type]
        yield
        other.rollback()


@pytest.fixture
def booker(hurried: Flask) -> tuple[Any, int]:
    """Somebody at the page, who has a token `own`, too; and an item to book."""
    with transaction():
        factories.working_year()
        item = factories.test_item(factories.instrument(factories.lab()))
        firm = factories.firm()
        person = factories.member(firm, "booker")
        factories.add(
            ApiToken(
                person_id=person.id,
                firm_id=firm.id,
                scope="write",
                token_digest=digest("own"),
                created_at=factories.LONG_AGO,
            )
        )
    return sign_in(hurried.test_client(), person, firm), item.id


def booked() -> int:
    return db.session.scalar(select(func.count()).select_from(Booking)) or 0


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_form_is_shown_again_with_what_was_typed(
    booker: tuple[Any, int], database: TestDatabase, language: str
) -> None:
    browser, item = booker
    form = {**BODY, "test_item": item, "starts_at": "2026-11-25T09:00", "book": "1"}
    with somebody_writes_and_does_not_end(database):
        since = time.monotonic()
        answer = browser.post("/bookings/new", data=form, headers={"Accept-Language": language})
        assert time.monotonic() - since < PATIENCE
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert LANGUAGES[language] in answer.text
    assert "轴承套圈 3 件</textarea>" in answer.text
    assert booked() == 0
    assert browser.post("/bookings/new", data=form).status_code == 303, "and who gave up has left the line"
    assert booked() == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_that_keeps_no_form_offers_to_send_it_again(
    hurried: Flask, database: TestDatabase, language: str
) -> None:
    with transaction():
        browser = sign_in(hurried.test_client(), factories.person())
    headers = {"Accept-Language": language}
    with somebody_writes_and_does_not_end(database):
        answer = browser.post("/account/notices/read", data={"until": '28 "a'}, headers=headers)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert LANGUAGES[language] in answer.text
    assert '<form method="post" action="/account/notices/read">' in answer.text
    assert '<input type="hidden" name="until" value="28 &#34;a">' in answer.text


def test_a_form_that_waited_in_vain_keeps_the_address_typed(hurried: Flask, database: TestDatabase) -> None:
    with transaction():
        email = factories.person().email
    with somebody_writes_and_does_not_end(database):
        answer = hurried.test_client().post("/account/forgotten", data={"email": email})
    assert answer.status_code == 503
    assert f'value="{email}"' in answer.text


def test_a_password_is_not_repeated(hurried: Flask, database: TestDatabase) -> None:
    with somebody_writes_and_does_not_end(database):
        answer = hurried.test_client().post(
            "/account/sign-in", data={"email": "a@example.com", "password": "open sesame 123"}
        )
    assert answer.status_code == 503
    assert "open sesame" not in answer.text


def test_the_api_says_when_to_come_back_and_its_key_stays_free(
    booker: tuple[Any, int], hurried: Flask, database: TestDatabase
) -> None:
    body = {**BODY, "test_item": booker[1]}
    headers = {"Authorization": "Bearer own", "Idempotency-Key": "once"}
    with somebody_writes_and_does_not_end(database):
        since = time.monotonic()
        answer = hurried.test_client().post("/api/v1/bookings", json=body, headers=headers)
        assert time.monotonic() - since < PATIENCE
    assert (answer.status_code, answer.mimetype, answer.headers["Retry-After"]) == (503, MEDIA_TYPE, "5")
    assert answer.json["type"] == "urn:labshare:problem:Busy"
    assert hurried.test_client().post("/api/v1/bookings", json=body, headers=headers).status_code == 201
    assert booked() == 1
