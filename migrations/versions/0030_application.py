"""A lab applies to be an open lab."""

import sqlalchemy as sa
from alembic import op

revision = "application"
down_revision = "photos"


def upgrade() -> None:
    op.create_table(
        "lab_application",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("lab_id", sa.Integer(), nullable=False),
        sa.Column("applied_by", sa.Integer(), nullable=True),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("remark", sa.String(length=300), nullable=False),
        sa.Column("proved", sa.JSON(), nullable=False),
        sa.Column("ended_by", sa.Integer(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(length=20), nullable=True),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.CheckConstraint(
            "outcome IS NULL OR outcome IN ('admitted', 'declined', 'withdrawn')",
            name=op.f("ck_lab_application_outcome_known"),
        ),
        sa.CheckConstraint("(ended_at IS NULL) = (outcome IS NULL)", name=op.f("ck_lab_application_ended_once")),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_lab_application_lab_id")),
        sa.ForeignKeyConstraint(["applied_by"], ["person.id"], name=op.f("fk_lab_application_applied_by")),
        sa.ForeignKeyConstraint(["ended_by"], ["person.id"], name=op.f("fk_lab_application_ended_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lab_application")),
    )
    op.create_index("ix_lab_application_lab_id_applied_at", "lab_application", ["lab_id", "applied_at"])
    op.create_index(
        "ix_lab_application_waiting",
        "lab_application",
        ["lab_id"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("lab_application")
