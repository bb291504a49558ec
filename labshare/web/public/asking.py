"""What the search page is asked: what was typed, what was set by hand, and what narrows the answers."""

from dataclasses import dataclass
from datetime import date

from flask import request

from labshare.booking.queries.offers import Deadlines
from labshare.catalogue.rules.question import Question, read_question
from labshare.catalogue.terms import AccreditationKind, Category
from labshare.kernel.time import Hours
from labshare.organisations.divisions import PLACES, town_of
from labshare.web.asked import asked_choice, asked_day, read_number
from labshare.web.layout import reader, with_query


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The question with what was set by hand, which wins over what was read from the text."""

    text: str
    question: Question
    quantity: int
    hours: Hours | None
    by: date | None
    start_by: date | None
    near: str | None
    """A town's code: where the samples come from."""
    category: str | None
    lab: str | None

    @property
    def deadlines(self) -> Deadlines:
        return Deadlines(start_by=self.start_by, report_by=self.by)

    @property
    def anything(self) -> bool:
        return bool(self.text or self.category or self.lab)


FACETS = ("test", "town", "sample", "within", "at_most", "rated", "late", "automatic", "saturdays")
"""Their names in the address, but for `mark`, which the text may ask for."""
RADII = (10, 20)
"""Kilometres of the distance facet."""
PRICES = (50, 100, 200, 500, 1000, 2000, 5000, 10000)
"""Yuan: the ceilings that the price facet offers."""
RATINGS = {"4.5": 45, "4": 40, "3": 30}
"""The floors that the rating facet offers: as the address says them, in points, and in tenths of a point."""


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """The facets chosen beside the list."""

    mark: str
    towns: frozenset[str]
    tests: frozenset[str]
    """Tests, whatever their sample types, by their Chinese names."""
    samples: frozenset[str]
    """Sample types, by their Chinese names."""
    within: int | None
    at_most: int | None
    """Yuan."""
    rated: str
    """The least points of the lab's average, a key of `RATINGS`."""
    in_time: bool
    automatic: bool
    saturdays: bool


def _whole(name: str) -> int | None:
    return read_number(request.args.get(name, ""), 6) or None


def _hours() -> Hours | None:
    given = _whole("hours")
    return None if given is None else Hours(given)


def read_asked(today: date) -> Asked:
    text = request.args.get("q", "")[:200].strip()
    question = read_question(text, today)
    firm = reader().firm
    by_hand = "set" in request.args
    near = request.args.get("near", question.near or (firm.town if firm else ""))
    category = request.args.get("category")
    return Asked(
        text=text,
        question=question,
        quantity=_whole("quantity") or (None if by_hand else question.quantity) or 1,
        hours=_hours() or (None if by_hand else question.hours),
        by=_day("by", question.by),
        start_by=_day("start_by", question.start_by),
        near=near if town_of(near) else None,
        category=Category.known(category),
        lab=request.args.get("lab") or None,
    )


def _day(name: str, read: date | None) -> date | None:
    """A day set by hand, which may be emptied (the form says `set`), else the one read from the text."""
    if name not in request.args and "set" not in request.args:
        return read
    return asked_day(name)


def _towns(asked: Asked) -> frozenset[str]:
    """Those ticked; else those of the place that was named, until the form says otherwise."""
    place = asked.question.place
    if place is None or "town" in request.args or "set" in request.args:
        return frozenset(request.args.getlist("town"))
    return frozenset(code for code in PLACES if code.startswith(place))


def read_wishes(asked: Asked) -> Wishes:
    mark = request.args.get("mark", asked.question.mark or "")
    return Wishes(
        mark=AccreditationKind.known(mark) or "",
        towns=_towns(asked),
        tests=frozenset(request.args.getlist("test")),
        samples=frozenset(request.args.getlist("sample")),
        within=_whole("within"),
        at_most=_whole("at_most"),
        rated=asked_choice("rated", RATINGS),
        in_time=request.args.get("late") == "hide",
        automatic=request.args.get("automatic") == "yes",
        saturdays=request.args.get("saturdays") == "yes",
    )


def without_each(asked: Asked, wishes: Wishes) -> dict[str, str]:
    """The address of the page without each of the conditions, whether it was typed or set by hand."""
    question = asked.question
    present: dict[str, object] = {
        "set": 1,
        "quantity": asked.quantity if asked.quantity > 1 else None,
        "hours": asked.hours,
        "by": asked.by,
        "start_by": asked.start_by,
        "near": asked.near or "",
        "mark": wishes.mark or "any",
        "town": sorted(wishes.towns) or None,
    }
    alone = ("quantity", "hours", "by", "start_by", "town")
    emptied: dict[str, dict[str, object]] = {name: {name: None} for name in alone}
    emptied |= {"near": {"near": "", "within": None}, "mark": {"mark": "any"}}
    emptied |= {
        name: {name: None}
        for name in ("category", "lab", "within", "at_most", "rated", "late", "automatic", "saturdays")
    }
    emptied |= {"test": {"test": None}, "sample": {"sample": None}, "all": dict.fromkeys(FACETS) | {"mark": "any"}}
    if question.standard and question.rest:
        emptied |= {"standard": {"q": question.rest}, "words": {"q": question.standard}}
    return {name: with_query(**{**present, **change}) for name, change in emptied.items()}
