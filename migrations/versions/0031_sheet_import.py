"""What was taken in from sheets, so that it can be undone."""

import sqlalchemy as sa
from alembic import op

revision = "sheet_import"
down_revision = "application"


def upgrade() -> None:
    op.create_table(
        "sheet_import",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("lab_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("added", sa.JSON(), nullable=False),
        sa.Column("changed", sa.JSON(), nullable=False),
        sa.Column("imported_by", sa.Integer(), nullable=True),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_by", sa.Integer(), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(undone_by IS NULL) = (undone_at IS NULL)", name=op.f("ck_sheet_import_undone_by_somebody")
        ),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_sheet_import_lab_id")),
        sa.ForeignKeyConstraint(["imported_by"], ["person.id"], name=op.f("fk_sheet_import_imported_by")),
        sa.ForeignKeyConstraint(["undone_by"], ["person.id"], name=op.f("fk_sheet_import_undone_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sheet_import")),
    )
    op.create_index("ix_sheet_import_lab_id_id", "sheet_import", ["lab_id", "id"])


def downgrade() -> None:
    op.drop_table("sheet_import")
