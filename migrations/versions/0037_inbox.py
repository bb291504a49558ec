"""When a lab reminded a client, of which request's end its owners were told, and the e-mail address of its contact."""

import sqlalchemy as sa
from alembic import op

revision = "inbox"
down_revision = "objection_papers"

COLUMNS = ("lab_reminded_at", "owner_told_for")


def upgrade() -> None:
    for column in COLUMNS:
        op.add_column("booking", sa.Column(column, sa.DateTime(timezone=True), nullable=True))
    op.add_column("lab", sa.Column("email", sa.String(length=254), server_default="", nullable=False))


def downgrade() -> None:
    op.execute("ALTER TABLE lab DROP COLUMN email")
    for column in COLUMNS:
        op.execute(f"ALTER TABLE booking DROP COLUMN {column}")
