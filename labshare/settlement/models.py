"""Documents and the revenue ledger. Amounts in fen, tax included; days are local days."""

from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from labshare.booking.models import Booking
from labshare.kernel.database import Model, UtcDateTime, append_only, one_of


class StoredFile(Model):
    """A file outside the web root, found by the SHA-256 of its content."""

    __tablename__ = "stored_file"
    __table_args__ = (Index(None, "sha256"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(200))
    content_type: Mapped[str] = mapped_column(String(60))
    size: Mapped[int]
    uploaded_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    uploaded_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Report(Model):
    """A test report. Stands from its date until the day it is withdrawn or its successor's date (contract 5)."""

    __tablename__ = "report"
    __table_args__ = (
        UniqueConstraint("lab_id", "number"),
        UniqueConstraint("replaces_id"),
        Index(None, "booking_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    booking_id: Mapped[int] = mapped_column(ForeignKey("booking.id"))
    lab_id: Mapped[int] = mapped_column(ForeignKey("lab.id"))
    number: Mapped[str] = mapped_column(String(40))
    issued_on: Mapped[date]
    replaces_id: Mapped[int | None] = mapped_column(ForeignKey("report.id"))
    file_id: Mapped[int] = mapped_column(ForeignKey("stored_file.id"))
    recorded_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    withdrawn_on: Mapped[date | None]
    withdraw_reason: Mapped[str | None] = mapped_column(String(500))

    booking: Mapped[Booking] = relationship(backref="reports")
    file: Mapped[StoredFile] = relationship()


class Invoice(Model):
    """An invoice of a seller to a client; may cover several bookings, a line each. Its number is unique per seller."""

    __tablename__ = "invoice"
    __table_args__ = (
        UniqueConstraint("seller_firm_id", "number"),
        Index(None, "client_firm_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    seller_firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"))
    client_firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"))
    number: Mapped[str] = mapped_column(String(30))
    issued_on: Mapped[date]
    file_id: Mapped[int | None] = mapped_column(ForeignKey("stored_file.id"))

    file: Mapped[StoredFile | None] = relationship()


class InvoiceLine(Model):
    """What an invoice says of one booking. Negative: a red letter, which names the line it reverses."""

    __tablename__ = "invoice_line"
    __table_args__ = (
        UniqueConstraint("invoice_id", "booking_id"),
        CheckConstraint("amount_fen <> 0", name="amount_not_zero"),
        CheckConstraint(
            "(amount_fen > 0 AND tax_fen BETWEEN 0 AND amount_fen AND reverses_id IS NULL) OR "
            "(amount_fen < 0 AND tax_fen BETWEEN amount_fen AND 0 AND reverses_id IS NOT NULL)",
            name="tax_and_sign",
        ),
        Index(None, "booking_id"),
        Index(None, "reverses_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    invoice_id: Mapped[int] = mapped_column(ForeignKey("invoice.id"))
    booking_id: Mapped[int] = mapped_column(ForeignKey("booking.id"))
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    tax_fen: Mapped[int] = mapped_column(BigInteger)
    reverses_id: Mapped[int | None] = mapped_column(ForeignKey("invoice_line.id"))
    recorded_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)

    invoice: Mapped[Invoice] = relationship(backref="lines")
    booking: Mapped[Booking] = relationship(backref="invoice_lines")


class Payment(Model):
    """Money received for a booking; negative: a refund. Counts if the payer is the client, else once accepted."""

    __tablename__ = "payment"
    __table_args__ = (
        CheckConstraint("amount_fen <> 0", name="amount_not_zero"),
        one_of("payer_verdict", ("accepted", "rejected"), null=True),
        Index(None, "booking_id"),
        Index(None, "reference"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    booking_id: Mapped[int] = mapped_column(ForeignKey("booking.id"))
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    paid_on: Mapped[date]
    reference: Mapped[str] = mapped_column(String(60))
    payer_uscc: Mapped[str] = mapped_column(String(18))
    by_client: Mapped[bool]
    """The payer is the client."""
    payer_verdict: Mapped[str | None] = mapped_column(String(8))
    """An officer's decision on another payer; null: not decided, or not needed."""
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    verdict_note: Mapped[str | None] = mapped_column(String(300))
    file_id: Mapped[int | None] = mapped_column(ForeignKey("stored_file.id"))
    recorded_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)

    booking: Mapped[Booking] = relationship(backref="payments")
    file: Mapped[StoredFile | None] = relationship()

    @property
    def counts(self) -> bool:
        return self.by_client or self.payer_verdict == "accepted"


class RevenueEntry(Model):
    """One entry of the revenue ledger: append-only. Sums by booking up to month M equal recognised(last day of M)."""

    __tablename__ = "revenue_entry"
    __table_args__ = (
        CheckConstraint("amount_fen <> 0 OR tax_fen <> 0", name="says_something"),
        Index(None, "booking_id", "month"),
        Index(None, "month", "lab_id"),
        Index(None, "lab_id", "month"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    booking_id: Mapped[int] = mapped_column(ForeignKey("booking.id"))
    lab_id: Mapped[int] = mapped_column(ForeignKey("lab.id"))
    instrument_id: Mapped[int] = mapped_column(ForeignKey("instrument.id"))
    month: Mapped[str] = mapped_column(String(7))
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    tax_fen: Mapped[int] = mapped_column(BigInteger)
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)

    booking: Mapped[Booking] = relationship(backref="entries")


append_only(RevenueEntry.__table__)


class ClosedMonth(Model):
    """A month whose ledger is closed: from the publication of its run on, until the run is sent back."""

    __tablename__ = "closed_month"

    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    closed_at: Mapped[datetime] = mapped_column(UtcDateTime)
