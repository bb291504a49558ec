"""What clients owe, invoice by invoice, with due dates. A booking's payments count for what is due first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Row, Subquery, and_, case, func, select
from sqlalchemy.orm import aliased, joinedload

from labshare.booking.models import Booking
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.money import Fen
from labshare.kernel.time import local_day
from labshare.organisations.permissions import visible
from labshare.settlement.models import Invoice, InvoiceLine


def owed() -> ColumnElement[int]:
    """What of a booking is invoiced and not paid, fen: the one figure that pages call "Still to pay"."""
    return case((Booking.owes, Booking.invoiced_fen - Booking.paid_fen), else_=0)


def left_of(column: Literal["amount_fen", "tax_fen"]) -> ColumnElement[int]:
    """What red letters leave of an invoice's line, fen."""
    red = aliased(InvoiceLine)
    taken = select(func.coalesce(func.sum(getattr(red, column)), 0)).where(red.reverses_id == InvoiceLine.id)
    left: ColumnElement[int] = getattr(InvoiceLine, column) + taken.correlate(InvoiceLine).scalar_subquery()
    return left


def owed_lines(*which: ColumnElement[bool]) -> Subquery:
    """Of bookings that owe something, and are `which`: each invoice's line, less its red letters, and `left_fen`, what
    of it is unpaid. What is left of a booking's lines adds up to what the booking owes (R-PAPER-11)."""
    lines = (
        select(
            InvoiceLine.id,
            InvoiceLine.booking_id,
            InvoiceLine.invoice_id,
            Invoice.number,
            Invoice.issued_on,
            Invoice.due_on,
            left_of("amount_fen").label("fen"),
            Booking.paid_fen,
        )
        .join(Invoice, Invoice.id == InvoiceLine.invoice_id)
        .join(Booking, Booking.id == InvoiceLine.booking_id)
        .where(InvoiceLine.amount_fen > 0, Booking.owes, *which)
        .subquery()
    )
    up_to = func.sum(lines.c.fen).over(partition_by=lines.c.booking_id, order_by=(lines.c.due_on, lines.c.id))
    unpaid = up_to - lines.c.paid_fen
    left = case((unpaid <= 0, 0), (unpaid < lines.c.fen, unpaid), else_=lines.c.fen)
    return select(lines, left.label("left_fen")).subquery()


@dataclass(frozen=True)
class OwedLine:
    """What is left to pay of an invoice for one booking."""

    booking: Booking
    number: str
    issued_on: date
    due_on: date
    left_fen: Fen
    overdue: bool


@dataclass(frozen=True, kw_only=True)
class Owed:
    """Everything a client owes, what is due first before the rest."""

    rows: Sequence[OwedLine]
    count: int
    left_fen: Fen
    overdue_fen: Fen


def owed_by(actor: Actor, now: datetime, *, limit: int, offset: int = 0) -> Owed:
    """What the firm acted for owes. Two statements, fen."""
    today = local_day(now)
    ours = and_(Booking.client_firm_id == actor.firm_id, visible(actor, "spending.see", client=Booking.client_firm_id))
    lines = owed_lines(ours)
    late = case((lines.c.due_on < today, lines.c.left_fen), else_=0)
    count, overdue = db.session.execute(select(func.count(), func.sum(late)).where(lines.c.left_fen > 0)).one()
    total = db.session.scalar(select(func.sum(owed())).where(ours, Booking.owes))
    return Owed(
        rows=_rows(lines, today, lines.c.left_fen > 0, limit=limit, offset=offset),
        count=count,
        left_fen=Fen(int(total or 0)),
        overdue_fen=Fen(int(overdue or 0)),
    )


def overdue_lines(which: ColumnElement[bool], today: date) -> Sequence[OwedLine]:
    """What of these bookings is left to pay and was due before today. One statement."""
    lines = owed_lines(which)
    return _rows(lines, today, lines.c.left_fen > 0, lines.c.due_on < today)


def _rows(
    lines: Subquery, today: date, *which: ColumnElement[bool], limit: int | None = None, offset: int = 0
) -> Sequence[OwedLine]:
    found: Sequence[Row[Any]] = db.session.execute(
        select(Booking, lines)
        .join(lines, lines.c.booking_id == Booking.id)
        .where(*which)
        .options(joinedload(Booking.lab), joinedload(Booking.test_item))
        .order_by(lines.c.due_on, lines.c.id)
        .limit(limit)
        .offset(offset)
    ).all()
    return [
        OwedLine(row.Booking, row.number, row.issued_on, row.due_on, Fen(int(row.left_fen)), row.due_on < today)
        for row in found
    ]
