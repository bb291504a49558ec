"""A lab with one instrument and one test, a client, and those who act for them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from flask import Flask

from labshare.booking import services
from labshare.booking.models import Booking
from labshare.catalogue.models import Instrument, Lab, TestItem
from labshare.kernel.actor import Actor
from labshare.kernel.database import db, transaction
from tests import factories
from tests.conftest import SHANGHAI, Clock


def at(text: str) -> datetime:
    """`2026-11-25 09:00`, Shanghai time."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@dataclass
class House:
    """One lab with one instrument of two units and one attended test of an hour a sample."""

    lab: Lab
    instrument: Instrument
    item: TestItem
    client: Actor
    manager: Actor
    clock: Clock

    def do(self, service: Callable[..., Any], actor: Actor, **given: Any) -> Any:
        """One business step, as an entrance takes it."""
        with transaction():
            return service(actor=actor, now=self.clock.now, **given)

    def book(self, starts_at: str, **given: Any) -> Booking:
        return self.do(
            services.book,
            given.pop("actor", self.client),
            **{"test_item_id": self.item.id, "quantity": 1, "starts_at": at(starts_at), **given},
        )


def make_house(clock: Clock, **given: Any) -> House:
    with transaction():
        factories.working_year()
        lab = factories.lab(hours=((9, 12), (13, 17)), **given.pop("lab", {}))
        instrument = factories.instrument(lab, units=given.pop("units", 2), **given.pop("instrument", {}))
        item = factories.test_item(instrument, **given)
        buyer = factories.firm()
        client = factories.actor(factories.member(buyer), buyer, "owner")
        manager = factories.actor(factories.member(lab.firm, "lab_manager"), lab.firm, "lab_manager")
    return House(lab, instrument, item, client, manager, clock)


@pytest.fixture
def house(app: Flask, clock: Clock) -> House:
    return make_house(clock)


@pytest.fixture
def single(app: Flask, clock: Clock) -> House:
    """The same with one unit."""
    return make_house(clock, units=1)


def fresh(booking: Booking) -> Booking:
    """The booking as the database has it now."""
    db.session.rollback()
    db.session.expire_all()
    return db.session.get_one(Booking, booking.id)
