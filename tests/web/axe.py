"""axe-core in a browser test: what a page's markup gets wrong for people who do not see it."""

from functools import cache
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).resolve().parents[2] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]

RUN = """([part, tags, without]) => axe.run(
    {include: [part ?? document], exclude: without ? [[without]] : []},
    {runOnly: {type: "tag", values: tags}, resultTypes: ["violations"]},
)"""

OPEN_IN_PLACE = """() => {
    const parts = [...document.querySelectorAll("details")];
    for (const part of parts) part.open = true;
    const liesAbove = (part) => [...part.children].some(
        (child) => ["absolute", "fixed"].includes(getComputedStyle(child).position));
    const above = parts.filter((part) => part.checkVisibility() && liesAbove(part));
    for (const part of above) part.open = false;
    return [...above, ...document.querySelectorAll("dialog")];
}"""
"""Opens what opens within the page; closed stays what would cover it: menus, which are given back with the dialogs."""

UNFOLD = "(part) => { if (part.matches('dialog')) part.showModal(); else part.open = true; }"
FOLD = "(part) => { if (part.matches('dialog')) part.close(); else part.open = false; }"

SPILLS = """(part) => {
    const floats = part.matches("dialog") ? [part] : [...part.children].slice(1);
    return Math.max(...floats.map((box) => {
        const place = box.getBoundingClientRect();
        return Math.max(-place.left, place.right - innerWidth, box.scrollWidth - box.clientWidth);
    }));
}"""


@cache
def _source() -> str:
    return SOURCE.read_text()


def findings(page: Any, without: str | None = None, part: Any = None) -> list[str]:
    """Every violation on the page, or in a part of it, as one line each; empty is good. `without` leaves out what this
    selector matches."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(_source())
    found = page.evaluate(RUN, [part, TAGS, without])
    return [
        f"{violation['id']}: {node['html'][:160]} — {node['failureSummary'][:200]}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


def too_wide(page: Any) -> int:
    """By how many pixels the page is wider than its window."""
    wide: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return wide


def examine(page: Any, without: str | None = None) -> list[str]:
    """What is wrong with the page when all that opens in place is open, then with each menu and dialog, opened one
    after the other: axe's findings, and what does not fit the window."""
    above = page.evaluate_handle(OPEN_IN_PLACE)
    found = findings(page, without)
    if wide := too_wide(page):
        found.append(f"{wide} px too wide")
    for part in above.get_properties().values():
        part.evaluate(UNFOLD)
        found += findings(page, without, part)
        if (spilt := round(part.evaluate(SPILLS))) > 0:
            found.append(f"{spilt} px out of the window: {part.evaluate('part => part.outerHTML')[:80]}")
        part.evaluate(FOLD)
    return found
