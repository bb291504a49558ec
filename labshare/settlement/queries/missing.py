"""What still lacks a document, what is still to be paid, and payers that wait for an officer."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, or_, select, union
from sqlalchemy.orm import contains_eager, joinedload

from labshare.booking.models import Booking
from labshare.booking.terms import BookingState
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.money import Fen
from labshare.organisations.permissions import visible
from labshare.settlement.models import Payment
from labshare.settlement.terms import Lacking

AGES = (30, 60, 90)
"""Days since the work was finished (or the booking ended), up to which a receivable counts as that old."""


@dataclass(frozen=True)
class Lack:
    """A booking and what it lacks; `payer`: a payment of another payer waits for an officer."""

    booking: Booking
    report: bool
    payer: bool

    @property
    def invoice_fen(self) -> Fen:
        return self.booking.charged_fen - self.booking.invoiced_fen

    @property
    def payment_fen(self) -> Fen:
        return self.booking.charged_fen - self.booking.paid_fen

    @property
    def not_counted_fen(self) -> Fen:
        """Charged for finished work, but not recognised yet; what a cancellation costs never is, having no report."""
        if self.booking.state not in BookingState.tested_or_later():
            return 0
        return self.booking.charged_fen - self.booking.recognised_fen


@dataclass(frozen=True, kw_only=True)
class LackSums:
    """Numbers of bookings by what they lack, of all of them, and the amount not yet counted."""

    own: int
    report: int
    invoice: int
    payment: int
    payer: int
    all: int
    not_counted_fen: Fen

    def of(self, kind: str) -> int:
        return int(getattr(self, kind)) if Lacking.known(kind) else self.all


@dataclass(frozen=True, kw_only=True)
class HeldBack:
    """Finished work that is not recognised for want of a paper: the first that it lacks, so that each booking stands
    once. Fen."""

    lacking: Lacking
    bookings: int
    fen: Fen


@dataclass(frozen=True, kw_only=True)
class Receivables:
    """What clients owe: number of bookings, sum, and sums by age (up to 30, 60, 90 days, older)."""

    bookings: int
    fen: Fen
    by_age: tuple[int, int, int, int]


def _lab_side(actor: Actor) -> ColumnElement[bool]:
    return visible(actor, "ledger.see", lab=Booking.lab_firm_id, division=Booking.division)


def _payer_waits() -> ColumnElement[bool]:
    return exists(select(Payment.id).where(Payment.booking_id == Booking.id, Payment.payer_waits))


def _lacks() -> dict[str, ColumnElement[bool]]:
    finished, ended = Booking.state.in_(BookingState.tested_or_later()), Booking.state.in_(BookingState.over_with_fee())
    report = Booking.state == BookingState.TESTED
    invoice = and_(or_(finished, ended), Booking.charged_fen > Booking.invoiced_fen)
    return {
        Lacking.OWN: or_(report, invoice),
        Lacking.REPORT: report,
        Lacking.INVOICE: invoice,
        Lacking.PAYMENT: and_(or_(finished, ended), Booking.charged_fen > Booking.paid_fen),
        Lacking.PAYER: _payer_waits(),
    }


def _uncounted() -> ColumnElement[Any]:
    """What is charged for finished work and not recognised."""
    return Booking.charged_fen - Booking.recognised_fen


def _held(actor: Actor, lab_id: int | None) -> list[ColumnElement[bool]]:
    finished = Booking.state.in_(BookingState.tested_or_later())
    return [_lab_side(actor), *_of_lab(lab_id), Booking.unsettled, finished, _uncounted() > 0]


def _first_lacking() -> ColumnElement[str]:
    """Of what is held back, the paper to be got first."""
    return case(
        (Booking.state == BookingState.TESTED, Lacking.REPORT),
        (Booking.charged_fen > Booking.invoiced_fen, Lacking.INVOICE),
        (_payer_waits(), Lacking.PAYER),
        else_=Lacking.PAYMENT,
    )


def _wanted(actor: Actor, kind: str | None, lab_id: int | None, first: Lacking | None = None) -> list[Any]:
    """The lab side's that lack this, or anything: found among what is unsettled and among payers that wait, so that
    what is settled is not looked through each time. `first`: what is held back for want of this document first."""
    if first:
        return [*_held(actor, lab_id), _first_lacking() == first]
    lacks, mine = _lacks(), (_lab_side(actor), *_of_lab(lab_id))
    if kind == Lacking.PAYER:
        return [*mine, lacks[Lacking.PAYER]]
    if kind in lacks:
        return [*mine, Booking.unsettled, lacks[kind]]
    any_document = or_(lacks[Lacking.REPORT], lacks[Lacking.INVOICE], lacks[Lacking.PAYMENT])
    waiting = select(Booking.id).join(Payment, Payment.booking_id == Booking.id).where(*mine, Payment.payer_waits)
    return [Booking.id.in_(union(select(Booking.id).where(*mine, Booking.unsettled, any_document), waiting))]


def held_back(actor: Actor, *, lab_id: int | None = None) -> list[HeldBack]:
    """What is not counted for want of documents, by the document to be got first. One statement."""
    first = _first_lacking().label("first")
    rows = db.session.execute(
        select(first, func.count(), func.sum(_uncounted())).where(*_held(actor, lab_id)).group_by("first")
    )
    found = {kind: HeldBack(lacking=Lacking(kind), bookings=count, fen=int(fen)) for kind, count, fen in rows}
    return [found[kind] for kind in Lacking.documents() if kind in found]


def missing_documents(
    actor: Actor,
    *,
    kind: str | None = None,
    first: Lacking | None = None,
    lab_id: int | None = None,
    limit: int = 50,
    offset: int = 0,
) -> Sequence[Lack]:
    """The lab side's bookings that lack something, those finished longest ago first; of those held back for want of
    the paper `first`, the largest amount first. One statement."""
    lacks = _lacks()
    longest_ago = func.coalesce(Booking.finished_at, Booking.ended_at, Booking.starts_at)
    rows = db.session.execute(
        select(Booking, lacks[Lacking.REPORT].label("report"), lacks[Lacking.PAYER].label("payer"))
        .join(Booking.client)
        .options(contains_eager(Booking.client), joinedload(Booking.test_item), joinedload(Booking.lab))
        .where(*_wanted(actor, kind, lab_id, first))
        .order_by(*([_uncounted().desc()] if first else []), longest_ago, Booking.id)
        .limit(limit)
        .offset(offset)
    )
    return [Lack(booking, bool(report), bool(payer)) for booking, report, payer in rows]


def missing_sums(actor: Actor, *, lab_id: int | None = None) -> LackSums:
    lacks = _lacks()
    counted = [func.coalesce(func.sum(case((lacks[kind], 1), else_=0)), 0).label(kind) for kind in Lacking]
    uncounted = case((Booking.state.in_(BookingState.tested_or_later()), _uncounted()), else_=0)
    row = db.session.execute(
        select(
            *counted, func.count().label("all"), func.coalesce(func.sum(uncounted), 0).label("not_counted_fen")
        ).where(*_wanted(actor, None, lab_id))
    ).one()
    return LackSums(**{name: int(value) for name, value in row._mapping.items()})


def documents_waiting(firm_id: int | None) -> Select[Any]:
    """How many bookings of a firm's labs wait for a report or an invoice: the badge in the navigation."""
    count = select(func.count()).select_from(Booking).where(Booking.lab_firm_id == firm_id, Booking.lacks_documents)
    return count.where(_lacks()[Lacking.OWN])


def to_invoice_with(actor: Actor, booking: Booking) -> Sequence[Booking]:
    """Other bookings of the same client and seller that are not fully invoiced: one invoice may cover them too."""
    return _beside(actor, "invoice.record", booking, Booking.charged_fen > Booking.invoiced_fen)


def to_pay_with(actor: Actor, booking: Booking) -> Sequence[Booking]:
    """Other bookings of the same client and seller that are not fully paid: one transfer may be for them too."""
    return _beside(actor, "payment.record", booking, Booking.charged_fen > Booking.paid_fen)


def _beside(
    actor: Actor, action: str, booking: Booking, lacks: ColumnElement[bool], limit: int = 20
) -> Sequence[Booking]:
    statement = (
        select(Booking)
        .options(joinedload(Booking.test_item))
        .where(
            visible(actor, action, lab=Booking.lab_firm_id),
            Booking.client_firm_id == booking.client_firm_id,
            Booking.lab_firm_id == booking.lab_firm_id,
            Booking.id != booking.id,
            Booking.state.in_(BookingState.with_documents()),
            lacks,
        )
        .order_by(Booking.starts_at.desc())
        .limit(limit)
    )
    return db.session.scalars(statement).all()


# Receivables


def _owed(actor: Actor, lab_id: int | None) -> list[ColumnElement[bool]]:
    return [_lab_side(actor), Booking.unsettled, _lacks()[Lacking.PAYMENT], *_of_lab(lab_id)]


def _since() -> ColumnElement[Any]:
    return func.coalesce(Booking.finished_at, Booking.ended_at)


def receivables(
    actor: Actor, *, lab_id: int | None = None, limit: int | None = 50, offset: int = 0
) -> Iterator[Booking]:
    """Bookings whose client still owes, the oldest first; with client and test item. One statement."""
    statement = (
        select(Booking)
        .options(joinedload(Booking.client), joinedload(Booking.test_item), joinedload(Booking.lab))
        .where(*_owed(actor, lab_id))
        .order_by(_since(), Booking.id)
        .offset(offset)
    )
    yield from db.session.scalars(statement.limit(limit) if limit is not None else statement)


def receivable_sums(actor: Actor, now: Any, *, lab_id: int | None = None) -> Receivables:
    owed = Booking.charged_fen - Booking.paid_fen
    since, edges = _since(), [now - timedelta(days=age) for age in AGES]
    ages = (
        case((since >= edges[0], owed), else_=0),
        case((and_(since < edges[0], since >= edges[1]), owed), else_=0),
        case((and_(since < edges[1], since >= edges[2]), owed), else_=0),
        case((since < edges[2], owed), else_=0),
    )
    sums = [func.coalesce(func.sum(each), 0) for each in (owed, *ages)]
    count, total, *by_age = db.session.execute(select(func.count(), *sums).where(*_owed(actor, lab_id))).one()
    return Receivables(bookings=count, fen=int(total), by_age=tuple(int(fen) for fen in by_age))  # type: ignore[arg-type]


def _of_lab(lab_id: int | None) -> list[ColumnElement[bool]]:
    return [] if lab_id is None else [Booking.lab_id == lab_id]
