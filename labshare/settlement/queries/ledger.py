"""The revenue ledger, read: by month and lab with each entry's document, and held against the documents."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Numeric, and_, case, cast, exists, func, or_, select

from labshare.booking.models import Booking, Charge
from labshare.catalogue.models import Instrument, Lab, TestItem
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.money import Fen
from labshare.kernel.months import Month
from labshare.organisations.models import Firm
from labshare.organisations.permissions import visible
from labshare.settlement.models import Invoice, InvoiceLine, Payment, Report, RevenueEntry
from labshare.settlement.queries.closed import ClosedMonths, closed_months
from labshare.settlement.queries.reports import stands_on
from labshare.settlement.terms import EntryCause


@dataclass(frozen=True, kw_only=True)
class EntryDocument:
    """The document whose recording made an entry: `kind` as in `RevenueEntry.cause`; `number` may be missing."""

    kind: str
    id: int | None
    number: str | None


@dataclass(frozen=True)
class EntryLine:
    entry: RevenueEntry
    booking: Booking
    lab: Lab
    client: Firm
    test_item: TestItem
    instrument: Instrument
    document: EntryDocument | None


@dataclass(frozen=True, kw_only=True)
class MonthSum:
    month: Month
    amount_fen: Fen
    tax_fen: Fen
    entries: int
    bookings: int
    closed: bool
    """For every booking that has entries in it."""

    def __add__(self, other: "MonthSum") -> "MonthSum":
        return MonthSum(
            month=self.month,
            amount_fen=self.amount_fen + other.amount_fen,
            tax_fen=self.tax_fen + other.tax_fen,
            entries=self.entries + other.entries,
            bookings=self.bookings + other.bookings,
            closed=self.closed and other.closed,
        )


def may_see_ledger(actor: Actor) -> ColumnElement[bool]:
    """The condition on `RevenueEntry` joined with `Lab` and `Booking`: whose entries this actor reads."""
    return visible(actor, "ledger.see", lab=Lab.firm_id, division=Booking.division)


def ledger_months(actor: Actor, *, lab_id: int | None = None) -> list[MonthSum]:
    """Sums by month, the latest first."""
    closed = closed_months()
    rows = select(
        RevenueEntry.month,
        Booking.division,
        func.sum(RevenueEntry.amount_fen).label("amount"),
        func.sum(RevenueEntry.tax_fen).label("tax"),
        func.count().label("entries"),
        func.count(RevenueEntry.booking_id.distinct()).label("bookings"),
    )
    rows = rows.join(Lab, Lab.id == RevenueEntry.lab_id).join(Booking, Booking.id == RevenueEntry.booking_id)
    rows = rows.where(may_see_ledger(actor), *_of_lab(lab_id)).group_by(RevenueEntry.month, Booking.division)
    sums: dict[Month, MonthSum] = {}
    for row in db.session.execute(rows.order_by(RevenueEntry.month.desc())):
        month = Month.parse(row.month)
        shut = month in closed.of(row.division)
        one = MonthSum(
            month=month,
            amount_fen=int(row.amount),
            tax_fen=int(row.tax),
            entries=row.entries,
            bookings=row.bookings,
            closed=shut,
        )
        sums[month] = one if month not in sums else sums[month] + one
    return list(sums.values())


def ledger_entries(
    actor: Actor, month: Month, *, lab_id: int | None = None, limit: int | None = None, offset: int = 0
) -> Sequence[EntryLine]:
    """The entries of a month, oldest first, with booking, parties and the document that made each. One statement."""
    statement = _entries(actor, month, lab_id).order_by(RevenueEntry.id).offset(offset)
    return list(_lines(statement.limit(limit) if limit is not None else statement))


def ledger_rows(actor: Actor, month: Month, *, lab_id: int | None = None) -> Iterator[EntryLine]:
    """The same, streamed, for a file."""
    return _lines(_entries(actor, month, lab_id).order_by(RevenueEntry.id).execution_options(yield_per=1000))


def lines_of_entries(actor: Actor, entry_ids: Collection[int]) -> dict[int, EntryLine]:
    """entry id → its line, of those that the actor reads. At most one statement."""
    if not entry_ids:
        return {}
    statement = _joined(actor).where(RevenueEntry.id.in_(entry_ids))
    return {line.entry.id: line for line in _lines(statement)}


def ledger_total(actor: Actor, month: Month, *, lab_id: int | None = None) -> tuple[int, int, int]:
    """(number of entries, amount, tax) of a month."""
    totals = (
        select(
            func.count(),
            func.coalesce(func.sum(RevenueEntry.amount_fen), 0),
            func.coalesce(func.sum(RevenueEntry.tax_fen), 0),
        )
        .join(Lab, Lab.id == RevenueEntry.lab_id)
        .join(Booking, Booking.id == RevenueEntry.booking_id)
        .where(may_see_ledger(actor), RevenueEntry.month == str(month), *_of_lab(lab_id))
    )
    count, amount, tax = db.session.execute(totals).one()
    return count, int(amount), int(tax)


def _of_lab(lab_id: int | None) -> list[ColumnElement[bool]]:
    return [] if lab_id is None else [RevenueEntry.lab_id == lab_id]


def _entries(actor: Actor, month: Month, lab_id: int | None) -> Any:
    return _joined(actor).where(RevenueEntry.month == str(month), *_of_lab(lab_id))


def _joined(actor: Actor) -> Any:
    cause, cause_id = RevenueEntry.cause, RevenueEntry.cause_id
    return (
        select(RevenueEntry, Booking, Lab, Firm, TestItem, Instrument, _document_number().label("document_number"))
        .join(Booking, Booking.id == RevenueEntry.booking_id)
        .join(Lab, Lab.id == RevenueEntry.lab_id)
        .join(Firm, Firm.id == Booking.client_firm_id)
        .join(TestItem, TestItem.id == Booking.test_item_id)
        .join(Instrument, Instrument.id == RevenueEntry.instrument_id)
        .outerjoin(Report, and_(cause == EntryCause.REPORT, Report.id == cause_id))
        .outerjoin(InvoiceLine, and_(cause == EntryCause.INVOICE, InvoiceLine.id == cause_id))
        .outerjoin(Invoice, Invoice.id == InvoiceLine.invoice_id)
        .outerjoin(Payment, and_(cause == EntryCause.PAYMENT, Payment.id == cause_id))
        .outerjoin(Charge, and_(cause == EntryCause.CHARGE, Charge.id == cause_id))
        .where(may_see_ledger(actor))
    )


def _document_number() -> ColumnElement[str | None]:
    return func.coalesce(Report.number, Invoice.number, Payment.reference, Charge.reason)


def _lines(statement: Any) -> Iterator[EntryLine]:
    for row in db.session.execute(statement):
        entry = row.RevenueEntry
        document = (
            EntryDocument(kind=entry.cause, id=entry.cause_id, number=row.document_number) if entry.cause else None
        )
        yield EntryLine(entry, row.Booking, row.Lab, row.Firm, row.TestItem, row.Instrument, document)


# Against the documents


def bookings_out_of_step(month: Month, closed: ClosedMonths, division: str = "") -> Sequence[int]:
    """Ids of the division's bookings for which the month is open and whose entries up to it do not add up to what is
    recognised on its last day. Must be empty.

    Set-based, the same sums as `Documents.recognised`.
    """
    day = month.last_day
    charged = _sums(
        select(Charge.booking_id, func.sum(Charge.amount_fen).label("fen")).where(
            Charge.agreed, Charge.agreed_on <= day
        ),
        Charge.booking_id,
    )
    invoiced = _sums(
        select(
            InvoiceLine.booking_id,
            func.sum(InvoiceLine.amount_fen).label("fen"),
            func.sum(InvoiceLine.tax_fen).label("tax"),
        )
        .join(Invoice, Invoice.id == InvoiceLine.invoice_id)
        .where(Invoice.issued_on <= day),
        InvoiceLine.booking_id,
    )
    paid = _sums(
        select(Payment.booking_id, func.sum(Payment.amount_fen).label("fen")).where(
            Payment.paid_on <= day, Payment.counts
        ),
        Payment.booking_id,
    )
    written = _sums(
        select(
            RevenueEntry.booking_id,
            func.sum(RevenueEntry.amount_fen).label("fen"),
            func.sum(RevenueEntry.tax_fen).label("tax"),
        ).where(RevenueEntry.month <= str(month)),
        RevenueEntry.booking_id,
    )
    c, i, p = (func.coalesce(sums.c.fen, 0) for sums in (charged, invoiced, paid))
    tax = func.coalesce(invoiced.c.tax, 0)
    least = case((and_(c <= i, c <= p), c), (i <= p, i), else_=p)
    recognised = case((standing_on(day), least), else_=0)
    fen, written_tax = (func.coalesce(written.c[name], 0) for name in ("fen", "tax"))
    # half up without dividing: x = floor(r·t ÷ n + ½)  ⇔  2n·x ≤ 2r·t + n < 2n·(x + 1)
    twice = 2 * cast(recognised, Numeric) * tax + i
    tax_fits = case(
        (i == 0, written_tax == 0),
        else_=and_(2 * cast(i, Numeric) * written_tax <= twice, twice < 2 * cast(i, Numeric) * (written_tax + 1)),
    )
    statement = (
        select(Booking.id)
        .outerjoin(charged, charged.c.booking_id == Booking.id)
        .outerjoin(invoiced, invoiced.c.booking_id == Booking.id)
        .outerjoin(paid, paid.c.booking_id == Booking.id)
        .outerjoin(written, written.c.booking_id == Booking.id)
        .where(
            or_(fen != recognised, ~tax_fits),
            Booking.division.startswith(division, autoescape=True),
            closed.open_bookings(month),
        )
        .order_by(Booking.id)
    )
    return db.session.scalars(statement).all()


def standing_on(day: date) -> ColumnElement[bool]:
    """Condition on `Booking`: a report stands on this day."""
    return exists(select(Report.id).where(Report.booking_id == Booking.id, stands_on(day)))


def _sums(statement: Any, key: Any) -> Any:
    return statement.group_by(key).subquery()
