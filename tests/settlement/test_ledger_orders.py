"""All orders of recording give one ledger; months that close in between keep what they hold."""

import itertools
from contextlib import nullcontext
from datetime import date

import pytest

from labshare.kernel.database import db, transaction
from labshare.kernel.months import Month
from labshare.settlement.models import RevenueEntry
from labshare.settlement.queries.closed import ClosedMonths, closed_months
from labshare.settlement.queries.ledger import bookings_out_of_step
from labshare.settlement.queries.loading import load_documents
from tests.independent import ledger as clerk
from tests.settlement.test_recognition import as_export
from tests.settlement.world import World, taken

pytestmark = pytest.mark.slow

JUNE, JULY, AUGUST = Month(2026, 6), Month(2026, 7), Month(2026, 8)


def export(world):
    return as_export(load_documents([world.id])[world.id])


def documents():
    """Papers over four months, each as (name, what it waits for, how it is recorded)."""
    kept, file = {}, taken()  # examined before any transaction
    return {
        "report": ((), lambda w: kept.update(report=w.report(date(2026, 6, 25), file=file))),
        "successor": (
            ("report",),
            lambda w: w.report(date(2026, 8, 3), replaces=kept["report"], file=file),
        ),
        "invoice": ((), lambda w: kept.update(invoice=w.invoice(90_000, date(2026, 7, 5), tax=5_094))),
        "red letter": (
            ("invoice",),
            lambda w: w.red_letter(kept["invoice"], 30_000, date(2026, 9, 1), tax=1_698),
        ),
        "payment": ((), lambda w: w.payment(50_000, date(2026, 6, 12))),
        "second payment": ((), lambda w: w.payment(40_000, date(2026, 8, 30))),
        "refund": (("payment", "second payment"), lambda w: w.refund(20_000, date(2026, 10, 8))),
    }


def lawful_orders(names_and_waits):
    for order in itertools.permutations(names_and_waits):
        seen = set()
        for name in order:
            if not set(names_and_waits[name]) <= seen:
                break
            seen.add(name)
        else:
            yield order


def sums_of(booking_id):
    """Month → (amount, tax) of a booking's entries, inside the transaction that writes them."""
    entries = db.select(
        RevenueEntry.month, db.func.sum(RevenueEntry.amount_fen), db.func.sum(RevenueEntry.tax_fen)
    ).where(RevenueEntry.booking_id == booking_id)
    rows = db.session.execute(entries.group_by(RevenueEntry.month).order_by(RevenueEntry.month)).all()
    return tuple((month, amount, tax) for month, amount, tax in rows if (amount, tax) != (0, 0))


def test_every_order_of_recording_gives_the_same_ledger(app, monkeypatch, engine_name):  # R-RECOGNITION-4
    """The orders as a tree: what they begin with alike is recorded once, and taken back to try the next document."""
    papers = documents()
    waits = {name: set(needs) for name, (needs, _) in papers.items()}
    orders = list(lawful_orders(waits))
    assert len(orders) == 420
    if engine_name == "postgresql":  # every order on one engine, every fourteenth on the other
        orders = orders[::14]
    beginnings = {order[:length] for order in orders for length in range(1, len(order) + 1)}
    world = World()
    ledgers = []

    def go_on(order):
        if len(order) == len(papers):
            ledgers.append(sums_of(world.id))
            whole = export(world)
            assert clerk.broken_limits(whole) == []
            assert {month: (fen, tax) for month, fen, tax in ledgers[-1]} == clerk.ledger(whole, world.today)
        for name in papers:
            if (*order, name) in beginnings:
                with db.session.begin_nested() as savepoint:
                    papers[name][1](world)
                    go_on((*order, name))
                    savepoint.rollback()

    with transaction():
        monkeypatch.setattr("tests.settlement.world.transaction", nullcontext)
        go_on(())
    assert len(ledgers) == len(orders)
    assert len(set(ledgers)) == 1


def test_what_comes_late_falls_into_the_first_open_month(app):  # R-RECOGNITION-5
    world = World()
    world.report(date(2026, 6, 25))
    world.invoice(on=date(2026, 6, 26), tax=5_660)
    world.payment(40_000, date(2026, 6, 27))
    assert world.ledger == {"2026-06": (40_000, 2_264)}
    world.close(JUNE)
    world.close(JULY)
    world.payment(60_000, date(2026, 6, 28))
    assert world.ledger == {"2026-06": (40_000, 2_264), "2026-08": (60_000, 3_396)}


def test_a_month_opened_again_takes_back_what_came_late(app):  # R-RECOGNITION-6
    world = World()
    world.report(date(2026, 6, 25))
    world.invoice(on=date(2026, 6, 26))
    world.payment(40_000, date(2026, 6, 27))
    world.close(JUNE)
    world.payment(60_000, date(2026, 6, 28))
    assert world.ledger == {"2026-06": (40_000, 0), "2026-07": (60_000, 0)}
    assert bookings_out_of_step(JUNE, ClosedMonths({})) == [world.id]
    assert world.reopen(JUNE) == 2
    assert world.ledger == {"2026-06": (100_000, 0)}
    assert bookings_out_of_step(JUNE, closed_months()) == []


@pytest.mark.parametrize("closing", range(1, 8))
def test_every_open_month_adds_up_whenever_june_closes(app, closing):
    world = World()
    papers = documents()
    names = ["payment", "report", "invoice", "second payment", "successor", "red letter", "refund"]
    for place, name in enumerate(names, start=1):
        papers[name][1](world)
        if place == closing:
            june = world.ledger.get("2026-06")
            world.close(JUNE)
    assert world.ledger.get("2026-06") == june
    assert clerk.wrong_sums(export(world), world.ledger, {"2026-06"}, world.today) == []


def test_withdrawal_takes_the_revenue_back_today(app):
    world = World()
    report = world.report()
    world.invoice(tax=5_660)
    world.payment()
    assert world.money[3] == 100_000
    world.withdraw(report)
    assert world.ledger == {"2026-06": (100_000, 5_660), "2026-11": (-100_000, -5_660)}
    assert world.money == (100_000, 100_000, 100_000, 0)
    again = world.report(world.today)
    assert again
    assert world.ledger == {"2026-06": (100_000, 5_660)}
