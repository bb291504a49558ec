"""Reminding clients of what begins soon."""

from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from labshare.audit.services import record
from labshare.booking import notifications
from labshare.booking.models import Booking
from labshare.booking.queries.loading import working_days
from labshare.booking.rules.lifecycle import reminded_until
from labshare.booking.rules.rows import plain
from labshare.booking.terms import BookingState
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.time import DAY, local_day, local_zone, start_of_day
from labshare.kernel.verbs import verb
from labshare.organisations import permissions


@verb("booking.remind", title=_l("Client reminded"))
def remind(*, actor: Actor, now: datetime, limit: int = 200) -> int:
    """Remind the clients of confirmed bookings one working day before they begin, once of each start (R-TOLD-5). How
    many, at most `limit`; running it twice reminds nobody twice. For the system alone."""
    permissions.check(actor, "booking.remind")
    today = local_day(now)
    until = reminded_until(today, days=working_days(), zone=local_zone())
    if until is None:
        return 0
    due = db.session.scalars(
        select(Booking)
        .where(
            Booking.state == BookingState.CONFIRMED,
            Booking.starts_at >= start_of_day(today + DAY),
            Booking.starts_at < until,
            Booking.reminded_for.is_distinct_from(Booking.starts_at),
        )
        .order_by(Booking.starts_at, Booking.id)
        .limit(limit)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).all()
    for booking in due:
        booking.reminded_for = booking.starts_at
        record(actor, now, "booking.remind", ("booking", booking.ref), after={"starts_at": plain(booking.starts_at)})
        notifications.notify_of_start(booking, actor=actor, now=now)
    db.session.flush()
    return len(due)
