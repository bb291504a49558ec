"""Telling clients what they have not paid."""

from datetime import datetime, timedelta

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, or_, select
from sqlalchemy.orm import aliased

from labshare.audit.services import record
from labshare.booking.models import Booking
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.money import Fen
from labshare.kernel.time import local_day
from labshare.kernel.verbs import verb
from labshare.organisations import permissions
from labshare.settlement.models import Invoice, InvoiceLine
from labshare.settlement.services.notifications import payment_overdue

OVERDUE_AFTER = timedelta(days=30)
"""From the invoice's day; and from one mail about a booking to the next."""


@verb("invoice.remind", title=_l("Overdue payment told"))
def tell_overdue(*, actor: Actor, now: datetime, limit: int = 200) -> int:
    """Tell clients what of a booking was invoiced 30 days ago or earlier and is unpaid; again after 30 days (R-TOLD-6).
    How many bookings, at most `limit`. Payments count for the oldest invoices first. For the system alone."""
    permissions.check(actor, "invoice.remind")
    today = local_day(now)
    last_day = today - OVERDUE_AFTER
    old = (
        select(func.coalesce(func.sum(InvoiceLine.amount_fen), 0))
        .join(Invoice, Invoice.id == InvoiceLine.invoice_id)
        .where(InvoiceLine.booking_id == Booking.id, Invoice.issued_on <= last_day)
        .correlate(Booking)
        .scalar_subquery()
    )
    anyone = aliased(Booking)
    due = db.session.execute(
        select(Booking, old.label("invoiced"))
        .where(
            Booking.owes,
            Booking.id.in_(select(anyone.id).where(anyone.unsettled)),  # so it is, and found among those
            old > Booking.paid_fen,
            or_(Booking.overdue_told_on.is_(None), Booking.overdue_told_on <= last_day),
        )
        .order_by(Booking.id)
        .limit(limit)
        .with_for_update(of=Booking, key_share=True)
        .execution_options(populate_existing=True)
    ).all()
    for booking, invoiced_fen in due:
        booking.overdue_told_on = today
        overdue_fen = Fen(min(int(invoiced_fen), booking.invoiced_fen) - booking.paid_fen)
        record(actor, now, "invoice.remind", ("booking", booking.ref), after={"overdue_fen": overdue_fen})
        payment_overdue(booking, overdue_fen, invoiced_on=last_day, actor=actor, now=now)
    db.session.flush()
    return len(due)
