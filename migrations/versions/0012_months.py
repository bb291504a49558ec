"""Months are kept: the sums of each lab's, how long it was open, and triggers that mark what has changed since.

The scheduler's job fills the tables; until it has, every figure is summed from bookings, as before. A finished booking,
a report's day and a block are found by indexes of their own.
"""

import sqlalchemy as sa
from alembic import op

revision = "months"
down_revision = "audit_entry"

FINISHED = sa.text("finished_at IS NOT NULL")
IS_BLOCK = sa.text("kind IN ('maintenance', 'in_house')")
MARKS = {
    "sqlite": (
        "CREATE TRIGGER booking_marks_months_insert AFTER INSERT ON booking FOR EACH ROW BEGIN INSERT INTO stale_month (lab_id, month) SELECT NEW.lab_id, k.month FROM kept_month k WHERE k.ends_at > NEW.starts_at AND k.starts_at <= NEW.starts_at AND k.over; INSERT INTO stale_month (lab_id, month) SELECT NEW.lab_id, k.month FROM kept_month k WHERE k.ends_at > NEW.finished_at AND k.starts_at <= NEW.finished_at AND k.over; END",
        "CREATE TRIGGER booking_marks_months_update AFTER UPDATE OF state, lab_id, lab_firm_id, client_firm_id, client_size, instrument_id, test_item_id, quantity, turnaround_days, starts_at, ends_at, started_at, finished_at, finished_on, machine_minutes ON booking FOR EACH ROW BEGIN INSERT INTO stale_month (lab_id, month) SELECT OLD.lab_id, k.month FROM kept_month k WHERE k.ends_at > OLD.starts_at AND k.starts_at <= OLD.starts_at AND k.over; INSERT INTO stale_month (lab_id, month) SELECT OLD.lab_id, k.month FROM kept_month k WHERE k.ends_at > OLD.finished_at AND k.starts_at <= OLD.finished_at AND k.over; INSERT INTO stale_month (lab_id, month) SELECT NEW.lab_id, k.month FROM kept_month k WHERE k.ends_at > NEW.starts_at AND k.starts_at <= NEW.starts_at AND k.over; INSERT INTO stale_month (lab_id, month) SELECT NEW.lab_id, k.month FROM kept_month k WHERE k.ends_at > NEW.finished_at AND k.starts_at <= NEW.finished_at AND k.over; END",
        "CREATE TRIGGER booking_marks_months_delete AFTER DELETE ON booking FOR EACH ROW BEGIN INSERT INTO stale_month (lab_id, month) SELECT OLD.lab_id, k.month FROM kept_month k WHERE k.ends_at > OLD.starts_at AND k.starts_at <= OLD.starts_at AND k.over; INSERT INTO stale_month (lab_id, month) SELECT OLD.lab_id, k.month FROM kept_month k WHERE k.ends_at > OLD.finished_at AND k.starts_at <= OLD.finished_at AND k.over; END",
        "CREATE TRIGGER holding_marks_months_insert AFTER INSERT ON holding FOR EACH ROW WHEN (NEW.kind IN ('maintenance', 'in_house')) BEGIN INSERT INTO stale_month (lab_id, month) SELECT (SELECT lab_id FROM instrument WHERE id = NEW.instrument_id), k.month FROM kept_month k WHERE k.ends_at > NEW.starts_at AND k.starts_at < NEW.ends_at; END",
        "CREATE TRIGGER holding_marks_months_update AFTER UPDATE ON holding FOR EACH ROW WHEN (OLD.kind IN ('maintenance', 'in_house') OR NEW.kind IN ('maintenance', 'in_house')) BEGIN INSERT INTO stale_month (lab_id, month) SELECT (SELECT lab_id FROM instrument WHERE id = OLD.instrument_id), k.month FROM kept_month k WHERE k.ends_at > OLD.starts_at AND k.starts_at < OLD.ends_at; INSERT INTO stale_month (lab_id, month) SELECT (SELECT lab_id FROM instrument WHERE id = NEW.instrument_id), k.month FROM kept_month k WHERE k.ends_at > NEW.starts_at AND k.starts_at < NEW.ends_at; END",
        "CREATE TRIGGER holding_marks_months_delete AFTER DELETE ON holding FOR EACH ROW WHEN (OLD.kind IN ('maintenance', 'in_house')) BEGIN INSERT INTO stale_month (lab_id, month) SELECT (SELECT lab_id FROM instrument WHERE id = OLD.instrument_id), k.month FROM kept_month k WHERE k.ends_at > OLD.starts_at AND k.starts_at < OLD.ends_at; END",
        "CREATE TRIGGER report_marks_months_insert AFTER INSERT ON report FOR EACH ROW BEGIN INSERT INTO stale_month (lab_id, month) SELECT NEW.lab_id, k.month FROM kept_month k WHERE k.first_day <= NEW.issued_on AND k.last_day >= NEW.issued_on AND k.over; INSERT INTO stale_month (lab_id, month) SELECT NEW.lab_id, k.month FROM kept_month k WHERE k.ends_at > (SELECT finished_at FROM booking WHERE id = NEW.booking_id) AND k.starts_at <= (SELECT finished_at FROM booking WHERE id = NEW.booking_id) AND k.over; END",
        "CREATE TRIGGER revenue_entry_marks_months_insert AFTER INSERT ON revenue_entry FOR EACH ROW BEGIN INSERT INTO stale_month (lab_id, month) SELECT NEW.lab_id, k.month FROM kept_month k WHERE k.month = NEW.month AND k.over; END",
        "CREATE TRIGGER opening_hours_marks_months_insert AFTER INSERT ON opening_hours FOR EACH ROW BEGIN INSERT INTO stale_month (lab_id, month) SELECT NEW.lab_id, k.month FROM kept_month k WHERE TRUE; END",
        "CREATE TRIGGER opening_hours_marks_months_update AFTER UPDATE ON opening_hours FOR EACH ROW BEGIN INSERT INTO stale_month (lab_id, month) SELECT OLD.lab_id, k.month FROM kept_month k WHERE TRUE; INSERT INTO stale_month (lab_id, month) SELECT NEW.lab_id, k.month FROM kept_month k WHERE TRUE; END",
        "CREATE TRIGGER opening_hours_marks_months_delete AFTER DELETE ON opening_hours FOR EACH ROW BEGIN INSERT INTO stale_month (lab_id, month) SELECT OLD.lab_id, k.month FROM kept_month k WHERE TRUE; END",
        "CREATE TRIGGER closure_marks_months_insert AFTER INSERT ON closure FOR EACH ROW BEGIN INSERT INTO stale_month (lab_id, month) SELECT NEW.lab_id, k.month FROM kept_month k WHERE k.ends_at > NEW.starts_at AND k.starts_at < NEW.ends_at; END",
        "CREATE TRIGGER closure_marks_months_update AFTER UPDATE ON closure FOR EACH ROW BEGIN INSERT INTO stale_month (lab_id, month) SELECT OLD.lab_id, k.month FROM kept_month k WHERE k.ends_at > OLD.starts_at AND k.starts_at < OLD.ends_at; INSERT INTO stale_month (lab_id, month) SELECT NEW.lab_id, k.month FROM kept_month k WHERE k.ends_at > NEW.starts_at AND k.starts_at < NEW.ends_at; END",
        "CREATE TRIGGER closure_marks_months_delete AFTER DELETE ON closure FOR EACH ROW BEGIN INSERT INTO stale_month (lab_id, month) SELECT OLD.lab_id, k.month FROM kept_month k WHERE k.ends_at > OLD.starts_at AND k.starts_at < OLD.ends_at; END",
        "CREATE TRIGGER working_day_marks_months_insert AFTER INSERT ON working_day FOR EACH ROW BEGIN INSERT INTO stale_month (lab_id, month) SELECT l.id, k.month FROM kept_month k CROSS JOIN lab l WHERE NEW.day BETWEEN date(k.first_day, '-1 day') AND k.last_day; END",
        "CREATE TRIGGER working_day_marks_months_update AFTER UPDATE ON working_day FOR EACH ROW BEGIN INSERT INTO stale_month (lab_id, month) SELECT l.id, k.month FROM kept_month k CROSS JOIN lab l WHERE OLD.day BETWEEN date(k.first_day, '-1 day') AND k.last_day; INSERT INTO stale_month (lab_id, month) SELECT l.id, k.month FROM kept_month k CROSS JOIN lab l WHERE NEW.day BETWEEN date(k.first_day, '-1 day') AND k.last_day; END",
        "CREATE TRIGGER working_day_marks_months_delete AFTER DELETE ON working_day FOR EACH ROW BEGIN INSERT INTO stale_month (lab_id, month) SELECT l.id, k.month FROM kept_month k CROSS JOIN lab l WHERE OLD.day BETWEEN date(k.first_day, '-1 day') AND k.last_day; END",
        "CREATE TRIGGER working_year_marks_months_insert AFTER INSERT ON working_year FOR EACH ROW BEGIN INSERT INTO stale_month (lab_id, month) SELECT l.id, k.month FROM kept_month k CROSS JOIN lab l WHERE NEW.year IN (strftime('%Y', k.first_day, '-1 day') + 0, substr(k.month, 1, 4) + 0); END",
        "CREATE TRIGGER working_year_marks_months_delete AFTER DELETE ON working_year FOR EACH ROW BEGIN INSERT INTO stale_month (lab_id, month) SELECT l.id, k.month FROM kept_month k CROSS JOIN lab l WHERE OLD.year IN (strftime('%Y', k.first_day, '-1 day') + 0, substr(k.month, 1, 4) + 0); END",
    ),
    "postgresql": (
        "CREATE FUNCTION booking_marks_months_insert() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO stale_month (lab_id, month) SELECT NEW.lab_id, k.month FROM kept_month k WHERE k.ends_at > NEW.starts_at AND k.starts_at <= NEW.starts_at AND k.over; INSERT INTO stale_month (lab_id, month) SELECT NEW.lab_id, k.month FROM kept_month k WHERE k.ends_at > NEW.finished_at AND k.starts_at <= NEW.finished_at AND k.over; RETURN NULL; END $$",
        "CREATE TRIGGER booking_marks_months_insert AFTER INSERT ON booking FOR EACH ROW EXECUTE FUNCTION booking_marks_months_insert()",
        "CREATE FUNCTION booking_marks_months_update() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO stale_month (lab_id, month) SELECT OLD.lab_id, k.month FROM kept_month k WHERE k.ends_at > OLD.starts_at AND k.starts_at <= OLD.starts_at AND k.over; INSERT INTO stale_month (lab_id, month) SELECT OLD.lab_id, k.month FROM kept_month k WHERE k.ends_at > OLD.finished_at AND k.starts_at <= OLD.finished_at AND k.over; INSERT INTO stale_month (lab_id, month) SELECT NEW.lab_id, k.month FROM kept_month k WHERE k.ends_at > NEW.starts_at AND k.starts_at <= NEW.starts_at AND k.over; INSERT INTO stale_month (lab_id, month) SELECT NEW.lab_id, k.month FROM kept_month k WHERE k.ends_at > NEW.finished_at AND k.starts_at <= NEW.finished_at AND k.over; RETURN NULL; END $$",
        "CREATE TRIGGER booking_marks_months_update AFTER UPDATE OF state, lab_id, lab_firm_id, client_firm_id, client_size, instrument_id, test_item_id, quantity, turnaround_days, starts_at, ends_at, started_at, finished_at, finished_on, machine_minutes ON booking FOR EACH ROW EXECUTE FUNCTION booking_marks_months_update()",
        "CREATE FUNCTION booking_marks_months_delete() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO stale_month (lab_id, month) SELECT OLD.lab_id, k.month FROM kept_month k WHERE k.ends_at > OLD.starts_at AND k.starts_at <= OLD.starts_at AND k.over; INSERT INTO stale_month (lab_id, month) SELECT OLD.lab_id, k.month FROM kept_month k WHERE k.ends_at > OLD.finished_at AND k.starts_at <= OLD.finished_at AND k.over; RETURN NULL; END $$",
        "CREATE TRIGGER booking_marks_months_delete AFTER DELETE ON booking FOR EACH ROW EXECUTE FUNCTION booking_marks_months_delete()",
        "CREATE FUNCTION holding_marks_months_insert() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO stale_month (lab_id, month) SELECT (SELECT lab_id FROM instrument WHERE id = NEW.instrument_id), k.month FROM kept_month k WHERE k.ends_at > NEW.starts_at AND k.starts_at < NEW.ends_at; RETURN NULL; END $$",
        "CREATE TRIGGER holding_marks_months_insert AFTER INSERT ON holding FOR EACH ROW WHEN (NEW.kind IN ('maintenance', 'in_house')) EXECUTE FUNCTION holding_marks_months_insert()",
        "CREATE FUNCTION holding_marks_months_update() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO stale_month (lab_id, month) SELECT (SELECT lab_id FROM instrument WHERE id = OLD.instrument_id), k.month FROM kept_month k WHERE k.ends_at > OLD.starts_at AND k.starts_at < OLD.ends_at; INSERT INTO stale_month (lab_id, month) SELECT (SELECT lab_id FROM instrument WHERE id = NEW.instrument_id), k.month FROM kept_month k WHERE k.ends_at > NEW.starts_at AND k.starts_at < NEW.ends_at; RETURN NULL; END $$",
        "CREATE TRIGGER holding_marks_months_update AFTER UPDATE ON holding FOR EACH ROW WHEN (OLD.kind IN ('maintenance', 'in_house') OR NEW.kind IN ('maintenance', 'in_house')) EXECUTE FUNCTION holding_marks_months_update()",
        "CREATE FUNCTION holding_marks_months_delete() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO stale_month (lab_id, month) SELECT (SELECT lab_id FROM instrument WHERE id = OLD.instrument_id), k.month FROM kept_month k WHERE k.ends_at > OLD.starts_at AND k.starts_at < OLD.ends_at; RETURN NULL; END $$",
        "CREATE TRIGGER holding_marks_months_delete AFTER DELETE ON holding FOR EACH ROW WHEN (OLD.kind IN ('maintenance', 'in_house')) EXECUTE FUNCTION holding_marks_months_delete()",
        "CREATE FUNCTION report_marks_months_insert() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO stale_month (lab_id, month) SELECT NEW.lab_id, k.month FROM kept_month k WHERE k.first_day <= NEW.issued_on AND k.last_day >= NEW.issued_on AND k.over; INSERT INTO stale_month (lab_id, month) SELECT NEW.lab_id, k.month FROM kept_month k WHERE k.ends_at > (SELECT finished_at FROM booking WHERE id = NEW.booking_id) AND k.starts_at <= (SELECT finished_at FROM booking WHERE id = NEW.booking_id) AND k.over; RETURN NULL; END $$",
        "CREATE TRIGGER report_marks_months_insert AFTER INSERT ON report FOR EACH ROW EXECUTE FUNCTION report_marks_months_insert()",
        "CREATE FUNCTION revenue_entry_marks_months_insert() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO stale_month (lab_id, month) SELECT NEW.lab_id, k.month FROM kept_month k WHERE k.month = NEW.month AND k.over; RETURN NULL; END $$",
        "CREATE TRIGGER revenue_entry_marks_months_insert AFTER INSERT ON revenue_entry FOR EACH ROW EXECUTE FUNCTION revenue_entry_marks_months_insert()",
        "CREATE FUNCTION opening_hours_marks_months_insert() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO stale_month (lab_id, month) SELECT NEW.lab_id, k.month FROM kept_month k WHERE TRUE; RETURN NULL; END $$",
        "CREATE TRIGGER opening_hours_marks_months_insert AFTER INSERT ON opening_hours FOR EACH ROW EXECUTE FUNCTION opening_hours_marks_months_insert()",
        "CREATE FUNCTION opening_hours_marks_months_update() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO stale_month (lab_id, month) SELECT OLD.lab_id, k.month FROM kept_month k WHERE TRUE; INSERT INTO stale_month (lab_id, month) SELECT NEW.lab_id, k.month FROM kept_month k WHERE TRUE; RETURN NULL; END $$",
        "CREATE TRIGGER opening_hours_marks_months_update AFTER UPDATE ON opening_hours FOR EACH ROW EXECUTE FUNCTION opening_hours_marks_months_update()",
        "CREATE FUNCTION opening_hours_marks_months_delete() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO stale_month (lab_id, month) SELECT OLD.lab_id, k.month FROM kept_month k WHERE TRUE; RETURN NULL; END $$",
        "CREATE TRIGGER opening_hours_marks_months_delete AFTER DELETE ON opening_hours FOR EACH ROW EXECUTE FUNCTION opening_hours_marks_months_delete()",
        "CREATE FUNCTION closure_marks_months_insert() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO stale_month (lab_id, month) SELECT NEW.lab_id, k.month FROM kept_month k WHERE k.ends_at > NEW.starts_at AND k.starts_at < NEW.ends_at; RETURN NULL; END $$",
        "CREATE TRIGGER closure_marks_months_insert AFTER INSERT ON closure FOR EACH ROW EXECUTE FUNCTION closure_marks_months_insert()",
        "CREATE FUNCTION closure_marks_months_update() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO stale_month (lab_id, month) SELECT OLD.lab_id, k.month FROM kept_month k WHERE k.ends_at > OLD.starts_at AND k.starts_at < OLD.ends_at; INSERT INTO stale_month (lab_id, month) SELECT NEW.lab_id, k.month FROM kept_month k WHERE k.ends_at > NEW.starts_at AND k.starts_at < NEW.ends_at; RETURN NULL; END $$",
        "CREATE TRIGGER closure_marks_months_update AFTER UPDATE ON closure FOR EACH ROW EXECUTE FUNCTION closure_marks_months_update()",
        "CREATE FUNCTION closure_marks_months_delete() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO stale_month (lab_id, month) SELECT OLD.lab_id, k.month FROM kept_month k WHERE k.ends_at > OLD.starts_at AND k.starts_at < OLD.ends_at; RETURN NULL; END $$",
        "CREATE TRIGGER closure_marks_months_delete AFTER DELETE ON closure FOR EACH ROW EXECUTE FUNCTION closure_marks_months_delete()",
        "CREATE FUNCTION working_day_marks_months_insert() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO stale_month (lab_id, month) SELECT l.id, k.month FROM kept_month k CROSS JOIN lab l WHERE NEW.day BETWEEN k.first_day - 1 AND k.last_day; RETURN NULL; END $$",
        "CREATE TRIGGER working_day_marks_months_insert AFTER INSERT ON working_day FOR EACH ROW EXECUTE FUNCTION working_day_marks_months_insert()",
        "CREATE FUNCTION working_day_marks_months_update() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO stale_month (lab_id, month) SELECT l.id, k.month FROM kept_month k CROSS JOIN lab l WHERE OLD.day BETWEEN k.first_day - 1 AND k.last_day; INSERT INTO stale_month (lab_id, month) SELECT l.id, k.month FROM kept_month k CROSS JOIN lab l WHERE NEW.day BETWEEN k.first_day - 1 AND k.last_day; RETURN NULL; END $$",
        "CREATE TRIGGER working_day_marks_months_update AFTER UPDATE ON working_day FOR EACH ROW EXECUTE FUNCTION working_day_marks_months_update()",
        "CREATE FUNCTION working_day_marks_months_delete() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO stale_month (lab_id, month) SELECT l.id, k.month FROM kept_month k CROSS JOIN lab l WHERE OLD.day BETWEEN k.first_day - 1 AND k.last_day; RETURN NULL; END $$",
        "CREATE TRIGGER working_day_marks_months_delete AFTER DELETE ON working_day FOR EACH ROW EXECUTE FUNCTION working_day_marks_months_delete()",
        "CREATE FUNCTION working_year_marks_months_insert() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO stale_month (lab_id, month) SELECT l.id, k.month FROM kept_month k CROSS JOIN lab l WHERE NEW.year IN (extract(year FROM k.first_day - 1), extract(year FROM k.first_day)); RETURN NULL; END $$",
        "CREATE TRIGGER working_year_marks_months_insert AFTER INSERT ON working_year FOR EACH ROW EXECUTE FUNCTION working_year_marks_months_insert()",
        "CREATE FUNCTION working_year_marks_months_delete() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO stale_month (lab_id, month) SELECT l.id, k.month FROM kept_month k CROSS JOIN lab l WHERE OLD.year IN (extract(year FROM k.first_day - 1), extract(year FROM k.first_day)); RETURN NULL; END $$",
        "CREATE TRIGGER working_year_marks_months_delete AFTER DELETE ON working_year FOR EACH ROW EXECUTE FUNCTION working_year_marks_months_delete()",
    ),
}
MARKED = (
    ("booking_marks_months_delete", "booking"),
    ("booking_marks_months_insert", "booking"),
    ("booking_marks_months_update", "booking"),
    ("closure_marks_months_delete", "closure"),
    ("closure_marks_months_insert", "closure"),
    ("closure_marks_months_update", "closure"),
    ("holding_marks_months_delete", "holding"),
    ("holding_marks_months_insert", "holding"),
    ("holding_marks_months_update", "holding"),
    ("opening_hours_marks_months_delete", "opening_hours"),
    ("opening_hours_marks_months_insert", "opening_hours"),
    ("opening_hours_marks_months_update", "opening_hours"),
    ("report_marks_months_insert", "report"),
    ("revenue_entry_marks_months_insert", "revenue_entry"),
    ("working_day_marks_months_delete", "working_day"),
    ("working_day_marks_months_insert", "working_day"),
    ("working_day_marks_months_update", "working_day"),
    ("working_year_marks_months_delete", "working_year"),
    ("working_year_marks_months_insert", "working_year"),
)
"""Each trigger and its table; on PostgreSQL a function of the same name."""


def _columns(kind, *names):
    return [sa.Column(name, kind, nullable=False) for name in names]


def _of(table, **references):
    """Columns that name rows of other tables, by table."""
    return [
        part
        for column, other in references.items()
        for part in (
            sa.Column(column, sa.Integer(), nullable=(table, column) == ("usage_month", "test_item_id")),
            sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}")),
        )
    ]


def upgrade() -> None:
    month = sa.String(length=7)
    op.create_table(
        "kept_month",
        *_columns(month, "month"),
        *_columns(sa.DateTime(timezone=True), "starts_at", "ends_at"),
        *_columns(sa.Date(), "first_day", "last_day"),
        *_columns(sa.Boolean(), "over"),
        sa.PrimaryKeyConstraint("month", name=op.f("pk_kept_month")),
    )
    op.create_index(op.f("ix_kept_month_ends_at"), "kept_month", ["ends_at"])
    op.create_table(
        "lab_month",
        *_of("lab_month", lab_id="lab"),
        *_columns(month, "month"),
        *_columns(sa.Boolean(), "over"),
        *_columns(sa.Integer(), "open_minutes"),
        sa.PrimaryKeyConstraint("lab_id", "month", name=op.f("pk_lab_month")),
    )
    op.create_table(
        "instrument_month",
        *_of("instrument_month", instrument_id="instrument"),
        *_columns(month, "month"),
        *_of("instrument_month", lab_id="lab"),
        *_columns(sa.Integer(), "blocked_minutes"),
        sa.PrimaryKeyConstraint("instrument_id", "month", name=op.f("pk_instrument_month")),
    )
    op.create_index(op.f("ix_instrument_month_lab_id_month"), "instrument_month", ["lab_id", "month"])
    op.create_table(
        "usage_month",
        *_columns(sa.Integer(), "id"),
        *_of("usage_month", lab_id="lab"),
        *_columns(month, "month"),
        *_of("usage_month", instrument_id="instrument", test_item_id="test_item"),
        *_columns(sa.Integer(), "booked_minutes", "bookings", "no_shows", "tests", "used_minutes", "outside_minutes"),
        *_columns(sa.BigInteger(), "samples"),
        *_columns(sa.Integer(), "reported", "on_time", "in_house_minutes", "reports"),
        *_columns(sa.BigInteger(), "recognised_fen", "outside_fen"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_usage_month")),
    )
    op.create_index(op.f("ix_usage_month_lab_id_month"), "usage_month", ["lab_id", "month"])
    op.create_table(
        "client_month",
        *_of("client_month", lab_id="lab"),
        *_columns(month, "month"),
        *_of("client_month", instrument_id="instrument", test_item_id="test_item", client_firm_id="firm"),
        *_columns(sa.Integer(), "sme"),
        sa.PrimaryKeyConstraint(
            "lab_id", "month", "instrument_id", "test_item_id", "client_firm_id", name=op.f("pk_client_month")
        ),
    )
    op.create_table(
        "stale_month",
        *_columns(sa.Integer(), "id"),
        *_of("stale_month", lab_id="lab"),
        *_columns(month, "month"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stale_month")),
    )
    op.create_index(op.f("ix_stale_month_lab_id_month"), "stale_month", ["lab_id", "month"])
    op.create_index(
        "ix_booking_finished", "booking", ["lab_id", "finished_at"], sqlite_where=FINISHED, postgresql_where=FINISHED
    )
    op.create_index(
        "ix_holding_blocks",
        "holding",
        ["instrument_id", "ends_at", "starts_at", "kind"],
        sqlite_where=IS_BLOCK,
        postgresql_where=IS_BLOCK,
    )
    op.create_index(op.f("ix_report_lab_id_issued_on"), "report", ["lab_id", "issued_on"])
    for statement in MARKS[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    postgresql = op.get_bind().dialect.name == "postgresql"
    for name, table in MARKED:
        op.execute(f"DROP TRIGGER {name} ON {table}" if postgresql else f"DROP TRIGGER {name}")
        if postgresql:
            op.execute(f"DROP FUNCTION {name}()")
    op.drop_index(op.f("ix_report_lab_id_issued_on"), table_name="report")
    op.drop_index("ix_holding_blocks", table_name="holding")
    op.drop_index("ix_booking_finished", table_name="booking")
    for table in ("stale_month", "client_month", "usage_month", "instrument_month", "lab_month", "kept_month"):
        op.drop_table(table)
