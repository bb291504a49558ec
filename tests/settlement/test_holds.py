"""Held bookings (R-HOLD): what officers suspend, and one hold at a time."""

from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from labshare.kernel.database import db, transaction
from labshare.kernel.errors import NotAllowed, ReasonRequired
from labshare.kernel.time import utc_now
from labshare.notices.models import Notice
from labshare.settlement import errors, services
from labshare.settlement.models import BookingHold
from labshare.settlement.queries.disputes import count_holds, holds
from tests import factories
from tests.settlement.world import World

SECOND = """
INSERT INTO booking_hold (booking_id, cause, note, held_at) SELECT booking_id, 'flag', '', held_at FROM booking_hold
"""


@pytest.fixture
def booked(app, clock):
    clock.set("2026-06-25 10:00")
    factories.working_year()
    world = World()
    world.report()
    return world


def notified(kind):
    return set(db.session.scalars(db.select(Notice.person_id).where(Notice.kind == kind)))


def suspend(world, note="付款流水待核查"):
    return world.does(services.suspend_booking, actor=world.officer, note=note).id


def end(world, note="已核实，款项真实"):
    return world.does(services.end_suspension, actor=world.officer, note=note)


@pytest.mark.engines("sqlite")
def test_an_officer_suspends_and_ends_it_with_notes(booked):  # R-HOLD-2
    number = suspend(booked, " 付款流水待核查 ")
    assert {booked.booker.person_id, booked.manager.person_id} <= notified("hold.suspended")
    seen = holds(booked.officer, over=False, limit=9, offset=0)
    assert [(one.id, one.cause, one.note) for one in seen] == [(number, "suspend", "付款流水待核查")]
    end(booked)
    assert {booked.booker.person_id, booked.manager.person_id} <= notified("hold.ended")
    hold = db.session.get_one(BookingHold, number)
    assert (hold.lasts, hold.released_by, hold.release_note) == (False, booked.officer.person_id, "已核实，款项真实")
    assert (count_holds(booked.officer, over=False), count_holds(booked.officer, over=True)) == (0, 1)
    with pytest.raises(errors.NotSuspended):
        end(booked)


@pytest.mark.engines("sqlite")
def test_each_step_needs_its_note_and_an_officer_of_neither_firm(booked):  # R-HOLD-2
    for step in (suspend, end):
        with pytest.raises(ReasonRequired):
            step(booked, "  ")
    with transaction():
        factories.add(
            factories.Membership(
                person_id=booked.officer.person_id,
                firm_id=booked.booking.client_firm_id,
                role="viewer",
                started_at=utc_now(),
            )
        )
    with pytest.raises(NotAllowed):
        suspend(booked)


def test_one_hold_at_a_time_whatever_its_cause(booked):  # R-HOLD-1
    booked.dispute()
    with pytest.raises(errors.HeldAlready):
        suspend(booked)
    with pytest.raises(errors.NotSuspended):
        end(booked)
    booked.does(services.settle_dispute, actor=booked.booker, outcome="none")
    suspend(booked)
    booked.report(on=booked.today)
    with pytest.raises(errors.HeldAlready):
        booked.dispute("复检报告也不对")


@pytest.mark.parametrize(
    ("statement", "guard"),
    [
        ("UPDATE booking_hold SET note = '另一说明'", "stays as recorded"),
        ("DELETE FROM booking_hold", "booking_hold"),
        ("UPDATE booking_hold SET released_at = held_at", "suspension_explained"),
        ("UPDATE booking_hold SET release_note = '先写'", "ended_at_once"),
        (
            SECOND,
            "booking_id|uq_booking_hold_lasting",
        ),
    ],
)
def test_the_database_keeps_what_a_hold_says(booked, statement, guard):  # R-HOLD-1, R-HOLD-2
    suspend(booked)
    with pytest.raises(IntegrityError, match=guard), transaction():
        db.session.execute(db.text(statement))
    db.session.rollback()


def test_what_was_ended_stays_ended(booked):  # R-HOLD-1
    suspend(booked)
    end(booked)
    with pytest.raises(IntegrityError, match="stays as recorded"), transaction():
        db.session.execute(db.update(BookingHold).values(released_at=utc_now() + timedelta(days=1)))
    db.session.rollback()
