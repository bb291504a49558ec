"""The database refuses published policies of the same months where one division contains the other."""

from alembic import op

revision = "nested_policies"
down_revision = "trail_check"

SQLITE = (
    "SELECT RAISE(ABORT, 'policy_no_overlap') WHERE NEW.state = 'published' AND EXISTS (SELECT 1 FROM policy p "
    "WHERE {divisions} AND p.state = 'published' AND p.id IS NOT NEW.id "
    "AND p.effective_from <= coalesce(NEW.effective_to, '9999-12') "
    "AND coalesce(p.effective_to, '9999-12') >= NEW.effective_from)"
)
SAME = "p.division = NEW.division"
NESTED = (
    "(substr(p.division, 1, length(NEW.division)) = NEW.division "
    "OR substr(NEW.division, 1, length(p.division)) = p.division)"
)
TOWNS = "int8range(CAST(rpad(division, 12, '0') AS bigint), CAST(rpad(division, 12, '9') AS bigint), '[]') WITH &&"


def upgrade() -> None:
    _guard(NESTED, TOWNS)


def downgrade() -> None:
    _guard(SAME, "division WITH =")


def _guard(divisions: str, ranges: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        for when in ("insert", "update"):
            op.execute(f"DROP TRIGGER policy_no_overlap_{when}")
            op.execute(
                f"CREATE TRIGGER policy_no_overlap_{when} BEFORE {when.upper()} ON policy "
                f"BEGIN {SQLITE.format(divisions=divisions)}; END"
            )
        return
    op.execute("ALTER TABLE policy DROP CONSTRAINT policy_no_overlap")
    op.execute(
        f"ALTER TABLE policy ADD CONSTRAINT policy_no_overlap EXCLUDE USING gist ({ranges}, "
        "int4range(CAST(replace(effective_from, '-', '') AS int), "
        "CAST(replace(coalesce(effective_to, '9999-12'), '-', '') AS int), '[]') WITH &&) "
        "WHERE (state = 'published')"
    )
