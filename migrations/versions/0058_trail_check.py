"""Checks of the audit trail: asked for on a page, done by the scheduler, what came of them kept."""

import sqlalchemy as sa
from alembic import op

revision = "trail_check"
down_revision = "lost_factor"


def upgrade() -> None:
    op.create_table(
        "trail_check",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.Integer(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.Column("of_events", sa.BigInteger(), nullable=False),
        sa.Column("fault", sa.String(length=20), nullable=True),
        sa.Column("seal_id", sa.Integer(), nullable=True),
        sa.Column("event_id", sa.BigInteger(), nullable=True),
        sa.Column("head_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "fault IS NULL OR fault IN ('chain', 'signature', 'count', 'event_missing', 'event_changed', 'forged', 'unsealed', 'seal_gone', 'head_signature', 'head_gone', 'head_missing', 'head_differs')",
            name=op.f("ck_trail_check_fault_known"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trail_check")),
    )


def downgrade() -> None:
    op.drop_table("trail_check")
