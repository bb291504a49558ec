"""`labshare db upgrade --plan`: what would change in money, and nothing changes."""

from datetime import date

import pytest
from alembic import command
from sqlalchemy import text

from labshare.commands.db import alembic_config, print_plan
from labshare.kernel.database import db, transaction
from labshare.kernel.months import Month
from labshare.rewards.services import run_month
from tests import factories
from tests.rewards.world import add_booking, add_lab, add_revenue, people, put_policy


@pytest.fixture
def calculated(empty, clock):
    """A database made by migrations, with October's run calculated: 100,000 fen of one lab, at 10%."""
    command.upgrade(alembic_config(), "head")
    now = clock.set("2026-11-02 10:00")
    with transaction():
        world = people()
        lab = add_lab(world)
        put_policy(world, now, effective_from="2026-10")
        add_revenue(add_booking(world, lab, factories.firm(), date(2026, 10, 5)), "2026-10", 100_000)
    with transaction():
        run_month(actor=world.acting("officer"), now=now, month=Month(2026, 10))
    return lab.code


def revision():
    with db.engine.connect() as connection:
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def test_where_nothing_would_change_it_says_so(calculated, capsys):
    print_plan("head")
    assert capsys.readouterr().out == "0 lines would change, by ¥0.00 in all\n"


def test_a_line_that_todays_rules_would_change_is_named(calculated, capsys):
    with db.engine.begin() as connection:
        connection.execute(text("UPDATE reward_line SET payable_fen = 9000"))
    print_plan("head")
    assert capsys.readouterr().out == (
        f"330624 2026-10 {calculated} payable: ¥90.00 -> ¥100.00\n1 lines would change, by ¥10.00 in all\n"
    )


def test_it_leaves_the_database_as_it_was(calculated):
    db.session.remove()  # its reading would keep the tables from being altered
    command.downgrade(alembic_config(), "0001")
    before = revision()
    print_plan("head")
    assert revision() == before == "0001"
    with db.engine.connect() as connection:
        names = list(connection.execute(text("SELECT * FROM booking")).keys())
    assert "division" not in names
