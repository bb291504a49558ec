"""What the bookers of a firm looked for last."""

import sqlalchemy as sa
from alembic import op

revision = "firm_search"
down_revision = "mobile"


def upgrade() -> None:
    op.create_table(
        "firm_search",
        sa.Column("firm_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("words", sa.String(length=200), nullable=False),
        sa.Column("labs", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("labs >= 0", name=op.f("ck_firm_search_labs_counted")),
        sa.ForeignKeyConstraint(["firm_id"], ["firm.id"], name=op.f("fk_firm_search_firm_id")),
        sa.PrimaryKeyConstraint("firm_id", "key", name=op.f("pk_firm_search")),
    )
    op.create_index("ix_firm_search_last_at", "firm_search", ["last_at"])


def downgrade() -> None:
    op.drop_table("firm_search")
