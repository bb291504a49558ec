"""Nobody waits for a stranger: forty connections that send a byte a second, and writes that go on beside them."""

import http.client
import time
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import func, select

from labshare.accounts.models import Person
from labshare.booking.models import Booking
from labshare.kernel.database import db, transaction
from labshare.organisations.models import ApiToken, Firm
from labshare.organisations.queries import digest
from tests import factories
from tests.conftest import TestDatabase
from tests.races.slow_connections import beginnings, dawdling
from tests.races.test_http import FIRST, market, post, served, serving
from tests.signing import _cookie

WITHIN = 8
"""Seconds for a write on a page and one over the API; each takes some hundredths alone, more on a busy machine."""
ROUNDS = 3
HEAD_SECONDS, BODY_SECONDS = 15, 15


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that lets slow connections go sooner than it usually does."""
    monkeypatch.setenv("HEAD_SECONDS", str(HEAD_SECONDS))
    monkeypatch.setenv("BODY_SECONDS", str(BODY_SECONDS))


def someone_at_the_page(app: Flask) -> tuple[str, str]:
    """The cookie of somebody signed in, and the token for their forms."""
    with transaction():
        firm = factories.firm()
        person = factories.member(firm)
    secret = "0" * 40
    serializer = app.session_interface.get_signing_serializer(app)
    cookie = serializer.dumps({**_cookie(person, firm), "csrf_token": secret})
    token = URLSafeTimedSerializer(app.secret_key, salt="wtf-csrf-token").dumps(secret)
    return f"{app.config['SESSION_COOKIE_NAME']}={cookie}", str(token)


def token_of_the_lab(ref: str) -> str:
    """Of somebody who may record reports for this booking."""
    with transaction():
        firm_id = db.session.scalars(select(Booking.lab_firm_id).where(Booking.ref == ref)).one()
        person = factories.member(db.session.get(Firm, firm_id), "lab_manager")
        factories.add(
            ApiToken(
                person_id=person.id,
                firm_id=firm_id,
                scope="write",
                token_digest=digest("labs-own"),
                created_at=factories.LONG_AGO,
            )
        )
    return "labs-own"


def write_a_page(port: int, someone: tuple[str, str], language: str) -> int:
    """A page's form that writes to the database."""
    cookie, token = someone
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", "/language", urlencode({"language": language, "csrf_token": token}), headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


def book(port: int, item: int, token: str, number: int) -> dict[str, Any]:
    slot = FIRST + timedelta(hours=number)
    body = {"test_item": item, "quantity": 1, "starts_at": slot.isoformat(), "sample_description": "轴承"}
    status, answer = post(port, "/api/v1/bookings", body, token)
    assert status == 201, answer
    return answer


@pytest.mark.timeout(180)
def test_writes_go_on_beside_forty_slow_connections(app: Flask, database: TestDatabase, hurried: None) -> None:
    item, tokens = market(1)
    someone = someone_at_the_page(app)
    with served(database) as port:
        ref = book(port, item, tokens[0], 99)["ref"]
        write_a_page(port, someone, "zh")
        begun = beginnings(tokens[0], f"/api/v1/bookings/{ref}/reports", token_of_the_lab(ref))
        with dawdling(port, begun) as forty:
            slowest = 0.0
            for number in range(ROUNDS):
                since = time.monotonic()
                book(port, item, tokens[0], number)
                assert write_a_page(port, someone, "zh" if number % 2 else "en") == 303
                slowest = max(slowest, time.monotonic() - since)
            assert not forty.ended, "they were there all the while"
            until = time.monotonic() + 2 * HEAD_SECONDS
            while len(forty.ended) < len(forty.all) and time.monotonic() < until:
                time.sleep(0.2)
        assert slowest < WITHIN
        assert len(forty.answers) == len(forty.all)
        assert all(answer.startswith(b"HTTP/1.1 408") for answer in forty.answers), "and each was let go"
    assert db.session.scalar(select(func.count()).select_from(Booking)) == ROUNDS + 1
    assert db.session.scalars(select(Person.locale).where(Person.locale.is_not(None))).all() == ["en"]


@pytest.mark.timeout(180)
def test_on_threads_that_wait_the_same_connections_stop_everything(app: Flask, database: TestDatabase) -> None:
    """The negative control: gunicorn's own worker."""
    item, tokens = market(1)
    with serving(database, guarded=False) as (port, _server), dawdling(port, beginnings("none")):
        time.sleep(1)
        body = {"test_item": item, "quantity": 1, "starts_at": FIRST.isoformat(), "sample_description": "轴承"}
        with pytest.raises(TimeoutError):
            post(port, "/api/v1/bookings", body, tokens[0], timeout=5)
