"""A lab's day in its lists: how many clicks a booking takes from request to settled, and a day of several.

Choosing a file counts as a click, typing does not. The files are invented.
"""

from typing import Any

import pytest
from sqlalchemy import select

from labshare.booking import services
from labshare.booking.models import Booking
from labshare.kernel.database import db
from tests import factories
from tests.booking.conftest import House, make_house
from tests.conftest import Clock
from tests.settlement.world import pdf
from tests.web.clicking import Someone, crew

__all__ = ["crew"]
ENGINES = ("sqlite",)
COUNTS = """addEventListener("click", (event) => {
  if (event.isTrusted) localStorage.setItem("clicks", 1 + Number(localStorage.getItem("clicks") ?? 0));
}, true);"""
"""Of a person; a label clicked clicks its box by itself, so boxes are clicked here."""


class Hand:
    """Somebody at the lab's desk whose clicks are counted."""

    def __init__(self, someone: Someone) -> None:
        self.someone, self.main = someone, someone.main
        self.files = 0
        someone.page.add_init_script(COUNTS)

    @property
    def clicks(self) -> int:
        return self.files + int(self.someone.page.evaluate("Number(localStorage.getItem('clicks'))"))

    def ticks_all(self, step: str) -> None:
        self.main.locator("[data-ticks]").click()
        self.someone.turn(self.main.locator(f"button[name=many][value={step}]"))

    def papers(self, number: int) -> None:
        """From the report's form over the invoice's to the payment's."""
        self.main.locator("[name=file]").set_input_files(
            {"name": "report.pdf", "mimeType": "application/pdf", "buffer": pdf(f"{number}")}
        )
        self.files += 1
        self.someone.press("Upload, then add the invoice").fill(number=f"{26332000000009018400 + number}")
        self.someone.press("Add, then add the payment").fill(reference=f"ICBC-{number}")
        self.someone.press("Add, then to the missing papers")


@pytest.fixture
def house(app: Any, clock: Clock) -> House:
    return make_house(clock, units=4, turnaround_days=0)


@pytest.fixture
def hand(house: House, crew: Any) -> Hand:
    manager = db.session.get_one(factories.Person, house.manager.person_id)
    return Hand(crew.sits_down(manager, house.lab.firm, "en-GB"))


def states() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(Booking.state).order_by(Booking.id)))


def test_from_request_to_settled_in_nine_clicks(house: House, hand: Hand, crew: Any) -> None:
    ref, lab = house.book("2026-11-25 09:00").ref, hand.someone
    lab.go("/lab/today").turn(hand.main.locator("button[name=confirm]")).reads(f"Confirmed: {ref}")
    crew.it_is("2026-11-25 08:55")
    lab.go("/lab/today").turn(hand.main.locator("button[name=receive]"))
    lab.turn(hand.main.locator("button[name=start]")).finds_it_sound("day with what was done")
    crew.it_is("2026-11-25 09:50")
    lab.turn(hand.main.locator("button[name=finish]")).takes(hand.main.locator("#told .btn"))
    hand.papers(1)
    assert states() == ["settled"]
    assert hand.clicks == 9


def test_a_day_of_four_with_steps_for_all(house: House, hand: Hand, crew: Any) -> None:
    """Twelve in at most 90 clicks is four in 30; one that somebody else declined stays out, and nothing is lost."""
    count, lab = 4, hand.someone
    refs = [house.book("2026-11-25 09:00").ref for _number in range(count - 1)]
    gone = house.book("2026-11-25 09:00").ref
    lab.go("/lab/requests").finds_it_sound("requests with ticks")
    house.do(services.decline, house.manager, ref=gone, reason="检修")
    refs.append(house.book("2026-11-25 09:00").ref)
    lab.go("/lab/requests")
    hand.ticks_all("confirm")
    lab.reads("Confirmed:", *refs)
    crew.it_is("2026-11-25 08:55")
    lab.go("/lab/today?show=all")
    hand.ticks_all("receive")
    hand.ticks_all("start")
    lab.reads("Test started:")
    crew.it_is("2026-11-25 09:50")
    hand.ticks_all("finish")
    assert lab.page.url.endswith("/lab/today?show=all")
    lab.follow("Missing papers", exact=False)
    for number in range(count):
        lab.takes(hand.main.get_by_role("link", name="Upload report").first)
        hand.papers(number)
    assert sorted(states()) == ["declined", *["settled"] * count]
    assert hand.clicks <= 30
