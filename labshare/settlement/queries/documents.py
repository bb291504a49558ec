"""A booking's documents and money as its page shows them: four statements."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from operator import attrgetter
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import joinedload

from labshare.booking.models import Booking, Charge
from labshare.booking.queries.approvals import get_approval
from labshare.booking.queries.bookings import booking_head, sees_samples
from labshare.booking.rules.answers import files_in
from labshare.booking.terms import BookingState
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import NotFound
from labshare.kernel.money import Fen
from labshare.organisations.permissions import lies_in, visible
from labshare.settlement.models import Invoice, InvoiceLine, Payment, Report, ReportFile, SamplePhoto, StoredFile
from labshare.settlement.queries.reports import reports_of
from labshare.settlement.rules.documents import (
    ChargeLine,
    Documents,
    InvoiceDocument,
    Money,
    PaymentDocument,
    ReportDocument,
)
from labshare.settlement.terms import DocumentKind


@dataclass(frozen=True)
class ReportLine:
    """`version`: 1, or one more than that of the report it replaces; `successor`: the one that replaces it; `stands`:
    on the day asked about."""

    report: Report
    version: int
    successor: Report | None
    stands: bool

    @property
    def replaced_on(self) -> date | None:
        return self.successor.issued_on if self.successor else None


@dataclass(frozen=True)
class InvoiceOfBooking:
    """`left` is what of it is not reversed; of a red letter, nothing."""

    line: InvoiceLine
    invoice: Invoice
    left: Money
    reverses_number: str | None

    @property
    def red(self) -> bool:
        return self.line.amount_fen < 0


@dataclass(frozen=True)
class BookingDocuments:
    """Everything on one booking's money and documents, on one day."""

    booking: Booking
    day: date
    charges: Sequence[Charge]
    reports: Sequence[ReportLine]
    invoices: Sequence[InvoiceOfBooking]
    payments: Sequence[Payment]
    documents: Documents

    @property
    def standing(self) -> list[Report]:
        return [line.report for line in self.reports if line.stands]

    @property
    def recognised(self) -> Money:
        return self.documents.recognised(self.day)

    @property
    def tax_fen(self) -> Fen:
        """Net invoiced tax."""
        return self.documents.invoiced(self.day).tax_fen

    @property
    def to_invoice_fen(self) -> Fen:
        return self.booking.charged_fen - self.booking.invoiced_fen

    @property
    def to_pay_fen(self) -> Fen:
        return self.booking.charged_fen - self.booking.paid_fen

    @property
    def payable(self) -> bool:
        """Whether the client may pay: from the confirmation on, while something is left."""
        return self.to_pay_fen > 0 and self.booking.state in BookingState.with_documents()

    @property
    def payers_waiting(self) -> list[Payment]:
        return [payment for payment in self.payments if payment.payer_waits]

    @property
    def reversible(self) -> list[InvoiceOfBooking]:
        return [each for each in self.invoices if not each.red and each.left.amount_fen > 0]


def documents_of(booking: Booking, day: date) -> BookingDocuments:
    """The booking's documents, each kind oldest first. Whoever calls has checked that the reader may see them."""
    charges = sorted((each for each in booking.charges if each.agreed), key=attrgetter("id"))  # type: ignore[attr-defined]
    reports = reports_of(booking.id)
    lines = db.session.scalars(
        select(InvoiceLine)
        .where(InvoiceLine.booking_id == booking.id)
        .options(joinedload(InvoiceLine.invoice).joinedload(Invoice.file))
        .order_by(InvoiceLine.id)
    ).all()
    payments = db.session.scalars(
        select(Payment)
        .where(Payment.booking_id == booking.id)
        .options(joinedload(Payment.file))
        .order_by(Payment.paid_on, Payment.id)
    ).all()
    documents = Documents(
        tuple(ChargeLine(charge.agreed_on, charge.amount_fen) for charge in charges if charge.agreed_on),
        tuple(
            ReportDocument(id=r.id, day=r.issued_on, replaces=r.replaces_id, withdrawn_on=r.withdrawn_on)
            for r in reports
        ),
        tuple(
            InvoiceDocument(
                id=line.id,
                day=line.invoice.issued_on,
                amount_fen=line.amount_fen,
                tax_fen=line.tax_fen,
                reverses=line.reverses_id,
            )
            for line in lines
        ),
        tuple(PaymentDocument(id=p.id, day=p.paid_on, amount_fen=p.amount_fen, counts=p.counts) for p in payments),
    )
    standing = {report.id for report in documents.standing(day)}
    successors = {report.replaces_id: report for report in reports if report.replaces_id is not None}
    versions: dict[int, int] = {}
    for report in reports:
        versions[report.id] = versions.get(report.replaces_id or 0, 0) + 1
    numbers = {line.id: line.invoice.number for line in lines}
    return BookingDocuments(
        booking,
        day,
        charges,
        [
            ReportLine(report, versions[report.id], successors.get(report.id), report.id in standing)
            for report in reports
        ],
        [
            InvoiceOfBooking(
                line,
                line.invoice,
                documents.left_of(line.id) if line.amount_fen > 0 else Money(),
                numbers.get(line.reverses_id) if line.reverses_id else None,
            )
            for line in lines
        ],
        payments,
        documents,
    )


def line_of_invoice(booking: Booking, name: str) -> InvoiceLine | None:
    """The booking's line of a blue invoice, by the invoice's number, else by its id: what a red letter names."""
    lines = (
        select(InvoiceLine)
        .join(Invoice, Invoice.id == InvoiceLine.invoice_id)
        .where(InvoiceLine.booking_id == booking.id, InvoiceLine.amount_fen > 0)
    )
    by_number = db.session.scalar(lines.where(Invoice.number == name))
    if by_number is not None or not name.isascii() or not name.isdigit() or len(name) > 15:
        return by_number
    return db.session.scalar(lines.where(Invoice.id == int(name)))


def numbers_of_lines(line_ids: Iterable[int]) -> dict[int, str]:
    """Invoice line id → the number of its invoice."""
    ids = set(line_ids)
    if not ids:
        return {}
    rows = (
        select(InvoiceLine.id, Invoice.number)
        .join(Invoice, Invoice.id == InvoiceLine.invoice_id)
        .where(InvoiceLine.id.in_(ids))
    )
    return {line.id: line.number for line in db.session.execute(rows)}


RAW = "raw"
_FILE_OF: dict[str, Select[Any]] = {
    DocumentKind.REPORT: select(StoredFile)
    .join(Report, Report.file_id == StoredFile.id)
    .join(Booking, Booking.id == Report.booking_id),
    RAW: select(StoredFile)
    .join(ReportFile, ReportFile.file_id == StoredFile.id)
    .join(Report, Report.id == ReportFile.report_id)
    .join(Booking, Booking.id == Report.booking_id),
    DocumentKind.INVOICE: select(StoredFile).join(Invoice, Invoice.file_id == StoredFile.id),
    DocumentKind.PAYMENT: select(StoredFile)
    .join(Payment, Payment.file_id == StoredFile.id)
    .join(Booking, Booking.id == Payment.booking_id),
}
_OF_BOOKING: dict[str, Any] = {
    "client": Booking.client_firm_id,
    "lab": Booking.lab_firm_id,
    "division": Booking.division,
}
_OF_INVOICE: dict[str, Any] = {
    "client": Invoice.client_firm_id,
    "lab": Invoice.seller_firm_id,
    "division": lambda prefix: (
        select(InvoiceLine.id)
        .join(Booking, Booking.id == InvoiceLine.booking_id)
        .where(InvoiceLine.invoice_id == Invoice.id, lies_in(Booking.division, prefix))
        .correlate(Invoice)
        .exists()
    ),
}
"""An invoice is of every county that one of its bookings is of."""
_ID: dict[str, Any] = {
    DocumentKind.REPORT: Report.id,
    RAW: ReportFile.file_id,
    DocumentKind.INVOICE: Invoice.id,
    DocumentKind.PAYMENT: Payment.id,
}


def file_of_document(actor: Actor, kind: str, document_id: int) -> StoredFile:
    """The file of a report, an invoice or a payment (`kind`), for whoever may see the document; `raw` data, by the
    file's own id, for whoever may see the report. Raises `NotFound`, also where the document has no file."""
    right = "document.see" if kind in (DocumentKind.REPORT, RAW) else "money.see"
    whose = _OF_INVOICE if kind == DocumentKind.INVOICE else _OF_BOOKING
    file = db.session.scalar(_FILE_OF[kind].where(_ID[kind] == document_id, visible(actor, right, **whose)))
    if file is None:
        raise NotFound
    return file  # type: ignore[no-any-return]


def stored_file(file_id: int | None) -> StoredFile:
    """Raises `NotFound`, also where there is none."""
    found = db.session.get(StoredFile, file_id) if file_id is not None else None
    if found is None:
        raise NotFound
    return found


def file_of_samples(actor: Actor, ref: str, file_id: int) -> StoredFile:
    """A file among a booking's answers, or a photo of its samples, for whoever reads them (R-SAMPLE-5). Raises
    `NotFound`."""
    booking = booking_head(actor, ref)
    if not sees_samples(actor, booking):
        raise NotFound
    if file_id not in files_in(booking.answers) and file_id not in {one.file_id for one in photos_of_samples(booking)}:
        raise NotFound
    return stored_file(file_id)


def photos_of_samples(booking: Booking) -> Sequence[SamplePhoto]:
    """With their files, as they were added. One statement, none before the samples could have come."""
    if booking.state in (BookingState.REQUESTED, BookingState.DECLINED):
        return ()
    return db.session.scalars(
        select(SamplePhoto)
        .where(SamplePhoto.booking_id == booking.id)
        .options(joinedload(SamplePhoto.file))
        .order_by(SamplePhoto.file_id)
    ).all()


def file_of_approval(actor: Actor, *, approval_id: int, file_id: int) -> StoredFile:
    """The same of a booking that waits inside the firm. Raises `NotFound`."""
    if file_id not in files_in(get_approval(actor, approval_id).answers):
        raise NotFound
    return stored_file(file_id)
