"""The account of a lab's firm with a client: what passed between them in these days, what of it is overdue, and what
was sent about it. Either side reads the same one. Fen, local days, both ends included."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, select
from sqlalchemy.orm import joinedload, selectinload

from labshare.booking.models import Booking
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import NotFound
from labshare.kernel.money import Fen, total
from labshare.kernel.months import Month
from labshare.kernel.time import local_day
from labshare.organisations.models import Firm
from labshare.organisations.permissions import visible
from labshare.settlement.queries.owed import OwedLine, overdue_lines
from labshare.settlement.queries.spending import Balance, balance_of, ours
from labshare.settlement.reminders import RemindedInvoice, Reminder, SentStatement


@dataclass(frozen=True, kw_only=True)
class Account(Balance):
    """`overdue`: today, invoice by invoice, what is due first before the rest."""

    lab_firm: Firm
    client: Firm
    day: date
    overdue: Sequence[OwedLine]

    @property
    def overdue_fen(self) -> Fen:
        return total(line.left_fen for line in self.overdue)

    @property
    def overdue_since(self) -> date | None:
        """The day after which the first of it was late."""
        return min((line.due_on for line in self.overdue), default=None)


def days_of_account(today: date, since: date | None, until: date | None) -> tuple[date, date]:
    """The days asked for, in their order; without, this year's up to today."""
    until = until or today
    since = since or Month(until.year, 1).first_day
    return min(since, until), max(since, until)


def our_labs(actor: Actor) -> ColumnElement[bool]:
    """The bookings at labs of the firm acted for, where its money may be seen."""
    return and_(Booking.lab_firm_id == actor.firm_id, visible(actor, "ledger.see", lab=Booking.lab_firm_id))


def client_of_ours(actor: Actor, uscc: str) -> Firm:
    """The client with this credit code, if it ever booked at the labs of the firm acted for. Raises `NotFound`."""
    return _other(uscc, Booking.client_firm_id, our_labs(actor))


def lab_firm_of_ours(actor: Actor, uscc: str) -> Firm:
    """The firm with this credit code, if the firm acted for ever booked at its labs. Raises `NotFound`."""
    return _other(uscc, Booking.lab_firm_id, ours(actor))


def _other(uscc: str, party: Any, which: ColumnElement[bool]) -> Firm:
    firm = db.session.scalar(select(Firm).where(Firm.uscc == uscc, exists().where(party == Firm.id, which)))
    if firm is None:
        raise NotFound
    return firm


def account_with_client(actor: Actor, uscc: str, since: date, until: date, *, now: datetime) -> Account:
    """Of the firm acted for, as the seller. Raises `NotFound`. Five statements."""
    client = client_of_ours(actor, uscc)
    seller = db.session.get_one(Firm, actor.firm_id)
    return _account(and_(our_labs(actor), Booking.client_firm_id == client.id), seller, client, since, until, now)


def account_with_lab(actor: Actor, uscc: str, since: date, until: date, *, now: datetime) -> Account:
    """Of the firm acted for, as the client. Raises `NotFound`. Five statements."""
    seller = lab_firm_of_ours(actor, uscc)
    client = db.session.get_one(Firm, actor.firm_id)
    return _account(and_(ours(actor), Booking.lab_firm_id == seller.id), seller, client, since, until, now)


def _account(
    which: ColumnElement[bool], seller: Firm, client: Firm, since: date, until: date, now: datetime
) -> Account:
    day = local_day(now)
    return Account(
        lab_firm=seller,
        client=client,
        day=day,
        overdue=overdue_lines(which, day),
        **vars(balance_of(which, since, until)),
    )


# What was sent


def letters(
    actor: Actor, *, came: bool, client_id: int | None = None, limit: int, offset: int = 0
) -> Sequence[Reminder]:
    """Letters that the firm acted for sent or, if they `came`, was sent, the latest first, with their invoices; to one
    client alone where that is asked. Two statements."""
    found = _letters(actor, came=came)
    if client_id is not None:
        found = found.where(Reminder.client_firm_id == client_id)
    return db.session.scalars(found.order_by(Reminder.id.desc()).limit(limit).offset(offset)).all()


def count_letters(actor: Actor, *, came: bool) -> int:
    return db.session.scalar(select(func.count()).select_from(_letters(actor, came=came).subquery())) or 0


def get_letter(actor: Actor, reminder_id: int, *, came: bool) -> Reminder:
    """A letter that was sent or, if it `came`, received. Raises `NotFound`."""
    found = db.session.scalar(_letters(actor, came=came).where(Reminder.id == reminder_id))
    if found is None:
        raise NotFound
    return found


def statements_sent(actor: Actor, client: Firm, *, limit: int) -> Sequence[SentStatement]:
    """Those that the firm acted for mailed to this client, the latest first."""
    return db.session.scalars(
        select(SentStatement)
        .where(
            SentStatement.lab_firm_id == actor.firm_id,
            SentStatement.client_firm_id == client.id,
            visible(actor, "ledger.see", lab=SentStatement.lab_firm_id),
        )
        .order_by(SentStatement.id.desc())
        .limit(limit)
    ).all()


def _letters(actor: Actor, *, came: bool) -> Select[tuple[Reminder]]:
    """Of the firm acted for alone, where its money may be seen."""
    firm, right = (
        (Reminder.client_firm_id, visible(actor, "spending.see", client=Reminder.client_firm_id))
        if came
        else (Reminder.lab_firm_id, visible(actor, "ledger.see", lab=Reminder.lab_firm_id))
    )
    return (
        select(Reminder)
        .where(firm == actor.firm_id, right)
        .options(
            joinedload(Reminder.client),
            joinedload(Reminder.lab_firm),
            joinedload(Reminder.sender),
            selectinload(Reminder.invoices).joinedload(RemindedInvoice.invoice),
        )
    )
