"""Booking by form: from the empty form to the booking page and every verb on it."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from labshare.booking.models import Booking
from labshare.kernel.database import db, transaction
from labshare.settlement.services import record_invoice
from tests import factories
from tests.conftest import SHANGHAI
from tests.signing import sign_in


@dataclass
class Scene:
    lab: Any
    instrument: Any
    item: Any
    client: Any
    booker: Any
    hand: Any


@pytest.fixture
def scene(app: Flask, clock: Any) -> Scene:
    with transaction():
        factories.working_year()
        lab = factories.lab()
        instrument = factories.instrument(lab)
        item = factories.test_item(instrument, free_cancel_minutes=48 * 60, late_cancel_percent=30, no_show_percent=50)
        firm = factories.firm()
        return Scene(
            lab, instrument, item, firm, factories.member(firm, "booker"), factories.member(lab.firm, "lab_manager")
        )


@pytest.fixture(params=["zh-CN", "en"])
def language(request: Any) -> str:
    return str(request.param)


def form(scene: Scene, **given: Any) -> dict[str, Any]:
    return {
        "test_item": scene.item.id, "starts_at": "2026-11-25T09:00", "quantity": "2",
        "sample_description": "GCr15 棒料 2 根", "book": "1", **given,
    }  # fmt: skip


def count() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(Booking)) or 0


@pytest.fixture
def booked(scene: Scene, client: FlaskClient) -> str:
    sign_in(client, scene.booker, scene.client)
    answer = client.post("/bookings/new", data=form(scene))
    assert answer.status_code == 303, answer.text
    return str(answer.location.rsplit("/", 1)[1])


def test_the_form_shows_price_and_terms(scene: Scene, client: FlaskClient, language: str) -> None:
    sign_in(client, scene.booker, scene.client)
    path = f"/bookings/new?test_item={scene.item.id}&quantity=3&starts_at=2026-11-25T09:00:00%2B08:00"
    page = client.get(path, headers={"Accept-Language": language})
    assert page.status_code == 200
    assert "300.00" in page.text
    assert "30%" in page.text


def test_a_visitor_is_led_to_sign_in(scene: Scene, client: FlaskClient) -> None:
    answer = client.get(f"/bookings/new?test_item={scene.item.id}")
    assert answer.status_code == 303
    assert "sign-in" in answer.location


@pytest.mark.parametrize(
    ("given", "field", "words"),
    [
        ({"quantity": "0"}, "quantity", ("样品数量应为 1 至 20", "Between 1 and 20 samples")),
        ({"quantity": "10000"}, "quantity", ("样品数量应为 1 至 20", "Between 1 and 20 samples")),
        ({"starts_at": "2026-11-23T09:00"}, "starts_at", ("该时间已过", "That time has passed")),
        ({"starts_at": "2026-11-25T20:00"}, "starts_at", ("不在开放时间内", "Outside opening hours")),
        ({"starts_at": "2026-11-28T09:00"}, "starts_at", ("不在开放时间内", "Outside opening hours")),
        ({"sample_description": ""}, "sample_description", ("此项须填写", "Fill this in")),
    ],
)
def test_bad_input_stands_at_its_field(
    scene: Scene, client: FlaskClient, language: str, given: Any, field: str, words: tuple[str, str]
) -> None:
    sign_in(client, scene.booker, scene.client)
    page = client.post("/bookings/new", data=form(scene, **given), headers={"Accept-Language": language})
    assert page.status_code == 422
    error = page.text.split(f'id="{field}-error"')[1].split("</div>")[0]
    assert words[language == "en"] in error
    kept = form(scene, **given)
    assert f'value="{kept["starts_at"]}"' in page.text
    assert kept["sample_description"] in page.text
    assert count() == 0


def test_everything_wrong_is_told_at_once(scene: Scene, client: FlaskClient) -> None:
    sign_in(client, scene.booker, scene.client)
    page = client.post("/bookings/new", data=form(scene, quantity="0", sample_description="", starts_at=""))
    assert page.status_code == 422
    for field in ("quantity", "sample_description", "starts_at"):
        assert f'id="{field}-error"' in page.text


@pytest.mark.parametrize("start", ["2026-11-23T09:00", "2026-11-25T20:00", "2026-11-28T09:00"])
def test_a_refused_start_leads_on_to_free_ones(scene: Scene, client: FlaskClient, start: str) -> None:
    sign_in(client, scene.booker, scene.client)
    page = client.post("/bookings/new", data=form(scene, starts_at=start))
    assert page.status_code == 422
    offered = re.findall(r'name="another" value="([^"]+)"', page.text)
    assert len(offered) == 3
    chosen = client.post("/bookings/new", data=form(scene, starts_at=start, another=offered[0]))
    field = re.search(r'name="starts_at"[^>]* value="([^"]+)"', chosen.text)
    assert field
    assert client.post("/bookings/new", data=form(scene, starts_at=field[1])).status_code == 303
    assert count() == 1


def test_a_start_so_near_that_a_lab_may_not_answer_is_said_before_booking(
    scene: Scene, client: FlaskClient, clock: Any, language: str
) -> None:
    sign_in(client, scene.booker, scene.client)
    headers = {"Accept-Language": language}
    words = ("实验室须在开始前确认", "The lab must confirm before the start")[language == "en"]

    def ask(start: datetime) -> str:
        moment = start.isoformat().replace("+", "%2B")
        return client.get(f"/bookings/new?test_item={scene.item.id}&starts_at={moment}", headers=headers).text

    far = clock.now.astimezone(SHANGHAI) + timedelta(days=3)
    fee = ("30.00 元", "cancelling costs ¥30.00")[language == "en"]  # 30% of 100.00 within 48 hours
    assert fee not in ask(far)
    soon = clock.now.astimezone(SHANGHAI) + timedelta(minutes=5)
    assert fee in ask(soon)
    late = clock.now.astimezone(SHANGHAI) + timedelta(hours=3)
    assert words in ask(soon)
    assert words not in ask(late)
    assert f"{late:%H:%M}" in ask(late).split("<dl")[1]  # the answer is due at the start, not in two working days
    with transaction():
        scene.lab.automatic_confirmation = True
        db.session.add(scene.lab)
    assert words not in ask(soon)


def test_a_request_for_a_start_that_near_lapses_at_the_start(
    scene: Scene, client: FlaskClient, clock: Any, language: str
) -> None:
    sign_in(client, scene.booker, scene.client)
    soon = clock.now.astimezone(SHANGHAI).replace(second=0, microsecond=0) + timedelta(minutes=5)
    ref = client.post("/bookings/new", data=form(scene, starts_at=f"{soon:%Y-%m-%dT%H:%M}")).location.rsplit("/", 1)[1]
    headers = {"Accept-Language": language}
    assert f"{soon:%H:%M}" in client.get(f"/bookings/{ref}", headers=headers).text.split('class="dim">')[1]
    sign_in(client, scene.hand, scene.lab.firm)
    assert client.post(f"/lab/bookings/{ref}/confirm").status_code == 303
    db.session.rollback()
    assert db.session.scalar(select(Booking.state).where(Booking.ref == ref)) == "confirmed"


def test_the_item_page_chooses_a_start_that_leaves_time_to_order(scene: Scene, client: FlaskClient, clock: Any) -> None:
    sign_in(client, scene.booker, scene.client)
    clock.now = datetime(2026, 11, 25, 8, 55, tzinfo=SHANGHAI)
    path = f"/test-items/{scene.item.id}"
    for asked, chosen in (("", "T01:30:00"), ("?starts_at=2026-11-25T09:00:00%2B08:00", "T01:00:00")):
        led_to = client.get(path + asked).text.split("/bookings/new?")[1].split('"')[0]
        assert chosen in led_to


def test_an_unverified_firm_sees_why_it_cannot_book(scene: Scene, client: FlaskClient) -> None:
    with transaction():
        firm = factories.firm(verified_at=None)
        booker = factories.member(firm, "booker")
    sign_in(client, booker, firm)
    page = client.get(f"/bookings/new?test_item={scene.item.id}").text
    assert 'name="book"' not in page
    button = re.search(r'<button[^>]*aria-disabled="true" aria-describedby="([^"]+)"', page)
    assert button
    assert f'id="{button[1]}"' in page
    assert client.post("/bookings/new", data=form(scene)).status_code == 403
    assert count() == 0


def test_an_empty_list_has_nothing_to_filter(scene: Scene, client: FlaskClient, booked: str) -> None:
    assert 'name="state"' in client.get("/bookings").text
    assert 'name="state"' in client.get("/bookings?state=declined").text
    with transaction():
        firm = factories.firm()
        booker = factories.member(firm, "booker")
    sign_in(client, booker, firm)
    page = client.get("/bookings").text
    assert 'name="state"' not in page
    assert "/search" in page.split('class="empty"')[1]


def test_a_second_click_books_once(scene: Scene, client: FlaskClient) -> None:
    sign_in(client, scene.booker, scene.client)
    key = "0f8fad5b-d9cb-469f-a165-70867728950e"
    first = client.post("/bookings/new", data=form(scene, submission=key))
    second = client.post("/bookings/new", data=form(scene, submission=key))
    assert first.status_code == second.status_code == 303
    assert first.location == second.location
    assert count() == 1


def test_a_taken_slot_offers_three_others_and_keeps_what_was_typed(
    scene: Scene, booked: str, client: FlaskClient, language: str
) -> None:
    page = client.post("/bookings/new", data=form(scene), headers={"Accept-Language": language})
    assert page.status_code == 409
    assert ("该时段刚被预约" if language == "zh-CN" else "has just been taken") in page.text
    assert page.text.count('name="another"') == 3
    assert "GCr15 棒料 2 根" in page.text
    start = page.text.split('name="another" value="')[1].split('"')[0]
    again = client.post("/bookings/new", data=form(scene, another=start))
    assert again.status_code == 200
    chosen = datetime.fromisoformat(start.partition("|")[0]).astimezone(SHANGHAI)
    assert f'value="{chosen:%Y-%m-%dT%H:%M}"' in again.text  # in the field, not in words alone
    assert count() == 1


def test_both_parties_and_regulators_see_the_booking(
    scene: Scene, booked: str, client: FlaskClient, language: str
) -> None:
    with transaction():
        auditor = factories.regulator("auditor")
        stranger_firm = factories.firm()
        stranger = factories.member(stranger_firm)
    headers = {"Accept-Language": language}
    for person, firm, path, status in (
        (scene.booker, scene.client, "/bookings/", 200),
        (scene.hand, scene.lab.firm, "/lab/bookings/", 200),
        (auditor, None, "/regulator/bookings/", 200),
        (stranger, stranger_firm, "/bookings/", 404),
    ):
        sign_in(client, person, firm)
        page = client.get(path + booked, headers=headers)
        assert page.status_code == status, page.text
        assert (f'<span class="ref dim">{booked}</span>' in page.text) == (status == 200)


def test_the_lab_works_through_the_booking(scene: Scene, booked: str, client: FlaskClient, clock: Any) -> None:
    sign_in(client, scene.hand, scene.lab.firm)

    def step(verb: str, state: str, **data: Any) -> None:
        answer = client.post(f"/lab/bookings/{booked}/{verb}", data={f"{verb}-{k}": v for k, v in data.items()})
        assert answer.status_code == 303, answer.text
        db.session.rollback()
        assert db.session.scalar(select(Booking.state)) == state

    step("confirm", "confirmed")
    step("charge", "confirmed", amount_fen="80.00", reason="加做一件")
    clock.set("2026-11-25 08:45")
    step("receive", "received", samples="2", condition="完好")
    clock.set("2026-11-25 09:00")
    step("start", "testing")
    clock.set("2026-11-25 11:00")
    step("finish", "tested", machine_minutes="118")
    page = client.get(f"/lab/bookings/{booked}")
    assert page.status_code == 200
    sign_in(client, scene.booker, scene.client)
    page = client.get(f"/bookings/{booked}")
    charge = page.text.split('name="consent-charge-charge_id" value="')[1].split('"')[0]
    answer = client.post(f"/bookings/{booked}/consent-charge", data={"consent-charge-charge_id": charge})
    assert answer.status_code == 303
    db.session.rollback()
    assert db.session.scalar(select(Booking.charged_fen)) == 28_000


def test_the_next_step_is_said_to_whoever_takes_it(
    scene: Scene, booked: str, client: FlaskClient, clock: Any, language: str
) -> None:
    """From the request to a cancellation fee that is invoiced and waits for its money."""
    en, headers = language == "en", {"Accept-Language": language}

    def next_step(side: str) -> str:
        person, firm = (scene.booker, scene.client) if side == "client" else (scene.hand, scene.lab.firm)
        sign_in(client, person, firm)
        path = f"/bookings/{booked}" if side == "client" else f"/lab/bookings/{booked}"
        note = re.search(r"<b>(?:下一步：|Next:)</b>(.*?)</p>", client.get(path, headers=headers).text)
        return note[1] if note else ""

    assert ("The lab answers the request." if en else "待实验室答复。") in next_step("client")
    assert ("Answer the request." if en else "答复该预约。") in next_step("lab")
    client.post(f"/lab/bookings/{booked}/confirm")
    sign_in(client, scene.booker, scene.client)
    client.post(f"/bookings/{booked}/cancel", data={"cancel-reason": ""})
    assert ("Issue the invoice." if en else "开具发票。") in next_step("lab")
    with transaction():
        record_invoice(
            actor=factories.actor(scene.hand, scene.lab.firm, "lab_manager"), now=clock.now, ref=booked,
            number="26330000000000000001", issued_on=date(2026, 11, 24), amount_fen=6_000, tax_fen=0,
        )  # fmt: skip
    assert ("Pay the lab. ¥60.00 is not paid yet" if en else "60.00 元") in next_step("client")
    waits = client.get("/bookings?waits=1", headers=headers).text
    assert booked in waits


def test_what_a_dialog_lacks_is_named_and_linked(scene: Scene, booked: str, client: FlaskClient) -> None:
    sign_in(client, scene.hand, scene.lab.firm)
    page = client.post(f"/lab/bookings/{booked}/decline", data={"decline-reason": " "})
    assert page.status_code == 422
    assert '<a href="#decline-reason">' in page.text


def test_the_lab_proposes_and_the_client_accepts(scene: Scene, booked: str, client: FlaskClient) -> None:
    sign_in(client, scene.hand, scene.lab.firm)
    assert client.get(f"/lab/bookings/{booked}/move").status_code == 200
    slot = "2026-11-26T09:00:00+08:00|"
    missing = client.post(f"/lab/bookings/{booked}/move", data={"slot": slot})
    assert f'class="btn btn-primary" name="slot" value="{slot}"' in missing.text  # once more, with the reason
    assert missing.status_code == 422
    answer = client.post(f"/lab/bookings/{booked}/move", data={"slot": slot, "reason": "仪器维护"})
    assert answer.status_code == 303, answer.text
    sign_in(client, scene.booker, scene.client)
    page = client.get(f"/bookings/{booked}")
    proposal = page.text.split('name="accept-proposal-proposal_id" value="')[1].split('"')[0]
    answer = client.post(f"/bookings/{booked}/accept-proposal", data={"accept-proposal-proposal_id": proposal})
    assert answer.status_code == 303, answer.text
    db.session.rollback()
    booking = db.session.scalar(select(Booking))
    assert (booking.state, booking.starts_at.isoformat()) == ("confirmed", "2026-11-26T01:00:00+00:00")


def test_cancelling_shows_the_fee_first(scene: Scene, booked: str, client: FlaskClient) -> None:
    page = client.get(f"/bookings/{booked}", headers={"Accept-Language": "en"})
    assert "¥60.00" in page.text
    answer = client.post(f"/bookings/{booked}/cancel", data={"cancel-reason": ""})
    assert answer.status_code == 303
    db.session.rollback()
    booking = db.session.scalar(select(Booking))
    assert (booking.state, booking.charged_fen) == ("cancelled", 6_000)


def test_an_illegal_step_is_refused_with_its_reason(
    scene: Scene, booked: str, client: FlaskClient, language: str
) -> None:
    sign_in(client, scene.hand, scene.lab.firm)
    page = client.post(f"/lab/bookings/{booked}/start", data={}, headers={"Accept-Language": language})
    assert page.status_code == 409
    assert ("待确认" if language == "zh-CN" else "Awaiting confirmation") in page.text
