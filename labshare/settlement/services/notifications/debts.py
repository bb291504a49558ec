"""What a client is told of what it owes: overdue amounts, reminders, statements of account."""

from datetime import date, datetime

from flask_babel import lazy_gettext as _l

from labshare.booking.models import Booking
from labshare.booking.notifications import CLIENT_MONEY_ROLES
from labshare.kernel.actor import Actor
from labshare.kernel.formatting import in_both_languages
from labshare.kernel.money import Fen
from labshare.kernel.time import local_day
from labshare.notices.kinds import kind
from labshare.notices.services import notify
from labshare.notices.terms import Topic
from labshare.organisations.queries.bank_accounts import account_of
from labshare.settlement.queries.accounts import Account
from labshare.settlement.reminders import Reminder
from labshare.settlement.services.notifications import notify_client_of_money
from labshare.settlement.terms import ReminderLevel

OVERDUE = kind(
    "invoice.overdue",
    topic=Topic.OVERDUE,
    title=_l("Payment overdue: %(overdue_fen)s (%(ref)s)"),
    text=_l(
        "%(overdue_fen)s of booking %(ref)s is unpaid and was due on %(due_on)s. Pay it to %(payee)s, "
        "account %(account)s (the whole number stands at the booking), and write %(ref)s on the transfer; if it is "
        "paid, ask %(lab)s (%(phone)s) to record it."
    ),
)
_REMINDER_TEXT = _l(
    "%(total_fen)s is unpaid and overdue: invoice %(numbers)s. Pay it to %(payee)s, account %(account)s, by "
    "%(pay_by)s. The letter, with the whole number, lies with our firm's spending. If it is paid, or something is not "
    "right, tell %(payee)s (%(phone)s)."
)
REMINDERS = {
    level: kind(f"reminder.{level.removeprefix('reminder_')}", topic=Topic.OVERDUE, title=title, text=_REMINDER_TEXT)
    for level, title in (
        (ReminderLevel.FIRST, _l("First reminder from %(payee)s: %(total_fen)s")),
        (ReminderLevel.SECOND, _l("Second reminder from %(payee)s: %(total_fen)s")),
        (ReminderLevel.FINAL, _l("Final reminder from %(payee)s: %(total_fen)s")),
    )
}
ACCOUNT_SENT = kind(
    "statement.sent",
    topic=Topic.INVOICE,
    title=_l("Statement of account from %(payee)s: %(closing_fen)s"),
    text=_l(
        "%(payee)s has sent its statement of account from %(since)s to %(until)s. Balance at the end: %(closing_fen)s; "
        "overdue now: %(overdue_fen)s. If it differs from your books, tell them."
    ),
)


def payment_overdue(booking: Booking, overdue_fen: Fen, *, due_on: date, actor: Actor, now: datetime) -> None:
    lab, firm = booking.lab, booking.lab_firm
    account = account_of(firm.id, local_day(now))
    notify_client_of_money(
        OVERDUE,
        booking,
        actor=actor,
        now=now,
        overdue_fen=overdue_fen,
        due_on=due_on,
        payee=in_both_languages(firm),
        account=account.ends if account else None,
        lab=in_both_languages(lab),
        phone=lab.phone or firm.phone or None,
    )


def reminder_sent(letter: Reminder, *, actor: Actor, now: datetime) -> None:
    """To whoever keeps the client's money."""
    firm = letter.lab_firm
    account = account_of(firm.id, local_day(now))
    notify(
        kind=REMINDERS[letter.level],
        now=now,
        params={
            "total_fen": letter.left_fen,
            "numbers": ", ".join(each.invoice.number for each in letter.invoices),
            "payee": in_both_languages(firm),
            "account": account.ends if account else None,
            "phone": firm.phone or None,
            "pay_by": letter.pay_by,
        },
        url="/client/reminders",
        firm_id=letter.client_firm_id,
        roles=CLIENT_MONEY_ROLES,
        but=actor.person_id,
    )


def account_sent(account: Account, *, actor: Actor, now: datetime) -> None:
    """To whoever keeps the client's money."""
    seller = account.lab_firm
    notify(
        kind=ACCOUNT_SENT,
        now=now,
        params={
            "payee": in_both_languages(seller),
            "since": account.since,
            "until": account.until,
            "closing_fen": account.closing_fen,
            "overdue_fen": account.overdue_fen,
        },
        url=f"/client/accounts/{seller.uscc}?from={account.since}&to={account.until}",
        firm_id=account.client.id,
        roles=CLIENT_MONEY_ROLES,
        but=actor.person_id,
    )
