"""All documents of bookings, as the rules want them: five statements for any number of bookings."""

from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import func, select

from labshare.booking.models import Charge
from labshare.kernel.database import db
from labshare.kernel.months import Month
from labshare.settlement.models import Invoice, InvoiceLine, Payment, Report, RevenueEntry
from labshare.settlement.rules.documents import (
    ChargeLine,
    Documents,
    InvoiceDocument,
    Money,
    PaymentDocument,
    ReportDocument,
)


def load_documents(booking_ids: Iterable[int]) -> dict[int, Documents]:
    """The documents of each of these bookings."""
    ids = list(booking_ids)
    charges: dict[int, list[ChargeLine]] = defaultdict(list)
    reports: dict[int, list[ReportDocument]] = defaultdict(list)
    invoices: dict[int, list[InvoiceDocument]] = defaultdict(list)
    payments: dict[int, list[PaymentDocument]] = defaultdict(list)
    agreed = select(Charge.booking_id, Charge.agreed_on, Charge.amount_fen).where(
        Charge.booking_id.in_(ids), Charge.agreed
    )
    for booking_id, day, amount in db.session.execute(agreed):
        charges[booking_id].append(ChargeLine(day, amount))  # type: ignore[arg-type]  # an agreed line has its day
    issued = select(Report.booking_id, Report.id, Report.issued_on, Report.replaces_id, Report.withdrawn_on)
    for row in db.session.execute(issued.where(Report.booking_id.in_(ids)).order_by(Report.id)):
        reports[row.booking_id].append(
            ReportDocument(id=row.id, day=row.issued_on, replaces=row.replaces_id, withdrawn_on=row.withdrawn_on)
        )
    lines = (
        select(
            InvoiceLine.booking_id,
            InvoiceLine.id,
            Invoice.issued_on,
            InvoiceLine.amount_fen,
            InvoiceLine.tax_fen,
            InvoiceLine.reverses_id,
        )
        .join(Invoice, Invoice.id == InvoiceLine.invoice_id)
        .where(InvoiceLine.booking_id.in_(ids))
        .order_by(InvoiceLine.id)
    )
    for line in db.session.execute(lines):
        document = InvoiceDocument(
            id=line.id, day=line.issued_on, amount_fen=line.amount_fen, tax_fen=line.tax_fen, reverses=line.reverses_id
        )
        invoices[line.booking_id].append(document)
    received = select(Payment.booking_id, Payment.id, Payment.paid_on, Payment.amount_fen, Payment.counts)
    for paid in db.session.execute(received.where(Payment.booking_id.in_(ids)).order_by(Payment.id)):
        payments[paid.booking_id].append(
            PaymentDocument(id=paid.id, day=paid.paid_on, amount_fen=paid.amount_fen, counts=bool(paid.counts))
        )
    return {
        each: Documents(tuple(charges[each]), tuple(reports[each]), tuple(invoices[each]), tuple(payments[each]))
        for each in ids
    }


def entry_sums(booking_ids: Iterable[int]) -> dict[int, dict[Month, Money]]:
    """What the ledger holds of each booking, by month."""
    sums: dict[int, dict[Month, Money]] = defaultdict(dict)
    entries = (
        select(
            RevenueEntry.booking_id,
            RevenueEntry.month,
            func.sum(RevenueEntry.amount_fen),
            func.sum(RevenueEntry.tax_fen),
        )
        .where(RevenueEntry.booking_id.in_(list(booking_ids)))
        .group_by(RevenueEntry.booking_id, RevenueEntry.month)
    )
    for booking_id, month, amount, tax in db.session.execute(entries):
        sums[booking_id][Month.parse(month)] = Money(amount_fen=int(amount), tax_fen=int(tax))
    return sums
