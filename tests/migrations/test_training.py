"""The migration that lets labs block time for training: what was training goes back as maintenance."""

from alembic import command
from flask import Flask
from sqlalchemy import text

from labshare.booking import services
from labshare.commands.db import alembic_config
from labshare.kernel.database import db
from tests.booking.conftest import at, make_house
from tests.conftest import Clock

KINDS = "SELECT 'held', kind FROM holding UNION SELECT 'wanted', kind FROM wanted_block ORDER BY 1"


def test_training_is_maintenance_where_it_is_not_known(app: Flask, clock: Clock) -> None:  # R-TIME-15
    house = make_house(clock)
    house.do(
        services.block,
        house.manager,
        instrument_id=house.instrument.id,
        kind="training",
        starts_at=at("2026-11-25 09:00"),
        ends_at=at("2026-11-25 10:00"),
    )
    db.session.remove()
    command.stamp(alembic_config(), "head")
    command.downgrade(alembic_config(), "affiliation_change")
    with db.engine.connect() as connection:
        assert [tuple(row) for row in connection.execute(text(KINDS))] == [
            ("held", "maintenance"),
            ("wanted", "maintenance"),
        ]
    command.upgrade(alembic_config(), "head")
