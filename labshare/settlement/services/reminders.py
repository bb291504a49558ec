"""Sending clients what they owe: dunning letters and statements of account (R-DUN)."""

from collections.abc import Collection
from datetime import date, datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import exists, select

from labshare.audit.services import record
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import NotFound
from labshare.kernel.formatting import day
from labshare.kernel.time import local_day
from labshare.kernel.verbs import verb
from labshare.organisations.models import Firm
from labshare.organisations.permissions import check
from labshare.settlement.errors import DateToPayOutOfRange, NothingToRemind, StatementSentToday
from labshare.settlement.queries.accounts import account_with_client
from labshare.settlement.queries.reminders import OverdueClient, overdue_clients
from labshare.settlement.reminders import RemindedInvoice, Reminder, SentStatement
from labshare.settlement.rules.reminders import payable_from
from labshare.settlement.services.notifications.debts import account_sent, reminder_sent

CLIENTS_AT_ONCE = 100
"""Letters that go out by one press."""


@verb("reminder.send", title=_l("Dunning letter sent"), money=True)
def send_reminders(*, actor: Actor, now: datetime, clients: Collection[str], pay_by: date) -> list[Reminder]:
    """Send each of these clients, by credit code, a letter over what is overdue and may be asked for; whoever has
    nothing such is passed over. Each invoice's level is the next after those sent before (R-DUN-2).

    Raises `NotAllowed`, `DateToPayOutOfRange`, `NothingToRemind` where no letter comes of it.
    """
    check(actor, "reminder.send", lab=actor.firm_id)
    today = local_day(now)
    first, last = payable_from(today)
    if not first <= pay_by <= last:
        raise DateToPayOutOfRange(first=day(first), last=day(last))
    _take_turn_of(actor)
    chosen = [each for each in overdue_clients(actor, today, clients) if each.ready][:CLIENTS_AT_ONCE]
    if not chosen:
        raise NothingToRemind
    return [_send(each, pay_by=pay_by, actor=actor, now=now) for each in chosen]


def _send(to: OverdueClient, *, pay_by: date, actor: Actor, now: datetime) -> Reminder:
    today = local_day(now)
    letter = Reminder(
        lab_firm=db.session.get_one(Firm, actor.firm_id),
        client=to.client,
        sent_on=today,
        pay_by=pay_by,
        sent_by=actor.person_id,
        sent_at=now,
    )
    db.session.add(letter)
    db.session.flush()
    letter.invoices = [
        RemindedInvoice(
            reminder_id=letter.id, invoice_id=each.id, sent_on=today, level=each.level, left_fen=each.left_fen
        )
        for each in to.ready
    ]
    db.session.flush()
    record(
        actor,
        now,
        "reminder.send",
        ("reminder", letter.id),
        after={
            "client": to.client.uscc,
            "level": letter.level,
            "invoices": [each.number for each in to.ready],
            "left_fen": letter.left_fen,
            "pay_by": pay_by.isoformat(),
        },
    )
    reminder_sent(letter, actor=actor, now=now)
    return letter


@verb("statement.send", title=_l("Statement of account sent"))
def send_account(*, actor: Actor, now: datetime, client: str, since: date, until: date) -> SentStatement:
    """Mail the client with this credit code that its statement of account for these days is there to be read; the same
    one once a day. Raises `NotFound`, `NotAllowed`, `StatementSentToday`."""
    check(actor, "statement.send", lab=actor.firm_id)
    _take_turn_of(actor)
    account = account_with_client(actor, client, since, until, now=now)
    sent = SentStatement(
        lab_firm_id=account.lab_firm.id,
        client_firm_id=account.client.id,
        since=since,
        until=until,
        closing_fen=account.closing_fen,
        sent_on=local_day(now),
        sent_by=actor.person_id,
        sent_at=now,
    )
    sent_before = exists().where(
        SentStatement.lab_firm_id == sent.lab_firm_id,
        SentStatement.client_firm_id == sent.client_firm_id,
        SentStatement.since == since,
        SentStatement.until == until,
        SentStatement.sent_on == sent.sent_on,
    )
    if db.session.scalar(select(sent_before)):
        raise StatementSentToday
    db.session.add(sent)
    db.session.flush()
    after = {
        "client": client,
        "since": since.isoformat(),
        "until": until.isoformat(),
        "closing_fen": account.closing_fen,
    }
    record(actor, now, "statement.send", ("sent_statement", sent.id), after=after)
    account_sent(account, actor=actor, now=now)
    return sent


def _take_turn_of(actor: Actor) -> None:
    """Whoever else sends for this firm waits, and then finds what was sent. Raises `NotFound` where it is no firm."""
    firm = select(Firm.id).where(Firm.id == actor.firm_id).with_for_update(key_share=True)
    if db.session.scalar(firm) is None:
        raise NotFound
