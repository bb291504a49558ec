"""A year of the working-day table is confirmed as complete by somebody, not by being there.

Years that have days were entered whole; an empty one was only begun, and is warned of again.
"""

import sqlalchemy as sa
from alembic import op

revision = "working_years"
down_revision = "0001"


def upgrade():
    op.add_column("working_year", sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True))
    year_of = "CAST(strftime('%Y', d.day) AS integer)"
    moment = "strftime('%Y-%m-%d %H:%M:%f', 'now') || '000'"
    if op.get_bind().dialect.name == "postgresql":
        year_of, moment = "EXTRACT(YEAR FROM d.day)", "now()"
    op.execute(
        sa.text(
            f"UPDATE working_year SET confirmed_at = {moment} "
            f"WHERE EXISTS (SELECT 1 FROM working_day d WHERE {year_of} = working_year.year)".replace(":", "\\:")
        )
    )


def downgrade():
    op.drop_column("working_year", "confirmed_at")
