"""The tax system's list of issued invoices; imports of lists are undone as long as nothing rests on them."""

import sqlalchemy as sa
from alembic import op

revision = "tax_list"
down_revision = "bench"

RECORDED = "list_id, firm_id, file_row, number, issued_on, amount_fen, tax_fen, buyer, buyer_uscc, note"
UNTOUCHED = {
    "bank_line": "WHEN (NOT (OLD.left_fen = OLD.amount_fen AND OLD.aside_at IS NULL)) ",
    "tax_line": "WHEN (NOT (OLD.invoice_id IS NULL AND OLD.aside_at IS NULL)) ",
}
OPEN = sa.text("invoice_id IS NULL AND aside_at IS NULL")


def _layouts(name: str, source: str) -> None:
    op.create_table(
        name,
        sa.Column("firm_id", sa.Integer(), nullable=False),
        sa.Column(source, sa.String(length=40), nullable=False),
        sa.Column("heads", sa.JSON(), nullable=False),
        sa.Column("kept_by", sa.Integer(), nullable=True),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["firm_id"], ["firm.id"], name=op.f(f"fk_{name}_firm_id")),
        sa.ForeignKeyConstraint(["kept_by"], ["person.id"], name=op.f(f"fk_{name}_kept_by")),
        sa.PrimaryKeyConstraint("firm_id", source, name=op.f(f"pk_{name}")),
    )


def upgrade() -> None:
    _layouts("list_layout", "source")
    op.execute(
        "INSERT INTO list_layout (firm_id, source, heads, kept_by, kept_at) "
        "SELECT firm_id, account, heads, kept_by, kept_at FROM bank_layout"
    )
    op.drop_table("bank_layout")
    op.add_column("bank_statement", sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "tax_list",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("firm_id", sa.Integer(), nullable=False),
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.Column("imported_by", sa.Integer(), nullable=True),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["file_id"], ["stored_file.id"], name=op.f("fk_tax_list_file_id")),
        sa.ForeignKeyConstraint(["firm_id"], ["firm.id"], name=op.f("fk_tax_list_firm_id")),
        sa.ForeignKeyConstraint(["imported_by"], ["person.id"], name=op.f("fk_tax_list_imported_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tax_list")),
    )
    op.create_index(op.f("ix_tax_list_firm_id_id"), "tax_list", ["firm_id", "id"], unique=False)
    op.create_table(
        "tax_line",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("firm_id", sa.Integer(), nullable=False),
        sa.Column("list_id", sa.Integer(), nullable=False),
        sa.Column("file_row", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=30), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("tax_fen", sa.BigInteger(), nullable=False),
        sa.Column("buyer", sa.String(length=120), nullable=False),
        sa.Column("buyer_uscc", sa.String(length=18), nullable=False),
        sa.Column("note", sa.String(length=300), nullable=False),
        sa.Column("invoice_id", sa.Integer(), nullable=True),
        sa.Column("aside_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("aside_by", sa.Integer(), nullable=True),
        sa.Column("aside_note", sa.String(length=200), nullable=True),
        sa.CheckConstraint("(aside_at IS NULL) = (aside_note IS NULL)", name=op.f("ck_tax_line_aside_with_its_note")),
        sa.CheckConstraint("amount_fen > 0 AND tax_fen BETWEEN 0 AND amount_fen", name=op.f("ck_tax_line_tax_within")),
        sa.CheckConstraint("invoice_id IS NULL OR aside_at IS NULL", name=op.f("ck_tax_line_recorded_or_aside")),
        sa.ForeignKeyConstraint(["aside_by"], ["person.id"], name=op.f("fk_tax_line_aside_by")),
        sa.ForeignKeyConstraint(["firm_id"], ["firm.id"], name=op.f("fk_tax_line_firm_id")),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoice.id"], name=op.f("fk_tax_line_invoice_id")),
        sa.ForeignKeyConstraint(["list_id"], ["tax_list.id"], name=op.f("fk_tax_line_list_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tax_line")),
        sa.UniqueConstraint("firm_id", "number", name=op.f("uq_tax_line_firm_id_number")),
        sa.UniqueConstraint("invoice_id", name=op.f("uq_tax_line_invoice_id")),
    )
    op.create_index(op.f("ix_tax_line_list_id"), "tax_line", ["list_id"], unique=False)
    op.create_index(op.f("ix_tax_line_firm_id_issued_on"), "tax_line", ["firm_id", "issued_on"], unique=False)
    op.create_index(
        "ix_tax_line_open",
        "tax_line",
        ["firm_id", "issued_on"],
        unique=False,
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )
    _deletion("bank_line", UNTOUCHED["bank_line"])
    if _sqlite():
        op.execute(
            f"CREATE TRIGGER tax_line_as_recorded BEFORE UPDATE OF {RECORDED} ON tax_line "
            "BEGIN SELECT RAISE(ABORT, 'tax_line stays as recorded'); END"
        )
    else:
        op.execute(
            "CREATE FUNCTION tax_line_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION "
            "'tax_line stays as recorded' USING ERRCODE = 'integrity_constraint_violation'; END $$"
        )
        op.execute(
            f"CREATE TRIGGER tax_line_as_recorded BEFORE UPDATE OF {RECORDED} ON tax_line FOR EACH ROW "
            "EXECUTE FUNCTION tax_line_refuse()"
        )
        op.execute(
            "CREATE TRIGGER tax_line_no_truncate BEFORE TRUNCATE ON tax_line FOR EACH STATEMENT "
            "EXECUTE FUNCTION tax_line_refuse()"
        )
    _deletion("tax_line", UNTOUCHED["tax_line"], there=False)


def downgrade() -> None:
    op.drop_table("tax_line")
    op.drop_table("tax_list")
    if not _sqlite():
        op.execute("DROP FUNCTION tax_line_refuse()")
    _deletion("bank_line", "")
    op.execute("DELETE FROM list_layout WHERE source = 'tax system'")
    op.drop_column("bank_statement", "undone_at")
    _layouts("bank_layout", "account")
    op.execute(
        "INSERT INTO bank_layout (firm_id, account, heads, kept_by, kept_at) "
        "SELECT firm_id, source, heads, kept_by, kept_at FROM list_layout"
    )
    op.drop_table("list_layout")


def _sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _deletion(table: str, when: str, *, there: bool = True) -> None:
    """Refuse to delete a line on which something rests."""
    if there:
        op.execute(f"DROP TRIGGER {table}_no_delete" + ("" if _sqlite() else f" ON {table}"))
    if _sqlite():
        op.execute(
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {when}"
            f"BEGIN SELECT RAISE(ABORT, '{table} rows stay'); END"
        )
    else:
        op.execute(
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} FOR EACH ROW {when}"
            f"EXECUTE FUNCTION {table}_refuse()"
        )
