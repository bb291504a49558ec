"""Opening hours, closures, working days: what they refuse, and the bookings they list and leave alone."""

from datetime import date

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import func, select

from labshare.booking import errors, services
from labshare.booking.models import OpeningWeek, WorkingDay, WorkingYear
from labshare.booking.queries import working_days
from labshare.booking.services import SpecialDay
from labshare.commands import main
from labshare.kernel.actor import SYSTEM
from labshare.kernel.database import db
from labshare.kernel.errors import InvalidInput, NotAllowed, ReasonRequired
from tests import factories
from tests.booking.conftest import House, at, fresh

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
