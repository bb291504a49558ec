"""Public figures: what is offered now, and what the last full months brought. One statement each."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, String, func, literal, null, select, union_all

from labshare.booking.models import Booking
from labshare.catalogue.models import Instrument, Lab, TestItem
from labshare.kernel.database import db
from labshare.kernel.months import Month
from labshare.kernel.time import Minutes
from labshare.oversight.figures import done_figures, finished_in, on_offer


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


def public_figures(today: date) -> Figures:
    """One statement. The year's figures end with the last full month."""
    month = Month.of(today).previous
    since, until = Month(month.year, 1).starts_at(), month.ends_at()
    finished, done = finished_in((since, until)), done_figures()

    def row(kind: str, key: Any, number: Any) -> Select[Any]:
        return select(literal(kind, String).label("kind"), key.label("key"), number.label("number"))

    nothing = null().cast(String)
    parts = (
        row("category", TestItem.category, func.count(TestItem.id))
        .where(on_offer(TestItem))
        .group_by(TestItem.category),
        row("town", Lab.town, func.count(Lab.id)).where(on_offer(Lab)).group_by(Lab.town),
        row("instruments", nothing, func.count(Instrument.id)).where(on_offer(Instrument)),
        row("clients", nothing, done["clients"]).where(finished),
        row("tests", nothing, func.coalesce(done["tests"], 0)).where(finished),
    )
    found: dict[str, dict[str | None, int]] = {}
    for kind, key, number in db.session.execute(union_all(*parts)):
        found.setdefault(kind, {})[key] = number
    towns = {key or "": number for key, number in found.get("town", {}).items()}
    categories = {key or "": number for key, number in found.get("category", {}).items()}

    def one(kind: str) -> int:
        return found.get(kind, {}).get(None, 0)

    return Figures(
        labs=sum(towns.values()),
        instruments=one("instruments"),
        test_items=sum(categories.values()),
        clients=one("clients"),
        tests=one("tests"),
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
    """The last full months, oldest first. One statement."""
    last = Month.of(today).previous
    span = list(last.plus(1 - months).through(last))
    done = done_figures()
    parts = [
        select(
            literal(str(month), String).label("month"),
            *(func.coalesce(done[name], 0) for name in ("tests", "clients", "samples", "used_minutes")),
        ).where(finished_in((month.starts_at(), month.ends_at())))
        for month in span
    ]
    rows = {row[0]: row for row in db.session.execute(union_all(*parts))}
    return [
        MonthFigures(
            month=month,
            tests=int(rows[str(month)][1]),
            clients=int(rows[str(month)][2]),
            samples=int(rows[str(month)][3]),
            minutes=int(rows[str(month)][4]),
        )
        for month in span
    ]


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
