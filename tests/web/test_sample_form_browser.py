"""A lab asks about samples, a client answers, the lab reads it: on a phone, in both languages; axe finds nothing."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from labshare.booking.models import Booking
from labshare.kernel.database import db
from labshare.organisations.models import Firm
from tests import factories
from tests.booking.conftest import make_house
from tests.conftest import Clock
from tests.signing import sign_in_browser
from tests.web import axe

ENGINES = ("sqlite",)


@pytest.mark.parametrize(("locale", "allowed"), [("zh-CN", "20–70"), ("en-GB", "The lab accepts 20–70 HRC.")])
def test_the_lab_asks_and_reads_what_the_client_answers(
    app: Flask, clock: Clock, open_browser: Callable[..., Any], locale: str, allowed: str
) -> None:  # R-SAMPLE-1, R-SAMPLE-2, R-SAMPLE-5
    house = make_house(clock)
    person = {each: db.session.get_one(factories.Person, each.person_id) for each in (house.manager, house.client)}
    lab = open_browser(locale, width=390)
    sign_in_browser(lab, person[house.manager], house.lab.firm)
    lab.goto(f"/lab/test-items/{house.item.id}/sample-form")
    looked_at(lab)
    lab.locator("[name=fields-0-label]").fill("预期硬度")
    lab.locator("[name=fields-0-label_en]").fill("Expected hardness")
    lab.locator("[name=fields-0-kind]").select_option("number")
    for name, value in (("unit", "HRC"), ("least", "20"), ("most", "70")):
        lab.locator(f"[name=fields-0-{name}]").fill(value)
    assert not lab.locator("[name=fields-0-options]").is_visible()
    pressed(lab, "main .form-actions button")
    looked_at(lab)

    page = open_browser(locale, width=390)
    sign_in_browser(page, person[house.client], db.session.get_one(Firm, house.client.firm_id))
    page.goto(f"/bookings/new?test_item={house.item.id}&quantity=1&starts_at=2026-11-25T09:00%2B08:00")
    page.locator("[name=sample_description]").fill("轴承外圈")
    answer = page.locator("[name^=answers-]")
    answer.fill("95")
    page.locator("[name=confidential]").check()
    looked_at(page)
    pressed(page, "button[name=book]")
    assert allowed in page.locator(".field-error").inner_text()
    assert answer.input_value() == "95"
    looked_at(page)
    answer.fill("58")
    pressed(page, "button[name=book]")
    looked_at(page)
    db.session.rollback()
    booking = db.session.query(Booking).one()
    assert page.url.endswith(f"/bookings/{booking.ref}")

    lab.goto(f"/lab/bookings/{booking.ref}")
    assert "58 HRC" in lab.locator("main").inner_text()
    looked_at(lab)


def pressed(page: Any, button: str) -> None:
    with page.expect_navigation():
        page.locator(button).press("Enter")


def looked_at(page: Any) -> None:
    """From its top: an address that names a part of the page leaves what is above it half under the header."""
    page.evaluate("scrollTo({top: 0, behavior: 'instant'})")
    assert (axe.findings(page), axe.too_wide(page)) == ([], 0)
