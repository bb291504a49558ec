"""How many reports came by the promised day (R-LAB-1): what counts, and what no lab can do about it."""

from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest
from sqlalchemy import update

from labshare.booking.models import Booking
from labshare.kernel.database import db
from labshare.oversight import public
from labshare.settlement.models import Report
from tests.settlement.world import World

TODAY = date(2026, 7, 20)


@pytest.fixture
def reported(app: Any, clock: Any, monkeypatch: pytest.MonkeyPatch) -> World:
    clock.set("2026-06-25 10:00")
    monkeypatch.setattr(public, "PROMISES_SHOWN_FROM", 1)
    world = World()
    world.report()
    db.session.commit()
    return world


def counted(world: World, today: date = TODAY) -> tuple[int, int]:
    db.session.expire_all()
    found = public.standing_of(world.lab.id, today).promise
    return (found.due, found.kept) if found else (0, 0)


def test_a_report_within_the_promised_days(reported: World) -> None:  # R-LAB-1
    assert counted(reported) == (1, 1)
    assert counted(reported, date(2026, 6, 30)) == (0, 0), "the month is not over"
    assert counted(reported, date(2027, 7, 1)) == (0, 0), "a year later it is forgotten"


def test_a_date_written_back_does_not_help(reported: World) -> None:  # R-LAB-1
    report = db.session.query(Report).filter_by(booking_id=reported.booking.id).one()
    days = reported.booking.turnaround_days
    db.session.execute(update(Report).values(recorded_at=report.recorded_at + timedelta(days=days + 2)))
    assert counted(reported) == (1, 0)


def test_what_is_due_without_a_report_is_late_and_own_work_does_not_count(reported: World) -> None:  # R-LAB-1
    silent = reported.another()
    db.session.commit()
    assert silent.booking.finished_on is not None
    assert counted(reported) == (2, 1)
    db.session.execute(update(Booking).values(client_firm_id=Booking.lab_firm_id))
    assert counted(reported) == (0, 0)


def test_few_are_not_shown(reported: World, monkeypatch: pytest.MonkeyPatch) -> None:  # R-LAB-1
    monkeypatch.setattr(public, "PROMISES_SHOWN_FROM", 2)
    assert counted(reported) == (0, 0)
    assert public.Promise(due=12, kept=9).share == Fraction(3, 4)
