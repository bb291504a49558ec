"""The catalogue as tables that people fill in: which columns a sheet has, how a cell is read and written. What the
values may be is said by the rules of the forms (`entries`, `fees`)."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from labshare.catalogue.rules.entries import InstrumentDetails, TestItemDetails
from labshare.catalogue.rules.sheets.bookings import BOOKINGS
from labshare.catalogue.rules.sheets.columns import LANGUAGES, VERSION, Column, in_both, localized_in
from labshare.catalogue.rules.sheets.fees import FEES
from labshare.catalogue.rules.sheets.hours import HOURS
from labshare.catalogue.rules.sheets.instruments import CALIBRATIONS, INSTRUMENTS
from labshare.catalogue.rules.sheets.test_items import TEST_ITEMS
from labshare.catalogue.terms import SheetKind

__all__ = ["COLUMNS", "LANGUAGES", "VERSION", "Column", "in_both", "localized_in"]


def _with_defaults(columns: tuple[Column, ...], details: type[Any]) -> tuple[Column, ...]:
    """An empty cell means what the details say where nothing is given."""
    given = {one.name: one.default for one in fields(details)}
    return tuple(
        Column(**{**vars(column), "blank": given[column.name]}) if column.name in given else column
        for column in columns
    )


COLUMNS: Mapping[SheetKind, tuple[Column, ...]] = {
    SheetKind.INSTRUMENTS: _with_defaults(INSTRUMENTS, InstrumentDetails),
    SheetKind.CALIBRATIONS: CALIBRATIONS,
    SheetKind.TEST_ITEMS: _with_defaults(TEST_ITEMS, TestItemDetails),
    SheetKind.FEES: FEES,
    SheetKind.HOURS: HOURS,
    SheetKind.BOOKINGS: BOOKINGS,
}
