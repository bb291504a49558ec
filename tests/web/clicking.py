"""People at browsers of their own, for tests in which everything is clicked.

lab = crew.sits_down(person, firm, "en-GB")
lab.go("/lab/requests").follow("Propose another time").reads("Reason")
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from labshare.kernel.database import db
from tests.conftest import PATIENCE
from tests.signing import sign_in_browser
from tests.web import axe

COUNTS = """addEventListener("click", (event) => {
  if (event.isTrusted && event.detail) localStorage.setItem("clicks", 1 + Number(localStorage.getItem("clicks") ?? 0));
}, true);"""
"""A script that counts a person's clicks, not what the keyboard presses; a label clicked clicks its box by itself, so
boxes are clicked instead."""


class Someone:
    """A person before a page. Each act gives the person back, so that acts are told in a row."""

    def __init__(self, page: Any, looks: bool = True) -> None:
        self.page, self.looks = page, looks
        self.errors: list[str] = []
        self.sound_pages: set[str] = set()
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda line: self.errors.append(line.text) if "Content Security" in line.text else None)

    def go(self, path: str) -> "Someone":
        self.page.goto(path, wait_until="domcontentloaded")
        return self

    @property
    def main(self) -> Any:
        return self.page.locator("main")

    def takes(self, target: Any) -> "Someone":
        """Click what leads to another page, or sends a form."""
        with self.page.expect_navigation(wait_until="domcontentloaded"):
            target.click()
        return self

    def follow(self, name: Any, within: str = "body", exact: bool = True) -> "Someone":
        """Click the first link of this name, to another page."""
        return self.takes(self.page.locator(within).get_by_role("link", name=name, exact=exact).first)

    def turn(self, link: Any) -> "Someone":
        """Click a link that changes a part of the page only. The part has been changed, and the address, when this
        returns: what comes next must not take the late change of the address for a page of its own."""
        self.page.evaluate(
            "document.addEventListener('labshare:swapped', () => { document.body.dataset.swapped = '' }, {once: true})"
        )
        link.click()
        self.page.locator("body[data-swapped]").wait_for(state="attached")
        self.page.evaluate("delete document.body.dataset.swapped")
        return self

    def fill(self, **values: Any) -> "Someone":
        """Write into the fields of these names (`_` for `-` where a form has a prefix)."""
        for name, value in values.items():
            self.main.locator(f"[name={name}], [name={name.replace('__', '-')}]").first.fill(str(value))
        return self

    def press(self, name: str, within: str = "main") -> "Someone":
        """Press the first button of this name, which sends its form."""
        return self.takes(self.page.locator(within).get_by_role("button", name=name, exact=True).first)

    def opens(self, name: str, within: str = "main") -> Any:
        """Press a button that asks in a dialog first. Gives the dialog; nothing is sent yet."""
        self.page.locator(within).get_by_role("button", name=name, exact=True).first.click()
        return self.dialog

    @property
    def dialog(self) -> Any:
        shown = self.page.get_by_role("dialog")
        shown.wait_for()
        return shown

    def settles(self, verb: str, **values: Any) -> "Someone":
        """Fill the open dialog and press its verb."""
        for name, value in values.items():
            self.dialog.locator(f"[name$={name}]").fill(str(value))
        return self.takes(self.dialog.get_by_role("button", name=verb, exact=True))

    def does(self, verb: str, within: str = "main", **values: Any) -> "Someone":
        """Open a verb's dialog, fill it, press the verb in it."""
        self.opens(verb, within)
        return self.settles(verb, **values)

    def reads(self, *words: str) -> "Someone":
        """All of these stand in the page, to be seen."""
        text = " ".join(self.page.inner_text("body").split())
        missing = [each for each in words if each not in text]
        assert not missing, f"not on {self.page.url}: {missing}\n{text}"
        return self

    def misses(self, *words: str) -> "Someone":
        text = self.page.inner_text("body")
        found = [each for each in words if each in text]
        assert not found, f"on {self.page.url}: {found}"
        return self

    def buttons(self, name: str) -> int:
        """How many buttons or links of this name there are to press."""
        roles = ("button", "link")
        return sum(self.main.get_by_role(role, name=name, exact=True).count() for role in roles)

    def finds_it_sound(self, name: str) -> "Someone":
        """The page has no axe finding and fits a phone; once a name, as it takes half a second, and on
        one database, as no page looks otherwise on the other."""
        if self.looks and name not in self.sound_pages:
            self.sound_pages.add(name)
            size = self.page.viewport_size
            if folder := os.environ.get("LABSHARE_TEST_PICTURES"):
                for width in (size["width"], 390):
                    self.page.set_viewport_size({"width": width, "height": 900})
                    self.page.screenshot(path=Path(folder) / f"{name} {width}.png", full_page=True)
                self.page.set_viewport_size(size)
            if size["width"] > 390:
                assert (name, axe.too_wide(self.page)) == (name, 0)
                self.page.set_viewport_size({"width": 390, "height": 844})
            found = axe.findings(self.page), axe.too_wide(self.page)
            assert found == ([], 0), (name, *found)
            if size["width"] > 390:
                self.page.set_viewport_size(size)
        return self


class Crew:
    """Everybody who sits at a browser in a test, and the clock that moves for all of them."""

    def __init__(self, open_browser: Callable[..., Any], clock: Any, looks: bool) -> None:
        self.open_browser, self.clock, self.looks = open_browser, clock, looks
        self.people: list[Someone] = []
        self.signed_in: list[tuple[Any, Any, Any]] = []

    def sits_down(self, person: Any, firm: Any = None, locale: str = "zh-CN", **options: Any) -> Someone:
        db.session.rollback()  # what the test read before is older than what is written now
        page = self.open_browser(locale, **options)
        someone = Someone(sign_in_browser(page, person, firm), self.looks)
        self.people.append(someone)
        self.signed_in.append((someone.page, person, firm))
        return someone

    def it_is(self, moment: str) -> None:
        """Shanghai time, such as `2026-11-25 09:00`. On another day everybody has signed in anew."""
        before = self.clock.now
        if self.clock.set(moment).date() != before.date():
            db.session.rollback()
            for page, person, firm in self.signed_in:
                sign_in_browser(page, person, firm)
        for each in self.people:
            each.page.clock.set_fixed_time(self.clock.now)


@pytest.fixture
def crew(open_browser: Callable[..., Any], clock: Any, engine_name: str) -> Any:
    crew = Crew(open_browser, clock, looks=engine_name == "sqlite")
    yield crew
    assert [error for each in crew.people for error in each.errors] == []


def now_stands(model: Any, **by: Any) -> Any:
    """The one row as the last request left it."""
    db.session.rollback()
    db.session.expire_all()
    return db.session.query(model).filter_by(**by).one()
