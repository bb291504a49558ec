"""Somebody's held slots are found by an index of their own, which holds nothing else.

Before, they were looked for among all that belongs to no booking: every block ever made.
"""

import sqlalchemy as sa
from alembic import op

revision = "own_holds"
down_revision = "affiliations"

HELD = sa.text("held_for IS NOT NULL")


def upgrade():
    op.create_index("ix_holding_held_for", "holding", ["held_for"], sqlite_where=HELD, postgresql_where=HELD)


def downgrade():
    op.drop_index("ix_holding_held_for", table_name="holding")
