"""A sheet of bookings from before and clients who book the same time, each in a process: the time goes to one, and the
sheet that comes too late is told its bad cell (R-SHEET-7, R-TIME-11)."""

import pytest
from flask import Flask
from sqlalchemy import func, select

from labshare.booking import services
from labshare.booking.errors import SlotTaken
from labshare.booking.models import Booking, Holding, WantedBlock
from labshare.booking.services.sheets import import_sheets
from labshare.catalogue.errors import SheetsNotRight
from labshare.kernel.database import db, transaction
from labshare.organisations.models import Firm
from tests import factories
from tests.booking.conftest import at, make_house
from tests.booking.test_promised_sheets import of, promised
from tests.conftest import Clock
from tests.races import racing

RUNNERS, ROUNDS = 6, 3


@pytest.mark.timeout(600)
def test_one_of_sheets_and_clients_gets_the_time(app: Flask, clock: Clock) -> None:  # R-SHEET-7
    house = make_house(clock, units=1)
    now, firm, lab_id, item_id = clock.now, db.session.get_one(Firm, house.client.firm_id), house.lab.id, house.item.id
    with transaction():
        people = [factories.actor(factories.member(firm, "booker"), firm, "booker") for _ in range(RUNNERS)]
    sheets = [
        [of(promised(house, f"2026-11-27 {9 + number:02d}:00", f"2026-11-27 {10 + number:02d}:30", f"第 {runner} 家"))]
        for number in range(ROUNDS)
        for runner in range(RUNNERS)
    ]

    def take(runner: int, number: int) -> int:
        try:
            with transaction():
                if runner % 2:
                    starts_at = at(f"2026-11-27 {9 + number:02d}:00")
                    services.book(actor=people[runner], now=now, test_item_id=item_id, quantity=1, starts_at=starts_at)
                else:
                    rows = sheets[number * RUNNERS + runner]
                    import_sheets(actor=house.manager, now=now, lab_id=lab_id, sheets=rows, name="x")
        except (SlotTaken, SheetsNotRight):
            return racing.TAKEN
        return racing.WON

    rounds = racing.race(app, RUNNERS, ROUNDS, take)
    assert racing.broken(rounds) == 0
    assert all(winners <= 1 for winners in racing.winners(rounds))
    assert racing.winners(rounds)[0] == 1
    counts = [db.session.scalar(select(func.count()).select_from(one)) or 0 for one in (Booking, WantedBlock, Holding)]
    assert counts[0] + counts[1] == counts[2] == sum(racing.winners(rounds))
