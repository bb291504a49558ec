"""In which role an authorisation was recorded, and when it was told that it ends."""

import sqlalchemy as sa
from alembic import op

revision = "team"
down_revision = "authorisation"

COLUMNS = (
    ("recorded_as", sa.String(length=20)),
    ("person_as", sa.String(length=20)),
    ("ending_told_at", sa.DateTime(timezone=True)),
)
NAME = "ck_authorisation_managers_by_owners"


def upgrade() -> None:
    with op.batch_alter_table("authorisation") as table:
        for name, kind in COLUMNS:
            table.add_column(sa.Column(name, kind, nullable=True))
        table.create_check_constraint(op.f(NAME), "recorded_as IS NULL OR recorded_as = 'owner' OR person_as = 'owner'")


def downgrade() -> None:
    with op.batch_alter_table("authorisation") as table:
        table.drop_constraint(op.f(NAME), type_="check")
        for name, _kind in COLUMNS[::-1]:
            table.drop_column(name)
