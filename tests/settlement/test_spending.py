"""What a client spends and owes: one definition of each figure, every figure opened, statements that carry over."""

from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from labshare.accounts.models import Person
from labshare.audit.models import AuditEvent
from labshare.booking.services import set_cost_centre
from labshare.kernel.actor import Actor
from labshare.kernel.database import db, transaction
from labshare.kernel.errors import InvalidInput, NotAllowed, NotFound
from labshare.kernel.months import Month
from labshare.kernel.time import local_day, utc_now
from labshare.settlement.models import Invoice
from labshare.settlement.queries.client_desk import client_desk
from labshare.settlement.queries.owed import owed_by
from labshare.settlement.queries.spending import opened, spending, statement
from labshare.settlement.rules import rows
from labshare.settlement.terms import Movement, SpendingBy
from tests import factories
from tests.conftest import Clock
from tests.settlement.world import World
from tests.signing import sign_in

JUNE, JULY = Month(2026, 6), Month(2026, 7)


@pytest.fixture
def world(app: Flask, clock: Clock) -> World:
    clock.set("2026-06-24 10:00")
    made = World()
    made.report()
    return made


@pytest.fixture
def owner(world: World) -> Actor:
    made = factories.actor(factories.member(world.client, "owner"), world.client, "owner")
    db.session.commit()
    return made


def test_the_due_date_is_the_terms_of_the_day(world: World, owner: Actor, clock: Clock) -> None:  # R-PAPER-11
    with transaction():
        db.session.get_one(type(world.lab), world.lab.id).payment_days = 10
    line = world.invoice(60_000, on=date(2026, 6, 24))
    with transaction():
        db.session.get_one(type(world.lab), world.lab.id).payment_days = 60
    world.red_letter(line, 10_000)
    days = [row.due_on for row in db.session.query(Invoice).order_by(Invoice.id)]
    assert days == [date(2026, 7, 4), date(2026, 6, 24)], "a red letter is due on its own day"
    clock.set("2026-07-04 23:00")
    (row,) = owed_by(owner, clock.now, limit=9).rows
    assert (row.left_fen, row.due_on, row.overdue) == (50_000, date(2026, 7, 4), False)
    clock.set("2026-07-05 00:00")
    assert owed_by(owner, clock.now, limit=9).overdue_fen == 50_000


@given(issued=st.dates(date(2026, 1, 1), date(2026, 12, 31)), days=st.integers(0, 365), red=st.booleans())
@settings(max_examples=20)
def test_due_days(issued: date, days: int, red: bool) -> None:  # R-PAPER-11
    made = rows.invoice(seller_firm_id=1, client_firm_id=2, number="1", issued_on=issued, payment_days=days, red=red)
    assert made["due_on"] == issued + timedelta(days=0 if red else days)


def test_what_is_left_adds_up(world: World, owner: Actor, clock: Clock) -> None:  # R-SPEND-1
    first = world.invoice(30_000, on=date(2026, 6, 20))
    world.invoice(50_000, on=date(2026, 6, 24))
    world.red_letter(first, 10_000)
    world.payment(25_000, on=date(2026, 6, 24))
    owed = owed_by(owner, clock.now, limit=9)
    assert [(row.issued_on.day, row.left_fen) for row in owed.rows] == [(24, 45_000)], "the first is paid in full"
    assert owed.count == 1
    assert owed.left_fen == sum(row.left_fen for row in owed.rows) == client_desk(owner, clock.now).owed_fen


@pytest.mark.parametrize("by", list(SpendingBy))
def test_each_grouping_has_the_same_sums_and_opens(world: World, owner: Actor, by: SpendingBy) -> None:  # R-SPEND-1
    world.invoice(80_000, on=date(2026, 6, 22))
    world.payment(30_000, on=date(2026, 6, 23))
    other = World(client=world.client, booked_on=date(2026, 6, 1))
    other.invoice(70_000, on=date(2026, 6, 24))
    other.payment(70_000, on=date(2026, 6, 24))
    other.refund(5_000, on=date(2026, 6, 24))
    other.payment(1_000, on=date(2026, 6, 24), payer_uscc=world.host.uscc)  # not accepted: counts for nothing
    found = spending(owner, by, Month(2026, 1), JUNE)
    assert (found.invoiced_fen, found.paid_fen) == (150_000, 95_000)
    assert found.paid_fen == client_desk(owner, utc_now()).spent_fen
    for row in found.rows:
        for kind, fen in ((Movement.INVOICED, row.invoiced_fen), (Movement.PAID, row.paid_fen)):
            behind = opened(owner, by, row.key, Month(2026, 1), JUNE, kind=kind, limit=50)
            assert sum(each.amount_fen for each in behind.rows) == fen
            assert behind.count == len(behind.rows)


def test_nobody_else_sees_it(world: World, owner: Actor) -> None:
    world.invoice(80_000, on=date(2026, 6, 22))
    stranger = factories.firm()
    for actor in (factories.actor(factories.member(stranger, "owner"), stranger, "owner"), world.booker):
        assert not spending(actor, SpendingBy.LAB, JUNE, JUNE).rows
        assert owed_by(actor, utc_now(), limit=9).left_fen == 0
        with pytest.raises(NotFound):
            statement(actor, world.lab.code, JUNE)
        with pytest.raises(NotFound):
            opened(actor, SpendingBy.LAB, str(world.lab.id), JUNE, JUNE, limit=9)
    assert statement(owner, world.lab.code, JUNE).closing_fen == 80_000
    for key in ("", "x", "9" * 30, "-1"):
        with pytest.raises(NotFound):
            opened(owner, SpendingBy.LAB, key, JUNE, JUNE, limit=9)


def test_a_statement_carries_over(world: World, owner: Actor, clock: Clock) -> None:  # R-SPEND-3
    world.invoice(80_000, on=date(2026, 6, 22))
    world.payment(30_000, on=date(2026, 6, 23))
    clock.set("2026-07-02 10:00")
    world.payment(50_000, on=date(2026, 7, 1))
    june, july = statement(owner, world.lab.code, JUNE), statement(owner, world.lab.code, JULY)
    assert [line.balance_fen for line in june.lines] == [80_000, 50_000]
    assert (june.opening_fen, june.closing_fen) == (0, 50_000)
    assert (july.opening_fen, july.closing_fen) == (50_000, 0)


def test_a_cost_centre_is_the_clients_own(world: World, owner: Actor) -> None:  # R-SPEND-2
    with transaction():
        set_cost_centre(actor=owner, now=utc_now(), ref=world.ref, cost_centre=" 质检 ")
    world.invoice(80_000, on=date(2026, 6, 22))
    assert [row.key for row in spending(owner, SpendingBy.COST_CENTRE, JUNE, JUNE).rows] == ["质检"]
    event = db.session.query(AuditEvent).filter_by(action="booking.set_cost_centre").one()
    assert (event.subject_type, event.subject_id) == ("firm", str(world.client.id))
    with pytest.raises(NotAllowed), transaction():
        set_cost_centre(actor=world.manager, now=utc_now(), ref=world.ref, cost_centre="x")
    with pytest.raises(InvalidInput), transaction():
        set_cost_centre(actor=owner, now=utc_now(), ref=world.ref, cost_centre="x" * 41)


def test_pages_and_files(world: World, owner: Actor, client: FlaskClient) -> None:
    world.invoice(80_000, on=date(2026, 6, 22))
    world.payment(30_000, on=date(2026, 6, 23))
    sign_in(client, db.session.get_one(Person, owner.person_id), world.client)
    page = client.get("/client/spending?by=lab").text
    assert "300.00" in page
    rows_page = client.get(f"/client/spending/rows?by=lab&key={world.lab.id}&kind=paid").text
    assert world.ref in rows_page
    assert "800.00" not in rows_page
    assert "500.00" in client.get("/client/owed").text
    account = f"/client/statements/{world.lab.code}?month={Month.of(local_day(utc_now()))}"
    assert "500.00" in client.get(account).text
    for path, kinds in (
        ("/client/spending?by=month", ("csv", "xlsx")),
        (f"/client/spending/rows?by=lab&key={world.lab.id}", ("csv", "xlsx")),
        ("/client/owed?x=1", ("csv", "xlsx")),
        (account, ("csv", "xlsx", "pdf")),
    ):
        for kind in kinds:
            answer = client.get(f"{path}&format={kind}")
            assert answer.status_code == 200
            assert "attachment" in answer.headers["Content-Disposition"]
    posted: Any = client.post(f"/bookings/{world.ref}/cost-centre", data={"cost_centre": "x" * 41})
    assert posted.status_code == 422
    assert client.post(f"/bookings/{world.ref}/cost-centre", data={"cost_centre": "质检"}).status_code == 303
    assert "质检" in client.get(f"/bookings/{world.ref}").text
