"""Accounts with clients: what each owes, the statement of account, reminders to one or many (R-DUN)."""

from datetime import date
from functools import partial
from typing import Any

from flask import render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from werkzeug.wrappers import Response

from labshare.audit.services import record_export
from labshare.http.account_documents import account_file, document_label, letter_file, letter_text
from labshare.http.actor import current_actor
from labshare.http.downloads import TYPES
from labshare.http.limits import limited
from labshare.http.rights import OWN_LABS, THE_CLIENT, requires
from labshare.kernel.errors import Problem
from labshare.kernel.formatting import day, number
from labshare.kernel.time import local_day, utc_now
from labshare.organisations.permissions import may
from labshare.settlement import services
from labshare.settlement.queries.accounts import (
    account_with_client,
    get_letter,
    letters,
    statements_sent,
)
from labshare.settlement.queries.reminders import overdue_clients
from labshare.settlement.rules.reminders import payable_from, usual_date_to_pay
from labshare.web.accounts import PeriodForm
from labshare.web.documents import booking_href
from labshare.web.forms import DayField, Form, required
from labshare.web.lab import blueprint
from labshare.web.steps import posted, pressed

SENT_SHOWN = 20


class LetterForm(Form):
    pay_by = DayField(_l("New date to pay"), [required()])


def letter_form(today: date) -> LetterForm:
    return LetterForm(pay_by=usual_date_to_pay(today))


@blueprint.get("/overdue")
@requires("ledger.see", of=OWN_LABS)
@limited("report")
def overdue() -> Any:
    """Clients with overdue invoices, each with what the next letter would be."""
    actor, today = current_actor(), local_day(utc_now())
    return render_template(
        "lab/accounts/overdue.html",
        clients=overdue_clients(actor, today),
        chosen=request.args.getlist("client"),
        may_send=may(actor, "reminder.send", lab=actor.firm_id),
        at_once=services.CLIENTS_AT_ONCE,
    )


@blueprint.route("/reminders/new", methods=["GET", "POST"])
@requires("reminder.send", of=OWN_LABS, verb="reminder.send")
def remind() -> Any:
    """The letters before they go out, to one client or many, and sending them: to the ticked ones, or to the one beside
    whose name it was pressed."""
    actor, now = current_actor(), utc_now()
    today = local_day(now)
    codes = [request.form["only"]] if "only" in request.form else request.values.getlist("client")
    codes = codes[: services.CLIENTS_AT_ONCE]
    form = letter_form(today)
    answer = posted(
        form,
        lambda: services.send_reminders(actor=actor, now=now, clients=codes, pay_by=form.pay_by.data),
        lambda sent: (
            ngettext("%(n)s letter is sent.", "%(n)s letters are sent.", len(sent), n=number(len(sent))),
            url_for(".requests" if request.args.get("from") == "requests" else ".overdue"),
        ),
    )
    if isinstance(answer, Response):
        return answer
    first, last = payable_from(today)
    page = render_template(
        "lab/accounts/remind.html",
        form=form,
        clients=overdue_clients(actor, today, codes) if codes else [],
        letter_text=letter_text,
        first=day(first),
        last=day(last),
    )
    return page, answer


@blueprint.get("/reminders/<int:reminder_id>.pdf")
@requires("ledger.see", of=OWN_LABS)
@limited("report")
def letter(reminder_id: int) -> Any:
    """A letter as it was sent."""
    return letter_file(get_letter(current_actor(), reminder_id, came=False))


@blueprint.get("/accounts/<uscc>")
@requires("ledger.see", of=THE_CLIENT)
@limited("report")
def account(uscc: str) -> Any:
    """The account with a client for any days, and the letters and statements that were sent."""
    return _account_page(uscc)


def _account_page(uscc: str, wrong: Problem | None = None) -> Any:
    actor, now = current_actor(), utc_now()
    form = PeriodForm()
    today = local_day(now)
    since, until = form.period(today)
    shown = account_with_client(actor, uscc, since, until, now=now)
    kind = request.args.get("format")
    if kind in TYPES:
        file = account_file(shown, kind, other=shown.client, now=now)
        record_export(actor, now, "statement", {"client": uscc, "from": since, "to": until, "format": kind})
        return file
    page = render_template(
        "lab/accounts/account.html",
        shown=shown,
        wrong=wrong,
        form=form,
        document_label=document_label,
        letters=letters(actor, came=False, client_id=shown.client.id, limit=SENT_SHOWN),
        sent=statements_sent(actor, shown.client, limit=SENT_SHOWN),
        remindable=next(iter(overdue_clients(actor, today, [uscc])), None),
        may_send=may(actor, "statement.send", lab=actor.firm_id),
        booking_href=partial(booking_href, actor=actor),
    )
    return page, (wrong.status if wrong else 200)


@blueprint.post("/accounts/<uscc>/send")
@requires("statement.send", of=THE_CLIENT, verb="statement.send")
def account_send(uscc: str) -> Any:
    """Mail the client its statement of account for the days that the page showed."""
    actor, now = current_actor(), utc_now()
    form = PeriodForm()
    since, until = form.period(local_day(now))
    answer = pressed(
        lambda: services.send_account(actor=actor, now=now, client=uscc, since=since, until=until),
        lambda _sent: (
            _("The statement of account is sent to the client."),
            url_for(".account", uscc=uscc, **{"from": since.isoformat(), "to": until.isoformat()}),
        ),
    )
    return _account_page(uscc, answer) if isinstance(answer, Problem) else answer
