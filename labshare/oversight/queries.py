"""Usage by lab, instrument, test item or host firm over months. Set-based: the number of statements is fixed.

What each figure counts: `oversight.figures`. Blocks of in-house use that are over are effective time too
(docs/decisions/usage.md).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, Select, Subquery, literal, select

from labshare.booking.models import Booking
from labshare.catalogue.models import Instrument, Lab, TestItem
from labshare.catalogue.queries.admissions import lab_lies_in
from labshare.catalogue.terms import LifeState
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.months import Month
from labshare.kernel.time import local_day
from labshare.organisations.models import Firm
from labshare.organisations.permissions import visible
from labshare.oversight.figures import revenue_figures
from labshare.oversight.lab_months import asked, firms_by_and_in_all, of_labs_asked, served, sums, usage
from labshare.oversight.opening import open_time
from labshare.oversight.rules import Usage, total
from labshare.oversight.terms import UsageBy
from labshare.settlement.models import RevenueEntry

COUNTED = (
    "booked_minutes",
    "used_minutes",
    "in_house_minutes",
    "outside_minutes",
    "bookings",
    "no_shows",
    "tests",
    "samples",
    "recognised_fen",
    "outside_fen",
    "reports",
)
"""The figures of a row that are sums over what was done."""
SERVED = ("clients", "smes")
"""Those that are numbers of firms."""


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
    scope = [
        visible(actor, "usage.see", lab=Lab.firm_id, division=lab_lies_in(local_day(now))),
        Lab.state != LifeState.DRAFT,
    ]
    if lab_id is not None:
        scope.append(Lab.id == lab_id)
    if firm_id is not None:
        scope.append(Lab.firm_id == firm_id)
    given = asked(first, last, now, db.session.scalars(select(Lab.id).where(*scope)).all())
    listed = {row.id: row for row in db.session.execute(subjects(by, [of_labs_asked(Lab.id)]), given)}
    figures: dict[int, dict[str, Any]] = {key: {} for key in listed}
    in_all: dict[str, int] = {}
    for statement, names in ((_worked(by), COUNTED), (_served(by), SERVED)):
        for key, *numbers in db.session.execute(statement, given):
            mine = in_all if key is None else figures.setdefault(key, {})
            mine.update((name, int(value)) for name, value in zip(names, numbers, strict=True))
    for key, numbers in _open_time(by, given).items():
        figures.setdefault(key, {}).update(numbers)
    rows = [
        UsageRow(
            id=key, code=listed[key].code, name=listed[key].name, name_en=listed[key].name_en, usage=Usage(**numbers)
        )
        for key, numbers in figures.items()
        if key in listed
    ]
    rows.sort(key=lambda row: row.code)
    return UsageReport(by, first, last, rows, total((row.usage for row in rows), **in_all))


@cache
def _worked(by: UsageBy) -> Select[Any]:
    """The figures `COUNTED` of each row."""
    of, key = _by(by, usage(narrowed=True, whole=by in (UsageBy.LAB, UsageBy.FIRM)))
    figures = sums(of)
    if by == UsageBy.TEST_ITEM:  # a block names none
        figures["in_house_minutes"] = literal(0)
    figures["used_minutes"] += figures["in_house_minutes"]
    return select(key, *(figures[name] for name in COUNTED)).where(key.is_not(None)).group_by(key)


@cache
def _served(by: UsageBy) -> CompoundSelect[Any]:
    """The figures `SERVED` of each row, and of all of them together without a key."""
    return firms_by_and_in_all(*_by(by, served(narrowed=True)))


def _by(by: UsageBy, of: Subquery) -> tuple[Subquery, ColumnElement[int]]:
    """Rows of months with what the report groups them by."""
    if by == UsageBy.FIRM:
        of = select(*of.c, Lab.firm_id).join(Lab, Lab.id == of.c.lab_id).subquery()
    return of, of.c[f"{by}_id"]


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


def _open_time(by: UsageBy, given: Mapping[str, Any]) -> Mapping[int, Any]:
    """Hours open by row: opening hours less closures, for each unit, less blocks that fall into them."""
    if by == UsageBy.TEST_ITEM:
        return _nothing_open(given)
    instruments = db.session.execute(_instruments(), given).all()
    of = open_time(given)
    result: dict[int, dict[str, int]] = {}
    for row in instruments:
        key = {UsageBy.LAB: row.lab_id, UsageBy.INSTRUMENT: row.id, UsageBy.FIRM: row.firm_id}[by]
        sums = result.setdefault(key, {"available_minutes": 0, "units": 0})
        sums["available_minutes"] += of.of(row.lab_id, instrument_id=row.id, units=row.units)
        sums["units"] += row.units
    return result


@cache
def _instruments() -> Select[Any]:
    return (
        select(Instrument.id, Instrument.units, Instrument.lab_id, Lab.firm_id)
        .join(Lab, Lab.id == Instrument.lab_id)
        .where(  # said of both, or PostgreSQL reads all labs
            of_labs_asked(Instrument.lab_id), of_labs_asked(Lab.id), Instrument.state != LifeState.DRAFT
        )
    )


def _nothing_open(given: Mapping[str, Any]) -> Mapping[int, Any]:
    listed = select(TestItem.id).where(of_labs_asked(TestItem.lab_id), TestItem.state != LifeState.DRAFT)
    ids = db.session.scalars(listed, given)
    return {key: {"available_minutes": None} for key in ids}
