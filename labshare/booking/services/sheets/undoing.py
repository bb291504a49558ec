"""An import taken back, as long as nothing rests on it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l

from labshare.audit.services import Entry, record, record_many
from labshare.booking.models import OpeningWeek, SheetImport
from labshare.booking.queries.sheets import get_import, lab_in_sheets, last_import
from labshare.booking.rules.hour_sheets import week_of
from labshare.booking.rules.hours import check_first_day
from labshare.booking.services.hours import lab_to_open, put_week, take_week
from labshare.booking.services.sheets.promised import (
    called,
    change_promised,
    give_back_promised,
    not_begun,
    wait_for_promised,
)
from labshare.booking.services.sheets.tables import delete_rows, rows_by_id
from labshare.booking.services.sheets.writing import REFUSALS, Writing, digest
from labshare.catalogue import errors
from labshare.catalogue.models import (
    Calibration,
    Fee,
    Instrument,
    InstrumentUnit,
    TestItem,
    TestItemInstrument,
    TestItemStandard,
)
from labshare.catalogue.rules.entries import InstrumentDetails, TestItemDetails
from labshare.catalogue.rules.importing.have import Have, HaveItem, Promised, fee_of_row
from labshare.catalogue.rules.importing.plans import ItemPlan, Plan
from labshare.catalogue.rules.importing.rows import fee_row, hours_row, instrument_row, item_row
from labshare.catalogue.rules.sheets import COLUMNS
from labshare.catalogue.services import common
from labshare.catalogue.services.claims import drop_claims
from labshare.catalogue.services.index import rebuild_lab
from labshare.catalogue.terms import SheetKind
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.time import local_day
from labshare.kernel.verbs import name_action, verb

REMOVED = {
    SheetKind.INSTRUMENTS: name_action("instrument.remove", _l("Instrument removed")),
    SheetKind.CALIBRATIONS: "calibration.remove",
    SheetKind.TEST_ITEMS: name_action("test_item.remove", _l("Test item removed")),
    SheetKind.FEES: "fee.remove",
}
"""What the trail says of a row that an undone import had added."""


@verb("sheets.undo", title=_l("Import undone"), money=True)
def undo_import(*, actor: Actor, now: datetime, import_id: int) -> SheetImport:
    """Take back what a lab's last import wrote: what it added goes, what it changed is as before (R-SHEET-4).

    Raises `NotTheLastImport`, `ImportUndone`; `ChangedSinceImport`, naming the first row that says something else by
    now or was published; `RestsOnImport` where the database knows of something that refers to a row;
    `HoursFromThePast` for hours that have held on a day.
    """
    found = get_import(import_id)
    common.own_lab(actor, found.lab_id)
    wait_for_promised(found, now)
    common.lock_lab(found.lab_id)
    if found.undone_at is not None:
        raise errors.ImportUndone
    last = last_import(found.lab_id)
    if last is None or last.id != found.id:
        raise errors.NotTheLastImport
    have = lab_in_sheets(found.lab_id, local_day(now))
    _as_imported(found, have)
    not_begun(found, have, now)
    writing = Writing(actor, now, found.lab_id)
    with common.refusals({"foreign": errors.RestsOnImport, **REFUSALS}, date=local_day(now)):
        _take_back(found, have, writing)
    record_many(actor, now, writing.events)
    found.undone_by, found.undone_at = actor.person_id, now
    db.session.flush()
    record(actor, now, "sheets.undo", ("sheet_import", found.id), before={"lab_id": found.lab_id}, after=None)
    rebuild_lab(found.lab_id)
    return found


def _present(have: Have) -> dict[SheetKind, dict[Any, tuple[str, dict[str, Any], bool]]]:
    """By sheet and id: how a row is called, what it says, and whether it is published."""
    instruments = {
        one.id: (one.details.name, instrument_row(one.details, one.units), one.published)
        for one in have.instruments.values()
    }
    items = {one.id: (one.details.name, item_row(one.id, one), one.published) for one in have.items.values()}
    fees = {
        fee.id: (one.details.name, fee_row(one.id, one.details.name, fee.span, fee.values), False)
        for one in have.items.values()
        for fee in one.fees
    }
    hours = {
        one.id: (f"{number} {since}".strip(), hours_row(number, since, one.week), False)
        for (number, since), one in have.hours.items()
    }
    return {
        SheetKind.INSTRUMENTS: instruments,
        SheetKind.TEST_ITEMS: items,
        SheetKind.FEES: fees,
        SheetKind.HOURS: hours,
        SheetKind.BOOKINGS: {one.id: (called(one.promised), vars(one.promised), False) for one in have.promised},
    }


def _as_imported(found: SheetImport, have: Have) -> None:
    """Whether every row is still as the import left it. Raises `ChangedSinceImport`."""
    present = _present(have)
    for kind, rows in present.items():
        for row_id, imported, *_before in [*found.added.get(kind, ()), *found.changed.get(kind, ())]:
            name, row, published = rows.get(row_id, (found.name, None, False))
            if row is None or digest(kind, row) != imported or (published and not _before):
                raise errors.ChangedSinceImport(name=name)


def _take_back(found: SheetImport, have: Have, writing: Writing) -> None:
    """Fees before their items, items before their instruments; ends of fees once the new ones are gone."""
    added = {kind: [row_id for row_id, _digest in found.added.get(kind, ())] for kind in SheetKind}
    before = {kind: {row_id: cells for row_id, _digest, cells in found.changed.get(kind, ())} for kind in SheetKind}
    give_back_promised(writing, added[SheetKind.BOOKINGS])
    _promised_before(before[SheetKind.BOOKINGS], have, writing)
    _hours_back(added[SheetKind.HOURS], before[SheetKind.HOURS], have, writing)
    for kind, action in REMOVED.items():
        subjects = _subjects(kind, added[kind])
        writing.events += [
            Entry(action=action, subject=subjects[row_id], before=_named(kind, row_id)) for row_id in added[kind]
        ]
    delete_rows(Fee, Fee.id, added[SheetKind.FEES])
    items = added[SheetKind.TEST_ITEMS]
    for table in (TestItemStandard, TestItemInstrument):
        delete_rows(table, table.test_item_id, items)
    plans = [_plan_before(have.items[item_id], cells) for item_id, cells in before[SheetKind.TEST_ITEMS].items()]
    writing.items(Plan(items=plans))
    writing.change_fees(_fees_before(have, before[SheetKind.FEES]))
    drop_claims(TestItem, items)
    delete_rows(TestItem, TestItem.id, items)
    delete_rows(Calibration, Calibration.id, added[SheetKind.CALIBRATIONS])
    instruments = added[SheetKind.INSTRUMENTS]
    delete_rows(InstrumentUnit, InstrumentUnit.instrument_id, instruments)
    drop_claims(Instrument, instruments)
    delete_rows(Instrument, Instrument.id, instruments)
    known = {one.id: one for one in have.instruments.values()}
    writing.change_instruments(
        [
            (known[row_id], replace(known[row_id].details, **_only(InstrumentDetails, values)), values["units"])
            for row_id, cells in before[SheetKind.INSTRUMENTS].items()
            for values in (_values_before(SheetKind.INSTRUMENTS, cells),)
        ]
    )


def _hours_back(added: Sequence[int], before: Mapping[int, Mapping[str, str]], have: Have, writing: Writing) -> None:
    """Weeks that were added go, others say what they said. Raises `HoursFromThePast` once one of them held on a day
    that is over."""
    if not added and not before:
        return
    lab, rows = lab_to_open(writing.actor, writing.lab_id), rows_by_id(OpeningWeek, [*added, *before])
    for row in rows.values():
        check_first_day(row.valid_from, have.today)
    for row_id in added:
        take_week(writing.actor, writing.now, lab, rows[row_id])
    for row_id, cells in before.items():
        row, week = rows[row_id], week_of(_values_before(SheetKind.HOURS, cells))
        put_week(writing.actor, writing.now, lab, week, row.valid_from, row.instrument_id)


def _promised_before(before: Mapping[str, Mapping[str, str]], have: Have, writing: Writing) -> None:
    """Bookings from before say again what they said."""
    changed = [one for one in have.promised if one.id in before]
    values = {one.id: _only(Promised, _values_before(SheetKind.BOOKINGS, before[one.id])) for one in changed}
    change_promised(writing, [(one, replace(one.promised, **values[one.id])) for one in changed])


def _subjects(kind: SheetKind, ids: Sequence[int]) -> dict[int, tuple[str, int]]:
    """Of what the trail tells that a row is removed."""
    if kind == SheetKind.CALIBRATIONS:
        return {row.id: ("instrument", row.instrument_id) for row in rows_by_id(Calibration, ids).values()}
    if kind == SheetKind.FEES:
        return {row.id: ("test_item", row.test_item_id) for row in rows_by_id(Fee, ids).values()}
    return {row_id: ("instrument" if kind == SheetKind.INSTRUMENTS else "test_item", row_id) for row_id in ids}


def _named(kind: SheetKind, row_id: int) -> dict[str, int] | None:
    names = {SheetKind.CALIBRATIONS: "calibration_id", SheetKind.FEES: "fee_id"}
    return {names[kind]: row_id} if kind in names else None


def _values_before(kind: SheetKind, cells: Mapping[str, str]) -> dict[str, Any]:
    return {
        column.name: column.value(cells[column.name]) if cells.get(column.name) else column.blank
        for column in COLUMNS[kind]
    }


def _only(kind: type[Any], values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name in kind.__dataclass_fields__}


def _plan_before(have: HaveItem, cells: Mapping[str, str]) -> ItemPlan:
    values = _values_before(SheetKind.TEST_ITEMS, cells)
    details = replace(have.details, **_only(TestItemDetails, values))
    return ItemPlan(details.name, have, details, values["standards"], values["instruments"], changed=True)


def _fees_before(have: Have, before: Mapping[int, Mapping[str, str]]) -> list[ItemPlan]:
    plans = []
    for item in have.items.values():
        one = ItemPlan(item.details.name, item, item.details, item.standards, item.instruments)
        for fee in item.fees:
            if (cells := before.get(fee.id)) is None:
                continue
            values = _values_before(SheetKind.FEES, cells)
            fee_before = fee_of_row(values)
            if not fee_before.same(fee.values):
                one.fees_changed.append((fee, fee_before))
            if values["valid_to"] != fee.span.last:
                one.fees_ended.append((fee, values["valid_to"]))
        plans.append(one)
    return plans
