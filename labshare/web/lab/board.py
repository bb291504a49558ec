"""What the lab's day page and requests show: read in few statements for one lab."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from flask import request
from sqlalchemy import or_, select
from sqlalchemy.orm import joinedload

from labshare.booking.models import Booking
from labshare.catalogue.models import Lab
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import NotFound
from labshare.kernel.months import Month
from labshare.kernel.time import local_day, start_of_day
from labshare.oversight.figures import revenue_figures
from labshare.settlement.models import RevenueEntry
from labshare.web.booking_list import labs_of


def chosen_lab(actor: Actor) -> tuple[Lab, list[Lab]]:
    """The lab in the address, else the firm's first; and all of them. Raises `NotFound` where there is none."""
    labs = labs_of(actor)
    code = request.args.get("lab")
    for lab in labs:
        if code in (None, "", lab.code):
            return lab, labs
    raise NotFound


def _parts() -> tuple[object, ...]:
    return (joinedload(Booking.client), joinedload(Booking.test_item), joinedload(Booking.instrument))


def requests_of(lab_ids: Sequence[int]) -> list[Booking]:
    """Requests to answer, the one that lapses first first."""
    return list(
        db.session.scalars(
            select(Booking)
            .where(Booking.lab_id.in_(lab_ids), Booking.state == "requested")
            .options(*_parts(), joinedload(Booking.lab))
            .order_by(Booking.answer_by, Booking.id)
        )
    )


def today_of(lab: Lab, now: datetime) -> list[Booking]:
    """What is in hand today: requests to answer, what starts today, is in the lab, or has a report due."""
    day = local_day(now)
    since, until = start_of_day(day), start_of_day(day + timedelta(days=1))
    return list(
        db.session.scalars(
            select(Booking)
            .where(
                Booking.lab_id == lab.id,
                or_(
                    Booking.state.in_(("requested", "received", "testing")),
                    (Booking.state == "confirmed") & (Booking.starts_at >= since - timedelta(days=2))
                    & (Booking.starts_at < until),
                    (Booking.state == "tested") & (Booking.finished_at >= since - timedelta(days=30)),
                ),
            )
            .options(*_parts())
            .order_by(Booking.starts_at, Booking.id)
        )
    )  # fmt: skip


def due_on(booking: Booking) -> date | None:
    """The day the report was promised for."""
    return booking.finished_on + timedelta(days=booking.turnaround_days) if booking.finished_on else None


def outside_revenue(lab: Lab, month: Month) -> int:
    """Recognised in the month from clients other than the lab's own firm, fen."""
    total = (
        select(revenue_figures()["outside_fen"])
        .join(Booking, Booking.id == RevenueEntry.booking_id)
        .where(RevenueEntry.lab_id == lab.id, RevenueEntry.month == str(month))
    )
    return int(db.session.scalar(total) or 0)
