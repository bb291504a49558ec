"""Two administrators take off the second factor of somebody who lost it."""

import sqlalchemy as sa
from alembic import op

revision = "lost_factor"
down_revision = "claims"

WAITS = "agreed_at IS NULL AND ended_at IS NULL"


def upgrade() -> None:
    op.create_table(
        "lost_factor",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("proposed_by", sa.Integer(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("agreed_by", sa.Integer(), nullable=True),
        sa.Column("agreed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("agreed_by <> proposed_by", name=op.f("ck_lost_factor_two_administrators")),
        sa.CheckConstraint(
            "person_id <> proposed_by AND (agreed_by IS NULL OR person_id <> agreed_by)",
            name=op.f("ck_lost_factor_not_their_own"),
        ),
        sa.CheckConstraint("(agreed_at IS NULL) = (agreed_by IS NULL)", name=op.f("ck_lost_factor_agreed_by_somebody")),
        sa.CheckConstraint("agreed_at IS NULL OR ended_at IS NULL", name=op.f("ck_lost_factor_decided_once")),
        sa.ForeignKeyConstraint(["agreed_by"], ["person.id"], name=op.f("fk_lost_factor_agreed_by")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_lost_factor_person_id")),
        sa.ForeignKeyConstraint(["proposed_by"], ["person.id"], name=op.f("fk_lost_factor_proposed_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lost_factor")),
    )
    op.create_index(
        "ix_lost_factor_waiting",
        "lost_factor",
        ["person_id"],
        unique=True,
        sqlite_where=sa.text(WAITS),
        postgresql_where=sa.text(WAITS),
    )


def downgrade() -> None:
    op.drop_table("lost_factor")
