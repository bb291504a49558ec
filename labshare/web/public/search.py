"""The search page: one question, every lab's earliest slot and full price; and how the question was understood."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from flask import render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from labshare.booking.queries.offers import Offer, misfits, offers
from labshare.catalogue.models import Standard
from labshare.catalogue.queries import Candidate, Filters, Near, StandardMatch, find, list_labs, nearest, suggested
from labshare.catalogue.queries.matching import PART
from labshare.catalogue.queries.words import meaning as meaning_of
from labshare.catalogue.rules.meaning import Meaning
from labshare.catalogue.rules.question import Question, read_question
from labshare.catalogue.rules.text import sample_of, test_of
from labshare.catalogue.services.words import note_miss
from labshare.catalogue.terms import AccreditationKind, Category
from labshare.http.limits import limited
from labshare.http.rights import public
from labshare.kernel.places import Coordinates
from labshare.kernel.time import Hours, local_day, utc_now
from labshare.organisations.divisions import DIVISIONS, PLACES, town_of, towns_of
from labshare.oversight.public import public_figures
from labshare.web.asked import asked_day, read_number
from labshare.web.layout import reader, with_query
from labshare.web.public import blueprint
from labshare.web.public.views import categories
from labshare.web.steps import carry_out

SHOWN = 12
MOST_COMPARED = 4
LABS_NAMED = 6
ORDERS = {"earliest": _l("Earliest"), "cheapest": _l("Cheapest"), "nearest": _l("Nearest")}
RADII = (10, 20)
"""Kilometres of the distance facet."""


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
    def anything(self) -> bool:
        return bool(self.text or self.category or self.lab)


@dataclass(frozen=True)
class SampleType:
    """What a test of several forms is offered for: 滚子, rollers."""

    name: str
    name_en: str | None


@dataclass(frozen=True)
class Answer:
    """One line: a test item at a lab, on the instrument that is free first."""

    offer: Offer
    marks: tuple[str, ...]
    relevance: int
    """0 fits best."""
    report_by: date | None
    late: date | None
    """The day asked for that it misses: the report comes, or the test starts, after it."""
    more_instruments: int
    address: str
    """Its page, with everything asked and this start chosen."""
    variants: tuple["Answer", ...] = ()
    """The same test for other sample types at this lab, in their order."""

    @property
    def starts_at(self) -> datetime | None:
        return self.offer.slot.starts_at if self.offer.slot else None

    @property
    def sample(self) -> SampleType:
        """The sample type it stands for; without a name where it names none."""
        item = self.offer.item
        return SampleType(sample_of(item.name), sample_of(item.name_en or "") or None)

    @property
    def misses(self) -> bool:
        """A day asked for, or there is no free start at all."""
        return self.late is not None or self.offer.slot is None

    @property
    def key(self) -> str:
        return str(self.offer.item.id)


@dataclass(frozen=True)
class Wishes:
    """The facets chosen beside the list."""

    mark: str
    towns: frozenset[str]
    samples: frozenset[str]
    """Sample types, by their Chinese names."""
    within: int | None
    in_time: bool
    automatic: bool

    def fits(self, one: Answer) -> bool:
        return (
            (not self.mark or self.mark in one.marks)
            and (not self.towns or one.offer.lab.town in self.towns)
            and (not self.samples or one.sample.name in self.samples)
            and (self.within is None or (one.offer.distance_km is not None and one.offer.distance_km <= self.within))
            and (not self.in_time or not one.misses)
            and (not self.automatic or one.offer.lab.automatic_confirmation)
        )


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
        AccreditationKind.known(mark) or "",
        _towns(asked),
        frozenset(request.args.getlist("sample")),
        _whole("within"),
        request.args.get("late") == "hide",
        request.args.get("automatic") == "yes",
    )


def _answers(found: Sequence[Offer], items: Mapping[int, Candidate], asked: Asked) -> list[Answer]:
    """The offers by test item, on the instrument that is free first."""
    by_item: dict[int, list[Offer]] = {}
    for offer in found:
        by_item.setdefault(offer.item.id, []).append(offer)
    result = []
    for item_id, group in by_item.items():
        best = min(group, key=lambda offer: (offer.slot is None, offer.slot.starts_at if offer.slot else 0))
        report_by = (
            local_day(best.slot.ends_at) + timedelta(days=best.item.turnaround_days) if best.slot is not None else None
        )
        values: dict[str, object] = {"quantity": asked.quantity}
        if best.hours is not None:
            values["hours"] = best.hours
        if best.slot is not None:
            values["starts_at"] = best.slot.starts_at.isoformat()
        address = url_for("public.test_item", item_id=item_id, **values)
        candidate = items[item_id]
        late = _late(best, report_by, asked)
        result.append(Answer(best, candidate.marks, candidate.relevance, report_by, late, len(group) - 1, address))
    return result


def _late(offer: Offer, report_by: date | None, asked: Asked) -> date | None:
    """The day asked for that the offer misses."""
    if offer.slot is None or report_by is None:
        return asked.start_by or asked.by
    if asked.start_by is not None and local_day(offer.slot.starts_at) > asked.start_by:
        return asked.start_by
    return asked.by if asked.by is not None and report_by > asked.by else None


Key = Callable[[Answer], tuple[object, ...]]


def _by(order: str) -> Key:
    """By what the client wishes alone."""

    def key(one: Answer) -> tuple[object, ...]:
        starts_at = one.starts_at.timestamp() if one.starts_at else 0
        price, away = one.offer.amount_fen, one.offer.distance_km
        tie = (one.offer.lab.code, one.offer.item.id)
        if order == "cheapest":
            return (one.misses, one.starts_at is None, price, starts_at, *tie)
        if order == "nearest":
            return (one.misses, one.starts_at is None, away is None, away or 0, starts_at, price, *tie)
        return (one.misses, one.starts_at is None, starts_at, price, *tie)

    return key


def _order_key(order: str) -> Key:
    """What fits the question best comes first, among equals what the client wishes."""
    wish = _by(order)
    return lambda one: (one.relevance, *wish(one))


def _facets(everything: Sequence[Answer], wishes: Wishes) -> dict[str, dict[str, int]]:
    """How many labs each facet would leave, the other facets kept: what the heading counts."""

    def count(without: Wishes, fits: Callable[[Answer], bool] = lambda _one: True) -> int:
        return len({one.offer.lab.id for one in everything if without.fits(one) and fits(one)})

    no_mark, no_town = replace(wishes, mark=""), replace(wishes, towns=frozenset())
    no_sample = replace(wishes, samples=frozenset())
    of_sample = {(one.sample.name, one.offer.lab.id) for one in everything if no_sample.fits(one) and one.sample.name}
    no_radius, no_time = replace(wishes, within=None), replace(wishes, in_time=False)
    of_town = {one.offer.lab.id: one.offer.lab.town for one in everything if no_town.fits(one) and one.offer.lab.town}
    towns = Counter(of_town.values())
    return {
        "mark": {"any": count(no_mark)}
        | {kind: count(no_mark, lambda one, kind=kind: kind in one.marks) for kind in reversed(AccreditationKind)},  # type: ignore[misc]
        "town": towns,
        "sample": Counter(sample for sample, _lab in of_sample),
        "within": {"": count(no_radius)} | {str(radius): count(replace(wishes, within=radius)) for radius in RADII},
        "late": {"": count(no_time), "hide": count(replace(wishes, in_time=True))},
        "automatic": {"yes": count(replace(wishes, automatic=True))},
    }


def _grouped(shown: Sequence[Answer]) -> list[Answer]:
    """One line for a test at a lab, whatever sample types it is offered for: the first of them, the others with it."""
    groups: dict[tuple[int, str], list[Answer]] = {}
    for one in shown:
        groups.setdefault((one.offer.lab.id, test_of(one.offer.item.name)), []).append(one)
    return [replace(first, variants=tuple(others)) for first, *others in groups.values()]


def _samples(everything: Sequence[Answer]) -> list[SampleType]:
    """The sample types that what was found is offered for."""
    found = {one.sample.name: one.sample for one in everything if one.sample.name}
    return [sample for _name, sample in sorted(found.items())]


def _without(asked: Asked, wishes: Wishes) -> dict[str, str]:
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
    emptied |= {"category": {"category": None}, "lab": {"lab": None}}
    if question.standard and question.rest:
        emptied |= {"standard": {"q": question.rest}, "words": {"q": question.standard}}
    return {name: with_query(**{**present, **change}) for name, change in emptied.items()}


def _best(shown: Sequence[Answer]) -> dict[str, dict[str, int]]:
    """Item → what it is best in, among those that come in time, and how many are as good; nothing where all are
    alike. What is only found by its standard or instrument does not compete with what is named so."""
    named = [one for one in shown if one.relevance != PART] or shown
    timely = [one for one in named if not one.misses]
    best: dict[str, dict[str, int]] = {}
    for name, value in (
        ("cheapest", lambda one: one.offer.amount_fen),
        ("earliest", lambda one: one.starts_at),
    ):
        least = min(map(value, timely), default=None)
        equals = [one for one in timely if value(one) == least]
        if len(equals) < len(timely):
            for one in equals:
                best.setdefault(one.key, {})[name] = len(equals)
    return best


@blueprint.get("/search")
@public
@limited("search")
def search() -> str:
    """At most seventeen statements."""
    now = utc_now()
    today = local_day(now)
    asked = read_asked(today)
    wishes = read_wishes(asked)
    if not asked.anything:
        figures = public_figures(today)
        return render_template("public/search_start.html", figures=figures, categories=categories(figures.by_category))
    found = find(asked.question, category=asked.category, lab=asked.lab, day=today)
    place = town_of(asked.near)
    near: Coordinates | None = (place.latitude, place.longitude) if place else None
    ids = list(found.items)
    offered = offers(ids, asked.quantity, asked.hours, now, near=near, late_too=True, own_hours=True) if ids else []
    everything = _answers(offered, found.items, asked)
    without = set(ids) - {one.offer.item.id for one in everything}
    unfit = misfits([one for one in ids if one in without], asked.quantity, asked.hours)
    order = request.args.get("order", "nearest" if asked.question.near else "earliest")
    if order not in ORDERS or (order == "nearest" and near is None):
        order = "earliest"
    fitting = sorted((one for one in everything if wishes.fits(one)), key=_order_key(order))
    shown = _grouped(fitting)
    wanted = request.args.getlist("compare")
    compared = [one for one in fitting if one.key in wanted][:MOST_COMPARED]
    nothing = not everything and not unfit and bool(asked.text)
    return render_template(
        "public/compare.html" if request.args.get("view") == "compare" else "public/search.html",
        asked=asked,
        meaning=found.meaning,
        left_out=found.left_out,
        own_hours=any(one.offer.hours is not None for one in everything) and asked.hours is None,
        match=found.standard,
        standard=_meant(found.standard),
        everything=everything,
        misfits=unfit,
        shown=shown if request.args.get("show") == "all" else shown[:SHOWN],
        total=len(shown),
        labs=len({one.offer.lab.id for one in shown}),
        timely=len({one.offer.lab.id for one in shown if not one.misses}),
        parts=_first_part(shown),
        facets=_facets(everything, wishes),
        wishes=wishes,
        samples=_samples(everything),
        without=_without(asked, wishes),
        place_named=PLACES.get(asked.question.place or "") or DIVISIONS.get(asked.question.place or ""),
        best=_best(shown),
        compared=compared,
        compared_best=_best(compared),
        order=order,
        orders={name: label for name, label in ORDERS.items() if name != "nearest" or near is not None},
        place=place,
        towns=towns_of(""),
        radii=RADII if near is not None else (),
        category=Category(asked.category).label if asked.category else None,
        now=now,
        near_items=_near(asked, found.meaning, today, nothing=nothing),
        labs_named=list_labs(Filters(q=asked.text), day=today, limit=LABS_NAMED).items if nothing else (),
    )


def _near(asked: Asked, meaning: Meaning, day: date, *, nothing: bool) -> tuple[Near, ...]:
    """What stands below the line: what a worry suggests, and, where nothing was found, what is near."""
    if meaning.symptoms:
        return suggested(meaning, day=day)
    return nearest(asked.question.words, day=day) if nothing else ()


def _meant(match: StandardMatch | None) -> Standard | None:
    """The one standard a number means, to be named on the page: what is in force instead of what was asked for, else
    what was asked for."""
    if match is None or not match.current:
        return None
    return match.current[0]


def _first_part(shown: Sequence[Answer]) -> str | None:
    """Where the lines begin that have what was typed outside their names, below others that have it in them."""
    parts = [one for one in shown if one.relevance == PART]
    return parts[0].key if parts and len(parts) < len(shown) else None


@blueprint.post("/search/missed")
@public
@limited("search")
def missed() -> Response:
    """Count what was looked for and not found, for the administrators; what is found is not counted."""
    today = local_day(utc_now())
    typed = request.form.get("q", "")[:200]
    question = read_question(typed, today)
    found = find(question, category=None, lab=None, day=today).items
    thanks = _("Thank you. The administrators see what was not found.")
    step = (lambda: None) if found else (lambda: note_miss(question.rest, today))
    return carry_out(step, lambda _done: (thanks, url_for("public.search", q=typed)))


@blueprint.get("/search/understood")
@public
@limited("search")
def understood() -> str:
    """How a question would be understood: a piece of page, shown while it is typed. One statement."""
    today = local_day(utc_now())
    question = read_question(request.args.get("q", "")[:200], today)
    return render_template("public/_understood.html", question=question, meaning=meaning_of(question.rest))
