"""Recordings of the same moment on one booking, one number, one month; with a control that must fail."""

from datetime import date

import pytest
from sqlalchemy import Select, select

from labshare.kernel.database import db, transaction
from labshare.kernel.months import Month
from labshare.kernel.time import utc_now
from labshare.settlement import errors, services
from labshare.settlement.models import Invoice, InvoiceLine, Payment, Report, RevenueEntry
from labshare.settlement.queries.closed import closed_months
from labshare.settlement.queries.ledger import bookings_out_of_step
from tests.races import racing, unguarded
from tests.settlement.world import World, taken

pytestmark = pytest.mark.slow

RUNNERS, ROUNDS = 8, 5


def paying(worlds, fen=30_000):
    """A runner's payment on the booking of a round: only three of 300.00 fit into 1,000.00."""
    jobs = [(w.ref, w.accountant, w.client.uscc, w.finished_on) for w in worlds]

    def run(runner, number):
        ref, actor, uscc, day = jobs[number]
        try:
            with transaction():
                services.record_payment(
                    actor=actor,
                    now=utc_now(),
                    ref=ref,
                    amount_fen=fen,
                    paid_on=day,
                    reference=f"R{runner}",
                    payer_uscc=uscc,
                )
        except errors.PaymentAboveCharge:
            return racing.TAKEN
        return racing.WON

    return run


def sums_of(world):
    paid = sum(db.session.scalars(select(Payment.amount_fen).where(Payment.booking_id == world.id)))
    return paid, world.money[2], sum(amount for amount, _tax in world.ledger.values())


def test_payments_of_one_moment_never_exceed_the_charge(app):
    worlds = []
    for _ in range(ROUNDS):
        worlds.append(World())
        worlds[-1].report()
        worlds[-1].invoice()
    rounds = racing.race(app, RUNNERS, ROUNDS, paying(worlds))
    assert racing.broken(rounds) == 0
    assert racing.winners(rounds) == [3] * ROUNDS
    assert [sums_of(world) for world in worlds] == [(90_000, 90_000, 90_000)] * ROUNDS


def test_without_locks_they_do(app, monkeypatch):
    """The control: no row is locked and nobody queues. A race test that still passes then proves nothing."""
    worlds = [World() for _ in range(ROUNDS)]
    run = paying(worlds)
    monkeypatch.setattr(Select, "with_for_update", lambda self, **_how: self)
    with unguarded.nobody_waits_in_line(app):
        rounds = racing.race(app, RUNNERS, ROUNDS, run)
    sums = [sums_of(world) for world in worlds]
    assert racing.winners(rounds) != [3] * ROUNDS or any(paid != kept for paid, kept, _entries in sums)


def test_one_number_by_bookings_of_one_client_is_one_invoice(app):
    first = World()
    worlds = [first, *(first.another() for _ in range(RUNNERS - 1))]
    jobs = [(w.ref, w.accountant, w.finished_on) for w in worlds]

    def run(runner, number):
        ref, actor, day = jobs[runner]
        with transaction():
            services.record_invoice(
                actor=actor,
                now=utc_now(),
                ref=ref,
                number=f"2633{number:016d}",
                issued_on=day,
                amount_fen=100,
                tax_fen=6,
            )
        return racing.WON

    rounds = racing.race(app, RUNNERS, ROUNDS, run)
    assert racing.broken(rounds) == 0
    assert db.session.query(Invoice).count() == ROUNDS
    assert db.session.query(InvoiceLine).count() == ROUNDS * RUNNERS


def test_one_number_by_bookings_of_two_clients_goes_to_one(app):
    first = World()
    second = World(lab=first.lab)
    jobs = [(w.ref, w.accountant, w.finished_on) for w in (first, second)]

    def run(runner, number):
        ref, actor, day = jobs[runner]
        try:
            with transaction():
                services.record_invoice(
                    actor=actor,
                    now=utc_now(),
                    ref=ref,
                    number=f"2633{number:016d}",
                    issued_on=day,
                    amount_fen=100,
                    tax_fen=6,
                )
        except errors.InvoiceOfOtherClient:
            return racing.TAKEN
        return racing.WON

    rounds = racing.race(app, 2, ROUNDS, run)
    assert racing.broken(rounds) == 0
    assert racing.winners(rounds) == [1] * ROUNDS


def test_proposed_report_numbers_never_meet(app):
    first = World()
    worlds = [first, *(first.another() for _ in range(RUNNERS - 1))]
    file = taken()
    jobs = [(w.ref, w.manager, w.finished_on) for w in worlds]

    def run(runner, _number):
        ref, actor, day = jobs[runner]
        with transaction():
            services.record_report(actor=actor, now=utc_now(), ref=ref, issued_on=day, file=file)
        return racing.WON

    rounds = racing.race(app, RUNNERS, 2, run)
    assert racing.broken(rounds) == 0
    numbers = list(db.session.scalars(select(Report.number)))
    assert len(set(numbers)) == 2 * RUNNERS
    assert max(numbers).endswith("-0016")


def test_numbers_leave_no_gap_where_some_recordings_fail(app):  # R-RESULT-1
    """Every other recording is rolled back when it has its number: the next one takes that."""
    first = World()
    worlds = [first, *(first.another() for _ in range(RUNNERS - 1))]
    file = taken()
    jobs = [(w.ref, w.manager, w.finished_on) for w in worlds]

    def run(runner, number):
        ref, actor, day = jobs[runner]
        try:
            with transaction():
                services.record_report(actor=actor, now=utc_now(), ref=ref, issued_on=day, file=file)
                if (runner + number) % 2:
                    raise InterruptedError
        except InterruptedError:
            return racing.TAKEN
        return racing.WON

    rounds = racing.race(app, RUNNERS, 2, run)
    assert racing.broken(rounds) == 0
    assert sorted(db.session.scalars(select(Report.serial))) == list(range(1, RUNNERS + 1))


def test_a_month_closes_among_recordings(app):
    """Whoever comes first: no entry lies in June that was not there when it closed, and the open months add up."""
    worlds = []
    for _ in range(RUNNERS - 1):
        worlds.append(World())
        worlds[-1].report(date(2026, 6, 25))
        worlds[-1].invoice(on=date(2026, 6, 25))
    officer = worlds[0].officer
    jobs = [(w.ref, w.accountant, w.client.uscc) for w in worlds]

    def run(runner, number):
        if runner == RUNNERS - 1:
            month = Month(2026, 6)
            with transaction():
                if number % 2 == 0:
                    services.close_month(actor=officer, now=utc_now(), month=month, division="330624")
                else:
                    services.reopen_month(actor=officer, now=utc_now(), month=month, division="330624")
            return racing.WON
        ref, actor, uscc = jobs[runner]
        with transaction():
            services.record_payment(
                actor=actor,
                now=utc_now(),
                ref=ref,
                amount_fen=10_000,
                paid_on=date(2026, 6, 26),
                reference="R",
                payer_uscc=uscc,
            )
        return racing.WON

    rounds = racing.race(app, RUNNERS, ROUNDS, run)
    assert racing.broken(rounds) == 0
    assert [world.money[3] for world in worlds] == [ROUNDS * 10_000] * len(worlds)
    for month in Month(2026, 7).through(Month(2026, 11)):
        assert bookings_out_of_step(month, closed_months()) == []
    worlds[0].reopen(Month(2026, 6))
    assert bookings_out_of_step(Month(2026, 6), closed_months()) == []
    assert all(world.ledger == {"2026-06": (ROUNDS * 10_000, 0)} for world in worlds)
    assert db.session.query(RevenueEntry).count() >= len(worlds)
