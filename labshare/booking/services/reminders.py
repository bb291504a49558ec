"""Reminding clients of what begins soon or waits for them, owners of requests that nobody answers."""

from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from labshare.audit.services import record
from labshare.booking import notifications
from labshare.booking.errors import NothingToRemind, RemindedToday
from labshare.booking.models import Booking
from labshare.booking.queries.bookings import open_proposal, reminder_of
from labshare.booking.queries.loading import working_days
from labshare.booking.rules.lifecycle import next_state, reminded_today, reminded_until
from labshare.booking.rules.rows import plain
from labshare.booking.services.common import locked_booking
from labshare.booking.terms import BookingState, Party
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.formatting import clock_time
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


@verb("booking.remind_client", title=_l("Client reminded by the lab"))
def remind_client(*, actor: Actor, now: datetime, ref: str) -> Booking:
    """Remind the client, for the lab, of the time it proposed or of the samples to come; once a day (R-TOLD-9). Raises
    `IllegalStep`, `NothingToRemind`, `RemindedToday`."""
    booking = locked_booking(actor, "booking.remind_client", ref=ref)
    next_state(booking.state, "remind", Party.LAB)
    of = reminder_of(booking, now)
    if of is None:
        raise NothingToRemind
    if reminded_today(booking.lab_reminded_at, now=now):
        raise RemindedToday(clock=clock_time(booking.lab_reminded_at))
    booking.lab_reminded_at = now
    db.session.flush()
    record(actor, now, "booking.remind_client", ("booking", booking.ref), after={"of": of})
    proposal = open_proposal(booking, now)
    if proposal is not None:
        notifications.notify_of_proposal(booking, proposal, actor=actor, now=now)
    else:
        notifications.notify_of_start(booking, actor=actor, now=now)
    return booking


@verb("booking.tell_owner", title=_l("Owner told of an unanswered request"))
def notify_of_requests(*, actor: Actor, now: datetime, limit: int = 200) -> int:
    """Tell the owners of labs' firms of requests that have waited since an earlier day and lapse by the end of this
    one, each once (R-TOLD-10). How many, at most `limit`. For the system alone."""
    permissions.check(actor, "booking.tell_owner")
    overdue = db.session.scalars(
        select(Booking)
        .where(
            Booking.overdue_on(local_day(now)),
            Booking.owner_told_for.is_distinct_from(Booking.answer_by),
        )
        .order_by(Booking.answer_by, Booking.id)
        .limit(limit)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).all()
    for booking in overdue:
        booking.owner_told_for = booking.answer_by
        record(
            actor, now, "booking.tell_owner", ("booking", booking.ref), after={"answer_by": plain(booking.answer_by)}
        )
        notifications.notify_owners(booking, actor=actor, now=now)
    db.session.flush()
    return len(overdue)
