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

from labshare.kernel.database import Model, stays_as_recorded
from labshare.kernel.money import Fen
from labshare.settlement.imported import ImportedList, ListLine
from labshare.settlement.models import Invoice

_OPEN = "invoice_id IS NULL AND aside_at IS NULL"


class TaxList(ImportedList, Model):
    __tablename__ = "tax_list"
    __table_args__ = (Index(None, "firm_id", "id"),)


class TaxLine(ListLine, Model):
    """An invoice that was issued. The same number in another list is the same invoice: once."""

    __tablename__ = "tax_line"
    __table_args__ = (
        UniqueConstraint("firm_id", "number"),
        UniqueConstraint("invoice_id"),
        CheckConstraint("amount_fen > 0 AND tax_fen BETWEEN 0 AND amount_fen", name="tax_within"),
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
    invoice_id: Mapped[int | None] = mapped_column(ForeignKey("invoice.id"))
    """The invoice that was recorded of it; null too where its number was recorded otherwise."""

    list: Mapped[TaxList] = relationship()
    invoice: Mapped[Invoice | None] = relationship()

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
    deleted="OLD.invoice_id IS NULL AND OLD.aside_at IS NULL",
)
