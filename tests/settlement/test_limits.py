"""`labshare check` finds documents and entries that no service would have let in."""

from datetime import date

import pytest
from sqlalchemy import text

from labshare.kernel.database import db
from labshare.kernel.months import Month
from labshare.kernel.time import utc_now
from labshare.oversight.checks import violations
from labshare.settlement.models import Payment, RevenueEntry
from labshare.settlement.queries.limits import ledger_out_of_step, limits_broken
from tests import factories
from tests.settlement.world import World

PRESENT = Month(2026, 11)


@pytest.fixture
def world(app):
    world = World()
    world.report()
    line = world.invoice(tax=5_660)
    world.payment(90_000)
    world.red_letter(line, 20_000, tax=1_132)
    world.refund(30_000)
    return world


def test_what_services_wrote_keeps_every_invariant(world):  # R-AUDIT-9
    assert list(limits_broken()) == []
    assert list(ledger_out_of_step(PRESENT)) == []
    assert list(violations(utc_now())) == []


@pytest.mark.parametrize(
    ("fen", "day", "broken"),
    [
        pytest.param(10_001, date(2026, 6, 25), [date(2026, 6, 25)], id="above the charge for a while"),
        pytest.param(-60_001, date(2026, 11, 24), [date(2026, 11, 24)], id="refunded more than paid"),
        pytest.param(1, date(2026, 6, 9), [date(2026, 6, 9)], id="paid before anything was charged"),
    ],
)
def test_a_day_outside_its_limits_is_named(world, fen, day, broken):  # R-PAPER-5, R-AUDIT-9
    factories.add(
        Payment(
            booking_id=world.id,
            amount_fen=fen,
            paid_on=day,
            reference="HAND",
            payer_uscc=world.client.uscc,
            by_client=True,
            recorded_at=utc_now(),
        )
    )
    days = [each for ref, each, *_sums in limits_broken() if ref == world.ref]
    assert days == broken
    db.session.rollback()


def test_an_entry_too_much_is_named_with_each_open_month(world):
    world.close(Month(2026, 6))
    factories.add(
        RevenueEntry(
            booking_id=world.id,
            lab_id=world.lab.id,
            instrument_id=db.session.execute(text("SELECT instrument_id FROM booking")).scalar_one(),
            month="2026-10",
            amount_fen=0,
            tax_fen=1,
            recorded_at=utc_now(),
        )
    )
    assert list(ledger_out_of_step(PRESENT)) == [(world.ref, Month(2026, 10)), (world.ref, PRESENT)]
    db.session.rollback()
