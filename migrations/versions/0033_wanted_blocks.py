"""Blocks as they are wanted; those from before stay as they were taken."""

import sqlalchemy as sa
from alembic import op

revision = "wanted_blocks"
down_revision = "bank"


def upgrade() -> None:
    op.create_table(
        "wanted_block",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("instrument_id", sa.Integer(), nullable=False),
        sa.Column("units", sa.JSON(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("missing_minutes", sa.Integer(), nullable=False),
        sa.Column("series", sa.String(length=36), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('maintenance', 'in_house')", name=op.f("ck_wanted_block_kind_known")),
        sa.CheckConstraint("missing_minutes >= 0", name=op.f("ck_wanted_block_missing_not_negative")),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_wanted_block_times_in_order")),
        sa.ForeignKeyConstraint(["instrument_id"], ["instrument.id"], name=op.f("fk_wanted_block_instrument_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wanted_block")),
    )
    op.create_index(
        "ix_wanted_block_missing",
        "wanted_block",
        ["instrument_id", "ends_at"],
        unique=False,
        sqlite_where=sa.text("missing_minutes > 0"),
        postgresql_where=sa.text("missing_minutes > 0"),
    )
    op.create_index(
        "ix_wanted_block_series",
        "wanted_block",
        ["series"],
        unique=False,
        sqlite_where=sa.text("series IS NOT NULL"),
        postgresql_where=sa.text("series IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index(
        "ix_wanted_block_series",
        table_name="wanted_block",
        sqlite_where=sa.text("series IS NOT NULL"),
        postgresql_where=sa.text("series IS NOT NULL"),
    )
    op.drop_index(
        "ix_wanted_block_missing",
        table_name="wanted_block",
        sqlite_where=sa.text("missing_minutes > 0"),
        postgresql_where=sa.text("missing_minutes > 0"),
    )
    op.drop_table("wanted_block")
