"""Entries of the search index tell a test from its sample type. The index is derived; `labshare db upgrade` writes it anew
where it is empty."""

from alembic import op

revision = "search_entries"
down_revision = "months"


def upgrade() -> None:
    op.execute("DELETE FROM search_entry")


def downgrade() -> None:
    """What was written in the new form is found by the earlier version too."""
