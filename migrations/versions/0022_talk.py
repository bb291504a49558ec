"""The sides of a booking write to each other, with files; neither words nor files are ever changed. The client disputes
what the lab did.

A booking has one hold at a time: of several that last, the first stays.
"""

import sqlalchemy as sa
from alembic import op

revision = "talk"
down_revision = "registering"

OLD = (
    "confirmations moves cancellations reminders quotes progress reports charges invoices overdue new_bookings "
    "other_payers firm_news affiliations open_labs rewards digest"
).split()
TABLES = ("message", "message_file")
OUTCOMES = ("retest", "refund", "none")
LASTS = sa.text("released_at IS NULL")
OPEN = sa.text("ended_at IS NULL")


def _causes(codes) -> None:
    with op.batch_alter_table("booking_hold") as table:
        table.drop_constraint(op.f("ck_booking_hold_cause_known"), type_="check")
        table.create_check_constraint(op.f("ck_booking_hold_cause_known"), f"cause IN ({_listed(codes)})")


def _one_hold() -> None:
    _causes(("flag", "contest", "dispute"))
    op.execute(
        "UPDATE booking_hold SET released_at = held_at WHERE released_at IS NULL AND id NOT IN "
        "(SELECT min(id) FROM booking_hold WHERE released_at IS NULL GROUP BY booking_id)"
    )
    op.create_index(
        "uq_booking_hold_lasting",
        "booking_hold",
        ["booking_id"],
        unique=True,
        sqlite_where=LASTS,
        postgresql_where=LASTS,
    )


def _disputes() -> None:
    op.create_table(
        "dispute",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("booking_id", sa.Integer(), nullable=False),
        sa.Column("hold_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=9), nullable=False),
        sa.Column("opened_by", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer_by", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("offered", sa.String(length=6), nullable=True),
        sa.Column("offered_side", sa.String(length=6), nullable=True),
        sa.Column("escalated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(length=6), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "state IN ('open', 'answered', 'escalated', 'settled', 'decided')", name=op.f("ck_dispute_state_known")
        ),
        sa.CheckConstraint(
            f"offered IS NULL OR offered IN ({_listed(OUTCOMES)})", name=op.f("ck_dispute_offered_known")
        ),
        sa.CheckConstraint(
            "offered_side IS NULL OR offered_side IN ('client', 'lab')", name=op.f("ck_dispute_offered_side_known")
        ),
        sa.CheckConstraint(
            f"outcome IS NULL OR outcome IN ({_listed(OUTCOMES)})", name=op.f("ck_dispute_outcome_known")
        ),
        sa.CheckConstraint("(outcome IS NULL) = (ended_at IS NULL)", name=op.f("ck_dispute_ends_with_its_outcome")),
        sa.CheckConstraint("(offered IS NULL) = (offered_side IS NULL)", name=op.f("ck_dispute_offered_by_a_side")),
        sa.CheckConstraint(
            "(state IN ('settled', 'decided')) = (ended_at IS NOT NULL)", name=op.f("ck_dispute_over_when_it_ended")
        ),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_dispute_booking_id")),
        sa.ForeignKeyConstraint(["hold_id"], ["booking_hold.id"], name=op.f("fk_dispute_hold_id")),
        sa.ForeignKeyConstraint(["opened_by"], ["person.id"], name=op.f("fk_dispute_opened_by")),
        sa.ForeignKeyConstraint(["ended_by"], ["person.id"], name=op.f("fk_dispute_ended_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispute")),
    )
    op.create_index(op.f("ix_dispute_booking_id"), "dispute", ["booking_id"])
    op.create_index(op.f("ix_dispute_state_answer_by"), "dispute", ["state", "answer_by"])
    op.create_index("uq_dispute_open", "dispute", ["booking_id"], unique=True, sqlite_where=OPEN, postgresql_where=OPEN)


def _listed(codes):
    return ", ".join(f"'{code}'" for code in codes)


def _topics(codes) -> None:
    with op.batch_alter_table("mail_switched_off") as table:
        table.drop_constraint(op.f("ck_mail_switched_off_topic_known"), type_="check")
        table.create_check_constraint(op.f("ck_mail_switched_off_topic_known"), f"topic IN ({_listed(codes)})")


def _append_only(name: str) -> tuple[str, ...]:
    if op.get_bind().dialect.name == "sqlite":
        return tuple(
            f"CREATE TRIGGER {name}_no_{what.lower()} BEFORE {what} ON {name}  "
            f"BEGIN SELECT RAISE(ABORT, '{name} is append-only'); END"
            for what in ("UPDATE", "DELETE")
        )
    return (
        f"CREATE FUNCTION {name}_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION "
        f"'{name} is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$",
        f"CREATE TRIGGER {name}_no_change BEFORE UPDATE OR DELETE ON {name} FOR EACH ROW  "
        f"EXECUTE FUNCTION {name}_refuse()",
        f"CREATE TRIGGER {name}_no_truncate BEFORE TRUNCATE ON {name} FOR EACH STATEMENT "
        f"EXECUTE FUNCTION {name}_refuse()",
    )


def upgrade() -> None:
    _one_hold()
    _disputes()
    op.create_table(
        "message",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("booking_id", sa.Integer(), nullable=False),
        sa.Column("side", sa.String(length=9), nullable=False),
        sa.Column("text", sa.String(length=4000), nullable=False),
        sa.Column("written_by", sa.Integer(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("dispute_id", sa.Integer(), nullable=True),
        sa.Column("step", sa.String(length=8), nullable=True),
        sa.CheckConstraint(
            "step IS NULL OR step IN ('opened', 'answered', 'offered', 'settled', 'decided')",
            name=op.f("ck_message_step_known"),
        ),
        sa.ForeignKeyConstraint(["dispute_id"], ["dispute.id"], name=op.f("fk_message_dispute_id")),
        sa.CheckConstraint("side IN ('client', 'lab', 'authority')", name=op.f("ck_message_side_known")),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_message_booking_id")),
        sa.ForeignKeyConstraint(["written_by"], ["person.id"], name=op.f("fk_message_written_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
    )
    op.create_index(op.f("ix_message_booking_id"), "message", ["booking_id"])
    op.create_index(op.f("ix_message_dispute_id"), "message", ["dispute_id"])
    op.create_table(
        "message_file",
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["file_id"], ["stored_file.id"], name=op.f("fk_message_file_file_id")),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_message_file_message_id")),
        sa.PrimaryKeyConstraint("file_id", name=op.f("pk_message_file")),
    )
    op.create_index(op.f("ix_message_file_message_id"), "message_file", ["message_id"])
    for table in TABLES:
        for statement in _append_only(table):
            op.execute(statement)
    _topics([*OLD[: OLD.index("invoices")], "booking_messages", "disputes", *OLD[OLD.index("invoices") :]])


def downgrade() -> None:
    op.execute("DELETE FROM mail_switched_off WHERE topic IN ('booking_messages', 'disputes')")
    _topics(OLD)
    for table in reversed(TABLES):
        op.drop_table(table)
        if op.get_bind().dialect.name == "postgresql":
            op.execute(f"DROP FUNCTION {table}_refuse()")
    op.drop_table("dispute")
    op.drop_index("uq_booking_hold_lasting", table_name="booking_hold")
    op.execute("DELETE FROM booking_hold WHERE cause = 'dispute'")
    _causes(("flag", "contest"))
