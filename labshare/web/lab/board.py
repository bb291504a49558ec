"""What the lab's day page, requests and calendar show: read in few statements for one lab."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from flask import request
from sqlalchemy import or_, select
from sqlalchemy.orm import joinedload

from labshare.booking.models import Booking, Holding
from labshare.booking.queries.world import certificates_of, openings_of_lab
from labshare.booking.rules.time import Interval
from labshare.catalogue.models import Instrument, InstrumentUnit, Lab
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import NotFound
from labshare.kernel.months import Month
from labshare.kernel.time import local_day, start_of_day
from labshare.oversight.figures import revenue_figures
from labshare.settlement.models import RevenueEntry
from labshare.web.booking_list import labs_of

FIRST_HOUR, LAST_HOUR, STEP = 8, 20, 2
"""What a day of the calendar shows, in hours of the wall clock, and the width of a column."""
COLUMNS = (LAST_HOUR - FIRST_HOUR) // STEP


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


@dataclass(frozen=True)
class Event:
    """A span on the calendar: `first` column of the week and how many it covers; `kind` chooses its look."""

    first: int
    span: int
    kind: str
    holding: Holding | None
    """None: the calibration has run out (`kind` is `bad`)."""
    booking: Booking | None

    def on(self, day: date) -> bool:
        """Whether the holding lies on that day, in part or whole."""
        if self.holding is None:
            return False
        return local_day(self.holding.starts_at) <= day <= local_day(self.holding.ends_at - timedelta(minutes=1))


@dataclass(frozen=True)
class Row:
    """One unit of one instrument. `cells`: events and gaps in order, gaps as numbers of columns by day."""

    instrument: Instrument
    unit: int
    events: tuple[Event, ...]
    uncalibrated_from: date | None

    @property
    def calibrated_until(self) -> date | None:
        """The last day the calibration holds, where it ends in the days shown."""
        return self.uncalibrated_from - timedelta(days=1) if self.uncalibrated_from else None

    def cells(self, days: int) -> list[tuple[int, Event | None, bool]]:
        """(columns, event or gap, begins a day), filling the whole week; a gap never runs over midnight."""
        result: list[tuple[int, Event | None, bool]] = []
        column, total = 0, days * COLUMNS
        for event in (*self.events, None):
            stop = event.first if event else total
            while column < stop:
                end = min(stop, (column // COLUMNS + 1) * COLUMNS)
                result.append((end - column, None, column % COLUMNS == 0))
                column = end
            if event:
                result.append((event.span, event, event.first % COLUMNS == 0))
                column = event.first + event.span
        return result


@dataclass(frozen=True)
class Calendar:
    first: date
    days: tuple[date, ...]
    rows: tuple[Row, ...]
    open_days: frozenset[date]
    openings: tuple[Interval, ...]

    def open_on(self, day: date) -> list[Interval]:
        """The day's opening intervals."""
        return [span for span in self.openings if local_day(span.starts_at) == day]

    @property
    def busy(self) -> tuple[Row, ...]:
        """The units that something holds."""
        return tuple(row for row in self.rows if row.events)

    @property
    def idle(self) -> list[Instrument]:
        """The instruments of which no unit is held."""
        busy = {row.instrument.id for row in self.busy}
        return list({row.instrument.id: row.instrument for row in self.rows if row.instrument.id not in busy}.values())


def calendar_of(lab: Lab, first: date, days: int, now: datetime, instrument_id: int | None = None) -> Calendar:
    """All instruments of a lab over some days, from their holdings. Seven statements."""
    since, until = start_of_day(first), start_of_day(first + timedelta(days=days))
    units = db.session.execute(
        select(Instrument, InstrumentUnit.unit)
        .join(InstrumentUnit, InstrumentUnit.instrument_id == Instrument.id)
        .where(
            Instrument.lab_id == lab.id,
            Instrument.state != "withdrawn",
            *([Instrument.id == instrument_id] if instrument_id else []),
        )
        .order_by(Instrument.id, InstrumentUnit.unit)
    ).all()
    ids = [instrument.id for instrument, _unit in units]
    held: dict[tuple[int, int], list[tuple[Holding, Booking | None]]] = {}
    query = (
        select(Holding, Booking)
        .outerjoin(Booking, Booking.id == Holding.booking_id)
        .where(
            Holding.instrument_id.in_(ids), Holding.starts_at < until, Holding.ends_at > since,
            or_(Holding.expires_at.is_(None), Holding.expires_at > now),
        )
        .options(joinedload(Booking.client), joinedload(Booking.test_item))
        .order_by(Holding.starts_at)
    )  # fmt: skip
    for holding, booking in db.session.execute(query):
        held.setdefault((holding.instrument_id, holding.unit), []).append((holding, booking))
    certificates = certificates_of(ids)
    openings = openings_of_lab(lab.id, since)
    all_days = tuple(first + timedelta(days=n) for n in range(days))
    rows = []
    spans = tuple(openings.between(since, until))
    for instrument, unit in units:
        ends = [span.last for span in certificates.get(instrument.id, ())]
        runs_out = max(ends) + timedelta(days=1) if ends and instrument.needs_calibration else None
        runs_out = runs_out if runs_out and runs_out <= all_days[-1] else None
        events = _events(held.get((instrument.id, unit), ()), all_days)
        rows.append(Row(instrument, unit, _and_uncalibrated(events, all_days, runs_out), runs_out))
    return Calendar(first, all_days, tuple(rows), frozenset(local_day(span.starts_at) for span in spans), spans)


LOOKS = {
    "requested": "ask", "confirmed": "", "received": "work", "testing": "work", "tested": "done", "reported": "done",
    "settled": "done",
}  # fmt: skip


def _events(held: Sequence[tuple[Holding, Booking | None]], days: Sequence[date]) -> tuple[Event, ...]:
    """Spans in columns; one that begins in a column already taken moves on to the next."""
    result: list[Event] = []
    free_from, total = 0, len(days) * COLUMNS
    for holding, booking in held:
        first = max(free_from, _column(holding.starts_at, days, up=False))
        last = min(total, max(first + 1, _column(holding.ends_at, days, up=True)))
        if first >= total or last <= first:
            continue
        kind = {"maintenance": "block", "in_house": "house", "offer": "ask"}.get(holding.kind)
        if kind is None:
            kind = LOOKS.get(booking.state, "") if booking else ""
        result.append(Event(first, last - first, kind, holding, booking))
        free_from = last
    return tuple(result)


def _and_uncalibrated(events: tuple[Event, ...], days: Sequence[date], runs_out: date | None) -> tuple[Event, ...]:
    """From the day the calibration has run out, the rest of the row is closed; what is booked there still shows."""
    if runs_out is None:
        return events
    total = len(days) * COLUMNS
    first = max(0, (runs_out - days[0]).days * COLUMNS, *(event.first + event.span for event in events))
    return (*events, Event(first, total - first, "bad", None, None)) if first < total else events


def _column(moment: datetime, days: Sequence[date], *, up: bool) -> int:
    """The column of a moment: columns begin at 8, 10, … 18; what lies earlier or later counts to the day's edge."""
    day = local_day(moment)
    if day < days[0]:
        return 0
    if day > days[-1]:
        return len(days) * COLUMNS
    hours = (moment - start_of_day(day)).total_seconds() / 3600 - FIRST_HOUR
    exact = min(max(hours / STEP, 0), COLUMNS)
    return (day - days[0]).days * COLUMNS + (-int(-exact // 1) if up else int(exact))
