"""From a price to a quote to a booking on a phone, by keyboard, in both languages: three taps after the quote."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from labshare.booking.models import Booking, Quote
from labshare.kernel.database import db, transaction
from tests import factories
from tests.conftest import Clock
from tests.signing import sign_in_browser
from tests.web import axe

ENGINES = ("sqlite",)


@pytest.mark.parametrize("locale", ["zh-CN", "en-GB"])
def test_quote_to_booking(app: Flask, clock: Clock, open_browser: Callable[..., Any], locale: str) -> None:
    """R-QUOTE-1"""
    with transaction():
        factories.working_year()
        lab = factories.lab(hours=((9, 17),), automatic_confirmation=True)
        item = factories.test_item(factories.instrument(lab))
        item.fees[0].surcharges = [{"code": "rush", "kind": "rush", "percent": "50", "days": 2}]
        buyer = factories.firm()
        booker = factories.member(buyer, "booker")
    page = open_browser(locale, width=390)
    sign_in_browser(page, booker, buyer)
    page.goto(f"/bookings/new?test_item={item.id}&quantity=2&surcharges=rush")
    press(page, "button[name=quote]")
    looked_at(page)
    assert "300.00" in page.locator(".money").inner_text()
    press(page, "a.btn-primary")  # one: book this quote, with the first free start chosen
    looked_at(page)
    page.locator("textarea[name=sample_description]").fill("steel")
    press(page, "button[name=book]")  # two
    db.session.rollback()
    booking, quote = db.session.scalars(select(Booking)).one(), db.session.scalars(select(Quote)).one()
    assert (booking.price_fen, quote.booking_id) == (30_000, booking.id)


def press(page: Any, what: str) -> None:
    page.locator(what).last.focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")


def looked_at(page: Any) -> None:
    assert (axe.findings(page), axe.too_wide(page)) == ([], 0)
