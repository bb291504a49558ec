"""axe-core in a browser test: what a page's markup gets wrong for people who do not see it."""

from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
SOURCE = HERE.parents[1] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@cache
def _text(file: Path) -> str:
    return file.read_text()


def _found(page: Any, without: str | None, opening: bool, frame: bool = True) -> list[str]:
    if not page.evaluate("'axe' in window"):
        page.evaluate(_text(SOURCE))
    asked = {"tags": TAGS, "without": without, "opening": opening, "frame": frame}
    found: list[str] = page.evaluate(_text(HERE / "axe.js"), asked)
    return found


def findings(page: Any, without: str | None = None) -> list[str]:
    """Every violation on the page as it stands, as one line each; empty is good. `without` leaves a part out, by
    selector."""
    return _found(page, without, opening=False)


def examine(page: Any, without: str | None = None, *, frame: bool = True) -> list[str]:
    """What is wrong with the page when all that opens in place is open, then with each menu and dialog, opened one
    after the other: axe's findings, and what does not fit the window. Without `frame`, the menus around every page stay
    closed."""
    return _found(page, without, True, frame)


def too_wide(page: Any) -> int:
    """By how many pixels the page is wider than its window."""
    wide: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return wide


def broken_dates(page: Any) -> list[str]:
    """The dates and times of the page that end in the middle of a line."""
    broken: list[str] = page.evaluate(_text(HERE / "dates.js"))
    return broken
