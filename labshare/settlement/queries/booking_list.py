"""The lists of bookings: the client's, the lab's, the regulators'; looked for by parties, test, invoice and time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, case, func, literal, or_, select
from sqlalchemy.orm import joinedload, selectinload

from labshare.booking.models import Booking
from labshare.booking.queries.bookings import visible_bookings
from labshare.booking.terms import BookingState
from labshare.catalogue.models import Lab, TestItem
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.money import Fen
from labshare.kernel.time import start_of_day
from labshare.organisations.models import Firm
from labshare.organisations.permissions import may
from labshare.settlement.models import Invoice, InvoiceLine
from labshare.settlement.queries.waiting import waits_for

Side = Literal["client", "lab", "regulator"]
_SORTS = {
    "starts_at": Booking.starts_at,
    "booked_at": Booking.booked_at,
    "charged": Booking.charged_fen,
    "state": case({state: index for index, state in enumerate(BookingState)}, value=Booking.state),
}


@dataclass(frozen=True, kw_only=True)
class BookingFilter:
    """What is looked for among bookings; None and empty: everything."""

    text: str = ""
    """Part of a reference, of the client's or the test item's name, or a whole invoice number."""
    lab: str = ""
    """A lab's code, or part of its name."""
    state: str | None = None
    since: date | None = None
    """Local days of the start, both included."""
    until: date | None = None
    waits: bool = False
    """Only what waits for this side; nothing ever waits for a regulator."""


@dataclass(frozen=True, kw_only=True)
class FoundBookings:
    rows: Sequence[Booking]
    total: int
    """How many fit the filter."""
    waiting: int
    """How many wait for this side, whatever the filter."""
    charged_fen: Fen
    """Of all that fit the filter, not of a page."""
    paid_fen: Fen


def search_bookings(
    actor: Actor, side: Side, wanted: BookingFilter, now: datetime, *, sort: str, limit: int, offset: int
) -> FoundBookings:
    """The bookings at which the actor's firm stands on this side (for regulators: all), with client, lab, instrument
    and test item. `sort`: `starts_at`, `booked_at`, `charged` or `state`, with `-` before it the last first. Two
    statements."""
    base, waits = _of_side(actor, side), _waits(actor, side, now)
    found = _narrowed(base, wanted, waits)
    rows = db.session.scalars(_ordered(found, sort).offset(offset).limit(limit)).all()
    waiting = literal(0) if waits is None else _count(base.where(waits))
    all_of = found.with_only_columns(Booking.charged_fen, Booking.paid_fen).subquery()
    charged, paid = (func.coalesce(func.sum(column), 0) for column in (all_of.c.charged_fen, all_of.c.paid_fen))
    sums = select(func.count().label("total"), charged.label("charged"), paid.label("paid")).select_from(all_of)
    counts = db.session.execute(sums.add_columns(waiting.label("waiting"))).one()
    return FoundBookings(
        rows=rows,
        total=counts.total,
        waiting=counts.waiting,
        charged_fen=Fen(int(counts.charged)),
        paid_fen=Fen(int(counts.paid)),
    )


def _count(statement: Select[Any]) -> ColumnElement[int]:
    return select(func.count()).select_from(statement.with_only_columns(Booking.id).subquery()).scalar_subquery()


def bookings_for_file(
    actor: Actor, side: Side, wanted: BookingFilter, now: datetime, *, sort: str, limit: int
) -> Sequence[Booking]:
    """The first `limit` rows of the same list; for the lab with how it arranges its work. Two statements at most."""
    found = _narrowed(_of_side(actor, side), wanted, _waits(actor, side, now))
    if side == "lab":
        arranged = (joinedload(Booking.assignee), joinedload(Booking.storage_place), selectinload(Booking.pauses))  # type: ignore[attr-defined]
        found = found.options(*arranged)
    return db.session.scalars(_ordered(found, sort).limit(limit)).all()


def _of_side(actor: Actor, side: Side) -> Select[Any]:
    visible = visible_bookings(actor)
    if side == "client":
        return visible.where(Booking.client_firm_id == actor.firm_id)
    return visible.where(Booking.lab_firm_id == actor.firm_id) if side == "lab" else visible


def _waits(actor: Actor, side: Side, now: datetime) -> ColumnElement[bool] | None:
    if side == "regulator":
        return None
    return waits_for(side, now, money=side == "lab" or may(actor, "money.see", client=actor.firm_id))


def _narrowed(statement: Select[Any], wanted: BookingFilter, waits: ColumnElement[bool] | None) -> Select[Any]:
    if wanted.lab.strip():
        name = wanted.lab.strip()
        like = f"%{name.replace('%', '')}%"
        named = or_(Lab.code == name.upper(), Lab.name.like(like), Lab.name_en.ilike(like))
        statement = statement.where(Booking.lab_id.in_(select(Lab.id).where(named)))
    if wanted.state:
        statement = statement.where(Booking.state == wanted.state)
    if wanted.since:
        statement = statement.where(Booking.starts_at >= start_of_day(wanted.since))
    if wanted.until:
        statement = statement.where(Booking.starts_at < start_of_day(wanted.until + timedelta(days=1)))
    text = wanted.text.strip()
    if text:
        like = f"%{text.replace('%', '')}%"
        invoiced = (
            select(InvoiceLine.booking_id)
            .join(Invoice, Invoice.id == InvoiceLine.invoice_id)
            .where(Invoice.number == text)
        )
        statement = statement.where(
            or_(
                Booking.ref.ilike(like),
                Booking.client_firm_id.in_(select(Firm.id).where(or_(Firm.name.like(like), Firm.name_en.ilike(like)))),
                Booking.test_item_id.in_(
                    select(TestItem.id).where(or_(TestItem.name.like(like), TestItem.name_en.ilike(like)))
                ),
                Booking.id.in_(invoiced),
            )
        )
    return statement.where(waits) if wanted.waits and waits is not None else statement


def _ordered(statement: Select[Any], sort: str) -> Select[Any]:
    column: Any = _SORTS.get(sort.removeprefix("-"), Booking.starts_at)
    return statement.options(
        joinedload(Booking.client),
        joinedload(Booking.lab),
        joinedload(Booking.instrument),
        joinedload(Booking.test_item),
    ).order_by(column.desc() if sort.startswith("-") else column, Booking.id.desc())
