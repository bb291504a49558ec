"""The lines of the search page: offers by test and lab, their order, what is best, and what each facet would leave."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property

from flask import url_for

from labshare.booking.queries.offers import Offer, report_day, with_rows
from labshare.booking.rules.price import cancellation_fee, free_until
from labshare.catalogue.queries import Candidate
from labshare.catalogue.queries.matching import PART
from labshare.catalogue.rules.text import sample_of, test_of
from labshare.catalogue.terms import AccreditationKind
from labshare.kernel.money import Fen
from labshare.kernel.time import local_day
from labshare.web.public.asking import PRICES, RADII, RATINGS, Asked, Wishes


@dataclass(frozen=True)
class NamePart:
    """Of an item's name: its test (洛氏硬度, Rockwell hardness) or its sample type (滚子, rollers)."""

    name: str
    name_en: str | None


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One line: a test item at a lab, on the instrument that is free first."""

    offer: Offer
    marks: tuple[str, ...]
    """Accreditations whose scope covers it on the day of the test: CMA, CNAS."""
    relevance: int
    """0 fits best."""
    report_by: date | None
    late: date | None
    """The day asked for that it misses: the report comes, or the test starts, after it."""
    more_instruments: int
    quantity: int
    asked_at: datetime
    variants: tuple["Answer", ...] = ()
    """The same test for other sample types at this lab, in their order."""

    @property
    def starts_at(self) -> datetime | None:
        return self.offer.slot.starts_at if self.offer.slot else None

    # What few lines show is worked out for those alone.

    @cached_property
    def address(self) -> str:
        """Its page, with everything asked and this start chosen."""
        values: dict[str, object] = {"quantity": self.quantity}
        if self.offer.hours is not None:
            values["hours"] = self.offer.hours
        if self.starts_at is not None:
            values["starts_at"] = self.starts_at.isoformat()
        return url_for("public.test_item", item_id=self.offer.item_id, **values)

    @cached_property
    def free_until(self) -> datetime | None:
        """Until then cancelling costs nothing; None where it never does."""
        return free_until(self.offer.terms, self.starts_at or self.asked_at)

    @cached_property
    def cancel_fen(self) -> Fen:
        """What cancelling would cost at once."""
        until_start = (self.starts_at or self.asked_at) - self.asked_at
        return cancellation_fee(self.offer.terms, self.offer.amount_fen, until_start=until_start)

    @cached_property
    def test(self) -> NamePart:
        """The test, whatever sample type it stands for."""
        return NamePart(test_of(self.offer.name), test_of(self.offer.name_en or "") or None)

    @cached_property
    def sample(self) -> NamePart:
        """The sample type it stands for; without a name where it names none."""
        return NamePart(sample_of(self.offer.name), sample_of(self.offer.name_en or "") or None)

    @property
    def misses(self) -> bool:
        """A day asked for, or there is no free start at all."""
        return self.late is not None or self.offer.slot is None

    @property
    def key(self) -> str:
        return str(self.offer.item_id)


def _is_within(wishes: Wishes, one: Answer) -> bool:
    away = one.offer.distance_km
    return wishes.within is None or (away is not None and away <= wishes.within)


CONDITIONS: dict[str, Callable[[Wishes, Answer], bool]] = {
    "mark": lambda wishes, one: not wishes.mark or wishes.mark in one.marks,
    "towns": lambda wishes, one: not wishes.towns or one.offer.town in wishes.towns,
    "tests": lambda wishes, one: not wishes.tests or one.test.name in wishes.tests,
    "samples": lambda wishes, one: not wishes.samples or one.sample.name in wishes.samples,
    "within": _is_within,
    "at_most": lambda wishes, one: wishes.at_most is None or one.offer.amount_fen <= wishes.at_most * 100,
    "rated": lambda wishes, one: not wishes.rated or _tenths(one) >= RATINGS[wishes.rated],
    "in_time": lambda wishes, one: not wishes.in_time or not one.misses,
    "automatic": lambda wishes, one: not wishes.automatic or one.offer.automatic,
    "saturdays": lambda wishes, one: not wishes.saturdays or one.offer.saturdays,
}
"""Whether a line meets one of the wishes, by the wish's name."""


def fits(wishes: Wishes, one: Answer) -> bool:
    return all(meets(wishes, one) for meets in CONDITIONS.values())


def _tenths(one: Answer) -> int:
    """The lab's published average in tenths of a point; without one it is below every floor."""
    return one.offer.average.tenths if one.offer.average else 0


def answers_of(found: Sequence[Offer], items: Mapping[int, Candidate], asked: Asked, now: datetime) -> list[Answer]:
    """The offers by test item, on the instrument that is free first."""
    by_item: dict[int, list[Offer]] = {}
    for offer in found:
        by_item.setdefault(offer.item_id, []).append(offer)
    result = []
    for item_id, group in by_item.items():
        best = min(group, key=lambda offer: (offer.slot is None, offer.slot.starts_at if offer.slot else 0))
        slot, candidate = best.slot, items[item_id]
        starts_at = slot.starts_at if slot else now
        result.append(
            Answer(
                offer=best,
                marks=candidate.marks_on(local_day(starts_at)),
                relevance=candidate.relevance,
                report_by=report_day(slot.ends_at, best.turnaround_days) if slot else None,
                late=_late(best, asked),
                more_instruments=len(group) - 1,
                quantity=asked.quantity,
                asked_at=now,
            )
        )
    return result


def _late(offer: Offer, asked: Asked) -> date | None:
    """The day asked for that the offer misses."""
    if offer.slot is None:
        return asked.start_by or asked.by
    return asked.deadlines.missed(offer.slot, offer.turnaround_days)


Key = Callable[[Answer], tuple[object, ...]]


def _by(order: str) -> Key:
    """By what the client wishes alone."""

    def key(one: Answer) -> tuple[object, ...]:
        starts_at = one.starts_at.timestamp() if one.starts_at else 0
        price, away = one.offer.amount_fen, one.offer.distance_km
        tie = (one.offer.lab_code, one.offer.item_id)
        if order == "cheapest":
            return (one.misses, one.starts_at is None, price, starts_at, *tie)
        if order == "rated":
            return (one.misses, one.starts_at is None, -_tenths(one), starts_at, price, *tie)
        if order == "nearest":
            return (one.misses, one.starts_at is None, away is None, away or 0, starts_at, price, *tie)
        return (one.misses, one.starts_at is None, starts_at, price, *tie)

    return key


def order_key(order: str) -> Key:
    """What fits the question best comes first, among equals what the client wishes."""
    wish = _by(order)
    return lambda one: (one.relevance, *wish(one))


def facets_of(everything: Sequence[Answer], wishes: Wishes) -> dict[str, dict[str, int]]:
    """How many labs each facet would leave, the other facets kept: what the heading counts."""
    left: dict[str, list[Answer]] = {name: [] for name in CONDITIONS}
    """By facet: the lines that meet every other one."""
    for one in everything:
        missed = [name for name, meets in CONDITIONS.items() if not meets(wishes, one)]
        if len(missed) < 2:
            for name in missed or CONDITIONS:
                left[name].append(one)

    def count(**changed: object) -> int:
        (name,) = changed
        wanted = replace(wishes, **changed)  # type: ignore[arg-type]
        return len({one.offer.lab_id for one in left[name] if CONDITIONS[name](wanted, one)})

    of_test = {(one.test.name, one.offer.lab_id) for one in left["tests"]}
    of_sample = {(one.sample.name, one.offer.lab_id) for one in left["samples"] if one.sample.name}
    of_town = {one.offer.lab_id: one.offer.town for one in left["towns"] if one.offer.town}
    return {
        "mark": {"any": count(mark="")} | {kind: count(mark=kind) for kind in reversed(AccreditationKind)},
        "town": Counter(of_town.values()),
        "test": Counter(test for test, _lab in of_test),
        "sample": Counter(sample for sample, _lab in of_sample),
        "within": {"": count(within=None)} | {str(radius): count(within=radius) for radius in RADII},
        "at_most": _prices(wishes.at_most, count),
        "rated": _ratings(wishes.rated, count),
        "late": {"": count(in_time=False), "hide": count(in_time=True)},
        "automatic": {"yes": count(automatic=True)},
        "saturdays": {"yes": count(saturdays=True)},
    }


def _prices(chosen: int | None, count: Callable[..., int]) -> dict[str, int]:
    """The ceilings that make a difference, with the one chosen; nothing where price leaves no choice."""
    least, found = 0, {}
    any_price = count(at_most=None)
    for price in sorted({*PRICES, *([] if chosen is None else [chosen])}):
        labs = count(at_most=price)
        if price == chosen or least < labs < any_price:
            found[str(price)] = labs
        least = max(least, labs)
    return found | {"": any_price} if found else {}


def _ratings(chosen: str, count: Callable[..., int]) -> dict[str, int]:
    """The floors that leave somebody, with the one chosen; nothing where no lab has an average."""
    found = {floor: labs for floor in RATINGS if (labs := count(rated=floor)) or floor == chosen}
    return found | {"": count(rated="")} if found else {}


def grouped(shown: Sequence[Answer]) -> list[Answer]:
    """One line for a test at a lab, whatever sample types it is offered for: the first of them, the others with it."""
    groups: dict[tuple[int, str], list[Answer]] = {}
    for one in shown:
        groups.setdefault((one.offer.lab_id, one.test.name), []).append(one)
    return [replace(first, variants=tuple(others)) for first, *others in groups.values()]


def to_show(*parts: Sequence[Answer]) -> list[list[Answer]]:
    """The lines of each part with the rows that the page shows; one statement."""
    offers = iter(with_rows([line.offer for lines in parts for line in lines]))
    return [[replace(line, offer=next(offers)) for line in lines] for lines in parts]


def tests_of(everything: Sequence[Answer]) -> list[NamePart]:
    """The tests found, what fits best first, then by name."""
    found: dict[str, NamePart] = {}
    for one in sorted(everything, key=lambda one: (one.relevance, one.test.name)):
        found.setdefault(one.test.name, one.test)
    return list(found.values())


def samples_of(everything: Sequence[Answer]) -> list[NamePart]:
    """The sample types that what was found is offered for."""
    found = {one.sample.name: one.sample for one in everything if one.sample.name}
    return [sample for _name, sample in sorted(found.items())]


def best_of(shown: Sequence[Answer]) -> dict[str, dict[str, int]]:
    """Item → what it is best in, among those that come in time, and how many are as good (by rating, how many labs);
    nothing where all are alike. What is only found by its standard or instrument does not compete with what is named
    so."""
    named = [one for one in shown if one.relevance != PART] or shown
    timely = [one for one in named if not one.misses]
    best: dict[str, dict[str, int]] = {}
    for name, value in (
        ("cheapest", lambda one: one.offer.amount_fen),
        ("earliest", lambda one: one.starts_at),
        ("best_rated", lambda one: -_tenths(one)),
    ):
        least = min(map(value, timely), default=None)
        equals = [one for one in timely if value(one) == least]
        if len(equals) < len(timely):
            of = {one.offer.lab_id for one in equals} if name == "best_rated" else equals
            for one in equals:
                best.setdefault(one.key, {})[name] = len(of)
    return best
