"""What a sheet of bookings from before LabShare would take of instruments' time (R-SHEET-7). Limited by overlap
alone, as blocks are."""

from bisect import insort
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from flask_babel import gettext as _

from labshare.booking.errors import (
    EndBeforeStart,
    PromisedElsewhere,
    PromisedLong,
    PromisedOver,
    PromisedTaken,
    PromisedTakenUntil,
    PromisedTooFar,
)
from labshare.booking.rules.slots import Taken, clash
from labshare.booking.rules.time import Interval
from labshare.catalogue import errors
from labshare.catalogue.rules.filled import Filled, Row
from labshare.catalogue.rules.importing.cells import given, note, twice
from labshare.catalogue.rules.importing.have import Have, HavePromised, Promised
from labshare.catalogue.rules.importing.plans import PromisedPlan
from labshare.catalogue.terms import SheetKind
from labshare.kernel.errors import Problem
from labshare.kernel.formatting import clock_time
from labshare.kernel.time import DAY, local_day, start_of_day

AHEAD = timedelta(days=366)
LONGEST = timedelta(days=184)
"""Of one booking: what is longer is a slip of the year or the month."""
LENGTHS = {"client": 200, "test": 200, "contact": 100, "reference": 60}
NAMED = 3
"""So many are named of what stands in the way, a unit each."""


@dataclass(frozen=True, kw_only=True)
class Took(Taken):
    """A span of a unit that is taken, and by what, in words."""

    what: str


TakenByUnit = Mapping[str, Mapping[int, Sequence[Took]]]
"""By the instrument's own number and the unit, in order of time."""


def spans_named(sheets: Iterable[Filled]) -> dict[str, Interval]:
    """By own number, from the first start that a sheet names to the end of the last day on which a place is looked
    for."""
    found: dict[str, Interval] = {}
    for row in (row for sheet in sheets if sheet.kind == SheetKind.BOOKINGS for row in sheet.rows):
        if row.unread or row.values["ends_at"] <= row.values["starts_at"]:
            continue
        one = _promised_of(row)
        span = Interval(one.starts_at, _evening(one.starts_at) + (one.ends_at - one.starts_at))
        have = found.setdefault(one.inner_id, span)
        found[one.inner_id] = Interval(min(have.starts_at, span.starts_at), max(have.ends_at, span.ends_at))
    return found


def plan_promised(sheets: Iterable[Filled], have: Have, taken: TakenByUnit) -> list[PromisedPlan]:
    """What differs from what is there, each with its unit; what is wrong is noted in the sheet."""
    by_kind = {one.kind: one for one in sheets}
    sheet = by_kind.get(SheetKind.BOOKINGS)
    if sheet is None:
        return []
    units = {number: one.units for number, one in have.instruments.items()} | _units_in(by_kind)
    asked: list[tuple[Row, Promised]] = []
    seen: dict[Any, int] = {}
    for row in sheet.rows:
        number = row.values.get("inner_id", "")
        if number and number not in units:
            note(sheet, row, [errors.UnknownInnerId(number=number)])
        if row.unread:
            continue
        one = _promised_of(row)
        if not twice(sheet, row, seen, (_key(one), one.unit), "client"):
            asked.append((row, one))
    made, new = _there_already(sheet, asked, have)
    right = []
    for row, one in new:
        problems = list(_problems(one, units.get(one.inner_id), have.today))
        note(sheet, row, problems)
        if not problems and one.inner_id in units:
            right.append((row, one))
    places = _Places(units, taken)
    right.sort(key=lambda each: (each[1].unit is None, each[1].unit is None and each[1].starts_at, each[0].number))
    for row, one in right:
        unit = places.take(one, row.number)
        if unit is None:
            note(sheet, row, [places.in_the_way(one)])
        else:
            made.append(PromisedPlan(promised=replace(one, unit=unit)))
    return made


def _promised_of(row: Row) -> Promised:
    promised: Promised = given(row, Promised)
    return promised


def _key(one: Promised) -> tuple[Any, ...]:
    """What makes two rows the same booking, but for the unit."""
    return one.inner_id, one.starts_at, one.ends_at, one.client


def _units_in(by_kind: Mapping[SheetKind, Filled]) -> dict[str, int]:
    """The units of the instruments that the same file adds or changes."""
    rows = by_kind[SheetKind.INSTRUMENTS].rows if SheetKind.INSTRUMENTS in by_kind else ()
    return {row.values["inner_id"]: row.values["units"] for row in rows if {"inner_id", "units"} <= row.values.keys()}


def _there_already(
    sheet: Filled, asked: Sequence[tuple[Row, Promised]], have: Have
) -> tuple[list[PromisedPlan], list[tuple[Row, Promised]]]:
    """What is said otherwise of bookings that are here, and the rows that are new. A row that names the unit finds its
    booking first, then those that leave it open."""
    there: dict[tuple[Any, ...], list[HavePromised]] = {}
    for have_one in have.promised:
        there.setdefault(_key(have_one.promised), []).append(have_one)
    made: list[PromisedPlan] = []
    new: list[tuple[Row, Promised]] = []
    units = {(_key(one.promised), one.promised.unit) for one in have.promised}

    def rank(each: tuple[Row, Promised]) -> int:
        return 0 if (_key(each[1]), each[1].unit) in units else 1 if each[1].unit is None else 2

    for row, one in sorted(asked, key=rank):
        left = there.get(_key(one), [])
        found = next((each for each in left if one.unit in (None, each.promised.unit)), None)
        if found is None and left:
            note(sheet, row, [PromisedElsewhere(unit=left[0].promised.unit)])
        elif found is None:
            new.append((row, one))
        else:
            left.remove(found)
            wanted = replace(given(row, Promised, found.promised), unit=found.promised.unit)
            if wanted != found.promised:
                note(sheet, row, _too_long(wanted))
                made.append(PromisedPlan(promised=wanted, have=found))
    return made, new


def _problems(one: Promised, units: int | None, today: date) -> Iterator[Problem]:
    if one.ends_at <= one.starts_at:
        yield EndBeforeStart()
    elif one.ends_at <= start_of_day(today):
        yield PromisedOver()
    elif one.ends_at - one.starts_at > LONGEST:
        yield PromisedLong(n=LONGEST.days)
    elif one.starts_at > start_of_day(today) + AHEAD:
        yield PromisedTooFar()
    if units is not None and one.unit is not None and not 1 <= one.unit <= units:
        yield errors.OutOfRange("unit", least=1, most=units)
    yield from _too_long(one)


def _too_long(one: Promised) -> Iterator[Problem]:
    for name, most in LENGTHS.items():
        if len(getattr(one, name)) > most:
            yield errors.TooLongText(name, max=most)


class _Places:
    """The units' time, as rows take it one after the other."""

    def __init__(self, units: Mapping[str, int], taken: TakenByUnit) -> None:
        self.units, self._taken = units, taken
        self._busy: dict[tuple[str, int], list[Took]] = {}

    def _of(self, number: str, unit: int) -> list[Took]:
        if (number, unit) not in self._busy:
            self._busy[number, unit] = list(self._taken.get(number, {}).get(unit, ()))
        return self._busy[number, unit]

    def _choice(self, one: Promised) -> list[int]:
        return [one.unit] if one.unit is not None else list(range(1, self.units[one.inner_id] + 1))

    def take(self, one: Promised, row: int) -> int | None:
        """The unit that a row gets; None: none is free."""
        for unit in self._choice(one):
            busy = self._of(one.inner_id, unit)
            if clash(busy, one.starts_at, one.ends_at) is None:
                took = Took(one.starts_at, one.ends_at, what=_("row %(n)s of this file", n=row))
                insort(busy, took, key=lambda each: each.starts_at)
                return unit
        return None

    def in_the_way(self, one: Promised) -> Problem:
        """By what the time is taken, and when the next place of that length begins on that day."""
        busy = [self._of(one.inner_id, unit) for unit in self._choice(one)]
        found = (clash(each, one.starts_at, one.ends_at) for each in busy)
        what = ", ".join(list(dict.fromkeys(took.what for took in found if took is not None))[:NAMED])
        length, evening = one.ends_at - one.starts_at, _evening(one.starts_at)
        ends = sorted(took.ends_at for each in busy for took in each if one.starts_at < took.ends_at < evening)
        for start in ends:
            if any(clash(each, start, start + length) is None for each in busy):
                return PromisedTakenUntil(what=what, time=clock_time(start))
        return PromisedTaken(what=what)


def _evening(moment: datetime) -> datetime:
    """The end of its local day."""
    return start_of_day(local_day(moment) + DAY)
