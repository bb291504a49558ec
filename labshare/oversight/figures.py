"""The one definition of each figure that several pages show (docs/decisions/usage.md): conditions, what one booking
counts for, and sums. Time booked belongs to the month of a booking's start; all that comes of work (tests, samples,
effective time, firms served) to the month in which it was finished, platform's zone; revenue to the ledger's month."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, literal, or_, select

from labshare.booking.models import Booking, Holding
from labshare.booking.terms import BookingState, HoldingKind
from labshare.catalogue.models import Lab
from labshare.kernel.database import days_between, minutes_between
from labshare.kernel.time import DAY_MINUTES
from labshare.organisations.terms import SizeClass
from labshare.settlement.models import Report, RevenueEntry

Span = tuple[Any, Any]
"""Two moments, or two columns of moments: from the first on, before the second."""


def started_in(span: Span) -> ColumnElement[bool]:
    """Bookings that took time, and start in `span`."""
    return and_(Booking.state.in_(BookingState.took_time()), Booking.starts_at >= span[0], Booking.starts_at < span[1])


def finished_in(span: Span) -> ColumnElement[bool]:
    """Bookings whose work was finished in `span`, whatever became of report and money."""
    return and_(Booking.finished_at >= span[0], Booking.finished_at < span[1])


def past_in_house(span: Span, now: Any) -> tuple[ColumnElement[bool], ...]:
    """Which holdings are in-house use that began in `span` and is over at the moment `now`."""
    return (
        Holding.is_block,
        Holding.kind == HoldingKind.IN_HOUSE,
        Holding.starts_at >= span[0],
        Holding.starts_at < span[1],
        Holding.ends_at > span[0],  # follows; the index of blocks begins with their ends
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


def report_values() -> Mapping[str, ColumnElement[int]]:
    """What else one booking of `finished_in` counts for: whether it has a report, and whether its first one came within
    the promised days."""
    first = _first_of(Report.issued_on)
    return {"reported": case((first.is_not(None), 1), else_=0), "on_time": case((_within_promise(first), 1), else_=0)}


def _first_of(column: Any) -> Any:
    """The earliest of its reports, by a column of `Report`."""
    return select(func.min(column)).where(Report.booking_id == Booking.id).scalar_subquery()


def _within_promise(issued_on: Any) -> ColumnElement[bool]:
    return days_between(Booking.finished_on, issued_on) <= Booking.turnaround_days


def promise_values(today: Any) -> tuple[ColumnElement[int], ColumnElement[int]]:
    """What one booking of `finished_in` counts for in a lab's promise (R-LAB-1): whether its report is due, and whether
    it was kept: as in `report_values`, and put here a day later at most, so that no date is written back."""
    first, put_here = _first_of(Report.issued_on), _first_of(Report.recorded_at)
    due = or_(first.is_not(None), days_between(Booking.finished_on, today) > Booking.turnaround_days)
    on_time = and_(
        _within_promise(first),
        minutes_between(Booking.finished_at, put_here) <= (Booking.turnaround_days + 1) * DAY_MINUTES,
    )
    return case((due, 1), else_=0), case((on_time, 1), else_=0)


def for_sme() -> ColumnElement[int]:
    """1 where a booking's client was an SME when it booked."""
    return case((Booking.client_size.in_(SizeClass.smes()), 1), else_=0)


def done_figures() -> dict[str, ColumnElement[int]]:
    """Sums over bookings of `finished_in`, and how many firms, and SMEs, they were for: the lab's own firm is none of
    its clients."""
    client = case((for_others(), Booking.client_firm_id))
    return {name: func.sum(value) for name, value in done_values().items()} | {
        "clients": func.count(client.distinct()),
        "smes": func.count(case((and_(for_others(), for_sme() == 1), Booking.client_firm_id)).distinct()),
    }


def on_offer(kind: Any) -> ColumnElement[bool]:
    """Labs, instruments and test items that the public can use now: published, at a published lab."""
    published: ColumnElement[bool] = kind.published
    if kind is Lab:
        return published
    return and_(published, kind.lab_id.in_(select(Lab.id).where(Lab.published)))


def in_house_values() -> Mapping[str, ColumnElement[int]]:
    """What a holding of `past_in_house` counts for: its whole length, as a booking's, nights and closures included."""
    return {"in_house_minutes": minutes_between(Holding.starts_at, Holding.ends_at)}


def revenue_values() -> Mapping[str, ColumnElement[int]]:
    """What a ledger entry joined to its booking counts for, fen: recognised, and that from other firms."""
    return {
        "recognised_fen": RevenueEntry.amount_fen.expression,
        "outside_fen": case((for_others(), RevenueEntry.amount_fen), else_=0),
    }


def revenue_figures() -> dict[str, ColumnElement[int]]:
    """Sums over ledger entries joined to their booking, fen."""
    return {name: func.sum(value) for name, value in revenue_values().items()}
