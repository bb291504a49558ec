"""A lab asks about the samples of a test item; a booking keeps the answers, and whether they are confidential."""

import sqlalchemy as sa
from alembic import op

revision = "sample_form"
down_revision = "ask"

TABLES = ("booking", "approval")


def upgrade() -> None:
    op.create_table(
        "sample_field",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("test_item_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("label", sa.String(length=60), nullable=False),
        sa.Column("label_en", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("required", sa.Boolean(), nullable=False),
        sa.Column("unit", sa.String(length=20), nullable=False),
        sa.Column("least", sa.BigInteger(), nullable=True),
        sa.Column("most", sa.BigInteger(), nullable=True),
        sa.Column("options", sa.JSON(), nullable=True),
        sa.Column("hint", sa.String(length=200), nullable=False),
        sa.Column("hint_en", sa.String(length=200), nullable=False),
        sa.CheckConstraint(
            "kind IN ('text', 'number', 'choice', 'photo', 'attached')", name=op.f("ck_sample_field_kind_known")
        ),
        sa.CheckConstraint("place >= 1", name=op.f("ck_sample_field_place_from_one")),
        sa.CheckConstraint("least <= most", name=op.f("ck_sample_field_limits_in_order")),
        sa.CheckConstraint(
            "kind = 'number' OR (least IS NULL AND most IS NULL AND unit = '')",
            name=op.f("ck_sample_field_limits_of_number"),
        ),
        sa.CheckConstraint("(kind = 'choice') = (options IS NOT NULL)", name=op.f("ck_sample_field_options_of_choice")),
        sa.ForeignKeyConstraint(["test_item_id"], ["test_item.id"], name=op.f("fk_sample_field_test_item_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sample_field")),
        sa.UniqueConstraint("test_item_id", "place", name=op.f("uq_sample_field_test_item_id_place")),
    )
    op.add_column("test_item", sa.Column("form_revision", sa.Integer(), server_default=sa.text("0"), nullable=False))
    for table in TABLES:
        op.add_column(table, sa.Column("answers", sa.JSON(), nullable=True))
        op.add_column(table, sa.Column("confidential", sa.Boolean(), server_default=sa.text("false"), nullable=False))


def downgrade() -> None:
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} DROP COLUMN confidential")
        op.execute(f"ALTER TABLE {table} DROP COLUMN answers")
    op.execute("ALTER TABLE test_item DROP COLUMN form_revision")
    op.drop_table("sample_field")
