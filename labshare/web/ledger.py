"""The ledger's page and file, for a lab's own and for regulators; pages of a list; rows as a file."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from flask import make_response, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from labshare.audit.services import record_export
from labshare.catalogue.models import Lab
from labshare.kernel.actor import Actor
from labshare.kernel.formatting import twin
from labshare.kernel.months import Month
from labshare.kernel.tables import CSV_TYPE, XLSX_TYPE, Sheet, to_csv, to_xlsx, yuan
from labshare.kernel.time import utc_now
from labshare.settlement.queries.ledger import EntryLine, ledger_entries, ledger_months, ledger_rows, ledger_total
from labshare.settlement.terms import EntryCause
from labshare.web.documents import booking_href

PAGE_SIZE = 50


@dataclass(frozen=True)
class Page:
    """Which rows of how many; what the pager macro reads."""

    number: int
    size: int
    total: int

    @property
    def offset(self) -> int:
        return (self.number - 1) * self.size


def asked_page(total: int, size: int = PAGE_SIZE) -> Page:
    """The page of the address, at most the last one there is."""
    asked = request.args.get("page", "1")
    number = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 8 else 1
    return Page(max(1, min(number, -(-total // size) or 1)), size, total)


def answer_file(
    name: str, head: Sequence[str], rows: Iterable[Sequence[Any]], format: str,
    *, sheet: str = "Sheet1", more: Sequence[Sheet] = (),
) -> Response:  # fmt: skip
    """Rows as CSV or XLSX, formulas defused, as an attachment. `sheet`, `more`: the sheet's name and those after it,
    in XLSX alone."""
    content, type = (
        (to_csv(head, rows), CSV_TYPE) if format == "csv" else (to_xlsx(head, rows, sheet=sheet, more=more), XLSX_TYPE)
    )
    answer = make_response(content)
    answer.headers["Content-Type"] = type
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.{format}"'
    answer.cache_control.private = True
    return answer


def ledger_page(actor: Actor, template: str, labs: Sequence[Lab], lab_id: int | None) -> Any:
    """A month's entries with the document of each; without a month asked for, the latest that has any."""
    months = ledger_months(actor, lab_id=lab_id)
    month = asked_month() or (months[0].month if months else Month.at(utc_now()))
    format = request.args.get("format")
    if format in ("csv", "xlsx"):
        rows = list(map(_row, ledger_rows(actor, month, lab_id=lab_id)))
        record_export(actor, utc_now(), "ledger", {"month": month, "lab": lab_id or "", "format": format})
        return answer_file(f"ledger-{month}", _head(), rows, format)
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


def asked_month() -> Month | None:
    try:
        return Month.parse(request.args.get("month", ""))
    except ValueError:
        return None


def _head() -> list[str]:
    return [
        _("Month"), _("Booking"), _("Lab"), _("Instrument"), _("Test item"), _("Client"),
        _("Unified social credit code"), _("Document"), _("Document number"),
        _("Recognised revenue (CNY)"), _("Tax (CNY)"),
    ]  # fmt: skip


def _row(line: EntryLine) -> tuple[Any, ...]:
    return (
        line.entry.month,
        line.booking.ref,
        line.lab.code,
        twin(line.instrument),
        twin(line.test_item),
        twin(line.client),
        line.client.uscc,
        str(EntryCause(line.document.kind).label) if line.document else None,
        line.document.number if line.document else None,
        yuan(line.entry.amount_fen),
        yuan(line.entry.tax_fen),
    )
