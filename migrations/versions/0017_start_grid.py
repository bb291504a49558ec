"""A lab says at which minutes of the hour tests may start: 5 where it has not said so."""

from alembic import op

revision = "start_grid"
down_revision = "spending"


def upgrade() -> None:
    op.execute(
        "ALTER TABLE lab ADD COLUMN start_grid INTEGER DEFAULT 1 NOT NULL "
        "CONSTRAINT ck_lab_start_grid_known CHECK (start_grid IN (1, 5, 10, 15, 30))"
    )
    op.execute("UPDATE lab SET start_grid = 5")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE lab DROP CONSTRAINT ck_lab_start_grid_known")
    op.execute("ALTER TABLE lab DROP COLUMN start_grid")
