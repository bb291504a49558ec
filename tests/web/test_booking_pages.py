"""Booking by form: from the empty form to the booking page and every verb on it."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from labshare.audit.models import AuditEvent
from labshare.booking import services
from labshare.booking.models import Booking
from labshare.kernel.database import db, transaction
from labshare.kernel.time import utc_now
from labshare.notices.models import Notice
from labshare.settlement.services import record_invoice
from tests import factories
from tests.conftest import SHANGHAI
from tests.mails import letters_to
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
            lab,
            instrument,
            item,
            firm,
            factories.member(firm, "firm_approver"),
            factories.member(lab.firm, "lab_manager"),
        )


@pytest.fixture(params=["zh-CN", "en"])
def language(request: Any) -> str:
    return str(request.param)


def form(scene: Scene, **given: Any) -> dict[str, Any]:
    return {
        "test_item": scene.item.id,
        "starts_at": "2026-11-25T09:00",
        "quantity": "2",
        "sample_description": "GCr15 棒料 2 根",
        "book": "1",
        **given,
    }


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
        ({"quantity": "0"}, "quantity", ("应为 1 至 20 件样品", "Between 1 and 20 samples")),
        ({"quantity": "10000"}, "quantity", ("应为 1 至 20 件样品", "Between 1 and 20 samples")),
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
    rival(client)
    page = client.post("/bookings/new", data=form(scene), headers={"Accept-Language": language})
    assert page.status_code == 409
    assert 'id="taken" role="alert" tabindex="-1" data-error-summary' in page.text, "where reading goes on"
    assert ("该时段刚被预约" if language == "zh-CN" else "has just been taken") in page.text
    assert page.text.count('name="another"') == 3
    assert "GCr15 棒料 2 根" in page.text
    start = page.text.split('name="another" value="')[1].split('"')[0]
    again = client.post("/bookings/new", data=form(scene, another=start))
    assert again.status_code == 200
    chosen = datetime.fromisoformat(start.partition("|")[0]).astimezone(SHANGHAI)
    assert f'value="{chosen:%Y-%m-%dT%H:%M}"' in again.text  # in the field, not in words alone
    assert count() == 1


def rival(client: FlaskClient) -> None:
    with transaction():
        firm = factories.firm()
        booker = factories.member(firm, "booker")
    sign_in(client, booker, firm)


def test_an_own_booking_in_the_way_is_named(scene: Scene, booked: str, client: FlaskClient, language: str) -> None:
    page = client.post("/bookings/new", data=form(scene), headers={"Accept-Language": language})
    assert page.status_code == 409
    assert ("本企业已预约该时段" if language == "zh-CN" else "Your firm has booked this slot already") in page.text
    assert f'href="/bookings/{booked}"' in page.text


START = "2026-11-25T09:00:00%2B08:00"


def test_a_slot_is_held_counted_down_and_given_back(scene: Scene, client: FlaskClient, clock: Any) -> None:
    sign_in(client, scene.booker, scene.client)
    new = f"/bookings/new?test_item={scene.item.id}&quantity=2&starts_at={START}"
    assert 'data-wants="1"' in client.get(new).text, "nothing is held by reading"
    held = client.post("/bookings/new/hold", data=form(scene))
    assert held.status_code == 200
    assert 'data-left="600"' in held.text
    let_go = re.findall(r'data-let-go="([^"]+)"', held.text)[0]
    clock.advance(minutes=1)
    assert 'data-left="540"' in client.get(new).text
    assert 'data-left="540"' in client.post("/bookings/new", data=form(scene, pick="2026-11-25T09:00:00+08:00")).text
    assert client.post(let_go).status_code == 204
    assert 'data-left="' not in client.get(new).text
    assert client.post(let_go).status_code == 404, "given back once"


def test_a_held_slot_is_kept_from_others_and_booked_by_its_holder(scene: Scene, client: FlaskClient) -> None:
    sign_in(client, scene.booker, scene.client)
    hold = re.findall(r'value="(\d+)"', client.post("/bookings/new/hold", data=form(scene)).text)[0]
    other = client.application.test_client()
    rival(other)
    refused = other.post("/bookings/new/hold", data=form(scene))
    assert refused.status_code == 409
    assert refused.text.count('name="another"') == 3
    assert client.post("/bookings/new", data=form(scene, hold=hold)).status_code == 303


def test_a_hold_that_ran_out_says_so_and_keeps_what_was_typed(
    scene: Scene, client: FlaskClient, clock: Any, language: str
) -> None:
    sign_in(client, scene.booker, scene.client)
    hold = re.findall(r'value="(\d+)"', client.post("/bookings/new/hold", data=form(scene)).text)[0]
    clock.advance(minutes=10)
    other = client.application.test_client()
    rival(other)
    assert other.post("/bookings/new", data=form(scene)).status_code == 303, "free again after ten minutes"
    page = client.post("/bookings/new", data=form(scene, hold=hold), headers={"Accept-Language": language})
    assert page.status_code == 409
    said = "保留的十分钟已过" if language == "zh-CN" else "The ten minutes for which it was kept for you were over."
    assert said in page.text
    assert "GCr15 棒料 2 根" in page.text


def test_the_form_offers_slots_and_changing_one_keeps_the_rest(scene: Scene, client: FlaskClient) -> None:
    sign_in(client, scene.booker, scene.client)
    week = client.post("/bookings/new", data=form(scene, week="2026-11-30"), headers={"Accept-Language": "en"})
    assert week.status_code == 200
    assert 'name="pick" value="2026-11-30T' in week.text
    assert "GCr15 棒料 2 根" in week.text
    assert 'value="2026-11-25T09:00"' in week.text, "the start chosen before"
    wrong = client.post(
        "/bookings/new", data=form(scene, update="1", quantity="999"), headers={"Accept-Language": "en"}
    )
    assert wrong.status_code == 422
    assert "Between 1 and" in wrong.text
    assert '<tr class="total">' not in wrong.text, "no price of another question"


def test_as_last_time_fills_in_sample_and_terms(scene: Scene, booked: str, client: FlaskClient) -> None:
    page = client.get(f"/bookings/new?test_item={scene.item.id}").text
    assert f'name="last" value="{booked}"' in page
    filled = client.post("/bookings/new", data=form(scene, last=booked, quantity="1", sample_description="")).text
    assert "GCr15 棒料 2 根" in filled
    assert re.search(r'name="quantity"[^>]*value="2"|value="2"[^>]*name="quantity"', filled)
    rival(client)
    assert client.post("/bookings/new", data=form(scene, last=booked)).status_code == 404


def test_both_parties_and_regulators_see_the_booking(
    scene: Scene, booked: str, client: FlaskClient, language: str
) -> None:  # R-BOOKING-12
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
        note = re.search(r"<b>(?:下一步：|Next:)</b>(.*?)</p>", client.get(path, headers=headers).text, re.S)
        return note[1] if note else ""

    assert ("The lab answers the request." if en else "待实验室答复。") in next_step("client")
    assert ("Answer the request." if en else "答复该预约。") in next_step("lab")
    client.post(f"/lab/bookings/{booked}/confirm")
    sign_in(client, scene.booker, scene.client)
    client.post(f"/bookings/{booked}/cancel", data={"cancel-reason": ""})
    assert ("Issue the invoice." if en else "开具发票。") in next_step("lab")
    with transaction():
        record_invoice(
            actor=factories.actor(scene.hand, scene.lab.firm, "lab_manager"),
            now=clock.now,
            ref=booked,
            number="26330000000000000001",
            issued_on=date(2026, 11, 24),
            amount_fen=6_000,
            tax_fen=0,
        )
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
    missing = client.post(f"/lab/bookings/{booked}/move", data={"slot": slot, "sure": "1"})
    assert 'name="slot" value="2026-11-26T09:00:00+08:00|' in missing.text  # asks again, for the reason
    assert missing.status_code == 422
    same = client.post(f"/lab/bookings/{booked}/move", data={"slot": "2026-11-25T09:00:00+08:00|"})  # R-BOOKING-6
    assert (same.status_code, "预约本来就在这个时间和位置" in same.text) == (422, True)
    answer = client.post(f"/lab/bookings/{booked}/move", data={"slot": slot, "reason": "仪器维护", "sure": "1"})
    assert answer.status_code == 303, answer.text
    sign_in(client, scene.booker, scene.client)
    page = client.get(f"/bookings/{booked}")
    proposal = page.text.split('name="accept-proposal-proposal_id" value="')[1].split('"')[0]
    answer = client.post(f"/bookings/{booked}/accept-proposal", data={"accept-proposal-proposal_id": proposal})
    assert answer.status_code == 303, answer.text
    db.session.rollback()
    booking = db.session.scalar(select(Booking))
    assert (booking.state, booking.starts_at.isoformat()) == ("confirmed", "2026-11-26T01:00:00+00:00")


def test_cancelling_shows_the_fee_first(scene: Scene, booked: str, client: FlaskClient) -> None:  # R-PRICE-9
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


def moved_slot(start: str = "2026-11-26T09:00:00+08:00") -> dict[str, str]:
    return {"slot": f"{start}|"}


def test_a_move_asks_before_anything_changes(scene: Scene, booked: str, client: FlaskClient, language: str) -> None:
    """Old and new time, price, who must agree; one more click commits."""
    en, headers = language == "en", {"Accept-Language": language}
    question = client.post(f"/bookings/{booked}/move", data={**moved_slot(), "reason": "送样晚一天"}, headers=headers)
    assert question.status_code == 200
    for words in (
        ("Wed 25 Nov, 09:00–11:00", "Thu 26 Nov, 09:00–11:00", "¥200.00", "moving costs nothing", "The lab confirms")
        if en
        else ("11月25日 周三 09:00–11:00", "11月26日 周四 09:00–11:00", "200.00 元", "改期不收费", "待实验室在")
    ):
        assert words in question.text
    assert "送样晚一天" in question.text
    db.session.rollback()
    assert db.session.scalar(select(Booking.starts_at)).isoformat() == "2026-11-25T01:00:00+00:00"
    done = client.post(f"/bookings/{booked}/move", data={**moved_slot(), "reason": "送样晚一天", "sure": "1"})
    assert done.status_code == 303
    db.session.rollback()
    assert db.session.scalar(select(Booking.starts_at)).isoformat() == "2026-11-26T01:00:00+00:00"


def test_a_move_to_another_unit_or_instrument_says_so(scene: Scene, booked: str, client: FlaskClient) -> None:
    with transaction():
        other = factories.instrument(scene.lab, name="二号机", name_en="Second machine")
        scene.item.instruments.append(other)
    page = client.post(f"/bookings/{booked}/move", data={"slot": f"2026-11-26T09:00:00+08:00|{other.id}"})
    assert "二号机" in page.text
    assert "另一台仪器" in page.text


def test_the_reason_is_kept_from_week_to_week_and_to_the_question(
    scene: Scene, booked: str, client: FlaskClient
) -> None:
    sign_in(client, scene.hand, scene.lab.firm)
    later = client.post(f"/lab/bookings/{booked}/move", data={"week": "2026-12-01", "reason": "导轨保养"})
    assert later.status_code == 200
    assert "导轨保养</textarea>" in later.text
    assert "12-01" in later.text
    assert 'name="from" value="2026-12-01"' in later.text
    question = client.post(f"/lab/bookings/{booked}/move", data={**moved_slot(), "reason": "导轨保养"})
    assert "导轨保养</textarea>" in question.text
    back = client.post(
        f"/lab/bookings/{booked}/move", data={"back": "1", "from": "2026-12-01", "reason": "导轨保养", **moved_slot()}
    )
    assert "导轨保养</textarea>" in back.text
    assert 'name="from" value="2026-12-01"' in back.text


def test_a_slot_taken_between_question_and_click_offers_others(scene: Scene, booked: str, client: FlaskClient) -> None:
    with transaction():
        services.block(
            actor=factories.actor(scene.hand, scene.lab.firm, "lab_manager"),
            now=utc_now(),
            instrument_id=scene.instrument.id,
            starts_at=datetime(2026, 11, 26, 9, tzinfo=SHANGHAI),
            ends_at=datetime(2026, 11, 26, 12, tzinfo=SHANGHAI),
            kind="maintenance",
        )
    for sure in ({}, {"sure": "1"}):
        page = client.post(f"/bookings/{booked}/move", data={**moved_slot(), "reason": "晚一天", **sure})
        assert page.status_code == 409
        assert "晚一天</textarea>" in page.text
        assert page.text.count('class="btn btn-quiet" name="slot"') == 3


def test_the_history_of_moves_has_both_times_the_reason_and_who(
    scene: Scene, booked: str, client: FlaskClient, language: str
) -> None:
    """The client moves; the lab proposes, the client accepts: for both parties in both languages."""
    with transaction():
        for person, name in ((scene.booker, "陈立"), (scene.hand, "王颖")):
            db.session.merge(person).name = name
    client.post(f"/bookings/{booked}/move", data={**moved_slot(), "reason": "送样晚一天", "sure": "1"})
    sign_in(client, scene.hand, scene.lab.firm)
    proposed = {**moved_slot("2026-11-27T10:00:00+08:00"), "reason": "导轨保养", "sure": "1"}
    assert client.post(f"/lab/bookings/{booked}/move", data=proposed).status_code == 303
    sign_in(client, scene.booker, scene.client)
    proposal = client.get(f"/bookings/{booked}").text.split('accept-proposal-proposal_id" value="')[1].split('"')[0]
    client.post(f"/bookings/{booked}/accept-proposal", data={"accept-proposal-proposal_id": proposal})
    first, second, third = (
        ("Wed 25 Nov, 09:00–11:00", "Thu 26 Nov, 09:00–11:00", "Fri 27 Nov, 10:00–12:00")
        if language == "en"
        else ("11-25 周三 09:00–11:00", "11-26 周四 09:00–11:00", "11-27 周五 10:00–12:00")
    )
    for person, firm, path in (
        (scene.booker, scene.client, "/bookings/"),
        (scene.hand, scene.lab.firm, "/lab/bookings/"),
    ):
        sign_in(client, person, firm)
        text = client.get(path + booked, headers={"Accept-Language": language}).text
        lines = re.findall(r"<li><svg.*?</li>", text[text.index('<details class="mt-2">') :], re.S)
        moves = [" ".join(line.split()) for line in lines if "→" in line]
        assert len(moves) == 3
        for line, old, new, reason, who in (
            (moves[0], first, second, "送样晚一天", "陈立"),
            (moves[1], second, third, "导轨保养", "王颖"),
            (moves[2], second, third, "导轨保养", "陈立"),
        ):
            assert f"{old} → {new}" in line
            assert reason in line
            assert who in line


def test_the_trail_keeps_both_times_and_the_reason_of_a_move(scene: Scene, booked: str, client: FlaskClient) -> None:
    sign_in(client, scene.hand, scene.lab.firm)
    client.post(f"/lab/bookings/{booked}/move", data={**moved_slot(), "reason": "导轨保养", "sure": "1"})
    sign_in(client, scene.booker, scene.client)
    proposal = client.get(f"/bookings/{booked}").text.split('accept-proposal-proposal_id" value="')[1].split('"')[0]
    client.post(f"/bookings/{booked}/accept-proposal", data={"accept-proposal-proposal_id": proposal})
    db.session.rollback()
    for action in ("booking.propose", "booking.accept_proposal"):
        event = db.session.scalar(select(AuditEvent).where(AuditEvent.action == action))
        old, new = (datetime.fromisoformat(kept["starts_at"]) for kept in (event.before, event.after))
        assert (old, new) == (datetime(2026, 11, 25, 9, tzinfo=SHANGHAI), datetime(2026, 11, 26, 9, tzinfo=SHANGHAI))
        assert event.after["reason"] == "导轨保养"


def test_each_party_finds_the_others_contact_and_nobody_else_does(
    scene: Scene, booked: str, client: FlaskClient
) -> None:
    with transaction():
        booker = db.session.merge(scene.booker)
        booker.name, email = "陈立", booker.email
        db.session.merge(scene.client).phone = "0575-86020001"
        lab = db.session.merge(scene.lab)
        lab.contact, lab.phone = "王颖", "0575-86029999"
        auditor = factories.regulator("auditor")
    sign_in(client, scene.hand, scene.lab.firm)
    text = client.get(f"/lab/bookings/{booked}").text
    contact = text[text.index("委托方联系人") :][:400]
    for words in ("陈立", "tel:0575-86020001", f"mailto:{email}"):
        assert words in contact
    sign_in(client, scene.booker, scene.client)
    text = client.get(f"/bookings/{booked}").text
    assert "tel:0575-86029999" in text[text.index("实验室联系方式") :]
    sign_in(client, auditor)
    text = client.get(f"/regulator/bookings/{booked}").text
    assert email not in text
    assert "0575-86020001" not in text


@pytest.fixture
def automatic(scene: Scene) -> Scene:
    with transaction():
        db.session.merge(scene.lab).automatic_confirmation = True
    return scene


def test_automatic_confirmation_is_told_to_whoever_booked(automatic: Scene, booked: str) -> None:
    db.session.rollback()
    notices = db.session.scalars(select(Notice).where(Notice.person_id == automatic.booker.id)).all()
    assert [each.kind for each in notices] == ["booking.confirmed_by_rule"]
    (mail,) = letters_to(automatic.booker.email)
    assert booked in mail.subject
    assert "自动确认" in mail.body


def test_automatic_confirmation_has_nobodys_name_in_the_time_line(
    automatic: Scene, booked: str, client: FlaskClient, language: str
) -> None:
    text = client.get(f"/bookings/{booked}", headers={"Accept-Language": language}).text
    confirmed = re.search(r'<li class="now" aria-current="step">.*?</li>', text, re.S).group()  # type: ignore[union-attr]
    rule = "Confirmed automatically by the lab's rule" if language == "en" else "按实验室规则自动确认"
    assert rule in confirmed
    assert automatic.booker.name not in confirmed
    assert rule in text[text.index('<details class="mt-2">') :]


@pytest.mark.parametrize("account", ["1211 0240 0920 1234 567", ""])
def test_whoever_must_pay_finds_account_and_reference(
    scene: Scene, booked: str, client: FlaskClient, clock: Any, language: str, account: str
) -> None:
    """On the booking, its invoice, the dashboard and in the mail; without an account, whom to ask."""
    en, headers = language == "en", {"Accept-Language": language}
    with transaction():
        lab = db.session.merge(scene.lab)
        lab.contact, lab.phone = "王颖", "0575-86029999"
        if account:
            factories.bank_account(lab.firm, account)
        hand = factories.actor(scene.hand, scene.lab.firm, "lab_manager")
        services.confirm(actor=hand, now=clock.now, ref=booked)
        record_invoice(
            actor=hand,
            now=clock.now,
            ref=booked,
            number="26330000000000000001",
            issued_on=date(2026, 11, 24),
            amount_fen=20_000,
            tax_fen=0,
        )
        payee = lab.firm.name_en if en else lab.firm.name
    for path in (f"/bookings/{booked}", "/client/"):
        page = client.get(path, headers=headers).text
        found = re.search(r'<dl class="kv pay-to">.*?</dl>', page, re.S)
        assert found is not None, path
        pay = found.group()
        assert (payee or lab.firm.name) in pay
        assert f'data-copy="{booked}"' in pay
        assert "200.00" in pay
        if account:
            assert f'data-copy="{account}"' in pay
        else:
            assert "tel:0575-86029999" in pay
    assert 'href="#pay"' in client.get(f"/bookings/{booked}", headers=headers).text
    db.session.rollback()
    mail = letters_to(scene.booker.email)[-1]
    assert booked in mail.body
    assert ("…4567" if account else "0575-86029999") in mail.body
    assert "0920" not in mail.body
    sign_in(client, scene.hand, scene.lab.firm)
    assert "pay-to" not in client.get(f"/lab/bookings/{booked}").text


def test_another_number_of_samples_than_booked_is_asked_about(scene: Scene, booked: str, client: FlaskClient) -> None:
    sign_in(client, scene.hand, scene.lab.firm)
    client.post(f"/lab/bookings/{booked}/confirm")
    asked = client.post(f"/lab/bookings/{booked}/receive", data={"receive-samples": "5"})
    assert asked.status_code == 422
    assert "预约 2 件，实收 5 件" in asked.text
    assert 'name="receive-differs"' in asked.text
    done = client.post(f"/lab/bookings/{booked}/receive", data={"receive-samples": "5", "receive-differs": "y"})
    assert done.status_code == 303
    db.session.rollback()
    assert db.session.scalar(select(Booking.samples_received)) == 5


def test_starting_early_names_what_is_in_the_way_and_the_way_out(
    scene: Scene, booked: str, client: FlaskClient, clock: Any
) -> None:
    hand = factories.actor(scene.hand, scene.lab.firm, "lab_manager")
    with transaction():
        other = services.book(
            actor=factories.actor(scene.booker, scene.client, "booker"),
            now=clock.now,
            test_item_id=scene.item.id,
            quantity=1,
            starts_at=datetime(2026, 11, 24, 14, tzinfo=SHANGHAI),
            sample_description="x",
        ).ref
        for ref in (booked, other):
            services.confirm(actor=hand, now=clock.now, ref=ref)
        services.receive(actor=hand, now=clock.now, ref=booked, samples=2)
    sign_in(client, scene.hand, scene.lab.firm)
    page = client.post(f"/lab/bookings/{booked}/start", data={})
    assert page.status_code == 409
    assert f"该工位被 {other} 占用至 11-24 15:00" in page.text


def test_the_sole_owner_is_not_offered_to_leave(scene: Scene, client: FlaskClient) -> None:
    with transaction():
        owner = factories.member(scene.client)
    sign_in(client, owner, scene.client)
    page = client.get("/account/members").text
    assert "/members/leave" not in page
    assert "唯一的企业管理员" in page
    with transaction():
        factories.member(scene.client)
    assert "/members/leave" in client.get("/account/members").text


def test_the_client_is_not_told_to_record_papers(scene: Scene, booked: str, client: FlaskClient) -> None:
    assert "实验室出具后在此下载" in client.get(f"/bookings/{booked}").text
    assert "可登记发票" not in client.get(f"/bookings/{booked}").text
