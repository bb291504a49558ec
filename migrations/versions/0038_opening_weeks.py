"""Opening hours from a day on, and of instruments where they differ from their lab's.

What labs have holds for them from the beginning. On the way down the hours in force stay, those of instruments go.
"""

from collections import defaultdict
from datetime import date

import sqlalchemy as sa
from alembic import op

revision = "opening_weeks"
down_revision = "inbox"

ALWAYS = date(2000, 1, 1)
HOURS = sa.table(
    "opening_hours",
    sa.column("lab_id", sa.Integer),
    sa.column("weekday", sa.Integer),
    sa.column("opens_minute", sa.Integer),
    sa.column("closes_minute", sa.Integer),
)
WEEKS = sa.table(
    "opening_week",
    sa.column("lab_id", sa.Integer),
    sa.column("instrument_id", sa.Integer),
    sa.column("valid_from", sa.Date),
    sa.column("weekly", sa.JSON),
)
MARK = "INSERT INTO stale_month (lab_id, month) SELECT {row}.lab_id, k.month FROM kept_month k WHERE"
ROWS = {"insert": ("NEW",), "update": ("OLD", "NEW"), "delete": ("OLD",)}


def _have_months_marked(table, condition):
    """The triggers that mark the kept months which a change of these hours touches."""
    for event, rows in ROWS.items():
        name = f"{table}_marks_months_{event}"
        marks = " ".join(f"{MARK.format(row=row)} {condition.format(row=row)};" for row in rows)
        head = f"CREATE TRIGGER {name} AFTER {event.upper()} ON {table} FOR EACH ROW"
        if op.get_bind().dialect.name == "sqlite":
            op.execute(f"{head} BEGIN {marks} END")
        else:
            op.execute(
                f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {marks} RETURN NULL; END $$"
            )
            op.execute(f"{head} EXECUTE FUNCTION {name}()")


def _drop_marked(table):
    op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        for event in ROWS:
            op.execute(f"DROP FUNCTION {table}_marks_months_{event}()")


def upgrade() -> None:
    op.create_table(
        "opening_week",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("lab_id", sa.Integer(), nullable=False),
        sa.Column("instrument_id", sa.Integer(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("weekly", sa.JSON(none_as_null=True), nullable=True),
        sa.CheckConstraint(
            "weekly IS NOT NULL OR instrument_id IS NOT NULL", name=op.f("ck_opening_week_lab_has_hours")
        ),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_opening_week_lab_id")),
        sa.ForeignKeyConstraint(["instrument_id"], ["instrument.id"], name=op.f("fk_opening_week_instrument_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opening_week")),
    )
    for of, condition in (("lab", "instrument_id IS NULL"), ("instrument", "instrument_id IS NOT NULL")):
        op.create_index(
            f"uq_opening_week_of_{of}",
            "opening_week",
            [f"{of}_id", "valid_from"],
            unique=True,
            sqlite_where=sa.text(condition),
            postgresql_where=sa.text(condition),
        )
    op.create_index(op.f("ix_opening_week_lab_id"), "opening_week", ["lab_id"], unique=False)
    weeks = defaultdict(lambda: [[] for _day in range(7)])
    rows = op.get_bind().execute(sa.select(HOURS).order_by(HOURS.c.lab_id, HOURS.c.weekday, HOURS.c.opens_minute))
    for lab_id, weekday, opens, closes in rows:
        weeks[lab_id][weekday].append([opens, closes])
    if weeks:
        op.bulk_insert(
            WEEKS,
            [
                {"lab_id": lab_id, "instrument_id": None, "valid_from": ALWAYS, "weekly": weekly}
                for lab_id, weekly in weeks.items()
            ],
        )
    _drop_marked("opening_hours")
    _have_months_marked("opening_week", "k.last_day >= {row}.valid_from")
    with op.batch_alter_table("instrument_month") as table:
        table.add_column(sa.Column("extra_minutes", sa.Integer(), nullable=False, server_default="0"))
    with op.batch_alter_table("instrument_month") as table:
        table.alter_column("extra_minutes", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("instrument_month") as table:
        table.drop_column("extra_minutes")
    op.create_table(
        "opening_hours",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("lab_id", sa.Integer(), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("opens_minute", sa.Integer(), nullable=False),
        sa.Column("closes_minute", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "opens_minute >= 0 AND opens_minute < 1440 AND closes_minute > opens_minute AND closes_minute <= 2880",
            name=op.f("ck_opening_hours_minutes_in_order"),
        ),
        sa.CheckConstraint("weekday BETWEEN 0 AND 6", name=op.f("ck_opening_hours_weekday_known")),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_opening_hours_lab_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opening_hours")),
        sa.UniqueConstraint(
            "lab_id", "weekday", "opens_minute", name=op.f("uq_opening_hours_lab_id_weekday_opens_minute")
        ),
    )
    in_force = (
        sa.select(WEEKS.c.lab_id, WEEKS.c.weekly)
        .where(WEEKS.c.instrument_id.is_(None), WEEKS.c.valid_from <= sa.func.current_date())
        .order_by(WEEKS.c.valid_from)
    )
    rows = [
        {"lab_id": lab_id, "weekday": weekday, "opens_minute": opens, "closes_minute": closes}
        for lab_id, weekly in {row.lab_id: row.weekly for row in op.get_bind().execute(in_force)}.items()
        for weekday, day in enumerate(weekly)
        for opens, closes in day
    ]
    if rows:
        op.bulk_insert(HOURS, rows)
    _drop_marked("opening_week")
    _have_months_marked("opening_hours", "TRUE")
