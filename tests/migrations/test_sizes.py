"""Size classes of a filled database: what stood up to the firm's verification is confirmed, what came later waits."""

from datetime import date

import pytest
from alembic import command
from sqlalchemy import text

from labshare.commands.db import alembic_config
from labshare.kernel.database import db
from tests.migrations.filled import insert

VERIFIED_LATE_IN_UTC = "2026-03-01 20:00:00.000000+00:00"
"""The second of March in Shanghai."""
DECLARED = [
    (1, "2026-01-05", "small", None),
    (1, "2026-03-02", "medium", None),
    (1, "2026-06-01", "small", None),
    (1, "2026-09-01", "micro", None),
    (2, "2026-02-01", "large", None),
    (3, "2026-02-01", "medium", None),
    (3, "2026-05-01", "micro", "金融业"),
]
"""Firm, day, class, reason by hand. Firm 2 was never verified; of firm 3 the class was set by hand later."""


@pytest.fixture
def upgraded(empty):
    command.upgrade(alembic_config(), "role_division")
    sqlite = db.engine.dialect.name == "sqlite"
    verified = VERIFIED_LATE_IN_UTC.removesuffix("+00:00") if sqlite else VERIFIED_LATE_IN_UTC
    with db.engine.begin() as connection:
        insert(connection, "person", id=1, email="a@test.example", name="管理员")
        for number, moment in ((1, verified), (2, None), (3, verified)):
            size = {1: "micro", 2: "large", 3: "micro"}[number]
            insert(
                connection, "firm", id=number, uscc=str(number), kind="enterprise", size_class=size, verified_at=moment
            )
        for number, (firm, day, size, reason) in enumerate(DECLARED, start=1):
            connection.execute(
                text(
                    "INSERT INTO firm_size (id, firm_id, year, sector, size_class, valid_from, reason) "
                    "VALUES (:id, :firm, 2025, 'industry', :size, :day, :reason)"
                ),
                {"id": number, "firm": firm, "size": size, "day": day, "reason": reason},
            )
    command.upgrade(alembic_config(), "size_confirmed")
    return empty


def fetch(statement):
    with db.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(statement))]


def test_up_to_verification_it_is_confirmed_and_the_last_of_later_ones_waits(upgraded):  # R-FIRM-5
    states = fetch(
        "SELECT id, valid_from, CASE WHEN refused_at IS NOT NULL THEN 'refused' WHEN confirmed_at IS NULL THEN 'waits' "
        "ELSE 'counts' END FROM firm_size ORDER BY id"
    )
    as_text = [(number, str(day) if day else None, state) for number, day, state in states]
    assert as_text == [
        (1, "2026-01-05", "counts"),
        (2, "2026-03-02", "counts"),
        (3, None, "refused"),
        (4, None, "waits"),
        (5, None, "waits"),
        (6, "2026-02-01", "counts"),
        (7, "2026-05-01", "counts"),
    ]
    assert fetch("SELECT id, size_class FROM firm ORDER BY id") == [(1, "medium"), (2, None), (3, "micro")]


def test_down_again_only_what_counts_stays(upgraded):
    command.downgrade(alembic_config(), "role_division")
    assert [str(day) for (day,) in fetch("SELECT valid_from FROM firm_size ORDER BY id")] == [
        str(date(2026, 1, 5)),
        str(date(2026, 3, 2)),
        str(date(2026, 2, 1)),
        str(date(2026, 5, 1)),
    ]
