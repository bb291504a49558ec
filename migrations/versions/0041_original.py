"""What the original of an invoice says in all."""

import sqlalchemy as sa
from alembic import op

revision = "original"
down_revision = "raw_data"


def upgrade() -> None:
    op.add_column("invoice", sa.Column("whole_fen", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("invoice", "whole_fen")
