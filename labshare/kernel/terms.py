"""Fixed words: what a column of codes may hold, how it is called on pages and how it looks there.

Each room names its own in its `terms.py`, one class a vocabulary:

    class RunState(Term):
        CALCULATED = "calculated", _l("Calculated"), Look("circle-check", "is-confirmed")

A member is the text that the database keeps: rows, SQL and JSON hold nothing else. CHECK constraints, forms, answers,
badges, the trail and files read the class; the text itself stands nowhere else (`tests/conventions/test_terms.py`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from sqlalchemy import String


@dataclass(frozen=True)
class Look:
    """How a badge is drawn. Colour (`css`) says the phase, icon and word say the state."""

    icon: str
    """Empty: it has no badge."""
    css: str = ""


class Term(StrEnum):
    """A word of a vocabulary; its order is that of the CHECK constraint."""

    __sa_type_engine__ = String()

    label: LazyString | str
    """How people call it, in the reader's language. Of what no page shows, its code."""
    look: Look

    def __new__(cls, code: str, *_rest: object) -> Self:
        term = str.__new__(cls, code)
        term._value_ = code
        return term

    def __init__(self, code: str, label: LazyString | str = "", look: Look | None = None) -> None:
        self.label = label or code
        self.look = look or Look("")

    @classmethod
    def known(cls, code: str | None) -> Self | None:
        """The word of this code, as it may come from an address or a file; none of any other."""
        return next((term for term in cls if term == code), None)

    @classmethod
    def offered(cls) -> tuple[Self, ...]:
        """In the order of forms."""
        return tuple(cls)

    @classmethod
    def choices(cls) -> list[tuple[Self, LazyString | str]]:
        """What a form offers: codes and labels."""
        return [(term, term.label) for term in cls.offered()]


def listed(terms: Iterable[str], between: str = ", ") -> str:
    """Codes as SQL lists them: `'draft', 'published'`."""
    return between.join(f"'{term}'" for term in terms)


class OfficialRole(Term):
    """Roles of a person rather than of a membership; each may read what every firm does."""

    OFFICER = "officer", _l("Officer")
    APPROVER = "approver", _l("Approver")
    AUDITOR = "auditor", _l("Auditor")
    ADMIN = "admin", _l("Administrator")


class TokenScope(Term):
    """Of an API token."""

    READ = "read", _l("Read only")
    WRITE = "write", _l("Read and write")


class EntryState(Term):
    """How sure an entry of somebody's calendar is, as iCalendar says it."""

    TENTATIVE = "TENTATIVE", _l("To be confirmed")
    CONFIRMED = "CONFIRMED", _l("Confirmed")
    CANCELLED = "CANCELLED", _l("Cancelled")
