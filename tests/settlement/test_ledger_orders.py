"""All orders of recording give one ledger; months that close in between keep what they hold."""

import itertools
from datetime import date

import pytest

from labshare.kernel.months import Month
from labshare.settlement.queries.ledger import bookings_out_of_step
from labshare.settlement.queries.papers import papers_of
from tests.independent import ledger as clerk
from tests.settlement.test_recognition import as_export
from tests.settlement.world import World

JUNE, JULY, AUGUST = Month(2026, 6), Month(2026, 7), Month(2026, 8)


def export(world):
    return as_export(papers_of([world.id])[world.id])


def documents():
    """Papers over four months, each as (name, what it waits for, how it is recorded)."""
    kept = {}
    return {
        "report": ((), lambda w: kept.update(report=w.report(date(2026, 6, 25)))),
        "successor": (
            ("report",),
            lambda w: w.report(date(2026, 8, 3), replaces=kept["report"]),
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


def test_every_order_of_recording_gives_the_same_ledger(app):
    orders = list(lawful_orders({name: waits for name, (waits, _) in documents().items()}))
    assert len(orders) > 200
    ledgers = set()
    for order in orders[:: len(orders) // 24]:
        world = World()
        papers = documents()
        for name in order:
            papers[name][1](world)
        ledgers.add(tuple(world.ledger.items()))
        assert clerk.broken_limits(export(world)) == []
        assert dict(world.ledger) == clerk.ledger(export(world), world.today)
    assert len(ledgers) == 1
    assert not any(bookings_out_of_step(month) for month in JUNE.through(Month(2026, 11)))


def test_what_comes_late_falls_into_the_first_open_month(app):
    world = World()
    world.report(date(2026, 6, 25))
    world.invoice(on=date(2026, 6, 26), tax=5_660)
    world.payment(40_000, date(2026, 6, 27))
    assert world.ledger == {"2026-06": (40_000, 2_264)}
    world.close(JUNE)
    world.close(JULY)
    world.payment(60_000, date(2026, 6, 28))
    assert world.ledger == {"2026-06": (40_000, 2_264), "2026-08": (60_000, 3_396)}


def test_a_month_opened_again_takes_back_what_came_late(app):
    world = World()
    world.report(date(2026, 6, 25))
    world.invoice(on=date(2026, 6, 26))
    world.payment(40_000, date(2026, 6, 27))
    world.close(JUNE)
    world.payment(60_000, date(2026, 6, 28))
    assert world.ledger == {"2026-06": (40_000, 0), "2026-07": (60_000, 0)}
    assert bookings_out_of_step(JUNE) == [world.id]
    assert world.reopen(JUNE) == 2
    assert world.ledger == {"2026-06": (100_000, 0)}
    assert bookings_out_of_step(JUNE) == []


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
