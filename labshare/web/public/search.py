"""The search page: one question, every lab's earliest slot and full price; and how the question was understood."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from flask import render_template, request, url_for
from flask_babel import lazy_gettext as _l
from sqlalchemy import and_, select

from labshare.booking.queries.offers import Offer, offers
from labshare.catalogue.models import Accreditation, AccreditationScope, Lab, TestItem
from labshare.catalogue.queries import Filters, StandardMatch, match_standard, nearest
from labshare.catalogue.queries.filters import item_conditions
from labshare.catalogue.rules.question import Question, read_question
from labshare.catalogue.words import CATEGORIES
from labshare.kernel.database import db
from labshare.kernel.places import Coordinates
from labshare.kernel.time import local_day, utc_now
from labshare.organisations.divisions import town_of, towns_of
from labshare.web.layout import reader
from labshare.web.limits import limited
from labshare.web.public import blueprint, reads
from labshare.web.public.views import categories

MOST_ITEMS = 2_000
SHOWN = 12
MOST_COMPARED = 4
ORDERS = {"earliest": _l("Earliest"), "cheapest": _l("Cheapest"), "nearest": _l("Nearest")}
RADII = (10, 20)
"""Kilometres of the distance facet."""


@dataclass(frozen=True)
class Asked:
    """The question with what was set by hand, which wins over what was read from the text."""

    text: str
    question: Question
    quantity: int
    hours: int | None
    by: date | None
    near: str | None
    """A town's code: where the samples come from."""
    category: str | None
    lab: str | None

    @property
    def anything(self) -> bool:
        return bool(self.text or self.category or self.lab)


@dataclass(frozen=True)
class Answer:
    """One line: a test item at a lab, on the instrument that is free first."""

    offer: Offer
    marks: tuple[str, ...]
    report_by: date | None
    late: bool
    """The report would come after the day asked for, or there is no free start at all."""
    more_instruments: int
    address: str
    """Its page, with everything asked and this start chosen."""

    @property
    def starts_at(self) -> datetime | None:
        return self.offer.slot.starts_at if self.offer.slot else None

    @property
    def key(self) -> str:
        return str(self.offer.item.id)


@dataclass(frozen=True)
class Wishes:
    """The facets chosen beside the list."""

    mark: str
    towns: frozenset[str]
    within: int | None
    in_time: bool
    automatic: bool

    def fits(self, one: Answer) -> bool:
        return (
            (not self.mark or self.mark in one.marks)
            and (not self.towns or one.offer.lab.town in self.towns)
            and (self.within is None or (one.offer.distance_km is not None and one.offer.distance_km <= self.within))
            and (not self.in_time or not one.late)
            and (not self.automatic or one.offer.lab.automatic_confirmation)
        )


def _whole(name: str) -> int | None:
    text = request.args.get(name, "").strip()
    return int(text) if text.isdecimal() and 0 < len(text) <= 6 and int(text) > 0 else None


def read_asked(today: date) -> Asked:
    text = request.args.get("q", "")[:200].strip()
    question = read_question(text, today)
    by = question.by
    try:
        by = date.fromisoformat(request.args.get("by", ""))
    except ValueError:
        if "by" in request.args:
            by = None
    firm = reader().firm
    near = request.args.get("near", firm.town if firm else "")
    category = request.args.get("category")
    return Asked(
        text,
        question,
        _whole("quantity") or question.quantity or 1,
        _whole("hours") or question.hours,
        by,
        near if town_of(near) else None,
        category if category in CATEGORIES else None,
        request.args.get("lab") or None,
    )


def read_wishes() -> Wishes:
    mark = request.args.get("mark", "")
    return Wishes(
        mark if mark in ("CNAS", "CMA") else "",
        frozenset(request.args.getlist("town")),
        _whole("within"),
        request.args.get("late") == "hide",
        request.args.get("automatic") == "yes",
    )


@dataclass(frozen=True)
class Candidates:
    """The test items that the question means."""

    hours: dict[int, int | None]
    """Item → the least hours its client may choose, None where there is no choice."""
    marks: dict[int, tuple[str, ...]]


def candidates(filters: Filters, day: date, match: StandardMatch | None) -> Candidates:
    """One statement."""
    valid = and_(
        Accreditation.id == AccreditationScope.accreditation_id,
        Accreditation.valid_from <= day,
        Accreditation.valid_to >= day,
    )
    rows = db.session.execute(
        select(TestItem.id, TestItem.hours_min, Accreditation.kind)
        .join(Lab, Lab.id == TestItem.lab_id)
        .outerjoin(AccreditationScope, AccreditationScope.test_item_id == TestItem.id)
        .outerjoin(Accreditation, valid)
        .where(*item_conditions(filters, day, match))
        .distinct()
        .order_by(TestItem.id)
        .limit(MOST_ITEMS)
    )
    hours: dict[int, int | None] = {}
    marks: dict[int, list[str]] = {}
    for item_id, least, kind in rows:
        hours[item_id] = least
        if kind:
            marks.setdefault(item_id, []).append(kind)
    return Candidates(hours, {item_id: tuple(sorted(kinds)) for item_id, kinds in marks.items()})


def _meaning(asked: Asked, day: date) -> tuple[Filters, StandardMatch | None]:
    """What to look for: the standard where one is meant that somebody has listed, else the words. At most one
    statement."""
    standard = asked.question.standard
    match = match_standard(standard, day) if standard else None
    rest = asked.question.rest
    if match is not None and match.found and rest:
        rest = ""  # the number says more than the words beside it
    if match is not None and not match.found:
        rest, standard, match = asked.question.words, None, None
    return Filters(q=rest, standard=standard, category=asked.category, lab=asked.lab), match


def _answers(
    found: Sequence[Offer], marks: dict[int, tuple[str, ...]], asked: Asked, hours: int | None
) -> list[Answer]:
    """The offers by test item, on the instrument that is free first."""
    by = asked.by
    by_item: dict[int, list[Offer]] = {}
    for offer in found:
        by_item.setdefault(offer.item.id, []).append(offer)
    result = []
    for item_id, group in by_item.items():
        best = min(group, key=lambda offer: (offer.slot is None, offer.slot.starts_at if offer.slot else 0))
        report_by = (
            local_day(best.slot.ends_at) + timedelta(days=best.item.turnaround_days) if best.slot is not None else None
        )
        late = report_by is None or (by is not None and report_by > by)
        values: dict[str, object] = {"quantity": asked.quantity}
        if best.item.hours_min is not None:
            values["hours"] = hours
        if best.slot is not None:
            values["starts_at"] = best.slot.starts_at.isoformat()
        address = url_for("public.test_item", item_id=item_id, **values)
        result.append(Answer(best, marks.get(item_id, ()), report_by, late, len(group) - 1, address))
    return result


def _order_key(order: str) -> Callable[[Answer], tuple[object, ...]]:
    def key(one: Answer) -> tuple[object, ...]:
        starts_at = one.starts_at.timestamp() if one.starts_at else 0
        price, away = one.offer.amount_fen, one.offer.distance_km
        tie = (one.offer.lab.code, one.offer.item.id)
        if order == "cheapest":
            return (one.late, one.starts_at is None, price, starts_at, *tie)
        if order == "nearest":
            return (one.late, one.starts_at is None, away is None, away or 0, starts_at, price, *tie)
        return (one.late, one.starts_at is None, starts_at, price, *tie)

    return key


def _facets(everything: Sequence[Answer], wishes: Wishes) -> dict[str, dict[str, int]]:
    """How many lines each facet would leave, the other facets kept."""

    def count(without: Wishes, fits: Callable[[Answer], bool] = lambda _one: True) -> int:
        return sum(1 for one in everything if without.fits(one) and fits(one))

    no_mark, no_town = replace(wishes, mark=""), replace(wishes, towns=frozenset())
    no_radius, no_time = replace(wishes, within=None), replace(wishes, in_time=False)
    towns: dict[str, int] = {}
    for one in everything:
        if no_town.fits(one) and one.offer.lab.town:
            towns[one.offer.lab.town] = towns.get(one.offer.lab.town, 0) + 1
    return {
        "mark": {"": count(no_mark)}
        | {kind: count(no_mark, lambda one, kind=kind: kind in one.marks) for kind in ("CNAS", "CMA")},  # type: ignore[misc]
        "town": towns,
        "within": {"": count(no_radius)} | {str(radius): count(replace(wishes, within=radius)) for radius in RADII},
        "late": {"": count(no_time), "hide": count(replace(wishes, in_time=True))},
        "automatic": {"yes": count(replace(wishes, automatic=True))},
    }


def _best(shown: Sequence[Answer]) -> dict[str, str]:
    """Item → what it is best in, among those that come in time; nothing where all are alike."""
    timely = [one for one in shown if not one.late]
    best: dict[str, str] = {}
    if len(timely) > 1:
        best[min(timely, key=_order_key("cheapest")).key] = "cheapest"
        best[min(timely, key=_order_key("earliest")).key] = "earliest"
    return best


@blueprint.get("/search")
@limited("search")
def search() -> str:
    """At most ten statements."""
    now = utc_now()
    today = local_day(now)
    asked, wishes = read_asked(today), read_wishes()
    if not asked.anything:
        figures = reads.public_figures(today)
        return render_template("public/search_start.html", figures=figures, categories=categories(figures.by_category))
    filters, match = _meaning(asked, today)
    found = candidates(filters, today, match)
    hours, assumed = asked.hours, False
    if hours is None and found.hours and all(least is not None for least in found.hours.values()):
        hours, assumed = min(least for least in found.hours.values() if least is not None), True
    place = town_of(asked.near)
    near: Coordinates | None = (place.latitude, place.longitude) if place else None
    everything = _answers(
        offers(list(found.hours), asked.quantity, hours, now, near=near, late_too=True) if found.hours else [],
        found.marks,
        asked,
        hours,
    )
    order = request.args.get("order", "earliest")
    if order not in ORDERS or (order == "nearest" and near is None):
        order = "earliest"
    shown = sorted((one for one in everything if wishes.fits(one)), key=_order_key(order))
    wanted = request.args.getlist("compare")
    compared = [one for one in shown if one.key in wanted][:MOST_COMPARED]
    return render_template(
        "public/compare.html" if request.args.get("view") == "compare" else "public/search.html",
        asked=replace(asked, hours=hours),
        hours_assumed=assumed,
        needs_hours=sum(1 for least in found.hours.values() if least is not None) if hours is None else 0,
        match=match,
        standard=match.current[0] if match and match.current else None,
        everything=everything,
        shown=shown if request.args.get("show") == "all" else shown[:SHOWN],
        total=len(shown),
        labs=len({one.offer.lab.id for one in shown}),
        timely=len({one.offer.lab.id for one in shown if not one.late}),
        several=len({one.offer.item.name for one in shown}) > 1,
        facets=_facets(everything, wishes),
        wishes=wishes,
        best=_best(shown),
        compared=compared,
        compared_best=_best(compared),
        order=order,
        orders={name: label for name, label in ORDERS.items() if name != "nearest" or near is not None},
        place=place,
        towns=towns_of(""),
        radii=RADII if near is not None else (),
        category=CATEGORIES.get(asked.category or ""),
        now=now,
        near_items=nearest(asked.text, day=today) if not found.hours and asked.text else (),
    )


@blueprint.get("/search/understood")
@limited("search")
def understood() -> str:
    """How a question would be understood: a piece of page, shown while it is typed. No statement."""
    today = local_day(utc_now())
    return render_template("public/_understood.html", question=read_question(request.args.get("q", "")[:200], today))
