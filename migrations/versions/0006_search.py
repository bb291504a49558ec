"""Entries of the search index have another form: names set apart, whole Latin words beside the pairs, no names of labs
with their tests. The index is derived; `labshare db upgrade` writes it anew where it is empty."""

from alembic import op

revision = "search"
down_revision = "working_years"


def upgrade() -> None:
    op.execute("DELETE FROM search_entry")


def downgrade() -> None:
    """What was written in the new form is found by the earlier version too."""
