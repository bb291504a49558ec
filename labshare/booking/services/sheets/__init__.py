"""Sheets that labs fill in, taken into their catalogue: checked first, then all or nothing, and undone as long as
nothing rests on it. The rules and the trail are those of the forms."""

from labshare.booking.services.sheets.importing import check_sheets, import_sheets
from labshare.booking.services.sheets.undoing import undo_import

__all__ = ["check_sheets", "import_sheets", "undo_import"]
