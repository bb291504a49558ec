"""Documents and the revenue ledger. Amounts in fen, tax included; days are local days."""

from datetime import date, datetime, timedelta
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
    exists,
    not_,
    or_,
    text,
)
from sqlalchemy.ext.hybrid import hybrid_method, hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship

from labshare.accounts.models import Person
from labshare.booking.models import Booking, Quote
from labshare.booking.terms import Party
from labshare.catalogue.models import Lab, Standard, TestItem
from labshare.catalogue.terms import AccreditationKind, Category
from labshare.kernel.database import Model, UtcDateTime, append_only, guard, one_of, stays_as_recorded
from labshare.kernel.money import Fen
from labshare.kernel.terms import listed
from labshare.kernel.time import Hours, local_day, start_of_day
from labshare.organisations.models import Firm
from labshare.settlement.rules.documents import payment_counts
from labshare.settlement.rules.numbers import grouped
from labshare.settlement.terms import (
    PHOTOS_AT_MOST,
    ContestVerdict,
    DisputeOutcome,
    DisputeState,
    DisputeStep,
    DocumentKind,
    DoubleVerdict,
    EntryCause,
    HoldCause,
    MessageSide,
    PayerVerdict,
)

MARK = 16
"""So many digits of a digest stand in a public address."""


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

    @property
    def mark(self) -> str:
        """Stands in a public address: another content has another address."""
        return self.sha256[:MARK]


class SamplePhoto(Model):
    """How the samples of a booking looked when they came, for both parties (R-BENCH-5)."""

    __tablename__ = "sample_photo"
    __table_args__ = (Index(None, "booking_id"),)

    file_id: Mapped[int] = mapped_column(ForeignKey("stored_file.id"), primary_key=True)
    booking_id: Mapped[int] = mapped_column(ForeignKey("booking.id"))

    file: Mapped[StoredFile] = relationship()


class LabPhoto(Model):
    """A photo on a lab's public page, in two sizes (R-LAB). Its `place` is 0 only while two change theirs."""

    __tablename__ = "lab_photo"
    __table_args__ = (
        UniqueConstraint("lab_id", "place"),
        UniqueConstraint("large_id"),
        UniqueConstraint("small_id"),
        CheckConstraint(f"place BETWEEN 0 AND {PHOTOS_AT_MOST}", name="place_within"),
        CheckConstraint("width > 0 AND height > 0", name="measured"),
        CheckConstraint("length(words) > 0", name="described"),
        CheckConstraint("large_id <> small_id", name="two_sizes"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    lab_id: Mapped[int] = mapped_column(ForeignKey("lab.id"))
    place: Mapped[int]
    large_id: Mapped[int] = mapped_column(ForeignKey("stored_file.id"))
    small_id: Mapped[int] = mapped_column(ForeignKey("stored_file.id"))
    width: Mapped[int]
    height: Mapped[int]
    words: Mapped[str] = mapped_column(String(120))
    """What is to be seen, for whoever does not see it."""
    words_en: Mapped[str] = mapped_column(String(200))

    large: Mapped[StoredFile] = relationship(foreign_keys=[large_id])
    small: Mapped[StoredFile] = relationship(foreign_keys=[small_id])


class ReportSeries(Model):
    """How far the report numbers of a lab and year have come. From `first` to `last` none is left out (R-RESULT-1)."""

    __tablename__ = "report_series"
    __table_args__ = (CheckConstraint("first BETWEEN 1 AND last", name="in_order"),)

    lab_id: Mapped[int] = mapped_column(ForeignKey("lab.id"), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    first: Mapped[int]
    last: Mapped[int]


class Report(Model):
    """A test report. Stands from its date until the day it is withdrawn or its successor's date (R-PAPER-3)."""

    __tablename__ = "report"
    __table_args__ = (
        UniqueConstraint("lab_id", "number"),
        UniqueConstraint("replaces_id"),
        CheckConstraint("(serial IS NULL) = (series_year IS NULL)", name="serial_of_a_year"),
        Index(None, "booking_id"),
        Index(None, "lab_id", "issued_on"),
        Index(None, "lab_id", "series_year", "serial", unique=True),
        Index(
            None,
            "code",
            unique=True,
            sqlite_where=text("code <> ''"),
            postgresql_where=text("code <> ''"),
        ),
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
    series_year: Mapped[int | None]
    serial: Mapped[int | None]
    """Its place in the lab's series of that year; null: a number of the lab's own."""
    why: Mapped[str | None] = mapped_column(String(500))
    """Why it replaces another."""
    standard_id: Mapped[int | None] = mapped_column(ForeignKey("standard.id"))
    """By which standard it was tested; null: not said."""
    code: Mapped[str] = mapped_column(String(16), server_default="")
    """What whoever holds the report proves it by, with its number (R-RESULT-4); empty: it cannot be proved so."""

    booking: Mapped[Booking] = relationship(backref="reports")
    lab: Mapped[Lab] = relationship()
    file: Mapped[StoredFile] = relationship()
    standard: Mapped[Standard | None] = relationship()
    replaces: Mapped["Report | None"] = relationship(remote_side="Report.id")
    marks: Mapped[list["ReportMark"]] = relationship(order_by="ReportMark.kind")
    raw: Mapped[list[StoredFile]] = relationship(secondary="report_file", order_by=StoredFile.id)

    @property
    def printed_code(self) -> str:
        return grouped(self.code)

    @property
    def standard_number(self) -> str | None:
        return self.standard.number if self.standard else None

    @hybrid_property
    def withdrawn(self) -> bool:
        """Whether the lab took it back, on whatever day."""
        return self.withdrawn_on is not None

    @withdrawn.inplace.expression
    @classmethod
    def _withdrawn_in_sql(cls) -> ColumnElement[bool]:
        return cls.withdrawn_on.is_not(None)

    @hybrid_method
    def not_withdrawn_on(self, day: date) -> bool:
        """Whether it is issued by this day and not withdrawn by then; a successor may have taken its place."""
        return self.issued_on <= day and (self.withdrawn_on is None or day < self.withdrawn_on)

    @not_withdrawn_on.inplace.expression  # type: ignore[attr-defined]
    @classmethod
    def _not_withdrawn_on_in_sql(cls, day: date) -> ColumnElement[bool]:
        return and_(cls.issued_on <= day, or_(cls.withdrawn_on.is_(None), cls.withdrawn_on > day))


class ReportMark(Model):
    """A mark that a report bears, and the certificate that it rests on, numbered as on that day (R-RESULT-3)."""

    __tablename__ = "report_mark"
    __table_args__ = (one_of("kind", AccreditationKind), Index(None, "accreditation_id"))

    report_id: Mapped[int] = mapped_column(ForeignKey("report.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(4), primary_key=True)
    accreditation_id: Mapped[int] = mapped_column(ForeignKey("accreditation.id"))
    number: Mapped[str] = mapped_column(String(20))


class ReportFile(Model):
    """Raw data beside a report, as they came from the instrument (R-RESULT-6)."""

    __tablename__ = "report_file"
    __table_args__ = (Index(None, "report_id"),)

    file_id: Mapped[int] = mapped_column(ForeignKey("stored_file.id"), primary_key=True)
    report_id: Mapped[int] = mapped_column(ForeignKey("report.id"))


class Invoice(Model):
    """An invoice of a seller to a client; may cover several bookings, a line each. Its number is unique per seller."""

    __tablename__ = "invoice"
    __table_args__ = (
        UniqueConstraint("seller_firm_id", "number"),
        Index(None, "client_firm_id"),
        Index(None, "file_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    seller_firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"))
    client_firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"))
    number: Mapped[str] = mapped_column(String(30))
    issued_on: Mapped[date]
    due_on: Mapped[date] = mapped_column(server_default=text("'9999-12-31'"))
    """The last day to pay, by the lab's terms when it was recorded (R-PAPER-11); of a red letter its own date."""
    file_id: Mapped[int | None] = mapped_column(ForeignKey("stored_file.id"))
    whole_fen: Mapped[Fen | None]
    """What its original says in all, where that was read (R-PAPER-13); below 0 of a red letter."""

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
            "booking_id",
            sqlite_where=text("by_client = 0 AND payer_verdict IS NULL"),
            postgresql_where=text("NOT by_client AND payer_verdict IS NULL"),
        ),
        Index(
            "ix_payment_other_payer",
            "payer_uscc",
            sqlite_where=text("by_client = 0"),
            postgresql_where=text("NOT by_client"),
        ),
        Index(None, "booking_id"),
        Index(None, "reference"),
        Index(None, "plain_reference"),
        Index(None, "file_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    booking_id: Mapped[int] = mapped_column(ForeignKey("booking.id"))
    amount_fen: Mapped[Fen]
    paid_on: Mapped[date]
    reference: Mapped[str] = mapped_column(String(60))
    plain_reference: Mapped[str] = mapped_column(String(60), server_default="")
    """As it is compared with others (`rules.doubles.plain`)."""
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


class PayerAcceptance(Model):
    """One officer's yes to another payer above the county's limit: the payment counts once a second person says yes
    too (R-PAPER-15)."""

    __tablename__ = "payer_acceptance"
    __table_args__ = (
        CheckConstraint("confirmed_by IS NULL OR confirmed_by <> accepted_by", name="confirmed_by_another"),
        CheckConstraint(
            "(confirmed_by IS NULL) = (confirmed_at IS NULL) AND (confirmed_at IS NULL OR dropped_at IS NULL)",
            name="confirmed_or_dropped",
        ),
        Index(
            "uq_payer_acceptance_waiting",
            "payment_id",
            unique=True,
            sqlite_where=text("confirmed_at IS NULL AND dropped_at IS NULL"),
            postgresql_where=text("confirmed_at IS NULL AND dropped_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    payment_id: Mapped[int] = mapped_column(ForeignKey("payment.id"))
    note: Mapped[str] = mapped_column(String(300))
    accepted_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    accepted_at: Mapped[datetime] = mapped_column(UtcDateTime)
    confirmed_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    dropped_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the payer was not accepted after all."""

    payment: Mapped[Payment] = relationship()
    first: Mapped[Person] = relationship(foreign_keys=[accepted_by])

    @hybrid_property
    def waits(self) -> bool:
        return self.confirmed_at is None and self.dropped_at is None

    @waits.inplace.expression
    @classmethod
    def _waits_in_sql(cls) -> ColumnElement[bool]:
        return and_(cls.confirmed_at.is_(None), cls.dropped_at.is_(None))


class PayerLimit(Model):
    """From what sum on another payer needs two persons, in a county or in all of a larger division (R-PAPER-15). The
    latest row of the smallest division holds."""

    __tablename__ = "payer_limit"
    __table_args__ = (
        CheckConstraint("amount_fen >= 0", name="amount_not_negative"),
        CheckConstraint("reason <> ''", name="said_why"),
        Index(None, "division"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    division: Mapped[str] = mapped_column(String(6))
    amount_fen: Mapped[Fen]
    reason: Mapped[str] = mapped_column(String(300))
    set_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    set_at: Mapped[datetime] = mapped_column(UtcDateTime)


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


class BookingHold(Model):
    """A confirmed flag, an open contest or dispute, or an officer's suspension holds a booking's entries: they do not
    count while it lasts. One at a time (R-HOLD-1)."""

    __tablename__ = "booking_hold"
    __table_args__ = (
        one_of("cause", HoldCause),
        CheckConstraint(
            f"cause <> '{HoldCause.SUSPENSION}' OR (note <> '' AND (released_at IS NULL OR release_note <> ''))",
            name="suspension_explained",
        ),
        CheckConstraint("released_at IS NOT NULL OR (released_by IS NULL AND release_note = '')", name="ended_at_once"),
        Index(None, "booking_id"),
        Index(
            "uq_booking_hold_lasting",
            "booking_id",
            unique=True,
            sqlite_where=text("released_at IS NULL"),
            postgresql_where=text("released_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    booking_id: Mapped[int] = mapped_column(ForeignKey("booking.id"))
    cause: Mapped[str] = mapped_column(String(8))
    note: Mapped[str] = mapped_column(String(500), default="")
    held_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    held_at: Mapped[datetime] = mapped_column(UtcDateTime)
    released_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    released_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    release_note: Mapped[str] = mapped_column(String(500), default="", server_default="")

    booking: Mapped[Booking] = relationship()
    holder: Mapped[Person | None] = relationship(foreign_keys=[held_by])
    releaser: Mapped[Person | None] = relationship(foreign_keys=[released_by])
    dispute: Mapped["Dispute | None"] = relationship(back_populates="hold", viewonly=True)

    contest: Mapped["Contest | None"] = relationship(back_populates="hold", viewonly=True)

    @hybrid_property
    def lasts(self) -> bool:
        return self.released_at is None

    @lasts.inplace.expression
    @classmethod
    def _lasts_in_sql(cls) -> ColumnElement[bool]:
        return cls.released_at.is_(None)

    @classmethod
    def is_on(cls, booking_id: Any) -> ColumnElement[bool]:
        """Whether one lasts on the booking of this number; or on each, of a column of numbers."""
        return exists().where(cls.booking_id == booking_id, cls.lasts)

    @hybrid_method
    def lasted_at(self, moment: datetime) -> bool:
        """As far as was known then: a release recorded later had not happened."""
        return self.held_at <= moment and (self.released_at is None or moment < self.released_at)

    @lasted_at.inplace.expression  # type: ignore[attr-defined]
    @classmethod
    def _lasted_at_in_sql(cls, moment: datetime) -> ColumnElement[bool]:
        return and_(cls.held_at <= moment, or_(cls.released_at.is_(None), cls.released_at > moment))


class Contest(Model):
    """The client contests a document (R-CONTEST): the booking's one hold until a regulator decides."""

    __tablename__ = "contest"
    __table_args__ = (
        one_of("kind", DocumentKind),
        one_of("verdict", ContestVerdict, null=True),
        UniqueConstraint("booking_id", "kind", "document_id"),
        UniqueConstraint("hold_id"),
        CheckConstraint(
            "(verdict IS NULL) = (decided_at IS NULL) AND (verdict IS NULL) = (note IS NULL)", name="decided_with_note"
        ),
        CheckConstraint("decided_by IS NULL OR decided_by <> contested_by", name="decided_by_another"),
        CheckConstraint("reason <> '' AND (note IS NULL OR note <> '')", name="said_why"),
        Index(
            "ix_contest_waiting",
            "decide_by",
            sqlite_where=text("decided_at IS NULL"),
            postgresql_where=text("decided_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    booking_id: Mapped[int] = mapped_column(ForeignKey("booking.id"))
    hold_id: Mapped[int] = mapped_column(ForeignKey("booking_hold.id"))
    kind: Mapped[str] = mapped_column(String(7))
    document_id: Mapped[int] = mapped_column(BigInteger)
    """Of report, invoice or payment."""
    reason: Mapped[str] = mapped_column(String(500))
    contested_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    contested_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decide_by: Mapped[datetime] = mapped_column(UtcDateTime)
    """Undecided at this moment, it is no longer the county's officers' to decide."""
    passed_on_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When those who decide it then were told."""
    verdict: Mapped[str | None] = mapped_column(String(9))
    note: Mapped[str | None] = mapped_column(String(500))
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    booking: Mapped[Booking] = relationship()
    hold: Mapped[BookingHold] = relationship(back_populates="contest")

    @property
    def document(self) -> str:
        return f"{self.kind}-{self.document_id}"

    @hybrid_property
    def undecided(self) -> bool:
        return self.decided_at is None

    @undecided.inplace.expression
    @classmethod
    def _undecided_in_sql(cls) -> ColumnElement[bool]:
        return cls.decided_at.is_(None)

    @property
    def last_day(self) -> date:
        """The last local day on which the county's officers decide."""
        return local_day(self.decide_by - timedelta(minutes=1))

    @hybrid_method
    def late_at(self, moment: datetime) -> bool:
        """Whether the time in which the county's officers decide is over."""
        return self.decided_at is None and self.decide_by <= moment

    @late_at.inplace.expression  # type: ignore[attr-defined]
    @classmethod
    def _late_at_in_sql(cls, moment: datetime) -> ColumnElement[bool]:
        return and_(cls.decided_at.is_(None), cls.decide_by <= moment)


class DoubleDocument(Model):
    """A payment or an invoice that has the bank reference or the file of an earlier one on another booking (R-DOUBLE):
    a row for each pair of documents, until an officer decides."""

    __tablename__ = "double_document"
    __table_args__ = (
        one_of("kind", DocumentKind.with_money()),
        one_of("verdict", DoubleVerdict, null=True),
        UniqueConstraint("kind", "document_id", "earlier_id"),
        CheckConstraint("booking_id <> earlier_booking_id", name="of_two_bookings"),
        CheckConstraint("document_id <> earlier_id", name="of_two_documents"),
        CheckConstraint("same_reference OR same_file", name="something_is_the_same"),
        CheckConstraint(
            "(verdict IS NULL) = (decided_at IS NULL) AND (verdict IS NULL) = (note IS NULL) "
            "AND (verdict IS NULL) = (decided_by IS NULL) AND (note IS NULL OR note <> '')",
            name="decided_with_note",
        ),
        CheckConstraint(
            f"(hold_id IS NOT NULL) = (verdict IS NOT NULL AND verdict = '{DoubleVerdict.DOUBLE}')",
            name="used_twice_is_held",
        ),
        Index(None, "booking_id"),
        Index(None, "earlier_booking_id"),
        Index(
            "ix_double_document_waiting",
            "id",
            sqlite_where=text("decided_at IS NULL"),
            postgresql_where=text("decided_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(7))
    booking_id: Mapped[int] = mapped_column(ForeignKey("booking.id"))
    document_id: Mapped[int] = mapped_column(BigInteger)
    """The later payment or invoice."""
    earlier_booking_id: Mapped[int] = mapped_column(ForeignKey("booking.id"))
    earlier_id: Mapped[int] = mapped_column(BigInteger)
    same_reference: Mapped[bool]
    same_file: Mapped[bool]
    found_at: Mapped[datetime] = mapped_column(UtcDateTime)
    verdict: Mapped[str | None] = mapped_column(String(6))
    note: Mapped[str | None] = mapped_column(String(500))
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    hold_id: Mapped[int | None] = mapped_column(ForeignKey("booking_hold.id"))
    """What holds the later booking since it was found used twice: a suspension, or what held it already."""

    booking: Mapped[Booking] = relationship(foreign_keys=[booking_id])
    earlier_booking: Mapped[Booking] = relationship(foreign_keys=[earlier_booking_id])
    decider: Mapped[Person | None] = relationship()
    hold: Mapped[BookingHold | None] = relationship()

    @property
    def document(self) -> str:
        """The later one as it is named elsewhere: `payment-7`."""
        return f"{self.kind}-{self.document_id}"

    @property
    def earlier(self) -> str:
        return f"{self.kind}-{self.earlier_id}"

    @hybrid_property
    def undecided(self) -> bool:
        return self.decided_at is None

    @undecided.inplace.expression
    @classmethod
    def _undecided_in_sql(cls) -> ColumnElement[bool]:
        return cls.decided_at.is_(None)


class Dispute(Model):
    """The client disputes what the lab did (R-DISPUTE): the booking's one hold until it ends."""

    __tablename__ = "dispute"
    __table_args__ = (
        one_of("state", DisputeState),
        one_of("offered", DisputeOutcome, null=True),
        one_of("offered_side", Party.sides(), null=True),
        one_of("outcome", DisputeOutcome, null=True),
        CheckConstraint("(outcome IS NULL) = (ended_at IS NULL)", name="ends_with_its_outcome"),
        CheckConstraint("(offered IS NULL) = (offered_side IS NULL)", name="offered_by_a_side"),
        CheckConstraint(
            f"(state IN ({listed(DisputeState.over())})) = (ended_at IS NOT NULL)", name="over_when_it_ended"
        ),
        Index(
            "uq_dispute_open",
            "booking_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index(None, "booking_id"),
        Index(None, "state", "answer_by"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    booking_id: Mapped[int] = mapped_column(ForeignKey("booking.id"))
    hold_id: Mapped[int] = mapped_column(ForeignKey("booking_hold.id"))
    state: Mapped[str] = mapped_column(String(9))
    opened_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    answer_by: Mapped[datetime] = mapped_column(UtcDateTime)
    """Unanswered at this moment, it goes to the authority."""
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    offered: Mapped[str | None] = mapped_column(String(6))
    """The outcome that one side has proposed."""
    offered_side: Mapped[str | None] = mapped_column(String(6))
    escalated_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    outcome: Mapped[str | None] = mapped_column(String(6))
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    owner_told_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the owners of the lab's firm were told that nobody answers (R-TOLD-10)."""

    booking: Mapped[Booking] = relationship()
    hold: Mapped[BookingHold] = relationship(back_populates="dispute")
    statements: Mapped[list["Message"]] = relationship(order_by="Message.id")

    @hybrid_property
    def lasts(self) -> bool:
        return self.ended_at is None

    @lasts.inplace.expression
    @classmethod
    def _lasts_in_sql(cls) -> ColumnElement[bool]:
        return cls.ended_at.is_(None)

    @property
    def last_day(self) -> date:
        """The last local day for the lab's answer."""
        return local_day(self.answer_by - timedelta(minutes=1))

    @hybrid_method
    def overdue_at(self, moment: datetime) -> bool:
        """Whether the lab has let its time for an answer pass."""
        return self.state == DisputeState.OPEN and self.answer_by <= moment

    @overdue_at.inplace.expression  # type: ignore[attr-defined]
    @classmethod
    def _overdue_at_in_sql(cls, moment: datetime) -> ColumnElement[bool]:
        return and_(cls.state == DisputeState.OPEN, cls.answer_by <= moment)

    @hybrid_method
    def left_on(self, day: date) -> bool:
        """Whether it waits for the lab since an earlier day, and its time for an answer ends with this one."""
        begins, ends = start_of_day(day), start_of_day(day + timedelta(days=1))
        return self.state == DisputeState.OPEN and self.opened_at < begins < self.answer_by <= ends

    @left_on.inplace.expression  # type: ignore[attr-defined]
    @classmethod
    def _left_on_in_sql(cls, day: date) -> ColumnElement[bool]:
        begins, ends = start_of_day(day), start_of_day(day + timedelta(days=1))
        waits = and_(cls.state == DisputeState.OPEN, cls.opened_at < begins)
        return and_(waits, cls.answer_by > begins, cls.answer_by <= ends)

    @hybrid_property
    def waits_for_lab(self) -> bool:
        """Whether the lab has to answer it, or an outcome that the client proposes."""
        return self.state == DisputeState.OPEN or (
            self.state == DisputeState.ANSWERED and self.offered_side == Party.CLIENT
        )

    @waits_for_lab.inplace.expression
    @classmethod
    def _waits_for_lab_in_sql(cls) -> ColumnElement[bool]:
        asked = and_(cls.state == DisputeState.ANSWERED, cls.offered_side == Party.CLIENT)
        return or_(cls.state == DisputeState.OPEN, asked)

    @hybrid_property
    def waits_for_client(self) -> bool:
        """Whether the lab has answered, and the client has not said what is to come of it."""
        return self.state == DisputeState.ANSWERED and self.offered_side != Party.CLIENT

    @waits_for_client.inplace.expression
    @classmethod
    def _waits_for_client_in_sql(cls) -> ColumnElement[bool]:
        return and_(
            cls.state == DisputeState.ANSWERED, or_(cls.offered_side.is_(None), cls.offered_side != Party.CLIENT)
        )

    @hybrid_property
    def with_authority(self) -> bool:
        """Whether an officer decides."""
        return self.state == DisputeState.ESCALATED


class Message(Model):
    """What one side of a booking writes to the other. Its files beside it; neither is ever changed (R-TALK-1)."""

    __tablename__ = "message"
    __table_args__ = (
        one_of("side", MessageSide),
        one_of("step", DisputeStep, null=True),
        Index(None, "booking_id"),
        Index(None, "dispute_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    booking_id: Mapped[int] = mapped_column(ForeignKey("booking.id"))
    side: Mapped[str] = mapped_column(String(9))
    """Whose words these are."""
    text: Mapped[str] = mapped_column(String(4000))
    written_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    written_at: Mapped[datetime] = mapped_column(UtcDateTime)
    dispute_id: Mapped[int | None] = mapped_column(ForeignKey("dispute.id"))
    """Said in this dispute, as its `step`."""
    step: Mapped[str | None] = mapped_column(String(8))

    booking: Mapped[Booking] = relationship()
    writer: Mapped[Person] = relationship()
    files: Mapped[list[StoredFile]] = relationship(secondary="message_file", order_by=StoredFile.id)


class MessageFile(Model):
    """A file that came with a message."""

    __tablename__ = "message_file"
    __table_args__ = (Index(None, "message_id"),)

    file_id: Mapped[int] = mapped_column(ForeignKey("stored_file.id"), primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"))


class Inquiry(Model):
    """A firm asks the labs of a category, or all (`category` null), who can do something (R-ASK). It ends by itself."""

    __tablename__ = "inquiry"
    __table_args__ = (
        one_of("category", Category, null=True),
        CheckConstraint("quantity >= 1", name="quantity_positive"),
        CheckConstraint("closed_at IS NULL OR closed_by IS NOT NULL", name="closed_by_somebody"),
        Index(None, "client_firm_id", "id"),
        Index(
            "ix_inquiry_unclosed",
            "ends_at",
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    client_firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"))
    category: Mapped[str | None] = mapped_column(String(20))
    text: Mapped[str] = mapped_column(String(2000))
    quantity: Mapped[int]
    start_by: Mapped[date | None]
    report_by: Mapped[date | None]
    asked_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """The moment from which it is closed, whoever did nothing."""
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    owner_told_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the owners of the firms that have not answered were told (R-TOLD-10)."""

    client: Mapped[Firm] = relationship()
    files: Mapped[list[StoredFile]] = relationship(secondary="inquiry_file", order_by=StoredFile.id)

    @hybrid_method
    def open_at(self, moment: datetime) -> bool:
        return self.closed_at is None and moment < self.ends_at

    @open_at.inplace.expression  # type: ignore[attr-defined]
    @classmethod
    def _open_at_in_sql(cls, moment: datetime) -> ColumnElement[bool]:
        return and_(cls.closed_at.is_(None), cls.ends_at > moment)

    @hybrid_method
    def ending_on(self, day: date) -> bool:
        """Whether it was asked on an earlier day and ends by itself with this one."""
        begins, ends = start_of_day(day), start_of_day(day + timedelta(days=1))
        return self.closed_at is None and self.asked_at < begins < self.ends_at <= ends

    @ending_on.inplace.expression  # type: ignore[attr-defined]
    @classmethod
    def _ending_on_in_sql(cls, day: date) -> ColumnElement[bool]:
        begins, ends = start_of_day(day), start_of_day(day + timedelta(days=1))
        return and_(cls.closed_at.is_(None), cls.asked_at < begins, cls.ends_at > begins, cls.ends_at <= ends)


class InquiryFile(Model):
    """A picture or drawing that came with a request to the labs."""

    __tablename__ = "inquiry_file"
    __table_args__ = (Index(None, "inquiry_id"),)

    file_id: Mapped[int] = mapped_column(ForeignKey("stored_file.id"), primary_key=True)
    inquiry_id: Mapped[int] = mapped_column(ForeignKey("inquiry.id"))


class InquiryAnswer(Model):
    """What one lab answered, for the asker alone (R-ASK-3): a test item with its price, or words. Fen."""

    __tablename__ = "inquiry_answer"
    __table_args__ = (
        CheckConstraint("(test_item_id IS NULL) = (published_fen IS NULL)", name="priced_with_its_item"),
        CheckConstraint(
            "amount_fen IS NULL OR (published_fen IS NOT NULL AND amount_fen BETWEEN 0 AND published_fen)",
            name="amount_within_published",
        ),
        CheckConstraint("hours IS NULL OR test_item_id IS NOT NULL", name="hours_of_an_item"),
        Index(None, "inquiry_id", "lab_firm_id"),
        Index(None, "lab_id"),
        Index(None, "test_item_id"),
        Index(None, "quote_id", unique=True),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    inquiry_id: Mapped[int] = mapped_column(ForeignKey("inquiry.id"))
    lab_firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"))
    lab_id: Mapped[int] = mapped_column(ForeignKey("lab.id"))
    test_item_id: Mapped[int | None] = mapped_column(ForeignKey("test_item.id"))
    hours: Mapped[Hours | None]
    amount_fen: Mapped[Fen | None]
    """The lab's own price; null: by the published fee."""
    published_fen: Mapped[Fen | None]
    """By the fee of the day it was answered, for the asker."""
    text: Mapped[str] = mapped_column(String(2000))
    answered_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    answered_at: Mapped[datetime] = mapped_column(UtcDateTime)
    quote_id: Mapped[int | None] = mapped_column(ForeignKey("quote.id"))
    """The quote that the asker had made of it."""

    lab: Mapped[Lab] = relationship()
    test_item: Mapped[TestItem | None] = relationship()
    quote: Mapped[Quote | None] = relationship()

    @property
    def price_fen(self) -> Fen | None:
        return self.published_fen if self.amount_fen is None else self.amount_fen

    def offers(self, test_item_id: int, hours: Hours | None) -> bool:
        """Whether it offers this test item, for this long."""
        return (self.test_item_id, self.hours) == (test_item_id, hours)

    @property
    def quote_number(self) -> str | None:
        return self.quote.number if self.quote else None


# What the database itself refuses, whoever writes: changed or deleted documents, a red letter above what it reverses,
# an invoice to someone else than its bookings' client, an entry in a closed month.


def refuse_insert(table: Any, name: str, wrong: str, *, lock: str = "") -> None:
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


stays_as_recorded(
    Report.__table__,
    "booking_id",
    "lab_id",
    "number",
    "issued_on",
    "replaces_id",
    "file_id",
    "series_year",
    "serial",
    "why",
    "standard_id",
    "code",
)
stays_as_recorded(
    BookingHold.__table__,
    rewritten="OLD.released_at IS NOT NULL OR NEW.booking_id <> OLD.booking_id OR NEW.cause <> OLD.cause "
    "OR NEW.note <> OLD.note OR NEW.held_by IS DISTINCT FROM OLD.held_by OR NEW.held_at <> OLD.held_at",
)
stays_as_recorded(
    Contest.__table__,
    rewritten="OLD.decided_at IS NOT NULL OR NEW.booking_id <> OLD.booking_id OR NEW.hold_id <> OLD.hold_id "
    "OR NEW.kind <> OLD.kind OR NEW.document_id <> OLD.document_id OR NEW.reason <> OLD.reason "
    "OR NEW.contested_by <> OLD.contested_by OR NEW.contested_at <> OLD.contested_at OR NEW.decide_by <> OLD.decide_by",
)
stays_as_recorded(
    DoubleDocument.__table__,
    rewritten="OLD.decided_at IS NOT NULL OR NEW.kind <> OLD.kind OR NEW.booking_id <> OLD.booking_id "
    "OR NEW.document_id <> OLD.document_id OR NEW.earlier_booking_id <> OLD.earlier_booking_id "
    "OR NEW.earlier_id <> OLD.earlier_id OR NEW.same_reference <> OLD.same_reference "
    "OR NEW.same_file <> OLD.same_file OR NEW.found_at <> OLD.found_at",
)
stays_as_recorded(ReportSeries.__table__, "lab_id", "year", "first")
append_only(ReportMark.__table__)
append_only(ReportFile.__table__)
Report.__table__.add_is_dependent_on(ReportSeries.__table__)  # type: ignore[attr-defined]
stays_as_recorded(Invoice.__table__, "seller_firm_id", "client_firm_id", "number", "issued_on", "due_on")
stays_as_recorded(Payment.__table__, "booking_id", "amount_fen", "paid_on", "reference", "payer_uscc", "by_client")
stays_as_recorded(
    PayerAcceptance.__table__,
    rewritten="OLD.confirmed_at IS NOT NULL OR OLD.dropped_at IS NOT NULL OR NEW.payment_id <> OLD.payment_id "
    "OR NEW.note <> OLD.note OR NEW.accepted_by <> OLD.accepted_by OR NEW.accepted_at <> OLD.accepted_at",
)
append_only(PayerLimit.__table__)
append_only(InvoiceLine.__table__)
append_only(RevenueEntry.__table__)
append_only(Message.__table__)
append_only(MessageFile.__table__)
append_only(InquiryFile.__table__)
stays_as_recorded(
    Inquiry.__table__, "client_firm_id", "category", "text", "quantity", "start_by", "report_by", "asked_at", "ends_at"
)
stays_as_recorded(
    InquiryAnswer.__table__,
    "inquiry_id",
    "lab_firm_id",
    "lab_id",
    "test_item_id",
    "hours",
    "amount_fen",
    "published_fen",
    "text",
    "answered_at",
)

refuse_insert(
    Report.__table__,
    "report_of_its_booking",
    "NOT EXISTS (SELECT 1 FROM booking b WHERE b.id = NEW.booking_id AND b.lab_id = NEW.lab_id) "
    "OR (NEW.replaces_id IS NOT NULL AND NOT EXISTS "
    "(SELECT 1 FROM report r WHERE r.id = NEW.replaces_id AND r.booking_id = NEW.booking_id))",
)
refuse_insert(
    Report.__table__,
    "report_in_its_series",
    "NEW.serial IS NOT NULL AND NOT EXISTS (SELECT 1 FROM report_series s "
    "WHERE s.lab_id = NEW.lab_id AND s.year = NEW.series_year AND s.last >= NEW.serial)",
)
refuse_insert(
    ReportMark.__table__,
    "mark_by_accreditation",
    "NOT EXISTS (SELECT 1 FROM report r JOIN booking b ON b.id = r.booking_id "
    "JOIN accreditation a ON a.id = NEW.accreditation_id AND a.lab_id = r.lab_id "
    "JOIN accreditation_scope s ON s.accreditation_id = a.id AND s.test_item_id = b.test_item_id "
    "AND s.standard_id = r.standard_id WHERE r.id = NEW.report_id AND a.kind = NEW.kind AND a.number = NEW.number "
    "AND b.finished_on BETWEEN a.valid_from AND a.valid_to)",
)

_AHEAD = (
    "NEW.last <> OLD.last + 1 OR NOT EXISTS (SELECT 1 FROM report r "
    "WHERE r.lab_id = OLD.lab_id AND r.series_year = OLD.year AND r.serial = OLD.last)"
)
guard(
    ReportSeries.__table__,
    sqlite=(
        (
            "CREATE TRIGGER report_series_without_gaps BEFORE UPDATE OF last ON report_series "
            f"BEGIN SELECT RAISE(ABORT, 'report series without gaps') WHERE {_AHEAD}; END"
        ),
    ),
    postgresql=(
        (
            "CREATE FUNCTION report_series_without_gaps() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"IF {_AHEAD} THEN RAISE EXCEPTION 'report series without gaps' "
            "USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN NEW; END $$"
        ),
        (
            "CREATE TRIGGER report_series_without_gaps BEFORE UPDATE OF last ON report_series "
            "FOR EACH ROW EXECUTE FUNCTION report_series_without_gaps()"
        ),
    ),
)

refuse_insert(
    InvoiceLine.__table__,
    "invoice_of_its_bookings_parties",
    "NOT EXISTS (SELECT 1 FROM invoice i, booking b WHERE i.id = NEW.invoice_id AND b.id = NEW.booking_id "
    "AND i.client_firm_id = b.client_firm_id AND i.seller_firm_id = b.lab_firm_id)",
)
refuse_insert(
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
refuse_insert(
    Contest.__table__,
    "contest_of_its_booking",
    "NOT EXISTS (SELECT 1 FROM booking_hold h WHERE h.id = NEW.hold_id AND h.booking_id = NEW.booking_id "
    f"AND h.cause = '{HoldCause.CONTEST}' AND h.released_at IS NULL) OR NOT EXISTS ("
    f"SELECT 1 FROM report r WHERE NEW.kind = '{DocumentKind.REPORT}' AND r.id = NEW.document_id "
    "AND r.booking_id = NEW.booking_id UNION ALL "
    f"SELECT 1 FROM invoice_line l WHERE NEW.kind = '{DocumentKind.INVOICE}' AND l.invoice_id = NEW.document_id "
    "AND l.booking_id = NEW.booking_id UNION ALL "
    f"SELECT 1 FROM payment p WHERE NEW.kind = '{DocumentKind.PAYMENT}' AND p.id = NEW.document_id "
    "AND p.booking_id = NEW.booking_id)",
)
refuse_insert(
    DoubleDocument.__table__,
    "double_document_of_its_bookings",
    f"(NEW.kind = '{DocumentKind.PAYMENT}' AND (SELECT count(*) FROM payment p WHERE "
    "(p.id = NEW.document_id AND p.booking_id = NEW.booking_id) "
    "OR (p.id = NEW.earlier_id AND p.booking_id = NEW.earlier_booking_id)) <> 2) "
    f"OR (NEW.kind = '{DocumentKind.INVOICE}' AND (SELECT count(*) FROM invoice_line l WHERE "
    "(l.invoice_id = NEW.document_id AND l.booking_id = NEW.booking_id) "
    "OR (l.invoice_id = NEW.earlier_id AND l.booking_id = NEW.earlier_booking_id)) <> 2)",
)
refuse_insert(
    RevenueEntry.__table__,
    "entry_in_open_month",
    "EXISTS (SELECT 1 FROM closed_month c, booking b WHERE b.id = NEW.booking_id AND c.month = NEW.month "
    "AND substr(b.division, 1, length(c.division)) = c.division)",
)
_ALONE = (
    f"NEW.payer_verdict = '{PayerVerdict.ACCEPTED}' AND NEW.amount_fen > 0 AND ("
    "EXISTS (SELECT 1 FROM payer_acceptance a WHERE a.payment_id = NEW.id "
    "AND a.confirmed_at IS NULL AND a.dropped_at IS NULL) "
    "OR (NEW.amount_fen >= (SELECT l.amount_fen FROM payer_limit l, booking b WHERE b.id = NEW.booking_id "
    "AND substr(b.division, 1, length(l.division)) = l.division ORDER BY length(l.division) DESC, l.id DESC LIMIT 1) "
    "AND NOT EXISTS (SELECT 1 FROM payer_acceptance a WHERE a.payment_id = NEW.id AND a.confirmed_at IS NOT NULL)))"
)
"""Another payer's money would count by one person's word, above the limit that the county has set."""
guard(
    Payment.__table__,
    sqlite=tuple(
        f"CREATE TRIGGER payer_by_two_{act} BEFORE {when} ON payment WHEN NEW.payer_verdict IS NOT NULL "
        f"BEGIN SELECT RAISE(ABORT, 'payer by two') WHERE {_ALONE}; END"
        for act, when in (("from_now", "UPDATE OF payer_verdict"), ("at_once", "INSERT"))
    ),
    postgresql=(
        (
            "CREATE FUNCTION payer_by_two() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"IF {_ALONE} THEN RAISE EXCEPTION 'payer by two' "
            "USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN NEW; END $$"
        ),
        (
            "CREATE TRIGGER payer_by_two BEFORE INSERT OR UPDATE OF payer_verdict ON payment FOR EACH ROW "
            "WHEN (NEW.payer_verdict IS NOT NULL) EXECUTE FUNCTION payer_by_two()"
        ),
    ),
)
