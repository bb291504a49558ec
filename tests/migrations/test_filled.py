"""A database filled under the first release keeps its money when it is upgraded, and can go back, on both engines."""

from datetime import UTC, date, datetime

import pytest
from alembic import command
from sqlalchemy import text

from labshare.commands.db import alembic_config
from labshare.kernel.database import db
from tests.migrations.filled import fill_first_release

SEPTEMBER_20 = date(2026, 9, 20)


@pytest.fixture
def filled(empty):
    """At the first release: lab 1 moved from 330624 to 330683 on 20 September 2026, lab 2 never moved."""
    command.upgrade(alembic_config(), "0001")
    with db.engine.begin() as connection:
        fill_first_release(connection)
    return empty


def rows(statement):
    with db.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(statement))]


def days(statement):
    return [tuple(str(value) if value is not None else None for value in row) for row in rows(statement)]


def test_an_admission_is_split_where_the_lab_moved(filled):
    command.upgrade(alembic_config(), "county")
    assert days("SELECT lab_id, division, admitted_from, suspended_from FROM lab_admission ORDER BY 1, 3") == [
        ("1", "330624", "2026-01-01", "2026-09-20"),
        ("1", "330683", "2026-09-20", None),
        ("2", "330624", "2026-03-01", "2026-08-01"),
        ("2", "330624", "2026-10-01", None),
    ]
    assert rows("SELECT count(*) FROM lab_admission WHERE confirmed_at IS NULL") == [(0,)]
    assert rows("SELECT count(*) FROM lab_admission WHERE suspended_from IS NOT NULL AND suspended_at IS NULL") == [
        (0,)
    ]


def test_a_lab_was_first_published_when_the_trail_says(filled):
    command.upgrade(alembic_config(), "county")
    found = rows("SELECT first_published_at FROM lab ORDER BY id")
    moments = [datetime.fromisoformat(str(row[0])).replace(tzinfo=UTC) for row in found]
    assert moments == [datetime(2025, 12, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, 1, tzinfo=UTC)]


def test_a_booking_takes_the_county_of_its_day_or_of_the_run_that_counted_it(filled):
    command.upgrade(alembic_config(), "county")
    assert rows("SELECT ref, division FROM booking ORDER BY ref") == [
        ("B-1", "330624"),  # booked before the move
        ("B-2", "330683"),  # booked after it
        ("B-3", "330624"),  # lab 2
        ("B-4", "330624"),  # booked after the move, counted in an approved run at home
        ("B-5", "330683"),  # counted in two: the county of its day, and listed
    ]
    assert rows("SELECT invariant, subject FROM upgrade_finding") == [
        ("No ledger entry is eligible in two divisions", "B-5")
    ]


def test_what_was_closed_stays_closed_for_everybody(filled):
    command.upgrade(alembic_config(), "county")
    assert rows("SELECT division, month FROM closed_month ORDER BY 1, 2") == [
        ("330624", "2026-08"),
        ("330624", "2026-09"),
        ("330683", "2026-08"),
        ("330683", "2026-09"),
    ]


def test_it_goes_back_as_it_was_but_for_the_split(filled):
    before = {table: rows(f"SELECT * FROM {table} ORDER BY 1") for table in ("booking", "lab", "closed_month")}
    command.upgrade(alembic_config(), "head")
    command.downgrade(alembic_config(), "0001")
    assert {table: rows(f"SELECT * FROM {table} ORDER BY 1") for table in before} == before
    assert days("SELECT lab_id, admitted_from, suspended_from FROM lab_admission ORDER BY 1, 2") == [
        ("1", "2026-01-01", "2026-09-20"),
        ("1", "2026-09-20", None),
        ("2", "2026-03-01", "2026-08-01"),
        ("2", "2026-10-01", None),
    ]
    command.upgrade(alembic_config(), "head")
    assert rows("SELECT count(*) FROM lab_admission") == [(4,)]
