"""Whoever works by keyboard sees where they are: a ring on every control, in both colours, at 3 : 1 at least."""

from typing import Any

import pytest

from labshare.booking import services
from labshare.kernel.database import transaction
from tests import factories as make
from tests.web.clicking import Crew, crew

__all__ = ["crew"]

KINDS = {"btn-quiet", "btn-primary", "form-control"}
RING = """() => {
  const at = document.activeElement;
  if (!at || at === document.body) return null;
  const holder = at.closest('.ask, .bar-find');
  const rings = [at, holder].filter((one) => one && getComputedStyle(one).outlineStyle === 'solid');
  const words = (at.textContent || at.name || '').trim();
  const name = (at.tagName + '.' + (at.className.baseVal ?? at.className) + ' ' + words).slice(0, 80);
  const found = { name, key: [...document.querySelectorAll('*')].indexOf(at), width: 0, contrast: 0 };
  if (!rings.length) return found;
  const pixel = (colour, under) => {
    const drawn = Object.assign(document.createElement('canvas'), { width: 1, height: 1 }).getContext('2d');
    for (const fill of [under, colour]) { if (fill) { drawn.fillStyle = fill; drawn.fillRect(0, 0, 1, 1); } }
    return [...drawn.getImageData(0, 0, 1, 1).data];
  };
  let ground = null;
  for (let one = rings[0].parentElement; one && !ground; one = one.parentElement) {
    if (pixel(getComputedStyle(one).backgroundColor, null)[3] === 255) ground = getComputedStyle(one).backgroundColor;
  }
  const linear = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  const light = (rgb) => {
    const [r, g, b] = rgb.slice(0, 3).map((v) => linear(v / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const drawn = getComputedStyle(rings[0]);
  const seen = [pixel(drawn.outlineColor, ground), pixel(ground, null)].map(light).sort((a, b) => b - a);
  return { ...found, width: parseFloat(drawn.outlineWidth), contrast: (seen[0] + 0.05) / (seen[1] + 0.05) };
}"""


@pytest.fixture
def pages(app: Any, crew: Crew) -> Any:
    """A client and a lab with a booking; their pages with every kind of control."""
    with transaction():
        make.working_year()
        lab = make.lab()
        instrument = make.instrument(lab)
        item = make.test_item(instrument)
        firm = make.firm()
        booker, hand = make.member(firm, "booker"), make.member(lab.firm, "lab_manager")
    with transaction():
        ref = services.book(
            actor=make.actor(booker, firm, "booker"),
            now=crew.clock.now,
            test_item_id=item.id,
            quantity=1,
            starts_at=crew.clock.at("2026-11-25 09:00"),
            sample_description="x",
        ).ref
    return {
        (booker, firm): ["/", f"/bookings/{ref}", f"/bookings/{ref}/move", "/bookings", "/account/settings"],
        (hand, lab.firm): [
            f"/lab/bookings/{ref}",
            "/lab/calendar?view=day&from=2026-11-25",
            "/lab/requests",
            "/lab/calendar/block",
            f"/lab/test-items/{item.id}/fees/new",
        ],
    }


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_every_control_reached_by_tab_shows_the_ring(crew: Crew, pages: Any, colours: str) -> None:
    kinds: set[str] = set()
    for (person, firm), paths in pages.items():
        someone = crew.sits_down(person, firm, width=1440, height=900, color_scheme=colours)
        for path in paths:
            someone.go(path)
            reached: set[int] = set()
            for _step in range(150):
                someone.page.keyboard.press("Tab")
                ring = someone.page.evaluate(RING)
                if ring is None or ring["key"] in reached:
                    break
                reached.add(ring["key"])
                kinds.update(
                    kind for kind in ("btn-quiet", "btn-primary", "btn-bad", "form-control") if kind in ring["name"]
                )
                assert ring["width"] >= 2, f"{path}: no ring on {ring['name']}"
                assert ring["contrast"] >= 3, f"{path}: {ring}"
            assert len(reached) > 5, path
    assert kinds == KINDS


def test_a_dialogs_dangerous_button_shows_the_ring(crew: Crew, pages: Any) -> None:
    (person, firm), paths = next(iter(pages.items()))
    client = crew.sits_down(person, firm, "en-GB", width=1440, height=900)
    client.go(paths[1]).opens("Cancel booking")
    for _step in range(6):
        client.page.keyboard.press("Tab")
        ring = client.page.evaluate(RING)
        if ring and "btn-bad" in ring["name"]:
            break
    assert "btn-bad" in ring["name"]
    assert ring["width"] >= 2
    assert ring["contrast"] >= 3
