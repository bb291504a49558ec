"""What the firm spends, with the rows behind each figure; what it owes; the statement of account of a lab's month."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import pgettext
from werkzeug.wrappers import Response

from labshare.audit.services import record_export
from labshare.booking import services
from labshare.booking.queries.bookings import get_booking
from labshare.http.account_documents import account_file, as_of, balance_file, document_label, letter_file, party_line
from labshare.http.actor import current_actor
from labshare.http.downloads import TYPES, capped, download_rows
from labshare.http.limits import limited
from labshare.http.rights import OWN_BOOKINGS, THE_BOOKING, requires
from labshare.http.usage import period_text
from labshare.kernel.actor import Actor
from labshare.kernel.formatting import month, twin
from labshare.kernel.months import Month
from labshare.kernel.tables import FORMATS, Sheet, yuan
from labshare.kernel.time import local_day, utc_now
from labshare.organisations.permissions import may
from labshare.organisations.queries import get_firm
from labshare.settlement.queries.accounts import account_with_lab, count_letters, get_letter, letters
from labshare.settlement.queries.owed import Owed, owed_by
from labshare.settlement.queries.spending import Moved, Spending, SpendingRow, Statement, documents, opened, spending
from labshare.settlement.queries.spending import statement as statement_of
from labshare.settlement.terms import Movement, SpendingBy
from labshare.web.accounts import PeriodForm
from labshare.web.asked import asked_choice, asked_month, asked_page, month_of
from labshare.web.charts import stacked_bars
from labshare.web.client import blueprint
from labshare.web.forms import Form, MonthField, QueryForm, SelectField, StringField, length
from labshare.web.steps import posted

MOST_ROWS = 50_000
MOST_MONTHS = 36


class SpendingForm(QueryForm):
    first = MonthField(_l("From"), name="from")
    last = MonthField(_l("To"), name="to")
    by = SelectField(_l("Rows"), choices=SpendingBy.choices())


class CostCentreForm(Form):
    cost_centre = StringField(
        _l("Cost centre"),
        description=_l("For your own spending; the lab does not see it."),
        validators=[length(40)],
    )


def _period(form: SpendingForm, now: datetime) -> tuple[Month, Month]:
    """The months asked for; without, this year's up to the present one. At most three years."""
    present = Month.at(now)
    last = form.last.data or present
    first = form.first.data or Month(last.year, 1)
    first, last = min(first, last), max(first, last)
    return max(first, last.plus(1 - MOST_MONTHS)), last


@blueprint.get("/client/spending")
@requires("spending.see", of=OWN_BOOKINGS)
@limited("report")
def spending_report() -> Any:
    actor, now = current_actor(), utc_now()
    form = SpendingForm()
    first, last = _period(form, now)
    by = SpendingBy.known(form.by.data) or SpendingBy.MONTH
    kind = request.args.get("format")
    if kind in FORMATS:
        return _spending_file(actor, now, by, first, last, kind)
    form.first.data, form.last.data, form.by.data = first, last, by
    shown = spending(actor, by, first, last)
    months = shown if by == SpendingBy.MONTH else spending(actor, SpendingBy.MONTH, first, last)
    paid = {row.key: row.paid_fen for row in months.rows}
    return render_template(
        "client/spending.html",
        form=form,
        shown=shown,
        owed=owed_by(actor, now, limit=0),
        name_of=_name_of,
        by_labels=dict(SpendingBy.choices()),
        chart=stacked_bars([(str(each.number), paid.get(str(each), 0), 0) for each in first.through(last)][-12:]),
    )


@blueprint.get("/client/spending/rows")
@requires("spending.see", of=OWN_BOOKINGS)
@limited("report")
def spending_rows() -> Any:
    """What a figure is made of."""
    actor, now = current_actor(), utc_now()
    form = SpendingForm()
    first, last = _period(form, now)
    by = SpendingBy.known(form.by.data) or SpendingBy.MONTH
    of = Movement.known(asked_choice("kind", Movement))
    key = request.args.get("key", "")[:40]
    file = request.args.get("format")
    page = asked_page()
    found = opened(
        actor,
        by,
        key,
        first,
        last,
        kind=of,
        limit=MOST_ROWS + 1 if file in FORMATS else page.size,
        offset=0 if file in FORMATS else page.offset,
    )
    if file in FORMATS:
        rows = _document_rows(found.rows)
        record_export(actor, now, "spending", request.args.to_dict())
        return download_rows(f"spending-{first}-{last}", _document_head(), rows, file, sheet=_("Documents"))
    return render_template(
        "client/spending_rows.html",
        shown=found,
        may_set_cost_centre=may(actor, "booking.set_cost_centre", client=actor.firm_id),
        name=_name_of(by, found.row),
        by=by,
        of=of,
        key=key,
        first=first,
        last=last,
        period=period_text(first, last),
        document_label=document_label,
        page=page.of(found.count),
    )


@blueprint.get("/client/owed")
@requires("spending.see", of=OWN_BOOKINGS)
@limited("report")
def owed() -> Any:
    """What is to be paid, by when."""
    actor, now = current_actor(), utc_now()
    file = request.args.get("format")
    if file in FORMATS:
        found = owed_by(actor, now, limit=MOST_ROWS + 1)
        head, rows = _owed_table(found)
        record_export(actor, now, "owed", {"format": file})
        return download_rows(f"owed-{local_day(now)}", head, rows, file, sheet=_("Still to pay"))
    page = asked_page()
    found = owed_by(actor, now, limit=page.size, offset=page.offset)
    return render_template("client/owed.html", shown=found, today=local_day(now), page=page.of(found.count))


@blueprint.get("/client/statements/<code>")
@requires("spending.see", of=OWN_BOOKINGS)
@limited("report")
def statement(code: str) -> Any:
    """The account with a lab in one month."""
    actor, now = current_actor(), utc_now()
    shown = statement_of(actor, code, asked_month() or Month.at(now))
    kind = request.args.get("format")
    if kind in TYPES:
        return _statement_file(actor, now, shown, kind)
    return render_template(
        "client/statement.html",
        shown=shown,
        present=Month.at(now),
        document_label=document_label,
        booking_href=_booking_href,
    )


@blueprint.get("/client/accounts/<uscc>")
@requires("spending.see", of=OWN_BOOKINGS)
@limited("report")
def account(uscc: str) -> Any:
    """The account with the firm of a lab, for any days: the one that it sends."""
    actor, now = current_actor(), utc_now()
    form = PeriodForm()
    since, until = form.period(local_day(now))
    shown = account_with_lab(actor, uscc, since, until, now=now)
    kind = request.args.get("format")
    if kind in TYPES:
        file = account_file(shown, kind, other=shown.lab_firm, now=now)
        record_export(actor, now, "statement", {"lab": uscc, "from": since, "to": until, "format": kind})
        return file
    return render_template(
        "client/account.html", shown=shown, form=form, document_label=document_label, booking_href=_booking_href
    )


@blueprint.get("/client/reminders")
@requires("spending.see", of=OWN_BOOKINGS)
def reminders() -> Any:
    """Dunning letters that labs sent the firm."""
    actor = current_actor()
    page = asked_page(count_letters(actor, came=True))
    found = letters(actor, came=True, limit=page.size, offset=page.offset)
    return render_template("client/reminders.html", letters=found, today=local_day(utc_now()), page=page)


@blueprint.get("/client/reminders/<int:reminder_id>.pdf")
@requires("spending.see", of=OWN_BOOKINGS)
@limited("report")
def reminder(reminder_id: int) -> Any:
    """One of them, as it was sent."""
    return letter_file(get_letter(current_actor(), reminder_id, came=True))


@blueprint.route("/bookings/<ref>/cost-centre", methods=["GET", "POST"])
@requires("booking.set_cost_centre", of=THE_BOOKING, verb="booking.set_cost_centre")
def cost_centre(ref: str) -> Any:
    """Write on a booking who bears its cost."""
    actor, now = current_actor(), utc_now()
    booking = get_booking(actor, ref)
    form = CostCentreForm(cost_centre=booking.cost_centre)
    answer = posted(
        form,
        lambda: services.set_cost_centre(actor=actor, now=now, ref=ref, cost_centre=form.cost_centre.data or ""),
        lambda _done: (_("Saved."), url_for(".booking", ref=ref)),
    )
    if isinstance(answer, Response):
        return answer
    return render_template("client/cost_centre.html", form=form, booking=booking), answer


def _booking_href(ref: str) -> str:
    return url_for(".booking", ref=ref)


# Files


def _name_of(by: SpendingBy, row: SpendingRow) -> str:
    """How a row is called, in the reader's language."""
    if by == SpendingBy.MONTH:
        return month(month_of(row.key))
    if by == SpendingBy.COST_CENTRE:
        return row.name or _("None written")
    return twin(row)


def _spending_file(actor: Actor, now: datetime, by: SpendingBy, first: Month, last: Month, kind: str) -> Any:
    record_export(actor, now, "spending", {"by": by, "from": first, "to": last, "format": kind})
    found: Spending = spending(actor, by, first, last)
    head = [str(by.label), _("Invoiced (CNY)"), pgettext("client", "Paid (CNY)")]
    rows: list[list[Any]] = [[_name_of(by, row), yuan(row.invoiced_fen), yuan(row.paid_fen)] for row in found.rows]
    rows.append([_("Total"), yuan(found.invoiced_fen), yuan(found.paid_fen)])
    behind = Sheet(_("Documents"), _document_head(), _document_rows(documents(actor, first, last, limit=MOST_ROWS + 1)))
    return download_rows(f"spending-{by}-{first}-{last}", head, rows, kind, sheet=_("Spending"), more=[behind])


def _document_head() -> list[str]:
    return [
        _("Date"),
        _("Kind"),
        _("Number"),
        _("Booking"),
        _("Lab"),
        _("Test item"),
        _("Booked by"),
        _("Cost centre"),
        _("Amount (CNY)"),
    ]


def _document_rows(found: Sequence[Moved]) -> list[Sequence[Any]]:
    rows = [
        [
            each.day,
            str(Movement(each.kind).label),
            each.text,
            each.booking.ref,
            twin(each.booking.lab),
            twin(each.booking.test_item),
            each.person,
            each.booking.cost_centre,
            yuan(each.amount_fen),
        ]
        for each in found
    ]
    return capped(rows, MOST_ROWS)


def _owed_table(found: Owed) -> tuple[list[str], list[Sequence[Any]]]:
    head = [
        _("Due on"),
        _("Invoice"),
        _("Invoice date"),
        _("Lab"),
        _("Booking"),
        _("Test item"),
        _("Still to pay (CNY)"),
    ]
    rows = [
        [
            row.due_on,
            row.number,
            row.issued_on,
            twin(row.booking.lab),
            row.booking.ref,
            twin(row.booking.test_item),
            yuan(row.left_fen),
        ]
        for row in found.rows
    ]
    return head, capped(rows, MOST_ROWS)


def _statement_file(actor: Actor, now: datetime, shown: Statement, kind: str) -> Any:
    record_export(actor, now, "statement", {"lab": shown.lab.code, "month": shown.month, "format": kind})
    client, lab = get_firm(actor.firm_id or 0), shown.lab
    facts = [
        party_line(_("Client"), twin(client), client.uscc),
        party_line(_("Lab"), twin(lab), twin(lab.firm), lab.firm.uscc),
        f"{month(shown.month)} · {as_of(now)}",
    ]
    return balance_file(shown, f"statement-{lab.code}-{shown.month}", kind, facts=facts, now=now)
