"""Invariants of what is kept of months: a recount says the same."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, select

from labshare.kernel.database import db
from labshare.kernel.months import Month
from labshare.oversight.checks.registry import invariant
from labshare.oversight.lab_months import (
    FIGURES,
    FIRM,
    KEYS,
    OfLab,
    firm_rows,
    given_labs,
    lab_rows,
    of_given_labs,
    stale,
    summed_rows,
)
from labshare.oversight.models import ClientMonth, InstrumentMonth, LabMonth, UsageMonth
from labshare.oversight.opening import given_openings, instrument_rows, openings_by_month

AT_ONCE = 500
"""Labs' months that are counted anew in one go."""


@invariant("What is kept of a month that is over is the sum of its bookings, blocks and papers")
def sums_of_months(now: datetime) -> Iterator[tuple[str, str]]:
    for months in _stored_months(over=True):
        given = given_labs(months) | {"now": now}
        for kind, names, counted in (
            (UsageMonth, (*KEYS, *FIGURES), summed_rows()),
            (ClientMonth, (*KEYS, *FIRM), firm_rows()),
            (LabMonth, (*KEYS[:2], *FIGURES), lab_rows()),
        ):
            yield from _differences(kind, names, counted, given)


@invariant("What is kept of a lab's opening minutes, and of those that blocks take, is what its hours say")
def open_time_of_months(_now: datetime) -> Iterator[tuple[str, str]]:
    for months in _stored_months():
        openings = openings_by_month(months)
        minutes = openings.minutes
        for of_lab, stored in months.items():
            if stored != minutes[of_lab]:
                yield _subject(*of_lab), f"open: says {stored}, hours say {minutes[of_lab]}"
        names = ("lab_id", "month", "instrument_id", "blocked_minutes", "extra_minutes")
        yield from _differences(InstrumentMonth, names, instrument_rows(), given_openings(openings))


def _stored_months(*, over: bool = False) -> Iterator[dict[OfLab, int]]:
    """The labs' months that are kept and not marked, with their opening minutes, some at a time."""
    where = [~stale(LabMonth.lab_id, LabMonth.month), *([LabMonth.over] if over else [])]
    rows = db.session.execute(
        select(LabMonth.lab_id, LabMonth.month, LabMonth.open_minutes)
        .where(and_(*where))
        .order_by(LabMonth.lab_id, LabMonth.month)
    ).all()
    for start in range(0, len(rows), AT_ONCE):
        yield {(lab, Month.parse(month)): minutes for lab, month, minutes in rows[start : start + AT_ONCE]}


def _differences(
    kind: Any, names: Sequence[str], counted: Select[Any], given: dict[str, Any]
) -> Iterator[tuple[str, str]]:
    """Rows that are kept and not counted, or counted and not kept."""
    rows_stored = select(*(getattr(kind, name) for name in names)).where(of_given_labs(kind))
    stored = {_plain(row) for row in db.session.execute(rows_stored, given)}
    found = {_plain(tuple(getattr(row, name) for name in names)) for row in db.session.execute(counted, given)}
    for row in sorted(stored ^ found, key=str):
        values = ", ".join(f"{name} {value}" for name, value in zip(names[2:], row[2:], strict=True) if value)
        yield _subject(row[0], row[1]), f"{kind.__tablename__} {'says' if row in stored else 'lacks'} {values}"


def _plain(row: Sequence[Any]) -> tuple[Any, ...]:
    """Sums come as decimals from PostgreSQL."""
    return tuple(value if value is None or isinstance(value, str) else int(value) for value in row)


def _subject(lab_id: int, month: Month | str) -> str:
    return f"lab {lab_id}, {month}"
