"""What axe is shown: pages as they stand, not on their way."""

from typing import Any

from tests.web import axe

BUTTON = """<html lang="en"><title>Bench</title><main><h1>Bench</h1><button>Finish test</button></main>
<style>button { color: #fff; background: #036; transition: all .4s linear; }
@media (max-width: 600px) { button { color: #000; background: #fff; } }</style>"""


def test_colours_have_come_to_rest(page: Any) -> None:
    """A button that a narrower window gives other colours passes through grey on grey."""
    page.set_content(BUTTON)
    page.set_viewport_size({"width": 390, "height": 844})
    assert axe.findings(page) == []
    assert page.evaluate("getComputedStyle(document.querySelector('button')).color") == "rgb(0, 0, 0)"
