"""The one definition of each figure that several pages show (docs/decisions/usage.md): conditions, what one booking
counts for, and sums. Time booked belongs to the month of a booking's start; all that comes of work (tests, samples,
effective time, firms served) to the month in which it was finished, platform's zone; revenue to the ledger's month."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, literal, select

from labshare.booking.models import Booking, Holding
from labshare.booking.terms import BookingState, HoldingKind
from labshare.catalogue.models import Lab
from labshare.kernel.database import minutes_between
from labshare.kernel.time import Minutes
from labshare.organisations.terms import SizeClass
from labshare.settlement.models import RevenueEntry

Span = tuple[datetime, datetime]


def started_in(span: Span) -> ColumnElement[bool]:
    """Bookings that took time, and start in `span`."""
    return and_(Booking.state.in_(BookingState.took_time()), Booking.starts_at >= span[0], Booking.starts_at < span[1])


def finished_in(span: Span) -> ColumnElement[bool]:
    """Bookings whose work was finished in `span`, whatever became of report and money."""
    return and_(Booking.finished_at >= span[0], Booking.finished_at < span[1])


def kept_in_house(span: Span, now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Which holdings are in-house use that began in `span` and is over."""
    return (
        Holding.kind == HoldingKind.IN_HOUSE,
        Holding.starts_at >= span[0],
        Holding.starts_at < span[1],
        Holding.ends_at <= now,
    )


def for_others() -> ColumnElement[bool]:
    """Bookings of a client other than the lab's own firm."""
    return Booking.client_firm_id != Booking.lab_firm_id


def booked_values() -> Mapping[str, ColumnElement[int]]:
    """What one booking of `started_in` counts for."""
    return {
        "booked_minutes": minutes_between(Booking.starts_at, Booking.ends_at),
        "bookings": literal(1),
        "no_shows": case((Booking.state == BookingState.NO_SHOW, 1), else_=0),
    }


def done_values() -> Mapping[str, ColumnElement[int]]:
    """What one booking of `finished_in` counts for. Effective time: the machine time where that was entered."""
    worked = func.coalesce(Booking.machine_minutes, minutes_between(Booking.started_at, Booking.finished_at))
    return {
        "tests": literal(1),
        "used_minutes": worked,
        "outside_minutes": case((for_others(), worked), else_=0),
        "samples": Booking.quantity,
    }


def booked_figures() -> dict[str, ColumnElement[int]]:
    """Sums over bookings of `started_in`."""
    return {name: func.sum(value) for name, value in booked_values().items()}


def done_figures() -> dict[str, ColumnElement[int]]:
    """Sums over bookings of `finished_in`, and how many firms, and SMEs, they were for: the lab's own firm is none of
    its clients."""
    client, sme = Booking.client_firm_id, Booking.client_size.in_(SizeClass.smes())
    return {name: func.sum(value) for name, value in done_values().items()} | {
        "clients": func.count(case((for_others(), client)).distinct()),
        "smes": func.count(case((and_(for_others(), sme), client)).distinct()),
    }


def on_offer(kind: Any) -> ColumnElement[bool]:
    """Labs, instruments and test items that the public can use now: published, at a published lab."""
    published: ColumnElement[bool] = kind.published
    if kind is Lab:
        return published
    return and_(published, kind.lab_id.in_(select(Lab.id).where(Lab.published)))


def in_house_minutes() -> ColumnElement[Minutes]:
    """Sum over holdings of `kept_in_house`: whole length, as a booking's, nights and closures included."""
    return func.sum(minutes_between(Holding.starts_at, Holding.ends_at))


def revenue_figures() -> dict[str, ColumnElement[int]]:
    """Sums over ledger entries joined to their booking, fen: what is recognised, and what of it from other firms."""
    return {
        "recognised_fen": func.sum(RevenueEntry.amount_fen),
        "outside_fen": func.sum(case((for_others(), RevenueEntry.amount_fen), else_=0)),
    }
