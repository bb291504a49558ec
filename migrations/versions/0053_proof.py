"""When the person of a session last proved who it is."""

import sqlalchemy as sa
from alembic import op

revision = "proof"
down_revision = "second_factor"


def upgrade() -> None:
    op.add_column("sign_in_session", sa.Column("proved_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.execute("ALTER TABLE sign_in_session DROP COLUMN proved_at")
