"""The search index of PostgreSQL answers one question of any length."""

from alembic import op

revision = "search_query"
down_revision = "wanted_blocks"


def upgrade() -> None:
    _index_by("tsvector", "array_to_tsvector(string_to_array(grams, ' '))")


def downgrade() -> None:
    _index_by("text[]", "string_to_array(grams, ' ')")


def _index_by(kind: str, expression: str) -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute("DROP INDEX ix_search_entry_grams")
    op.execute("DROP FUNCTION search_grams(grams text)")
    op.execute(
        f"CREATE FUNCTION search_grams(grams text) RETURNS {kind} LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE "
        f"COST 10000 AS $$ BEGIN RETURN {expression}; END $$"
    )
    op.execute("CREATE INDEX ix_search_entry_grams ON search_entry USING gin (search_grams(grams))")
