"""A test item: what it costs for this many samples, and when it can begin."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import urlencode

from flask import current_app, render_template, request, url_for
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from labshare.booking.queries import load_bookable_item
from labshare.booking.queries.offers import TIME_TO_ORDER
from labshare.booking.queries.ratings import averages_of_items
from labshare.booking.queries.slots import price_for, slots_of_loaded
from labshare.booking.rules.price import (
    CancellationTerms,
    ItemTerms,
    Price,
    cancellation_fee,
    free_until,
    question_problems,
    work_of,
)
from labshare.booking.rules.slots import DayOfSlots, Slot
from labshare.catalogue.models import Instrument, TestItem
from labshare.catalogue.queries import draft_or_published
from labshare.catalogue.queries.pages import standards_of
from labshare.catalogue.queries.single import fees_of
from labshare.catalogue.terms import Category
from labshare.http.actor import current_actor
from labshare.http.limits import limited
from labshare.http.rights import public
from labshare.kernel.errors import NotFound, Problem
from labshare.kernel.money import Fen
from labshare.kernel.time import Hours, local_day, local_zone, start_of_day, utc_now
from labshare.organisations.permissions import may
from labshare.web.asked import asked_day, read_moment, read_number
from labshare.web.public import blueprint
from labshare.web.public.found import item_data, item_description

DAYS_SHOWN = 7
WEEKS_AHEAD = 4
"""Of the calendar of free days; the days shown with their starts lie in the first two."""
FIRST_SHOWN = 6
"""So many lines of a day at once; the rest behind a button."""

SHORT_REASONS: dict[str, LazyString] = {
    "SlotTaken": _l("Full"),
    "Blocked": _l("Kept by the lab"),
    "TooEarly": _l("Too late to book"),
    "InThePast": _l("Past"),
    "TooFar": _l("Too far ahead"),
    "OutsideOpeningHours": _l("Closes before the end"),
    "RunStartsOutsideHours": _l("A run starts while closed"),
    "LabClosed": _l("Closed"),
    "PublicHoliday": _l("Holiday"),
    "CalibrationExpired": _l("Calibration ends"),
    "NotOnGrid": _l("Between two starts"),
    "NotCalibrated": _l("Not calibrated"),
    "TooShort": _l("Too short"),
    "TooLong": _l("Too long"),
    "NeverOpensAfterwards": _l("Never opens again"),
}
"""Why a slot is closed, in the two or three words that a cell has room for; the sentence stands below the grid."""


def short_reason(problem: Problem) -> str:
    return str(SHORT_REASONS.get(problem.code, _l("Not possible")))


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A start to choose, or a stretch of starts that are closed for the same reason."""

    starts_at: datetime
    last: datetime
    slot: Slot | None
    reason: str = ""


@dataclass(frozen=True)
class Column:
    day: date
    cells: tuple[Cell, ...]
    note: str
    """Why the day has no starts at all."""


def columns(days: Iterable[DayOfSlots]) -> list[Column]:
    """The days as the grid shows them: neighbours that are closed for one reason become one cell."""
    result = []
    for one in days:
        cells: list[Cell] = []
        for slot in one.slots:
            if slot.free:
                cells.append(Cell(starts_at=slot.starts_at, last=slot.starts_at, slot=slot))
                continue
            reason = short_reason(slot.problem) if slot.problem else ""
            if cells and cells[-1].slot is None and cells[-1].reason == reason:
                cells[-1] = Cell(starts_at=cells[-1].starts_at, last=slot.starts_at, slot=None, reason=reason)
            else:
                cells.append(Cell(starts_at=slot.starts_at, last=slot.starts_at, slot=None, reason=reason))
        note = "" if cells else str(_l("Closed"))
        if not cells and one.note is not None and one.note.code != "OutsideOpeningHours":
            note = short_reason(one.note)
        result.append(Column(one.day, tuple(cells), note))
    return result


@dataclass(frozen=True, kw_only=True)
class Day:
    """A day of the calendar: how many starts are free of how many that the opening hours give; no number where it is
    over or too far ahead."""

    day: date
    free: int | None = None
    starts: int = 0

    @property
    def look(self) -> str:
        if not self.free:
            return "none"
        return "all" if self.free == self.starts else "some"


def weeks_of(days: Iterable[DayOfSlots], monday: date) -> list[list[Day]]:
    """The weeks from this Monday on, with what is free in them."""
    known = {
        one.day: Day(day=one.day, free=sum(slot.free for slot in one.slots), starts=len(one.slots)) for one in days
    }
    return [
        [known.get(day, Day(day=day)) for day in (monday + timedelta(weeks=week, days=n) for n in range(7))]
        for week in range(WEEKS_AHEAD)
    ]


def reasons(days: Iterable[DayOfSlots]) -> list[tuple[str, str]]:
    """Each reason that occurs, as (short, whole sentence), once."""
    found: dict[str, str] = {}
    for one in days:
        problems = [slot.problem for slot in one.slots if slot.problem] + ([one.note] if one.note else [])
        for problem in problems:
            if problem.code == "OutsideOpeningHours" and problem.params.get("hours") == "–":
                found.setdefault(str(_l("Closed")), str(_l("The lab does not open on that weekday.")))
            elif problem.code not in ("SlotTaken", "InThePast"):
                found.setdefault(short_reason(problem), problem.text)
    return list(found.items())


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the address asks: how many, how long, which start."""

    quantity: int
    hours: Hours | None
    starts_at: datetime | None
    since: date
    instrument: int | None


def read_address(terms: ItemTerms, today: date) -> Asked:
    """Numbers that are none count as not given; a choice of hours begins at its least."""
    hours = None
    if terms.hours is not None:
        given = _whole("hours")
        hours = terms.hours.min if given is None else Hours(given)
    starts_at = read_moment(request.args.get("starts_at", ""))
    if starts_at is not None and starts_at.tzinfo is None:
        starts_at = starts_at.replace(tzinfo=local_zone())
    since = asked_day("from") or (local_day(starts_at) - timedelta(days=2) if starts_at is not None else today)
    quantity = _whole("quantity")
    return Asked(
        quantity=1 if quantity is None else quantity,
        hours=hours,
        starts_at=starts_at,
        since=max(today, since),
        instrument=_whole("instrument"),
    )


def _whole(name: str) -> int | None:
    return read_number(request.args.get(name, ""), 7)


def booking_address(item: TestItem, asked: Asked, slot: Slot) -> str:
    """Where the booking of this slot goes on: the client's form, with everything chosen here."""
    values = {"test_item": item.id, "quantity": asked.quantity, "starts_at": slot.starts_at.isoformat()}
    if asked.hours is not None:
        values["hours"] = asked.hours
    if asked.instrument is not None:
        values["instrument"] = asked.instrument
    if "client.new_booking" in current_app.view_functions:
        return url_for("client.new_booking", **values)
    return "/bookings/new?" + urlencode(values)


def _may_go_on() -> bool:
    """Visitors are led to sign in; who is signed in must be able to book for the firm acted for."""
    actor = current_actor()
    return actor.person_id is None or may(actor, "booking.book", client=actor.firm_id)


@blueprint.get("/test-items/<int:item_id>")
@public
@limited("offers")
def test_item(item_id: int) -> str:
    """Nine statements, ten with a sample form. Raises `NotFound` for a draft of somebody else."""
    now = utc_now()
    today = local_day(now)
    bench = load_bookable_item(item_id, now, client_id=current_actor().firm_id)
    if bench is None or not draft_or_published(current_actor(), bench.lab, bench.item.state):
        raise NotFound
    terms = bench.terms()
    asked = read_address(terms, today)
    problems = {problem.field: problem.text for problem in question_problems(terms, asked.quantity, asked.hours)}
    price: Price | None = None
    ahead: list[DayOfSlots] = []
    monday = asked.since - timedelta(days=asked.since.weekday())
    if not problems:
        work = work_of(terms, asked.quantity, asked.hours)
        price = price_for(bench, work)
        since = max(now, start_of_day(monday))
        until = start_of_day(monday + timedelta(weeks=WEEKS_AHEAD))
        ahead = slots_of_loaded(bench, work, since, until, instrument_id=asked.instrument)
    days = [one for one in ahead if asked.since <= one.day < asked.since + timedelta(days=DAYS_SHOWN)]
    free = [slot for one in days for slot in one.slots if slot.free]
    chosen = _chosen(free, asked.starts_at, terms.cancellation, now=now)
    fees = fees_of(item_id)
    return render_template(
        "public/test_item.html",
        item=bench.item,
        average=averages_of_items([item_id], today).get(item_id),
        lab=bench.lab,
        instruments=bench.instruments,
        questions=bench.questions,
        terms=terms,
        asked=asked,
        problems=problems,
        price=price,
        fee=bench.fee,
        fees=[fee for fee in fees if fee.lasts_to(today)],
        past_fees=[fee for fee in reversed(fees) if not fee.lasts_to(today)],
        next_fee=next((fee for fee in fees if fee.ahead_on(today)), None),
        standards=standards_of(item_id, today),
        columns=columns(days),
        weeks=weeks_of(ahead, monday) if ahead else [],
        reasons=reasons(days),
        chosen=chosen,
        free_until=free_until(terms.cancellation, chosen.starts_at) if chosen else None,
        charged_before=_charged_before(terms.cancellation, now),
        late_fen=_late_fen(terms.cancellation, price) if price else 0,
        now=now,
        answer_by=bench.answer_by(chosen.starts_at) if chosen else None,
        gone=asked.starts_at is not None and chosen is not None and chosen.starts_at != asked.starts_at,
        report_by=local_day(chosen.ends_at) + timedelta(days=bench.item.turnaround_days) if chosen else None,
        earlier=asked.since - timedelta(days=DAYS_SHOWN) if asked.since > today else None,
        later=asked.since + timedelta(days=DAYS_SHOWN),
        last_day=asked.since + timedelta(days=DAYS_SHOWN - 1),
        missing_years=bench.openings.days.missing_years(asked.since, asked.since + timedelta(days=DAYS_SHOWN)),
        calibrated=_calibrated(bench.instruments, bench.certificates, today),
        go_on=booking_address(bench.item, asked, chosen) if chosen and price and _may_go_on() else None,
        category=Category(bench.item.category).label,
        data=item_data(bench.item, bench.lab, bench.fee, Category(bench.item.category).label),
        description=item_description(bench.lab, bench.fee),
        shown=FIRST_SHOWN,
    )


def _chosen(free: list[Slot], asked: datetime | None, terms: CancellationTerms, *, now: datetime) -> Slot | None:
    """The start asked for, else the first that leaves time to order and can then be cancelled free of charge, else the
    first that leaves time to order, else the first (R-SEARCH-3)."""
    for slot in free:
        if slot.starts_at == asked:
            return slot
    ready = now + TIME_TO_ORDER
    in_time = [slot for slot in free if slot.starts_at >= ready]
    for_nothing = (slot for slot in in_time if (until := free_until(terms, slot.starts_at)) is None or until >= ready)
    return next(for_nothing, next(iter(in_time or free), None))


def _charged_before(terms: CancellationTerms, now: datetime) -> datetime:
    """Cancelling a start before this moment costs something from now on."""
    return now + timedelta(minutes=terms.free_minutes) if terms.late_percent else now


def _late_fen(terms: CancellationTerms, price: Price) -> Fen:
    """What cancelling costs once it is no longer free."""
    return cancellation_fee(terms, price.total_fen, until_start=timedelta.min)


def _calibrated(
    instruments: Iterable[Instrument], certificates: dict[int, tuple[object, ...]], today: date
) -> dict[int, date]:
    """The last day of each instrument's certificates that is not over."""
    return {
        one.id: last
        for one in instruments
        if (last := max((days.last for days in certificates.get(one.id, ())), default=None)) and last >= today  # type: ignore[attr-defined]
    }
