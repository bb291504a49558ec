"""What a lab, an instrument and a test item say of themselves, and what is wrong with it. Every problem at once."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from labshare.accounts.errors import InvalidEmail
from labshare.catalogue import errors
from labshare.catalogue.rules.class_codes import OTHER, is_class_code
from labshare.catalogue.terms import (
    START_GRIDS,
    Category,
    Funds,
    InstrumentCondition,
    InstrumentSource,
    InstrumentUsage,
    Sharing,
)
from labshare.kernel.errors import Problem
from labshare.kernel.money import Fen
from labshare.kernel.terms import Term
from labshare.kernel.time import ExactMinutes, Hours, Minutes

YEAR_MINUTES = 366 * 24 * 60
MOST_HOURS = 20_000
MOST_SAMPLES = 10_000
MOST_UNITS = 99
MOST_PAYMENT_DAYS = 365


@dataclass(frozen=True, kw_only=True)
class LabDetails:
    """`town` is a code of nine digits; coordinates WGS 84, decimal degrees as text; lead time and horizon minutes."""

    name: str = ""
    name_en: str = ""
    town: str = ""
    address: str = ""
    address_en: str = ""
    directions: str = ""
    directions_en: str = ""
    longitude: str = ""
    latitude: str = ""
    contact: str = ""
    phone: str = ""
    email: str = ""
    description: str = ""
    description_en: str = ""
    automatic_confirmation: bool = False
    lead_time_minutes: Minutes = Minutes(0)
    horizon_minutes: Minutes = Minutes(90 * 24 * 60)
    payment_days: int = 30
    start_grid: int = 1


@dataclass(frozen=True, kw_only=True)
class InstrumentDetails:
    """The national platform's fields; money in fen, bookings' limits in work minutes."""

    inner_id: str = ""
    name: str = ""
    name_en: str = ""
    model: str = ""
    manufacturer: str = ""
    nation: str = "CN"
    class_code: str = OTHER
    original_value_fen: Fen | None = None
    begin_date: date | None = None
    usage: str = InstrumentUsage.GENERAL
    sharing: str = Sharing.OUTSIDE
    source: str = InstrumentSource.BOUGHT
    funds: str = Funds.OWN
    customs_supervised: bool = False
    condition: str = InstrumentCondition.NORMAL
    technical: str = ""
    function: str = ""
    subjects: str = ""
    service_content: str = ""
    requirement: str = ""
    shortest_minutes: Minutes | None = None
    longest_minutes: Minutes | None = None
    needs_calibration: bool = True


@dataclass(frozen=True, kw_only=True)
class TestItemDetails:
    """Minutes are exact decimals; hours whole; `free_cancel_minutes` before the start cancelling costs nothing."""

    __test__ = False

    name: str = ""
    name_en: str = ""
    category: str = ""
    description: str = ""
    description_en: str = ""
    sample_requirement: str = ""
    sample_requirement_en: str = ""
    setup_minutes: ExactMinutes = ExactMinutes(Decimal(0))
    sample_minutes: ExactMinutes = ExactMinutes(Decimal(0))
    run_minutes: ExactMinutes = ExactMinutes(Decimal(0))
    cleanup_minutes: Minutes = Minutes(0)
    samples_per_run: int = 1
    hours_min: Hours | None = None
    hours_max: Hours | None = None
    hours_step: Hours | None = None
    max_quantity: int = 100
    attended: bool = True
    runs_start_in_hours: bool = False
    statutory: bool = False
    turnaround_days: int = 5
    free_cancel_minutes: Minutes = Minutes(0)
    late_cancel_percent: int = 0
    no_show_percent: int = 0


_LAB_TEXTS = {
    "name": 120,
    "name_en": 160,
    "address": 200,
    "address_en": 200,
    "directions": 1000,
    "directions_en": 1000,
    "contact": 60,
    "phone": 30,
    "email": 254,
    "description": 4000,
    "description_en": 4000,
}
_INSTRUMENT_TEXTS = {
    "inner_id": 40,
    "name": 120,
    "name_en": 160,
    "model": 80,
    "manufacturer": 120,
    "technical": 4000,
    "function": 4000,
    "subjects": 100,
    "service_content": 4000,
    "requirement": 4000,
}
_ITEM_TEXTS = {
    "name": 120,
    "name_en": 160,
    "description": 4000,
    "description_en": 4000,
    "sample_requirement": 2000,
    "sample_requirement_en": 2000,
}


def _texts(details: Any, most: dict[str, int]) -> Iterator[Problem]:
    for name, limit in most.items():
        if len(getattr(details, name)) > limit:
            yield errors.TooLongText(name, max=limit)


def _required(details: Any, *names: str) -> Iterator[Problem]:
    for name in names:
        if not str(getattr(details, name)).strip():
            yield errors.Required(name)


def _range(details: Any, name: str, least: int, most: int) -> Iterator[Problem]:
    value = getattr(details, name)
    if value is not None and not least <= value <= most:
        yield errors.OutOfRange(name, least=least, most=most)


def _choice(details: Any, name: str, choices: type[Term]) -> Iterator[Problem]:
    if choices.known(getattr(details, name)) is None:
        yield errors.UnknownChoice(name)


def lab_problems(lab: LabDetails) -> Iterator[Problem]:
    yield from _required(lab, "name")
    yield from _texts(lab, _LAB_TEXTS)
    if not re.fullmatch(r"\d{9}", lab.town):
        yield errors.UnknownTown()
    if lab.email and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", lab.email):
        yield InvalidEmail()
    if not _coordinates_fit(lab):
        yield errors.BadCoordinates()
    yield from _range(lab, "lead_time_minutes", 0, YEAR_MINUTES)
    yield from _range(lab, "payment_days", 0, MOST_PAYMENT_DAYS)
    yield from _range(lab, "horizon_minutes", 60, 2 * YEAR_MINUTES)
    if lab.start_grid not in START_GRIDS:
        yield errors.UnknownGrid()
    if 0 <= lab.horizon_minutes < lab.lead_time_minutes:
        yield errors.OutOfRange("horizon_minutes", least=lab.lead_time_minutes, most=2 * YEAR_MINUTES)


def _coordinates_fit(lab: LabDetails) -> bool:
    if not lab.longitude and not lab.latitude:
        return True
    limits = ((lab.longitude, 180), (lab.latitude, 90))
    for text, limit in limits:
        if not re.fullmatch(r"-?\d{1,3}(\.\d{1,7})?", text):
            return False
        try:
            if abs(Decimal(text)) > limit:
                return False
        except InvalidOperation:
            return False
    return True


def instrument_problems(instrument: InstrumentDetails, today: date) -> Iterator[Problem]:
    yield from _required(instrument, "inner_id", "name")
    yield from _texts(instrument, _INSTRUMENT_TEXTS)
    if not is_class_code(instrument.class_code):
        yield errors.BadClassCode()
    if not re.fullmatch(r"[A-Z]{2}", instrument.nation):
        yield errors.UnknownChoice("nation")
    yield from _range(instrument, "original_value_fen", 0, 10**13)
    for name, choices in (
        ("usage", InstrumentUsage),
        ("sharing", Sharing),
        ("source", InstrumentSource),
        ("funds", Funds),
        ("condition", InstrumentCondition),
    ):
        yield from _choice(instrument, name, choices)
    if instrument.begin_date is not None and instrument.begin_date > today:
        yield errors.DateInFuture("begin_date")
    yield from _range(instrument, "shortest_minutes", 1, YEAR_MINUTES)
    yield from _range(instrument, "longest_minutes", 1, YEAR_MINUTES)
    shortest, longest = instrument.shortest_minutes, instrument.longest_minutes
    if shortest is not None and longest is not None and longest < shortest:
        yield errors.LongestBelowShortest()


@dataclass(frozen=True, kw_only=True)
class CalibrationDetails:
    """A certificate, valid on both its days and all between."""

    certificate: str
    issuer: str
    valid_from: date
    valid_to: date


def calibration_problems(one: CalibrationDetails, today: date) -> Iterator[Problem]:
    yield from _texts(one, {"certificate": 60, "issuer": 120})
    yield from _required(one, "certificate")
    if one.valid_to < one.valid_from:
        yield errors.DatesNotInOrder()
    if one.valid_from > today:
        yield errors.DateInFuture("valid_from")


def units_problems(units: int) -> Iterator[Problem]:
    if not 1 <= units <= MOST_UNITS:
        yield errors.OutOfRange("units", least=1, most=MOST_UNITS)


def item_problems(item: TestItemDetails) -> Iterator[Problem]:
    yield from _required(item, "name")
    yield from _texts(item, _ITEM_TEXTS)
    yield from _choice(item, "category", Category)
    for name in ("setup_minutes", "sample_minutes", "run_minutes"):
        yield from _range(item, name, 0, YEAR_MINUTES)
    yield from _range(item, "cleanup_minutes", 0, 7 * 24 * 60)
    yield from _range(item, "samples_per_run", 1, MOST_SAMPLES)
    yield from _range(item, "max_quantity", 1, MOST_SAMPLES)
    yield from _range(item, "turnaround_days", 0, 365)
    yield from _range(item, "free_cancel_minutes", 0, YEAR_MINUTES)
    yield from _range(item, "late_cancel_percent", 0, 100)
    yield from _range(item, "no_show_percent", 0, 100)
    yield from _hours(item)
    if item.attended and item.runs_start_in_hours:
        yield errors.RunsStartOnlyUnattended()
    if not takes_time(item):
        yield errors.NoWork()


def _hours(item: TestItemDetails) -> Iterator[Problem]:
    given = [value is not None for value in (item.hours_min, item.hours_max, item.hours_step)]
    if not any(given):
        return
    if not all(given):
        yield errors.HoursIncomplete()
        return
    for name in ("hours_min", "hours_max", "hours_step"):
        yield from _range(item, name, 1, MOST_HOURS)
    least, most, step = item.hours_min or 0, item.hours_max or 0, item.hours_step or 0
    if most < least or (step > 0 and (most - least) % step != 0):
        yield errors.HoursNotInOrder()
    if item.run_minutes:
        yield errors.RunMinutesWithHours()


def takes_time(item: TestItemDetails) -> bool:
    return bool(item.sample_minutes or item.run_minutes or item.setup_minutes or item.hours_min)


def changes(before: Any, after: Any, *, but: tuple[str, ...] = ()) -> tuple[dict[str, Any], dict[str, Any]]:
    """What differs between two entries of one kind, as the trail keeps it: dates as ISO text, decimals as text.

    `but` names fields with personal data, of which the trail holds only that they changed.
    """
    old: dict[str, Any] = {}
    new: dict[str, Any] = {}
    for one in fields(after):
        was, now = getattr(before, one.name, None) if before is not None else None, getattr(after, one.name)
        if was == now:
            continue
        if one.name in but:
            old[one.name], new[one.name] = None, "changed"
        else:
            old[one.name], new[one.name] = json_value(was), json_value(now)
    return old, new


def json_value(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value
