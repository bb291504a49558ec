"""Bad input of bookings and rewards by form: its own message in the reader's language, at its field where there is one;
what else was typed stays; no table changes but the audit trail, which has the refused attempts on money and rights.

What is typed about firms, the catalogue and papers has its tests beside those pages (test_firm_pages.py,
test_catalogue_bad_input.py, tests/settlement/test_pages.py).
"""

import re
from datetime import date
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from labshare.audit.models import AuditEvent
from labshare.booking.models import WorkingDay
from labshare.catalogue.models import TestItem
from labshare.kernel.database import db, transaction
from labshare.kernel.months import Month
from labshare.organisations.models import RegulatorRole
from labshare.rewards import services
from tests import factories
from tests.catalogue.conftest import rows
from tests.conftest import Clock
from tests.rewards.world import World, add_booking, add_lab, add_revenue, people, put_policy
from tests.signing import sign_in
from tests.web.test_catalogue_bad_input import LANGUAGES, as_shown, field_errors

pytestmark = pytest.mark.slow

ENGINES = ("sqlite",)  # messages and kept forms are the same on both
SEPTEMBER, OCTOBER = Month(2026, 9), Month(2026, 10)


@pytest.fixture
def shop(app: Flask, clock: Clock) -> dict[str, Any]:
    """A published item whose instrument is calibrated until 4 December, a draft; Thursday 26 November is a holiday."""
    with transaction():
        factories.working_year()
        factories.add(WorkingDay(day=date(2026, 11, 26), kind="holiday", name="校庆", name_en="Founders' day"))
        instrument = factories.instrument(factories.lab(), calibrated=(date(2025, 1, 1), date(2026, 12, 4)))
        client = factories.firm()
        item, draft = factories.test_item(instrument), factories.test_item(instrument, state="draft")
        withdrawn = factories.test_item(instrument)
        db.session.get_one(TestItem, withdrawn.id).state = "withdrawn"
        return {
            "client": client,
            "booker": factories.member(client, "booker"),
            "item": item.id,
            "draft": draft.id,
            "withdrawn": withdrawn.id,
        }


BOOKINGS = {
    # what is wrong, its field, Chinese, English
    "in the past": ({"starts_at": "2026-11-23T09:00"}, "starts_at", "该时间已过", "That time has passed."),
    "outside hours": (
        {"starts_at": "2026-11-25T20:00"},
        "starts_at",
        "不在开放时间内",
        "Outside opening hours (",
    ),
    "on a holiday": (
        {"starts_at": "2026-11-26T09:00"},
        "starts_at",
        "2026年11月26日为法定节假日，实验室不开放。",
        "26 November 2026 is a public holiday.",
    ),
    "past the calibration date": (
        {"starts_at": "2026-12-07T09:00"},
        "starts_at",
        "有效期至2026年12月4日，该时段不可预约。",
        "calibration ends on 4 December 2026.",
    ),
    "quantity 0": ({"quantity": "0"}, "quantity", "应为 1 至 20 件样品", "Between 1 and 20 samples"),
    "quantity 10,000": ({"quantity": "10000"}, "quantity", "应为 1 至 20 件样品", "Between 1 and 20 samples"),
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("case", BOOKINGS)
def test_a_booking(client: FlaskClient, shop: dict[str, Any], case: str, language: str) -> None:
    wrong, field, zh, en = BOOKINGS[case]
    sign_in(client, shop["booker"], shop["client"])
    sent = {
        "test_item": str(shop["item"]),
        "starts_at": "2026-11-25T09:00",
        "quantity": "3",
        "sample_description": "GCr15 棒料 2 根",
        **wrong,
    }
    before = rows()
    answer = client.post("/bookings/new", data={**sent, "book": "1"}, headers={"Accept-Language": LANGUAGES[language]})
    assert answer.status_code == 422
    errors = field_errors(answer.text)
    assert set(errors) == {field}
    assert (zh if language == "zh" else en) in errors[field]
    for name, value in sent.items():
        assert as_shown(answer.text, name) == value, name
    db.session.rollback()
    assert rows() == before


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("which", "status"), [("draft", 404), ("withdrawn", 422)])
def test_a_booking_of_an_unpublished_item(
    client: FlaskClient, shop: dict[str, Any], which: str, status: int, language: str
) -> None:
    sign_in(client, shop["booker"], shop["client"])
    form = {
        "test_item": str(shop[which]),
        "starts_at": "2026-11-25T09:00",
        "quantity": "3",
        "sample_description": "棒料",
        "book": "1",
    }
    before = rows()
    answer = client.post("/bookings/new", data=form, headers={"Accept-Language": LANGUAGES[language]})
    assert answer.status_code == status
    words = {404: ("未找到", "Not found"), 422: ("该检测项目未开放预约。", "This test item is not open for booking.")}
    assert words[status][language == "en"] in answer.text
    if status == 422:  # it was everybody's when the form was opened: what was typed stays
        for name in ("starts_at", "quantity", "sample_description"):
            assert as_shown(answer.text, name) == form[name]
        assert client.get(f"/bookings/new?test_item={shop[which]}").status_code == 404
    db.session.rollback()
    assert rows() == before


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_forged_booking(app: Flask, shop: dict[str, Any], language: str) -> None:
    """Sent from elsewhere with the reader's cookie, without the form's token."""
    app.config["WTF_CSRF_ENABLED"] = True
    client = sign_in(app.test_client(), shop["booker"], shop["client"])
    form = {
        "test_item": str(shop["item"]),
        "starts_at": "2026-11-25T09:00",
        "quantity": "3",
        "sample_description": "棒料",
        "book": "1",
    }
    before = rows()
    answer = client.post("/bookings/new", data=form, headers={"Accept-Language": LANGUAGES[language]})
    assert answer.status_code == 400
    assert ("表单已过期，请重新提交。" if language == "zh" else "The form had expired; send it again.") in answer.text
    db.session.rollback()
    assert rows() == before


@pytest.fixture
def months(app: Flask, clock: Clock) -> World:
    """Revenue in September and October; September is calculated, October published by the officer, its public notice
    over."""
    now = clock.set("2026-11-02 10:00")
    with transaction():
        world = people()
        factories.working_year(2026)
        lab = add_lab(world)
        put_policy(world, now, effective_from="2026-09")
        firm = factories.firm()
        for month in (SEPTEMBER, OCTOBER):
            add_revenue(add_booking(world, lab, firm, date(2026, month.number, 6)), str(month), 100_000)
    for month in (SEPTEMBER, OCTOBER):
        with transaction():
            services.run_month(actor=world.acting("officer"), now=clock.now, month=month)
    return world


def publish(world: World, clock: Clock, month: Month) -> None:
    with transaction():
        services.publish(actor=world.acting("officer"), now=clock.now, month=month)
    clock.advance(days=9)


def refused(client: FlaskClient, path: str, language: str, status: int, words: tuple[str, str], action: str) -> None:
    """The step is refused in these words, changes nothing, and is in the trail."""
    before = rows()
    answer = client.post(path, headers={"Accept-Language": LANGUAGES[language]})
    assert answer.status_code == status, answer.text[:500]
    assert words[language == "en"] in answer.text
    db.session.rollback()
    assert rows() == before
    event = db.session.scalars(select(AuditEvent).where(AuditEvent.refused).order_by(AuditEvent.id.desc())).first()
    assert event is not None
    assert event.action == action


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_month_that_is_not_over(client: FlaskClient, months: World, clock: Clock, language: str) -> None:
    sign_in(client, months.officer)
    words = ("2026年11月尚未结束，不能核算。", "November 2026 is not over.")
    refused(client, "/regulator/rewards/2026-11/calculate", language, 422, words, "run.calculate")


@pytest.mark.parametrize("language", LANGUAGES)
def test_approval_before_the_months_before_it(client: FlaskClient, months: World, clock: Clock, language: str) -> None:
    publish(months, clock, OCTOBER)
    sign_in(client, months.approver)
    words = ("2026年9月尚未审定", "September 2026 is not approved yet; approve the earlier months first.")
    refused(client, "/regulator/rewards/2026-10/approve", language, 409, words, "run.approve")


@pytest.mark.parametrize("language", LANGUAGES)
def test_approval_by_the_same_person(client: FlaskClient, months: World, clock: Clock, language: str) -> None:
    """The officer who calculated it has become approver since."""
    publish(months, clock, SEPTEMBER)
    with transaction() as session:
        held = session.scalars(select(RegulatorRole).where(RegulatorRole.person_id == months.officer.id)).one()
        held.role = "approver"
    sign_in(client, months.officer)
    words = (
        "核算、公示与审定须由不同人员办理。",
        "Another person must approve: you calculated or published this run.",
    )
    refused(client, "/regulator/rewards/2026-09/approve", language, 409, words, "run.approve")


def test_the_cases_would_pass_with_what_is_wrong_put_right(client: FlaskClient, shop: dict[str, Any]) -> None:
    sign_in(client, shop["booker"], shop["client"])
    form = {
        "test_item": str(shop["item"]),
        "starts_at": "2026-11-25T09:00",
        "quantity": "3",
        "sample_description": "GCr15 棒料 2 根",
        "book": "1",
    }
    assert client.post("/bookings/new", data=form).status_code == 303
    assert re.search(r"B-202611-\w+", client.get("/bookings").text)
