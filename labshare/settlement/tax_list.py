"""The tax system's list of issued invoices, line by line, and which are recorded (R-TAXLIST). Fen, local days."""

from datetime import date

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
    and_,
    exists,
    select,
    text,
)
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship

from labshare.kernel.database import Model, guard, stays_as_recorded
from labshare.kernel.money import Fen
from labshare.settlement.imported import ImportedList, ListLine
from labshare.settlement.models import Invoice

_OPEN = "invoice_id IS NULL AND aside_at IS NULL"


class TaxList(ImportedList, Model):
    __tablename__ = "tax_list"
    __table_args__ = (Index(None, "firm_id", "id"),)


class TaxLine(ListLine, Model):
    """An invoice that was issued, or a red letter, below 0. The same number in another list is the same one: once."""

    __tablename__ = "tax_line"
    __table_args__ = (
        UniqueConstraint("firm_id", "number"),
        UniqueConstraint("invoice_id"),
        CheckConstraint(
            "(amount_fen > 0 AND tax_fen BETWEEN 0 AND amount_fen AND reverses_number IS NULL) "
            "OR (amount_fen < 0 AND tax_fen BETWEEN amount_fen AND 0)",
            name="tax_within",
        ),
        CheckConstraint("(aside_at IS NULL) = (aside_note IS NULL)", name="aside_with_its_note"),
        CheckConstraint("invoice_id IS NULL OR aside_at IS NULL", name="recorded_or_aside"),
        Index(None, "list_id"),
        Index(None, "firm_id", "issued_on"),
        Index(
            "ix_tax_line_open",
            "firm_id",
            "issued_on",
            sqlite_where=text(_OPEN),
            postgresql_where=text(_OPEN),
        ),
    )

    list_id: Mapped[int] = mapped_column(ForeignKey("tax_list.id"))
    number: Mapped[str] = mapped_column(String(30))
    issued_on: Mapped[date]
    amount_fen: Mapped[Fen]
    tax_fen: Mapped[Fen]
    buyer: Mapped[str] = mapped_column(String(120))
    buyer_uscc: Mapped[str] = mapped_column(String(18))
    note: Mapped[str] = mapped_column(String(300))
    reverses_number: Mapped[str | None] = mapped_column(String(30))
    """Of a red letter: the invoice that it says it reverses."""
    invoice_id: Mapped[int | None] = mapped_column(ForeignKey("invoice.id"))
    """The invoice that was recorded of it; null too where its number was recorded otherwise."""

    list: Mapped[TaxList] = relationship()
    invoice: Mapped[Invoice | None] = relationship()

    @property
    def red(self) -> bool:
        """Whether it is a red letter."""
        return self.amount_fen < 0

    @hybrid_property
    def unlinked(self) -> bool:
        """Whether nobody recorded it from here or set it aside; its number may be recorded all the same."""
        return self.invoice_id is None and self.aside_at is None

    @unlinked.inplace.expression
    @classmethod
    def _unlinked_in_sql(cls) -> ColumnElement[bool]:
        """Spelled as its index is, on either engine."""
        return and_(cls.invoice_id.is_(None), cls.aside_at.is_(None))

    @classmethod
    def known(cls) -> ColumnElement[bool]:
        """Whether an invoice of its number is recorded."""
        return exists(select(Invoice.id).where(Invoice.seller_firm_id == cls.firm_id, Invoice.number == cls.number))


stays_as_recorded(
    TaxLine.__table__,
    "list_id",
    "firm_id",
    "file_row",
    "number",
    "issued_on",
    "amount_fen",
    "tax_fen",
    "buyer",
    "buyer_uscc",
    "note",
    "reverses_number",
    deleted="OLD.invoice_id IS NULL AND OLD.aside_at IS NULL",
)

# What the database itself refuses: a line recorded twice, or as anything else than what it says.

_NAME = "tax_line_as_its_invoice"
_WRONG = (
    "OLD.invoice_id IS NOT NULL OR NOT EXISTS (SELECT 1 FROM invoice i WHERE i.id = NEW.invoice_id "
    "AND i.seller_firm_id = NEW.firm_id AND i.number = NEW.number AND i.issued_on = NEW.issued_on "
    "AND NEW.amount_fen = (SELECT sum(l.amount_fen) FROM invoice_line l WHERE l.invoice_id = i.id) "
    "AND NEW.tax_fen = (SELECT sum(l.tax_fen) FROM invoice_line l WHERE l.invoice_id = i.id)) "
    "OR EXISTS (SELECT 1 FROM invoice_line l JOIN invoice_line o ON o.id = l.reverses_id "
    "JOIN invoice i ON i.id = o.invoice_id WHERE l.invoice_id = NEW.invoice_id AND i.number <> NEW.reverses_number)"
)
guard(
    TaxLine.__table__,
    sqlite=(
        (
            f"CREATE TRIGGER {_NAME} BEFORE UPDATE OF invoice_id ON tax_line "
            f"BEGIN SELECT RAISE(ABORT, '{_NAME}') WHERE {_WRONG}; END"
        ),
    ),
    postgresql=(
        (
            f"CREATE FUNCTION {_NAME}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"IF {_WRONG} THEN RAISE EXCEPTION '{_NAME}' USING ERRCODE = 'integrity_constraint_violation'; END IF; "
            "RETURN NEW; END $$"
        ),
        (f"CREATE TRIGGER {_NAME} BEFORE UPDATE OF invoice_id ON tax_line FOR EACH ROW EXECUTE FUNCTION {_NAME}()"),
    ),
)
