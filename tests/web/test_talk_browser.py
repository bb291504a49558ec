"""A dispute on a phone, by keyboard, in both languages: five taps from the first page, axe finds nothing."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from labshare.kernel.database import db
from labshare.settlement.models import Dispute, Message
from tests import factories
from tests.conftest import Clock
from tests.settlement.world import World
from tests.signing import sign_in_browser
from tests.web import axe

ENGINES = ("sqlite",)
MOST_TAPS = 5


@pytest.mark.parametrize(
    ("locale", "mine", "dispute"), [("zh-CN", "我的预约", "提出争议"), ("en-GB", "My bookings", "Open a dispute")]
)
def test_a_client_disputes_and_the_lab_reads_it(
    app: Flask, clock: Clock, open_browser: Callable[..., Any], locale: str, mine: str, dispute: str
) -> None:  # R-DISPUTE-1, R-TALK-1
    clock.set("2026-06-25 10:00")
    factories.working_year()
    booked = World()
    booked.report()
    booked.message("样品边角料请退回")
    page = open_browser(locale, width=390)
    sign_in_browser(page, db.session.get_one(factories.Person, booked.booker.person_id), booked.client)
    page.goto("/")
    taps = 0

    def press(target: Any) -> None:
        nonlocal taps
        target.focus()
        with page.expect_navigation():
            page.keyboard.press("Enter")
        taps += 1

    press(page.locator(".tabbar").get_by_role("link", name=mine))
    press(page.locator(f"main a[href='/bookings/{booked.ref}']").first)
    looked_at(page)
    press(page.get_by_role("link", name=dispute))
    looked_at(page)
    page.locator("textarea[name=text]").fill("3 号试样编号对不上")
    press(page.locator("main form button.btn-primary"))
    assert taps <= MOST_TAPS
    assert page.locator("#dispute .said").inner_text() == "3 号试样编号对不上"
    looked_at(page)
    db.session.rollback()
    assert [one.state for one in db.session.query(Dispute)] == ["open"]

    lab = open_browser(locale, width=390)
    sign_in_browser(lab, db.session.get_one(factories.Person, booked.manager.person_id), booked.host)
    lab.goto(f"/lab/bookings/{booked.ref}")
    looked_at(lab)
    lab.locator("[name=answer-text]").fill("已复核")
    with lab.expect_navigation():
        lab.locator("#dispute form button.btn-primary").first.press("Enter")
    assert lab.locator("#dispute .said").count() == 2
    db.session.rollback()
    assert db.session.query(Message).count() == 3


def looked_at(page: Any) -> None:
    assert (axe.findings(page), axe.too_wide(page)) == ([], 0)
