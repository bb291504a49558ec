"""What the browser of a session said it was."""

import sqlalchemy as sa
from alembic import op

revision = "session_agent"
down_revision = "red_rows"


def upgrade() -> None:
    op.add_column("sign_in_session", sa.Column("agent", sa.String(length=300), nullable=True))


def downgrade() -> None:
    op.execute("ALTER TABLE sign_in_session DROP COLUMN agent")
