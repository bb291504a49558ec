"""A lab's catalogue as sheets tell of it, and what was taken in from sheets."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import selectinload

from labshare.booking.models import Booking, OpeningWeek, SheetImport, WantedBlock
from labshare.booking.queries.desk import held_between
from labshare.booking.rules.hours import as_weekly
from labshare.booking.rules.promised_sheets import TakenByUnit, Took
from labshare.booking.rules.time import Interval
from labshare.booking.terms import HoldingKind
from labshare.catalogue.models import Calibration, Fee, Instrument, Standard, TestItem
from labshare.catalogue.queries.lists import calibrated_until
from labshare.catalogue.rules.entries import CalibrationDetails, InstrumentDetails, TestItemDetails
from labshare.catalogue.rules.fees import FeeSpan, read_extras
from labshare.catalogue.rules.importing.have import (
    FeeValues,
    Have,
    HaveFee,
    HaveHours,
    HaveInstrument,
    HaveItem,
    HavePromised,
    Promised,
)
from labshare.catalogue.services.common import read
from labshare.kernel.database import db
from labshare.kernel.errors import NotFound
from labshare.kernel.formatting import SlotWriter


def lab_in_sheets(lab_id: int, day: date, standards: Collection[str] = ()) -> Have:
    """Instruments, calibrations, test items, fees, opening hours and bookings from before of a lab in the order in
    which they were entered, withdrawn ones too; `standards`: numbers in their one spelling that are looked up. Ten
    statements."""
    instruments = db.session.scalars(
        select(Instrument).where(Instrument.lab_id == lab_id).order_by(Instrument.id)
    ).all()
    until = calibrated_until([one.id for one in instruments if one.published], day)
    certificates = db.session.execute(
        select(Instrument.inner_id, Calibration)
        .join(Instrument, Instrument.id == Calibration.instrument_id)
        .where(Instrument.lab_id == lab_id)
        .order_by(Instrument.id, Calibration.valid_from, Calibration.id)
    )
    items = db.session.scalars(
        select(TestItem)
        .options(selectinload(TestItem.standards), selectinload(TestItem.instruments))
        .where(TestItem.lab_id == lab_id)
        .order_by(TestItem.id)
    ).all()
    return Have(
        today=day,
        instruments={
            one.inner_id: HaveInstrument(
                id=one.id,
                details=_plain(read(one, InstrumentDetails)),
                units=one.units,
                published=one.published,
                calibrated=one.id in until,
            )
            for one in instruments
        },
        calibrations=[(number, _plain(_certificate(one))) for number, one in certificates],
        items=_items(items, lab_id),
        standards=_listed(standards),
        hours=_hours(lab_id),
        promised=_promised(lab_id),
    )


def _promised(lab_id: int) -> list[HavePromised]:
    """By instrument, start and unit."""
    rows = db.session.execute(
        select(WantedBlock, Instrument.inner_id)
        .join(Instrument, Instrument.id == WantedBlock.instrument_id)
        .where(Instrument.lab_id == lab_id, WantedBlock.kind == HoldingKind.EARLIER)
    ).all()
    rows = sorted(
        rows, key=lambda row: (row.WantedBlock.instrument_id, row.WantedBlock.starts_at, row.WantedBlock.units)
    )
    return [
        HavePromised(
            id=one.id,
            promised=Promised(
                inner_id=number,
                unit=one.units[0],
                starts_at=one.starts_at,
                ends_at=one.ends_at,
                client=one.client,
                test=one.test,
                contact=one.contact,
                reference=one.reference,
            ),
        )
        for one, number in rows
    ]


def instruments_in(lab_id: int, numbers: Collection[str]) -> dict[str, int]:
    """The ids of a lab's instruments with these own numbers. One statement, none without numbers."""
    if not numbers:
        return {}
    own = select(Instrument.inner_id, Instrument.id).where(Instrument.lab_id == lab_id)
    return {number: row_id for number, row_id in db.session.execute(own) if number in numbers}


def taken_in(lab_id: int, spans: Mapping[str, Interval], now: datetime) -> TakenByUnit:
    """What takes these instruments' time, each within its span. Two statements, none without spans."""
    ids = instruments_in(lab_id, spans.keys())
    found: dict[str, dict[int, list[Took]]] = {number: {} for number in ids}
    if not ids:
        return found
    numbers = {row_id: number for number, row_id in ids.items()}
    since, until = min(one.starts_at for one in spans.values()), max(one.ends_at for one in spans.values())
    written = SlotWriter(table=True)
    for row in held_between(numbers.keys(), since, until, now=now):
        name = row.ref or " · ".join(filter(None, (str(HoldingKind(row.kind).phrase), row.note)))
        what = f"{name} {written(row.starts_at, row.ends_at)}"
        units = found[numbers[row.instrument_id]]
        units.setdefault(row.unit, []).append(Took(row.starts_at, row.ends_at, what=what))
    return found


def _hours(lab_id: int) -> dict[tuple[str, date], HaveHours]:
    """The lab's own first, then those of instruments; by their first day."""
    rows = db.session.execute(
        select(OpeningWeek.id, OpeningWeek.valid_from, OpeningWeek.weekly, func.coalesce(Instrument.inner_id, ""))
        .outerjoin(Instrument, Instrument.id == OpeningWeek.instrument_id)
        .where(OpeningWeek.lab_id == lab_id)
        .order_by(OpeningWeek.instrument_id.is_not(None), Instrument.id, OpeningWeek.valid_from)
    )
    return {(number, since): HaveHours(id=row_id, week=as_weekly(week)) for row_id, since, week, number in rows}


def _items(items: Sequence[TestItem], lab_id: int) -> dict[int, HaveItem]:
    fees: dict[int, list[HaveFee]] = {}
    rows = db.session.execute(
        select(Fee, func.max(Booking.booked_on))
        .join(TestItem, TestItem.id == Fee.test_item_id)
        .outerjoin(Booking, Booking.fee_id == Fee.id)
        .where(TestItem.lab_id == lab_id)
        .group_by(Fee.id)
        .order_by(Fee.test_item_id, Fee.valid_from)
    )
    for fee, used_to in rows:
        span = FeeSpan(fee.valid_from, fee.valid_to, fee.id)
        fees.setdefault(fee.test_item_id, []).append(
            HaveFee(id=fee.id, values=_values(fee), span=span, used_to=used_to)
        )
    return {
        item.id: HaveItem(
            id=item.id,
            details=_plain(read(item, TestItemDetails)),
            standards=tuple(standard.number for standard in item.standards),
            instruments=tuple(instrument.inner_id for instrument in item.instruments),
            published=item.published,
            fees=tuple(fees.get(item.id, ())),
        )
        for item in items
    }


def _values(fee: Fee) -> FeeValues:
    return FeeValues(
        basis=fee.basis,
        amount_fen=fee.amount_fen,
        minimum_fen=fee.minimum_fen,
        extras=read_extras(fee),
    )


def _certificate(one: Calibration) -> CalibrationDetails:
    return CalibrationDetails(
        certificate=one.certificate, issuer=one.issuer, valid_from=one.valid_from, valid_to=one.valid_to
    )


def _plain(details: Any) -> Any:
    """As a spreadsheet gives it back: without blanks around a text and without characters that cannot be seen."""
    for name, value in vars(details).items():
        if isinstance(value, str) and not value.isprintable():
            lines = value.replace("\r\n", "\n")
            shown = "".join(c if c.isprintable() or c == "\n" else " " for c in lines).strip()
            object.__setattr__(details, name, shown)
    return details


def _listed(spelled: Collection[str]) -> dict[str, str]:
    if not spelled:
        return {}
    rows = db.session.execute(
        select(Standard.search_number, Standard.number)
        .where(Standard.search_number.in_(list(spelled)))
        .order_by(Standard.id)
    )
    return dict(rows.all())


def last_import(lab_id: int) -> SheetImport | None:
    """The last one of a lab that is not undone. One statement."""
    return db.session.scalar(
        select(SheetImport)
        .where(SheetImport.lab_id == lab_id, SheetImport.undone_at.is_(None))
        .order_by(SheetImport.id.desc())
        .limit(1)
    )


def get_import(import_id: int) -> SheetImport:
    """Raises `NotFound`; whose it is the caller asks."""
    found = db.session.get(SheetImport, import_id)
    if found is None:
        raise NotFound
    return found
