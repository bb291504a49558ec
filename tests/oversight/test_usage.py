"""The usage report's figures: what is open, booked, used, for whom, by each kind of row."""

from fractions import Fraction

import pytest
from flask import Flask

from labshare.booking import services
from labshare.booking.services.sheets import import_sheets
from labshare.catalogue.terms import SheetKind
from labshare.kernel.database import transaction
from labshare.kernel.months import Month
from labshare.oversight.dashboard import dashboard
from labshare.oversight.queries import usage_report
from labshare.oversight.rules import Usage
from labshare.oversight.statistics import ANYONE
from labshare.oversight.terms import UsageBy
from tests import factories
from tests.booking.conftest import House, at, make_house
from tests.catalogue.test_sheets import sheet
from tests.conftest import Clock

NOVEMBER = Month.parse("2026-11")


@pytest.fixture
def house(app: Flask, clock: Clock) -> House:
    """Two units, open nine to twelve and one to five: an outside client's test of 80 minutes of machine time, the lab's
    own of 60, three hours of maintenance, two of training, one on one unit that was promised before the lab was here,
    four hours in-house on both units that are over and four that are to come."""
    house = make_house(clock)
    for client, unit, machine_minutes in ((house.client, 1, 80), (house.manager, 2, 60)):
        booking = house.book("2026-11-25 09:00", actor=client, quantity=2 if unit == 1 else 1)
        house.do(services.confirm, house.manager, ref=booking.ref)
        clock.set("2026-11-25 08:40")
        house.do(services.receive, house.manager, ref=booking.ref, samples=booking.quantity)
        clock.set("2026-11-25 09:00")
        house.do(services.start, house.manager, ref=booking.ref)
        clock.set("2026-11-25 10:30")
        house.do(services.finish, house.manager, ref=booking.ref, machine_minutes=machine_minutes)
        clock.set("2026-11-24 10:00")
    for day, kind, until in (
        ("26", "in_house", "17:00"),
        ("27", "maintenance", "16:00"),
        ("24", "training", "15:00"),
        ("30", "in_house", "17:00"),
    ):
        house.do(
            services.block,
            house.manager,
            instrument_id=house.instrument.id,
            kind=kind,
            starts_at=at(f"2026-11-{day} 13:00"),
            ends_at=at(f"2026-11-{day} {until}"),
        )
    before = {"inner_id": house.instrument.inner_id, "client": "新光机械厂", "test": "盐雾试验"}
    before |= {"starts_at": "2026-11-24 15:00", "ends_at": "2026-11-24 16:00"}
    given = {"lab_id": house.lab.id, "sheets": [sheet(SheetKind.BOOKINGS, before)], "name": "x"}
    house.do(import_sheets, house.manager, **given)
    clock.set("2026-11-28 10:00")
    return house


def of(house: House, by: UsageBy, month: Month = NOVEMBER) -> Usage:
    report = usage_report(ANYONE, by, month, month, house.clock.now)
    assert len(report.rows) == 1
    assert report.rows[0].usage == report.total
    return report.total


@pytest.mark.parametrize("by", ["lab", "instrument", "firm"])
def test_what_a_lab_does_for_itself_is_effective_time_too(house: House, by: UsageBy) -> None:  # R-USAGE-1
    usage = of(house, by)
    assert (usage.booked_minutes, usage.used_minutes) == (90 + 90, 80 + 60 + 2 * 240)
    assert (usage.in_house_minutes, usage.outside_minutes) == (2 * 240, 80)
    assert usage.sharing_rate == Fraction(80, 620)
    assert usage.utilisation(1) == Fraction(620, 2 * 8000)
    assert (usage.bookings, usage.samples, usage.clients, usage.smes) == (2, 3, 1, 1)
    working_days = 21
    assert usage.available_minutes == 2 * (working_days * 420 - 240 - 180 - 120 - 240) - 60


def test_a_block_names_no_test_item(house: House) -> None:
    usage = of(house, "test_item")
    assert (usage.available_minutes, usage.used_minutes, usage.in_house_minutes) == (None, 140, 0)
    assert usage.utilisation(1) is None


def test_another_month_has_nothing(house: House) -> None:
    usage = of(house, "lab", NOVEMBER.previous)
    assert (usage.used_minutes, usage.outside_minutes, usage.bookings, usage.clients) == (0, 0, 0, 0)
    assert usage.available_minutes
    assert usage.sharing_rate is None


def test_the_overview_counts_alike(house: House) -> None:
    shown = dashboard(ANYONE, NOVEMBER, NOVEMBER, house.clock.now)
    assert (shown.totals.used_minutes, shown.totals.outside_minutes, shown.totals.finished) == (620, 80, 2)
    assert shown.totals.sharing_rate == of(house, "lab").sharing_rate
    assert sum(shown.groups) == 1
    house.clock.set("2026-12-28 10:00")
    assert dashboard(ANYONE, NOVEMBER, NOVEMBER, house.clock.now).totals.used_minutes == 620 + 2 * 240


def test_the_overview_of_in_house_use_alone(app: Flask, clock: Clock) -> None:
    with transaction():
        factories.working_year()
        lab = factories.lab()
        instrument = factories.instrument(lab)
        manager = factories.actor(factories.member(lab.firm, "lab_manager"), lab.firm, "lab_manager")
        services.block(
            actor=manager,
            now=clock.now,
            instrument_id=instrument.id,
            kind="in_house",
            starts_at=at("2026-11-01 00:00"),
            ends_at=at("2026-11-15 00:00"),
        )
    shown = dashboard(ANYONE, NOVEMBER, NOVEMBER, clock.now)
    assert (shown.totals.used_minutes, shown.totals.sharing_rate) == (14 * 1440, 0)
    assert shown.groups[1] == 1, "336 of 1,600 hours"
