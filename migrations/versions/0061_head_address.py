"""Addresses that get each day's head of the audit trail by mail."""

import sqlalchemy as sa
from alembic import op

revision = "head_address"
down_revision = "passkey"


def upgrade() -> None:
    op.create_table(
        "head_address",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("locale", sa.String(length=12), nullable=False),
        sa.Column("added_by", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("nonce", sa.String(length=64), nullable=False),
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_head", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "sent_head IS NULL OR confirmed_at IS NOT NULL", name=op.f("ck_head_address_nobody_unasked")
        ),
        sa.CheckConstraint("locale IN ('zh_Hans_CN', 'en')", name=op.f("ck_head_address_locale_known")),
        sa.ForeignKeyConstraint(["added_by"], ["person.id"], name=op.f("fk_head_address_added_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_head_address")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_head_address_token_digest")),
    )
    op.create_index(
        "ix_head_address_kept",
        "head_address",
        ["email"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("head_address")
