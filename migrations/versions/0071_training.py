"""A lab blocks time for training, too."""

import sqlalchemy as sa
from alembic import op

revision = "training"
down_revision = "affiliation_change"

BEFORE = "kind IN ('maintenance', 'in_house')"
BLOCKS = "kind IN ('maintenance', 'training', 'in_house')"
WORDS = (
    (
        "holding",
        "ck_holding_kind_known",
        "kind IN ('booking', 'maintenance', 'in_house', 'offer')",
        "kind IN ('booking', 'maintenance', 'training', 'in_house', 'offer')",
    ),
    ("wanted_block", "ck_wanted_block_kind_known", BEFORE, BLOCKS),
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
    _know_blocks(BLOCKS)


def downgrade() -> None:
    """What was training is maintenance, which counts in every figure as it does."""
    for table, *_check in WORDS:
        blocks = sa.table(table, sa.column("kind"))
        op.execute(blocks.update().where(blocks.c.kind == "training").values(kind="maintenance"))
    for table, name, old, new in WORDS:
        op.change_check(table, name, old=new, new=old)
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
