"""How long labs are open in a month, and how much of it blocks take: kept, of the running month too, and what is not
kept is worked out from opening hours, closures, working days and blocks. Minutes, each month by itself."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Any

from sqlalchemy import CompoundSelect, Integer, Select, String, and_, case, cast, func, null, select, union_all

from labshare.booking.models import Holding
from labshare.booking.queries.loading import hours_of_labs, working_days
from labshare.booking.rules.time import Interval, Openings
from labshare.catalogue.models import Instrument
from labshare.kernel.database import UtcDateTime, db, minutes_between
from labshare.kernel.given_rows import given_rows
from labshare.kernel.months import Month
from labshare.kernel.time import Minutes, local_zone
from labshare.oversight.kept import OfLab, given_labs, lab_months, labs_given
from labshare.oversight.models import InstrumentMonth

MinutesOf = dict[int, Minutes]
"""By the id of a lab or an instrument."""


@dataclass(frozen=True)
class OpenTime:
    """Minutes of a period: open, by lab; taken of these by blocks, by instrument, all its units together."""

    open_minutes: MinutesOf
    blocked_minutes: MinutesOf


def open_time(given: Mapping[str, Any]) -> OpenTime:
    """Of the months and labs `asked` for. One statement, and three more where something is not kept."""
    open_minutes: MinutesOf = {}
    blocked_minutes: MinutesOf = {}
    unknown: list[OfLab] = []
    for key, month, minutes in db.session.execute(_kept(), given):
        if month is None:
            blocked_minutes[key] = Minutes(int(minutes))
        elif minutes is None:
            unknown.append((key, Month.parse(month)))
        else:
            open_minutes[key] = Minutes(open_minutes.get(key, 0) + int(minutes))
    openings = openings_of(unknown)
    for (lab_id, _month), minutes in minutes_open(openings).items():
        open_minutes[lab_id] = Minutes(open_minutes.get(lab_id, 0) + minutes)
    if unknown:
        for row in db.session.execute(blocked_rows(), given_openings(openings)):
            blocked_minutes[row.instrument_id] = Minutes(
                blocked_minutes.get(row.instrument_id, 0) + int(row.blocked_minutes)
            )
    return OpenTime(open_minutes, blocked_minutes)


@cache
def _kept() -> CompoundSelect[Any]:
    """Each lab's month with its open minutes, NULL where they are not known; each instrument, without a month, with
    what blocks take of the known ones."""
    months = lab_months(narrowed=True)
    labs = select(months.c.lab_id, months.c.month, case((months.c.open_known == 1, months.c.open_minutes)))
    instruments = (
        select(InstrumentMonth.instrument_id, cast(null(), String), func.sum(InstrumentMonth.blocked_minutes))
        .select_from(months)
        .join(
            InstrumentMonth,
            and_(InstrumentMonth.lab_id == months.c.lab_id, InstrumentMonth.month == months.c.month),
        )
        .where(months.c.open_known == 1)
        .group_by(InstrumentMonth.instrument_id)
    )
    return union_all(labs, instruments)


def openings_of(months: Iterable[OfLab]) -> dict[OfLab, Sequence[Interval]]:
    """When these labs are open in these months, cut to them. Two statements."""
    wanted = sorted(months)
    if not wanted:
        return {}
    since = min(month for _lab, month in wanted).starts_at()
    hours, days = hours_of_labs({lab_id for lab_id, _month in wanted}, since), working_days()
    found: dict[OfLab, Sequence[Interval]] = {}
    for lab_id, its_months in groupby(wanted, key=lambda one: one[0]):
        openings = Openings(hours[lab_id], days, local_zone(), since)
        for of_lab in its_months:
            found[of_lab] = openings.between(of_lab[1].starts_at(), of_lab[1].ends_at())
    return found


def minutes_open(openings: Mapping[OfLab, Sequence[Interval]]) -> dict[OfLab, int]:
    """The length of all of a month's intervals."""
    return {
        of_lab: int(sum((each.ends_at - each.starts_at).total_seconds() for each in intervals)) // 60
        for of_lab, intervals in openings.items()
    }


def given_openings(openings: Mapping[OfLab, Sequence[Interval]]) -> dict[str, Any]:
    """The parameters of `blocked_rows`."""
    rows = [(lab_id, str(month), *each) for (lab_id, month), every in openings.items() for each in every]
    return given_labs(openings) | {"openings": rows}


@cache
def blocked_rows() -> Select[Any]:
    """The minutes that blocks take of given openings, by instrument and month, with its lab."""
    labs = labs_given()
    openings = given_rows("openings", lab_id=Integer(), month=String(7), starts_at=UtcDateTime(), ends_at=UtcDateTime())
    blocks = (
        select(labs.c.lab_id, labs.c.month, Holding.instrument_id, Holding.starts_at, Holding.ends_at)
        .join(Instrument, Instrument.lab_id == labs.c.lab_id)
        .join(Holding, Holding.instrument_id == Instrument.id)
        .where(Holding.is_block, Holding.ends_at > labs.c.starts_at, Holding.starts_at < labs.c.ends_at)
        .cte("blocks")
    )
    begins, ends = (
        case((blocks.c.starts_at > openings.c.starts_at, blocks.c.starts_at), else_=openings.c.starts_at),
        case((blocks.c.ends_at < openings.c.ends_at, blocks.c.ends_at), else_=openings.c.ends_at),
    )
    return (
        select(
            blocks.c.instrument_id,
            blocks.c.month,
            blocks.c.lab_id,
            func.sum(minutes_between(begins, ends)).label("blocked_minutes"),
        )
        .join(
            openings,
            and_(
                openings.c.lab_id == blocks.c.lab_id,
                openings.c.month == blocks.c.month,
                openings.c.starts_at < blocks.c.ends_at,
                openings.c.ends_at > blocks.c.starts_at,
            ),
        )
        .group_by(blocks.c.instrument_id, blocks.c.month, blocks.c.lab_id)
    )
