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
from labshare.settlement.models import BookingHold
from labshare.settlement.queries.owed import owed_lines
from labshare.settlement.services.notifications.debts import payment_overdue

NOTIFY_AGAIN_AFTER = timedelta(days=30)
"""From one mail about a booking to the next."""


@verb("invoice.remind", title=_l("Overdue payment told"))
def notify_overdue(*, actor: Actor, now: datetime, limit: int = 200) -> int:
    """Tell clients what of a booking is unpaid after its due date; again after 30 days (R-TOLD-6). How many bookings,
    at most `limit`. Payments count for what is due first; what is in
    dispute or held for another reason is not asked for. For the system alone."""
    permissions.check(actor, "invoice.remind")
    today = local_day(now)
    anyone = aliased(Booking)
    unsettled = Booking.id.in_(select(anyone.id).where(anyone.unsettled))  # so it is, and found among those
    last = Booking.overdue_told_on
    not_lately = or_(last.is_(None), last <= today - NOTIFY_AGAIN_AFTER)
    late = owed_lines(unsettled, not_lately, ~BookingHold.is_on(Booking.id))
    overdue = (
        select(late.c.booking_id, func.sum(late.c.left_fen).label("fen"), func.min(late.c.due_on).label("due_on"))
        .where(late.c.left_fen > 0, late.c.due_on < today)
        .group_by(late.c.booking_id)
        .subquery()
    )
    due = db.session.execute(
        select(Booking, overdue.c.fen, overdue.c.due_on)
        .join(overdue, overdue.c.booking_id == Booking.id)
        .order_by(Booking.id)
        .limit(limit)
        .with_for_update(of=Booking, key_share=True)
        .execution_options(populate_existing=True)
    ).all()
    for booking, fen, due_on in due:
        booking.overdue_told_on = today
        overdue_fen = Fen(int(fen))
        record(actor, now, "invoice.remind", ("booking", booking.ref), after={"overdue_fen": overdue_fen})
        payment_overdue(booking, overdue_fen, due_on=due_on, actor=actor, now=now)
    db.session.flush()
    return len(due)
