"""An objection names entries and brings files."""

import sqlalchemy as sa
from alembic import op

revision = "objection_papers"
down_revision = "results"


def upgrade() -> None:
    op.create_table(
        "objection_entry",
        sa.Column("objection_id", sa.Integer(), nullable=False),
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["objection_id"], ["objection.id"], name=op.f("fk_objection_entry_objection_id")),
        sa.ForeignKeyConstraint(["entry_id"], ["revenue_entry.id"], name=op.f("fk_objection_entry_entry_id")),
        sa.PrimaryKeyConstraint("objection_id", "entry_id", name=op.f("pk_objection_entry")),
    )
    op.create_table(
        "objection_file",
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.Column("objection_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["file_id"], ["stored_file.id"], name=op.f("fk_objection_file_file_id")),
        sa.ForeignKeyConstraint(["objection_id"], ["objection.id"], name=op.f("fk_objection_file_objection_id")),
        sa.PrimaryKeyConstraint("file_id", name=op.f("pk_objection_file")),
    )
    op.create_index("ix_objection_file_objection_id", "objection_file", ["objection_id"])


def downgrade() -> None:
    op.drop_table("objection_file")
    op.drop_table("objection_entry")
