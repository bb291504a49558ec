"""Statements of account and dunning letters as files, in the reader's language."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from flask import Response
from flask_babel import gettext as _
from flask_babel import pgettext

import labshare.settlement
from labshare.http.downloads import download, download_rows
from labshare.kernel.capitals import capital
from labshare.kernel.formatting import clock_time, day, language, long_day, plain_amount, plain_money, short_day, twin
from labshare.kernel.pdf import to_pdf, typeset
from labshare.kernel.tables import Sheet, yuan
from labshare.kernel.time import local_day, utc_now
from labshare.organisations.models import Firm
from labshare.organisations.services.bank_accounts import number_paid_into
from labshare.settlement.queries.accounts import Account
from labshare.settlement.queries.spending import Balance, Moved
from labshare.settlement.reminders import Reminder
from labshare.settlement.terms import Movement, ReminderLevel

LETTER = Path(labshare.settlement.__file__).with_name("letter.typ")


def document_label(document: Moved) -> str:
    """An invoice, a red letter, a payment or a refund."""
    if document.kind == Movement.INVOICED:
        return _("Invoice") if document.amount_fen > 0 else _("Red-letter invoice")
    return pgettext("client", "Payment") if document.amount_fen > 0 else _("Refund")


# Statements of account


def balance_file(
    shown: Balance, name: str, kind: str, *, facts: Sequence[str], now: datetime, more: Sequence[Sheet] = ()
) -> Response:
    """A statement of account: what was brought forward, each document, the balance at the end. `more`: what follows it
    where the format has sheets."""
    head = [
        _("Date"),
        _("Document"),
        _("Number"),
        _("Booking"),
        _("Test item"),
        _("Invoiced (CNY)"),
        pgettext("client", "Paid (CNY)"),
        _("Balance (CNY)"),
    ]
    opening: list[Any] = [shown.since, _("Brought forward"), "", "", "", None, None, yuan(shown.opening_fen)]
    rows = [opening]
    for line in shown.lines:
        document = line.document
        invoiced, paid = line.invoiced_fen, line.paid_fen
        rows.append(
            [
                document.day,
                document_label(document),
                document.text,
                document.booking.ref,
                twin(document.booking.test_item),
                yuan(invoiced) if invoiced is not None else None,
                yuan(paid) if paid is not None else None,
                yuan(line.balance_fen),
            ]
        )
    total: list[Any] = [yuan(shown.invoiced_fen), yuan(shown.paid_fen), yuan(shown.closing_fen)]
    rows.append([shown.until, _("Balance at the end"), "", "", "", *total])
    if kind != "pdf":
        return download_rows(name, head, rows, kind, sheet=_("Statement of account"), more=more)
    notes = [
        (_("Balance"), _("Invoiced less paid: what is owed; below 0, what was paid ahead.")),
        (pgettext("client", "Payment"), _("By the day of payment. Another payer's money counts once it is accepted.")),
        (_("Balance at the end"), plain_money(shown.closing_fen)),
    ]
    content = to_pdf(_("Statement of account"), facts, head, rows, notes=notes, language=language(), made_at=now)
    return download(content, f"{name}.pdf")


def party_line(heading: str, *names: str) -> str:
    return f"{heading}{_(': ')}{' · '.join(names)}"


def as_of(now: datetime) -> str:
    return _("As of %(moment)s", moment=f"{long_day(now)} {clock_time(now)}")


def account_file(account: Account, kind: str, *, other: Firm, now: datetime) -> Response:
    """The account of a lab's firm with a client, as either side reads it; `other` names the file. What is overdue
    today stands on a sheet of its own and, on paper, among the facts."""
    seller, client = account.lab_firm, account.client
    facts = [
        party_line(_("Client"), twin(client), client.uscc),
        party_line(_("Lab"), twin(seller), seller.uscc),
        f"{day(account.since)} – {day(account.until)} · {as_of(now)}",
    ]
    if account.overdue_since is not None:
        facts.append(
            _(
                "Overdue: %(amount)s, the first since %(day)s",
                amount=plain_money(account.overdue_fen),
                day=day(account.overdue_since),
            )
        )
    overdue = Sheet(
        _("Overdue"),
        [_("Due on"), _("Invoice"), _("Invoice date"), _("Booking"), _("Test item"), _("Still to pay (CNY)")],
        [
            [
                line.due_on,
                line.number,
                line.issued_on,
                line.booking.ref,
                twin(line.booking.test_item),
                yuan(line.left_fen),
            ]
            for line in account.overdue
        ],
        [_("Total"), "", "", "", "", yuan(account.overdue_fen)],
    )
    name = f"statement-{other.uscc}-{account.since}-{account.until}"
    return balance_file(account, name, kind, facts=facts, now=now, more=[overdue])


# Dunning letters


def letter_number(letter: Reminder) -> str:
    return f"{letter.sent_on:%Y%m%d}-{letter.id}"


def letter_text(level: ReminderLevel, until: str) -> str:
    """What a letter says above its invoices. `until`: the date to pay, written out."""
    texts = {
        ReminderLevel.FIRST: _(
            "By our books the invoices below are unpaid and overdue. Please pay them by %(day)s.", day=until
        ),
        ReminderLevel.SECOND: _(
            "We have reminded you before; the invoices below are still unpaid. Please pay them by %(day)s.", day=until
        ),
        ReminderLevel.FINAL: _(
            "This is our final reminder: the invoices below are still unpaid. If they are not paid by %(day)s, we "
            "shall claim them by law.",
            day=until,
        ),
    }
    return texts[level]


def letter_file(letter: Reminder) -> Response:
    """The PDF of a dunning letter."""
    content = typeset(LETTER, _letter_values(letter), made_at=letter.sent_at)
    return download(content, f"reminder-{letter_number(letter)}.pdf")


def _letter_values(letter: Reminder) -> dict[str, Any]:
    seller, client = letter.lab_firm, letter.client
    account = number_paid_into(seller.id, local_day(utc_now()))
    pay = [party_line(_("Payee"), twin(seller)), party_line(_("Bank account"), account or "—")]
    return {
        "title": str(letter.level.label),
        "number": letter_number(letter),
        "parties": [
            {"heading": _("Client"), "lines": [twin(client), client.uscc]},
            {"heading": _("Lab"), "lines": [twin(seller), seller.uscc, seller.phone or ""]},
        ],
        "date": day(letter.sent_on),
        "text": letter_text(letter.level, day(letter.pay_by)),
        "head": [_("Invoice"), _("Invoice date"), _("Due on"), _("Level"), _("Still to pay (CNY)")],
        "rows": [
            [
                each.invoice.number,
                short_day(each.invoice.issued_on),
                short_day(each.invoice.due_on),
                str(ReminderLevel(each.level).label),
                plain_amount(each.left_fen),
            ]
            for each in letter.invoices
        ],
        "total": {"words": _("Total (CNY), tax included"), "amount": plain_amount(letter.left_fen)},
        "capitals": capital(letter.left_fen) if language() == "zh" else "",
        "pay": pay,
        "close": _("If it is paid already, take this letter as settled; if something is not right, tell us."),
        "sender": twin(seller),
        "language": language(),
    }
