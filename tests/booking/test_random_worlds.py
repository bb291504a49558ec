"""Availability, slots and the earliest start equal a minute-by-minute reference in random worlds."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from labshare.booking.rules import slots
from labshare.booking.rules.price import HoursChoice, ItemTerms, work_of
from labshare.booking.rules.starts import InstrumentTerms, StartRules
from labshare.booking.rules.time import Closure, DayRange, LabHours, Openings, WorkingDays
from labshare.booking.terms import DayKind
from tests.booking.reference import World

pytestmark = pytest.mark.slow

SHANGHAI = ZoneInfo("Asia/Shanghai")
# a country where clocks change: the weeks around both turns, and one without
PLACES = [
    (SHANGHAI, date(2026, 11, 20)),
    (SHANGHAI, date(2026, 9, 26)),
    (ZoneInfo("Europe/Berlin"), date(2026, 3, 27)),
    (ZoneInfo("Europe/Berlin"), date(2026, 10, 23)),
    (ZoneInfo("America/New_York"), date(2026, 10, 30)),
    (ZoneInfo("Australia/Lord_Howe"), date(2026, 4, 3)),  # half an hour
]
DAYS = 5
quarter_hours = st.integers(0, 95).map(lambda n: n * 15)


@st.composite
def opening_days(draw: st.DrawFn) -> list[tuple[int, int]]:
    kind = draw(st.sampled_from(["shut", "plain", "lunch", "night", "all day", "any"]))
    if kind == "shut":
        return []
    if kind == "plain":
        return [(480, 1020)]
    if kind == "lunch":
        return draw(st.sampled_from([[(480, 720), (780, 1020)], [(480, 720), (720, 1020)], [(120, 150), (165, 900)]]))
    if kind == "night":
        return [(1320, 1800)]
    if kind == "all day":
        return [(0, 1440)]
    opens = draw(quarter_hours)
    return [(opens, opens + draw(st.integers(1, 96)) * 15)]


@st.composite
def holdings(draw: st.DrawFn, begin: datetime) -> list[tuple[datetime, datetime]]:
    taken, at = [], draw(st.integers(0, 900))
    for _ in range(draw(st.integers(0, 6))):
        length = draw(st.integers(1, 700))
        taken.append((begin + timedelta(minutes=at), begin + timedelta(minutes=at + length)))
        at += length + draw(st.sampled_from([0, 0, 30, 45, 240, 800]))
    return taken


@st.composite
def worlds(draw: st.DrawFn) -> tuple[World, StartRules, slots.Candidate]:
    zone, first = draw(st.sampled_from(PLACES))
    begin = datetime.combine(first, datetime.min.time(), tzinfo=zone).astimezone(UTC)
    days = [first + timedelta(days=n) for n in range(DAYS)]
    weekly = [draw(opening_days()) for _ in range(7)]
    holidays = set(draw(st.lists(st.sampled_from(days), max_size=1)))
    make_up = set(draw(st.lists(st.sampled_from(days), max_size=1))) - holidays
    closures = []
    for _ in range(draw(st.integers(0, 2))):
        since = begin + timedelta(minutes=draw(st.integers(0, DAYS * 1440)))
        closures.append((since, since + timedelta(minutes=draw(st.sampled_from([30, 60, 700, 3000])))))
    certificates = draw(
        st.sampled_from(
            [
                None,
                None,
                [(first, first + timedelta(days=300))],
                [(first, days[1]), (days[2], days[3])],
                [(first, days[0]), (days[2], days[4] + timedelta(days=3))],
                [],
            ]
        )
    )
    units = [draw(holdings(begin)) for _ in range(draw(st.integers(1, 3)))]
    attended = draw(st.booleans())
    minutes = st.sampled_from(["0", "0.5", "1", "7.25", "30", "60", "90"]).map(Decimal)
    choice = None if draw(st.booleans()) else HoursChoice(min=1, max=40, step=1)
    item = ItemTerms(
        setup=draw(minutes),
        per_sample=draw(minutes),
        per_run=draw(minutes) + 1,
        cleanup=draw(minutes),
        samples_per_run=draw(st.integers(1, 3)),
        hours=choice,
        max_quantity=6,
        attended=attended,
        runs_start_open=draw(st.booleans()),
    )
    quantity = draw(st.integers(1, 6))
    hours = None if choice is None else draw(st.sampled_from([1, 2, 8, 24]))
    work = work_of(item, quantity, hours)
    now = begin + timedelta(minutes=draw(st.integers(0, 1440)), seconds=draw(st.sampled_from([0, 30])))
    lead = draw(st.sampled_from([0, 0, 90, 1440]))
    horizon = draw(st.sampled_from([None, 2880, 4320]))

    # the reference works its own numbers out of the same terms
    one_run = Fraction(item.per_run) if hours is None else Fraction(hours) * 60
    runs = -(-quantity // item.samples_per_run)
    before_further_run = item.samples_per_run * Fraction(item.per_sample) + one_run
    world = World(
        zone=zone,
        first=first,
        days=DAYS,
        weekly=weekly,
        holidays=holidays,
        make_up=make_up,
        closures=closures,
        certificates=certificates,
        holdings=units,
        now=now,
        lead=lead,
        horizon=horizon,
        setup=Fraction(item.setup),
        work=Fraction(item.setup) + quantity * Fraction(item.per_sample) + runs * one_run,
        cleanup=Fraction(item.cleanup),
        attended=attended,
        run_starts=[
            Fraction(item.setup) + number * before_further_run
            for number in range(1, runs)
            if item.runs_start_open and not attended
        ],
    )
    kinds = dict.fromkeys(holidays, DayKind.HOLIDAY) | dict.fromkeys(make_up, DayKind.MAKE_UP)
    openings = Openings(
        LabHours(tuple(tuple(day) for day in weekly), tuple(Closure(*closure) for closure in closures)),
        WorkingDays(kinds, frozenset({2026})),
        zone,
        begin,
    )
    instrument = InstrumentTerms(
        units=len(units),
        lead=timedelta(minutes=lead),
        horizon=None if horizon is None else timedelta(minutes=horizon),
        certificates=None if certificates is None else tuple(DayRange(*one) for one in certificates),
        id=1,
    )
    rules = StartRules(openings, work, instrument)
    busy = [[slots.Taken(*holding) for holding in unit] for unit in units]
    return world, rules, slots.Candidate(rules, busy)


some = settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example, HealthCheck.data_too_large],
)


@some
@given(worlds(), st.integers(0, DAYS * 1440), st.sampled_from([0, 1, 60, 1440, 9999]))
def test_earliest_start(world_and_rules, since, length):  # type: ignore[no-untyped-def]
    world, rules, candidate = world_and_rules
    after = max(world.moment(since), rules.first_allowed(world.now))
    before = min(world.moment(min(since + length, DAYS * 1440)), rules.allowed_before(world.now))
    expected = world.earliest(after, before)
    found = slots.earliest(candidate, after=after, before=before)
    assert (found and world.index(found.starts_at)) == expected
    if found is not None:
        assert (found.ends_at, found.holding_ends_at) == world.holding_end(expected)
        assert found.units_free == world.units_free(expected)
        assert not rules.problems(found.starts_at, now=world.now)


@some
@given(worlds())
def test_availability(world_and_rules):  # type: ignore[no-untyped-def]
    world, rules, candidate = world_and_rules
    since, until = world.moment(100), world.moment(DAYS * 1440)
    intervals = slots.on_calibrated_days(
        rules.openings.between(since, until), rules.instrument.certificates, rules.openings
    )
    segments = slots.availability(intervals, candidate.busy)
    assert [(world.index(s.starts_at), world.index(s.ends_at), s.units_free) for s in segments] == world.availability(
        since, until
    )


@some
@given(worlds(), st.integers(0, DAYS * 1440))
def test_slots_to_choose_from_and_alternatives(world_and_rules, asked):  # type: ignore[no-untyped-def]
    world, _rules, candidate = world_and_rules
    since, until = world.moment(0), world.moment(DAYS * 1440)
    days = slots.slots_by_day([candidate], since, until, now=world.now)
    offered = [slot for day in days for slot in day.slots]
    for slot in offered:
        place = world.index(slot.starts_at)
        assert slot.free == world.bookable(place)
        assert slot.units_free == (world.units_free(place) if slot.free else 0)
    for day in days:
        assert day.slots or day.note is not None
    asked_at = world.moment(asked)
    nearest = slots.alternatives([candidate], asked_at, now=world.now, since=since, until=until)
    free = {slot.starts_at for slot in offered if slot.free}
    if world.bookable(asked):
        free.add(asked_at)
    expected = sorted(free, key=lambda start: (abs(start - asked_at), start))[:3]
    assert [slot.starts_at for slot in nearest] == sorted(expected)


@some
@given(worlds(), st.lists(st.integers(0, DAYS * 1440), min_size=5, max_size=20))
def test_every_start_is_judged_alike(world_and_rules, starts):  # type: ignore[no-untyped-def]
    world, rules, _candidate = world_and_rules
    for start in starts:
        assert (not rules.problems(world.moment(start), now=world.now)) == world.feasible(start)
