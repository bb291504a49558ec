"""Sheets that labs fill in, taken into their catalogue: checked first, then all or nothing, and undone as long as
nothing rests on it. The rules and the trail are those of the forms."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import blake2s
from typing import Any, TypeVar

from flask_babel import lazy_gettext as _l
from sqlalchemy import bindparam, delete, insert, select

from labshare.audit.services import Entry, record, record_many
from labshare.booking.models import OpeningWeek, SheetImport
from labshare.booking.queries.sheets import get_import, lab_in_sheets, last_import
from labshare.booking.rules.hour_sheets import plan_hours, week_of
from labshare.booking.rules.hours import check_first_day
from labshare.booking.services.hours import lab_to_open, put_week, take_week
from labshare.booking.services.units import change_units
from labshare.catalogue import errors
from labshare.catalogue.models import (
    AccreditationScope,
    Calibration,
    Fee,
    Instrument,
    InstrumentUnit,
    Standard,
    TestItem,
    TestItemInstrument,
    TestItemStandard,
)
from labshare.catalogue.rules.entries import InstrumentDetails, TestItemDetails, changes, kept
from labshare.catalogue.rules.filled import filled_in
from labshare.catalogue.rules.importing import (
    FeeValues,
    Have,
    HaveFee,
    HaveInstrument,
    HaveItem,
    HoursPlan,
    ItemPlan,
    Plan,
    fee_row,
    fee_said,
    hours_row,
    instrument_row,
    item_row,
    plan,
    standards_named,
)
from labshare.catalogue.rules.sheets import COLUMNS
from labshare.catalogue.services import common
from labshare.catalogue.services.claims import SAID, claim_anew, drop_claims
from labshare.catalogue.services.fees import fee_values
from labshare.catalogue.services.index import rebuild_lab
from labshare.catalogue.services.instruments import certificate_values
from labshare.catalogue.terms import LifeState, SheetKind
from labshare.kernel.actor import Actor
from labshare.kernel.database import Base, Numbers, db, in_ids
from labshare.kernel.sheets import ReadSheet
from labshare.kernel.time import local_day
from labshare.kernel.verbs import name_action, verb

M = TypeVar("M", bound=Base)
REMOVED = {
    SheetKind.INSTRUMENTS: name_action("instrument.remove", _l("Instrument removed")),
    SheetKind.CALIBRATIONS: "calibration.remove",
    SheetKind.TEST_ITEMS: name_action("test_item.remove", _l("Test item removed")),
    SheetKind.FEES: "fee.remove",
}
"""What the trail says of a row that an undone import had added."""
_REFUSALS = {
    "inner_id": errors.InnerIdUsed,
    "fee_no_overlap": errors.FeesOverlap,
    "fee.test_item_id": errors.FeesOverlap,
    "ix_fee_test_item_id": errors.FeesOverlap,
    "fee_in_use": errors.FeeInUse,
}


def check_sheets(*, actor: Actor, now: datetime, lab_id: int, sheets: Sequence[ReadSheet]) -> Plan:
    """What these sheets would change in a lab, and every cell that stands in the way (R-SHEET-2). Writes nothing.

    Raises `NoSheet` and `NothingInSheets` for a file that is none, `NotFound`, `NotAllowed`.
    """
    common.own_lab(actor, lab_id)
    filled = filled_in(sheets)
    have = lab_in_sheets(lab_id, local_day(now), standards_named(filled))
    hours = plan_hours(filled, have)  # before the plan, which gathers what is wrong in any sheet
    made = plan(filled, have)
    made.hours = hours
    return made


@verb("sheets.import", title=_l("Table imported"), money=True)
def import_sheets(
    *, actor: Actor, now: datetime, lab_id: int, sheets: Sequence[ReadSheet], name: str
) -> SheetImport | None:
    """Write everything that the sheets change, or nothing (R-SHEET-3); `name` is the file's. None: nothing changes.

    Raises `SheetsNotRight` with bad cells, besides what `check_sheets` raises; what the database refuses is named as
    by the forms.
    """
    common.lock_lab(lab_id)  # one import of a lab after the other
    made = check_sheets(actor=actor, now=now, lab_id=lab_id, sheets=sheets)
    if made.bad:
        raise errors.SheetsNotRight(n=len(made.bad))
    if made.nothing:
        return None
    writing = _Writing(actor, now, lab_id)
    with common.refusals(_REFUSALS, date=local_day(now)):
        writing.instruments(made)
        writing.items(made)
        writing.fees(made)
        writing.hours(made.hours)
    row = SheetImport(
        lab_id=lab_id,
        name=name[:200],
        added=writing.added,
        changed=writing.changed,
        imported_by=actor.person_id,
        imported_at=now,
    )
    db.session.add(row)
    db.session.flush()
    record_many(actor, now, writing.events)
    added, changed = row.rows
    after = {"lab_id": lab_id, "rows_added": added, "rows_changed": changed}
    record(actor, now, "sheets.import", ("sheet_import", row.id), after=after)
    rebuild_lab(lab_id)
    return row


class _Writing:
    """A plan on its way into the tables."""

    def __init__(self, actor: Actor, now: datetime, lab_id: int) -> None:
        self.actor, self.now, self.lab_id = actor, now, lab_id
        self.events: list[Entry] = []
        self.added: dict[str, list[Any]] = {}
        self.changed: dict[str, list[Any]] = {}

    def _note(
        self,
        action: str,
        subject: tuple[str, int],
        before: Mapping[str, Any] | None,
        after: Mapping[str, Any] | None,
    ) -> None:
        self.events.append(Entry(action=action, subject=subject, before=before, after=after))

    def _adds(self, kind: SheetKind, row_id: int, row: Mapping[str, Any]) -> None:
        self.added.setdefault(kind, []).append([row_id, digest(kind, row)])

    def _changes(self, kind: SheetKind, row_id: int, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
        cells = {column.name: _cell(column.cell(before[column.name])) for column in COLUMNS[kind]}
        self.changed.setdefault(kind, []).append([row_id, digest(kind, after), cells])

    def instruments(self, made: Plan) -> None:
        """Instruments with their units, then certificates."""
        rows = []
        for details, units in made.instruments_added:
            row = Instrument(lab_id=self.lab_id, units=units, state=LifeState.DRAFT, created_at=self.now)
            common.fill(row, details)
            rows.append(row)
        db.session.add_all(rows)
        db.session.flush()
        places = [{"instrument_id": row.id, "unit": n} for row in rows for n in range(1, row.units + 1)]
        _insert(InstrumentUnit, places)
        for row, (details, count) in zip(rows, made.instruments_added, strict=True):
            _nothing, after = changes(None, details)
            self._note(
                "instrument.add",
                ("instrument", row.id),
                None,
                {"lab_id": self.lab_id, "units": count, **after},
            )
            self._adds(SheetKind.INSTRUMENTS, row.id, instrument_row(details, count))
        claim_anew(self.actor, self.now, rows)
        self.change_instruments(made.instruments_changed)
        ids = self._numbers()
        certificates = [Calibration(instrument_id=ids[number], **vars(one)) for number, one in made.calibrations_added]
        db.session.add_all(certificates)
        db.session.flush()
        for certificate, (number, one) in zip(certificates, made.calibrations_added, strict=True):
            subject = ("instrument", certificate.instrument_id)
            self._note("calibration.add", subject, None, certificate_values(certificate))
            self._adds(SheetKind.CALIBRATIONS, certificate.id, {"inner_id": number, **vars(one)})

    def change_instruments(self, changed: Sequence[tuple[HaveInstrument, Any, int]]) -> None:
        """Write other details, and other numbers of units by their own verb."""
        rows, anew = _rows(Instrument, [have.id for have, _details, _units in changed]), []
        for have, details, units in changed:
            before, after = changes(have.details, details)
            if not after.keys().isdisjoint(SAID[Instrument]):
                anew.append(rows[have.id])
            if after:
                common.fill(rows[have.id], details)
                self._note("instrument.edit", ("instrument", have.id), before, after)
            if units != have.units:
                change_units(actor=self.actor, now=self.now, instrument_id=have.id, units=units)
            self._changes(
                SheetKind.INSTRUMENTS,
                have.id,
                instrument_row(have.details, have.units),
                instrument_row(details, units),
            )
        claim_anew(self.actor, self.now, anew)
        db.session.flush()

    def hours(self, planned: Sequence[HoursPlan]) -> None:
        """Weeks of the lab and of its instruments, each by its own verb."""
        if not planned:
            return
        lab, ids = lab_to_open(self.actor, self.lab_id), self._numbers()
        for one in planned:
            instrument_id = ids[one.number] if one.number else None
            week = put_week(self.actor, self.now, lab, one.week, one.valid_from, instrument_id)
            row = hours_row(one.number, one.valid_from, one.week)
            if one.have is None:
                self._adds(SheetKind.HOURS, week.id, row)
            else:
                before = hours_row(one.number, one.valid_from, one.have.week)
                self._changes(SheetKind.HOURS, week.id, before, row)

    def items(self, made: Plan) -> None:
        """Test items with their standards and instruments. Afterwards each plan knows the id of its item."""
        self.ids = {id(one): one.have.id for one in made.items if one.have is not None}
        new = [one for one in made.items if one.have is None]
        rows = []
        for one in new:
            row = TestItem(lab_id=self.lab_id, state=LifeState.DRAFT, created_at=self.now)
            common.fill(row, one.details)
            rows.append(row)
        db.session.add_all(rows)
        db.session.flush()
        self.ids |= {id(one): row.id for one, row in zip(new, rows, strict=True)}
        changed = [one for one in made.items if one.changed]
        self._lookup(made.items)
        self._link(new)
        for one in new:
            item_id = self.ids[id(one)]
            _nothing, after = changes(None, one.details)
            values = {"lab_id": self.lab_id, **after, **self._links(one.standards, one.instruments)}
            self._note("test_item.add", ("test_item", item_id), None, values)
            self._adds(SheetKind.TEST_ITEMS, item_id, item_row(item_id, one))
        claim_anew(self.actor, self.now, rows)
        self.change_items(changed)

    def _lookup(self, items: Iterable[ItemPlan]) -> None:
        """The ids of what items are linked to, by their numbers."""
        numbers = {number for one in items for number in one.standards}
        numbers |= {number for one in items if one.have is not None for number in one.have.standards}
        listed = select(Standard.number, Standard.id).where(Standard.number.in_(list(numbers)))
        self.standards = dict(db.session.execute(listed).all())
        self.instrument_ids = self._numbers()

    def _numbers(self) -> dict[str, int]:
        """The ids of the lab's instruments by their own numbers."""
        own = select(Instrument.inner_id, Instrument.id).where(Instrument.lab_id == self.lab_id)
        return dict(db.session.execute(own).all())

    def _links(self, standards: Iterable[str], instruments: Iterable[str]) -> dict[str, list[int]]:
        return {
            "standards": sorted(self.standards[one] for one in standards),
            "instruments": sorted(self.instrument_ids[one] for one in instruments),
        }

    def _link(self, items: Iterable[ItemPlan]) -> None:
        by, on = [], []
        for one in items:
            item_id, links = self.ids[id(one)], self._links(one.standards, one.instruments)
            by += [{"test_item_id": item_id, "standard_id": each} for each in links["standards"]]
            on += [{"test_item_id": item_id, "instrument_id": each} for each in links["instruments"]]
        _insert(TestItemStandard, by)
        _insert(TestItemInstrument, on)

    def change_items(self, changed: Sequence[ItemPlan]) -> None:
        """Write other details and links. What an accreditation covers of a standard that is taken away ends with it."""
        rows, anew = _rows(TestItem, [one.have.id for one in changed if one.have is not None]), []
        for one in changed:
            have: HaveItem = one.have  # type: ignore[assignment]
            before, after = changes(have.details, one.details)
            was, now = self._links(have.standards, have.instruments), self._links(one.standards, one.instruments)
            for name in was:
                if was[name] != now[name]:
                    before[name], after[name] = was[name], now[name]
            common.fill(rows[have.id], one.details)
            if not after.keys().isdisjoint(SAID[TestItem]):
                anew.append(rows[have.id])
            if was["standards"] != now["standards"]:
                gone = AccreditationScope.standard_id.not_in(now["standards"])
                db.session.execute(delete(AccreditationScope).where(AccreditationScope.test_item_id == have.id, gone))
            self._note("test_item.edit", ("test_item", have.id), before, after)
            self._changes(SheetKind.TEST_ITEMS, have.id, item_row(have.id, have), item_row(have.id, one))
        db.session.flush()
        ids = [one.have.id for one in changed if one.have is not None]
        for table in (TestItemStandard, TestItemInstrument):
            _delete(table, table.test_item_id, ids)
        self._link(changed)
        claim_anew(self.actor, self.now, anew)
        for row in rows.values():
            db.session.expire(row, ["standards", "instruments"])

    def fees(self, made: Plan) -> None:
        """Ends first, then corrections, then new ones: two never hold on one day."""
        self.change_fees(made.items)
        rows: list[tuple[Fee, dict[str, Any]]] = []
        for one in made.items:
            for span, values in one.fees_added:
                fee = Fee(
                    test_item_id=self.ids[id(one)],
                    valid_from=span.first,
                    valid_to=span.last,
                    created_at=self.now,
                    **_columns(values),
                )
                rows.append((fee, fee_row(fee.test_item_id, one.name, span, values)))
        db.session.add_all(fee for fee, _row in rows)
        db.session.flush()
        for fee, row in rows:
            self._note("fee.add", ("test_item", fee.test_item_id), None, fee_values(fee))
            self._adds(SheetKind.FEES, fee.id, row)

    def change_fees(self, items: Iterable[ItemPlan]) -> None:
        """Write other last days, then other amounts."""
        touched: dict[int, tuple[ItemPlan, HaveFee]] = {}
        for one in items:
            for have in [fee for fee, _last in one.fees_ended] + [fee for fee, _values in one.fees_changed]:
                touched[have.id] = (one, have)
        rows = _rows(Fee, list(touched))
        said = {have.id: values for one, _have in touched.values() for have, values in one.fees_changed}
        lasts = {have.id: last for one, _have in touched.values() for have, last in one.fees_ended}
        for fee_id, last in lasts.items():
            fee = rows[fee_id]
            before = {"fee_id": fee_id, "valid_to": kept(fee.valid_to)}
            fee.valid_to = last
            self._note("fee.end", ("test_item", fee.test_item_id), before, {"fee_id": fee_id, "valid_to": kept(last)})
        db.session.flush()
        for fee_id, values in said.items():
            fee = rows[fee_id]
            was = fee_values(fee)
            for name, value in _columns(values).items():
                setattr(fee, name, value)
            self._note("fee.change", ("test_item", fee.test_item_id), was, fee_values(fee))
        db.session.flush()
        for fee_id, (one, have) in touched.items():
            item_id, span = rows[fee_id].test_item_id, have.span
            after = replace(span, last=lasts.get(fee_id, span.last))
            self._changes(
                SheetKind.FEES,
                fee_id,
                fee_row(item_id, one.name, span, have.values),
                fee_row(item_id, one.name, after, said.get(fee_id, have.values)),
            )


def _columns(values: FeeValues) -> dict[str, Any]:
    amounts = {"basis": values.basis, "amount_fen": values.amount_fen, "minimum_fen": values.minimum_fen}
    return amounts | values.extras.columns()


def _insert(table: type[Any], rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        db.session.execute(insert(table), rows)


def _among(column: Any, ids: Iterable[int]) -> Any:
    return in_ids(column, bindparam(None, list(ids), type_=Numbers))


def _rows(table: type[M], ids: Sequence[int]) -> dict[int, M]:
    """Rows by their ids, in one statement."""
    if not ids:
        return {}
    return {row.id: row for row in db.session.scalars(select(table).where(_among(table.id, ids)))}  # type: ignore[attr-defined]


def _delete(table: type[Any], column: Any, ids: Sequence[int]) -> None:
    if ids:
        rows = delete(table).where(_among(column, ids))
        db.session.execute(rows.execution_options(synchronize_session=False))


def _cell(cell: Any) -> str:
    return "" if cell is None else str(cell)


_NOT_ITS_OWN = ("item_id", "item")
"""What a row says of another one."""


def digest(kind: SheetKind, row: Mapping[str, Any]) -> str:
    """Of what a row says, so that a later change is seen."""
    said = {name: row[name] for name in (column.name for column in COLUMNS[kind]) if name not in _NOT_ITS_OWN}
    for name in ("standards", "instruments"):
        if name in said:
            said[name] = sorted(said[name])
    return blake2s(json.dumps(said, default=str, ensure_ascii=False).encode(), digest_size=8).hexdigest()


# ── Undoing ──────────────────────────────────────────────────────────────


@verb("sheets.undo", title=_l("Import undone"), money=True)
def undo_import(*, actor: Actor, now: datetime, import_id: int) -> SheetImport:
    """Take back what a lab's last import wrote: what it added goes, what it changed is as before (R-SHEET-4).

    Raises `NotTheLastImport`, `ImportUndone`; `ChangedSinceImport`, naming the first row that says something else by
    now or was published; `RestsOnImport` where the database knows of something that refers to a row;
    `HoursFromThePast` for hours that have held on a day.
    """
    found = get_import(import_id)
    common.own_lab(actor, found.lab_id)
    common.lock_lab(found.lab_id)
    if found.undone_at is not None:
        raise errors.ImportUndone
    last = last_import(found.lab_id)
    if last is None or last.id != found.id:
        raise errors.NotTheLastImport
    have = lab_in_sheets(found.lab_id, local_day(now))
    _as_imported(found, have)
    writing = _Writing(actor, now, found.lab_id)
    with common.refusals({"foreign": errors.RestsOnImport, **_REFUSALS}, date=local_day(now)):
        _take_back(found, have, writing)
    record_many(actor, now, writing.events)
    found.undone_by, found.undone_at = actor.person_id, now
    db.session.flush()
    record(actor, now, "sheets.undo", ("sheet_import", found.id), before={"lab_id": found.lab_id}, after=None)
    rebuild_lab(found.lab_id)
    return found


def _present(have: Have) -> dict[SheetKind, dict[int, tuple[str, dict[str, Any], bool]]]:
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
    }


def _as_imported(found: SheetImport, have: Have) -> None:
    """Whether every row is still as the import left it. Raises `ChangedSinceImport`."""
    present = _present(have)
    for kind, rows in present.items():
        for row_id, said, *_before in [*found.added.get(kind, ()), *found.changed.get(kind, ())]:
            name, row, published = rows.get(row_id, (found.name, None, False))
            if row is None or digest(kind, row) != said or (published and not _before):
                raise errors.ChangedSinceImport(name=name)


def _take_back(found: SheetImport, have: Have, writing: _Writing) -> None:
    """Fees before their items, items before their instruments; ends of fees once the new ones are gone."""
    added = {kind: [row_id for row_id, _digest in found.added.get(kind, ())] for kind in SheetKind}
    before = {kind: {row_id: cells for row_id, _said, cells in found.changed.get(kind, ())} for kind in SheetKind}
    _hours_back(added[SheetKind.HOURS], before[SheetKind.HOURS], have, writing)
    for kind, action in REMOVED.items():
        subjects = _subjects(kind, added[kind])
        writing.events += [
            Entry(action=action, subject=subjects[row_id], before=_named(kind, row_id)) for row_id in added[kind]
        ]
    _delete(Fee, Fee.id, added[SheetKind.FEES])
    items = added[SheetKind.TEST_ITEMS]
    for table in (TestItemStandard, TestItemInstrument):
        _delete(table, table.test_item_id, items)
    plans = [_plan_before(have.items[item_id], cells) for item_id, cells in before[SheetKind.TEST_ITEMS].items()]
    writing.items(Plan(items=plans))
    writing.change_fees(_fees_before(have, before[SheetKind.FEES]))
    drop_claims(TestItem, items)
    _delete(TestItem, TestItem.id, items)
    _delete(Calibration, Calibration.id, added[SheetKind.CALIBRATIONS])
    instruments = added[SheetKind.INSTRUMENTS]
    _delete(InstrumentUnit, InstrumentUnit.instrument_id, instruments)
    drop_claims(Instrument, instruments)
    _delete(Instrument, Instrument.id, instruments)
    known = {one.id: one for one in have.instruments.values()}
    writing.change_instruments(
        [
            (known[row_id], replace(known[row_id].details, **_only(InstrumentDetails, values)), values["units"])
            for row_id, cells in before[SheetKind.INSTRUMENTS].items()
            for values in (_values_before(SheetKind.INSTRUMENTS, cells),)
        ]
    )


def _hours_back(added: Sequence[int], before: Mapping[int, Mapping[str, str]], have: Have, writing: _Writing) -> None:
    """Weeks that were added go, others say what they said. Raises `HoursFromThePast` once one of them held on a day
    that is over."""
    if not added and not before:
        return
    lab, rows = lab_to_open(writing.actor, writing.lab_id), _rows(OpeningWeek, [*added, *before])
    for row in rows.values():
        check_first_day(row.valid_from, have.today)
    for row_id in added:
        take_week(writing.actor, writing.now, lab, rows[row_id])
    for row_id, cells in before.items():
        row, week = rows[row_id], week_of(_values_before(SheetKind.HOURS, cells))
        put_week(writing.actor, writing.now, lab, week, row.valid_from, row.instrument_id)


def _subjects(kind: SheetKind, ids: Sequence[int]) -> dict[int, tuple[str, int]]:
    """Of what the trail tells that a row is removed."""
    if kind == SheetKind.CALIBRATIONS:
        return {row.id: ("instrument", row.instrument_id) for row in _rows(Calibration, ids).values()}
    if kind == SheetKind.FEES:
        return {row.id: ("test_item", row.test_item_id) for row in _rows(Fee, ids).values()}
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
            said = fee_said(values)
            if not said.same(fee.values):
                one.fees_changed.append((fee, said))
            if values["valid_to"] != fee.span.last:
                one.fees_ended.append((fee, values["valid_to"]))
        plans.append(one)
    return plans
