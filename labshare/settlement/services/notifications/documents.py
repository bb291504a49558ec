"""What a client is told of reports, invoices and payments."""

from datetime import datetime

from flask_babel import lazy_gettext as _l

from labshare.booking.models import Booking
from labshare.kernel.actor import Actor
from labshare.kernel.formatting import in_both_languages
from labshare.kernel.money import Fen
from labshare.kernel.time import local_day
from labshare.notices.kinds import kind
from labshare.notices.terms import Topic
from labshare.organisations.queries.bank_accounts import account_of
from labshare.settlement.models import Invoice, Payment, Report
from labshare.settlement.services.notifications import notify_client, notify_client_of_money

REPORT_READY = kind(
    "report.recorded",
    topic=Topic.REPORT,
    title=_l("Report %(number)s is ready (%(ref)s)"),
    text=_l("The lab has issued report %(number)s for booking %(ref)s. It can be downloaded from the booking's page."),
)
REPORT_REPLACED = kind(
    "report.replaced",
    topic=Topic.REPORT,
    title=_l("Report %(number)s replaces %(old)s (%(ref)s)"),
    text=_l(
        "The lab has issued report %(number)s for booking %(ref)s. From %(day)s on it stands in place of %(old)s, "
        "which must not be used any longer. Reason: %(reason)s"
    ),
)
REPORT_WITHDRAWN = kind(
    "report.withdrawn",
    topic=Topic.REPORT,
    title=_l("Report %(number)s is withdrawn (%(ref)s)"),
    text=_l("The lab has withdrawn report %(number)s of booking %(ref)s: %(reason)s"),
)
INVOICE_RECORDED = kind(
    "invoice.recorded",
    topic=Topic.INVOICE,
    title=_l("Invoice %(number)s, %(amount_fen)s (%(ref)s)"),
    text=_l("The lab has recorded invoice %(number)s for %(amount_fen)s at booking %(ref)s."),
)
INVOICE_TO_PAY = kind(
    "invoice.to_pay",
    topic=Topic.INVOICE,
    title=_l("Invoice %(number)s, %(amount_fen)s (%(ref)s)"),
    text=_l(
        "The lab has recorded invoice %(number)s for %(amount_fen)s at booking %(ref)s. Pay %(owed_fen)s to %(payee)s, "
        "account %(account)s, and write %(ref)s on the transfer; the whole number stands at the booking."
    ),
)
INVOICE_ASK_FOR_ACCOUNT = kind(
    "invoice.ask_for_account",
    topic=Topic.INVOICE,
    title=_l("Invoice %(number)s, %(amount_fen)s (%(ref)s)"),
    text=_l(
        "The lab has recorded invoice %(number)s for %(amount_fen)s at booking %(ref)s. %(owed_fen)s is to be paid to "
        "%(payee)s, which has no account that counts: ask %(lab)s (%(phone)s), and write %(ref)s on the transfer."
    ),
)
INVOICE_REVERSED = kind(
    "invoice.reversed",
    topic=Topic.INVOICE,
    title=_l("Red-letter invoice %(number)s, %(amount_fen)s (%(ref)s)"),
    text=_l("The lab has recorded red-letter invoice %(number)s for %(amount_fen)s at booking %(ref)s."),
)
PAYMENT_RECORDED = kind(
    "payment.recorded",
    topic=Topic.INVOICE,
    title=_l("Payment of %(amount_fen)s recorded (%(ref)s)"),
    text=_l(
        "The lab has recorded that %(amount_fen)s was paid on %(day)s for booking %(ref)s. If that is not so, contest "
        "it on the booking's page within ten working days."
    ),
)
REFUND_RECORDED = kind(
    "payment.refunded",
    topic=Topic.INVOICE,
    title=_l("Refund of %(amount_fen)s recorded (%(ref)s)"),
    text=_l(
        "The lab has recorded that %(amount_fen)s was paid back on %(day)s for booking %(ref)s. If that is not so, "
        "contest it on the booking's page within ten working days."
    ),
)


def payment_recorded(booking: Booking, payment: Payment, *, actor: Actor, now: datetime) -> None:
    """Each document is told to the client, who may contest it (R-CONTEST-1)."""
    kind, fen = (PAYMENT_RECORDED if payment.amount_fen > 0 else REFUND_RECORDED), Fen(abs(payment.amount_fen))
    notify_client_of_money(kind, booking, actor=actor, now=now, amount_fen=fen, day=payment.paid_on)


def report_recorded(booking: Booking, report: Report, *, actor: Actor, now: datetime) -> None:
    if report.replaces is None:
        notify_client(REPORT_READY, booking, actor=actor, now=now, number=report.number)
        return
    notify_client(
        REPORT_REPLACED,
        booking,
        actor=actor,
        now=now,
        number=report.number,
        old=report.replaces.number,
        day=report.issued_on,
        reason=report.why or "—",
    )


def report_withdrawn(booking: Booking, report: Report, *, actor: Actor, now: datetime) -> None:
    notify_client(
        REPORT_WITHDRAWN, booking, actor=actor, now=now, number=report.number, reason=report.withdraw_reason or ""
    )


def invoice_recorded(booking: Booking, invoice: Invoice, amount_fen: Fen, *, actor: Actor, now: datetime) -> None:
    owed_fen = booking.invoiced_fen - booking.paid_fen
    kind, pay = (INVOICE_RECORDED if amount_fen > 0 else INVOICE_REVERSED), {}
    if amount_fen > 0 and owed_fen > 0:
        lab, firm = booking.lab, booking.lab_firm
        account = account_of(firm.id, local_day(now))
        pay = {"owed_fen": owed_fen, "payee": in_both_languages(firm), "account": account and account.ends}
        kind = INVOICE_TO_PAY
        if account is None:
            pay |= {"lab": in_both_languages(lab), "phone": lab.phone or firm.phone or "—"}
            kind = INVOICE_ASK_FOR_ACCOUNT
    notify_client_of_money(kind, booking, actor=actor, now=now, number=invoice.number, amount_fen=amount_fen, **pay)
