"""Public figures: what is offered now, and what the last full months brought."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cache
from typing import Any

from sqlalchemy import Date, Select, String, func, literal, null, select, true, union_all

from labshare.booking.models import Booking, Rating
from labshare.booking.queries.ratings import Average, average_of, sums_by
from labshare.catalogue.models import Instrument, Lab, TestItem
from labshare.kernel.database import db
from labshare.kernel.months import Month
from labshare.kernel.time import Minutes, start_of_day
from labshare.oversight.figures import done_figures, finished_in, for_others, on_offer, promise_values
from labshare.oversight.lab_months import asked, firms, firms_by, served, sums, usage


@dataclass(frozen=True)
class Figures:
    """Public figures: what is offered now, and what the year brought up to `as_of`."""

    labs: int
    instruments: int
    test_items: int
    clients: int
    tests: int
    by_category: dict[str, int]
    by_town: dict[str, int]
    """Published labs by town."""
    as_of: date


def public_figures(today: date, months: Sequence["MonthFigures"] = ()) -> Figures:
    """The year's figures end with the last full month. `months`: `figures_by_month`, which holds the year's, where it
    is known already. Three statements, two with it."""
    month = Month.of(today).previous

    def row(kind: str, key: Any, number: Any) -> Select[Any]:
        return select(literal(kind, String).label("kind"), key.label("key"), number.label("number"))

    nothing = null().cast(String)
    parts = (
        row("category", TestItem.category, func.count(TestItem.id))
        .where(on_offer(TestItem))
        .group_by(TestItem.category),
        row("town", Lab.town, func.count(Lab.id)).where(on_offer(Lab)).group_by(Lab.town),
        row("instruments", nothing, func.count(Instrument.id)).where(on_offer(Instrument)),
    )
    found: dict[str, dict[str | None, int]] = {}
    for kind, key, number in db.session.execute(union_all(*parts)):
        found.setdefault(kind, {})[key] = number
    towns = {key or "": number for key, number in found.get("town", {}).items()}
    categories = {key or "": number for key, number in found.get("category", {}).items()}

    year = asked(Month(month.year, 1), month, start_of_day(today))
    clients, _smes = db.session.execute(_firms(), year).one()
    if months:
        tests = sum(one.tests for one in months if one.month.year == month.year)
    else:
        tests = int(db.session.scalar(_tests(), year) or 0)
    return Figures(
        labs=sum(towns.values()),
        instruments=found["instruments"][None],
        test_items=sum(categories.values()),
        clients=clients,
        tests=tests,
        by_category=categories,
        by_town=towns,
        as_of=month.last_day,
    )


@dataclass(frozen=True, kw_only=True)
class MonthFigures:
    month: Month
    tests: int
    clients: int
    samples: int
    minutes: Minutes
    """Effective time of finished tests."""


def figures_by_month(today: date, months: int = 12) -> list[MonthFigures]:
    """The last full months, oldest first. Two statements."""
    last = Month.of(today).previous
    first = last.plus(1 - months)
    given = asked(first, last, start_of_day(today))
    done = {row.month: row for row in db.session.execute(_done_by_month(), given)}
    clients = {row.key: row.clients for row in db.session.execute(_firms_by_month(), given)}

    found = []
    for month in first.through(last):
        row = done.get(str(month))
        tests, samples, minutes = (int(row.tests), int(row.samples), int(row.minutes)) if row else (0, 0, 0)
        served = clients.get(str(month), 0)
        found.append(MonthFigures(month=month, tests=tests, clients=served, samples=samples, minutes=Minutes(minutes)))
    return found


@cache
def _tests() -> Select[Any]:
    return select(sums(usage(whole=True))["tests"])


@cache
def _firms() -> Select[Any]:
    return firms(served())


@cache
def _done_by_month() -> Select[Any]:
    of = usage(whole=True)
    done = sums(of)
    minutes = done["used_minutes"].label("minutes")
    return select(of.c.month, done["tests"], done["samples"], minutes).group_by(of.c.month)


@cache
def _firms_by_month() -> Select[Any]:
    of = served()
    return firms_by(of, of.c.month)


@dataclass(frozen=True, kw_only=True)
class MonthOfUse:
    month: Month
    tests: int
    minutes: Minutes
    """Effective time of finished tests."""


def usage_by_month(instrument_id: int, today: date, *, months: int = 12) -> list[MonthOfUse]:
    """Finished work by the month it ended in. One statement."""
    last = Month.of(today).previous
    span = list(last.plus(1 - months).through(last))
    done = done_figures()
    parts = [
        select(
            literal(str(month), String), func.coalesce(done["tests"], 0), func.coalesce(done["used_minutes"], 0)
        ).where(Booking.instrument_id == instrument_id, finished_in((month.starts_at(), month.ends_at())))
        for month in span
    ]
    rows = {row[0]: row for row in db.session.execute(union_all(*parts))}
    return [MonthOfUse(month=month, tests=int(rows[str(month)][1]), minutes=int(rows[str(month)][2])) for month in span]


PROMISES_SHOWN_FROM = 10
"""Reports due below which no share is shown."""


@dataclass(frozen=True, kw_only=True)
class Promise:
    """How a lab kept its promised days."""

    due: int
    kept: int

    @property
    def share(self) -> Fraction:
        return Fraction(self.kept, self.due)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What a lab's page says of it that the lab does not say itself; None where it is too little to be shown."""

    average: Average | None
    promise: Promise | None


def standing_of(lab_id: int, today: date) -> Standing:
    """Its ratings (R-RATING-3) and promised days: of the tests finished for other firms in the last twelve full months
    whose report is there or due, those whose first report came in time; nothing below ten (R-LAB-1). One statement."""
    last = Month.of(today).previous
    span = (last.plus(-11).starts_at(), last.ends_at())
    due, on_time = promise_values(literal(today, Date))
    counts = (
        select(func.coalesce(func.sum(due), 0).label("due"), func.coalesce(func.sum(on_time), 0).label("kept"))
        .where(Booking.lab_id == lab_id, finished_in(span), for_others())
        .subquery()
    )
    given = sums_by(Rating.lab_id, [lab_id], today).subquery()
    points = list(given.c)[1:]
    row = db.session.execute(select(*counts.c, *points).select_from(counts).outerjoin(given, true())).one()
    promise, ratings = Promise(due=int(row[0]), kept=int(row[1])), row[2:]
    return Standing(
        average=average_of(ratings) if any(ratings) else None,
        promise=promise if promise.due >= PROMISES_SHOWN_FROM else None,
    )
