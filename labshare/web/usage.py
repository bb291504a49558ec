"""The usage report as a page, for regulators over all labs and for a host firm over its own (R-USAGE-3)."""

from datetime import datetime
from typing import Any

from flask import Response, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from labshare.audit.services import record_export
from labshare.kernel.actor import Actor
from labshare.kernel.errors import NotFound
from labshare.kernel.formatting import clock_time, language, long_day, month, twin
from labshare.kernel.months import Month
from labshare.kernel.pdf import to_pdf
from labshare.kernel.tables import Sheet, to_csv, to_xlsx, yuan
from labshare.oversight.queries import UsageReport, UsageRow, usage_report
from labshare.oversight.rows import behind
from labshare.oversight.rules import Usage
from labshare.oversight.terms import UsageBy
from labshare.web.downloads import download
from labshare.web.forms import MonthField, QueryForm, SelectField
from labshare.web.numbers import asked_number

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
)  # fmt: skip
MOST_MONTHS = 36
FORMATS = ("csv", "xlsx", "pdf")


class UsageForm(QueryForm):
    first = MonthField(_l("From"), name="from")
    last = MonthField(_l("To"), name="to")
    by = SelectField(_l("Rows"), choices=UsageBy.choices())


def period(form: UsageForm, now: datetime) -> tuple[Month, Month]:
    """The months asked for; without, this year's up to the present one. At most three years."""
    present = Month.at(now)
    last = form.last.data or present
    first = form.first.data or Month(last.year, 1)
    if first > last:
        first, last = last, first
    return max(first, last.plus(1 - MOST_MONTHS)), last


def usage_page(actor: Actor, now: datetime, template: str, lab_id: int | None = None) -> Any:
    form = UsageForm()
    first, last = period(form, now)
    by = UsageBy.known(form.by.data) or UsageBy.LAB
    report = usage_report(actor, by, first, last, now, lab_id=lab_id)
    kind = request.args.get("format")
    if kind in FORMATS:
        return usage_file(actor, now, report, kind)
    form.first.data, form.last.data, form.by.data = first, last, by
    sort = request.args.get("sort", "code")
    rows_shown = sorted(report.rows, key=lambda row: _sort_key(row, sort.removeprefix("-")), reverse=sort[:1] == "-")
    page = asked_number("page")
    return render_template(
        template,
        form=form,
        report=report,
        rows=rows_shown[(page - 1) * 50 : page * 50],
        sort=sort,
        page={"number": page, "size": 50, "total": len(rows_shown)},
        definitions=DEFINITIONS,
        by_words=dict(UsageBy.choices()),
    )


def bookings_page(actor: Actor, now: datetime, template: str, by: str, key: int) -> Any:
    """What a row's figures are made of: each booking with what it adds to them, and the ledger's months."""
    form = UsageForm()
    first, last = period(form, now)
    if UsageBy.known(by) is None:
        raise NotFound
    page = asked_number("page")
    shown = behind(actor, by, key, first, last, now, offset=(page - 1) * 50, limit=50)  # type: ignore[arg-type]
    return render_template(
        template, shown=shown, first=first, last=last, by=by, key=key, by_words=dict(UsageBy.choices()),
        page={"number": page, "size": 50, "total": shown.bookings},
    )  # fmt: skip


def _sort_key(row: UsageRow, name: str) -> Any:
    usage = row.usage
    return {
        "available": usage.available_minutes or 0, "booked": usage.booked_minutes, "used": usage.used_minutes,
        "in_house": usage.in_house_minutes, "outside": usage.outside_minutes, "samples": usage.samples,
        "clients": usage.clients, "tests": usage.tests, "outside_revenue": usage.outside_fen,
        "recognised": usage.recognised_fen, "utilisation": usage.utilisation(1) or 0,
        "sharing": usage.sharing_rate or 0,
    }.get(name, row.code)  # fmt: skip


def usage_file(actor: Actor, now: datetime, report: UsageReport, kind: str) -> Response:
    """The report as a file of one of `FORMATS`, in the reader's language; the audit trail has who took it."""
    period = {"from": report.first, "to": report.last}
    record_export(actor, now, "usage", {"by": report.by, **period, "format": kind})
    head, rows = as_table(report)
    if kind == "pdf":
        facts = [
            f"{period_words(report.first, report.last)} · {report.by.label}",
            _("As of %(moment)s", moment=f"{long_day(now)} {clock_time(now)}"),
        ]
        notes = [(str(term), str(words)) for term, words in DEFINITIONS]
        content = to_pdf(_("Usage report"), facts, head, rows, notes=notes, language=language(), made_at=now)
    else:
        about = [(_("Period"), period_words(report.first, report.last)), (_("Rows"), str(report.by.label))]
        about += [(str(term), str(words)) for term, words in DEFINITIONS]
        sheet = Sheet(_("Definitions"), [_("Field"), _("Value")], about)
        content = to_csv(head, rows) if kind == "csv" else to_xlsx(head, rows, _("Usage report"), more=[sheet])
    return download(content, f"usage-{report.by}-{report.first}-{report.last}.{kind}")


def as_table(report: UsageReport) -> tuple[list[str], list[list[Any]]]:
    """The report with its total as rows for a file; hours with two decimals, money in yuan, rates as percentages."""
    head = [
        _("Code"), _("Name"), _("Hours open"), _("Hours booked"), _("Effective hours"),
        _("In-house hours"), _("Hours for outside clients"),
        _("%(rate)s, %%", rate=_("Utilisation")), _("%(rate)s, %%", rate=_("Sharing rate")),
        _("Bookings"), _("No-shows"), _("Tests finished"), _("Samples"), _("Firms served"), _("SMEs served"),
        _("Reports issued"), _("Recognised revenue (CNY)"), _("Outside revenue (CNY)"),
    ]  # fmt: skip
    rows = [[row.code, twin(row), *_figures(row.usage, report.months)] for row in report.rows]
    return head, [*rows, [_("Total"), "", *_figures(report.total, report.months)]]


def period_words(first: Month, last: Month) -> str:
    """One month, or the first and the last."""
    return month(first) if first == last else f"{month(first)} – {month(last)}"


def _figures(usage: Usage, months: int) -> list[Any]:
    def hours(minutes: int | None) -> Any:
        return None if minutes is None else yuan(round(minutes * 100 / 60))

    def percent(rate: Any) -> Any:
        return None if rate is None else yuan(round(rate * 10_000))

    return [
        hours(usage.available_minutes), hours(usage.booked_minutes), hours(usage.used_minutes),
        hours(usage.in_house_minutes), hours(usage.outside_minutes), percent(usage.utilisation(months)),
        percent(usage.sharing_rate),
        usage.bookings, usage.no_shows, usage.tests, usage.samples, usage.clients, usage.smes, usage.reports,
        yuan(usage.recognised_fen), yuan(usage.outside_fen),
    ]  # fmt: skip
