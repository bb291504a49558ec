"""What is unpaid after its due date is told, and again after 30 days."""

import pytest
from flask import Flask

from labshare.kernel.actor import SYSTEM
from labshare.kernel.database import db, transaction
from labshare.kernel.errors import NotAllowed
from labshare.notices.models import Notice
from labshare.settlement import services
from tests import factories
from tests.conftest import Clock
from tests.settlement.world import World


def notified() -> list[int]:
    """What was told as overdue, fen, the oldest first; once for each notice."""
    db.session.rollback()
    rows = db.session.query(Notice).filter_by(kind="invoice.overdue").order_by(Notice.id)
    return [row.params["overdue_fen"] for row in rows]


def notify(clock: Clock) -> int:
    with transaction():
        return services.notify_overdue(actor=SYSTEM, now=clock.now)


@pytest.fixture
def booked(app: Flask, clock: Clock) -> World:
    clock.set("2026-06-24 10:00")
    made = World()
    with transaction():
        factories.member(made.client, "accountant")
    made.report()
    return made


def test_after_the_due_date_and_each_thirty_days_again(booked: World, clock: Clock) -> None:  # R-TOLD-6
    booked.invoice(50_000, on=booked.today)
    clock.advance(days=30)
    assert notify(clock) == 0, "it can still be paid today"
    clock.advance(days=1)
    assert (notify(clock), notify(clock)) == (1, 0)
    people = len(notified())
    assert people >= 1
    assert set(notified()) == {50_000}
    clock.advance(days=29)
    assert notify(clock) == 0
    clock.advance(days=1)
    assert notify(clock) == 1
    assert len(notified()) == 2 * people


def test_payments_count_for_the_oldest_invoice(booked: World, clock: Clock) -> None:  # R-TOLD-6
    booked.invoice(30_000, on=booked.today)
    clock.advance(days=20)
    booked.invoice(20_000, on=booked.today)
    booked.payment(10_000, on=booked.today)
    clock.advance(days=11)
    assert notify(clock) == 1
    assert set(notified()) == {20_000}, "what is left of the first; the second is not due"
    booked.payment(20_000, on=booked.today)
    clock.advance(days=5)
    assert notify(clock) == 0


def test_what_is_paid_is_told_nobody(booked: World, clock: Clock) -> None:  # R-TOLD-6
    booked.invoice(50_000, on=booked.today)
    booked.payment(50_000, on=booked.today)
    clock.advance(days=60)
    assert notify(clock) == 0


def test_what_is_disputed_is_not_asked_for(booked: World, clock: Clock) -> None:  # R-TOLD-6
    booked.invoice(50_000, on=booked.today)
    booked.dispute()
    clock.advance(days=31)
    assert notify(clock) == 0


def test_the_system_alone_tells(booked: World, clock: Clock) -> None:
    with pytest.raises(NotAllowed), transaction():
        services.notify_overdue(actor=booked.officer, now=clock.now)
