"""The ledger's page and file, for a lab's own and for regulators."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from flask import render_template, request
from flask_babel import gettext as _

from labshare.audit.services import record_export
from labshare.catalogue.models import Lab
from labshare.http.downloads import download_rows
from labshare.http.schemas.settlement import EntryInFile
from labshare.kernel.actor import Actor
from labshare.kernel.months import Month
from labshare.kernel.tables import FORMATS, yuan
from labshare.kernel.time import utc_now
from labshare.settlement.queries.ledger import ledger_entries, ledger_months, ledger_rows, ledger_total
from labshare.settlement.terms import EntryCause
from labshare.web.asked import asked_month, asked_page
from labshare.web.documents import booking_href


def ledger_page(actor: Actor, template: str, labs: Sequence[Lab], lab_id: int | None) -> Any:
    """A month's entries with the document of each; without a month asked for, the latest that has any."""
    months = ledger_months(actor, lab_id=lab_id)
    month = asked_month() or (months[0].month if months else Month.at(utc_now()))
    format = request.args.get("format")
    if format in FORMATS:
        entry = EntryInFile()
        rows = list(map(entry.cells, ledger_rows(actor, month, lab_id=lab_id)))
        record_export(actor, utc_now(), "ledger", {"month": month, "lab": lab_id or "", "format": format})
        _count, amount_fen, tax_fen = ledger_total(actor, month, lab_id=lab_id)
        total = [_("Total"), *[""] * (len(entry.columns) - 3), yuan(amount_fen), yuan(tax_fen)]
        name = f"ledger-{month}"
        return download_rows(name, entry.head(), rows, format, sheet=_("Revenue ledger"), total=total)
    count, amount_fen, tax_fen = ledger_total(actor, month, lab_id=lab_id)
    page = asked_page(count)
    return render_template(
        template,
        months=months,
        month=month,
        shown=next((each for each in months if each.month == month), None),
        entries=ledger_entries(actor, month, lab_id=lab_id, limit=page.size, offset=page.offset),
        amount_fen=amount_fen,
        tax_fen=tax_fen,
        page=page,
        booking_href=partial(booking_href, actor=actor),
        labs=labs,
        causes=dict(EntryCause.choices()),
    )
