"""A client telephones: drawn in the lab's calendar, accepted on the client's phone, confirmed. Clicks are counted."""

from typing import Any

import pytest

from labshare.booking.models import Booking, ForClient
from labshare.kernel.database import db
from tests import factories
from tests.booking.conftest import House, at, make_house
from tests.conftest import Clock
from tests.web.clicking import COUNTS, crew, now_stands

__all__ = ["crew"]
ENGINES = ("sqlite",)
DAY = "/lab/calendar?view=day&from=2026-11-26"
SIDE, HOURS = 224, 8
"""Of the grid: pixels of the names, and hours from 9 to 17."""


@pytest.fixture
def house(app: Any, clock: Clock) -> House:
    return make_house(clock, units=1)


def clicks(someone: Any) -> int:
    return int(someone.page.evaluate("Number(localStorage.getItem('clicks'))"))


def test_from_the_call_to_the_confirmed_booking_in_five_clicks(house: House, crew: Any) -> None:
    manager, owner = (db.session.get_one(factories.Person, one.person_id) for one in (house.manager, house.client))
    firm = db.session.get_one(factories.Firm, house.client.firm_id)
    lab = crew.sits_down(manager, house.lab.firm, "en-GB")
    client = crew.sits_down(owner, firm, "en-GB", width=390, height=844)
    for each in (lab, client):
        each.page.add_init_script(COUNTS)
    lab.go(DAY)
    row = lab.page.locator(".ec-row-head").first
    row.hover()
    name, grid = row.bounding_box(), lab.page.locator("[data-grid]").bounding_box()
    hour = (grid["width"] - SIDE) / HOURS
    x, y = grid["x"] + SIDE + hour + 6, name["y"] + name["height"] / 2
    lab.page.mouse.move(x, y)
    lab.page.mouse.down()
    lab.page.mouse.move(x + hour / 2, y, steps=4)
    lab.page.mouse.up()
    lab.follow("Book for a client", within="[data-peek]").fill(client=firm.name)
    lab.page.locator("#part-price").get_by_text(firm.name_en or "").wait_for()
    lab.finds_it_sound("book for a client").press("Hold and ask the client")
    lab.reads("Not accepted yet", "The client's step").finds_it_sound("booked for a client")
    made = now_stands(ForClient)
    assert (made.starts_at, made.instrument_id) == (at("2026-11-26 10:00"), house.instrument.id)
    lab.go(DAY).page.locator(".ec-event").wait_for()
    assert "Not accepted by the client yet" in lab.page.locator(".ec-event").get_attribute("aria-label")
    client.go("/client/").follow("Answer").reads("The lab booked this for you after a call", "100.00")
    client.finds_it_sound("booked for us").fill(sample_description="Two rings").press("Accept and book")
    booking = now_stands(Booking)
    client.reads("Booked as", "Confirmed", booking.ref)
    assert (booking.state, booking.starts_at, booking.booked_by) == ("confirmed", made.starts_at, owner.id)
    lab.page.locator(f".ec-event[data-ref='{booking.ref}']").wait_for()
    assert clicks(lab) + clicks(client) <= 5


def test_a_time_just_taken_is_one_click_from_another(house: House, crew: Any) -> None:
    manager = db.session.get_one(factories.Person, house.manager.person_id)
    firm = db.session.get_one(factories.Firm, house.client.firm_id)
    house.book("2026-11-26 10:00")
    lab = crew.sits_down(manager, house.lab.firm, "en-GB")
    lab.go("/lab/for-clients/new?starts_at=2026-11-26T10:00").fill(client=firm.name)
    lab.page.locator("#part-price").get_by_text(firm.name_en or "").wait_for()
    lab.press("Hold and ask the client").reads("This slot has just been taken")
    lab.page.locator("button[name=another]").first.click()
    lab.page.locator("#taken").wait_for(state="detached")
    chosen = lab.page.input_value("[name=starts_at]")
    lab.press("Hold and ask the client").reads("Not accepted yet")
    made = now_stands(ForClient)
    assert made.starts_at == at(chosen.replace("T", " ")) != at("2026-11-26 10:00")
