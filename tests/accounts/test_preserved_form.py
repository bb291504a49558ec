"""A form sent after the session had ended: kept for the browser and the person it came from, and for nobody's trap."""

import re
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from labshare.accounts.passwords import hashed
from labshare.kernel.database import db
from labshare.web.account.resumable_acts import ACTS
from tests import factories as make
from tests.settlement.world import World as Booked
from tests.signing import sign_in

pytestmark = pytest.mark.slow

PASSWORD = "nine green apples"
PASSWORD_HASH = hashed(PASSWORD)
OWN_PAGE = {"Sec-Fetch-Site": "same-origin"}


@dataclass
class Desk:
    booked: Any
    client: FlaskClient
    manager: Any
    path: str
    form: dict[str, str]


@pytest.fixture
def desk(app: Flask, client: FlaskClient, clock: Any) -> Desk:
    """A lab's manager, whose session ended while the reason for another time was typed."""
    make.working_year()
    booked = Booked(state="confirmed")
    firm = booked.lab.firm
    manager = make.member(firm, "lab_manager", password_hash=PASSWORD_HASH)
    db.session.commit()
    sign_in(client, manager, firm)
    clock.advance(days=14)
    form = {"cancel-reason": "仪器检修", "password": "x"}
    return Desk(booked, client, manager, f"/lab/bookings/{booked.ref}/cancel", form)


def preserved_in(answer: Any) -> str | None:
    found = re.search(r'name="kept"[^>]*value="([^"]+)"', answer.text)
    return found[1] if found else None


def resumed(client: FlaskClient, who: Any, kept: str | None, password: str = PASSWORD, **more: Any) -> Any:
    return client.post(
        "/account/sign-in-again", data={"email": who.email, "password": password, "kept": kept or ""}, **more
    )


def test_what_was_typed_is_kept_and_the_act_is_named_and_asked_for(desk: Desk) -> None:
    answer = desk.client.post(desk.path, data=desk.form, headers=OWN_PAGE)
    assert answer.status_code == 401
    assert "登录已过期，请重新登录，已填内容已保留。" in answer.text
    kept = preserved_in(answer)
    wrong = resumed(desk.client, desk.manager, kept, "no")
    assert wrong.status_code == 422
    assert preserved_in(wrong) == kept
    ready = resumed(desk.client, desk.manager, kept)
    assert ready.status_code == 200
    assert re.search(r"<h1>取消预约</h1>\s*<p>[^<]*" + desk.booked.ref, ready.text)
    assert f'action="{desk.path}"' in ready.text
    assert 'name="cancel-reason" value="仪器检修"' in ready.text
    assert 'value="x"' not in ready.text, "passwords are not kept"
    assert desk.booked.reread().state == "confirmed", "nothing is sent by itself"


def test_click_does_what_was_kept(app: Flask, desk: Desk) -> None:
    """With forged forms refused, as in use: each page's token fits the session that it leads to."""
    app.config["WTF_CSRF_ENABLED"] = True
    page = desk.client.post(desk.path, data=desk.form, headers=OWN_PAGE)
    ready = desk.client.post(
        "/account/sign-in-again",
        data={
            "email": desk.manager.email,
            "password": PASSWORD,
            "kept": preserved_in(page),
            "csrf_token": token_in(page),
        },
    )
    assert ready.status_code == 200
    done = desk.client.post(desk.path, data={"cancel-reason": "仪器检修", "csrf_token": token_in(ready)})
    assert done.status_code == 303
    assert desk.booked.reread().state == "cancelled"


def token_in(answer: Any) -> str:
    return re.findall(r'name="csrf_token"[^>]*value="([^"]+)"', answer.text)[-1]


def test_act_is_named_in_english_too(desk: Desk) -> None:
    english = {"Accept-Language": "en"}
    kept = preserved_in(desk.client.post(desk.path, data=desk.form, headers={**OWN_PAGE, **english}))
    ready = resumed(desk.client, desk.manager, kept, headers=english)
    assert "<h1>Cancel booking</h1>" in ready.text
    assert desk.booked.ref in ready.text


@pytest.mark.parametrize(
    ("headers", "kept"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Origin": "https://labshare.test.example"}, True),
        ({}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "none"}, False),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "https://labshare.test.example"}, False),
        ({"Origin": "https://evil.example"}, False),
        ({"Origin": "https://labshare.test.example.evil.example"}, False),
        ({"Origin": "http://labshare.test.example"}, False),
        ({"Origin": "null"}, False),
    ],
)
def test_only_a_form_of_our_own_pages_is_kept(app: Flask, desk: Desk, headers: dict[str, str], kept: bool) -> None:
    app.config["BASE_URL"] = "https://labshare.test.example/"
    answer = desk.client.post(desk.path, data=desk.form, headers=headers)
    assert answer.status_code == 401
    assert (preserved_in(answer) is not None) == kept


def test_another_browser_gets_nothing_of_it(app: Flask, desk: Desk) -> None:
    """An attacker's own kept form, planted in the browser of somebody else."""
    kept = preserved_in(desk.client.post(desk.path, data=desk.form, headers=OWN_PAGE))
    victim = app.test_client()
    assert resumed(victim, desk.manager, kept).status_code == 409
    assert victim.get("/account/").status_code != 200


def test_another_person_at_the_same_browser_gets_nothing_of_it(desk: Desk) -> None:
    other = make.member(desk.booked.lab.firm, "lab_manager", password_hash=PASSWORD_HASH)
    db.session.commit()
    kept = preserved_in(desk.client.post(desk.path, data=desk.form, headers=OWN_PAGE))
    answer = resumed(desk.client, other, kept)
    assert answer.status_code == 303
    assert "登录前所填内容属于另一账号，未予保留。" in desk.client.get(answer.location).text


def test_person_who_may_not_see_the_object_is_not_told_of_it(app: Flask, desk: Desk) -> None:
    stranger = make.member(make.firm(), "owner", password_hash=PASSWORD_HASH)
    db.session.commit()
    fresh = app.test_client()
    kept = preserved_in(fresh.post(desk.path, data=desk.form, headers=OWN_PAGE))
    assert resumed(fresh, stranger, kept).status_code == 303


def test_regulator_who_signs_in_gets_no_act(app: Flask, desk: Desk) -> None:
    officer = make.regulator("officer", password_hash=PASSWORD_HASH)
    db.session.commit()
    fresh = app.test_client()
    kept = preserved_in(fresh.post(desk.path, data=desk.form, headers=OWN_PAGE))
    assert resumed(fresh, officer, kept).status_code == 303


@pytest.mark.parametrize("role", ["officer", "admin"])
def test_acts_of_regulators_and_administrators_are_not_kept(
    app: Flask, client: FlaskClient, clock: Any, role: str
) -> None:
    person = make.regulator(role, password_hash=PASSWORD_HASH)
    firm = make.firm(verified_at=None)
    sign_in(client, person)
    clock.advance(days=14)
    path = "/regulator/rewards/corrections" if role == "officer" else f"/admin/firms/{firm.id}/return"
    answer = client.post(path, data={"reason": "名称与执照不符"}, headers=OWN_PAGE)
    assert answer.status_code == 401
    assert preserved_in(answer) is None


def test_no_route_of_regulators_administrators_or_accounts_is_listed(app: Flask) -> None:
    assert {name.split(".")[0] for name in ACTS} == {"client", "lab"}


def test_every_form_of_clients_and_labs_is_kept_or_has_nothing_to_keep(app: Flask) -> None:
    bare = {
        "client.clear_searches",
        "client.escalate_dispute",
        "client.hold",  # a piece of page, asked for anew by the form
        "client.keep_search",  # posted by a script, of what was just found
        "client.let_go",
        "client.remove_search",
        "lab.bank_back",
        "lab.claim_proof",  # a file and nothing else
        "lab.bank_file",
        "lab.bank_lines",  # a file, which a browser does not send twice
        "lab.bank_sure",
        "lab.bank_undo",
        "lab.tax_back",
        "lab.tax_file",
        "lab.tax_lines",  # a file, too
        "lab.tax_sure",
        "lab.tax_undo",
        "lab.account_send",
        "lab.remind",  # letters that were looked at by whoever was signed in
        "lab.drop",  # asked for anew by the script that draws the calendar
        "lab.escalate_dispute",
        "lab.authorisation_withdraw",
        "lab.handover_noted",
        "lab.calibration_remove",
        "lab.closure_remove",
        "lab.fee_remove",
        "lab.hours_drop",
        "lab.instrument_publish",
        "lab.instrument_withdraw",
        "lab.lab_publish",
        "lab.lab_withdraw",
        "lab.lab_withdraw_application",
        "lab.photo_move",
        "lab.photo_remove",
        "lab.place_drop",
        "lab.press",  # kept on the phone that sends it
        "lab.requests",  # a press in a list that goes on changing
        "lab.reports_check",
        "lab.reports_record",  # of files that were checked for whoever was signed in
        "lab.sheets_check",
        "lab.sheets_import",
        "lab.sheets_undo",
        "lab.standard_withdraw",
        "lab.test_item_publish",
        "lab.test_item_withdraw",
        "lab.today",
        "lab.unblock",
    }
    posting = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if "POST" in (rule.methods or ()) and rule.endpoint.startswith(("client.", "lab."))
    }
    assert posting - bare - {"client.booking_verb", "lab.booking_verb"} == set(ACTS)


def test_kept_form_is_not_made_by_another(app: Flask, client: FlaskClient, clock: Any) -> None:
    known = make.person(password_hash=PASSWORD_HASH)
    db.session.commit()
    assert resumed(client, known, "WyIvYWRtaW4iLFtdXQ.x.y").status_code == 409
    assert client.get("/account/").status_code != 200
