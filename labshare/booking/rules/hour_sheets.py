"""What a sheet of opening hours would change: decided by the rules of the form (R-SHEET-2)."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from labshare.booking.errors import HoursOverlap, LabNeedsHours
from labshare.booking.rules.hours import DAYS, check_first_day, check_weekly
from labshare.catalogue import errors
from labshare.catalogue.rules.filled import Filled
from labshare.catalogue.rules.importing.cells import note, twice
from labshare.catalogue.rules.importing.have import Have, HaveHours, Week
from labshare.catalogue.rules.importing.plans import HoursPlan
from labshare.catalogue.terms import SheetKind
from labshare.kernel.errors import Problem


def plan_hours(sheets: Iterable[Filled], have: Have) -> list[HoursPlan]:
    """The hours that differ from those that are there; what is wrong is noted in the sheet."""
    by_kind = {one.kind: one for one in sheets}
    sheet, machines = by_kind.get(SheetKind.HOURS), by_kind.get(SheetKind.INSTRUMENTS)
    numbers = {"", *have.instruments, *(row.values.get("inner_id", "") for row in (machines.rows if machines else ()))}
    made: list[HoursPlan] = []
    seen: dict[Any, int] = {}
    if sheet is None:
        return made
    for row in sheet.rows:
        number, since = row.values.get("inner_id", ""), row.values.get("valid_from")
        if number not in numbers:
            note(sheet, row, [errors.UnknownInnerId(number=number)])
        if since is None or row.unread or twice(sheet, row, seen, (number, since), "valid_from"):
            continue
        before = have.hours.get((number, since))
        week = week_of(row.values, before)
        if before is None or before.week != week:
            note(sheet, row, _problems(number, since, week, have.today))
            made.append(HoursPlan(number=number, valid_from=since, week=week, have=before))
    return made


def week_of(values: Mapping[str, Any], before: HaveHours | None = None) -> Week:
    """What a row says of the seven days; of those that the file has no column for, what is there already."""
    days = [f"day{day}" for day in range(1, DAYS + 1)]
    was = before.week if before else ((),) * DAYS
    if values.get("as_lab", was is None and not any(day in values for day in days)):
        return None
    return tuple(tuple(values.get(day, there)) for day, there in zip(days, was or ((),) * DAYS, strict=True))


def _problems(number: str, since: date, week: Week, today: date) -> Iterable[Problem]:
    try:
        check_first_day(since, today)
        if week is None and not number:
            raise LabNeedsHours
        if week is not None:
            check_weekly(week)
    except HoursOverlap as problem:
        yield HoursOverlap(f"day{problem.params['weekday'] + 1}", hours=problem.params["hours"])
    except Problem as problem:
        yield problem
