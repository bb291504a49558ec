"""Several people of a client accept the same booking that a lab made for it, each in a process (R-PHONE-3)."""

import pytest
from flask import Flask
from sqlalchemy import func, select

from labshare.booking import services
from labshare.booking.errors import ChargeNotOpen, ForClientOver
from labshare.booking.models import Booking, Charge, ForClient, Holding
from labshare.booking.terms import ExtraKind
from labshare.kernel.database import db, transaction
from labshare.organisations.models import Firm
from tests import factories
from tests.booking.conftest import at, make_house
from tests.conftest import Clock
from tests.races import racing

RUNNERS, ROUNDS = 6, 3


@pytest.mark.timeout(600)
def test_one_yes_books_and_the_others_hear_it_is_over(app: Flask, clock: Clock) -> None:  # R-PHONE-3
    house = make_house(clock, units=1)
    now, firm = clock.now, db.session.get_one(Firm, house.client.firm_id)
    with transaction():
        people = [factories.actor(factories.member(firm, "booker"), firm, "booker") for _ in range(RUNNERS)]
    made = [
        house.do(
            services.book_for_client,
            house.manager,
            client=firm.uscc,
            test_item_id=house.item.id,
            quantity=1,
            starts_at=at(f"2026-11-27 {9 + number:02d}:00"),
        ).id
        for number in range(ROUNDS)
    ]

    def accept(runner: int, number: int) -> int:
        try:
            with transaction():
                services.accept_for_client(actor=people[runner], now=now, made_id=made[number])
        except ForClientOver:
            return racing.TAKEN
        return racing.WON

    rounds = racing.race(app, RUNNERS, ROUNDS, accept)
    assert racing.broken(rounds) == 0
    assert racing.winners(rounds) == [1] * ROUNDS
    counts = [db.session.scalar(select(func.count()).select_from(of)) for of in (Booking, Charge, Holding)]
    assert counts == [ROUNDS] * 3
    accepted = db.session.scalars(select(ForClient.booking_id).where(ForClient.state == "accepted")).all()
    assert len(set(accepted)) == ROUNDS


@pytest.mark.timeout(600)
def test_one_yes_to_extra_work(app: Flask, clock: Clock) -> None:  # R-EXTRA-4
    """Two tabs, or two people: charge, samples and time grow once."""
    house = make_house(clock, units=1, max_quantity=5)
    firm = db.session.get_one(Firm, house.client.firm_id)
    with transaction():
        people = [factories.actor(factories.member(firm, "accountant"), firm, "accountant") for _ in range(RUNNERS)]
    ref = house.book("2026-11-25 09:00").ref
    house.do(services.confirm, house.manager, ref=ref)
    house.do(services.receive, house.manager, ref=ref)
    wish = services.Wish(kind=ExtraKind.SAMPLES, quantity=1)
    charge_id = house.do(services.propose_extra, house.manager, ref=ref, wish=wish, cause="more_came").id
    now = clock.now

    def consent(runner: int, _number: int) -> int:
        try:
            with transaction():
                services.consent_charge(actor=people[runner], now=now, ref=ref, charge_id=charge_id)
        except ChargeNotOpen:
            return racing.TAKEN
        return racing.WON

    rounds = racing.race(app, RUNNERS, 1, consent)
    assert (racing.broken(rounds), racing.winners(rounds)) == (0, [1])
    booking = db.session.scalars(select(Booking)).one()
    assert (booking.quantity, booking.charged_fen) == (2, 20_000)
