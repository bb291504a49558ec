"""Words of the field as administrators change them, and what was looked for and not found. Entries of the search index
tell a test from its sample type: the index is derived; `labshare db upgrade` writes it anew where it is empty."""

import sqlalchemy as sa
from alembic import op

revision = "search_entries"
down_revision = "reads"


def upgrade() -> None:
    op.execute("DELETE FROM search_entry")
    op.create_table(
        "search_concept",
        sa.Column("key", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("zh", "en", "short", "finds")),
        sa.Column("source", sa.String(200), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('test', 'instrument', 'material', 'symptom', 'maker', 'trade', 'filler')",
            name=op.f("ck_search_concept_kind_known"),
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_search_concept")),
    )
    op.create_table(
        "search_miss",
        sa.Column("word", sa.String(60), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("word", name=op.f("pk_search_miss")),
    )


def downgrade() -> None:
    """What was written in the new form is found by the earlier version too."""
    op.drop_table("search_miss")
    op.drop_table("search_concept")
