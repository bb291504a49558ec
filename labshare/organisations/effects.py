"""What an affiliation has decided, or would change, in reward runs: asked here, answered by the room of rewards.

Organisations lie below rewards: as with `kernel.notifications`, the higher room says once, when it is loaded, by which
functions it answers.
"""

from collections.abc import Callable
from typing import Any

from labshare.organisations.links import Link

_answers: dict[str, Callable[..., Any]] = {}


def answer(*, touched: Callable[..., Any], has_excluded: Callable[..., Any]) -> None:
    """Rewards says by which functions it answers."""
    _answers.update(touched=touched, has_excluded=has_excluded)


def touched(before: Link | None, after: Link | None) -> list[dict[str, Any]]:
    """What changes in published and approved months when `before` becomes `after` (None: is not there), as
    `[{"month", "lab", "entries", "fen"}]`; fen is what would no longer count, negative what would count again."""
    found: list[dict[str, Any]] = _answers["touched"](before, after)
    return found


def has_excluded(link: Link) -> bool:
    """Whether entries of any run, also of one that is only calculated, were left out because of this link."""
    found: bool = _answers["has_excluded"](link)
    return found
