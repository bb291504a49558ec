"""Grades of a filled database become confirmed lists, and the way back gives the rows that were: no run changes."""

from datetime import UTC, datetime

import pytest
from alembic import command
from sqlalchemy import text

from labshare.commands.db import alembic_config
from labshare.kernel.database import db
from labshare.kernel.months import Month
from labshare.rewards.queries.facts import grades_in_force
from tests.migrations.filled import insert

BEFORE = "SELECT lab_id, year, grade, effective_month, assessed_by, assessed_at FROM assessment ORDER BY lab_id, 4"
ENTERED = [
    (1, 2025, "good", "2026-01", 1, "2025-12-20 08:00:00.000000"),
    (2, 2025, "unqualified", "2026-01", 1, "2025-12-20 08:01:00.000000"),
    (3, 2025, "excellent", "2026-01", 1, "2025-12-20 08:02:00.000000"),
    (1, 2026, "excellent", "2026-07", 2, "2026-06-24 08:00:00.000000"),
    (2, 2026, "qualified", "2026-07", None, "2026-06-24 09:00:00.000000"),
]
"""Lab 3 lies in another county."""


def execute(statement, **given):
    with db.engine.begin() as connection:
        return connection.execute(text(statement), given)


def fetch(statement):
    with db.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(statement))]


@pytest.fixture
def filled(empty):
    """The first released database with labs and grades."""
    command.upgrade(alembic_config(), "0001")
    with db.engine.begin() as connection:
        for number in (1, 2):
            insert(connection, "person", id=number, email=f"p{number}@test.example", name=f"人{number}")
        insert(connection, "firm", id=1, kind="enterprise")
        for number, division in enumerate(("330624", "330624", "330683"), start=1):
            insert(connection, "lab", id=number, firm_id=1, code=f"XC-{number:03d}", division=division, state="draft")
    for lab, year, grade, month, by, at in ENTERED:
        execute(
            "INSERT INTO assessment (lab_id, year, grade, effective_month, assessed_by, assessed_at) "
            "VALUES (:lab, :year, :grade, :month, :by, :at)",
            lab=lab,
            year=year,
            grade=grade,
            month=month,
            by=by,
            at=at,
        )
    return empty


def test_each_officers_grades_of_a_month_and_county_become_a_confirmed_list(filled):
    command.upgrade(alembic_config(), "head")

    lists = fetch(
        "SELECT l.division, l.year, l.effective_month, l.entered_by, l.state, l.version, l.confirmed_by, count(a.id) "
        "FROM assessment_list l JOIN assessment a ON a.list_id = l.id WHERE l.migrated GROUP BY l.id ORDER BY l.id"
    )
    assert lists == [
        ("330624", 2025, "2026-01", 1, "confirmed", 0, None, 2),
        ("330683", 2025, "2026-01", 1, "confirmed", 0, None, 1),
        ("330624", 2026, "2026-07", 2, "confirmed", 0, None, 1),
        ("330624", 2026, "2026-07", None, "confirmed", 0, None, 1),
    ]
    assert fetch("SELECT count(*) FROM assessment WHERE reason IS NOT NULL") == [(0,)]


def test_every_grade_is_in_force_and_known_as_before(filled):
    command.upgrade(alembic_config(), "head")

    assert grades_in_force(Month(2025, 12)) == {}
    assert grades_in_force(Month(2026, 6)) == {1: "good", 2: "unqualified", 3: "excellent"}
    assert grades_in_force(Month(2026, 7)) == {1: "excellent", 2: "qualified", 3: "excellent"}
    between = datetime(2026, 6, 24, 8, 30, tzinfo=UTC)
    assert grades_in_force(Month(2026, 7), known_at=between) == {1: "excellent", 2: "unqualified", 3: "excellent"}


def test_down_again_gives_the_rows_that_were(filled):
    before = fetch(BEFORE)
    assert len(before) == len(ENTERED)

    command.upgrade(alembic_config(), "head")
    command.downgrade(alembic_config(), "0001")

    assert fetch(BEFORE) == before


def test_down_keeps_the_grade_that_holds_and_no_draft(filled):
    """A later list corrected one grade; another list was never confirmed."""
    command.upgrade(alembic_config(), "head")
    person = "(SELECT min(id) FROM person)"
    for grade, confirmed in (("qualified", True), ("excellent", False)):
        execute(
            "INSERT INTO assessment_list (division, year, effective_month, state, version, entered_by, entered_at, "
            f"migrated) VALUES ('330624', 2025, '2026-01', 'draft', 0, {person}, '2026-08-01 08:00:00.000000', FALSE)"
        )
        newest = "(SELECT max(id) FROM assessment_list)"
        execute(f"UPDATE assessment_list SET state = 'handed_over' WHERE id = {newest}")
        execute(
            "INSERT INTO assessment (list_id, lab_id, grade, reason, confirmed_at) "
            f"VALUES ({newest}, 1, '{grade}', 'x', '2026-08-02 08:00:00.000000')"
        )
        if confirmed:
            execute(
                "UPDATE assessment_list SET state = 'confirmed', confirmed_by = (SELECT max(id) FROM person), "
                f"confirmed_at = '2026-08-02 08:00:00.000000' WHERE id = {newest}"
            )

    command.downgrade(alembic_config(), "0001")

    assert fetch("SELECT grade FROM assessment WHERE lab_id = 1 ORDER BY effective_month") == [
        ("qualified",),
        ("excellent",),
    ]
