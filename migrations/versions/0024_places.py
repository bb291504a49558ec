"""Labs say where they are in English, and how to get there."""

import sqlalchemy as sa
from alembic import op

revision = "places"
down_revision = "ratings"

KINDS = {"address_en": sa.String(length=200), "directions": sa.Text(), "directions_en": sa.Text()}


def upgrade() -> None:
    for name, kind in KINDS.items():
        op.add_column("lab", sa.Column(name, kind, nullable=False, server_default=""))


def downgrade() -> None:
    for name in reversed(KINDS):
        op.drop_column("lab", name)
