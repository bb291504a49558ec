"""What clients had booked before the lab was here takes its time: blocks that name client and test."""

import sqlalchemy as sa
from alembic import op

revision = "earlier"
down_revision = "session_agent"

BEFORE = "kind IN ('maintenance', 'training', 'in_house')"
BLOCKS = "kind IN ('maintenance', 'training', 'in_house', 'earlier')"
WORDS = (
    (
        "holding",
        "ck_holding_kind_known",
        "kind IN ('booking', 'maintenance', 'training', 'in_house', 'offer')",
        "kind IN ('booking', 'maintenance', 'training', 'in_house', 'earlier', 'offer')",
    ),
    ("wanted_block", "ck_wanted_block_kind_known", BEFORE, BLOCKS),
)
SAID = {"client": 200, "test": 200, "contact": 100, "reference": 60}
SAYS_WHO = (
    "(kind = 'earlier' AND client <> '' AND test <> '') OR (kind <> 'earlier' "
    "AND client = '' AND test = '' AND contact = '' AND reference = '')"
)
MARKS = {
    "OLD": "INSERT INTO stale_month (lab_id, month) SELECT (SELECT lab_id FROM instrument WHERE id = OLD.instrument_id), "
    "k.month FROM kept_month k WHERE k.ends_at > OLD.starts_at AND k.starts_at < OLD.ends_at; ",
    "NEW": "INSERT INTO stale_month (lab_id, month) SELECT (SELECT lab_id FROM instrument WHERE id = NEW.instrument_id), "
    "k.month FROM kept_month k WHERE k.ends_at > NEW.starts_at AND k.starts_at < NEW.ends_at; ",
}
EVENTS = {"insert": ("NEW",), "update": ("OLD", "NEW"), "delete": ("OLD",)}


def upgrade() -> None:
    for table, name, old, new in WORDS:
        op.change_check(table, name, old=old, new=new)
    with op.batch_alter_table("wanted_block") as table:
        for name, length in SAID.items():
            table.add_column(sa.Column(name, sa.String(length=length), server_default="", nullable=False))
        table.create_check_constraint(op.f("ck_wanted_block_earlier_says_who"), SAYS_WHO)
    _know_blocks(BLOCKS)


def downgrade() -> None:
    """What was promised before is maintenance, which counts in every figure as it does, with client and test in its
    note; contacts and references go."""
    with op.batch_alter_table("wanted_block") as table:
        table.drop_constraint(op.f("ck_wanted_block_earlier_says_who"), type_="check")
    op.execute(
        "UPDATE holding SET kind = 'maintenance', note = (SELECT substr(w.client || ' · ' || w.test, 1, 200) "
        "FROM wanted_block w WHERE w.id = holding.block) WHERE kind = 'earlier'"
    )
    op.execute(
        "UPDATE wanted_block SET kind = 'maintenance', note = substr(client || ' · ' || test, 1, 200) "
        "WHERE kind = 'earlier'"
    )
    with op.batch_alter_table("wanted_block") as table:
        for name in SAID:
            table.drop_column(name)
    for table_name, name, old, new in WORDS:
        op.change_check(table_name, name, old=new, new=old)
    _know_blocks(BEFORE)


def _know_blocks(blocks: str) -> None:
    """The index of blocks, and the marks of what is kept of past months."""
    op.drop_index("ix_holding_blocks", table_name="holding")
    op.create_index(
        "ix_holding_blocks",
        "holding",
        ["instrument_id", "ends_at", "starts_at", "kind"],
        sqlite_where=sa.text(blocks),
        postgresql_where=sa.text(blocks),
    )
    postgresql = op.get_bind().dialect.name == "postgresql"
    for event, rows in EVENTS.items():
        name = f"holding_marks_months_{event}"
        when = " OR ".join(f"{row}.{blocks}" for row in rows)
        begun = f"CREATE TRIGGER {name} AFTER {event.upper()} ON holding FOR EACH ROW WHEN ({when})"
        op.execute(f"DROP TRIGGER {name}" + (" ON holding" if postgresql else ""))
        if postgresql:
            op.execute(f"{begun} EXECUTE FUNCTION {name}()")
        else:
            op.execute(f"{begun} BEGIN {''.join(MARKS[row] for row in rows)}END")
