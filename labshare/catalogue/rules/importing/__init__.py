"""What sheets that were filled in would change in a lab: decided by the rules of the forms, all at once (R-SHEET-2).

`plan` is pure: what the lab has comes in as `Have`, what is to be written goes out as `Plan`, with every bad cell.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from labshare.catalogue.rules.filled import Filled
from labshare.catalogue.rules.importing.have import Have
from labshare.catalogue.rules.importing.instruments import plan_calibrations, plan_instruments
from labshare.catalogue.rules.importing.plans import Plan
from labshare.catalogue.rules.importing.test_items import Items
from labshare.catalogue.rules.standards import normalise
from labshare.catalogue.terms import SheetKind


def standards_named(sheets: Iterable[Filled]) -> set[str]:
    """The standards that sheets name, in their one spelling."""
    rows = (row for one in sheets if one.kind == SheetKind.TEST_ITEMS for row in one.rows)
    return {normalise(number) for row in rows for number in row.values.get("standards", ())}


def plan(sheets: Sequence[Filled], have: Have) -> Plan:
    """What these sheets would change. With bad cells nothing of it may be written."""
    made = Plan(rows={one.kind: len(one.rows) for one in sheets})
    by_kind = {one.kind: one for one in sheets}
    calibrated: set[str] = set()
    if sheet := by_kind.get(SheetKind.CALIBRATIONS):
        calibrated = {row.values["inner_id"] for row in sheet.rows if not row.unread and _holds(row.values, have.today)}
    if sheet := by_kind.get(SheetKind.INSTRUMENTS):
        plan_instruments(sheet, have, made, calibrated)
    numbers = {*have.instruments, *(details.inner_id for details, _units in made.instruments_added)}
    if sheet := by_kind.get(SheetKind.INSTRUMENTS):  # those that are bad themselves are not missing
        numbers |= {row.values["inner_id"] for row in sheet.rows if "inner_id" in row.values}
    if sheet := by_kind.get(SheetKind.CALIBRATIONS):
        plan_calibrations(sheet, have, made, numbers)
    items = Items(have, made)
    if sheet := by_kind.get(SheetKind.TEST_ITEMS):
        items.read(sheet, numbers)
    if sheet := by_kind.get(SheetKind.FEES):
        items.read_fees(sheet)
    for one in sheets:
        made.bad += sorted(one.bad, key=lambda cell: (cell.row, len(cell.letter), cell.letter))
    return made


def _holds(values: Mapping[str, Any], day: date) -> bool:
    return bool(values["valid_from"] <= day <= values["valid_to"])
