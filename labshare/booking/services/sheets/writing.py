"""A plan on its way into the tables, with the events that the forms would write."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import blake2s
from typing import Any

from sqlalchemy import delete, select

from labshare.audit.services import Entry
from labshare.booking.errors import PromisedTakenMeanwhile
from labshare.booking.services.hours import lab_to_open, put_week
from labshare.booking.services.sheets.tables import delete_rows, insert_rows, rows_by_id
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
from labshare.catalogue.rules.entries import InstrumentDetails, changes, json_value
from labshare.catalogue.rules.importing.have import FeeValues, HaveFee, HaveInstrument, HaveItem
from labshare.catalogue.rules.importing.plans import HoursPlan, ItemPlan, Plan
from labshare.catalogue.rules.importing.rows import fee_row, hours_row, instrument_row, item_row
from labshare.catalogue.rules.sheets import COLUMNS
from labshare.catalogue.services import common
from labshare.catalogue.services.claims import CLAIMED_FIELDS, claim_anew
from labshare.catalogue.services.fees import fee_values
from labshare.catalogue.services.instruments import certificate_values
from labshare.catalogue.terms import LifeState, SheetKind
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.progress import AT_ONCE, WRITING, Progress, in_parts, no_progress

REFUSALS = {
    "inner_id": errors.InnerIdUsed,
    "fee_no_overlap": errors.FeesOverlap,
    "fee.test_item_id": errors.FeesOverlap,
    "ix_fee_test_item_id": errors.FeesOverlap,
    "fee_in_use": errors.FeeInUse,
    "holding_no_overlap": PromisedTakenMeanwhile,
}
"""What the database refuses, as the forms say it."""


class Writing:
    """A plan on its way into the tables, which tells how many of its `total` rows are there."""

    def __init__(
        self, actor: Actor, now: datetime, lab_id: int, *, progress: Progress = no_progress, total: int = 0
    ) -> None:
        self.actor, self.now, self.lab_id = actor, now, lab_id
        self._progress, self._total = progress, total
        self.events: list[Entry] = []
        self.added: dict[str, list[Any]] = {}
        self.changed: dict[str, list[Any]] = {}

    def event(
        self,
        action: str,
        subject: tuple[str, int | str],
        before: Mapping[str, Any] | None,
        after: Mapping[str, Any] | None,
    ) -> None:
        """Write an event at the end."""
        self.events.append(Entry(action=action, subject=subject, before=before, after=after))

    def adds(self, kind: SheetKind, row_id: int | str, row: Mapping[str, Any]) -> None:
        self.added.setdefault(kind, []).append([row_id, digest(kind, row)])
        self._written()

    def changes(self, kind: SheetKind, row_id: int | str, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
        cells = {column.name: _cell(column.cell(before[column.name])) for column in COLUMNS[kind]}
        self.changed.setdefault(kind, []).append([row_id, digest(kind, after), cells])
        self._written()

    def _written(self) -> None:
        done = sum(map(len, (*self.added.values(), *self.changed.values())))
        if done % AT_ONCE == 0 or done == self._total:
            self._progress(WRITING, done, self._total)

    def instruments(self, made: Plan) -> None:
        """Instruments with their units, then certificates."""
        for part in in_parts(made.instruments_added):
            self._add_instruments(part)
        self.change_instruments(made.instruments_changed)
        ids = self.numbers()
        certificates = [Calibration(instrument_id=ids[number], **vars(one)) for number, one in made.calibrations_added]
        db.session.add_all(certificates)
        db.session.flush()
        for certificate, (number, one) in zip(certificates, made.calibrations_added, strict=True):
            subject = ("instrument", certificate.instrument_id)
            self.event("calibration.add", subject, None, certificate_values(certificate))
            self.adds(SheetKind.CALIBRATIONS, certificate.id, {"inner_id": number, **vars(one)})

    def _add_instruments(self, added: Sequence[tuple[InstrumentDetails, int]]) -> None:
        rows = []
        for details, units in added:
            row = Instrument(lab_id=self.lab_id, units=units, state=LifeState.DRAFT, created_at=self.now)
            common.fill(row, details)
            rows.append(row)
        db.session.add_all(rows)
        db.session.flush()
        places = [{"instrument_id": row.id, "unit": n} for row in rows for n in range(1, row.units + 1)]
        insert_rows(InstrumentUnit, places)
        for row, (details, count) in zip(rows, added, strict=True):
            _nothing, after = changes(None, details)
            values = {"lab_id": self.lab_id, "units": count, **after}
            self.event("instrument.add", ("instrument", row.id), None, values)
            self.adds(SheetKind.INSTRUMENTS, row.id, instrument_row(details, count))
        claim_anew(self.actor, self.now, rows)

    def change_instruments(self, changed: Sequence[tuple[HaveInstrument, Any, int]]) -> None:
        """Write other details, and other numbers of units by their own verb."""
        rows, anew = rows_by_id(Instrument, [have.id for have, _details, _units in changed]), []
        for have, details, units in changed:
            before, after = changes(have.details, details)
            if not after.keys().isdisjoint(CLAIMED_FIELDS[Instrument]):
                anew.append(rows[have.id])
            if after:
                common.fill(rows[have.id], details)
                self.event("instrument.edit", ("instrument", have.id), before, after)
            if units != have.units:
                change_units(actor=self.actor, now=self.now, instrument_id=have.id, units=units)
            self.changes(
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
        lab, ids = lab_to_open(self.actor, self.lab_id), self.numbers()
        for one in planned:
            instrument_id = ids[one.number] if one.number else None
            week = put_week(self.actor, self.now, lab, one.week, one.valid_from, instrument_id)
            row = hours_row(one.number, one.valid_from, one.week)
            if one.have is None:
                self.adds(SheetKind.HOURS, week.id, row)
            else:
                before = hours_row(one.number, one.valid_from, one.have.week)
                self.changes(SheetKind.HOURS, week.id, before, row)

    def items(self, made: Plan) -> None:
        """Test items with their standards and instruments. Afterwards each plan knows the id of its item."""
        self.ids = {id(one): one.have.id for one in made.items if one.have is not None}
        self._lookup(made.items)
        for part in in_parts([one for one in made.items if one.have is None]):
            self._add_items(part)
        self.change_items([one for one in made.items if one.changed])

    def _add_items(self, new: Sequence[ItemPlan]) -> None:
        rows = []
        for one in new:
            row = TestItem(lab_id=self.lab_id, state=LifeState.DRAFT, created_at=self.now)
            common.fill(row, one.details)
            rows.append(row)
        db.session.add_all(rows)
        db.session.flush()
        self.ids |= {id(one): row.id for one, row in zip(new, rows, strict=True)}
        self._link(new)
        for one in new:
            item_id = self.ids[id(one)]
            _nothing, after = changes(None, one.details)
            values = {"lab_id": self.lab_id, **after, **self._links(one.standards, one.instruments)}
            self.event("test_item.add", ("test_item", item_id), None, values)
            self.adds(SheetKind.TEST_ITEMS, item_id, item_row(item_id, one))
        claim_anew(self.actor, self.now, rows)

    def _lookup(self, items: Iterable[ItemPlan]) -> None:
        """The ids of what items are linked to, by their numbers."""
        numbers = {number for one in items for number in one.standards}
        numbers |= {number for one in items if one.have is not None for number in one.have.standards}
        listed = select(Standard.number, Standard.id).where(Standard.number.in_(list(numbers)))
        self.standards = dict(db.session.execute(listed).all())
        self.instrument_ids = self.numbers()

    def numbers(self) -> dict[str, int]:
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
        insert_rows(TestItemStandard, by)
        insert_rows(TestItemInstrument, on)

    def change_items(self, changed: Sequence[ItemPlan]) -> None:
        """Write other details and links. What an accreditation covers of a standard that is taken away ends with it."""
        rows, anew = rows_by_id(TestItem, [one.have.id for one in changed if one.have is not None]), []
        for one in changed:
            have: HaveItem = one.have  # type: ignore[assignment]
            before, after = changes(have.details, one.details)
            was, now = self._links(have.standards, have.instruments), self._links(one.standards, one.instruments)
            for name in was:
                if was[name] != now[name]:
                    before[name], after[name] = was[name], now[name]
            common.fill(rows[have.id], one.details)
            if not after.keys().isdisjoint(CLAIMED_FIELDS[TestItem]):
                anew.append(rows[have.id])
            if was["standards"] != now["standards"]:
                gone = AccreditationScope.standard_id.not_in(now["standards"])
                db.session.execute(delete(AccreditationScope).where(AccreditationScope.test_item_id == have.id, gone))
            self.event("test_item.edit", ("test_item", have.id), before, after)
            self.changes(SheetKind.TEST_ITEMS, have.id, item_row(have.id, have), item_row(have.id, one))
        db.session.flush()
        ids = [one.have.id for one in changed if one.have is not None]
        for table in (TestItemStandard, TestItemInstrument):
            delete_rows(table, table.test_item_id, ids)
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
            self.event("fee.add", ("test_item", fee.test_item_id), None, fee_values(fee))
            self.adds(SheetKind.FEES, fee.id, row)

    def change_fees(self, items: Iterable[ItemPlan]) -> None:
        """Write other last days, then other amounts."""
        touched: dict[int, tuple[ItemPlan, HaveFee]] = {}
        for one in items:
            for have in [fee for fee, _last in one.fees_ended] + [fee for fee, _values in one.fees_changed]:
                touched[have.id] = (one, have)
        rows = rows_by_id(Fee, list(touched))
        new_values = {have.id: values for one, _have in touched.values() for have, values in one.fees_changed}
        lasts = {have.id: last for one, _have in touched.values() for have, last in one.fees_ended}
        for fee_id, last in lasts.items():
            fee = rows[fee_id]
            before = {"fee_id": fee_id, "valid_to": json_value(fee.valid_to)}
            fee.valid_to = last
            self.event(
                "fee.end", ("test_item", fee.test_item_id), before, {"fee_id": fee_id, "valid_to": json_value(last)}
            )
        db.session.flush()
        for fee_id, values in new_values.items():
            fee = rows[fee_id]
            was = fee_values(fee)
            for name, value in _columns(values).items():
                setattr(fee, name, value)
            self.event("fee.change", ("test_item", fee.test_item_id), was, fee_values(fee))
        db.session.flush()
        for fee_id, (one, have) in touched.items():
            item_id, span = rows[fee_id].test_item_id, have.span
            after = replace(span, last=lasts.get(fee_id, span.last))
            self.changes(
                SheetKind.FEES,
                fee_id,
                fee_row(item_id, one.name, span, have.values),
                fee_row(item_id, one.name, after, new_values.get(fee_id, have.values)),
            )


def _columns(values: FeeValues) -> dict[str, Any]:
    amounts = {"basis": values.basis, "amount_fen": values.amount_fen, "minimum_fen": values.minimum_fen}
    return amounts | values.extras.columns()


def _cell(cell: Any) -> str:
    return "" if cell is None else str(cell)


_NOT_ITS_OWN = ("item_id", "item")
"""What a row says of another one."""


def digest(kind: SheetKind, row: Mapping[str, Any]) -> str:
    """Of what a row says, so that a later change is seen."""
    own = {name: row[name] for name in (column.name for column in COLUMNS[kind]) if name not in _NOT_ITS_OWN}
    for name in ("standards", "instruments"):
        if name in own:
            own[name] = sorted(own[name])
    return blake2s(json.dumps(own, default=str, ensure_ascii=False).encode(), digest_size=8).hexdigest()
