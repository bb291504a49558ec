"""The whole market in one question: every lab's earliest slot and full price for a test.

Fast by construction. The earliest start by the rules alone is worked out once for each lab's hours and length of work.
Then one statement asks the index of `holding`, for every instrument unit at once, whether it is free at that start.
Only for those that are not, a second statement fetches their next few gaps of sufficient length, and a third the rest
of the time asked for, where even that was not enough. There are as many statements for one offer as for a thousand.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from functools import cached_property, lru_cache
from typing import Any, Literal, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, bindparam, null, select
from sqlalchemy.orm import joinedload

from labshare.booking.models import Rating
from labshare.booking.queries.gaps import Asked, Gap, free_units, gaps, moment
from labshare.booking.queries.loading import certificates_of, hours_choice, item_terms, openings_of
from labshare.booking.queries.ratings import Average, average_of, sums_by
from labshare.booking.rules.price import (
    CancellationTerms,
    ItemTerms,
    Price,
    Work,
    price_of,
    question_problems,
    work_agreed,
    work_of,
)
from labshare.booking.rules.price import Fee as FeeTerms
from labshare.booking.rules.slots import Slot
from labshare.booking.rules.starts import InstrumentTerms, Plan, StartRules
from labshare.booking.rules.time import DayRange, Openings
from labshare.catalogue.models import Fee, Instrument, Lab, TestItem, TestItemInstrument
from labshare.catalogue.rules.fees import Step, read_steps
from labshare.catalogue.terms import InstrumentCondition
from labshare.kernel.database import Numbers, db, in_ids
from labshare.kernel.errors import Problem
from labshare.kernel.money import Fen
from labshare.kernel.places import Coordinates, Kilometres, as_the_crow_flies
from labshare.kernel.time import DAY, ExactMinutes, Hours, Minutes, ceil_minute, joined, local_day
from labshare.organisations.models import Firm
from labshare.organisations.terms import SizeClass

Order = Literal["earliest", "cheapest", "nearest"]
NEXT_FEW = 8
"""Gaps of a busy unit that the second statement fetches."""
FAR = timedelta(days=400)
SATURDAY = 5
NO_TIME = timedelta(0)
TIME_TO_ORDER = timedelta(minutes=15)
"""Filling in the order takes a while: an earlier start is chosen by hand only, it would have passed meanwhile."""


@dataclass(frozen=True, kw_only=True)
class Deadlines:
    """The local days that a client names: the test starts, the report is there, on or before them."""

    start_by: date | None = None
    report_by: date | None = None

    def missed(self, slot: Slot, turnaround_days: int) -> date | None:
        """The day that this start does not keep."""
        if self.start_by is not None and local_day(slot.starts_at) > self.start_by:
            return self.start_by
        if self.report_by is not None and report_day(slot.ends_at, turnaround_days) > self.report_by:
            return self.report_by
        return None


def report_day(ends_at: datetime, turnaround_days: int) -> date:
    """The local day by which the report of work that ends then is promised."""
    return local_day(ends_at) + timedelta(days=turnaround_days)


@dataclass(frozen=True, kw_only=True)
class Offer:
    """The earliest feasible slot of one item on one instrument, with its price, and what of item and lab an offer is
    chosen by. `slot` None: none in the time asked; `late`: there is one, but the work ends after `done_by`; `hours`
    those it was worked out for."""

    item_id: int
    instrument_id: int
    lab_id: int
    lab_code: str
    town: str
    """Its code."""
    automatic: bool
    """Whether the lab confirms at once."""
    saturdays: bool
    """Whether it is open on Saturdays: the instrument, where it has hours of its own."""
    name: str
    """The item's."""
    name_en: str | None
    turnaround_days: int
    terms: CancellationTerms
    price: Price
    slot: Slot | None
    late: bool
    distance_km: Kilometres | None
    hours: Hours | None
    average: Average | None
    """The lab's, where it was asked for."""

    @cached_property
    def amount_fen(self) -> Fen:
        return self.price.total_fen


@dataclass(frozen=True, kw_only=True)
class ShownOffer(Offer):
    """With the rows that pages and API show."""

    item: TestItem
    lab: Lab
    instrument: Instrument


class _Terms(NamedTuple):
    """What of an item decides its work; items with the same terms share it."""

    setup: ExactMinutes
    per_sample: ExactMinutes
    per_run: ExactMinutes
    cleanup: Minutes
    samples_per_run: int
    hours_min: Hours | None
    hours_max: Hours | None
    hours_step: Hours | None
    max_quantity: int
    attended: bool
    runs_start_open: bool

    @property
    def item(self) -> ItemTerms:
        return ItemTerms(
            setup=self.setup,
            per_sample=self.per_sample,
            per_run=self.per_run,
            cleanup=self.cleanup,
            samples_per_run=self.samples_per_run,
            hours=hours_choice(self),
            max_quantity=self.max_quantity,
            attended=self.attended,
            runs_start_open=self.runs_start_open,
        )


class _Pair(NamedTuple):
    """One item on one instrument, as the first statement reads it."""

    terms: _Terms
    item_id: int
    instrument_id: int
    lab_id: int
    basis: str
    amount_fen: Fen
    minimum_fen: Fen
    sme_amount_fen: Fen | None
    steps: list[Any] | None
    client_size: str | None
    units: int
    shortest: Minutes | None
    longest: Minutes | None
    needs_calibration: bool
    lead: Minutes
    horizon: Minutes
    grid: int
    latitude: str | None
    longitude: str | None
    turnaround_days: int
    free_cancel: Minutes
    late_percent: int
    no_show_percent: int
    name: str
    name_en: str | None
    lab_code: str
    town: str
    automatic: bool
    ratings: Sequence[int]
    """Of its lab, as `average_of` takes them, where they were asked for."""


_COLUMNS: dict[str, Any] = {
    "item_id": TestItem.id,
    "instrument_id": Instrument.id,
    "lab_id": Instrument.lab_id,
    "setup": TestItem.setup_minutes,
    "per_sample": TestItem.sample_minutes,
    "per_run": TestItem.run_minutes,
    "cleanup": TestItem.cleanup_minutes,
    "samples_per_run": TestItem.samples_per_run,
    "hours_min": TestItem.hours_min,
    "hours_max": TestItem.hours_max,
    "hours_step": TestItem.hours_step,
    "max_quantity": TestItem.max_quantity,
    "attended": TestItem.attended,
    "runs_start_open": TestItem.runs_start_in_hours,
    "basis": Fee.basis,
    "amount_fen": Fee.amount_fen,
    "minimum_fen": Fee.minimum_fen,
    "sme_amount_fen": Fee.sme_amount_fen,
    "steps": Fee.steps,
    "units": Instrument.units,
    "shortest": Instrument.shortest_minutes,
    "longest": Instrument.longest_minutes,
    "needs_calibration": Instrument.needs_calibration,
    "lead": Lab.lead_time_minutes,
    "horizon": Lab.horizon_minutes,
    "grid": Lab.start_grid,
    "latitude": Lab.latitude,
    "longitude": Lab.longitude,
    "turnaround_days": TestItem.turnaround_days,
    "free_cancel": TestItem.free_cancel_minutes,
    "late_percent": TestItem.late_cancel_percent,
    "no_show_percent": TestItem.no_show_percent,
    "name": TestItem.name,
    "name_en": TestItem.name_en,
    "lab_code": Lab.code,
    "town": Lab.town,
    "automatic": Lab.automatic_confirmation,
}
"""Where the fields of `_Terms` and `_Pair` stand."""
_READ = _Pair._fields[1:-1]
"""The fields of a pair between its terms and its lab's ratings."""


@dataclass
class _Question:
    """One pair on its way to an offer."""

    pair: _Pair
    openings: Openings
    work: Work
    certificates: tuple[DayRange, ...] | None
    price: Price
    before: datetime
    plan: Plan | None = None
    """The earliest start that the rules alone allow."""
    hours: Hours | None = None
    slot: Slot | None = None
    open: bool = True

    @cached_property
    def rules(self) -> StartRules:
        """Most are answered without: their first start is that of others, and free."""
        return StartRules(
            self.openings, self.work, InstrumentTerms(grid=self.pair.grid, certificates=self.certificates)
        )

    @property
    def need(self) -> str:
        """The least time that a gap must have, as both engines read it."""
        return f"+{(self.work.duration + self.work.cleanup) // timedelta(seconds=1)} seconds"

    @property
    def likeness(self) -> tuple[object, ...]:
        """What its slot depends on."""
        first = self.plan and self.plan.starts_at
        return self.pair.instrument_id, self.work.shape, first, self.before


def offers(
    items: Select[Any] | Collection[int],
    quantity: int,
    hours: Hours | None,
    now: datetime,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    done_by: datetime | None = None,
    order: Order = "earliest",
    near: Coordinates | None = None,
    instrument_id: int | None = None,
    late_too: bool = False,
    own_hours: bool = False,
    free_to_cancel: bool = False,
    deadlines: Deadlines | None = None,
    client_id: int | None = None,
    averages: bool = False,
    limit: int | None = None,
) -> list[Offer]:
    """The earliest feasible slot of each published item and instrument, over all labs.

    `items`: ids of test items, or a select of them (`catalogue.queries.select_test_items`). Starts lie in
    `[since, until)`, work ends by `done_by`; items that quantity or hours do not fit, or without a fee today, are left
    out, and so is what has no slot (with `late_too` it comes last, so that a page can say so). With `own_hours`,
    `hours` go to the items that offer a choice of them, without any to their shortest, and the others have none.
    Prices are those for the firm `client_id`. `near` is latitude and longitude in degrees; `nearest` orders by it. Ties
    go by price, start, item and instrument.
    With `free_to_cancel` the start is the first that can still be cancelled free of charge, with time to order; the
    very earliest where none can, or where only that keeps the `deadlines` (R-SEARCH-3). With `averages` each has its
    lab's. At most eight statements; `with_rows` asks one more.
    """
    pairs = _pairs(items, local_day(now), instrument_id=instrument_id, client_id=client_id, averages=averages)
    wish = _Wish(
        quantity=quantity, hours=hours, now=now, since=max(now, since or now), until=until, own_hours=own_hours
    )
    if free_to_cancel:
        questions = _free_or_soonest(pairs, wish, deadlines or Deadlines())
    else:
        questions = _questions(pairs, wish)
        _answer(questions, now)
    ranked: list[_Ranked] = []
    for question in questions:
        slot = question.slot
        late = slot is not None and done_by is not None and slot.ends_at > done_by
        if (slot is None or late) and not late_too:
            continue
        distance = _distance(near, question.pair) if near is not None else None
        ranked.append(_Ranked(_key(order, question, late, distance), question, late, distance))
    ranked.sort(key=lambda one: one.key)
    sums = {pair.lab_id: pair.ratings for pair in pairs if any(pair.ratings)}
    rated = {lab_id: average_of(of_lab) for lab_id, of_lab in sums.items()}
    return [_offer(one, rated.get(one.question.pair.lab_id), local_day(now)) for one in ranked[:limit]]


def _pairs(
    items: Select[Any] | Collection[int],
    today: date,
    *,
    instrument_id: int | None,
    client_id: int | None,
    averages: bool,
) -> list[_Pair]:
    wanted: ColumnElement[bool] = (
        TestItem.id.in_(items)
        if isinstance(items, Select)
        else in_ids(TestItem.id, bindparam("items", items, type_=Numbers))
    )
    size = select(Firm.size_class).where(Firm.id == client_id).scalar_subquery()
    columns = _COLUMNS | {"client_size": null() if client_id is None else size}
    query = (
        select(*(columns[name] for name in (*_Terms._fields, *_READ)))
        .select_from(TestItem)
        .join(TestItemInstrument, TestItemInstrument.test_item_id == TestItem.id)
        .join(Instrument, Instrument.id == TestItemInstrument.instrument_id)
        .join(Lab, Lab.id == TestItem.lab_id)
        .join(
            Fee,
            and_(
                Fee.test_item_id == TestItem.id,
                Fee.in_force_on(today),
            ),
        )
        .where(
            wanted,
            TestItem.published,
            Lab.published,
            Instrument.published,
            Instrument.condition != InstrumentCondition.TO_BE_SCRAPPED,
        )
    )
    if instrument_id is not None:
        query = query.where(Instrument.id == instrument_id)
    if averages:
        sums = sums_by(Rating.lab_id, select(TestItem.lab_id).where(wanted), today).subquery()
        query = query.outerjoin(sums, sums.c.lab_id == Lab.id).add_columns(*list(sums.c)[1:])
    of_terms, of_pair = len(_Terms._fields), len(_Terms._fields) + len(_READ)
    return [
        _Pair._make((_Terms(*row[:of_terms]), *row[of_terms:of_pair], row[of_pair:]))
        for row in db.session.execute(query)
    ]


@lru_cache(maxsize=4096)
def _work(terms: _Terms, quantity: int, hours: Hours | None) -> Work | None:
    """The same object for the same work; None where quantity or hours do not fit."""
    item = terms.item
    return None if question_problems(item, quantity, hours) else work_agreed(item, quantity, hours)


_Fee = tuple[str, Fen, Fen, Fen | None, tuple[Step, ...]]


def _fee(pair: _Pair) -> _Fee:
    return pair.basis, pair.amount_fen, pair.minimum_fen, pair.sme_amount_fen, read_steps(pair.steps)


@lru_cache(maxsize=4096)
def _price(terms: _Terms, quantity: int, hours: Hours | None, fee: _Fee, sme: bool) -> Price:
    """Of work that fits."""
    basis, amount_fen, minimum_fen, sme_amount_fen, steps = fee
    of_fee = FeeTerms(
        basis=basis, amount_fen=amount_fen, minimum_fen=minimum_fen, sme_amount_fen=sme_amount_fen, steps=steps
    )
    return price_of(of_fee, work_of(terms.item, quantity, hours), sme=sme)


@lru_cache(maxsize=512)
def _cancellation(*, free_minutes: Minutes, late_percent: int, no_show_percent: int) -> CancellationTerms:
    return CancellationTerms(free_minutes=free_minutes, late_percent=late_percent, no_show_percent=no_show_percent)


@dataclass(frozen=True, kw_only=True)
class _Wish:
    """What is asked of every pair."""

    quantity: int
    hours: Hours | None
    now: datetime
    since: datetime
    until: datetime | None
    own_hours: bool

    def hours_of(self, pair: _Pair) -> Hours | None:
        if not self.own_hours:
            return self.hours
        return None if pair.terms.hours_min is None else self.hours or pair.terms.hours_min


class _ByRules:
    """Price and earliest start by the rules alone. What like pairs share is worked out once."""

    def __init__(self, pairs: Sequence[_Pair], wish: _Wish) -> None:
        self._wish = wish
        self._opens = openings_of({pair.lab_id for pair in pairs}, wish.since)
        certificates = certificates_of({pair.instrument_id for pair in pairs if pair.needs_calibration})
        self._calibrated = {key: tuple(joined(days, DAY)) for key, days in certificates.items()}
        self._fitting: dict[tuple[Any, ...], bool] = {}
        self._windows: dict[tuple[Any, ...], tuple[datetime, datetime]] = {}
        self._first_starts: dict[tuple[Any, ...], tuple[Plan | None, DayRange | None]] = {}

    def question(self, pair: _Pair, notice: timedelta = NO_TIME) -> _Question | None:
        """None where quantity, hours or the instrument's limits exclude the pair. `notice`: how far ahead it starts."""
        quantity, hours = self._wish.quantity, self._wish.hours_of(pair)
        work = _work(pair.terms, quantity, hours)
        if work is None or not self._fits(pair, work):
            return None
        after, before = self._window(pair, notice)
        question = _Question(
            pair,
            self._opens.of_instrument(pair.instrument_id, lab_id=pair.lab_id),
            work,
            self._calibrated.get(pair.instrument_id, ()) if pair.needs_calibration else None,
            _price(pair.terms, quantity, hours, _fee(pair), pair.client_size in SizeClass.smes()),
            before,
            hours=hours,
        )
        question.plan = self._earliest(question, after)
        question.open = question.plan is not None
        return question

    def _fits(self, pair: _Pair, work: Work) -> bool:
        """Whether the work's length suits the instrument's limits."""
        key = (id(work), pair.shortest, pair.longest)
        if key not in self._fitting:
            within = (pair.shortest or 0) <= work.minutes and (pair.longest is None or work.minutes <= pair.longest)
            self._fitting[key] = work.minutes > 0 and within
        return self._fitting[key]

    def _window(self, pair: _Pair, notice: timedelta) -> tuple[datetime, datetime]:
        """From when on, and before when, what is asked for may start."""
        key = (pair.lead, pair.horizon, notice)
        if key not in self._windows:
            distance = InstrumentTerms(lead=timedelta(minutes=pair.lead), horizon=timedelta(minutes=pair.horizon))
            first, before = distance.first_allowed(self._wish.now), distance.allowed_before(self._wish.now)
            after = max(self._wish.since, first, ceil_minute(self._wish.now + notice))
            self._windows[key] = after, before if self._wish.until is None else min(before, self._wish.until)
        return self._windows[key]

    def _earliest(self, question: _Question, after: datetime) -> Plan | None:
        """Instruments of like labs differ in calibration alone: the start without it is shared and then checked."""
        key = (id(question.openings), question.work.shape, question.pair.grid, after, question.before)
        if key not in self._first_starts:
            self._first_starts[key] = _first_start(question, after)
        plan, days = self._first_starts[key]
        if plan is None or days is None or _covered(question.certificates, days):
            return plan
        start = question.rules.next_start(plan.starts_at, question.before)
        return question.rules.plan(start) if start is not None else None


def _questions(pairs: Sequence[_Pair], wish: _Wish) -> list[_Question]:
    if not pairs:
        return []
    by_rules = _ByRules(pairs, wish)
    return [question for question in map(by_rules.question, pairs) if question is not None]


def _free_or_soonest(pairs: Sequence[_Pair], wish: _Wish, deadlines: Deadlines) -> list[_Question]:
    """The start that can be cancelled free of charge, or the soonest where only that is there, or in time."""
    if not pairs:
        return []
    by_rules = _ByRules(pairs, wish)
    free = [one for pair in pairs if (one := by_rules.question(pair, _notice(pair))) is not None]
    charged = [one.pair for one in free if one.pair.late_percent and (one.plan is None or deadlines != Deadlines())]
    soonest = [one for pair in charged if (one := by_rules.question(pair)) is not None]
    _answer([*free, *soonest], wish.now)
    sooner = {id(one.pair): one for one in soonest if one.slot is not None}

    def better(one: _Question) -> _Question:
        other, days = sooner.get(id(one.pair)), one.pair.turnaround_days
        if other is None or other.slot is None:
            return one
        if one.slot is None or (deadlines.missed(one.slot, days) and not deadlines.missed(other.slot, days)):
            return other
        return one

    return [better(one) for one in free]


def _notice(pair: _Pair) -> timedelta:
    """How far ahead a start must lie to be cancelled free of charge, with the time that ordering takes."""
    return timedelta(minutes=pair.free_cancel) + TIME_TO_ORDER if pair.late_percent else NO_TIME


def _first_start(question: _Question, after: datetime) -> tuple[Plan | None, DayRange | None]:
    rules = StartRules(question.openings, question.work, InstrumentTerms(grid=question.pair.grid))
    start = rules.next_start(after, question.before)
    return (None, None) if start is None else (rules.plan(start), rules.days_touched(start))


def _covered(certificates: Sequence[DayRange] | None, days: DayRange) -> bool:
    return certificates is None or any(one.first <= days.first and days.last <= one.last for one in certificates)


# -- asking the holdings


def _answer(questions: Sequence[_Question], now: datetime) -> None:
    """Give every question its slot; those that are alike are asked once."""
    alike: dict[tuple[object, ...], list[_Question]] = {}
    for question in questions:
        if question.open:
            alike.setdefault(question.likeness, []).append(question)
    asked = [group[0] for group in alike.values()]
    _take_if_free(asked, now)
    for few in (NEXT_FEW, None):
        waiting = [question for question in asked if question.open]
        if waiting:
            _search(waiting, _gaps(waiting, now, few), few)
    for first, *others in alike.values():
        for other in others:
            other.slot, other.open = first.slot, first.open


def _take_if_free(questions: Sequence[_Question], now: datetime) -> None:
    """First probe: is a unit free at the earliest start?"""
    asked = (
        Asked(number, question.pair.instrument_id, question.plan.starts_at, question.plan.holding_ends_at)
        for number, question in enumerate(questions)
        if question.plan is not None
    )
    for number, units in free_units(asked, now).items():
        question = questions[number]
        if question.plan is not None:
            plan = question.plan
            question.slot = Slot(
                starts_at=plan.starts_at,
                ends_at=plan.ends_at,
                holding_ends_at=plan.holding_ends_at,
                instrument_id=question.pair.instrument_id,
                unit=min(units),
                units_free=len(units),
            )
            question.open = False


def _gaps(questions: Sequence[_Question], now: datetime, few: int | None) -> dict[tuple[int, int], list[Gap]]:
    """By question and unit, the gaps that are long enough for the work and begin after its earliest start: the next
    `few`, or all."""
    asked = (
        Asked(number, question.pair.instrument_id, question.plan.starts_at, question.before, question.need)
        for number, question in enumerate(questions)
        if question.plan is not None
    )
    return gaps(asked, now, few)


def _search(questions: Sequence[_Question], found: dict[tuple[int, int], list[Gap]], few: int | None) -> None:
    """Take the first gap that holds the work under every rule; a question stays open where the gaps known do not reach
    far enough. Gaps that begin before the earliest start cannot hold it: they would have held that one."""
    for number, question in enumerate(questions):
        by_unit = [sorted(found.get((number, unit), ()), key=_begins) for unit in range(1, question.pair.units + 1)]
        best: Plan | None = None
        best_unit = 0
        for unit, known in enumerate(by_unit, 1):
            plan = _first_fit(question.rules, known, question.before if best is None else best.starts_at)
            if plan is not None:
                best, best_unit = plan, unit
        reaches = [moment(known[-1][0]) for known in by_unit if few is not None and len(known) >= few]
        if reaches and (best is None or best.starts_at > min(reaches)):
            continue
        question.open = False
        if best is not None:
            free = sum(any(_holds(gap, best) for gap in known) for known in by_unit)
            question.slot = Slot(
                starts_at=best.starts_at,
                ends_at=best.ends_at,
                holding_ends_at=best.holding_ends_at,
                instrument_id=question.pair.instrument_id,
                unit=best_unit,
                units_free=free,
            )


def _begins(gap: Gap) -> Any:
    return gap[0]


def _first_fit(rules: StartRules, gaps: Sequence[Gap], before: datetime) -> Plan | None:
    for gap in gaps:
        start = rules.next_start(moment(gap[0]), before)
        if start is None:
            return None
        ends = None if gap[1] is None else moment(gap[1])
        if ends is not None and start >= ends:
            continue
        plan = rules.plan(start)
        if ends is None or plan.holding_ends_at <= ends:
            return plan
    return None


def _holds(gap: Gap, plan: Plan) -> bool:
    return moment(gap[0]) <= plan.starts_at and (gap[1] is None or plan.holding_ends_at <= moment(gap[1]))


# -- order and rows


class _Ranked(NamedTuple):
    """A question that gives an offer, and its place among them."""

    key: tuple[Any, ...]
    question: _Question
    late: bool
    distance: Kilometres | None


def _key(order: Order, question: _Question, late: bool, distance: Kilometres | None) -> tuple[Any, ...]:
    slot, price = question.slot, question.price.total_fen
    starts_at = slot.starts_at if slot is not None else question.before + FAR
    last = (question.pair.item_id, question.pair.instrument_id)
    useless = slot is None or late
    if order == "cheapest":
        return (useless, price, starts_at, *last)
    if order == "nearest":
        return (useless, distance is None, distance or 0, starts_at, price, *last)
    return (useless, starts_at, price, *last)


def _distance(near: Coordinates | None, pair: _Pair) -> Kilometres | None:
    """As the crow flies; None where the lab has no place on the map."""
    if near is None or pair.latitude is None or pair.longitude is None:
        return None
    return as_the_crow_flies(near, (pair.latitude, pair.longitude))


def _offer(one: _Ranked, average: Average | None, day: date) -> Offer:
    question, pair = one.question, one.question.pair
    return Offer(
        item_id=pair.item_id,
        instrument_id=pair.instrument_id,
        lab_id=pair.lab_id,
        lab_code=pair.lab_code,
        town=pair.town,
        automatic=pair.automatic,
        saturdays=bool(question.openings.hours.on(day)[SATURDAY]),
        name=pair.name,
        name_en=pair.name_en,
        turnaround_days=pair.turnaround_days,
        terms=_cancellation(
            free_minutes=pair.free_cancel, late_percent=pair.late_percent, no_show_percent=pair.no_show_percent
        ),
        price=question.price,
        slot=question.slot,
        late=one.late,
        distance_km=one.distance,
        hours=question.hours,
        average=average,
    )


_FIELDS = [each.name for each in fields(Offer)]


def with_rows(found: Sequence[Offer]) -> list[ShownOffer]:
    """The offers with the rows that pages and API show; one statement."""
    if not found:
        return []
    query = (
        select(TestItem, Instrument)
        .join(TestItemInstrument, TestItemInstrument.test_item_id == TestItem.id)
        .join(Instrument, Instrument.id == TestItemInstrument.instrument_id)
        .options(joinedload(TestItem.lab))
        .where(TestItem.id.in_({one.item_id for one in found}), Instrument.id.in_({one.instrument_id for one in found}))
    )
    items: dict[int, TestItem] = {}
    instruments: dict[int, Instrument] = {}
    for item, instrument in db.session.execute(query):
        items[item.id], instruments[instrument.id] = item, instrument
    return [
        ShownOffer(
            **{field: getattr(one, field) for field in _FIELDS},
            item=items[one.item_id],
            lab=items[one.item_id].lab,
            instrument=instruments[one.instrument_id],
        )
        for one in found
    ]


@dataclass(frozen=True)
class Misfit:
    """An item that quantity or hours do not fit, with what is wrong at each field."""

    item: TestItem
    hours: Hours | None
    problems: tuple[Problem, ...]


def misfits(items: Collection[int], quantity: int, hours: Hours | None) -> list[Misfit]:
    """Of these items those that could be offered for another quantity or other hours (as `offers` with `own_hours`),
    in the order given. One statement."""
    if not items:
        return []
    found = {}
    rows = db.session.scalars(
        select(TestItem)
        .options(joinedload(TestItem.lab))
        .where(in_ids(TestItem.id, bindparam("items", list(items), type_=Numbers)))
    )
    for item in rows:
        asked = None if item.hours_min is None else hours or item.hours_min
        if problems := question_problems(item_terms(item), quantity, asked):
            found[item.id] = Misfit(item, asked, tuple(problems))
    return [found[item_id] for item_id in items if item_id in found]
