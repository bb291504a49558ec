"""Mails and calendar addresses on a phone, by keyboard, in both languages: axe finds nothing, nothing sticks out."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from labshare.kernel.database import db, transaction
from labshare.notices.models import MailSwitchedOff
from tests import factories
from tests.conftest import Clock
from tests.signing import sign_in_browser
from tests.web import axe

ENGINES = ("sqlite",)


@pytest.mark.parametrize("locale", ["zh-CN", "en-GB"])
def test_choose_mails_and_make_an_address(
    app: Flask, clock: Clock, open_browser: Callable[..., Any], locale: str
) -> None:  # R-TOLD-4, R-TOLD-8
    with transaction():
        lab = factories.lab()
        manager = factories.member(lab.firm, "lab_manager")
    page = open_browser(locale, width=390)
    sign_in_browser(page, manager, lab.firm)
    page.goto("/account/mails")
    looked_at(page)
    page.locator("input[value=reminders]").focus()
    page.keyboard.press("Space")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert not page.locator("input[value=reminders]").is_checked()
    db.session.rollback()
    assert [row.topic for row in db.session.query(MailSwitchedOff)] == ["reminders"]
    page.goto("/account/calendar")
    page.locator("select[name=of]").select_option(f"lab:{lab.code}")
    page.locator("input[name=name]").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-copy]")
    assert page.locator("[data-copy]").get_attribute("data-copy").endswith(".ics")
    looked_at(page)


def looked_at(page: Any) -> None:
    assert (axe.findings(page), axe.too_wide(page)) == ([], 0)
