"""A firm asks the labs of a category; each lab's answers are the asker's alone. Mails of it can be switched off."""

import sqlalchemy as sa
from alembic import op

revision = "ask"
down_revision = "places"

CATEGORIES = (
    "mechanics metallography composition bearings dimensions wheels environment refrigeration electrical cleanliness "
    "textile_machinery pharma"
).split()
OLD = (
    "confirmations moves cancellations reminders quotes progress reports charges booking_messages disputes invoices "
    "overdue new_bookings other_payers firm_news affiliations open_labs rewards digest"
).split()
UNCLOSED = sa.text("closed_at IS NULL")
RECORDED = {
    "inquiry": "client_firm_id, category, text, quantity, start_by, report_by, asked_at, ends_at",
    "inquiry_answer": (
        "inquiry_id, lab_firm_id, lab_id, test_item_id, hours, amount_fen, published_fen, text, answered_at"
    ),
}


def upgrade() -> None:
    op.create_table(
        "inquiry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_firm_id", sa.Integer(), nullable=False),
        sa.Column("category", sa.String(length=20), nullable=True),
        sa.Column("text", sa.String(length=2000), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("start_by", sa.Date(), nullable=True),
        sa.Column("report_by", sa.Date(), nullable=True),
        sa.Column("asked_by", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            f"category IS NULL OR category IN ({_listed(CATEGORIES)})", name=op.f("ck_inquiry_category_known")
        ),
        sa.CheckConstraint("quantity >= 1", name=op.f("ck_inquiry_quantity_positive")),
        sa.CheckConstraint("closed_at IS NULL OR closed_by IS NOT NULL", name=op.f("ck_inquiry_closed_by_somebody")),
        sa.ForeignKeyConstraint(["client_firm_id"], ["firm.id"], name=op.f("fk_inquiry_client_firm_id")),
        sa.ForeignKeyConstraint(["asked_by"], ["person.id"], name=op.f("fk_inquiry_asked_by")),
        sa.ForeignKeyConstraint(["closed_by"], ["person.id"], name=op.f("fk_inquiry_closed_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inquiry")),
    )
    op.create_index(op.f("ix_inquiry_client_firm_id_id"), "inquiry", ["client_firm_id", "id"])
    op.create_index("ix_inquiry_unclosed", "inquiry", ["ends_at"], sqlite_where=UNCLOSED, postgresql_where=UNCLOSED)
    op.create_table(
        "inquiry_file",
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.Column("inquiry_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["file_id"], ["stored_file.id"], name=op.f("fk_inquiry_file_file_id")),
        sa.ForeignKeyConstraint(["inquiry_id"], ["inquiry.id"], name=op.f("fk_inquiry_file_inquiry_id")),
        sa.PrimaryKeyConstraint("file_id", name=op.f("pk_inquiry_file")),
    )
    op.create_index(op.f("ix_inquiry_file_inquiry_id"), "inquiry_file", ["inquiry_id"])
    op.create_table(
        "inquiry_answer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("inquiry_id", sa.Integer(), nullable=False),
        sa.Column("lab_firm_id", sa.Integer(), nullable=False),
        sa.Column("lab_id", sa.Integer(), nullable=False),
        sa.Column("test_item_id", sa.Integer(), nullable=True),
        sa.Column("hours", sa.Integer(), nullable=True),
        sa.Column("amount_fen", sa.BigInteger(), nullable=True),
        sa.Column("published_fen", sa.BigInteger(), nullable=True),
        sa.Column("text", sa.String(length=2000), nullable=False),
        sa.Column("answered_by", sa.Integer(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("quote_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "(test_item_id IS NULL) = (published_fen IS NULL)", name=op.f("ck_inquiry_answer_priced_with_its_item")
        ),
        sa.CheckConstraint(
            "amount_fen IS NULL OR (published_fen IS NOT NULL AND amount_fen BETWEEN 0 AND published_fen)",
            name=op.f("ck_inquiry_answer_amount_within_published"),
        ),
        sa.CheckConstraint(
            "hours IS NULL OR test_item_id IS NOT NULL", name=op.f("ck_inquiry_answer_hours_of_an_item")
        ),
        sa.ForeignKeyConstraint(["inquiry_id"], ["inquiry.id"], name=op.f("fk_inquiry_answer_inquiry_id")),
        sa.ForeignKeyConstraint(["lab_firm_id"], ["firm.id"], name=op.f("fk_inquiry_answer_lab_firm_id")),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_inquiry_answer_lab_id")),
        sa.ForeignKeyConstraint(["test_item_id"], ["test_item.id"], name=op.f("fk_inquiry_answer_test_item_id")),
        sa.ForeignKeyConstraint(["answered_by"], ["person.id"], name=op.f("fk_inquiry_answer_answered_by")),
        sa.ForeignKeyConstraint(["quote_id"], ["quote.id"], name=op.f("fk_inquiry_answer_quote_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inquiry_answer")),
    )
    op.create_index(op.f("ix_inquiry_answer_inquiry_id_lab_firm_id"), "inquiry_answer", ["inquiry_id", "lab_firm_id"])
    op.create_index(op.f("ix_inquiry_answer_lab_id"), "inquiry_answer", ["lab_id"])
    op.create_index(op.f("ix_inquiry_answer_test_item_id"), "inquiry_answer", ["test_item_id"])
    op.create_index(op.f("ix_inquiry_answer_quote_id"), "inquiry_answer", ["quote_id"], unique=True)
    for name, columns in RECORDED.items():
        for statement in _as_recorded(name, columns):
            op.execute(statement)
    for statement in _append_only("inquiry_file"):
        op.execute(statement)
    _topics([*OLD[: OLD.index("progress")], "inquiries", *OLD[OLD.index("progress") :]])


def _listed(codes) -> str:
    return ", ".join(f"'{code}'" for code in codes)


def _topics(codes) -> None:
    with op.batch_alter_table("mail_switched_off") as table:
        table.drop_constraint(op.f("ck_mail_switched_off_topic_known"), type_="check")
        table.create_check_constraint(op.f("ck_mail_switched_off_topic_known"), f"topic IN ({_listed(codes)})")


def _as_recorded(name: str, columns: str) -> tuple[str, ...]:
    if op.get_bind().dialect.name == "sqlite":
        return (
            f"CREATE TRIGGER {name}_no_delete BEFORE DELETE ON {name} "
            f"BEGIN SELECT RAISE(ABORT, '{name} rows stay'); END",
            f"CREATE TRIGGER {name}_as_recorded BEFORE UPDATE OF {columns} ON {name} "
            f"BEGIN SELECT RAISE(ABORT, '{name} stays as recorded'); END",
        )
    return (
        f"CREATE FUNCTION {name}_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION "
        f"'{name} stays as recorded' USING ERRCODE = 'integrity_constraint_violation'; END $$",
        f"CREATE TRIGGER {name}_as_recorded BEFORE UPDATE OF {columns} ON {name} FOR EACH ROW "
        f"EXECUTE FUNCTION {name}_refuse()",
        f"CREATE TRIGGER {name}_no_delete BEFORE DELETE ON {name} FOR EACH ROW EXECUTE FUNCTION {name}_refuse()",
        f"CREATE TRIGGER {name}_no_truncate BEFORE TRUNCATE ON {name} FOR EACH STATEMENT "
        f"EXECUTE FUNCTION {name}_refuse()",
    )


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


def downgrade() -> None:
    op.execute("DELETE FROM mail_switched_off WHERE topic = 'inquiries'")
    _topics(OLD)
    for table in ("inquiry_answer", "inquiry_file", "inquiry"):
        op.drop_table(table)
        if op.get_bind().dialect.name == "postgresql":
            op.execute(f"DROP FUNCTION {table}_refuse()")
