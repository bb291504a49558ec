"""A year of the working-day table is confirmed as complete by somebody, not by being there.

Years that have days were entered whole; an empty one was only begun, and is warned of again.
"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "working_years"
down_revision = "limits"

YEAR = sa.table("working_year", sa.column("year", sa.Integer), sa.column("confirmed_at", sa.DateTime(timezone=True)))
DAY = sa.table("working_day", sa.column("day", sa.Date))


def upgrade():
    op.add_column("working_year", sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True))
    now = datetime.now(UTC)
    if op.get_bind().dialect.name == "sqlite":
        now = now.replace(tzinfo=None)
    has_days = sa.exists().where(sa.extract("year", DAY.c.day) == YEAR.c.year)
    op.execute(sa.update(YEAR).where(has_days).values(confirmed_at=now))


def downgrade():
    op.drop_column("working_year", "confirmed_at")
