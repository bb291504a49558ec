"""Until when the county's officers answer an objection, and when it was passed on."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op
from flask import current_app

revision = "objection_passed_on"
down_revision = "contest"

ANSWER_WITHIN = 10
WAITS = "verdict IS NULL"


def upgrade() -> None:
    for column in ("answer_by", "passed_on_at"):
        op.add_column("objection", sa.Column(column, sa.DateTime(timezone=True), nullable=True))
    _set_days()
    _never_missing()
    op.create_index(
        "ix_objection_waiting",
        "objection",
        ["answer_by"],
        sqlite_where=sa.text(WAITS),
        postgresql_where=sa.text(WAITS),
    )


def _set_days() -> None:
    """As if it had been set when they were raised."""
    bind, zone = op.get_bind(), ZoneInfo(current_app.config["TIME_ZONE"])
    objection = sa.table(
        "objection",
        sa.column("id", sa.Integer()),
        sa.column("raised_at", sa.DateTime(timezone=True)),
        sa.column("answer_by", sa.DateTime(timezone=True)),
    )
    days = sa.table("working_day", sa.column("day", sa.Date()), sa.column("kind", sa.String()))
    kinds = {row.day: row.kind for row in bind.execute(sa.select(days.c.day, days.c.kind))}
    for id, raised_at in bind.execute(sa.select(objection.c.id, objection.c.raised_at)).all():
        moment = raised_at if raised_at.tzinfo else raised_at.replace(tzinfo=UTC)
        until = datetime.combine(_end(moment.astimezone(zone).date(), kinds), time(), zone).astimezone(UTC)
        bind.execute(objection.update().where(objection.c.id == id).values(answer_by=until))


def _end(day: date, kinds: dict[date, str]) -> date:
    """The day after so many working days."""
    found = 0
    while found < ANSWER_WITHIN:
        day += timedelta(days=1)
        found += (day.weekday() < 5 and kinds.get(day) != "holiday") or kinds.get(day) == "make_up"
    return day + timedelta(days=1)


def _never_missing() -> None:
    """SQLite has no statement for it, and rows of other tables refer to this one: so its words are changed."""
    if op.get_bind().dialect.name != "sqlite":
        op.alter_column("objection", "answer_by", nullable=False)
        return
    op.execute("PRAGMA writable_schema = ON")
    op.execute(
        "UPDATE sqlite_master SET sql = replace(sql, 'answer_by DATETIME', 'answer_by DATETIME NOT NULL') "
        "WHERE type = 'table' AND name = 'objection'"
    )
    op.execute("PRAGMA writable_schema = RESET")


def downgrade() -> None:
    op.drop_index("ix_objection_waiting", "objection")
    for column in ("passed_on_at", "answer_by"):
        op.execute(f"ALTER TABLE objection DROP COLUMN {column}")
