"""An event and its network address are written by one statement, into a view of both."""

from alembic import op

revision = "audit_entry"
down_revision = "mails_worded_when_sent"

COLUMNS = (
    "id", "at", "person_id", "firm_id", "action", "subject_type", "subject_id", "before", "after", "refused", "mac"
)  # fmt: skip
NAMES = ", ".join(f'"{name}"' for name in COLUMNS)
NEW = ", ".join(f'NEW."{name}"' for name in COLUMNS)
VIEW = (
    f"CREATE VIEW audit_entry AS SELECT {NAMES}, address "  # noqa: S608 - constants
    "FROM audit_event LEFT JOIN audit_address ON event_id = id"
)
WRITE = (
    f"INSERT INTO audit_event ({NAMES}) VALUES ({NEW}); "  # noqa: S608 -- the columns' own names
    "INSERT INTO audit_address (event_id, address) SELECT NEW.id, NEW.address WHERE NEW.address IS NOT NULL;"
)
UP = {
    "sqlite": (
        VIEW,
        f"CREATE TRIGGER audit_entry_written INSTEAD OF INSERT ON audit_entry BEGIN {WRITE} END",
    ),
    "postgresql": (
        VIEW,
        (
            "CREATE FUNCTION audit_entry_write() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN {WRITE} RETURN NEW; END $$"
        ),
        (
            "CREATE TRIGGER audit_entry_written INSTEAD OF INSERT ON audit_entry FOR EACH ROW "
            "EXECUTE FUNCTION audit_entry_write()"
        ),
    ),
}


def upgrade():
    for statement in UP[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade():
    op.execute("DROP VIEW audit_entry")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION audit_entry_write()")
