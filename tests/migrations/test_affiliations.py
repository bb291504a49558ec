"""A filled database takes on the moments of affiliations, and gives them back."""

import re
from datetime import date
from typing import Any

import pytest
from alembic import command
from flask import Flask
from sqlalchemy import inspect, text

from labshare.commands.db import alembic_config
from labshare.kernel.database import db

BEFORE, ME = "grades", "affiliations"
HOST, DAUGHTER, BELOW, ONE_SIDED, IDLE, PARENT = range(1, 7)
LINKS = [
    # id, firm, other, kind, last day, source
    (1, HOST, DAUGHTER, "controls", None, "firm"),  # decided entries directly, and of BELOW over a chain
    (2, DAUGHTER, BELOW, "controls", None, "business_register"),
    (3, ONE_SIDED, HOST, "family", "2026-06-30", "firm"),  # decided entries of a window that is over
    (4, IDLE, HOST, "controls", None, "firm"),  # decided nothing
    (5, HOST, IDLE, "family", None, "inspection"),
]
BOOKINGS = [
    # id, client, day, month, run that left it out
    (1, DAUGHTER, "2026-09-05", "2026-09", 2),
    (2, BELOW, "2026-09-06", "2026-09", 2),
    (3, ONE_SIDED, "2025-12-01", "2025-12", 1),
]


def execute(statement: str, **values: Any) -> Any:
    with db.engine.begin() as connection:
        return connection.execute(text(statement), values)


def put(table: str, **values: Any) -> None:
    """A row by SQL. What is not said and may not be empty is filled: the first word that a column allows, 1, a day."""
    seen = inspect(db.engine)
    columns = {column["name"]: column for column in seen.get_columns(table)}
    allowed = [check["sqltext"] for check in seen.get_check_constraints(table)]
    for name, column in columns.items():
        if name not in values and not column["nullable"] and name != "id":
            values[name] = _something(name, str(column["type"]).upper(), allowed)
    as_json = {name for name in values if "JSON" in str(columns[name]["type"]).upper()}
    places = ", ".join(
        f"CAST(:{name} AS json)" if name in as_json and on_postgresql() else f":{name}" for name in values
    )
    execute(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({places})", **values)


def _something(name: str, kind: str, allowed: list[str]) -> Any:
    if "CHAR" in kind or "TEXT" in kind:
        words = (re.search(r"'([^']+)'", check) for check in allowed if re.match(rf"\(*{name}\b", check))
        return next((found[1] for found in words if found), "")
    if "TIME" in kind:
        return "2026-01-01 00:00:00.000000"
    if "DATE" in kind:
        return "2026-01-01"
    if "BOOL" in kind:
        return False
    return "[]" if "JSON" in kind else 1


def on_postgresql() -> bool:
    return db.engine.dialect.name == "postgresql"


@pytest.fixture
def filled(empty: Flask) -> None:
    """A database with a host, its links, and approved runs of 2025 (over) and of September 2026."""
    command.upgrade(alembic_config(), BEFORE)
    put("person", id=1, email="o@test.example")
    for number in range(1, 7):
        put(
            "firm",
            id=number,
            uscc=f"91330624000000{number:04d}",
            name=f"企业{number}",
            kind="enterprise",
            division="330624",
            sector="industry",
            verified_at="2025-01-01 00:00:00.000000",
        )
    for number, firm, other, kind, last, source in LINKS:
        put(
            "affiliation",
            id=number,
            firm_id=firm,
            other_firm_id=other,
            kind=kind,
            valid_from="2025-01-01",
            valid_to=last,
            source=source,
            entered_by=1,
            entered_at="2025-03-04 05:06:07.000000",
            note="",
        )
    put("lab", id=1, code="XC-1", firm_id=HOST, name="实验室", division="330624", state="published")
    put(
        "policy",
        id=1,
        division="330624",
        name="甲",
        version=1,
        state="draft",
        effective_from="2025-01",
        effective_to=None,
        document="{}",
        created_by=1,
    )
    put("instrument", id=1, lab_id=1)
    put("instrument_unit", instrument_id=1, unit=1)
    put("test_item", id=1, lab_id=1)
    put("fee", id=1, test_item_id=1)
    for number, month in ((1, "2025-12"), (2, "2026-09")):
        put("reward_run", id=number, division="330624", month=month, policy_id=1, state="calculated", digest="x")
    for number, client, day, month, run in BOOKINGS:
        put(
            "booking",
            id=number,
            ref=f"B-{number}",
            state="confirmed",
            client_firm_id=client,
            lab_firm_id=HOST,
            lab_id=1,
            instrument_id=1,
            unit=1,
            test_item_id=1,
            fee_id=1,
            booked_on=day,
            booked_by=1,
            quantity=1,
            client_division="330624",
            ends_at="2026-01-01 01:00:00.000000",
        )
        put(
            "revenue_entry",
            id=number,
            booking_id=number,
            lab_id=1,
            instrument_id=1,
            month=month,
            amount_fen=1000,
            tax_fen=0,
        )
        put("reward_item", entry_id=number, run_id=run, reason="related", changes=False)
    for number in range(1, 12):  # the rest of 2025: that window is over
        put(
            "reward_run",
            id=10 + number,
            division="330624",
            month=f"2025-{number:02d}",
            policy_id=1,
            state="calculated",
            digest="x",
        )
    execute("UPDATE reward_run SET state = 'approved'")


def rows() -> dict[int, dict[str, Any]]:
    with db.engine.connect() as connection:
        found = connection.execute(text("SELECT * FROM affiliation ORDER BY id")).mappings().all()
    return {row["id"]: dict(row) for row in found}


def test_links_take_on_their_moments(filled: None) -> None:
    command.upgrade(alembic_config(), ME)

    found = rows()
    assert {str(row["recorded_at"])[:19] for row in found.values()} == {"2025-03-04 05:06:07"}
    assert {number: row["declared_by_firm_id"] for number, row in found.items()} == {
        1: HOST,
        2: None,
        3: ONE_SIDED,
        4: IDLE,
        5: None,
    }
    confirmed = {number: row["confirmed_source"] for number, row in found.items() if row["confirmed_at"] is not None}
    assert confirmed == {2: "business_register", 5: "inspection"}
    assert [number for number, row in found.items() if row["holds_until_decided"]] == [1]
    assert str(found[3]["valid_to"]) == "2026-06-30"


def test_the_guards_stand_after_it(filled: None) -> None:
    command.upgrade(alembic_config(), ME)

    for statement in ("UPDATE affiliation SET valid_from = '2020-01-01'", "DELETE FROM affiliation"):
        with pytest.raises(Exception, match="affiliation"):
            execute(statement)


def test_down_again_ends_and_voids_are_what_it_could_say_before(filled: None) -> None:
    before = rows()
    command.upgrade(alembic_config(), ME)
    execute(
        "UPDATE affiliation SET ended_at = :at, ended_by = 1, ended_on = :day WHERE id = 1",
        at="2026-11-01 00:00:00.000000",
        day=date(2026, 10, 31).isoformat(),
    )
    execute(
        "UPDATE affiliation SET voided_at = :at, voided_by = 1, void_reason = 'x' WHERE id = 4",
        at="2026-11-01 00:00:00.000000",
    )

    command.downgrade(alembic_config(), BEFORE)

    after = rows()
    assert set(after) == {1, 2, 3, 5}
    assert str(after[1]["valid_to"]) == "2026-10-31"
    assert {number: row for number, row in after.items() if number != 1} == {
        number: row for number, row in before.items() if number not in (1, 4)
    }
    command.upgrade(alembic_config(), ME)
    assert set(rows()) == {1, 2, 3, 5}
