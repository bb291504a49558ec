"""Instruments and their certificates."""

from typing import Any

from labshare.catalogue import errors
from labshare.catalogue.rules import publishing
from labshare.catalogue.rules.entries import (
    CalibrationDetails,
    InstrumentDetails,
    calibration_problems,
    instrument_problems,
    units_problems,
)
from labshare.catalogue.rules.filled import Filled, Row
from labshare.catalogue.rules.importing.cells import given, lacking, note, twice
from labshare.catalogue.rules.importing.have import Have
from labshare.catalogue.rules.importing.plans import Plan
from labshare.catalogue.terms import Sharing


def plan_instruments(sheet: Filled, have: Have, made: Plan, calibrated: set[str]) -> None:
    seen: dict[Any, int] = {}
    for row in sheet.rows:
        number = row.values.get("inner_id", "")
        if number and twice(sheet, row, seen, number, "inner_id"):
            continue
        before = have.instruments.get(number)
        details: InstrumentDetails = given(row, InstrumentDetails, before.details if before else None)
        units = row.values.get("units", before.units if before else 1)
        problems = [*instrument_problems(details, have.today), *units_problems(units)]
        if before is not None and before.published and details != before.details:
            facts = publishing.InstrumentFacts(
                firm_verified=True,
                lab_published=True,
                model=bool(details.model.strip() and details.manufacturer.strip()),
                calibrated=not details.needs_calibration or before.calibrated or number in calibrated,
                open_to_others=details.sharing == Sharing.OUTSIDE,
            )
            problems += lacking(publishing.instrument_conditions(facts))
        note(sheet, row, problems)
        if before is None:
            made.instruments_added.append((details, units))
        elif (details, units) != (before.details, before.units):
            made.instruments_changed.append((before, details, units))


def plan_calibrations(sheet: Filled, have: Have, made: Plan, numbers: set[str]) -> None:
    entered = {(number, one.certificate, one.valid_from): one for number, one in have.calibrations}
    seen: dict[Any, int] = {}
    for row in sheet.rows:
        number = str(row.values.get("inner_id", ""))
        if number and number not in numbers:
            sheet.say(row.number, errors.UnknownInnerId(number=number))
        if row.unread:
            continue
        details = _certificate(row)
        key = (number, details.certificate, details.valid_from)
        if twice(sheet, row, seen, key, "certificate") or entered.get(key) == details:
            continue
        problems = list(calibration_problems(details, have.today))
        if key in entered:
            problems.append(errors.CertificateOverlaps())
        note(sheet, row, problems)
        made.calibrations_added.append((number, details))


def _certificate(row: Row) -> CalibrationDetails:
    return CalibrationDetails(
        certificate=row.values["certificate"],
        issuer=row.values.get("issuer", ""),
        valid_from=row.values["valid_from"],
        valid_to=row.values["valid_to"],
    )
