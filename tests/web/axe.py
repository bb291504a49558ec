"""axe-core in a browser test: what a page's markup gets wrong for people who do not see it."""

from functools import cache
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).resolve().parents[2] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@cache
def _source() -> str:
    return SOURCE.read_text()


def findings(page: Any, without: str | None = None) -> list[str]:
    """Every violation on the page as one line each; empty is good. `without` leaves a part out, by selector."""
    page.evaluate(_source())
    found = page.evaluate(
        """([tags, without]) => axe.run(without ? {exclude: [[without]]} : document,
            {runOnly: {type: "tag", values: tags}, resultTypes: ["violations"]})""",
        [TAGS, without],
    )
    return [
        f"{violation['id']}: {node['html'][:160]} — {node['failureSummary'][:200]}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


def too_wide(page: Any) -> int:
    """By how many pixels the page is wider than its window."""
    wide: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return wide
