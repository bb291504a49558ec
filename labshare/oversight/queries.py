"""Usage by lab, instrument, test item or host firm over months. Set-based: the number of statements is fixed.

What each figure counts: `oversight.figures`. Blocks of in-house use that are over are effective time too
(docs/decisions/usage.md).
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal, select, union_all

from labshare.booking.models import Booking, Holding
from labshare.booking.queries.loading import hours_of_labs, working_days
from labshare.booking.rules.time import Interval, Openings
from labshare.booking.terms import HoldingKind
from labshare.catalogue.models import Instrument, Lab, TestItem
from labshare.catalogue.terms import LifeState
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.months import Month
from labshare.kernel.time import Minutes, local_zone
from labshare.organisations.models import Firm
from labshare.organisations.permissions import visible
from labshare.oversight.figures import (
    booked_figures,
    done_figures,
    finished_in,
    in_house_minutes,
    kept_in_house,
    revenue_figures,
    started_in,
)
from labshare.oversight.rules import Usage, total
from labshare.oversight.terms import UsageBy
from labshare.settlement.models import Report, RevenueEntry

COUNTED = (
    "booked_minutes",
    "used_minutes",
    "in_house_minutes",
    "outside_minutes",
    "bookings",
    "no_shows",
    "tests",
    "samples",
    "clients",
    "smes",
    "recognised_fen",
    "outside_fen",
    "reports",
)
"""The figures that SQL counts, in the order in which each part of the union gives them."""


@dataclass(frozen=True, kw_only=True)
class UsageRow:
    """One line of the report: `id` of what it is about, its `code`, Chinese and English name, and the figures."""

    id: int
    code: str
    name: str
    name_en: str | None
    usage: Usage


@dataclass(frozen=True)
class UsageReport:
    by: UsageBy
    first: Month
    last: Month
    rows: Sequence[UsageRow]
    total: Usage

    @property
    def months(self) -> int:
        return sum(1 for _ in self.first.through(self.last))


def usage_report(
    actor: Actor,
    by: UsageBy,
    first: Month,
    last: Month,
    now: datetime,
    *,
    lab_id: int | None = None,
    firm_id: int | None = None,
) -> UsageReport:
    """The usage report that `actor` may see: regulators all, a host firm its own labs (R-USAGE-3).

    Blocks have no test item: by test item the report has no in-house use.
    `lab_id`, `firm_id` narrow it. Rows without any use are listed too, at zero.
    """
    scope = [visible(actor, "usage.see", lab=Lab.firm_id), Lab.state != LifeState.DRAFT]
    if lab_id is not None:
        scope.append(Lab.id == lab_id)
    if firm_id is not None:
        scope.append(Lab.firm_id == firm_id)
    listed = {row.id: row for row in db.session.execute(subjects(by, scope))}
    span = (first.starts_at(), last.ends_at())
    figures: dict[int, dict[str, Any]] = {key: {} for key in listed}
    parts = [
        _booked(by, scope, span),
        _done(by, scope, span),
        _recognised(by, scope, first, last),
        _reports(by, scope, first, last),
    ]
    if by != UsageBy.TEST_ITEM:
        parts.append(_in_house(by, scope, span, now))
    for key, *numbers in db.session.execute(union_all(*parts)):
        mine = figures.setdefault(key, {})
        for name, value in zip(COUNTED, numbers, strict=True):
            mine[name] = mine.get(name, 0) + int(value or 0)
    for key, numbers in _open_time(by, scope, span).items():
        figures.setdefault(key, {}).update(numbers)
    rows = [
        UsageRow(
            id=key, code=listed[key].code, name=listed[key].name, name_en=listed[key].name_en, usage=Usage(**numbers)
        )
        for key, numbers in figures.items()
        if key in listed
    ]
    rows.sort(key=lambda row: row.code)
    clients, smes = db.session.execute(_clients(scope, span)).one()
    return UsageReport(by, first, last, rows, total((row.usage for row in rows), clients, smes))


def outside_revenue(lab_id: int, month: Month) -> int:
    """Recognised at the lab in the month from clients other than its own firm, fen. One statement."""
    total = (
        select(revenue_figures()["outside_fen"])
        .join(Booking, Booking.id == RevenueEntry.booking_id)
        .where(RevenueEntry.lab_id == lab_id, RevenueEntry.month == str(month))
    )
    return int(db.session.scalar(total) or 0)


def subjects(by: UsageBy, scope: list[ColumnElement[bool]]) -> Select[Any]:
    """What the report has rows for: id, code, Chinese and English name."""
    if by == UsageBy.LAB:
        return select(Lab.id, Lab.code, Lab.name, Lab.name_en).where(*scope)
    if by == UsageBy.FIRM:
        query = select(Firm.id, Firm.uscc.label("code"), Firm.name, Firm.name_en).join(Lab, Lab.firm_id == Firm.id)
        return query.where(*scope).distinct()
    if by == UsageBy.INSTRUMENT:
        code = (Lab.code + " " + Instrument.inner_id).label("code")
        query = select(Instrument.id, code, Instrument.name, Instrument.name_en).join(Lab)
        return query.where(*scope, Instrument.state != LifeState.DRAFT)
    query = select(TestItem.id, Lab.code, TestItem.name, TestItem.name_en).join(Lab)
    return query.where(*scope, TestItem.state != LifeState.DRAFT)


def key_of(by: UsageBy, of: Any) -> ColumnElement[int]:
    """The column of a booking (or of a ledger entry joined to its booking) that the report groups by."""
    columns = {
        UsageBy.LAB: of.lab_id,
        UsageBy.INSTRUMENT: of.instrument_id,
        UsageBy.TEST_ITEM: Booking.test_item_id,
        UsageBy.FIRM: Lab.firm_id,
    }
    return columns[by]


def _row(key: ColumnElement[int], figures: Mapping[str, ColumnElement[int]]) -> Select[Any]:
    """A part of the union: what it counts, and 0 for the rest."""
    return select(key, *(figures.get(name, literal(0)).label(name) for name in COUNTED)).group_by(key)


def _booked(by: UsageBy, scope: list[ColumnElement[bool]], span: tuple[datetime, datetime]) -> Select[Any]:
    query = _row(key_of(by, Booking), booked_figures()).join(Lab, Lab.id == Booking.lab_id)
    return query.where(*scope, started_in(span))


def _done(by: UsageBy, scope: list[ColumnElement[bool]], span: tuple[datetime, datetime]) -> Select[Any]:
    query = _row(key_of(by, Booking), done_figures()).join(Lab, Lab.id == Booking.lab_id)
    return query.where(*scope, finished_in(span))


def _in_house(
    by: UsageBy, scope: list[ColumnElement[bool]], span: tuple[datetime, datetime], now: datetime
) -> Select[Any]:
    minutes = in_house_minutes()
    key: Any = {UsageBy.LAB: Lab.id, UsageBy.INSTRUMENT: Instrument.id, UsageBy.FIRM: Lab.firm_id}[by]
    return (
        _row(key, {"used_minutes": minutes, "in_house_minutes": minutes})
        .select_from(Holding)
        .join(Instrument, Instrument.id == Holding.instrument_id)
        .join(Lab, Lab.id == Instrument.lab_id)
        .where(*scope, *kept_in_house(span, now))
    )


def _clients(scope: list[ColumnElement[bool]], span: tuple[datetime, datetime]) -> Select[Any]:
    figures = done_figures()
    query = select(figures["clients"], figures["smes"]).join(Lab, Lab.id == Booking.lab_id)
    return query.where(*scope, finished_in(span))


def _recognised(by: UsageBy, scope: list[ColumnElement[bool]], first: Month, last: Month) -> Select[Any]:
    return (
        _row(key_of(by, RevenueEntry), revenue_figures())
        .select_from(RevenueEntry)
        .join(Booking, Booking.id == RevenueEntry.booking_id)
        .join(Lab, Lab.id == RevenueEntry.lab_id)
        .where(*scope, RevenueEntry.month.between(str(first), str(last)))
    )


def _reports(by: UsageBy, scope: list[ColumnElement[bool]], first: Month, last: Month) -> Select[Any]:
    return (
        _row(key_of(by, Booking), {"reports": func.count()})
        .select_from(Report)
        .join(Booking, Booking.id == Report.booking_id)
        .join(Lab, Lab.id == Booking.lab_id)
        .where(*scope, Report.issued_on.between(first.first_day, last.last_day))
    )


def _open_time(by: UsageBy, scope: list[ColumnElement[bool]], span: tuple[datetime, datetime]) -> Mapping[int, Any]:
    """Hours open by row: opening hours less closures, for each unit, less blocks that fall into them."""
    if by == UsageBy.TEST_ITEM:
        return _nothing_open(scope)
    instruments = db.session.execute(
        select(Instrument.id, Instrument.units, Instrument.lab_id, Lab.firm_id)
        .join(Lab, Lab.id == Instrument.lab_id)
        .where(*scope, Instrument.state != LifeState.DRAFT)
    ).all()
    open_times = _open_times({row.lab_id for row in instruments}, span)
    blocked = _blocked({row.id: open_times[row.lab_id] for row in instruments}, span)
    result: dict[int, dict[str, int]] = {}
    for row in instruments:
        key = {UsageBy.LAB: row.lab_id, UsageBy.INSTRUMENT: row.id, UsageBy.FIRM: row.firm_id}[by]
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

    def minutes(self, since: datetime, until: datetime) -> Minutes:
        """Minutes open in `[since, until)`."""
        return Minutes(max(timedelta(0), self._until(until) - self._until(since)) // timedelta(minutes=1))

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
    ids = db.session.scalars(select(TestItem.id).join(Lab).where(*scope, TestItem.state != LifeState.DRAFT))
    return {key: {"available_minutes": None} for key in ids}


def _blocked(open_times: Mapping[int, _OpenTime], span: tuple[datetime, datetime]) -> dict[int, int]:
    """Minutes of opening time that blocks take, by instrument. `open_times`: of each instrument's lab."""
    blocks = db.session.execute(
        select(Holding.instrument_id, Holding.starts_at, Holding.ends_at).where(
            Holding.kind.in_(HoldingKind.blocks()), Holding.starts_at < span[1], Holding.ends_at > span[0]
        )
    )
    result: dict[int, int] = {}
    for instrument, starts_at, ends_at in blocks:
        if instrument in open_times:
            taken = open_times[instrument].minutes(max(starts_at, span[0]), min(ends_at, span[1]))
            result[instrument] = result.get(instrument, 0) + taken
    return result
