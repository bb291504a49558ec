"""Closing and opening a month of the ledger, for the bookings of a division. The reward run calls: published, it
closes; sent back, it opens."""

from datetime import datetime

from flask_babel import lazy_gettext as _l

from labshare.audit.services import record
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.months import Month
from labshare.kernel.verbs import name_action, verb
from labshare.organisations.permissions import check
from labshare.settlement.errors import MonthClosedAlready, MonthNotClosed
from labshare.settlement.models import ClosedMonth
from labshare.settlement.queries.closed import closed_months
from labshare.settlement.queries.ledger import bookings_out_of_step
from labshare.settlement.services.ledger import bring_up, hold_months
from labshare.settlement.terms import EntryCause

name_action("ledger.entries", _l("Ledger entries written"))  # written by no step; the search still offers it


@verb("ledger.close_month", title=_l("Month closed"), money=True)
def close_month(*, actor: Actor, now: datetime, month: Month, division: str) -> None:
    """Close a month for bookings whose county begins with `division`: no entry of theirs goes into it any more; what
    comes late falls into the first month still open.

    Waits for recordings that are under way. Raises `MonthClosedAlready`.
    """
    check(actor, "ledger.close_month", division=division)
    hold_months(alone=True)
    if db.session.get(ClosedMonth, (division, str(month)), populate_existing=True) is not None:
        raise MonthClosedAlready(month=month)
    db.session.add(ClosedMonth(division=division, month=str(month), closed_at=now))
    db.session.flush()
    record(
        actor,
        now,
        "ledger.close_month",
        ("month", month),
        before={"division": division, "closed": False},
        after={"division": division, "closed": True},
    )


@verb("ledger.reopen_month", title=_l("Month opened again"), money=True)
def reopen_month(*, actor: Actor, now: datetime, month: Month, division: str) -> int:
    """Open a closed month of a division again and bring its bookings' open months to what is recognised: what came
    late moves back into it.

    Returns the number of entries written. Raises `MonthNotClosed`.
    """
    check(actor, "ledger.reopen_month", division=division)
    hold_months(alone=True)
    closed = db.session.get(ClosedMonth, (division, str(month)), populate_existing=True)
    if closed is None:
        raise MonthNotClosed(month=month)
    db.session.delete(closed)
    db.session.flush()
    shut, late = closed_months(), set[int]()
    for each in month.through(Month.at(now)):
        late.update(bookings_out_of_step(each, shut, division))
    entries = bring_up(sorted(late), now=now, cause=EntryCause.MONTH)
    record(
        actor,
        now,
        "ledger.reopen_month",
        ("month", month),
        before={"division": division, "closed": True},
        after={"division": division, "closed": False, "entries": entries},
    )
    return entries
