"""A mobile number of an account, and the codes sent to numbers."""

import sqlalchemy as sa
from alembic import op

revision = "mobile"
down_revision = "sample_form"


def upgrade() -> None:
    op.add_column("person", sa.Column("mobile", sa.String(length=11), nullable=True))
    op.create_index("ix_person_mobile", "person", ["mobile"], unique=True)
    op.create_table(
        "mobile_code",
        sa.Column("mobile", sa.String(length=11), nullable=False),
        sa.Column("purpose", sa.String(length=10), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("nonce", sa.String(length=32), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.CheckConstraint("purpose IN ('signing_in', 'adding')", name=op.f("ck_mobile_code_purpose_known")),
        sa.CheckConstraint("tries BETWEEN 0 AND 5", name=op.f("ck_mobile_code_tries_bounded")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_mobile_code_person_id")),
        sa.PrimaryKeyConstraint("mobile", "purpose", name=op.f("pk_mobile_code")),
    )
    op.create_index(
        "ix_mobile_code_to_send",
        "mobile_code",
        ["asked_at"],
        sqlite_where=sa.text("sent_at IS NULL"),
        postgresql_where=sa.text("sent_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("mobile_code")
    op.drop_index("ix_person_mobile", table_name="person")
    op.execute("ALTER TABLE person DROP COLUMN mobile")
