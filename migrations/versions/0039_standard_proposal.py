"""Firms propose standards, administrators publish them."""

import sqlalchemy as sa
from alembic import op

revision = "standard_proposal"
down_revision = "opening_weeks"


def upgrade() -> None:
    op.create_table(
        "standard_proposal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("firm_id", sa.Integer(), nullable=False),
        sa.Column("proposed_by", sa.Integer(), nullable=True),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("number", sa.String(length=60), nullable=False),
        sa.Column("search_number", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=True),
        sa.Column("replaces", sa.String(length=60), nullable=False),
        sa.Column("replaced_from", sa.Date(), nullable=True),
        sa.Column("ended_by", sa.Integer(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(length=20), nullable=True),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.CheckConstraint(
            "outcome IS NULL OR outcome IN ('published', 'declined', 'withdrawn')",
            name=op.f("ck_standard_proposal_outcome_known"),
        ),
        sa.CheckConstraint("(ended_at IS NULL) = (outcome IS NULL)", name=op.f("ck_standard_proposal_ended_once")),
        sa.CheckConstraint(
            "(replaces = '') = (replaced_from IS NULL)", name=op.f("ck_standard_proposal_replacement_dated")
        ),
        sa.ForeignKeyConstraint(["firm_id"], ["firm.id"], name=op.f("fk_standard_proposal_firm_id")),
        sa.ForeignKeyConstraint(["proposed_by"], ["person.id"], name=op.f("fk_standard_proposal_proposed_by")),
        sa.ForeignKeyConstraint(["ended_by"], ["person.id"], name=op.f("fk_standard_proposal_ended_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_standard_proposal")),
    )
    op.create_index("ix_standard_proposal_firm_id_proposed_at", "standard_proposal", ["firm_id", "proposed_at"])
    op.create_index(
        "ix_standard_proposal_waiting",
        "standard_proposal",
        ["search_number"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("standard_proposal")
