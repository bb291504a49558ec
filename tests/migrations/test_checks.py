"""A migration changes what a CHECK constraint says, and nothing else of its table; the next one is found by itself."""

import pytest
from alembic.autogenerate import produce_migrations
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import CheckConstraint, text
from sqlalchemy.exc import IntegrityError

from labshare.booking.models import Booking
from labshare.kernel.checks import PLUGIN, ChangeCheck
from labshare.kernel.database import Base, db
from tests.booking.conftest import make_house
from tests.migrations.test_migrations import objects_besides_columns

NAME = "ck_booking_state_known"
PAUSE = text("UPDATE booking SET state = 'paused', received_at = booked_at")


@pytest.fixture
def condition() -> str:
    (check,) = (
        each for each in Booking.__table__.constraints if isinstance(each, CheckConstraint) and each.name == NAME
    )
    return str(check.sqltext)


def change(old: str, new: str) -> None:
    with db.engine.connect().execution_options(labshare_writes=True) as connection, connection.begin():
        Operations(MigrationContext.configure(connection)).change_check("booking", NAME, old=old, new=new)


def test_a_new_word_is_taken_and_everything_else_stays(app, clock, condition):
    make_house(clock).book("2026-11-25 09:00")
    before = objects_besides_columns()

    with pytest.raises(IntegrityError, match=NAME), db.engine.begin() as connection:
        connection.execute(PAUSE)
    change(condition, condition.replace("'tested'", "'paused', 'tested'"))

    with db.engine.begin() as connection:
        assert connection.execute(PAUSE).rowcount == 1
    after = objects_besides_columns()
    assert {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)} == {
        ("check_constraints" if db.engine.dialect.name == "sqlite" else "constraint", f"booking.{NAME}")
    }


@pytest.mark.engines("sqlite")
def test_words_that_do_not_stand_there_are_refused(app, condition):
    with pytest.raises(RuntimeError, match=NAME):
        change("state IN ('never')", condition)


@pytest.mark.engines("sqlite")
def test_what_the_models_say_otherwise_is_found(app, condition):
    old = condition.replace(", 'no_show'", "")
    change(condition, old)

    with db.engine.connect() as connection:
        opts = {"autogenerate_plugins": ["alembic.autogenerate.*", PLUGIN]}
        script = produce_migrations(MigrationContext.configure(connection, opts=opts), Base.metadata)

    (found,) = (each for each in script.upgrade_ops.ops if isinstance(each, ChangeCheck))
    assert (found.table, found.name, found.old, found.new) == ("booking", NAME, old, condition)
    back = found.reverse()
    assert (back.old, back.new) == (condition, old)
