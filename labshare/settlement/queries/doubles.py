"""Documents that stand on two bookings: found at their recording, and listed for officers (R-DOUBLE)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, func, not_, null, or_, select
from sqlalchemy.orm import aliased, contains_eager, joinedload

from labshare.accounts.models import Person
from labshare.booking.models import Booking
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import NotFound
from labshare.organisations.permissions import may, visible
from labshare.settlement.bank import BankMatch
from labshare.settlement.models import (
    BookingHold,
    DoubleDocument,
    Invoice,
    InvoiceLine,
    Payment,
    StoredFile,
)
from labshare.settlement.terms import DocumentKind

_Earlier = aliased(Booking)


@dataclass(frozen=True, kw_only=True)
class Earlier:
    """An earlier document on another booking, and what of it is the same."""

    id: int
    booking_id: int
    same_reference: bool
    same_file: bool


def earlier_payment(payment: Payment, sha256: str | None, line_id: int | None) -> list[Earlier]:
    """The first payment on another booking with this bank reference, and the first with this file; shares of one line
    of a bank's statement are known to be one transfer. By index; one statement where there is none, else two."""
    others = [Payment.booking_id != payment.booking_id, Payment.amount_fen > 0]
    if line_id is not None:
        share = exists().where(BankMatch.payment_id == Payment.id, BankMatch.line_id == line_id)
        others.append(not_(share))
    first = select(func.min(Payment.id)).where(*others)
    return _both(
        first.where(Payment.plain_reference == payment.plain_reference),
        first.where(Payment.file_id.in_(_files(sha256))) if sha256 else None,
        select(Payment.id, Payment.booking_id),
        Payment.id,
    )


def earlier_invoice(invoice: Invoice, booking_ids: Collection[int], sha256: str) -> list[Earlier]:
    """The first other invoice on another booking with this file. By index; one statement, or two."""
    others = [
        InvoiceLine.invoice_id == Invoice.id,
        InvoiceLine.booking_id.not_in(booking_ids),
        InvoiceLine.amount_fen > 0,
    ]
    first = select(func.min(Invoice.id)).where(
        Invoice.id != invoice.id, Invoice.file_id.in_(_files(sha256)), exists().where(*others)
    )
    found = (
        select(Invoice.id, func.min(InvoiceLine.booking_id))
        .join(InvoiceLine, InvoiceLine.invoice_id == Invoice.id)
        .where(*others)
        .group_by(Invoice.id)
    )
    return _both(None, first, found, Invoice.id)


def _files(sha256: str) -> Select[Any]:
    return select(StoredFile.id).where(StoredFile.sha256 == sha256)


def _both(reference: Select[Any] | None, file: Select[Any] | None, found: Select[Any], id: Any) -> list[Earlier]:
    firsts = [(null() if each is None else each.scalar_subquery()) for each in (reference, file)]
    by_reference, by_file = db.session.execute(select(*firsts)).one()
    wanted = {one for one in (by_reference, by_file) if one is not None}
    if not wanted:
        return []
    rows = db.session.execute(found.where(id.in_(wanted)).order_by(id))
    return [
        Earlier(id=one, booking_id=booking_id, same_reference=one == by_reference, same_file=one == by_file)
        for one, booking_id in rows
    ]


@dataclass(frozen=True)
class Pair:
    """Both documents, each a payment or an invoice; `sees` and `sees_earlier`: whether its booking is one of the
    actor's divisions."""

    row: DoubleDocument
    document: Any
    earlier: Any
    sees: bool
    sees_earlier: bool
    decides: bool

    @property
    def sides(self) -> tuple[tuple[Any, Any, bool], ...]:
        """The earlier one first: document, booking, whether they are seen."""
        return (
            (self.earlier, self.row.earlier_booking, self.sees_earlier),
            (self.document, self.row.booking, self.sees),
        )


def doubles(actor: Actor, *, decided: bool, limit: int, offset: int) -> list[Pair]:
    """Those that wait, the oldest first; or those decided, the latest first. At most three statements."""
    order: tuple[Any, ...] = (DoubleDocument.decided_at.desc(), DoubleDocument.id.desc())
    if not decided:
        order = (DoubleDocument.id,)
    rows = db.session.scalars(
        _joined(select(DoubleDocument))
        .options(
            contains_eager(DoubleDocument.booking).options(*_with_firms()),
            contains_eager(DoubleDocument.earlier_booking.of_type(_Earlier)).options(*_with_firms(_Earlier)),
            joinedload(DoubleDocument.decider).load_only(Person.name),
            joinedload(DoubleDocument.hold).load_only(BookingHold.cause),
        )
        .where(*_wanted(actor, decided))
        .order_by(*order)
        .limit(limit)
        .offset(offset)
    ).all()
    documents = _documents(rows)

    def seen(booking: Booking, action: str = "payer.see") -> bool:
        return may(actor, action, division=booking.division)

    return [
        Pair(
            row,
            documents[row.kind, row.document_id],
            documents[row.kind, row.earlier_id],
            seen(row.booking),
            seen(row.earlier_booking),
            row.undecided and seen(row.booking, "double.decide"),
        )
        for row in rows
    ]


def _documents(rows: Sequence[DoubleDocument]) -> dict[tuple[str, int], Any]:
    found: dict[tuple[str, int], Any] = {}
    kinds: tuple[tuple[DocumentKind, Any], ...] = ((DocumentKind.PAYMENT, Payment), (DocumentKind.INVOICE, Invoice))
    for kind, model in kinds:
        ids = {id for row in rows if row.kind == kind for id in (row.document_id, row.earlier_id)}
        if ids:
            read = select(model).where(model.id.in_(ids)).options(joinedload(model.file))
            found |= {(kind, one.id): one for one in db.session.scalars(read)}
    return found


def _with_firms(booking: Any = Booking) -> tuple[Any, ...]:
    return joinedload(booking.client), joinedload(booking.lab), joinedload(booking.test_item)


def count_doubles(actor: Actor, *, decided: bool) -> int:
    return db.session.scalar(_joined(select(func.count(DoubleDocument.id))).where(*_wanted(actor, decided))) or 0


def doubles_waiting(actor: Actor) -> Select[Any]:
    """How many wait for the officer of the later booking's county, as a select."""
    return (
        select(func.count(DoubleDocument.id))
        .join(DoubleDocument.booking)
        .where(DoubleDocument.undecided, visible(actor, "double.decide", division=Booking.division))
    )


def _joined(statement: Select[Any]) -> Select[Any]:
    return statement.join(DoubleDocument.booking).join(DoubleDocument.earlier_booking.of_type(_Earlier))


def _wanted(actor: Actor, decided: bool) -> list[ColumnElement[bool]]:
    seen = [visible(actor, "payer.see", division=booking.division) for booking in (Booking, _Earlier)]
    return [not_(DoubleDocument.undecided) if decided else DoubleDocument.undecided, or_(*seen)]


@dataclass(frozen=True)
class Elsewhere:
    """What a party of a booking is told of a document of it; `ref`: the other booking, if it is the same lab firm's."""

    row: DoubleDocument
    ref: str | None


def elsewhere(*, booking_id: int, lab_firm_id: int) -> dict[tuple[str, int], list[Elsewhere]]:
    """(kind, id) of a booking's documents that an earlier one on another booking is the same as. One statement."""
    rows = db.session.execute(
        select(DoubleDocument, Booking.ref, Booking.lab_firm_id)
        .join(Booking, Booking.id == DoubleDocument.earlier_booking_id)
        .where(DoubleDocument.booking_id == booking_id)
        .order_by(DoubleDocument.id)
    )
    found: dict[tuple[str, int], list[Elsewhere]] = {}
    for row, ref, firm_id in rows:
        one = Elsewhere(row, ref if firm_id == lab_firm_id else None)
        found.setdefault((row.kind, row.document_id), []).append(one)
    return found


def ref_of_double(double_id: int) -> str:
    """The reference of the later booking. Raises `NotFound`."""
    later = select(Booking.ref).join(DoubleDocument, DoubleDocument.booking_id == Booking.id)
    ref = db.session.scalar(later.where(DoubleDocument.id == double_id))
    if ref is None:
        raise NotFound
    return ref


def doubled(kind: DocumentKind, document_ids: Collection[int]) -> int:
    """How many of these documents wait since they are the same as one on another booking. One statement."""
    found = select(func.count(DoubleDocument.document_id.distinct())).where(
        DoubleDocument.kind == kind, DoubleDocument.document_id.in_(document_ids), DoubleDocument.undecided
    )
    return db.session.scalar(found) or 0
