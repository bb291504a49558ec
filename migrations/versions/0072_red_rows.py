"""Red letters of the tax system's list; a line is recorded once, as what it says."""

import sqlalchemy as sa
from alembic import op

revision = "red_rows"
down_revision = "training"

RECORDED = "list_id, firm_id, file_row, number, issued_on, amount_fen, tax_fen, buyer, buyer_uscc, note"
UNTOUCHED = "WHEN (NOT (OLD.invoice_id IS NULL AND OLD.aside_at IS NULL)) "
WERE = "amount_fen > 0 AND tax_fen BETWEEN 0 AND amount_fen"
ARE = (
    "(amount_fen > 0 AND tax_fen BETWEEN 0 AND amount_fen AND reverses_number IS NULL) "
    "OR (amount_fen < 0 AND tax_fen BETWEEN amount_fen AND 0)"
)
OTHERWISE = (
    "OLD.invoice_id IS NOT NULL OR NOT EXISTS (SELECT 1 FROM invoice i WHERE i.id = NEW.invoice_id "
    "AND i.seller_firm_id = NEW.firm_id AND i.number = NEW.number AND i.issued_on = NEW.issued_on "
    "AND NEW.amount_fen = (SELECT sum(l.amount_fen) FROM invoice_line l WHERE l.invoice_id = i.id) "
    "AND NEW.tax_fen = (SELECT sum(l.tax_fen) FROM invoice_line l WHERE l.invoice_id = i.id)) "
    "OR EXISTS (SELECT 1 FROM invoice_line l JOIN invoice_line o ON o.id = l.reverses_id "
    "JOIN invoice i ON i.id = o.invoice_id WHERE l.invoice_id = NEW.invoice_id AND i.number <> NEW.reverses_number)"
)


def upgrade() -> None:
    with op.batch_alter_table("tax_line") as table:
        table.add_column(sa.Column("reverses_number", sa.String(length=30), nullable=True))
        table.drop_constraint(op.f("ck_tax_line_tax_within"), type_="check")
        table.create_check_constraint(op.f("ck_tax_line_tax_within"), ARE)
    _as_recorded(f"{RECORDED}, reverses_number")
    if _sqlite():
        op.execute(
            "CREATE TRIGGER tax_line_as_its_invoice BEFORE UPDATE OF invoice_id ON tax_line "
            f"BEGIN SELECT RAISE(ABORT, 'tax_line_as_its_invoice') WHERE {OTHERWISE}; END"
        )
        return
    op.execute(
        "CREATE FUNCTION tax_line_as_its_invoice() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF {OTHERWISE} THEN RAISE EXCEPTION 'tax_line_as_its_invoice' "
        "USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN NEW; END $$"
    )
    op.execute(
        "CREATE TRIGGER tax_line_as_its_invoice BEFORE UPDATE OF invoice_id ON tax_line FOR EACH ROW "
        "EXECUTE FUNCTION tax_line_as_its_invoice()"
    )


def downgrade() -> None:
    """Red letters leave the list; those recorded stay recorded."""
    op.execute("DROP TRIGGER tax_line_as_its_invoice" + ("" if _sqlite() else " ON tax_line"))
    op.execute("DROP TRIGGER tax_line_no_delete" + ("" if _sqlite() else " ON tax_line"))
    if not _sqlite():
        op.execute("DROP FUNCTION tax_line_as_its_invoice()")
        op.execute("DROP TRIGGER tax_line_as_recorded ON tax_line")
    op.execute("DELETE FROM tax_line WHERE amount_fen < 0")
    with op.batch_alter_table("tax_line") as table:
        table.drop_constraint(op.f("ck_tax_line_tax_within"), type_="check")
        table.create_check_constraint(op.f("ck_tax_line_tax_within"), WERE)
        table.drop_column("reverses_number")
    _as_recorded(RECORDED, there=False)
    if not _sqlite():
        op.execute(
            f"CREATE TRIGGER tax_line_no_delete BEFORE DELETE ON tax_line FOR EACH ROW {UNTOUCHED}"
            "EXECUTE FUNCTION tax_line_refuse()"
        )


def _sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _as_recorded(columns: str, *, there: bool = True) -> None:
    """SQLite has lost both guards with the table that was rebuilt."""
    if _sqlite():
        op.execute(
            f"CREATE TRIGGER tax_line_as_recorded BEFORE UPDATE OF {columns} ON tax_line "
            "BEGIN SELECT RAISE(ABORT, 'tax_line stays as recorded'); END"
        )
        op.execute(
            f"CREATE TRIGGER tax_line_no_delete BEFORE DELETE ON tax_line {UNTOUCHED}"
            "BEGIN SELECT RAISE(ABORT, 'tax_line rows stay'); END"
        )
        return
    if there:
        op.execute("DROP TRIGGER tax_line_as_recorded ON tax_line")
    op.execute(
        f"CREATE TRIGGER tax_line_as_recorded BEFORE UPDATE OF {columns} ON tax_line FOR EACH ROW "
        "EXECUTE FUNCTION tax_line_refuse()"
    )
