"""Audit events carry a mac under EVENT_KEY

Events under a seal keep none: the seal proves them. The last such seal is written into the trail itself, under the key,
so that nobody can add an event "from before" later. Events without a seal get their mac here: after this no event
without one is ever sealed.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op
from flask import current_app

revision = "event_key"
down_revision = "county"
branch_labels = None
depends_on = None

NO_UPDATE = {
    "sqlite": (
        "DROP TRIGGER audit_event_no_update",
        "CREATE TRIGGER audit_event_no_update BEFORE UPDATE ON audit_event  BEGIN SELECT RAISE(ABORT, 'audit_event is append-only'); END",
    ),
    "postgresql": (
        "ALTER TABLE audit_event DISABLE TRIGGER audit_event_no_change",
        "ALTER TABLE audit_event ENABLE TRIGGER audit_event_no_change",
    ),
}
GUARDS = {
    "sqlite": (
        "CREATE TRIGGER audit_event_has_mac BEFORE INSERT ON audit_event WHEN NEW.mac IS NULL BEGIN SELECT RAISE(ABORT, 'an audit event carries its mac'); END",
    ),
    "postgresql": (
        "CREATE FUNCTION audit_event_refuse_bare() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'an audit event carries its mac' USING ERRCODE = 'integrity_constraint_violation'; END $$",
        "CREATE TRIGGER audit_event_has_mac BEFORE INSERT ON audit_event FOR EACH ROW WHEN (NEW.mac IS NULL) EXECUTE FUNCTION audit_event_refuse_bare()",
    ),
}
UNGUARDS = {
    "sqlite": ("DROP TRIGGER audit_event_has_mac",),
    "postgresql": ("DROP TRIGGER audit_event_has_mac ON audit_event", "DROP FUNCTION audit_event_refuse_bare()"),
}
NEXT_ID = {
    "sqlite": "SELECT coalesce(max(id), 0) + 1 FROM audit_event",
    "postgresql": "SELECT nextval('audit_event_id_seq')",
}
AT_ONCE = 1_000

event = sa.table(
    "audit_event",
    sa.column("id", sa.BigInteger()),
    sa.column("at", sa.DateTime(timezone=True)),
    sa.column("person_id", sa.Integer()),
    sa.column("firm_id", sa.Integer()),
    sa.column("action", sa.String()),
    sa.column("subject_type", sa.String()),
    sa.column("subject_id", sa.String()),
    sa.column("before", sa.JSON()),
    sa.column("after", sa.JSON()),
    sa.column("refused", sa.Boolean()),
    sa.column("mac", sa.String()),
)


def upgrade() -> None:
    connection = op.get_bind()
    dialect = connection.dialect.name
    op.execute("ALTER TABLE audit_event ADD COLUMN mac VARCHAR(64)")
    off, on = NO_UPDATE[dialect]
    op.execute(off)
    _give_macs(connection)
    op.execute(on)
    last = connection.scalar(sa.text("SELECT max(id) FROM audit_seal"))
    if last is not None:
        _write_beginning(connection, last)
    for statement in GUARDS[dialect]:
        op.execute(sa.DDL(statement.replace("%", "%%")))


def downgrade() -> None:
    for statement in UNGUARDS[op.get_bind().dialect.name]:
        op.execute(statement)
    op.execute("ALTER TABLE audit_event DROP COLUMN mac")


def _give_macs(connection: sa.Connection) -> None:
    bare = sa.select(event).where(event.c.mac.is_(None), sa.text("id NOT IN (SELECT event_id FROM audit_leaf)"))
    given = event.update().where(event.c.id == sa.bindparam("which")).values(mac=sa.bindparam("its"))
    while rows := connection.execute(bare.order_by(event.c.id).limit(AT_ONCE)).all():
        connection.execute(given, [{"which": row.id, "its": _mac(row._mapping)} for row in rows])


def _write_beginning(connection: sa.Connection, last_seal: int) -> None:
    row = {
        "id": connection.scalar(sa.text(NEXT_ID[connection.dialect.name])),
        "at": datetime.now(UTC),
        "person_id": None,
        "firm_id": None,
        "action": "trail.begin_macs",
        "subject_type": "trail",
        "subject_id": "-",
        "before": None,
        "after": {"seal_id": last_seal},
        "refused": False,
    }
    stored = {**row, "at": row["at"].replace(tzinfo=None)} if connection.dialect.name == "sqlite" else row
    connection.execute(event.insert(), {**stored, "mac": _mac(row)})


def _mac(row: Mapping[str, Any]) -> str:
    """As the trail spells an event: JSON with sorted names, no spaces, UTF-8; the moment in UTC to the microsecond."""
    at = row["at"].replace(tzinfo=UTC) if row["at"].tzinfo is None else row["at"].astimezone(UTC)
    said = json.dumps(
        {
            "id": row["id"],
            "at": at.isoformat(timespec="microseconds"),
            "person": row["person_id"],
            "firm": row["firm_id"],
            "action": row["action"],
            "subject": [row["subject_type"], row["subject_id"]],
            "before": row["before"],
            "after": row["after"],
            "refused": row["refused"],
        },
        ensure_ascii=False,
        sort_keys=True,
        separators=(",", ":"),
    )
    key = str(current_app.config["EVENT_KEY"]).encode()
    return hmac.new(key, said.encode(errors="surrogatepass"), hashlib.sha256).hexdigest()
