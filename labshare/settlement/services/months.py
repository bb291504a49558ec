"""Closing and opening a month of the ledger. The reward run calls: published, it closes; sent back, it opens."""

from datetime import datetime

from labshare.audit.services import record
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.months import Month
from labshare.kernel.verbs import verb
from labshare.organisations.permissions import check
from labshare.settlement.errors import MonthClosedAlready, MonthNotClosed
from labshare.settlement.models import ClosedMonth
from labshare.settlement.queries.ledger import bookings_out_of_step
from labshare.settlement.services.books import bring_up, closed_months, hold_months


@verb("ledger.close_month", money=True)
def close_month(*, actor: Actor, now: datetime, month: Month) -> None:
    """Close a month: no entry goes into it any more; what comes late falls into the first month still open.

    Waits for recordings that are under way. Raises `MonthClosedAlready`.
    """
    check(actor, "ledger.close_month")
    hold_months(alone=True)
    if db.session.get(ClosedMonth, str(month), populate_existing=True) is not None:
        raise MonthClosedAlready(month=month)
    db.session.add(ClosedMonth(month=str(month), closed_at=now))
    db.session.flush()
    record(actor, now, "ledger.close_month", ("month", month), before={"closed": False}, after={"closed": True})


@verb("ledger.reopen_month", money=True)
def reopen_month(*, actor: Actor, now: datetime, month: Month) -> int:
    """Open a closed month again and bring the open months to what is recognised: what came late moves back into it.

    Returns the number of entries written. Raises `MonthNotClosed`.
    """
    check(actor, "ledger.reopen_month")
    hold_months(alone=True)
    closed = db.session.get(ClosedMonth, str(month), populate_existing=True)
    if closed is None:
        raise MonthNotClosed(month=month)
    db.session.delete(closed)
    db.session.flush()
    shut = closed_months()
    late: set[int] = set()
    for each in month.through(Month.at(now)):
        if each not in shut:
            late.update(bookings_out_of_step(each))
    entries = bring_up(sorted(late), now=now, cause="month")
    record(
        actor,
        now,
        "ledger.reopen_month",
        ("month", month),
        before={"closed": True},
        after={"closed": False, "entries": entries},
    )
    return entries
