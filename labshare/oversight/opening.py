"""How long labs are open in a month, and how much of it blocks take: kept, of the running month too, and what is not
kept is worked out from opening hours, closures, working days and blocks. Minutes, each month by itself."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import CompoundSelect, Integer, Select, String, and_, case, cast, func, literal, null, select, union_all

from labshare.booking.models import Holding
from labshare.booking.queries.loading import openings_of
from labshare.booking.rules.time import Interval
from labshare.catalogue.models import Instrument
from labshare.kernel.database import UtcDateTime, db, minutes_between
from labshare.kernel.given_rows import given_rows
from labshare.kernel.months import Month
from labshare.kernel.time import Minutes
from labshare.oversight.lab_months import OfLab, given_labs, lab_months, labs_given
from labshare.oversight.models import InstrumentMonth

MinutesOf = dict[int, Minutes]
"""By the id of a lab or an instrument."""


@dataclass(frozen=True)
class OpenTime:
    """Minutes of a period: open, by lab; how much more or less each unit of an instrument of its own hours is, and what
    blocks take of all its units together, by instrument."""

    open_minutes: MinutesOf
    extra_minutes: MinutesOf
    blocked_minutes: MinutesOf

    def of(self, lab_id: int, *, instrument_id: int, units: int) -> Minutes:
        """Minutes that all units of an instrument can be used in."""
        each = self.open_minutes[lab_id] + self.extra_minutes.get(instrument_id, 0)
        return Minutes(max(0, each * units - self.blocked_minutes.get(instrument_id, 0)))


@dataclass(frozen=True)
class OpeningsByMonth:
    """When labs are open in some months, cut to them, and instruments that have their own hours."""

    labs: Mapping[OfLab, Sequence[Interval]]
    own: Mapping[OfLab, Mapping[int, Sequence[Interval]]]

    @property
    def minutes(self) -> dict[OfLab, Minutes]:
        """The length of all of a lab's month's intervals."""
        return {of_lab: _minutes(intervals) for of_lab, intervals in self.labs.items()}


def _minutes(intervals: Sequence[Interval]) -> Minutes:
    return Minutes(int(sum((each.ends_at - each.starts_at).total_seconds() for each in intervals)) // 60)


def open_time(given: Mapping[str, Any]) -> OpenTime:
    """Of the months and labs `asked` for. One statement, and three more where something is not kept."""
    open_minutes: MinutesOf = {}
    extra_minutes: MinutesOf = {}
    blocked_minutes: MinutesOf = {}
    unknown: list[OfLab] = []
    for key, month, minutes, blocked in db.session.execute(_stored(), given):
        if month is None:
            extra_minutes[key], blocked_minutes[key] = Minutes(int(minutes)), Minutes(int(blocked))
        elif minutes is None:
            unknown.append((key, Month.parse(month)))
        else:
            open_minutes[key] = Minutes(open_minutes.get(key, 0) + int(minutes))
    openings = openings_by_month(unknown)
    for (lab_id, _month), minutes in openings.minutes.items():
        open_minutes[lab_id] = Minutes(open_minutes.get(lab_id, 0) + minutes)
    if unknown:
        for row in db.session.execute(instrument_rows(), given_openings(openings)):
            key = row.instrument_id
            blocked_minutes[key] = Minutes(blocked_minutes.get(key, 0) + int(row.blocked_minutes))
            extra_minutes[key] = Minutes(extra_minutes.get(key, 0) + int(row.extra_minutes))
    return OpenTime(open_minutes, extra_minutes, blocked_minutes)


@cache
def _stored() -> CompoundSelect[Any]:
    """Each lab's month with its open minutes, NULL where they are not known; each instrument, without a month, with
    what its own hours are more in the known ones, and what blocks take of them."""
    months = lab_months(narrowed=True)
    known = case((months.c.open_known == 1, months.c.open_minutes))
    labs = select(months.c.lab_id, months.c.month, known, literal(0))
    instruments = (
        select(
            InstrumentMonth.instrument_id,
            cast(null(), String),
            func.sum(InstrumentMonth.extra_minutes),
            func.sum(InstrumentMonth.blocked_minutes),
        )
        .select_from(months)
        .join(
            InstrumentMonth,
            and_(InstrumentMonth.lab_id == months.c.lab_id, InstrumentMonth.month == months.c.month),
        )
        .where(months.c.open_known == 1)
        .group_by(InstrumentMonth.instrument_id)
    )
    return union_all(labs, instruments)


def openings_by_month(months: Iterable[OfLab]) -> OpeningsByMonth:
    """When these labs, and their instruments of own hours, are open in these months. Two statements."""
    wanted = sorted(months)
    if not wanted:
        return OpeningsByMonth({}, {})
    opens = openings_of({lab_id for lab_id, _month in wanted}, min(month for _lab, month in wanted).starts_at())
    labs, own = {}, {}
    for of_lab in wanted:
        lab_id, span = of_lab[0], (of_lab[1].starts_at(), of_lab[1].ends_at())
        labs[of_lab] = opens.of_lab(lab_id).between(*span)
        own[of_lab] = {key: opens.of_instrument(key, lab_id=lab_id).between(*span) for key in opens.own_of_lab(lab_id)}
    return OpeningsByMonth(labs, own)


def given_openings(openings: OpeningsByMonth) -> dict[str, Any]:
    """The parameters of `instrument_rows`."""
    rows = [(lab_id, str(month), 0, *each) for (lab_id, month), every in openings.labs.items() for each in every]
    extra = []
    for (lab_id, month), instruments in openings.own.items():
        usual = _minutes(openings.labs[lab_id, month])
        for instrument_id, every in instruments.items():
            rows += [(lab_id, str(month), instrument_id, *each) for each in every]
            extra.append((lab_id, str(month), instrument_id, _minutes(every) - usual))
    return given_labs(openings.labs) | {"openings": rows, "own": extra}


@cache
def instrument_rows() -> Select[Any]:
    """What blocks take of given openings, and what own hours are more, in minutes by instrument and month, with its
    lab. Instruments with neither have none."""
    labs = labs_given()
    openings = given_rows(
        "openings",
        lab_id=Integer(),
        month=String(7),
        instrument_id=Integer(),
        starts_at=UtcDateTime(),
        ends_at=UtcDateTime(),
    )
    own = given_rows("own", lab_id=Integer(), month=String(7), instrument_id=Integer(), extra_minutes=Integer())
    blocks = (
        select(
            labs.c.lab_id,
            labs.c.month,
            Holding.instrument_id,
            func.coalesce(own.c.instrument_id, 0).label("hours_of"),
            Holding.starts_at,
            Holding.ends_at,
        )
        .join(Instrument, Instrument.lab_id == labs.c.lab_id)
        .join(Holding, Holding.instrument_id == Instrument.id)
        .outerjoin(own, and_(own.c.instrument_id == Instrument.id, own.c.month == labs.c.month))
        .where(Holding.is_block, Holding.ends_at > labs.c.starts_at, Holding.starts_at < labs.c.ends_at)
        .cte("blocks")
    )
    begins, ends = (
        case((blocks.c.starts_at > openings.c.starts_at, blocks.c.starts_at), else_=openings.c.starts_at),
        case((blocks.c.ends_at < openings.c.ends_at, blocks.c.ends_at), else_=openings.c.ends_at),
    )
    blocked = select(
        blocks.c.instrument_id,
        blocks.c.month,
        blocks.c.lab_id,
        minutes_between(begins, ends).label("blocked"),
        literal(0).label("extra"),
    ).join(
        openings,
        and_(
            openings.c.lab_id == blocks.c.lab_id,
            openings.c.month == blocks.c.month,
            openings.c.instrument_id == blocks.c.hours_of,
            openings.c.starts_at < blocks.c.ends_at,
            openings.c.ends_at > blocks.c.starts_at,
        ),
    )
    longer = select(own.c.instrument_id, own.c.month, own.c.lab_id, literal(0), own.c.extra_minutes).where(
        own.c.extra_minutes != 0
    )
    rows = union_all(blocked, longer).subquery("rows")
    return select(
        rows.c.instrument_id,
        rows.c.month,
        rows.c.lab_id,
        func.sum(rows.c.blocked).label("blocked_minutes"),
        func.sum(rows.c.extra).label("extra_minutes"),
    ).group_by(rows.c.instrument_id, rows.c.month, rows.c.lab_id)
