"""`@verb`: marks a service that changes something, and stamps its refusals with who tried what.

A service is one verb a user would say: a function with keyword arguments, among them `actor` and `now`. It never
commits; an entrance opens `transaction()` around it.

What is done has a title, which the trail shows: a verb's stands beside it, that of any other action beside the place
where it is recorded (`name_action`).
"""

import functools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from labshare.kernel.actor import Actor
from labshare.kernel.errors import Problem

F = TypeVar("F", bound=Callable[..., Any])

VERBS: dict[str, Callable[..., Any]] = {}
"""Every writing service by its action's name (`booking.confirm`)."""
TITLES: dict[str, LazyString] = {}
"""What each action is called on pages."""
PAGE_ATTEMPT = _l("Attempt on a page")
"""Of `page.<endpoint>`: a page refused before any service was asked. Only attempts have such names."""


def name_action(action: str, title: LazyString) -> str:
    """Say what an action is called on pages. Its name comes back, so that it can be kept as a constant."""
    if action in TITLES:
        raise RuntimeError(f"two titles of one action: {action}")
    TITLES[action] = title
    return action


def action_title(action: str) -> LazyString | str:
    """What happened, in the reader's language; the bare name of an action that a later version no longer knows."""
    if action.startswith("page."):
        return PAGE_ATTEMPT
    return TITLES.get(action, action)


@dataclass(frozen=True)
class Refusal:
    """An attempt that was refused, as the audit trail keeps it."""

    action: str
    actor: Actor
    now: datetime
    subject: tuple[str, str] | None = None
    details: Mapping[str, Any] | None = None
    """Ids and values beside the problem's name."""


def verb(action: str, *, title: LazyString, money: bool = False) -> Callable[[F], F]:
    """Register a service as the verb `action`, called `title` in the trail. With `money`, every refusal goes there,
    not only rights'."""

    def register(service: F) -> F:
        @functools.wraps(service)
        def call(*args: Any, **kwargs: Any) -> Any:
            try:
                result = service(*args, **kwargs)
            except Problem as problem:
                if problem.refusal is None and (money or problem.money_or_rights):
                    problem.refusal = Refusal(action, kwargs["actor"], kwargs["now"], _subject(kwargs))
                _report(action, problem)
                raise
            _report(action, None)
            return result

        name_action(action, title)
        VERBS[action] = call
        call.action = action  # type: ignore[attr-defined]
        return call  # type: ignore[return-value]

    return register


_watchers: list[Callable[[str, Problem | None], None]] = []


@contextmanager
def watching(watcher: Callable[[str, Problem | None], None]) -> Iterator[None]:
    """Have `watcher` told of each verb that ran: its action, and the problem that refused it or None."""
    _watchers.append(watcher)
    try:
        yield
    finally:
        _watchers.remove(watcher)


def _report(action: str, problem: Problem | None) -> None:
    for watcher in _watchers:
        watcher(action, problem)


def _subject(kwargs: dict[str, Any]) -> tuple[str, str] | None:
    """The first argument that names something: `ref="B-…"`, `booking_id=7`, `month=…`."""
    for name, value in kwargs.items():
        if name not in ("actor", "now") and (name in ("ref", "month", "code") or name.endswith("_id")):
            return name.removesuffix("_id"), str(value)
    return None
