"""What a lab has, as the rows of sheets."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from labshare.catalogue.rules.entries import InstrumentDetails
from labshare.catalogue.rules.fees import FeeSpan
from labshare.catalogue.rules.importing.have import FeeValues, Have, HaveItem, Week
from labshare.catalogue.rules.importing.plans import ItemPlan
from labshare.catalogue.rules.sheets import COLUMNS
from labshare.catalogue.terms import SheetKind
from labshare.kernel.time import start_of_day


def instrument_row(details: InstrumentDetails, units: int) -> dict[str, Any]:
    """An instrument as the row of its sheet."""
    return {**vars(details), "units": units}


def rows_of(have: Have, kind: SheetKind) -> Iterator[dict[str, Any]]:
    """What the lab has as the rows of a sheet: values by the names of its columns; of bookings from before those that
    were not over when the day began."""
    if kind == SheetKind.INSTRUMENTS:
        for one in have.instruments.values():
            yield instrument_row(one.details, one.units)
    elif kind == SheetKind.CALIBRATIONS:
        for number, certificate in have.calibrations:
            yield {"inner_id": number, **vars(certificate)}
    elif kind == SheetKind.HOURS:
        for (number, since), hours in have.hours.items():
            yield hours_row(number, since, hours.week)
    elif kind == SheetKind.BOOKINGS:
        today = start_of_day(have.today)
        yield from (vars(one.promised) for one in have.promised if one.promised.ends_at > today)
    else:
        for item in have.items.values():
            if kind == SheetKind.TEST_ITEMS:
                yield item_row(item.id, item)
            else:
                yield from (fee_row(item.id, item.details.name, fee.span, fee.values) for fee in item.fees)


def hours_row(number: str, since: date, week: Week) -> dict[str, Any]:
    """Hours from a day on as the row of their sheet; `number` is the instrument's own, empty for the lab's."""
    days = {f"day{day}": spans for day, spans in enumerate(week or ((),) * 7, start=1)}
    return {"inner_id": number, "valid_from": since, **days, "as_lab": week is None}


def item_row(item_id: int, one: HaveItem | ItemPlan) -> dict[str, Any]:
    """A test item as the row of its sheet."""
    links = {"standards": one.standards, "instruments": one.instruments}
    return {"item_id": item_id, **vars(one.details), **links}


def fee_row(item_id: int, item: str, span: FeeSpan, values: FeeValues) -> dict[str, Any]:
    """A fee as the row of its sheet; `item` is the test item's name."""
    return {
        "item_id": item_id,
        "item": item,
        "basis": values.basis,
        "amount_fen": values.amount_fen,
        "minimum_fen": values.minimum_fen,
        **values.extras._asdict(),
        "valid_from": span.first,
        "valid_to": span.last,
    }


def cells_of(kind: SheetKind, row: Mapping[str, Any]) -> list[Any]:
    """A row as a file holds it."""
    return [column.cell(row[column.name]) for column in COLUMNS[kind]]
