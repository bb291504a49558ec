"""Who does a booking, where its samples lie, when its test stood still."""

import sqlalchemy as sa
from alembic import op

revision = "bench"
down_revision = "original"

REASONS = "'instrument', 'client_asked', 'supply', 'urgent', 'shift'"
COLUMNS = (("assignee_id", "person"), ("storage_place_id", "storage_place"))
NOW = {"sqlite_where": sa.text("ended_at IS NULL"), "postgresql_where": sa.text("ended_at IS NULL")}


def upgrade() -> None:
    op.create_table(
        "storage_place",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("lab_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("dropped_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_storage_place_lab_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_storage_place")),
        sa.UniqueConstraint("lab_id", "name", name=op.f("uq_storage_place_lab_id_name")),
    )
    op.create_table(
        "pause",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("booking_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("began_by", sa.Integer(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(f"reason IN ({REASONS})", name=op.f("ck_pause_reason_known")),
        sa.CheckConstraint("ended_at IS NULL OR ended_at >= began_at", name=op.f("ck_pause_times_in_order")),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_pause_booking_id")),
        sa.ForeignKeyConstraint(["began_by"], ["person.id"], name=op.f("fk_pause_began_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pause")),
    )
    op.create_index("uq_pause_open", "pause", ["booking_id"], unique=True, **NOW)
    op.create_index("ix_pause_booking_id", "pause", ["booking_id"])
    op.create_table(
        "sample_photo",
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.Column("booking_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_sample_photo_booking_id")),
        sa.ForeignKeyConstraint(["file_id"], ["stored_file.id"], name=op.f("fk_sample_photo_file_id")),
        sa.PrimaryKeyConstraint("file_id", name=op.f("pk_sample_photo")),
    )
    op.create_index("ix_sample_photo_booking_id", "sample_photo", ["booking_id"])
    for column, of in COLUMNS:
        op.execute(
            f"ALTER TABLE booking ADD COLUMN {column} INTEGER CONSTRAINT fk_booking_{column} REFERENCES {of} (id)"
        )


def downgrade() -> None:
    for column, _of in COLUMNS:
        op.execute(f"ALTER TABLE booking DROP COLUMN {column}")
    op.drop_table("sample_photo")
    op.drop_table("pause")
    op.drop_table("storage_place")
