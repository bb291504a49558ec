"""The client's dashboard: what waits, the next bookings, what was paid and what is owed."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from labshare.accounts.models import Person
from labshare.booking.models import Proposal
from labshare.booking.services import propose_charge
from labshare.kernel.actor import Actor
from labshare.kernel.database import db, transaction
from labshare.kernel.months import Month
from labshare.kernel.time import utc_now
from labshare.organisations.models import Firm
from labshare.oversight.waiting import waiting_for_client
from labshare.settlement.queries.client_desk import client_desk
from tests import factories
from tests.settlement.world import World
from tests.signing import sign_in

NOW = datetime(2026, 6, 24, 2, tzinfo=UTC)


@pytest.fixture
def world(app: Flask, clock: Any) -> World:
    clock.set(NOW)
    return World()


def owner_of(world: World) -> Actor:
    made = factories.actor(factories.member(world.client, "owner"), world.client, "owner")
    db.session.commit()
    return made


def open_time(of: World) -> None:
    """The lab's move of that booking, held for two days."""
    booking = of.booking
    with transaction():
        db.session.add(
            Proposal(
                booking_id=of.id,
                instrument_id=booking.instrument_id,
                unit=1,
                starts_at=NOW + timedelta(days=3),
                ends_at=NOW + timedelta(days=3, hours=1),
                reason="仪器检修",
                state="open",
                proposed_by=of.manager.person_id,
                proposed_at=NOW,
                answer_by=NOW + timedelta(days=2),
            )
        )


def test_what_waits_and_what_is_owed(world: World) -> None:
    world.report(date(2026, 6, 21))
    world.invoice(80_000, date(2026, 6, 21))
    world.payment(30_000, date(2026, 6, 22))
    coming = world.another(state="confirmed", finished_on=date(2026, 6, 26))
    asked = world.another(state="requested", finished_on=date(2026, 6, 28))
    open_time(asked)
    with transaction():
        propose_charge(actor=coming.manager, now=utc_now(), ref=coming.ref, amount_fen=5_000, reason="加测")
    owner = owner_of(world)
    shown = client_desk(owner, utc_now())
    assert [each.booking_id for each in shown.proposals] == [asked.id]
    assert [each.booking_id for each in shown.charges] == [coming.id]
    assert [each.id for each in shown.samples] == [coming.id]
    assert [each.id for each in shown.to_pay] == [world.id]
    assert [each.booking_id for each in shown.reports] == [world.id]
    assert [each.id for each in shown.upcoming] == [coming.id, asked.id]
    assert (shown.owed_fen, shown.not_invoiced_fen) == (50_000, 20_000)
    assert waiting_for_client(owner, utc_now()) == 4
    assert shown.months[5] == (Month(2026, 6), 30_000)
    assert (len(shown.months), shown.spent_fen, shown.all_count) == (6, 30_000, 3)


def test_refunds_lessen_and_other_payers_wait_for_their_verdict(world: World) -> None:
    world.invoice(100_000, date(2026, 6, 21))
    world.payment(60_000, date(2026, 6, 21))
    world.refund(10_000, date(2026, 6, 22))
    world.payment(20_000, date(2026, 6, 22), payer_uscc=factories.credit_code(999))
    assert client_desk(owner_of(world), utc_now()).spent_fen == 50_000


def test_an_old_or_withdrawn_report_is_not_new(world: World, clock: Any) -> None:
    first = world.report(date(2026, 6, 21))
    assert len(client_desk(world.booker, utc_now()).reports) == 1
    world.withdraw(first)
    assert not client_desk(world.booker, utc_now()).reports
    world.report(date(2026, 6, 22))
    clock.set(NOW + timedelta(days=15))
    assert not client_desk(world.booker, utc_now()).reports


def test_nothing_of_another_firm(world: World) -> None:
    world.invoice(80_000, date(2026, 6, 21))
    other = World()
    shown = client_desk(other.booker, utc_now())
    assert (shown.all_count, shown.owed_fen, list(shown.to_pay)) == (1, 0, [])


def page(client: FlaskClient, language: str = "en") -> tuple[str, int]:
    count = 0

    def counting(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        nonlocal count
        count += not statement.startswith(("BEGIN", "SAVEPOINT", "RELEASE"))

    event.listen(db.engine, "after_cursor_execute", counting)
    answer = client.get("/client/", headers={"Accept-Language": language})
    event.remove(db.engine, "after_cursor_execute", counting)
    assert answer.status_code == 200, answer.text
    return answer.text, count


def test_the_page_costs_at_most_fifteen_statements(world: World, client: FlaskClient) -> None:
    world.report(date(2026, 6, 21))
    world.invoice(80_000, date(2026, 6, 21))
    for day in (25, 26, 27, 28):
        open_time(world.another(state="requested", finished_on=date(2026, 6, day)))
    sign_in(client, db.session.get_one(Person, owner_of(world).person_id), world.client)
    text, count = page(client)
    assert count <= 15
    assert "To pay: ¥800.00" in text
    assert text.count("New time to answer") == 4
    assert "待付款 800.00 元" in page(client, "zh-CN")[0]
    sign_in(client, db.session.get_one(Person, world.booker.person_id), world.client)
    assert "800.00" not in page(client)[0], "a booker sees no money"


def test_a_firm_without_bookings_and_a_person_without_firm_are_led_on(
    app: Flask, clock: Any, client: FlaskClient
) -> None:
    with transaction():
        firm: Firm = factories.firm(verified_at=None)
        owner, alone = factories.member(firm), factories.person()
    sign_in(client, owner, firm)
    text, _count = page(client)
    assert "The first booking" in text
    assert "The firm awaits verification." in text
    sign_in(client, alone)
    text, _count = page(client)
    assert "No firm yet." in text
    assert "The first booking" in text


def test_a_visitor_signs_in_first(app: Flask, client: FlaskClient) -> None:
    assert client.get("/client/").status_code in (302, 303, 401)
