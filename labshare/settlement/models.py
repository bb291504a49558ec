"""Documents and the revenue ledger. Amounts in fen, tax included; days are local days."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
    and_,
    not_,
    or_,
    text,
)
from sqlalchemy.ext.hybrid import hybrid_method, hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship

from labshare.booking.models import Booking
from labshare.kernel.database import Model, UtcDateTime, append_only, guard, one_of, stays_as_recorded
from labshare.kernel.money import Fen
from labshare.settlement.rules.documents import payment_counts
from labshare.settlement.terms import EntryCause, PayerVerdict


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
    """A test report. Stands from its date until the day it is withdrawn or its successor's date (R-PAPER-3)."""

    __tablename__ = "report"
    __table_args__ = (
        UniqueConstraint("lab_id", "number"),
        UniqueConstraint("replaces_id"),
        Index(None, "booking_id"),
        Index(None, "lab_id", "issued_on"),
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

    @hybrid_property
    def withdrawn(self) -> bool:
        """Whether the lab took it back, on whatever day."""
        return self.withdrawn_on is not None

    @withdrawn.inplace.expression
    @classmethod
    def _withdrawn_in_sql(cls) -> ColumnElement[bool]:
        return cls.withdrawn_on.is_not(None)

    @hybrid_method
    def kept_on(self, day: date) -> bool:
        """Whether it is issued by this day and not withdrawn by then; a successor may have taken its place."""
        return self.issued_on <= day and (self.withdrawn_on is None or day < self.withdrawn_on)

    @kept_on.inplace.expression  # type: ignore[attr-defined]
    @classmethod
    def _kept_on_in_sql(cls, day: date) -> ColumnElement[bool]:
        return and_(cls.issued_on <= day, or_(cls.withdrawn_on.is_(None), cls.withdrawn_on > day))


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
    due_on: Mapped[date] = mapped_column(server_default=text("'9999-12-31'"))
    """The last day to pay, by the lab's terms when it was recorded (R-PAPER-11); of a red letter its own date."""
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
    amount_fen: Mapped[Fen]
    tax_fen: Mapped[Fen]
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
        one_of("payer_verdict", PayerVerdict, null=True),
        UniqueConstraint("booking_id", "submission"),
        Index(
            "ix_payment_payer_waiting",
            "id",
            sqlite_where=text("by_client = 0 AND payer_verdict IS NULL"),
            postgresql_where=text("NOT by_client AND payer_verdict IS NULL"),
        ),
        Index(None, "booking_id"),
        Index(None, "reference"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    booking_id: Mapped[int] = mapped_column(ForeignKey("booking.id"))
    amount_fen: Mapped[Fen]
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
    submission: Mapped[str | None] = mapped_column(String(36))
    """The form's one-time key: a second click finds the first payment."""
    file_id: Mapped[int | None] = mapped_column(ForeignKey("stored_file.id"))
    recorded_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)

    booking: Mapped[Booking] = relationship(backref="payments")
    file: Mapped[StoredFile | None] = relationship()

    @hybrid_property
    def counts(self) -> bool:
        """Whether the client paid it, or an officer lets the other payer's money count (R-PAPER-8)."""
        return payment_counts(by_client=self.by_client, payer_verdict=self.payer_verdict)

    @counts.inplace.expression
    @classmethod
    def _counts_in_sql(cls) -> ColumnElement[bool]:
        return or_(cls.by_client, cls.payer_verdict == PayerVerdict.ACCEPTED)

    @hybrid_property
    def payer_waits(self) -> bool:
        """Whether an officer has to decide on another payer."""
        return not self.by_client and self.payer_verdict is None

    @payer_waits.inplace.expression
    @classmethod
    def _payer_waits_in_sql(cls) -> ColumnElement[bool]:
        """Spelled as its index is, on either engine."""
        return and_(not_(cls.by_client), cls.payer_verdict.is_(None))

    @hybrid_property
    def payer_decided(self) -> bool:
        """Whether an officer has decided on another payer."""
        return not self.by_client and self.payer_verdict is not None

    @payer_decided.inplace.expression
    @classmethod
    def _payer_decided_in_sql(cls) -> ColumnElement[bool]:
        return and_(not_(cls.by_client), cls.payer_verdict.is_not(None))


class RevenueEntry(Model):
    """One entry of the revenue ledger: append-only. Sums by booking up to month M equal recognised(last day of M)."""

    __tablename__ = "revenue_entry"
    __table_args__ = (
        CheckConstraint("amount_fen <> 0 OR tax_fen <> 0", name="says_something"),
        one_of("cause", EntryCause, null=True),
        Index(None, "booking_id", "month"),
        Index(None, "month", "lab_id"),
        Index(None, "lab_id", "month"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    booking_id: Mapped[int] = mapped_column(ForeignKey("booking.id"))
    lab_id: Mapped[int] = mapped_column(ForeignKey("lab.id"))
    instrument_id: Mapped[int] = mapped_column(ForeignKey("instrument.id"))
    month: Mapped[str] = mapped_column(String(7))
    amount_fen: Mapped[Fen]
    tax_fen: Mapped[Fen]
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    cause: Mapped[str | None] = mapped_column(String(7))
    """The kind of document whose recording made the entry; `month`: a closed month opened again."""
    cause_id: Mapped[int | None] = mapped_column(BigInteger)
    """Its id: of report, invoice line, payment or charge line."""

    booking: Mapped[Booking] = relationship(backref="entries")


class ClosedMonth(Model):
    """A month whose ledger is closed for the bookings of a division: from the publication of the division's run on,
    until the run is sent back."""

    __tablename__ = "closed_month"

    division: Mapped[str] = mapped_column(String(12), primary_key=True)
    """Code prefix: bookings whose county begins with it."""
    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    closed_at: Mapped[datetime] = mapped_column(UtcDateTime)


# What the database itself refuses, whoever writes: changed or deleted documents, a red letter above what it reverses,
# an invoice to someone else than its bookings' client, an entry in a closed month.


def _refuse_insert(table: Any, name: str, wrong: str, *, lock: str = "") -> None:
    """Refuse an INSERT where the SQL condition `wrong` holds; `lock` is what PostgreSQL runs before it looks."""
    message = name.replace("_", " ")
    guard(
        table,
        sqlite=(
            (
                f"CREATE TRIGGER {name} BEFORE INSERT ON {table.name} "
                f"BEGIN SELECT RAISE(ABORT, '{message}') WHERE {wrong}; END"
            ),
        ),
        postgresql=(
            (
                f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {lock} "
                f"IF {wrong} THEN RAISE EXCEPTION '{message}' "
                "USING ERRCODE = 'integrity_constraint_violation'; END IF; "
                "RETURN NEW; END $$"
            ),
            f"CREATE TRIGGER {name} BEFORE INSERT ON {table.name} FOR EACH ROW EXECUTE FUNCTION {name}()",
        ),
    )


stays_as_recorded(Report.__table__, "booking_id", "lab_id", "number", "issued_on", "replaces_id", "file_id")
stays_as_recorded(Invoice.__table__, "seller_firm_id", "client_firm_id", "number", "issued_on", "due_on")
stays_as_recorded(Payment.__table__, "booking_id", "amount_fen", "paid_on", "reference", "payer_uscc", "by_client")
append_only(InvoiceLine.__table__)
append_only(RevenueEntry.__table__)

_refuse_insert(
    Report.__table__,
    "report_of_its_booking",
    "NOT EXISTS (SELECT 1 FROM booking b WHERE b.id = NEW.booking_id AND b.lab_id = NEW.lab_id) "
    "OR (NEW.replaces_id IS NOT NULL AND NOT EXISTS "
    "(SELECT 1 FROM report r WHERE r.id = NEW.replaces_id AND r.booking_id = NEW.booking_id))",
)
_refuse_insert(
    InvoiceLine.__table__,
    "invoice_of_its_bookings_parties",
    "NOT EXISTS (SELECT 1 FROM invoice i, booking b WHERE i.id = NEW.invoice_id AND b.id = NEW.booking_id "
    "AND i.client_firm_id = b.client_firm_id AND i.seller_firm_id = b.lab_firm_id)",
)
_refuse_insert(
    InvoiceLine.__table__,
    "red_letter_within_its_invoice",
    "NEW.reverses_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM invoice_line o WHERE o.id = NEW.reverses_id "
    "AND o.booking_id = NEW.booking_id AND o.amount_fen > 0 "
    "AND o.amount_fen + NEW.amount_fen + "
    "(SELECT coalesce(sum(r.amount_fen), 0) FROM invoice_line r WHERE r.reverses_id = o.id) >= 0 "
    "AND o.tax_fen + NEW.tax_fen + "
    "(SELECT coalesce(sum(r.tax_fen), 0) FROM invoice_line r WHERE r.reverses_id = o.id) >= 0)",
    lock="PERFORM 1 FROM invoice_line WHERE id = NEW.reverses_id FOR UPDATE;",
)
_refuse_insert(
    RevenueEntry.__table__,
    "entry_in_open_month",
    "EXISTS (SELECT 1 FROM closed_month c, booking b WHERE b.id = NEW.booking_id AND c.month = NEW.month "
    "AND substr(b.division, 1, length(c.division)) = c.division)",
)
