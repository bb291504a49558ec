"""The migration that lets a sheet bring bookings from before: where these are not known they are maintenance."""

from alembic import command
from flask import Flask
from sqlalchemy import text

from labshare.booking.services.sheets import import_sheets
from labshare.commands.db import alembic_config
from labshare.kernel.database import db
from tests.booking.conftest import make_house
from tests.booking.test_promised_sheets import MORNING, of, promised
from tests.conftest import Clock

SAID = "SELECT 'held', kind, note FROM holding UNION SELECT 'wanted', kind, note FROM wanted_block ORDER BY 1"


def test_what_was_promised_is_maintenance_where_it_is_not_known(app: Flask, clock: Clock) -> None:  # R-SHEET-7
    house = make_house(clock)
    sheets = [of(promised(house, *MORNING, contact="王工"))]
    house.do(import_sheets, house.manager, lab_id=house.lab.id, sheets=sheets, name="x")
    db.session.remove()
    command.stamp(alembic_config(), "head")
    command.downgrade(alembic_config(), "session_agent")
    with db.engine.connect() as connection:
        assert [tuple(row) for row in connection.execute(text(SAID))] == [
            ("held", "maintenance", "新光机械厂 · 盐雾试验"),
            ("wanted", "maintenance", "新光机械厂 · 盐雾试验"),
        ]
    command.upgrade(alembic_config(), "head")
