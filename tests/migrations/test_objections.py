"""An objection raised before it could be passed on has ten working days, too (R-RUN-15)."""

from alembic import command
from sqlalchemy import text

from labshare.commands.db import alembic_config
from labshare.kernel.database import db
from tests.migrations.filled import insert


def test_its_day_is_counted_from_when_it_was_raised(empty):  # R-RUN-15
    command.upgrade(alembic_config(), "contest")
    with db.engine.begin() as connection:
        insert(connection, "working_day", day="2026-11-11", kind="holiday", name="", name_en="")
        insert(connection, "person", id=1, email="a@b.cn")
        insert(connection, "firm", id=1, kind="enterprise")
        insert(connection, "lab", id=1, firm_id=1, code="XC-001", division="330624", state="draft")
        given = {"version": 1, "effective_from": "2026-01", "document": "{}", "state": "published"}
        insert(connection, "policy", id=1, division="330624", **given)
        given = {"division": "330624", "month": "2026-10", "policy_id": 1, "state": "calculated", "to_reclaim": "[]"}
        insert(connection, "reward_run", id=1, **given)
        given = {"run_id": 1, "lab_id": 1, "publicity": 1, "text": "x", "raised_by": 1}
        insert(connection, "objection", id=1, raised_at="2026-11-01 17:00:00.000000", **given)  # Monday the 2nd, local
    for _turn in range(2):
        command.upgrade(alembic_config(), "objection_passed_on")
        with db.engine.connect() as connection:
            found = connection.scalar(text("SELECT answer_by FROM objection"))
        assert str(found).startswith("2026-11-17 16:00")
        command.downgrade(alembic_config(), "contest")
