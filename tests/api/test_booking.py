"""Booking over the API: from the slot to the finished test, with problems, keys and rights."""

import io
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from labshare.booking.models import Booking, Holding, StoragePlace
from labshare.demonstration.photos import drawn
from labshare.kernel.database import db, transaction
from labshare.kernel.models import IdempotencyKey
from tests.api.conftest import Market

Wish = Callable[..., dict[str, Any]]


def bookings() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(Booking)) or 0


def test_from_slot_to_finished_test(market: Market, client: FlaskClient, wish: Wish, clock: Any) -> None:
    found = client.get("/api/v1/slots?standard=GB/T 228.1&quantity=2").json["items"]
    assert [(each["amount_fen"], each["starts_at"]) for each in found] == [(20_000, "2026-11-24T10:00:00+08:00")]
    made = client.post("/api/v1/bookings", json=wish(), headers=market.booker)
    assert made.status_code == 201, made.text
    ref = made.json["ref"]
    assert made.json["state"] == "requested"
    assert made.json["charged_fen"] == 20_000
    assert made.json["ends_at"] == "2026-11-25T11:00:00+08:00"

    def step(name: str, who: dict[str, str], **body: Any) -> Any:
        answer = client.post(f"/api/v1/bookings/{ref}/{name}", json=body, headers=who)
        assert answer.status_code == 200, answer.text
        return answer.json

    assert step("confirm", market.lab_hand)["state"] == "confirmed"
    clock.set("2026-11-25 08:50")
    assert step("receive", market.lab_hand, samples=2)["state"] == "received"
    clock.set("2026-11-25 09:00")
    assert step("start", market.lab_hand)["state"] == "testing"
    clock.set("2026-11-25 10:30")
    done = step("finish", market.lab_hand)
    assert (done["state"], done["ends_at"]) == ("tested", "2026-11-25T10:30:00+08:00")
    actions = [each["action"] for each in done["history"]]
    assert actions == ["booking.book", "booking.confirm", "booking.receive", "booking.start", "booking.finish"]


def test_extra_work_is_proposed_and_answered(
    market: Market, client: FlaskClient, wish: Wish, clock: Any
) -> None:  # R-EXTRA-1
    ref = client.post("/api/v1/bookings", json=wish(), headers=market.booker).json["ref"]
    at = f"/api/v1/bookings/{ref}"
    client.post(f"{at}/confirm", headers=market.lab_hand)
    client.post(f"{at}/receive", json={"samples": 2}, headers=market.lab_hand)
    more = {"kind": "more_samples", "quantity": 1, "cause": "more_came"}
    made = client.post(f"{at}/extra-work", json=more, headers=market.lab_hand)
    assert made.status_code == 201, made.text
    assert (made.json["state"], made.json["amount_fen"]) == ("proposed", 10_000)
    assert made.json["extra"] == {
        "kind": "more_samples",
        "cause": "more_came",
        "quantity": 1,
        "minutes": 60,
        "test_item": None,
        "hours": None,
    }
    assert client.post(f"{at}/extra-work", json=more, headers=market.lab_hand).json["type"].endswith("ExtraWaits")
    line = f"{at}/charges/{made.json['id']}"
    assert client.post(f"{line}/withdraw", headers=market.lab_hand).json["state"] == "withdrawn"
    again = client.post(f"{at}/extra-work", json=more, headers=market.lab_hand).json["id"]
    assert client.post(f"{at}/charges/{again}/refuse", headers=market.lab_hand).status_code == 403
    assert client.post(f"{at}/charges/{again}/refuse", headers=market.booker).json["state"] == "refused"
    assert client.get(at, headers=market.booker).json["quantity"] == 2


def test_a_taken_slot_is_a_conflict_with_alternatives(market: Market, client: FlaskClient, wish: Wish) -> None:
    for _ in range(2):  # two units
        assert client.post("/api/v1/bookings", json=wish(), headers=market.booker).status_code == 201
    answer = client.post("/api/v1/bookings", json=wish(), headers=market.booker)
    assert answer.status_code == 409
    assert answer.content_type == "application/problem+json"
    assert len(answer.json["alternatives"]) == 3
    assert bookings() == 2


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"quantity": 0}, "quantity"),
        ({"quantity": 10_000}, "quantity"),
        ({"quantity": 2.5}, "quantity"),
        ({"quantity": "many"}, "quantity"),
        ({"hours": 24}, "hours"),
        ({"starts_at": "2026-11-23T09:00:00+08:00"}, "starts_at"),
        ({"starts_at": "2026-11-28T09:00:00+08:00"}, "starts_at"),
        ({"starts_at": "2026-11-25T09:00:00"}, "starts_at"),
        ({"starts_at": "2026-11-25T09:00:30+08:00"}, "starts_at"),
        ({"starts_at": "next week"}, "starts_at"),
        ({"sample_description": ""}, "sample_description"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_bad_input_names_its_field(market: Market, client: FlaskClient, wish: Wish, change: Any, field: str) -> None:
    answer = client.post("/api/v1/bookings", json=wish(**change), headers=market.booker)
    assert answer.status_code == 422, answer.text
    assert [each["field"] for each in answer.json["errors"]] == [field]
    assert bookings() == 0


def test_unknown_names_are_told_last_in_the_order_in_which_they_were_sent(
    market: Market, client: FlaskClient, wish: Wish
) -> None:
    unknown = ["zone", "colour", "width", "height", "depth", "weight", "area", "speed"]
    body = json.dumps({**dict.fromkeys(unknown, 1), **wish(quantity="two")})
    answer = client.post("/api/v1/bookings", data=body, content_type="application/json", headers=market.booker)
    assert [each["field"] for each in answer.json["errors"]] == ["quantity", *unknown]


def test_rights(market: Market, client: FlaskClient, wish: Wish) -> None:  # R-RIGHTS-2
    assert client.post("/api/v1/bookings", json=wish()).status_code == 401
    assert client.post("/api/v1/bookings", json=wish(), headers={"Authorization": "Bearer no"}).status_code == 401
    assert client.post("/api/v1/bookings", json=wish(), headers=market.officer).status_code == 403
    ref = client.post("/api/v1/bookings", json=wish(), headers=market.booker).json["ref"]
    assert client.get(f"/api/v1/bookings/{ref}", headers=market.stranger).status_code == 404
    assert client.post(f"/api/v1/bookings/{ref}/confirm", headers=market.stranger).status_code == 404
    assert client.post(f"/api/v1/bookings/{ref}/confirm", headers=market.booker).status_code == 403
    assert client.post(f"/api/v1/bookings/{ref}/confirm", headers=market.auditor).status_code == 403
    assert client.get(f"/api/v1/bookings/{ref}", headers=market.auditor).status_code == 200
    assert client.get("/api/v1/bookings", headers=market.stranger).json["items"] == []


def test_a_browsers_cookie_does_not_open_the_api(market: Market, client: FlaskClient, wish: Wish) -> None:
    from tests import factories
    from tests.signing import sign_in

    sign_in(client, factories.member(market.client), market.client)
    assert client.post("/api/v1/bookings", json=wish()).status_code == 401


def test_a_key_gives_the_first_answer_again(market: Market, client: FlaskClient, wish: Wish) -> None:
    headers = market.booker | {"Idempotency-Key": "k1"}
    first = client.post("/api/v1/bookings", json=wish(), headers=headers)
    again = client.post("/api/v1/bookings", json=wish(), headers=headers)
    assert (again.status_code, again.data) == (201, first.data)
    assert bookings() == 1
    other = client.post("/api/v1/bookings", json=wish(quantity=1), headers=headers)
    assert (other.status_code, other.json["type"]) == (422, "urn:labshare:problem:IdempotencyMismatch")


def test_a_refusal_is_kept_under_its_key_too(market: Market, client: FlaskClient, wish: Wish) -> None:
    headers = market.booker | {"Idempotency-Key": "k2"}
    first = client.post("/api/v1/bookings", json=wish(quantity=0), headers=headers)
    again = client.post("/api/v1/bookings", json=wish(quantity=0), headers=headers)
    assert first.status_code == again.status_code == 422
    assert first.data == again.data


def test_a_key_is_forgotten_after_a_day(market: Market, client: FlaskClient, wish: Wish, clock: Any) -> None:
    headers = market.booker | {"Idempotency-Key": "k3"}
    client.post("/api/v1/bookings", json=wish(), headers=headers)
    clock.advance(hours=24)
    later = client.post("/api/v1/bookings", json=wish(starts_at="2026-11-26T09:00:00+08:00"), headers=headers)
    assert later.status_code == 201
    assert bookings() == 2
    assert db.session.scalar(select(func.count()).select_from(IdempotencyKey)) == 1


def test_keys_belong_to_their_person(market: Market, client: FlaskClient, wish: Wish) -> None:
    for who in (market.booker, market.stranger):
        assert client.post("/api/v1/bookings", json=wish(), headers=who | {"Idempotency-Key": "k"}).status_code == 201
    assert bookings() == 2


def test_a_server_error_is_not_kept(
    market: Market, client: FlaskClient, wish: Wish, monkeypatch: pytest.MonkeyPatch
) -> None:
    from labshare.booking import services

    def broken(**_: Any) -> None:
        raise RuntimeError("the disk is on fire")

    headers = market.booker | {"Idempotency-Key": "k4"}
    monkeypatch.setattr(services, "book", broken)
    with pytest.raises(RuntimeError):
        client.post("/api/v1/bookings", json=wish(), headers=headers)
    monkeypatch.undo()
    assert client.post("/api/v1/bookings", json=wish(), headers=headers).status_code == 201


def test_thirty_requests_with_one_key_book_once(market: Market, app: Flask, wish: Wish) -> None:
    """Each gets the first answer, or 409 while the first is being worked on; never another booking."""
    body = json.dumps(wish())
    db.session.rollback()

    def post(_: int) -> tuple[int, bytes]:
        answer = app.test_client().post(
            "/api/v1/bookings",
            data=body,
            content_type="application/json",
            headers=market.booker | {"Idempotency-Key": "race"},
        )
        return answer.status_code, answer.data

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(post, range(30)))
    assert {status for status, _ in answers} <= {201, 409}
    assert len({data for status, data in answers if status == 201}) == 1
    assert bookings() == 1


def test_holds_and_blocks(market: Market, client: FlaskClient, wish: Wish) -> None:
    body = {name: value for name, value in wish().items() if name != "sample_description"}
    held = client.post("/api/v1/holds", json=body, headers=market.booker)
    assert (held.status_code, held.json["expires_at"]) == (201, "2026-11-24T10:10:00+08:00")
    assert client.delete(f"/api/v1/holds/{held.json['id']}", headers=market.stranger).status_code == 404
    assert client.delete(f"/api/v1/holds/{held.json['id']}", headers=market.booker).status_code == 204
    span = {"starts_at": "2026-11-25T08:00:00+08:00", "ends_at": "2026-11-25T12:00:00+08:00", "kind": "maintenance"}
    path = f"/api/v1/instruments/{market.instrument.id}/blocks"
    assert client.post(path, json=span, headers=market.booker).status_code == 403
    block = client.post(path, json=span, headers=market.lab_hand)
    assert (block.status_code, len(block.json["holdings"])) == (201, 2)
    assert client.post("/api/v1/bookings", json=wish(), headers=market.booker).status_code == 409
    assert client.delete(f"/api/v1/blocks/{block.json['id']}", headers=market.lab_hand).status_code == 204
    db.session.rollback()
    assert db.session.scalar(select(func.count()).select_from(Holding)) == 0


def test_a_block_is_changed(market: Market, client: FlaskClient, wish: Wish) -> None:  # R-TIME-15
    span = {"starts_at": "2026-11-26T09:00:00+08:00", "ends_at": "2026-11-26T10:00:00+08:00"}
    at = f"/api/v1/instruments/{market.instrument.id}/blocks"
    made = client.post(at, json=span | {"kind": "training"}, headers=market.lab_hand).json
    assert client.post(at, json=span | {"kind": "earlier"}, headers=market.lab_hand).status_code == 422  # R-SHEET-7
    later = span | {"ends_at": "2026-11-26T11:00:00+08:00"}
    changed = client.patch(f"/api/v1/blocks/{made['id']}", json=later, headers=market.lab_hand)
    assert changed.status_code == 200, changed.text
    assert {each["ends_at"] for each in changed.json["holdings"]} == {"2026-11-26T11:00:00+08:00"}
    for start in ("11", "11"):
        busy = wish(starts_at=f"2026-11-26T{start}:00:00+08:00")
        assert client.post("/api/v1/bookings", json=busy, headers=market.booker).status_code == 201
    refused = client.patch(
        f"/api/v1/blocks/{made['id']}",
        json=span | {"ends_at": "2026-11-26T12:00:00+08:00", "following": True},
        headers=market.lab_hand,
    )
    assert (refused.status_code, refused.json["type"]) == (409, "urn:labshare:problem:InTheWay")
    assert "B-" in refused.json["detail"]
    gone = client.delete(f"/api/v1/blocks/{made['id']}?following=true", headers=market.lab_hand)
    assert gone.status_code == 204


def test_the_bench_by_programs(market: Market, client: FlaskClient, wish: Wish) -> None:  # R-BENCH-2, R-BENCH-3
    ref = client.post("/api/v1/bookings", json=wish(), headers=market.booker).json["ref"]
    at = f"/api/v1/bookings/{ref}"
    with transaction():
        booking = db.session.query(Booking).filter_by(ref=ref).one()
        lab = booking.lab
        place = StoragePlace(lab_id=lab.id, name="柜 1")
        db.session.add(place)
    found = client.get(f"/api/v1/labs/{lab.code}/bench", headers=market.lab_hand).json
    assert found["places"] == [{"id": place.id, "name": "柜 1"}]
    worker = found["workers"][0]["id"]
    assert client.get(f"/api/v1/labs/{lab.code}/bench", headers=market.booker).status_code == 403
    assert client.post(f"{at}/assign", json={"person": worker}, headers=market.lab_hand).status_code == 200
    assert client.post(f"{at}/assign", json={"person": 999_999}, headers=market.lab_hand).status_code == 422
    client.post(f"{at}/confirm", headers=market.lab_hand)
    client.post(f"{at}/receive", json={"samples": 2}, headers=market.lab_hand)
    assert client.post(f"{at}/store", json={"place": place.id}, headers=market.lab_hand).status_code == 200
    db.session.expire_all()
    assert (booking.assignee_id, booking.storage_place_id) == (worker, place.id)
    sent = {"file": (io.BytesIO(drawn(400, ())), "sample.png")}
    added = client.post(f"{at}/sample-photos", data=sent, headers=market.lab_hand)
    assert (added.status_code, added.json["file"]["name"]) == (201, "sample.png")
    wrong = {"file": (io.BytesIO(b"%PDF-1.4"), "sample.pdf")}
    assert client.post(f"{at}/sample-photos", data=wrong, headers=market.lab_hand).status_code == 422


def test_bookings_are_listed_in_pages(market: Market, client: FlaskClient, wish: Wish) -> None:
    refs = [
        client.post(
            "/api/v1/bookings", json=wish(starts_at=f"2026-11-{day}T09:00:00+08:00"), headers=market.booker
        ).json["ref"]
        for day in (25, 26, 27)
    ]
    seen: list[str] = []
    cursor = ""
    while True:
        page = client.get(f"/api/v1/bookings?limit=2&cursor={cursor}", headers=market.lab_hand).json
        seen += [each["ref"] for each in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == refs[::-1]


def test_the_description_names_every_address(client: FlaskClient) -> None:
    description = client.get("/api/v1/openapi.json").json
    assert description["openapi"] == "3.1.0"
    assert "/api/v1/bookings/{ref}/proposals/{proposal_id}/accept" in description["paths"]
