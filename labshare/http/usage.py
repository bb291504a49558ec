"""The usage report as a file: for pages and API the same (R-USAGE-3)."""

from datetime import datetime
from typing import Any

from flask import Response
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from labshare.audit.services import record_export
from labshare.http.downloads import download, download_rows
from labshare.http.schemas.oversight import Figures, UsageRowInFile
from labshare.kernel.actor import Actor
from labshare.kernel.formatting import clock_time, language, long_day, month
from labshare.kernel.months import Month
from labshare.kernel.pdf import to_pdf
from labshare.kernel.tables import Sheet
from labshare.oversight.queries import UsageReport
from labshare.oversight.rules import Usage

DEFINITIONS = (
    (_l("Hours open"), _l("Opening hours less closures and blocks, for each unit of each instrument.")),
    (
        _l("Hours booked"),
        _l("From start to end of work of bookings confirmed or beyond that start in the months, no-shows included."),
    ),
    (
        _l("Effective hours"),
        _l(
            "Work finished in the months, with preparation and post-processing, by the machine time where it was "
            "entered; and in-house use that began in them and is over."
        ),
    ),
    (_l("In-house hours"), _l("Blocks of in-house use that are over; without test items, as a block names none.")),
    (_l("Utilisation"), _l("Effective hours ÷ 1,600 hours a year for each unit, in proportion to the months.")),
    (_l("Sharing rate"), _l("Effective hours for clients other than the lab's own firm ÷ effective hours.")),
    (_l("Tests finished"), _l("Bookings whose test ended in the month, whatever became of report and money.")),
    (
        _l("Firms served"),
        _l("Different firms other than the lab's own with a test finished in the months; a total counts a firm once."),
    ),
    (
        _l("Recognised revenue"),
        _l("Entries of the revenue ledger in these months, tax included; the lab's own firm as a client included."),
    ),
    (_l("Outside revenue"), _l("The part of recognised revenue whose client is not the lab's own firm.")),
)
MOST_MONTHS = 36


def usage_file(actor: Actor, now: datetime, report: UsageReport, kind: str) -> Response:
    """The report as a file of one of `TYPES`, in the reader's language; the audit trail has who took it."""
    period = {"from": report.first, "to": report.last}
    record_export(actor, now, "usage", {"by": report.by, **period, "format": kind})
    head, rows = as_table(report)
    name = f"usage-{report.by}-{report.first}-{report.last}"
    if kind == "pdf":
        facts = [
            f"{period_text(report.first, report.last)} · {report.by.label}",
            _("As of %(moment)s", moment=f"{long_day(now)} {clock_time(now)}"),
        ]
        notes = [(str(term), str(text)) for term, text in DEFINITIONS]
        content = to_pdf(_("Usage report"), facts, head, rows, notes=notes, language=language(), made_at=now)
        return download(content, f"{name}.pdf")
    about = [(_("Period"), period_text(report.first, report.last)), (_("Rows"), str(report.by.label))]
    about += [(str(term), str(text)) for term, text in DEFINITIONS]
    sheet = Sheet(_("Definitions"), [_("Field"), _("Value")], about)
    return download_rows(name, head, rows, kind, sheet=_("Usage report"), more=[sheet])


def rows_and_total(report: UsageReport) -> dict[str, Any]:
    """The report as its schema takes it: `first`, `last`, `by`, the rows as `items`, and their `total`."""

    def figures(of: Usage) -> dict[str, Any]:
        return vars(of) | {"utilisation": of.utilisation(report.months), "sharing_rate": of.sharing_rate}

    rows = [vars(row) | figures(row.usage) for row in report.rows]
    return vars(report) | {"items": rows, "total": figures(report.total)}


def as_table(report: UsageReport) -> tuple[list[str], list[list[Any]]]:
    """The report with its total as rows for a file; hours with two decimals, money in yuan, rates as percentages."""
    shown, row, figures = rows_and_total(report), UsageRowInFile(), Figures()
    total = [_("Total"), "", *figures.cells(shown["total"])]
    return row.head(), [*map(row.cells, shown["items"]), total]


def period_text(first: Month, last: Month) -> str:
    """One month, or the first and the last."""
    return month(first) if first == last else f"{month(first)} – {month(last)}"
