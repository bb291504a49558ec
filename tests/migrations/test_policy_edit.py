"""The migration that keeps who saved a policy's draft, over policies that there are."""

from typing import Any

from alembic import command
from flask import Flask
from sqlalchemy import text

from labshare.commands.db import alembic_config
from labshare.kernel.database import db

MOMENT = "2026-11-24 02:00:00.000000"


def run(statement: str, **values: Any) -> Any:
    with db.engine.begin() as connection:
        return connection.execute(text(statement), {"at": MOMENT, "no": False, **values})


def test_the_trail_says_who_saved_a_draft(empty: Flask) -> None:  # R-RUN-13
    """Of the first policy the trail knows two savings, and one that was refused; of the second it knows nothing."""
    command.upgrade(alembic_config(), "objection_passed_on")
    for number in (1, 2, 3):
        run(
            "INSERT INTO person (id, email, name, session_epoch, demonstration, created_at) VALUES "
            "(:id, :email, 'A', 0, :no, :at)",
            id=number,
            email=f"{number}@test.example",
        )
    for number in (1, 2):
        run(
            "INSERT INTO policy (id, division, version, name, effective_from, document, demonstration, state, "
            "created_by, created_at) VALUES (:id, '330624', :id, 'P', '2027-01', '{}', :no, 'draft', 1, :at)",
            id=number,
        )
    for number, (person, refused) in enumerate(((1, False), (3, True), (2, False)), start=1):
        run(
            "INSERT INTO audit_event (id, at, person_id, action, subject_type, subject_id, refused, mac) "
            "VALUES (:id, :at, :person, 'policy.draft', 'policy', '1', :refused, :mac)",
            id=number,
            person=person,
            refused=refused,
            mac="0" * 64,
        )
    command.upgrade(alembic_config(), "policy_edit")
    with db.engine.connect() as connection:
        rows = connection.execute(text("SELECT policy_id, number, edited_by FROM policy_edit ORDER BY 1, 2")).all()
    assert [tuple(row) for row in rows] == [(1, 1, 1), (1, 2, 2), (2, 1, 1)]
    command.downgrade(alembic_config(), "objection_passed_on")
