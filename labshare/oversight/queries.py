"""Usage by lab, instrument, test item or host firm over months. Set-based: the number of statements is fixed.

A booking belongs to the month of its start, platform's zone. Booked: confirmed and all that followed, no-shows too.
Used: finished work, by its machine time where that was entered, and blocks of in-house use that are over, by their
length (docs/decisions/usage.md). Revenue: the ledger's entries of the months.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, and_, case, func, literal, select, union_all
from sqlalchemy.orm import joinedload

from labshare.booking.models import Booking, Holding
from labshare.booking.queries.world import hours_of_labs, working_days
from labshare.booking.rules.time import Interval, Openings
from labshare.catalogue.models import Instrument, Lab, TestItem
from labshare.kernel.actor import Actor
from labshare.kernel.database import db, minutes_between
from labshare.kernel.months import Month
from labshare.kernel.time import local_zone
from labshare.organisations.models import Firm
from labshare.organisations.permissions import visible
from labshare.oversight.rules import Usage, total
from labshare.settlement.models import Report, RevenueEntry

By = Literal["lab", "instrument", "test_item", "firm"]
TOOK_TIME = ("confirmed", "received", "testing", "tested", "reported", "settled", "no_show")
SMES = ("medium", "small", "micro")
COUNTED = (
    "booked_minutes", "used_minutes", "in_house_minutes", "outside_minutes", "bookings", "no_shows", "samples",
    "clients", "smes", "recognised_fen", "reports",
)  # fmt: skip
"""The figures that SQL counts, in the order in which each part of the union gives them."""


@dataclass(frozen=True)
class UsageRow:
    """One line of the report: `id` of what it is about, its `code`, Chinese and English name, and the figures."""

    id: int
    code: str
    name: str
    name_en: str | None
    usage: Usage


@dataclass(frozen=True)
class UsageReport:
    by: By
    first: Month
    last: Month
    rows: Sequence[UsageRow]
    total: Usage

    @property
    def months(self) -> int:
        return sum(1 for _ in self.first.through(self.last))


def usage_report(
    actor: Actor,
    by: By,
    first: Month,
    last: Month,
    now: datetime,
    *,
    lab_id: int | None = None,
    firm_id: int | None = None,
) -> UsageReport:
    """The usage report that `actor` may see: regulators all, a host firm its own labs (contract section 4).

    Blocks have no test item: by test item the report has no in-house use.
    `lab_id`, `firm_id` narrow it. Rows without any use are listed too, at zero.
    """
    scope = [visible(actor, "usage.see", lab=Lab.firm_id), Lab.state != "draft"]
    if lab_id is not None:
        scope.append(Lab.id == lab_id)
    if firm_id is not None:
        scope.append(Lab.firm_id == firm_id)
    listed = {row.id: row for row in db.session.execute(_listed(by, scope))}
    span = (first.starts_at(), last.ends_at())
    figures: dict[int, dict[str, Any]] = {key: {} for key in listed}
    parts = [_used(by, scope, span), _recognised(by, scope, first, last), _reports(by, scope, first, last)]
    if by != "test_item":
        parts.append(_in_house(by, scope, span, now))
    for key, *numbers in db.session.execute(union_all(*parts)):
        mine = figures.setdefault(key, {})
        for name, value in zip(COUNTED, numbers, strict=True):
            mine[name] = mine.get(name, 0) + int(value or 0)
    for key, numbers in _open_time(by, scope, span).items():
        figures.setdefault(key, {}).update(numbers)
    rows = [
        UsageRow(key, listed[key].code, listed[key].name, listed[key].name_en, Usage(**numbers))
        for key, numbers in figures.items()
        if key in listed
    ]
    rows.sort(key=lambda row: row.code)
    clients, smes = db.session.execute(_clients(scope, span)).one()
    return UsageReport(by, first, last, rows, total((row.usage for row in rows), clients, smes))


def _listed(by: By, scope: list[ColumnElement[bool]]) -> Select[Any]:
    if by == "lab":
        return select(Lab.id, Lab.code, Lab.name, Lab.name_en).where(*scope)
    if by == "firm":
        query = select(Firm.id, Firm.uscc.label("code"), Firm.name, Firm.name_en).join(Lab, Lab.firm_id == Firm.id)
        return query.where(*scope).distinct()
    if by == "instrument":
        code = (Lab.code + " " + Instrument.inner_id).label("code")
        query = select(Instrument.id, code, Instrument.name, Instrument.name_en).join(Lab)
        return query.where(*scope, Instrument.state != "draft")
    query = select(TestItem.id, Lab.code, TestItem.name, TestItem.name_en).join(Lab)
    return query.where(*scope, TestItem.state != "draft")


def _key(by: By, of: Any) -> ColumnElement[int]:
    """The column of a booking (or of a ledger entry joined to its booking) that the report groups by."""
    columns = {"lab": of.lab_id, "instrument": of.instrument_id, "test_item": Booking.test_item_id, "firm": Lab.firm_id}
    return columns[by]


def used_figures() -> dict[str, ColumnElement[int]]:
    """Sums over bookings that took time: what is booked, used and for whom. For a select from `Booking`."""
    outside = Booking.client_firm_id != Booking.lab_firm_id
    worked = func.coalesce(Booking.machine_minutes, minutes_between(Booking.started_at, Booking.finished_at))
    finished = Booking.finished_at.is_not(None)
    sme = and_(outside, Booking.client_size.in_(SMES))
    return {
        "booked_minutes": func.sum(minutes_between(Booking.starts_at, Booking.ends_at)),
        "used_minutes": func.sum(case((finished, worked), else_=0)),
        "outside_minutes": func.sum(case((and_(finished, outside), worked), else_=0)),
        "bookings": func.count(),
        "no_shows": func.sum(case((Booking.state == "no_show", 1), else_=0)),
        "samples": func.sum(case((finished, Booking.quantity), else_=0)),
        "clients": func.count(case((outside, Booking.client_firm_id)).distinct()),
        "smes": func.count(case((sme, Booking.client_firm_id)).distinct()),
    }


def _row(key: ColumnElement[int], figures: Mapping[str, ColumnElement[int]]) -> Select[Any]:
    """A part of the union: what it counts, and 0 for the rest."""
    return select(key, *(figures.get(name, literal(0)).label(name) for name in COUNTED)).group_by(key)


def _used(by: By, scope: list[ColumnElement[bool]], span: tuple[datetime, datetime]) -> Select[Any]:
    query = _row(_key(by, Booking), used_figures()).join(Lab, Lab.id == Booking.lab_id)
    return query.where(*scope, Booking.state.in_(TOOK_TIME), *started_in(span))


def kept_in_house(span: tuple[datetime, datetime], now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Which holdings are in-house use that began in `span` and is over."""
    return Holding.kind == "in_house", Holding.starts_at >= span[0], Holding.starts_at < span[1], Holding.ends_at <= now


def in_house_minutes() -> ColumnElement[int]:
    """Sum over holdings of `kept_in_house`: whole length, as a booking's, nights and closures included."""
    return func.sum(minutes_between(Holding.starts_at, Holding.ends_at))


def _in_house(by: By, scope: list[ColumnElement[bool]], span: tuple[datetime, datetime], now: datetime) -> Select[Any]:
    minutes = in_house_minutes()
    key: Any = {"lab": Lab.id, "instrument": Instrument.id, "firm": Lab.firm_id}[by]
    return (
        _row(key, {"used_minutes": minutes, "in_house_minutes": minutes})
        .select_from(Holding)
        .join(Instrument, Instrument.id == Holding.instrument_id)
        .join(Lab, Lab.id == Instrument.lab_id)
        .where(*scope, *kept_in_house(span, now))
    )


def started_in(span: tuple[datetime, datetime]) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return Booking.starts_at >= span[0], Booking.starts_at < span[1]


def _clients(scope: list[ColumnElement[bool]], span: tuple[datetime, datetime]) -> Select[Any]:
    outside = Booking.client_firm_id != Booking.lab_firm_id
    sme = case((Booking.client_size.in_(SMES), Booking.client_firm_id))
    return (
        select(func.count(Booking.client_firm_id.distinct()), func.count(sme.distinct()))
        .join(Lab, Lab.id == Booking.lab_id)
        .where(*scope, outside, Booking.state.in_(TOOK_TIME), *started_in(span))
    )


def _recognised(by: By, scope: list[ColumnElement[bool]], first: Month, last: Month) -> Select[Any]:
    return (
        _row(_key(by, RevenueEntry), {"recognised_fen": func.sum(RevenueEntry.amount_fen)})
        .select_from(RevenueEntry)
        .join(Booking, Booking.id == RevenueEntry.booking_id)
        .join(Lab, Lab.id == RevenueEntry.lab_id)
        .where(*scope, RevenueEntry.month.between(str(first), str(last)))
    )


def _reports(by: By, scope: list[ColumnElement[bool]], first: Month, last: Month) -> Select[Any]:
    return (
        _row(_key(by, Booking), {"reports": func.count()})
        .select_from(Report)
        .join(Booking, Booking.id == Report.booking_id)
        .join(Lab, Lab.id == Booking.lab_id)
        .where(*scope, Report.issued_on.between(first.first_day, last.last_day))
    )


def _open_time(by: By, scope: list[ColumnElement[bool]], span: tuple[datetime, datetime]) -> Mapping[int, Any]:
    """Hours open by row: opening hours less closures, for each unit, less blocks that fall into them."""
    if by == "test_item":
        return _nothing_open(scope)
    instruments = db.session.execute(
        select(Instrument.id, Instrument.units, Instrument.lab_id, Lab.firm_id)
        .join(Lab, Lab.id == Instrument.lab_id)
        .where(*scope, Instrument.state != "draft")
    ).all()
    open_times = _open_times({row.lab_id for row in instruments}, span)
    blocked = _blocked({row.id: open_times[row.lab_id] for row in instruments}, span)
    result: dict[int, dict[str, int]] = {}
    for row in instruments:
        key = {"lab": row.lab_id, "instrument": row.id, "firm": row.firm_id}[by]
        sums = result.setdefault(key, {"available_minutes": 0, "units": 0})
        sums["available_minutes"] += max(0, open_times[row.lab_id].minutes(*span) * row.units - blocked.get(row.id, 0))
        sums["units"] += row.units
    return result


class _OpenTime:
    """A lab's opening intervals of a span, added up, so that the part of any time in it takes two look-ups."""

    def __init__(self, intervals: Sequence[Interval]) -> None:
        self.intervals = intervals
        self.starts = [each.starts_at for each in intervals]
        self.before = [timedelta(0), *accumulate(each.ends_at - each.starts_at for each in intervals)]
        """Open time before each interval; last, of all."""

    def minutes(self, since: datetime, until: datetime) -> int:
        """Whole minutes open in `[since, until)`."""
        return max(timedelta(0), self._until(until) - self._until(since)) // timedelta(minutes=1)

    def _until(self, moment: datetime) -> timedelta:
        place = bisect_right(self.starts, moment) - 1
        if place < 0:
            return timedelta(0)
        last = self.intervals[place]
        return self.before[place] + min(moment, last.ends_at) - last.starts_at


def _open_times(lab_ids: Iterable[int], span: tuple[datetime, datetime]) -> dict[int, _OpenTime]:
    days = working_days()
    return {
        lab: _OpenTime(Openings(hours, days, local_zone(), span[0]).between(*span))
        for lab, hours in hours_of_labs(lab_ids, span[0]).items()
    }


def _nothing_open(scope: list[ColumnElement[bool]]) -> Mapping[int, Any]:
    ids = db.session.scalars(select(TestItem.id).join(Lab).where(*scope, TestItem.state != "draft"))
    return {key: {"available_minutes": None} for key in ids}


def _blocked(open_times: Mapping[int, _OpenTime], span: tuple[datetime, datetime]) -> dict[int, int]:
    """Minutes of opening time that blocks take, by instrument. `open_times`: of each instrument's lab."""
    blocks = db.session.execute(
        select(Holding.instrument_id, Holding.starts_at, Holding.ends_at).where(
            Holding.kind.in_(("maintenance", "in_house")), Holding.starts_at < span[1], Holding.ends_at > span[0]
        )
    )
    result: dict[int, int] = {}
    for instrument, starts_at, ends_at in blocks:
        if instrument in open_times:
            taken = open_times[instrument].minutes(max(starts_at, span[0]), min(ends_at, span[1]))
            result[instrument] = result.get(instrument, 0) + taken
    return result


def usage_bookings(
    actor: Actor, by: By, key: int, first: Month, last: Month, *, offset: int, limit: int
) -> tuple[Sequence[Booking], int]:
    """The bookings behind one row of the report, newest first, and how many there are."""
    where = [
        visible(actor, "usage.see", lab=Lab.firm_id), _key(by, Booking) == key, Booking.state.in_(TOOK_TIME),
        *started_in((first.starts_at(), last.ends_at())),
    ]  # fmt: skip
    count = db.session.scalar(
        select(func.count()).select_from(Booking).join(Lab, Lab.id == Booking.lab_id).where(*where)
    )
    query = (
        select(Booking)
        .join(Lab, Lab.id == Booking.lab_id)
        .where(*where)
        .options(joinedload(Booking.client), joinedload(Booking.test_item), joinedload(Booking.lab))
        .order_by(Booking.starts_at.desc(), Booking.id.desc())
        .offset(offset)
        .limit(limit)
    )
    return db.session.scalars(query).all(), count or 0
