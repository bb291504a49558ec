"""The schematic map: no name is cut, none crosses another, a circle or the outline."""

from itertools import combinations, pairwise
from math import hypot
from types import SimpleNamespace
from typing import Any

import pytest

from labshare.organisations.divisions import TOWNS
from labshare.web.public.maps import CORNERS, HEIGHT, WIDTH, OutlineMap, circles_of, crossed, dots_of, lab_map, touch
from tests.web.axe import findings
from tests.web.test_public_pages import Market, market

assert market

DEMONSTRATION = dict(zip(TOWNS, (14, 8, 19, 11, 1, 6, 1, 3, 6, 8, 4, 2), strict=True))
"""Labs by town of the invented county, with one in each town."""


def wrong(shown: OutlineMap) -> list[str]:
    found = []
    for one in shown.circles:
        left, top, right, bottom = one.box
        if left < 0 or top < 0 or right > WIDTH or bottom > HEIGHT:
            found.append(f"{one.text} is cut")
        if any(crossed(one.box, *line) for line in pairwise((*CORNERS, CORNERS[0]))):
            found.append(f"the outline crosses {one.text}")
        for other in shown.circles:
            x, y = min(max(other.x, left), right), min(max(other.y, top), bottom)
            if hypot(other.x - x, other.y - y) < other.radius:
                found.append(f"{one.text} stands on the circle of {other.text}")
    for one, other in combinations(shown.circles, 2):
        if touch(one.box, other.box):
            found.append(f"{one.text} and {other.text} touch")
        if hypot(one.x - other.x, one.y - other.y) < one.radius + other.radius:
            found.append(f"the circles of {one.text} and {other.text} overlap")
    return found


def drawn(counts: dict[str, int], language: str) -> OutlineMap:
    return OutlineMap("", circles_of(tuple(sorted((code, count) for code, count in counts.items() if count)), language))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_all_towns_of_the_demonstration(language: str) -> None:
    shown = drawn(DEMONSTRATION, language)
    assert len(shown.circles) == len(TOWNS)
    assert wrong(shown) == []


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("turn", range(12))
def test_whichever_town_has_most(language: str, turn: int) -> None:
    counts = list(DEMONSTRATION.values())
    assert wrong(drawn(dict(zip(TOWNS, counts[turn:] + counts[:turn], strict=True)), language)) == []


@pytest.mark.parametrize("language", ["zh", "en"])
def test_all_towns_to_find_a_place_on(language: str) -> None:
    shown = OutlineMap("", dots_of(language))
    assert [circle.town for circle in shown.circles] == list(TOWNS.values())
    assert wrong(shown) == []


def test_one_lab() -> None:
    for town in TOWNS.values():
        shown = lab_map(SimpleNamespace(town=town.code, longitude=town.longitude, latitude=town.latitude))
        assert shown is not None
        assert wrong(shown) == []
    nowhere = {"longitude": "12", "latitude": "48"}
    assert lab_map(SimpleNamespace(town="330624001", **nowhere)) is None
    assert lab_map(SimpleNamespace(town="330683000", longitude=None, latitude=None)) is None
    assert lab_map(SimpleNamespace(town="330624001", longitude=None, latitude=None)) is not None, "its town's place"


def test_circles_and_rows_point_at_each_other(open_browser: Any, market: Market) -> None:
    """By mouse and by keyboard."""
    page = open_browser("en", width=1280)
    page.goto("/labs")
    on = page.locator("tr.on, .map a.on")
    page.get_by_role("link", name="Tianmu Wheel Lab").focus()
    assert on.evaluate_all("all => all.map((one) => one.dataset.town)") == [market.near.town] * 2
    page.locator(f".map a[data-town='{market.cheap.town}']").focus()
    assert on.evaluate_all("all => all.map((one) => one.dataset.town)") == [market.cheap.town] * 2
    page.locator("h1").hover()
    page.locator(f"tr[data-town='{market.near.town}']").hover()
    assert on.first.get_attribute("data-town") == market.near.town
    assert findings(page) == []
