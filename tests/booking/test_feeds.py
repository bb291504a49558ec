"""Calendar addresses: what stands under them, in whose words, until when; read by three libraries."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from labshare.booking import services
from labshare.booking.errors import TooManyFeeds
from labshare.booking.models import CalendarFeed
from labshare.booking.services.feeds import MOST_FEEDS
from labshare.kernel.actor import Actor
from labshare.kernel.database import db, transaction
from labshare.kernel.errors import NotAllowed, NotFound
from labshare.organisations.models import Membership
from tests import factories
from tests.api.conftest import token_for
from tests.booking.conftest import House, at
from tests.calendars import Read, method_of, read
from tests.conftest import Clock
from tests.mails import letters_to
from tests.signing import sign_in


def made(house: House, actor: Actor, of: str, **given: Any) -> str:
    """The path of a new address."""
    _feed, secret = house.do(services.make_feed, actor, of=of, **given)
    return f"/calendar/{secret}.ics"


def entries(client: FlaskClient, path: str) -> list[Read]:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    assert answer.content_type == "text/calendar; charset=utf-8"
    return read(answer.data)


def token_of(house: House) -> dict[str, str]:
    with transaction() as session:
        person = session.get_one(factories.Person, house.client.person_id)
        return token_for(person, session.get_one(factories.Firm, house.client.firm_id))


def short(found: list[Read]) -> list[tuple[int, str]]:
    return [(entry.sequence, entry.status) for entry in found]


def test_book_confirm_move_cancel(house: House, client: FlaskClient) -> None:  # R-TOLD-3, R-TOLD-8
    ours, theirs = made(house, house.client, "person"), made(house, house.manager, "lab", lab_code=house.lab.code)
    assert entries(client, ours) == entries(client, theirs) == []
    booking = house.book("2026-12-01 09:00")
    steps: list[tuple[Any, Actor, dict[str, Any], tuple[int, str]]] = [
        (services.confirm, house.manager, {}, (1, "CONFIRMED")),
        (services.reschedule, house.client, {"starts_at": at("2026-12-02 10:00")}, (2, "TENTATIVE")),
        (services.confirm, house.manager, {}, (3, "CONFIRMED")),
        (services.cancel, house.client, {}, (4, "CANCELLED")),
    ]
    assert short(entries(client, ours)) == [(0, "TENTATIVE")]
    for step, actor, given, expected in steps:
        house.do(step, actor, ref=booking.ref, **given)
        for path in (ours, theirs):
            assert short(entries(client, path)) == [expected]
    (entry,) = entries(client, ours)
    assert (entry.uid, entry.starts_at) == (f"{booking.ref}@127.0.0.1", at("2026-12-02 10:00"))
    assert method_of(client.get(ours).data) == "PUBLISH"


def test_each_shows_its_own_bookings(house: House, client: FlaskClient) -> None:  # R-TOLD-8
    with transaction():
        firm = db.session.get_one(factories.Firm, house.client.firm_id)
        colleague = factories.actor(factories.member(firm, "booker"), firm, "booker")
        other = factories.firm()
        stranger = factories.actor(factories.member(other), other, "owner")
        second = factories.instrument(house.lab)
    mine = house.book("2026-12-01 09:00").ref
    ours = house.book("2026-12-01 10:00", actor=colleague).ref
    foreign = house.book("2026-12-01 11:00", actor=stranger).ref
    shown = {
        ("client", "person"): [mine],
        ("client", "firm"): [mine, ours],
        ("lab", "lab"): [mine, ours, foreign],
        ("lab", "instrument"): [mine, ours, foreign],
        ("lab", "firm"): [],
    }
    for (side, of), refs in shown.items():
        actor = house.client if side == "client" else house.manager
        given = {"lab": {"lab_code": house.lab.code}, "instrument": {"instrument_id": house.instrument.id}}
        found = entries(client, made(house, actor, of, **given.get(of, {})))
        assert [entry.uid.partition("@")[0] for entry in found] == refs, (side, of)
    assert entries(client, made(house, house.manager, "instrument", instrument_id=second.id)) == []


def test_what_a_lab_keeps_for_itself_stands_in_its_own(house: House, client: FlaskClient) -> None:  # R-TOLD-8
    starts_at, ends_at = at("2026-12-02 09:00"), at("2026-12-02 11:00")
    where = {"instrument_id": house.instrument.id, "starts_at": starts_at, "ends_at": ends_at}
    house.do(services.block, house.manager, kind="training", note="更换压头", units=[1], **where)
    house.book("2026-12-01 09:00")
    for of, given in (("lab", {"lab_code": house.lab.code}), ("instrument", {"instrument_id": house.instrument.id})):
        path = made(house, house.manager, of, **given)
        _booking, block = entries(client, path)
        assert (block.starts_at, block.ends_at, block.status) == (starts_at, ends_at, "CONFIRMED")
        shown = client.get(path).text.replace("\r\n ", "")
        assert "培训" in shown
        assert "更换压头" in shown
    assert len(entries(client, made(house, house.client, "firm"))) == 1


def test_clients_names_stand_in_the_labs_alone(house: House, client: FlaskClient) -> None:  # R-TOLD-8
    with transaction():
        buyer = db.session.get_one(factories.Firm, house.client.firm_id)
        buyer.name = buyer.name_en = "秘密轴承厂"
        db.session.get_one(factories.Person, house.manager.person_id).locale = "en"
    house.book("2026-12-01 09:00")
    clients = client.get(made(house, house.client, "firm")).text.replace("\r\n ", "")
    labs = client.get(made(house, house.manager, "lab", lab_code=house.lab.code)).text.replace("\r\n ", "")
    assert "秘密轴承厂" not in clients.partition("BEGIN:VEVENT")[2]
    assert "秘密轴承厂" in labs
    assert "待确认：" in clients
    assert "To be confirmed: " in labs, "in the language of its person, whatever the program asks for"


def test_an_address_is_kept_nowhere_and_told_to_its_person(house: House, app: Flask) -> None:  # R-TOLD-4, R-TOLD-8
    secret = made(house, house.client, "firm").removeprefix("/calendar/").removesuffix(".ics")
    assert len(secret) >= 43
    tables = [table.name for table in db.metadata.sorted_tables]
    assert "calendar_feed" in tables
    for table in tables:
        for row in db.session.execute(text(f'SELECT * FROM "{table}"')):
            assert secret not in str(row), table
    letter = letters_to(db.session.get_one(factories.Person, house.client.person_id).email)[-1]
    assert "日历订阅地址" in letter.subject
    assert secret not in letter.body
    assert "/account/mails" not in letter.body, "nobody can switch it off"


@pytest.mark.parametrize("end", ["revoked", "membership", "back again", "account", "never was"])
def test_it_ends_for_good(house: House, client: FlaskClient, clock: Clock, end: str) -> None:  # R-TOLD-8
    feed, secret = house.do(services.make_feed, house.client, of="firm")
    path = f"/calendar/{secret}.ics"
    assert client.get(path).status_code == 200
    clock.advance(days=1)
    if end == "revoked":
        house.do(services.revoke_feed, house.client, feed_id=feed.id)
    elif end == "never was":
        path = path.replace(secret[:4], "AAAA")
    else:
        with transaction() as session:
            if end == "account":
                session.get_one(factories.Person, house.client.person_id).disabled_at = clock.now
            else:
                kept = session.query(Membership).filter_by(person_id=house.client.person_id).one()
                kept.ended_at = clock.now
                session.flush()
                if end == "back again":
                    again = {"person_id": kept.person_id, "firm_id": kept.firm_id, "role": kept.role}
                    session.add(Membership(**again, started_at=clock.advance(days=1)))
    answer = client.get(path)
    assert answer.status_code == 404
    assert "BEGIN:VCALENDAR" not in answer.text


def test_nobody_keeps_it_on_the_way(house: House, client: FlaskClient) -> None:  # R-TOLD-8
    answer = client.get(made(house, house.client, "firm"))
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "Set-Cookie" not in answer.headers


def test_what_is_another_firms_is_not_found(house: House, app: Flask) -> None:  # R-TOLD-8
    for of, given in (("lab", {"lab_code": house.lab.code}), ("instrument", {"instrument_id": house.instrument.id})):
        with pytest.raises(NotFound):
            house.do(services.make_feed, house.client, of=of, **given)
    with pytest.raises(NotAllowed):
        house.do(services.make_feed, Actor(person_id=house.client.person_id), of="person")
    feed, _secret = house.do(services.make_feed, house.client, of="firm")
    with pytest.raises(NotFound):
        house.do(services.revoke_feed, house.manager, feed_id=feed.id)


def test_so_many_and_no_more(house: House, app: Flask) -> None:  # R-TOLD-8
    for _number in range(MOST_FEEDS):
        house.do(services.make_feed, house.client, of="firm")
    with pytest.raises(TooManyFeeds):
        house.do(services.make_feed, house.client, of="firm")


def test_by_the_api(house: House, client: FlaskClient) -> None:  # R-TOLD-8
    headers = token_of(house)
    answer = client.post("/api/v1/feeds", json={"of": "person", "name": "手机"}, headers=headers)
    assert answer.status_code == 201
    body = answer.get_json()
    assert body["address"].startswith("http://127.0.0.1:8000/calendar/")
    path = body.pop("address").removeprefix("http://127.0.0.1:8000")
    assert client.get(path).status_code == 200
    assert client.get("/api/v1/feeds", headers=headers).get_json()["items"] == [body]
    assert client.delete(f"/api/v1/feeds/{body['id']}", headers=headers).status_code == 204
    assert client.get("/api/v1/feeds", headers=headers).get_json()["items"] == []
    assert client.get(path).status_code == 404
    for wrong, field in (({"of": "lab"}, "lab"), ({"of": "instrument"}, "instrument"), ({"of": "x"}, "of"), ({}, "of")):
        refused = client.post("/api/v1/feeds", json=wrong, headers=headers)
        assert (refused.status_code, refused.get_json()["errors"][0]["field"]) == (422, field)
    again = client.post("/api/v1/feeds", json={"of": "firm"}, headers=headers).get_json()
    assert client.delete("/api/v1/feeds", headers=headers).status_code == 204
    assert client.get(again["address"].removeprefix("http://127.0.0.1:8000")).status_code == 404


def test_an_answer_given_again_has_no_secret(house: House, client: FlaskClient) -> None:  # R-TOLD-8
    headers = token_of(house) | {"Idempotency-Key": "k1"}
    first, second = (
        client.post("/api/v1/feeds", json={"of": "firm"}, headers=headers).get_json() for _time in range(2)
    )
    assert first["address"]
    assert second == first | {"address": None}
    secret = first["address"].rpartition("/")[2].removesuffix(".ics")
    for table in db.metadata.sorted_tables:
        for row in db.session.execute(text(f'SELECT * FROM "{table.name}"')):
            assert secret not in str(row), table.name


@pytest.mark.parametrize(
    ("language", "made_word", "gone"),
    [("zh-CN", "新地址仅显示这一次", "地址已吊销"), ("en", "shown this once", "revoked")],
)
def test_its_page(house: House, client: FlaskClient, language: str, made_word: str, gone: str) -> None:  # R-TOLD-8
    sign_in(client, db.session.get_one(factories.Person, house.manager.person_id), house.lab.firm)
    head = {"Accept-Language": language}
    page = client.get("/account/calendar", headers=head).text
    assert f'value="lab:{house.lab.code}"' in page
    assert f'value="instrument:{house.instrument.id}"' in page
    answer = client.post("/account/calendar", data={"of": f"lab:{house.lab.code}", "name": "墙上"}, headers=head)
    assert made_word in answer.text
    assert answer.headers["Cache-Control"] == "private, no-store"
    path = "/calendar/" + answer.text.partition("/calendar/")[2].partition(".ics")[0] + ".ics"
    assert client.get(path).status_code == 200
    assert path not in client.get("/account/calendar", headers=head).text
    wrong = client.post("/account/calendar", data={"of": "lab:XX", "name": "留着"}, headers=head)
    assert wrong.status_code == 422
    assert "留着" in wrong.text
    (feed,) = db.session.query(CalendarFeed)
    done = client.post(f"/account/calendar/{feed.id}/revoke", headers=head, follow_redirects=True)
    assert gone in done.text
    assert client.get(path).status_code == 404
