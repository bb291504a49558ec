"""When owners were told of a dispute, or a request to the labs, that nobody answers."""

import sqlalchemy as sa
from alembic import op

revision = "unanswered"
down_revision = "extra_work"

TABLES = ("dispute", "inquiry")


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column("owner_told_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} DROP COLUMN owner_told_at")
