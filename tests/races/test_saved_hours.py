"""Several people save a lab's hours from the same day on at the same moment: one week stands, and the trail tells one
story (R-TIME-20)."""

from datetime import timedelta
from itertools import pairwise

import pytest
from flask import Flask
from sqlalchemy import select

from labshare.audit.models import AuditEvent
from labshare.booking import services
from labshare.booking.models import OpeningWeek
from labshare.kernel.database import db, transaction
from labshare.kernel.time import local_day
from tests.booking.conftest import make_house
from tests.conftest import Clock
from tests.races import racing

RUNNERS, ROUNDS = 8, 6


@pytest.mark.timeout(300)
def test_the_last_to_save_stands_and_each_saw_the_one_before(app: Flask, clock: Clock) -> None:
    house = make_house(clock)
    actor, lab_id, now = house.manager, house.lab.id, clock.now
    days = [local_day(now) + timedelta(days=1 + number) for number in range(ROUNDS)]

    def save(runner: int, number: int) -> int:
        week = (((60 * runner, 60 * runner + 30),), *[()] * 6)
        with transaction():
            services.set_opening_hours(actor=actor, now=now, lab_id=lab_id, weekly=week, valid_from=days[number])
        return racing.WON

    assert racing.winners(racing.race(app, RUNNERS, ROUNDS, save)) == [RUNNERS] * ROUNDS
    stand = dict(
        db.session.execute(
            select(OpeningWeek.valid_from, OpeningWeek.weekly).where(
                OpeningWeek.lab_id == lab_id, OpeningWeek.valid_from.in_(days)
            )
        ).all()
    )
    told = db.session.scalars(
        select(AuditEvent).where(AuditEvent.action == "time.set_hours").order_by(AuditEvent.id)
    ).all()
    assert len(told) == RUNNERS * ROUNDS
    for one, following in pairwise(told):
        assert following.before["hours"] == one.after["hours"]
    last = {event.after["valid_from"]: event.after["hours"] for event in told}
    assert {day.isoformat(): [[0, *week[0][0]]] for day, week in stand.items()} == last
    assert len(stand) == ROUNDS
