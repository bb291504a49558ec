"""Signing in by a code on the mobile phone, through the pages (R-RIGHTS-12)."""

import http.server
import json
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.error import HTTPError

import pytest
from flask import Flask
from flask.testing import FlaskClient

from labshare.accounts.mobile import checked_mobile
from labshare.accounts.models import Person
from labshare.accounts.passwords import hashed
from labshare.audit.models import AuditEvent
from labshare.kernel.database import db
from labshare.kernel.errors import Problem
from labshare.kernel.time import Minutes
from labshare.notices.codes import ShortMessage, configured_sender, send_codes
from labshare.organisations.models import RegulatorRole
from tests import factories as make
from tests.mails import letters
from tests.signing import sign_in

PASSWORD = "nine green apples"
PASSWORD_HASH = hashed(PASSWORD)
NUMBER, OTHER = "13805751234", "13905754321"
OF_ONE_REQUEST = re.compile(rf'value="[^"]+"|{NUMBER}|{OTHER}')


@pytest.fixture(autouse=True)
def offered(app: Flask) -> None:
    app.config["SMS_URL"] = "console:"


@pytest.fixture
def known(app: Flask, clock: Any) -> Person:
    made = make.person(password_hash=PASSWORD_HASH, mobile=NUMBER, locale="zh_Hans_CN")
    db.session.commit()
    return made


def arrived(clock: Any) -> list[ShortMessage]:
    """What the phones get."""
    messages: list[ShortMessage] = []
    send_codes(clock.now, sender=messages.append)
    return messages


def asked(client: FlaskClient, clock: Any, number: str = NUMBER) -> str:
    assert client.post("/account/sign-in/mobile", data={"mobile": number}).status_code == 200
    return arrived(clock)[-1].code


def enter(client: FlaskClient, code: str, number: str = NUMBER) -> int:
    return client.post("/account/sign-in/code", data={"mobile": number, "code": code}).status_code


def signed_in(client: FlaskClient) -> bool:
    return client.get("/account/").status_code == 200


@pytest.mark.parametrize("typed", ["138 0575 1234", "+86 138-0575-1234", "008613805751234", "8613805751234"])
def test_a_number_is_known_however_it_is_typed(typed: str) -> None:
    assert checked_mobile(typed) == NUMBER


@pytest.mark.parametrize("typed", ["", "12805751234", "1380575123", "138057512345", "+852 5123 4567", "1380575123４"])
def test_what_is_no_mobile_number_is_refused(typed: str) -> None:
    with pytest.raises(Problem):
        checked_mobile(typed)


def test_a_code_signs_in_once(client: FlaskClient, known: Person, clock: Any) -> None:
    client.post("/account/sign-in/mobile", data={"mobile": "138 0575 1234"})
    (message,) = arrived(clock)
    assert (message.mobile, message.minutes, message.language) == ("+8613805751234", 10, "zh-CN")
    assert message.code in message.text
    assert arrived(clock) == [], "it is sent once"
    assert enter(client, message.code) == 303
    assert signed_in(client)
    client.post("/account/sign-out")
    assert enter(client, message.code) == 422


def test_the_code_is_not_in_the_database(app: Flask, client: FlaskClient, known: Person, clock: Any) -> None:
    code = asked(client, clock)
    rows = [str(row) for table in db.metadata.sorted_tables for row in db.session.execute(table.select())]
    assert not [row for row in rows if f"'{code}'" in row]


def test_clicks_at_once_leave_one_code(app: Flask, known: Person, clock: Any) -> None:
    def ask(_n: int) -> int:
        return app.test_client().post("/account/sign-in/mobile", data={"mobile": NUMBER}).status_code

    db.session.rollback()
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(ask, range(16))) == {200}
    assert len(arrived(clock)) == 1


def test_five_wrong_codes_end_it(client: FlaskClient, known: Person, clock: Any) -> None:
    code = asked(client, clock)
    wrong = "000000" if code != "000000" else "111111"
    assert [enter(client, wrong) for _ in range(5)] == [422] * 5
    assert enter(client, code) == 422
    assert not signed_in(client)
    clock.advance(minutes=2)
    assert enter(client, asked(client, clock)) == 303


def test_a_code_ends_after_ten_minutes_and_with_the_next_one(client: FlaskClient, known: Person, clock: Any) -> None:
    first = asked(client, clock)
    clock.advance(minutes=10)
    assert enter(client, first) == 422
    second = asked(client, clock)
    third = asked(client, clock)
    assert second == third or enter(client, second) == 422
    assert enter(client, third) == 303


def test_a_stranger_learns_nothing(client: FlaskClient, known: Person, clock: Any) -> None:
    pages = [client.post("/account/sign-in/mobile", data={"mobile": number}).text for number in (NUMBER, OTHER)]
    assert len({OF_ONE_REQUEST.sub("", page) for page in pages}) == 1
    assert [one.mobile for one in arrived(clock)] == [f"+86{NUMBER}"], "nothing goes to a number of nobody"
    assert [enter(client, "123456", number) for number in (NUMBER, OTHER)] == [422, 422]


def test_a_regulator_is_not_signed_in_by_a_code(client: FlaskClient, known: Person, clock: Any) -> None:
    make.add(
        RegulatorRole(
            person_id=known.id, role="officer", division="", proposed_at=make.LONG_AGO, agreed_at=make.LONG_AGO
        )
    )
    db.session.commit()
    client.post("/account/sign-in/mobile", data={"mobile": NUMBER})
    assert arrived(clock) == []
    sign_in(client, known)
    answer = client.post("/account/mobile", data={"mobile": OTHER, "present_password": PASSWORD})
    assert answer.status_code == 403


def test_who_became_a_regulator_meanwhile_is_not_signed_in(client: FlaskClient, known: Person, clock: Any) -> None:
    code = asked(client, clock)
    make.add(
        RegulatorRole(
            person_id=known.id, role="officer", division="", proposed_at=make.LONG_AGO, agreed_at=make.LONG_AGO
        )
    )
    db.session.commit()
    assert enter(client, code) == 422
    assert not signed_in(client)


def test_a_disabled_account_is_not_signed_in(client: FlaskClient, known: Person, clock: Any) -> None:
    code = asked(client, clock)
    known.disabled_at = clock.now
    db.session.commit()
    assert enter(client, code) == 422
    assert client.post("/account/sign-in/code", data={"code": code}).status_code == 422, "no number at all"
    assert not signed_in(client)


def test_a_number_is_put_on_and_removed(client: FlaskClient, clock: Any) -> None:
    person = make.person(password_hash=PASSWORD_HASH)
    db.session.commit()
    sign_in(client, person)
    page = client.post("/account/mobile", data={"mobile": NUMBER, "present_password": "wrong password 1"})
    assert page.status_code == 422
    assert f'value="{NUMBER}"' in page.text
    assert client.post("/account/mobile", data={"mobile": NUMBER, "present_password": PASSWORD}).status_code == 200
    (message,) = arrived(clock)
    assert client.post("/account/mobile/code", data={"mobile": NUMBER, "code": "12"}).status_code == 422
    assert client.post("/account/mobile/code", data={"mobile": NUMBER, "code": message.code}).status_code == 303
    assert "138 0575 1234" in client.get("/account/mobile").text
    assert any("1234" in letter.body for letter in letters())
    events = db.session.query(AuditEvent).filter(AuditEvent.action == "account.set_mobile").all()
    assert [event.after for event in events] == [{"ends_with": "1234"}]
    db.session.rollback()
    visitor = client.application.test_client()
    clock.advance(minutes=2)
    code = asked(visitor, clock)
    assert client.post("/account/mobile/remove").status_code == 303
    assert enter(visitor, code) == 422


def test_a_number_of_another_account_is_said_to_its_holder_alone(
    client: FlaskClient, known: Person, clock: Any
) -> None:
    second = make.person(password_hash=PASSWORD_HASH)
    db.session.commit()
    sign_in(client, second)
    page = client.post("/account/mobile", data={"mobile": NUMBER, "present_password": PASSWORD})
    assert page.status_code == 200
    assert "其他账号" not in page.text
    (message,) = arrived(clock)
    refused = client.post("/account/mobile/code", data={"mobile": NUMBER, "code": message.code})
    assert refused.status_code == 409
    assert "该手机号已绑定其他账号" in refused.text
    assert f'value="{message.code}"' in refused.text


def test_a_number_of_a_disabled_account_is_taken(client: FlaskClient, known: Person, clock: Any) -> None:
    known.disabled_at = clock.now
    second = make.person(password_hash=PASSWORD_HASH)
    db.session.commit()
    sign_in(client, second)
    client.post("/account/mobile", data={"mobile": NUMBER, "present_password": PASSWORD})
    (message,) = arrived(clock)
    assert client.post("/account/mobile/code", data={"mobile": NUMBER, "code": message.code}).status_code == 409


def test_a_code_for_another_account_puts_nothing_on(app: Flask, known: Person, clock: Any) -> None:
    """Somebody reads a code over another's shoulder, and types it in the own account."""
    first, second = (make.person(password_hash=PASSWORD_HASH) for _ in range(2))
    db.session.commit()
    browsers = [app.test_client(), app.test_client()]
    for browser, person in zip(browsers, (first, second), strict=True):
        sign_in(browser, person)
    browsers[0].post("/account/mobile", data={"mobile": OTHER, "present_password": PASSWORD})
    (message,) = arrived(clock)
    answer = browsers[1].post("/account/mobile/code", data={"mobile": OTHER, "code": message.code})
    assert answer.status_code == 422
    db.session.rollback()
    assert [person.mobile for person in (first, second)] == [None, None]


def test_without_a_gateway_nothing_is_offered(app: Flask, client: FlaskClient) -> None:
    app.config["SMS_URL"] = ""
    assert client.get("/account/sign-in/mobile").status_code == 404
    assert "/account/sign-in/mobile" not in client.get("/account/sign-in").text


def test_a_code_that_the_gateway_refuses_is_tried_again(client: FlaskClient, known: Person, clock: Any) -> None:
    def refuse(_message: ShortMessage) -> None:
        raise OSError("the gateway is away")

    client.post("/account/sign-in/mobile", data={"mobile": NUMBER})
    assert send_codes(clock.now, sender=refuse) == 0
    assert enter(client, arrived(clock)[0].code) == 303


@pytest.fixture
def gateway() -> Iterator[tuple[str, list[Any]]]:
    """A gateway of this machine: its address, and what it got."""
    got: list[Any] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            got.append((self.path, self.headers["Authorization"], json.loads(self.rfile.read(length))))
            self.send_response(302 if self.path == "/moved" else 204)
            if self.path == "/moved":
                self.send_header("Location", "/elsewhere")
            self.end_headers()

        def do_GET(self) -> None:
            got.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_given: Any) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://user:pass%20word@127.0.0.1:{server.server_port}/codes", got
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.engines("sqlite")
def test_the_gateway_gets_the_parts(app: Flask, gateway: tuple[str, list[Any]]) -> None:
    app.config["SMS_URL"], got = gateway
    configured_sender()(
        ShortMessage(
            mobile="+8613805751234", code="012345", minutes=Minutes(10), language="en", text="012345 is your code."
        )
    )
    assert got == [
        (
            "/codes",
            "Basic dXNlcjpwYXNzIHdvcmQ=",
            {
                "mobile": "+8613805751234",
                "code": "012345",
                "minutes": 10,
                "language": "en",
                "text": "012345 is your code.",
            },
        )
    ]


@pytest.mark.engines("sqlite")
def test_a_gateway_that_points_elsewhere_is_refused(app: Flask, gateway: tuple[str, list[Any]]) -> None:
    address, got = gateway
    app.config["SMS_URL"] = address.replace("/codes", "/moved")
    code = ShortMessage(mobile="+8613805751234", code="012345", minutes=Minutes(10), language="en", text="012345")
    with pytest.raises(HTTPError):
        configured_sender()(code)
    assert [path for path, *_ in got] == ["/moved"]
