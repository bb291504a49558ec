"""Documents held against what they must keep on every document day (R-PAPER-5); for `labshare check`."""

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from sqlalchemy import func, literal, or_, select, union_all

from labshare.booking.models import Booking, Charge
from labshare.kernel.database import db
from labshare.kernel.months import Month
from labshare.settlement.models import Invoice, InvoiceLine, Payment, RevenueEntry
from labshare.settlement.queries.closed import closed_months
from labshare.settlement.queries.ledger import bookings_out_of_step


class Nets(NamedTuple):
    """What a booking's documents come to on a day, fen."""

    ref: str
    day: date
    charged: int
    invoiced: int
    paid: int


def limits_broken() -> Iterator[Nets]:
    """Each document day on which one of the nets lies outside 0 to charged. One statement: running sums over all
    documents."""
    none = literal(0)
    movements = union_all(
        select(
            Charge.booking_id,
            Charge.agreed_on.label("day"),
            Charge.amount_fen.label("charged"),
            none.label("invoiced"),
            none.label("paid"),
        ).where(Charge.agreed),
        select(InvoiceLine.booking_id, Invoice.issued_on, none, InvoiceLine.amount_fen, none).join(
            Invoice, Invoice.id == InvoiceLine.invoice_id
        ),
        select(Payment.booking_id, Payment.paid_on, none, none, Payment.amount_fen).where(Payment.counts),
    ).subquery()
    kinds = ("charged", "invoiced", "paid")
    days = (
        select(movements.c.booking_id, movements.c.day, *(func.sum(movements.c[kind]).label(kind) for kind in kinds))
        .group_by(movements.c.booking_id, movements.c.day)
        .subquery()
    )
    running = [
        func.sum(days.c[kind]).over(partition_by=days.c.booking_id, order_by=days.c.day).label(kind) for kind in kinds
    ]
    sums = select(days.c.booking_id, days.c.day, *running).subquery()
    broken = (
        select(Booking.ref, sums.c.day, sums.c.charged, sums.c.invoiced, sums.c.paid)
        .join(sums, sums.c.booking_id == Booking.id)
        .where(
            or_(
                sums.c.invoiced < 0,
                sums.c.invoiced > sums.c.charged,
                sums.c.paid < 0,
                sums.c.paid > sums.c.charged,
            )
        )
        .order_by(Booking.ref, sums.c.day)
    )
    for row in db.session.execute(broken):
        yield Nets(row.ref, row.day, int(row.charged), int(row.invoiced), int(row.paid))


def ledger_out_of_step(present: Month) -> Iterator[tuple[str, Month]]:
    """(booking, open month) wherever the entries up to the month, amount or tax, are not what is recognised on its
    last day. One statement an open month since the first entry."""
    closed = closed_months()
    first = db.session.scalar(select(func.min(RevenueEntry.month)))
    for month in (Month.parse(first) if first else present).through(present):
        wrong = bookings_out_of_step(month, closed)
        for start in range(0, len(wrong), 1000):
            refs = select(Booking.ref).where(Booking.id.in_(wrong[start : start + 1000])).order_by(Booking.ref)
            for ref in db.session.scalars(refs):
                yield ref, month
