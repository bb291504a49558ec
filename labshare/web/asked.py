"""What an address asks for: numbers, days, months, orders, pages. What cannot be read counts as not asked."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import overload

from flask import current_app, request

from labshare.kernel.actor import Actor
from labshare.kernel.errors import NotFound
from labshare.kernel.months import Month
from labshare.organisations.permissions import prefixes

LARGEST = 2**31 - 1
"""What both databases take for a number, and for an offset of fifty rows a page."""
YEARS = range(1900, 3000)
"""Of days and moments that can be asked for: weeks around them can be counted."""


def read_number(text: str, digits: int | None = None) -> int | None:
    """A whole number from 0, or nothing where the text is none or has more than so many `digits`; one too large is the
    largest."""
    text = text.strip()
    if not text.isdecimal() or (digits is not None and len(text) > digits):
        return None
    return min(int(text[:20]), LARGEST)


def asked_number(name: str, otherwise: int = 1) -> int:
    """A page, a place in a list, an id; one that is none, or below 1, is `otherwise`, one too large the largest."""
    return read_number(request.args.get(name, "")) or otherwise


def asked_year(years: Iterable[int], otherwise: int | None) -> int | None:
    """One of the years there are."""
    year = read_number(request.args.get("year", ""))
    return year if year is not None and year in years else otherwise


def read_day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.year in YEARS else None


def asked_day(name: str) -> date | None:
    return read_day(request.args.get(name, ""))


def read_moment(text: str) -> datetime | None:
    """A moment with its offset or, as some browsers send a plus, a blank before it; without one it is naive."""
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        return None
    return moment if moment.year in YEARS else None


def read_month(text: str) -> Month | None:
    try:
        return Month.parse(text)
    except ValueError:
        return None


def asked_month(name: str = "month") -> Month | None:
    return read_month(request.args.get(name, ""))


def month_of(text: str) -> Month:
    """The month of an address. Raises `NotFound` where it is none."""
    month = read_month(text)
    if month is None:
        raise NotFound
    return month


def asked_division() -> str | None:
    return request.args.get("division") or None


def own_division(actor: Actor, action: str) -> str:
    """The division that a regulator's role is for; of one for the whole platform, the installation's own."""
    return next((prefix for prefix in prefixes(actor, action) if prefix), str(current_app.config["DIVISION"]))


@overload
def asked_choice(name: str, known: Iterable[str], otherwise: str) -> str: ...
@overload
def asked_choice(name: str, known: Iterable[str], otherwise: None = None) -> str | None: ...
def asked_choice(name: str, known: Iterable[str], otherwise: str | None = None) -> str | None:
    """One of several words: a filter, a view."""
    word = request.args.get(name)
    return next((each for each in known if each == word), otherwise)


def asked_order(otherwise: str) -> str:
    """The column by which a list is sorted, `-` before it for downwards."""
    return request.args.get("sort", otherwise)


@dataclass(frozen=True)
class Page:
    """Which rows of how many; what the pager shows."""

    number: int
    size: int
    total: int = 0

    @property
    def offset(self) -> int:
        return (self.number - 1) * self.size

    def of(self, total: int) -> "Page":
        """The same page, of so many rows."""
        return replace(self, total=total)


def asked_page(total: int | None = None, *, size: int = 50) -> Page:
    """The page of the address; where the `total` is known, at most the last one there is."""
    number = asked_number("page")
    if total is None:
        return Page(number, size)
    return Page(min(number, -(-total // size) or 1), size, total)
