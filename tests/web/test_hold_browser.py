"""From the search to the booking on a phone: six taps at most, the slot held meanwhile, given back by who leaves."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from labshare.booking.models import Booking, Holding
from labshare.catalogue.services.index import rebuild_all
from labshare.kernel.database import db, transaction
from tests import factories
from tests.signing import sign_in_browser
from tests.web.axe import findings, too_wide


def held() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(Holding).where(Holding.held_for.is_not(None))) or 0


@pytest.mark.parametrize("locale", ["zh-CN", "en"])
def test_from_search_to_booked(app: Flask, clock: Any, open_browser: Any, locale: str) -> None:
    with transaction():
        factories.working_year()
        lab = factories.lab()
        item = factories.test_item(
            factories.instrument(lab), name="洛氏硬度", name_en="Rockwell hardness", max_quantity=9
        )
        firm = factories.firm()
        booker = factories.member(firm, "booker")
        rebuild_all()
    assert item.id
    zh, taps = locale == "zh-CN", 0
    page = open_browser(locale, width=390, has_touch=True)
    sign_in_browser(page, booker, firm)

    def tap(target: Any) -> None:
        nonlocal taps
        taps += 1
        target.first.tap()

    page.goto("/search?q=" + ("硬度" if zh else "hardness"))
    tap(page.get_by_role("link", name="选时段" if zh else "Choose slot"))
    tap(page.locator(".paybar a.btn"))
    page.locator("[data-left]").wait_for(state="visible")
    assert held() == 1
    page.locator("#quantity").fill("99")  # the keyboard's own taps are the same at any shop
    page.locator("#part-numbers .field-error").wait_for()
    assert page.locator("#part-price .total").count() == 0, "no price of another question"
    page.locator("#quantity").fill("2")
    page.locator("#part-price .total").wait_for()
    tap(page.locator("#part-time summary"))
    tap(page.locator(".slot[name=pick]"))
    page.locator("#part-time details.wide:not([open])").wait_for()
    page.locator("[data-left]").wait_for(state="visible")
    assert held() == 1, "the one before was given back"
    assert findings(page) == []
    assert too_wide(page) == 0
    tap(page.locator("#sample_description"))
    page.keyboard.type("M8")
    tap(page.get_by_role("button", name="提交预约" if zh else "Submit booking"))
    page.wait_for_url("**/bookings/B-*")
    assert taps <= 6
    db.session.rollback()
    assert db.session.scalar(select(Booking.quantity)) == 2
    assert held() == 0

    page.goto(f"/test-items/{item.id}")
    page.locator(".paybar a.btn").tap()
    page.locator("[data-left]").wait_for(state="visible")
    assert held() == 1
    page.goto("/how-it-works")
    page.wait_for_load_state("networkidle")
    assert held() == 0, "who leaves the form gives the slot back"
