"""The second factor of accounts and its recovery codes; regulators' tokens live thirty days at most."""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

revision = "second_factor"
down_revision = "signed_seals"


def upgrade() -> None:
    op.create_table(
        "second_factor",
        sa.Column("person_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("secret", sa.String(length=255), nullable=False),
        sa.Column("last_step", sa.Integer(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_second_factor_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_second_factor")),
    )
    op.create_table(
        "recovery_code",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_recovery_code_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_code")),
        sa.UniqueConstraint("person_id", "digest", name=op.f("uq_recovery_code_person_id_digest")),
    )
    token = sa.table(
        "api_token",
        sa.column("firm_id", sa.Integer()),
        sa.column("expires_at", sa.DateTime(timezone=True)),
    )
    latest = datetime.now(UTC) + timedelta(days=30)
    if op.get_bind().dialect.name == "sqlite":
        latest = latest.replace(tzinfo=None)  # as moments are spelt there
    op.execute(
        token.update()
        .where(token.c.firm_id.is_(None), sa.or_(token.c.expires_at.is_(None), token.c.expires_at > latest))
        .values(expires_at=latest)
    )


def downgrade() -> None:
    op.drop_table("recovery_code")
    op.drop_table("second_factor")
