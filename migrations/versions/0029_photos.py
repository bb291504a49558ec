"""Photos of labs."""

import sqlalchemy as sa
from alembic import op

revision = "photos"
down_revision = "firm_search"


def upgrade() -> None:
    op.create_table(
        "lab_photo",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("lab_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("large_id", sa.Integer(), nullable=False),
        sa.Column("small_id", sa.Integer(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("words", sa.String(length=120), nullable=False),
        sa.Column("words_en", sa.String(length=200), nullable=False),
        sa.CheckConstraint("place BETWEEN 0 AND 6", name=op.f("ck_lab_photo_place_within")),
        sa.CheckConstraint("width > 0 AND height > 0", name=op.f("ck_lab_photo_measured")),
        sa.CheckConstraint("length(words) > 0", name=op.f("ck_lab_photo_described")),
        sa.CheckConstraint("large_id <> small_id", name=op.f("ck_lab_photo_two_sizes")),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_lab_photo_lab_id")),
        sa.ForeignKeyConstraint(["large_id"], ["stored_file.id"], name=op.f("fk_lab_photo_large_id")),
        sa.ForeignKeyConstraint(["small_id"], ["stored_file.id"], name=op.f("fk_lab_photo_small_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lab_photo")),
        sa.UniqueConstraint("lab_id", "place", name=op.f("uq_lab_photo_lab_id_place")),
        sa.UniqueConstraint("large_id", name=op.f("uq_lab_photo_large_id")),
        sa.UniqueConstraint("small_id", name=op.f("uq_lab_photo_small_id")),
    )


def downgrade() -> None:
    op.drop_table("lab_photo")
