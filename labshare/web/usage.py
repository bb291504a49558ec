"""The usage report as a page, for regulators over all labs and for a host firm over its own (R-USAGE-3)."""

from datetime import datetime
from typing import Any

from flask import render_template, request
from flask_babel import lazy_gettext as _l

from labshare.http.downloads import TYPES
from labshare.http.usage import DEFINITIONS, MOST_MONTHS, usage_file
from labshare.kernel.actor import Actor
from labshare.kernel.errors import NotFound
from labshare.kernel.months import Month
from labshare.oversight.queries import UsageRow, usage_report
from labshare.oversight.rows import behind
from labshare.oversight.terms import UsageBy
from labshare.web.asked import asked_order, asked_page
from labshare.web.forms import MonthField, QueryForm, SelectField


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
    if kind in TYPES:
        return usage_file(actor, now, report, kind)
    form.first.data, form.last.data, form.by.data = first, last, by
    sort = asked_order("code")
    rows_shown = sorted(report.rows, key=lambda row: _sort_key(row, sort.removeprefix("-")), reverse=sort[:1] == "-")
    page = asked_page()
    return render_template(
        template,
        form=form,
        report=report,
        rows=rows_shown[page.offset : page.offset + page.size],
        sort=sort,
        page=page.of(len(rows_shown)),
        definitions=DEFINITIONS,
        by_labels=dict(UsageBy.choices()),
    )


def bookings_page(actor: Actor, now: datetime, template: str, by: str, key: int) -> Any:
    """What a row's figures are made of: each booking with what it adds to them, and the ledger's months."""
    form = UsageForm()
    first, last = period(form, now)
    if UsageBy.known(by) is None:
        raise NotFound
    page = asked_page()
    shown = behind(actor, by, key, first, last, now, offset=page.offset, limit=page.size)  # type: ignore[arg-type]
    return render_template(
        template,
        shown=shown,
        first=first,
        last=last,
        by=by,
        key=key,
        by_labels=dict(UsageBy.choices()),
        page=page.of(shown.bookings),
    )


def _sort_key(row: UsageRow, name: str) -> Any:
    usage = row.usage
    return {
        "available": usage.available_minutes or 0,
        "booked": usage.booked_minutes,
        "used": usage.used_minutes,
        "in_house": usage.in_house_minutes,
        "outside": usage.outside_minutes,
        "samples": usage.samples,
        "clients": usage.clients,
        "tests": usage.tests,
        "outside_revenue": usage.outside_fen,
        "recognised": usage.recognised_fen,
        "utilisation": usage.utilisation(1) or 0,
        "sharing": usage.sharing_rate or 0,
    }.get(name, row.code)
