"""The migration that gives regulators' roles a division, over roles that there are."""

from typing import Any

from alembic import command
from flask import Flask
from sqlalchemy import text

from labshare.commands.db import alembic_config
from labshare.kernel.database import db

MOMENT = "2026-11-24 02:00:00.000000"


def run(statement: str, **values: Any) -> Any:
    with db.engine.begin() as connection:
        return connection.execute(text(statement), values)


def test_roles_get_the_own_county_and_administrators_the_whole_platform(empty: Flask) -> None:  # R-RIGHTS-13
    command.upgrade(alembic_config(), "proof")
    for number, role in enumerate(("officer", "approver", "auditor", "admin"), start=1):
        run(
            "INSERT INTO person (id, email, name, session_epoch, demonstration, created_at) VALUES "
            "(:id, :email, 'A', 0, :no, :at)",
            id=number,
            email=f"{role}@test.example",
            no=False,
            at=MOMENT,
        )
        run(
            "INSERT INTO regulator_role (person_id, role, proposed_at) VALUES (:id, :role, :at)",
            id=number,
            role=role,
            at=MOMENT,
        )
    command.upgrade(alembic_config(), "role_division")
    with db.engine.connect() as connection:
        found = connection.execute(text("SELECT role, division FROM regulator_role")).all()
    assert dict(found) == {"officer": "330624", "approver": "330624", "auditor": "330624", "admin": ""}  # type: ignore[arg-type]
    command.downgrade(alembic_config(), "proof")
    with db.engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM regulator_role")) == 4
