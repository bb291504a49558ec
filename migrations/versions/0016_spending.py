"""Terms of payment of a lab, the day an invoice is due, the client's cost centre of a booking.

Invoices recorded before are due 30 days after their date, as they were when an overdue payment was told; red letters on
their own.
"""

import sqlalchemy as sa
from alembic import op

revision = "spending"
down_revision = "told"

AS_RECORDED = "seller_firm_id, client_firm_id, number, issued_on"
DUE = {
    "sqlite": "UPDATE invoice SET due_on = iif(EXISTS (SELECT 1 FROM invoice_line l WHERE l.invoice_id = invoice.id AND "
    "l.amount_fen < 0), issued_on, date(issued_on, '+30 days'))",
    "postgresql": "UPDATE invoice SET due_on = issued_on + CASE WHEN EXISTS (SELECT 1 FROM invoice_line l WHERE "
    "l.invoice_id = invoice.id AND l.amount_fen < 0) THEN 0 ELSE 30 END",
}
UNGUARD = {
    "sqlite": "DROP TRIGGER invoice_as_recorded",
    "postgresql": "DROP TRIGGER invoice_as_recorded ON invoice",
}


def _guard(columns):
    does = {
        "sqlite": "BEGIN SELECT RAISE(ABORT, 'invoice stays as recorded'); END",
        "postgresql": "FOR EACH ROW EXECUTE FUNCTION invoice_refuse()",
    }[op.get_bind().dialect.name]
    op.execute(f"CREATE TRIGGER invoice_as_recorded BEFORE UPDATE OF {columns} ON invoice {does}")


def upgrade() -> None:
    dialect = op.get_bind().dialect.name
    op.execute(
        "ALTER TABLE lab ADD COLUMN payment_days INTEGER DEFAULT 30 NOT NULL "
        "CONSTRAINT ck_lab_payment_days_in_a_year CHECK (payment_days BETWEEN 0 AND 365)"
    )
    op.add_column("booking", sa.Column("cost_centre", sa.String(length=40), nullable=True))
    op.add_column("invoice", sa.Column("due_on", sa.Date(), server_default=sa.text("'9999-12-31'"), nullable=False))
    op.execute(DUE[dialect])
    op.execute(UNGUARD[dialect])
    _guard(f"{AS_RECORDED}, due_on")


def downgrade() -> None:
    op.execute(UNGUARD[op.get_bind().dialect.name])
    _guard(AS_RECORDED)
    for table, column in (("invoice", "due_on"), ("booking", "cost_centre"), ("lab", "payment_days")):
        op.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
