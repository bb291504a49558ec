"""Opening hours, closures, working days: what they refuse, and the bookings they list and leave alone."""

from datetime import date, timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from labshare.booking import errors, services
from labshare.booking.models import OpeningWeek, Proposal, WorkingDay, WorkingYear
from labshare.booking.queries import working_days
from labshare.booking.queries.clashes import newly_hit
from labshare.booking.queries.loading import PlannedClosure, PlannedWeek
from labshare.booking.queries.offers import offers
from labshare.booking.queries.slots import availability
from labshare.booking.rules import slots
from labshare.booking.rules.slots import Taken
from labshare.booking.rules.time import Closure, Openings, WorkingDays, hours_of_weeks
from labshare.booking.services import SpecialDay
from labshare.commands import main
from labshare.kernel.actor import SYSTEM
from labshare.kernel.database import db, transaction
from labshare.kernel.errors import InvalidInput, NotAllowed, NotFound, ReasonRequired
from labshare.kernel.opening import day_text, read_day
from labshare.kernel.time import DAY, MINUTE
from tests import factories
from tests.booking.conftest import House, at, fresh
from tests.conftest import SHANGHAI

WEEK = (((540, 720), (780, 1020)),) * 5 + ((), ())


def test_new_hours_list_the_bookings_they_hit_and_change_none(house: House) -> None:  # R-TIME-17, R-BOOKING-4
    early, late = house.book("2026-11-25 09:00"), house.book("2026-11-25 14:00")
    hit = house.do(
        services.set_opening_hours, house.manager, lab_id=house.lab.id, weekly=(((600, 1020),),) * 5 + ((),) * 2
    )
    assert [(one.booking.ref, one.problem.code) for one in hit] == [(early.ref, "OutsideOpeningHours")]
    assert [fresh(one).state for one in (early, late)] == ["requested", "requested"]
    with pytest.raises(errors.OutsideOpeningHours):
        house.book("2026-11-25 09:30")
    # a booking outside the new hours can still be confirmed: hours are not asked again
    house.do(services.confirm, house.manager, ref=early.ref)


def test_closure_lists_what_it_hits_and_keeps_it_from_being_confirmed(house: House) -> None:  # R-TIME-17, R-BOOKING-4
    inside, outside = house.book("2026-11-25 09:00"), house.book("2026-11-26 09:00")
    given = {"lab_id": house.lab.id, "starts_at": at("2026-11-25 00:00"), "ends_at": at("2026-11-26 00:00")}
    with pytest.raises(ReasonRequired):
        house.do(services.add_closure, house.manager, **given, reason=" ")
    with pytest.raises(errors.EndBeforeStart):
        house.do(services.add_closure, house.manager, **given | {"ends_at": given["starts_at"]}, reason="停电")
    closure, hit = house.do(services.add_closure, house.manager, **given, reason="停电")
    assert [(one.booking.ref, one.problem.code) for one in hit] == [(inside.ref, "LabClosed")]
    with pytest.raises(errors.LabClosed):
        house.do(services.confirm, house.manager, ref=inside.ref)
    house.do(services.confirm, house.manager, ref=outside.ref)
    house.do(services.remove_closure, house.manager, closure_id=closure.id)
    house.do(services.confirm, house.manager, ref=inside.ref)


@pytest.mark.parametrize(
    ("weekly", "problem"),
    [
        ((((540, 720), (700, 900)),) + ((),) * 6, errors.HoursOverlap),
        ((((540, 540),),) + ((),) * 6, errors.EndBeforeStart),
        ((((1320, 1860),), ((360, 480),)) + ((),) * 5, errors.HoursOverlap),  # Monday's night runs to 07:00
        ((((0, 60),),) + ((),) * 5 + (((1380, 1441),),), errors.HoursOverlap),  # Sunday's night into Monday
        ((((540, 3000),),) + ((),) * 6, InvalidInput),
        ((((540, 720),),), InvalidInput),
    ],
)
def test_hours_that_cannot_be(house: House, weekly: tuple, problem: type[Exception]) -> None:  # type: ignore[type-arg]
    with pytest.raises(problem) as refused:
        house.do(services.set_opening_hours, house.manager, lab_id=house.lab.id, weekly=weekly)
    assert refused.value.field == "hours"  # type: ignore[attr-defined]
    assert db.session.scalar(select(func.count()).select_from(OpeningWeek)) == 1


def test_touching_hours_are_fine(house: House) -> None:
    weekly = (((0, 720), (720, 1440)),) * 7
    assert house.do(services.set_opening_hours, house.manager, lab_id=house.lab.id, weekly=weekly) == []


def test_only_the_lab_sets_its_hours_and_only_an_administrator_the_table(house: House) -> None:  # R-TIME-3
    with pytest.raises(NotAllowed):
        house.do(services.set_opening_hours, house.client, lab_id=house.lab.id, weekly=WEEK)
    with pytest.raises(NotAllowed):
        house.do(services.set_working_day, house.manager, day=date(2026, 11, 25), kind="holiday")
    with pytest.raises(NotAllowed):
        house.do(services.set_working_year, house.manager, year=2027, days={}, source="x")


def test_a_new_holiday_lists_what_it_hits(house: House) -> None:  # R-TIME-17
    booking = house.book("2026-11-25 09:00")
    house.book("2026-11-26 09:00")
    admin = factories.actor(factories.regulator("admin"), None, "admin")
    db.session.commit()
    hit = house.do(services.set_working_day, admin, day=date(2026, 11, 25), kind="holiday", name="临时放假")
    assert [(one.booking.ref, one.problem.code) for one in hit] == [(booking.ref, "PublicHoliday")]
    assert house.do(services.set_working_day, admin, day=date(2026, 11, 25), kind=None) == []


def test_a_year_is_replaced_whole(house: House) -> None:
    admin = factories.actor(factories.regulator("admin"), None, "admin")
    db.session.commit()
    house.do(
        services.set_working_year,
        admin,
        year=2027,
        source="通知",
        days={date(2027, 1, 1): SpecialDay("holiday", "元旦")},
    )
    house.do(
        services.set_working_year,
        admin,
        year=2027,
        source="通知",
        days={date(2027, 1, 2): SpecialDay("make_up", "元旦")},
    )
    assert [(row.day, row.kind) for row in db.session.scalars(select(WorkingDay))] == [(date(2027, 1, 2), "make_up")]
    with pytest.raises(InvalidInput):
        house.do(services.set_working_year, admin, year=2027, source="", days={date(2028, 1, 1): SpecialDay("holiday")})


def test_a_missing_year_has_neither_holidays_nor_make_up_days(app: Flask, house: House) -> None:  # R-TIME-3
    db.session.add(WorkingDay(day=date(2028, 5, 1), kind="holiday"))
    db.session.commit()
    days = working_days()
    assert days.weekday_of_hours(date(2028, 5, 1)) == 0
    assert days.missing_years(date(2026, 12, 1), date(2028, 1, 1)) == (2027, 2028)


def test_published_years_are_entered_once(app: Flask, clock: object) -> None:
    first = CliRunner().invoke(main, ["calendar", "seed", "--from", "2026", "--to", "2027"])
    assert (first.exit_code, first.output) == (0, "2026\n")
    again = CliRunner().invoke(main, ["calendar", "seed", "--from", "2026", "--to", "2027"])
    assert again.output == "Nothing to enter.\n"
    assert list(db.session.scalars(select(WorkingYear.year))) == [2026]
    days = working_days()
    assert not days.is_working_day(date(2026, 10, 1))
    assert days.is_working_day(date(2026, 10, 10))  # a make-up Saturday
    assert days.weekday_of_hours(date(2026, 10, 10)) == 0
    assert SYSTEM.is_system


SATURDAYS = (((540, 1020),),) * 6 + ((),)
NIGHT = (((1320, 1800),),) * 4 + ((), (), ())


def test_hours_hold_from_a_day_on_and_the_days_before_keep_theirs(house: House) -> None:  # R-TIME-20
    with pytest.raises(errors.OutsideOpeningHours):
        house.book("2026-12-05 09:00")
    given = {"lab_id": house.lab.id, "valid_from": date(2026, 12, 5)}
    house.do(services.set_opening_hours, house.manager, weekly=SATURDAYS, **given)
    with pytest.raises(errors.OutsideOpeningHours):
        house.book("2026-11-28 09:00")
    with pytest.raises(errors.OutsideOpeningHours):
        house.book("2026-12-04 12:00")
    house.book("2026-12-05 12:00")
    (planned,) = db.session.scalars(select(OpeningWeek).where(OpeningWeek.valid_from == date(2026, 12, 5)))
    with pytest.raises(NotAllowed):
        house.do(services.drop_opening_hours, house.client, week_id=planned.id)
    house.do(services.drop_opening_hours, house.manager, week_id=planned.id)
    with pytest.raises(errors.OutsideOpeningHours):
        house.book("2026-12-05 13:00")
    (first,) = db.session.scalars(select(OpeningWeek))
    with pytest.raises(errors.HoursFromThePast):
        house.do(services.drop_opening_hours, house.manager, week_id=first.id)
    for day in (date(2026, 11, 23), date(2036, 1, 1)):
        with pytest.raises(errors.HoursFromThePast):
            house.do(services.set_opening_hours, house.manager, lab_id=house.lab.id, weekly=WEEK, valid_from=day)


def test_an_instrument_of_its_own_hours_is_booked_by_them_everywhere(house: House) -> None:  # R-TIME-20
    with transaction():
        other = factories.instrument(house.lab)
        there = factories.test_item(other)
    given = {"lab_id": house.lab.id, "instrument_id": house.instrument.id}
    house.do(services.set_opening_hours, house.manager, weekly=SATURDAYS, **given)
    house.book("2026-11-28 12:00")
    for moment in ("2026-11-28 09:00", "2026-11-25 12:00"):
        with pytest.raises(errors.OutsideOpeningHours):
            house.book(moment, test_item_id=there.id)
    now, saturday = house.clock.now, at("2026-11-28 00:00")
    assert [each.units_free for each in availability(house.instrument, saturday, saturday + DAY, now=now)] == [2, 1, 2]
    assert availability(other, saturday, saturday + DAY, now=now) == []
    (found,) = offers([house.item.id], 1, None, now, since=saturday)
    (elsewhere,) = offers([there.id], 1, None, now, since=saturday)
    assert (found.slot.starts_at, found.saturdays) == (at("2026-11-28 09:00"), True)
    assert (elsewhere.slot.starts_at, elsewhere.saturdays) == (at("2026-11-30 09:00"), False)
    house.do(services.set_opening_hours, house.manager, weekly=None, **given)
    with pytest.raises(errors.OutsideOpeningHours):
        house.book("2026-11-28 10:00")
    with pytest.raises(InvalidInput):
        house.do(services.set_opening_hours, house.manager, lab_id=house.lab.id, weekly=None)
    with transaction():
        strange = factories.instrument(factories.lab())
    with pytest.raises(NotFound):
        house.do(
            services.set_opening_hours,
            house.manager,
            lab_id=house.lab.id,
            instrument_id=strange.id,
            weekly=WEEK,
        )


def test_a_change_is_asked_first_and_sends_one_note_with_the_next_free_starts(house: House) -> None:  # R-TIME-17
    early, noon = house.book("2026-11-25 09:00"), house.book("2026-11-25 11:00")
    twin = house.book("2026-11-25 09:00")
    later = (((600, 1020),),) * 5 + ((), ())
    planned = PlannedWeek(house.lab.id, None, date(2026, 11, 24), later)
    found = newly_hit(planned, house.clock.now)
    assert [(each.booking.ref, each.unit, each.problem and each.problem.code) for each in found] == [
        (early.ref, None, "OutsideOpeningHours"),
        (twin.ref, None, "OutsideOpeningHours"),
    ]
    ways = [
        services.Way(ref=each.booking.ref, starts_at=each.ways[0].starts_at, instrument_id=house.instrument.id)
        for each in found
    ]
    given = {"lab_id": house.lab.id, "weekly": later, "ways": ways}
    with pytest.raises(ReasonRequired):
        house.do(services.clear_and_set_hours, house.manager, **given)
    assert db.session.scalar(select(func.count()).select_from(OpeningWeek)) == 1, "all of it or nothing"
    house.do(services.clear_and_set_hours, house.manager, reason="早班取消", **given)
    proposals = db.session.scalars(select(Proposal)).all()
    assert {each.reason for each in proposals} == {"早班取消"}
    assert [(fresh(each).starts_at, fresh(each).state) for each in (early, twin, noon)] == [
        (at("2026-11-25 09:00"), "requested"),
        (at("2026-11-25 09:00"), "requested"),
        (at("2026-11-25 11:00"), "requested"),
    ]
    for each in proposals:
        house.do(services.accept_proposal, house.client, ref=each.booking.ref, proposal_id=each.id)
    assert newly_hit(planned, house.clock.now) == []
    assert all(fresh(each).starts_at >= at("2026-11-25 10:00") for each in (early, twin))


def test_a_closure_is_asked_first_too(house: House) -> None:  # R-TIME-17
    booking = house.book("2026-11-25 09:00")
    span = {"starts_at": at("2026-11-25 00:00"), "ends_at": at("2026-11-26 00:00")}
    (hit,) = newly_hit(PlannedClosure(house.lab.id, **span), house.clock.now)
    assert (hit.booking.ref, hit.ways[0].starts_at) == (booking.ref, at("2026-11-26 09:00"))
    way = services.Way(ref=booking.ref, starts_at=hit.ways[0].starts_at, instrument_id=house.instrument.id)
    given = {"lab_id": house.lab.id, "reason": "停电", "ways": [way], "note": "改到开门的日子"}
    house.do(services.clear_and_close, house.manager, **span, **given)
    assert db.session.scalars(select(Proposal.reason)).all() == ["改到开门的日子"]


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("8:30-12, 13:30–17:00", ((510, 720), (810, 1020))),
        ("13：30～17：00、8至12", ((480, 720), (810, 1020))),
        ("22:00–06:00", ((1320, 1800),)),
        ("22:00-次日06:00", ((1320, 1800),)),
        ("10:00–12:00 +1", ((600, 2160),)),
        ("24 h", ((0, 1440),)),
        ("全天", ((0, 1440),)),
        ("0-24", ((0, 1440),)),
        ("", ()),
        ("休息", ()),
    ],
)
def test_a_day_is_written_as_people_write_it(text: str, spans: tuple[tuple[int, int], ...]) -> None:
    assert read_day(text) == spans
    assert read_day(day_text(spans)) == spans


@pytest.mark.parametrize(
    "text", ["8", "8-", "8-12-17", "25:00-26:00", "08:70-09:00", "24:00-06:00", "a-b", "8-12x", "٨-١٢"]
)
def test_what_is_no_day(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        read_day(text)


minutes = st.integers(0, 95).map(lambda n: n * 15)
days = st.sampled_from(
    [
        (),
        ((480, 1020),),
        ((480, 720), (780, 1020)),
        ((1320, 1800),),
        ((0, 1440),),
        ((600, 2160),),
        ((0, 90), (1260, 1439)),
    ]
)
weeks = st.lists(days, min_size=7, max_size=7).map(tuple)
starts = st.integers(-400, 12)


@settings(max_examples=60)
@given(
    lab=st.lists(st.tuples(starts, weeks), max_size=3, unique_by=lambda one: one[0]),
    own=st.lists(st.tuples(starts, st.none() | weeks), max_size=3, unique_by=lambda one: one[0]),
    closures=st.lists(st.tuples(st.integers(-2, 11), minutes, st.integers(1, 400)), max_size=3),
    taken=st.lists(st.tuples(st.integers(0, 9), minutes, st.integers(1, 150)), max_size=4),
    special=st.dictionaries(st.integers(-1, 10), st.sampled_from(["holiday", "make_up"]), max_size=3),
)
def test_availability_equals_a_grid_of_minutes(  # R-TIME-2, R-TIME-18, R-TIME-20
    lab: Any, own: Any, closures: Any, taken: Any, special: Any
) -> None:
    """Hours from a day on, over midnight, of the instrument's own, holidays, closures: minute by minute, naively."""
    first, length = date(2026, 11, 25), 10
    midnight = at("2026-11-25 00:00")
    dated = [[(first + timedelta(days=n), week) for n, week in of] for of in (lab, own)]
    kinds = {first + timedelta(days=n): kind for n, kind in special.items()}
    spans = [
        (midnight + timedelta(days=n, minutes=m), midnight + timedelta(days=n, minutes=m + 15 * quarters))
        for n, m, quarters in closures
    ]
    held: list[Taken] = []
    for n, m, quarters in sorted(taken):
        since = midnight + timedelta(days=n, minutes=m)
        if not held or held[-1].ends_at <= since:
            held.append(Taken(since, since + timedelta(minutes=15 * quarters), "booking", None))
    of_lab = hours_of_weeks(dated[0], [Closure(*span) for span in spans])
    hours = hours_of_weeks(dated[1], (), of_lab).since(first - timedelta(days=3))
    openings = Openings(hours, WorkingDays(kinds), SHANGHAI, midnight)
    until = midnight + timedelta(days=length)
    segments = slots.availability(openings.between(midnight, until), [held, []])

    def in_force(of: Any, day: date) -> Any:
        known = [(since, week) for since, week in of if since <= day]
        return max(known, key=lambda one: one[0])[1] if known else None

    grid: dict[int, int] = {}
    for n in range(-3, length):
        day = first + timedelta(days=n)
        week = in_force(dated[1], day) or in_force(dated[0], day) or ((),) * 7
        weekday = {"holiday": None, "make_up": 0}.get(kinds.get(day, ""), day.weekday())
        for opens, closes in () if weekday is None else week[weekday]:
            grid |= dict.fromkeys(range(n * 1440 + opens, n * 1440 + closes), 2)
    for since, end in spans:
        for minute in range((since - midnight) // MINUTE, (end - midnight) // MINUTE):
            grid.pop(minute, None)
    for each in held:
        for minute in range((each.starts_at - midnight) // MINUTE, (each.ends_at - midnight) // MINUTE):
            if minute in grid:
                grid[minute] -= 1
    shown = {
        minute: each.units_free
        for each in segments
        for minute in range((each.starts_at - midnight) // MINUTE, (each.ends_at - midnight) // MINUTE)
    }
    assert shown == {minute: free for minute, free in grid.items() if 0 <= minute < length * 1440}
