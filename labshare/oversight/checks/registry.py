"""The list of invariants: each says in words what must never be false, and finds what violates it with a fixed number
of set-based statements."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Violation:
    """What is wrong with which subject."""

    invariant: str
    subject: str
    detail: str = ""


Check = Callable[[datetime], Iterator[tuple[str, str]]]


@dataclass(frozen=True)
class Invariant:
    statement: str
    check: Check
    since: str | None = None
    """The migration with which it became a rule: what a filled database breaks then is marked and listed."""


CHECKS: dict[str, Invariant] = {}


def invariant(statement: str, *, since: str | None = None) -> Callable[[Check], Check]:
    """Register a check under the sentence that it holds true."""

    def register(check: Check) -> Check:
        CHECKS[statement] = Invariant(statement, check, since)
        return check

    return register
