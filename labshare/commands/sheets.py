"""`labshare import`: sheets into a lab's catalogue from the command line, by the rules of the pages."""

from dataclasses import replace
from pathlib import Path

import click

from labshare.booking.services.sheets import check_sheets, import_sheets
from labshare.catalogue.errors import SheetsNotRight
from labshare.catalogue.queries.own import all_labs
from labshare.catalogue.rules.filled import kinds_in
from labshare.catalogue.terms import SheetKind
from labshare.commands import with_app
from labshare.kernel.actor import SYSTEM
from labshare.kernel.database import transaction
from labshare.kernel.errors import NotFound
from labshare.kernel.sheets import read_sheets
from labshare.kernel.time import utc_now
from labshare.organisations.terms import FirmRole

OF = {
    "instruments": (SheetKind.INSTRUMENTS, SheetKind.CALIBRATIONS, SheetKind.HOURS, SheetKind.BOOKINGS),
    "test-items": (SheetKind.TEST_ITEMS, SheetKind.FEES),
}
"""What each word takes of a workbook."""


@click.command(name="import")
@click.argument("what", type=click.Choice(list(OF)))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--lab", "code", required=True, help="The lab's code, such as XC-012.")
@click.option("--dry-run", is_flag=True, help="Check only; nothing is written.")
@with_app
def import_(what: str, file: Path, *, code: str, dry_run: bool) -> None:
    """Take an XLSX or CSV file into a lab: all of it or nothing, one message a bad cell. For instruments with their
    calibrations, opening hours and bookings from before, or test items with their fees; other sheets of the file are
    passed over."""
    lab = next((one for one in all_labs() if one.code == code), None)
    if lab is None:
        raise NotFound
    with file.open("rb") as opened:
        sheets = [one for one in read_sheets(opened) if kinds_in([one]) <= set(OF[what])]
    who = {"actor": replace(SYSTEM, firm_id=lab.firm_id, roles=SYSTEM.roles | {FirmRole.OWNER}), "now": utc_now()}
    plan = check_sheets(**who, lab_id=lab.id, sheets=sheets)
    for cell in plan.bad:
        click.echo(f"{cell.kind} {cell.letter}{cell.row} {cell.head}: {cell.problem.text}")
    if plan.bad:
        raise SheetsNotRight(n=len(plan.bad))
    if not dry_run:
        with transaction():
            import_sheets(**who, lab_id=lab.id, sheets=sheets, name=file.name)
    for kind in plan.rows:
        added, changed = plan.counts(kind)
        click.echo(f"{kind}: {added} new, {changed} changed")
