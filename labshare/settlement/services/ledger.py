"""The ledger of a booking: its documents read, its sums, ledger and state brought up to what they say.

On PostgreSQL a recording takes the ledger's shared lock first, then the booking's row, and reads afterwards. Closing or
opening a month takes the lock alone, so that no entry slips into a month while it closes. On SQLite writers queue.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import select, text

from labshare.booking.errors import IllegalStep
from labshare.booking.events import ChargeChanged
from labshare.booking.models import Booking
from labshare.booking.services.documents import settle_state
from labshare.booking.terms import BookingState
from labshare.kernel.actor import Actor
from labshare.kernel.database import db, set_columns
from labshare.kernel.errors import NotFound
from labshare.kernel.months import Month
from labshare.kernel.time import local_day
from labshare.organisations.permissions import check_seen
from labshare.settlement.models import Payment, Report, RevenueEntry
from labshare.settlement.queries.closed import closed_months
from labshare.settlement.queries.loading import entry_sums, load_documents
from labshare.settlement.rules import rows
from labshare.settlement.rules.documents import Documents, ledger_differences
from labshare.settlement.terms import EntryCause

_LEDGER_LOCK = 0x1ED6E5
"""Key of the advisory lock that says whether months may close."""


def hold_months(*, alone: bool = False) -> None:
    """Until the transaction ends no month closes or opens; `alone`: no recording goes on either."""
    if db.session.connection().dialect.name == "postgresql":
        shared = "" if alone else "_shared"
        db.session.execute(text(f"SELECT pg_advisory_xact_lock{shared}({_LEDGER_LOCK})"))


def locked_bookings(actor: Actor, action: str, *, refs: Sequence[str]) -> list[Booking]:
    """The bookings, locked and read afresh, in the order of `refs`.

    Raises `NotFound` where one does not exist or may not be seen, `NotAllowed` where the actor may not do this.
    """
    hold_months()
    found = db.session.scalars(
        select(Booking)
        .where(Booking.ref.in_(refs))
        .order_by(Booking.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    by_ref = {booking.ref: booking for booking in found}
    bookings = [by_ref[ref] for ref in refs if ref in by_ref]
    for booking in bookings:
        client, lab = booking.client_firm_id, booking.lab_firm_id
        check_seen(actor, "document.see", action, client=client, lab=lab, division=booking.division)
    if len(bookings) < len(refs):
        raise NotFound
    return bookings


def locked_booking(actor: Actor, action: str, *, ref: str) -> Booking:
    return locked_bookings(actor, action, refs=[ref])[0]


def ref_of(kind: type[Report] | type[Payment], document_id: int) -> str:
    """The reference of the booking that a document is of. Raises `NotFound`."""
    ref = db.session.scalar(select(Booking.ref).join(kind, kind.booking_id == Booking.id).where(kind.id == document_id))
    if ref is None:
        raise NotFound
    return ref


def check_documents_begin(booking: Booking) -> None:
    """Invoices and payments from `confirmed` on. Raises `IllegalStep`."""
    if booking.state not in BookingState.with_documents():
        raise IllegalStep(state=BookingState(booking.state).label)


def documents(booking: Booking) -> Documents:
    return load_documents([booking.id])[booking.id]


def refresh(
    booking: Booking, *, actor: Actor, now: datetime, cause: EntryCause | None = None, cause_id: int | None = None
) -> None:
    """Bring sums, ledger entries and state of a booking to what its documents say.

    Called after every recording, with the booking locked and the document flushed. `cause` and `cause_id` name the
    document, so that each ledger entry leads to it. A change of state is an event of its own, `booking.settle` and
    its like.
    """
    db.session.flush()
    today = local_day(now)
    found = documents(booking)
    set_columns(booking, rows.sums(found, today))
    _write_entries([booking], {booking.id: found}, now=now, cause=cause, cause_id=cause_id)
    settle_state(booking, report_stands=bool(found.standing(today)), actor=actor, now=now)
    db.session.flush()


def refresh_after_charge(event: ChargeChanged) -> None:
    """Bring a booking up to its new charge. Refuses nothing: booking has asked whether the charge covers what the
    documents say."""
    hold_months()
    refresh(event.booking, actor=event.actor, now=event.now, cause=EntryCause.CHARGE, cause_id=event.charge_id)


def bring_up(booking_ids: Iterable[int], *, now: datetime, cause: EntryCause) -> int:
    """Write the entries that these bookings lack in open months; returns how many. A few statements a thousand."""
    written, left = 0, list(booking_ids)
    while left:
        ids, left = left[:1000], left[1000:]
        bookings = db.session.scalars(select(Booking).where(Booking.id.in_(ids))).all()
        written += _write_entries(bookings, load_documents(ids), now=now, cause=cause, cause_id=None)
    db.session.flush()
    return written


def _write_entries(
    bookings: Sequence[Booking],
    documents: dict[int, Documents],
    *,
    now: datetime,
    cause: EntryCause | None,
    cause_id: int | None,
) -> int:
    closed, present = closed_months(), Month.at(now)
    entries = entry_sums([booking.id for booking in bookings])
    made = []
    for booking in bookings:
        shut, written = closed.of(booking.division), entries.get(booking.id, {})
        lacking = ledger_differences(documents[booking.id], written, closed=shut, present=present)
        made += rows.entries(
            lacking,
            booking_id=booking.id,
            lab_id=booking.lab_id,
            instrument_id=booking.instrument_id,
            now=now,
            cause=cause,
            cause_id=cause_id,
        )
    db.session.add_all(RevenueEntry(**values) for values in made)
    return len(made)
