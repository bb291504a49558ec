"""Statements of banks: what came in, and the payments recorded of it."""

import sqlalchemy as sa
from alembic import op

revision = "bank"
down_revision = "sheet_import"

WITHIN = "bank_match_within_its_line"
WRONG = (
    "(SELECT amount_fen FROM payment WHERE id = NEW.payment_id) "
    "+ coalesce((SELECT sum(p.amount_fen) FROM bank_match m JOIN payment p ON p.id = m.payment_id "
    "WHERE m.line_id = NEW.line_id), 0) > (SELECT amount_fen FROM bank_line WHERE id = NEW.line_id) "
    "OR NOT EXISTS (SELECT 1 FROM payment p JOIN booking b ON b.id = p.booking_id "
    "JOIN bank_line l ON l.id = NEW.line_id WHERE p.id = NEW.payment_id AND p.amount_fen > 0 "
    "AND p.paid_on = l.paid_on AND p.reference = l.reference AND b.lab_firm_id = l.firm_id AND l.aside_at IS NULL)"
)
RECORDED = (
    "statement_id",
    "firm_id",
    "account",
    "file_row",
    "paid_on",
    "amount_fen",
    "payer",
    "payer_account",
    "reference",
    "purpose",
    "mark",
)


def upgrade() -> None:
    op.create_table(
        "bank_layout",
        sa.Column("firm_id", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(length=40), nullable=False),
        sa.Column("heads", sa.JSON(), nullable=False),
        sa.Column("kept_by", sa.Integer(), nullable=True),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["firm_id"], ["firm.id"], name=op.f("fk_bank_layout_firm_id")),
        sa.ForeignKeyConstraint(["kept_by"], ["person.id"], name=op.f("fk_bank_layout_kept_by")),
        sa.PrimaryKeyConstraint("firm_id", "account", name=op.f("pk_bank_layout")),
    )
    op.create_table(
        "bank_statement",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("firm_id", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(length=40), nullable=False),
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.Column("imported_by", sa.Integer(), nullable=True),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["file_id"], ["stored_file.id"], name=op.f("fk_bank_statement_file_id")),
        sa.ForeignKeyConstraint(["firm_id"], ["firm.id"], name=op.f("fk_bank_statement_firm_id")),
        sa.ForeignKeyConstraint(["imported_by"], ["person.id"], name=op.f("fk_bank_statement_imported_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_statement")),
    )
    op.create_index(op.f("ix_bank_statement_firm_id_id"), "bank_statement", ["firm_id", "id"], unique=False)
    op.create_table(
        "bank_line",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("statement_id", sa.Integer(), nullable=False),
        sa.Column("firm_id", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(length=40), nullable=False),
        sa.Column("file_row", sa.Integer(), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("left_fen", sa.BigInteger(), nullable=False),
        sa.Column("payer", sa.String(length=120), nullable=False),
        sa.Column("payer_account", sa.String(length=40), nullable=False),
        sa.Column("reference", sa.String(length=60), nullable=False),
        sa.Column("purpose", sa.String(length=300), nullable=False),
        sa.Column("mark", sa.String(length=40), nullable=False),
        sa.Column("aside_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("aside_by", sa.Integer(), nullable=True),
        sa.Column("aside_note", sa.String(length=200), nullable=True),
        sa.CheckConstraint("(aside_at IS NULL) = (aside_note IS NULL)", name=op.f("ck_bank_line_aside_with_its_note")),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_bank_line_came_in")),
        sa.CheckConstraint("left_fen BETWEEN 0 AND amount_fen", name=op.f("ck_bank_line_left_within")),
        sa.ForeignKeyConstraint(["aside_by"], ["person.id"], name=op.f("fk_bank_line_aside_by")),
        sa.ForeignKeyConstraint(["firm_id"], ["firm.id"], name=op.f("fk_bank_line_firm_id")),
        sa.ForeignKeyConstraint(["statement_id"], ["bank_statement.id"], name=op.f("fk_bank_line_statement_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_line")),
        sa.UniqueConstraint("firm_id", "account", "mark", name=op.f("uq_bank_line_firm_id_account_mark")),
    )
    op.create_index(op.f("ix_bank_line_firm_id_paid_on"), "bank_line", ["firm_id", "paid_on"], unique=False)
    op.create_index(op.f("ix_bank_line_statement_id"), "bank_line", ["statement_id"], unique=False)
    op.create_index(
        "ix_bank_line_waits",
        "bank_line",
        ["firm_id", "paid_on"],
        unique=False,
        sqlite_where=sa.text("left_fen > 0 AND aside_at IS NULL"),
        postgresql_where=sa.text("left_fen > 0 AND aside_at IS NULL"),
    )
    op.create_table(
        "bank_match",
        sa.Column("payment_id", sa.Integer(), nullable=False),
        sa.Column("line_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["line_id"], ["bank_line.id"], name=op.f("fk_bank_match_line_id")),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name=op.f("fk_bank_match_payment_id")),
        sa.PrimaryKeyConstraint("payment_id", name=op.f("pk_bank_match")),
    )
    op.create_index(op.f("ix_bank_match_line_id"), "bank_match", ["line_id"], unique=False)
    for statement in _guards():
        op.execute(statement)


def _guards() -> tuple[str, ...]:
    of = f" OF {', '.join(RECORDED)}"
    if op.get_bind().dialect.name == "sqlite":
        return (
            f"CREATE TRIGGER {WITHIN} BEFORE INSERT ON bank_match BEGIN SELECT RAISE(ABORT, '{WITHIN}') "
            f"WHERE {WRONG}; END",
            *(
                f"CREATE TRIGGER bank_match_no_{step.lower()} BEFORE {step} ON bank_match  "
                "BEGIN SELECT RAISE(ABORT, 'bank_match is append-only'); END"
                for step in ("UPDATE", "DELETE")
            ),
            "CREATE TRIGGER bank_line_no_delete BEFORE DELETE ON bank_line "
            "BEGIN SELECT RAISE(ABORT, 'bank_line rows stay'); END",
            f"CREATE TRIGGER bank_line_as_recorded BEFORE UPDATE{of} ON bank_line "
            "BEGIN SELECT RAISE(ABORT, 'bank_line stays as recorded'); END",
        )
    return (
        f"CREATE FUNCTION {WITHIN}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "PERFORM 1 FROM bank_line WHERE id = NEW.line_id FOR UPDATE; "
        f"IF {WRONG} THEN RAISE EXCEPTION '{WITHIN}' USING ERRCODE = 'integrity_constraint_violation'; END IF; "
        "RETURN NEW; END $$",
        f"CREATE TRIGGER {WITHIN} BEFORE INSERT ON bank_match FOR EACH ROW EXECUTE FUNCTION {WITHIN}()",
        "CREATE FUNCTION bank_match_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION "
        "'bank_match is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$",
        "CREATE TRIGGER bank_match_no_change BEFORE UPDATE OR DELETE ON bank_match FOR EACH ROW  "
        "EXECUTE FUNCTION bank_match_refuse()",
        "CREATE TRIGGER bank_match_no_truncate BEFORE TRUNCATE ON bank_match FOR EACH STATEMENT "
        "EXECUTE FUNCTION bank_match_refuse()",
        "CREATE FUNCTION bank_line_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION "
        "'bank_line stays as recorded' USING ERRCODE = 'integrity_constraint_violation'; END $$",
        f"CREATE TRIGGER bank_line_as_recorded BEFORE UPDATE{of} ON bank_line FOR EACH ROW "
        "EXECUTE FUNCTION bank_line_refuse()",
        "CREATE TRIGGER bank_line_no_delete BEFORE DELETE ON bank_line FOR EACH ROW "
        "EXECUTE FUNCTION bank_line_refuse()",
        "CREATE TRIGGER bank_line_no_truncate BEFORE TRUNCATE ON bank_line FOR EACH STATEMENT "
        "EXECUTE FUNCTION bank_line_refuse()",
    )


def downgrade() -> None:
    for table in ("bank_match", "bank_line", "bank_statement", "bank_layout"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        for name in (WITHIN, "bank_match_refuse", "bank_line_refuse"):
            op.execute(f"DROP FUNCTION {name}()")
