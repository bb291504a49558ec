"""The whole market in one question: every lab's earliest slot and full price for a test.

Fast by construction. The earliest start by the rules alone is worked out once for each lab's hours and length of work.
Then one statement asks the index of `holding`, for every instrument unit at once, whether it is free at that start.
Only for those that are not, a second statement fetches their next few gaps of sufficient length, and a third the rest
of the time asked for, where even that was not enough. There are as many statements for one offer as for a thousand.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, bindparam, select
from sqlalchemy.orm import joinedload

from labshare.booking.queries.gaps import Gap, free_units, gaps, moment
from labshare.booking.queries.loading import certificates_of, hours_of_labs, item_terms, working_days
from labshare.booking.rules.price import Fee as FeeTerms
from labshare.booking.rules.price import HoursChoice, ItemTerms, Price, Work, price_of, question_problems, work_agreed
from labshare.booking.rules.slots import Slot
from labshare.booking.rules.time import DayRange, InstrumentTerms, LabHours, Openings, Plan, StartRules, WorkingDays
from labshare.catalogue.models import Fee, Instrument, Lab, TestItem, TestItemInstrument
from labshare.catalogue.terms import InstrumentCondition
from labshare.kernel.database import Numbers, db, in_ids
from labshare.kernel.errors import Problem
from labshare.kernel.places import Coordinates, Kilometres, as_the_crow_flies
from labshare.kernel.time import local_day, local_zone

Order = Literal["earliest", "cheapest", "nearest"]
NEXT_FEW = 8
"""Gaps of a busy unit that the second statement fetches."""
FAR = timedelta(days=400)


@dataclass(frozen=True)
class Offer:
    """The earliest feasible slot of one item on one instrument, with its price. `slot` None: none in the time asked;
    `late`: there is one, but the work ends after `done_by`; `hours` those it was worked out for."""

    item: TestItem
    lab: Lab
    instrument: Instrument
    price: Price
    slot: Slot | None
    late: bool = False
    distance_km: Kilometres | None = None
    hours: Decimal | int | None = None

    @property
    def amount_fen(self) -> int:
        return self.price.total_fen


class _Pair(NamedTuple):
    """One item on one instrument, as the first statement reads it."""

    item_id: int
    instrument_id: int
    lab_id: int
    setup: Decimal
    per_sample: Decimal
    per_run: Decimal
    cleanup: int
    samples_per_run: int
    hours_min: int | None
    hours_max: int | None
    hours_step: int | None
    max_quantity: int
    attended: bool
    runs_start_open: bool
    fee_id: int
    basis: str
    amount_fen: int
    minimum_fen: int
    units: int
    shortest: int | None
    longest: int | None
    needs_calibration: bool
    lead: int
    horizon: int
    latitude: str | None
    longitude: str | None


_COLUMNS = (
    TestItem.id,
    Instrument.id,
    Instrument.lab_id,
    TestItem.setup_minutes,
    TestItem.sample_minutes,
    TestItem.run_minutes,
    TestItem.cleanup_minutes,
    TestItem.samples_per_run,
    TestItem.hours_min,
    TestItem.hours_max,
    TestItem.hours_step,
    TestItem.max_quantity,
    TestItem.attended,
    TestItem.runs_start_in_hours,
    Fee.id,
    Fee.basis,
    Fee.amount_fen,
    Fee.minimum_fen,
    Instrument.units,
    Instrument.shortest_minutes,
    Instrument.longest_minutes,
    Instrument.needs_calibration,
    Lab.lead_time_minutes,
    Lab.horizon_minutes,
    Lab.latitude,
    Lab.longitude,
)


@dataclass
class _Question:
    """One pair on its way to an offer."""

    pair: _Pair
    rules: StartRules
    price: Price
    before: datetime
    plan: Plan | None
    """The earliest start that the rules alone allow."""
    hours: Decimal | int | None = None
    slot: Slot | None = None
    open: bool = True

    @property
    def need(self) -> str:
        """The least time that a gap must have, as both engines read it."""
        work = self.rules.work
        return f"+{(work.duration + work.cleanup) // timedelta(seconds=1)} seconds"


def offers(
    items: Select[Any] | Collection[int],
    quantity: int,
    hours: Decimal | int | None,
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
    limit: int | None = None,
) -> list[Offer]:
    """The earliest feasible slot of each published item and instrument, over all labs.

    `items`: ids of test items, or a select of them (`catalogue.queries.select_test_items`). Starts lie in
    `[since, until)`, work ends by `done_by`; items that quantity or hours do not fit, or without a fee today, are left
    out, and so is what has no slot (with `late_too` it comes last, so that a page can say so). With `own_hours`,
    `hours` go to the items that offer a choice of them, without any to their shortest, and the others have none.
    `near` is latitude and longitude in degrees; `nearest` orders by it. Ties go by price, start, item and instrument.
    At most eight statements.
    """
    pairs = _pairs(items, instrument_id, local_day(now))
    asked_since = max(now, since or now)
    questions = _questions(pairs, quantity, hours, now, asked_since, until, own_hours)
    _answer(questions, now)
    kept: list[tuple[tuple[Any, ...], _Question, bool, Kilometres | None]] = []
    for question in questions:
        slot = question.slot
        late = slot is not None and done_by is not None and slot.ends_at > done_by
        if (slot is None or late) and not late_too:
            continue
        distance = _distance(near, question.pair) if near is not None else None
        kept.append((_key(order, question, late, distance), question, late, distance))
    kept.sort(key=lambda one: one[0])
    return _with_rows(kept[:limit])


def _pairs(items: Select[Any] | Collection[int], instrument_id: int | None, today: date) -> list[_Pair]:
    wanted: ColumnElement[bool] = (
        TestItem.id.in_(items)
        if isinstance(items, Select)
        else in_ids(TestItem.id, bindparam("items", items, type_=Numbers))
    )
    query = (
        select(*_COLUMNS)
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
    return [_Pair._make(row) for row in db.session.execute(query)]


@lru_cache(maxsize=4096)
def _work(terms: tuple[Any, ...], quantity: int, hours: Decimal | int | None) -> Work | None:
    setup, per_sample, per_run, cleanup, samples_per_run, least, most, step, max_quantity, attended, start_open = terms
    item = ItemTerms(
        setup=setup,
        per_sample=per_sample,
        per_run=per_run,
        cleanup=cleanup,
        samples_per_run=samples_per_run,
        hours=None if least is None else HoursChoice(least, most, step),
        max_quantity=max_quantity,
        attended=attended,
        runs_start_open=start_open,
    )
    return None if question_problems(item, quantity, hours) else work_agreed(item, quantity, hours)


def _fits(work: Work, shortest: int | None, longest: int | None) -> bool:
    """Whether the work's length suits an instrument with these limits."""
    return work.minutes > 0 and (shortest or 0) <= work.minutes and (longest is None or work.minutes <= longest)


def _questions(
    pairs: Sequence[_Pair],
    quantity: int,
    hours: Decimal | int | None,
    now: datetime,
    since: datetime,
    until: datetime | None,
    own_hours: bool,
) -> list[_Question]:
    """Price and earliest start by the rules alone; what quantity, hours or the instrument's limits exclude is left
    out."""
    if not pairs:
        return []
    zone = local_zone()
    calendar: WorkingDays = working_days()
    # labs with the same hours and closures share their openings
    of_hours: dict[LabHours, Openings] = {}
    openings = {
        lab_id: of_hours.setdefault(lab_hours, Openings(lab_hours, calendar, zone, since))
        for lab_id, lab_hours in hours_of_labs({pair.lab_id for pair in pairs}, now).items()
    }
    fits: dict[tuple[Any, ...], bool] = {}
    prices: dict[tuple[Any, ...], Price] = {}
    certificates = certificates_of({pair.instrument_id for pair in pairs if pair.needs_calibration})
    first_starts: dict[tuple[Any, ...], tuple[Plan | None, DayRange | None]] = {}
    found: list[_Question] = []
    for pair in pairs:
        asked = (None if pair.hours_min is None else hours or pair.hours_min) if own_hours else hours
        work = _work(pair[3:14], quantity, asked)
        if work is None:
            continue
        terms = InstrumentTerms(
            units=pair.units,
            lead=timedelta(minutes=pair.lead),
            horizon=timedelta(minutes=pair.horizon),
            shortest=pair.shortest,  # type: ignore[arg-type]
            longest=pair.longest,  # type: ignore[arg-type]
            certificates=certificates.get(pair.instrument_id, ()) if pair.needs_calibration else None,
            id=pair.instrument_id,
        )
        limits = (id(work), pair.shortest, pair.longest)  # `_work` gives the same object for the same work
        if limits not in fits:
            fits[limits] = _fits(work, pair.shortest, pair.longest)
        if not fits[limits]:
            continue
        rules = StartRules(openings[pair.lab_id], work, terms)
        after = max(since, rules.first_allowed(now))
        before = rules.allowed_before(now)
        if until is not None:
            before = min(before, until)
        # instruments of like labs differ in calibration alone: the start without it is shared and then checked
        key = (id(rules.openings), id(work), pair.lead, pair.horizon)
        if key not in first_starts:
            first_starts[key] = _first_start(rules.openings, work, after, before)
        plan, days = first_starts[key]
        if plan is not None and days is not None and not _covered(rules, days):
            start = rules.next_start(plan.starts_at, before)
            plan = rules.plan(start) if start is not None else None
        fee = (pair.basis, pair.amount_fen, pair.minimum_fen)
        if (*fee, id(work)) not in prices:
            prices[*fee, id(work)] = price_of(FeeTerms(*fee), work)
        found.append(_Question(pair, rules, prices[*fee, id(work)], before, plan, asked, open=plan is not None))
    return found


def _first_start(
    openings: Openings, work: Work, after: datetime, before: datetime
) -> tuple[Plan | None, DayRange | None]:
    rules = StartRules(openings, work, InstrumentTerms())
    start = rules.next_start(after, before)
    return (None, None) if start is None else (rules.plan(start), rules.days_touched(start))


def _covered(rules: StartRules, days: DayRange) -> bool:
    return rules.calibrated is None or any(
        one.first <= days.first and days.last <= one.last for one in rules.calibrated
    )


# -- asking the holdings


def _answer(questions: Sequence[_Question], now: datetime) -> None:
    """Give every question its slot."""
    _take_if_free([question for question in questions if question.open], now)
    for few in (NEXT_FEW, None):
        waiting = [question for question in questions if question.open]
        if waiting:
            _search(waiting, _gaps(waiting, now, few), few)


def _take_if_free(questions: Sequence[_Question], now: datetime) -> None:
    """First probe: is a unit free at the earliest start?"""
    asked = (
        (number, question.pair.instrument_id, question.plan.starts_at, question.plan.holding_ends_at)
        for number, question in enumerate(questions)
        if question.plan is not None
    )
    for number, units in free_units(asked, now).items():
        question = questions[number]
        if question.plan is not None:
            plan = question.plan
            question.slot = Slot(
                plan.starts_at, plan.ends_at, plan.holding_ends_at, question.pair.instrument_id, min(units), len(units)
            )
            question.open = False


def _gaps(questions: Sequence[_Question], now: datetime, few: int | None) -> dict[tuple[int, int], list[Gap]]:
    """By question and unit, the gaps that are long enough for the work and begin after its earliest start: the next
    `few`, or all."""
    asked = (
        (number, question.pair.instrument_id, question.plan.starts_at, question.before, question.need)
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
                best.starts_at, best.ends_at, best.holding_ends_at, question.pair.instrument_id, best_unit, free
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


def _with_rows(kept: Sequence[tuple[tuple[Any, ...], _Question, bool, Kilometres | None]]) -> list[Offer]:
    """The offers with the rows that pages and API show; one statement."""
    if not kept:
        return []
    pairs = [question.pair for _, question, _, _ in kept]
    items: dict[int, TestItem] = {}
    instruments: dict[int, Instrument] = {}
    for item, one in db.session.execute(
        select(TestItem, Instrument)
        .join(TestItemInstrument, TestItemInstrument.test_item_id == TestItem.id)
        .join(Instrument, Instrument.id == TestItemInstrument.instrument_id)
        .options(joinedload(TestItem.lab))
        .where(
            TestItem.id.in_({pair.item_id for pair in pairs}), Instrument.id.in_({pair.instrument_id for pair in pairs})
        )
    ):
        items[item.id], instruments[one.id] = item, one
    return [
        Offer(
            items[question.pair.item_id],
            items[question.pair.item_id].lab,
            instruments[question.pair.instrument_id],
            question.price,
            question.slot,
            late,
            distance,
            question.hours,
        )
        for _, question, late, distance in kept
    ]


@dataclass(frozen=True)
class Misfit:
    """An item that quantity or hours do not fit, with what is wrong at each field."""

    item: TestItem
    hours: Decimal | int | None
    problems: tuple[Problem, ...]


def misfits(items: Collection[int], quantity: int, hours: Decimal | int | None) -> list[Misfit]:
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
