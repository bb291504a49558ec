"""A dispute on a lab's phone, in both languages: it reads what the client says, and answers; axe finds nothing.

The client's side is a task of `test_client_tasks_browser.py`.
"""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from labshare.kernel.database import db
from labshare.settlement.models import Message
from tests import factories
from tests.conftest import Clock
from tests.settlement.world import World
from tests.signing import sign_in_browser
from tests.web import axe

ENGINES = ("sqlite",)


@pytest.mark.parametrize("locale", ["zh-CN", "en-GB"])
def test_the_lab_reads_a_dispute_and_answers(
    app: Flask, clock: Clock, open_browser: Callable[..., Any], locale: str
) -> None:  # R-DISPUTE-1, R-TALK-1
    clock.set("2026-06-25 10:00")
    factories.working_year()
    booked = World()
    booked.report()
    booked.message("样品边角料请退回")
    booked.dispute("3 号试样编号对不上")
    lab = open_browser(locale, width=390)
    sign_in_browser(lab, db.session.get_one(factories.Person, booked.manager.person_id), booked.host)
    lab.goto(f"/lab/bookings/{booked.ref}")
    looked_at(lab)
    assert lab.locator("#dispute .bubble").inner_text() == "3 号试样编号对不上"
    lab.locator("[name=answer-text]").fill("已复核")
    with lab.expect_navigation():
        lab.locator("#dispute form button.btn-primary").first.press("Enter")
    assert lab.locator("#dispute .bubble").count() == 2
    db.session.rollback()
    assert db.session.query(Message).count() == 3


def looked_at(page: Any) -> None:
    assert (axe.findings(page), axe.too_wide(page)) == ([], 0)
