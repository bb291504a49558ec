"""What is overdue at the labs of a firm, client by client, and what a letter over it would say (R-DUN). Fen, local
days."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, Subquery, case, func, or_, select

from labshare.booking.models import Booking
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.money import Fen, total
from labshare.organisations.models import Firm
from labshare.settlement.models import BookingHold
from labshare.settlement.queries.accounts import our_labs
from labshare.settlement.queries.owed import owed_lines
from labshare.settlement.reminders import RemindedInvoice, Reminder
from labshare.settlement.rules.reminders import OverdueInvoice
from labshare.settlement.terms import ReminderLevel


@dataclass(frozen=True, kw_only=True)
class OverdueClient:
    """A client with invoices that are overdue on `day`, what was due first before the rest."""

    client: Firm
    day: date
    invoices: Sequence[OverdueInvoice]

    @property
    def ready(self) -> list[OverdueInvoice]:
        """What a letter of this day would name."""
        return [each for each in self.invoices if each.ready_on(self.day)]

    @property
    def waiting(self) -> list[OverdueInvoice]:
        """What it would not name: held, or asked for until a day that has not passed."""
        return [each for each in self.invoices if not each.ready_on(self.day)]

    @property
    def level(self) -> ReminderLevel | None:
        """Of the letter; none where there is nothing to name."""
        return ReminderLevel.highest(each.level for each in self.ready) if self.ready else None

    @property
    def left_fen(self) -> Fen:
        return total(each.left_fen for each in self.invoices)

    @property
    def held_fen(self) -> Fen:
        return total(each.held_fen for each in self.invoices)

    @property
    def ready_fen(self) -> Fen:
        return total(each.left_fen for each in self.ready)

    @property
    def since(self) -> date:
        return self.invoices[0].due_on

    @property
    def asked_until(self) -> date | None:
        return max((each.asked_until for each in self.invoices if each.asked_until), default=None)


def overdue_clients(actor: Actor, day: date, codes: Collection[str] | None = None) -> list[OverdueClient]:
    """Who owes the firm acted for something that was due before this day, the most overdue first; of these credit codes
    alone where they are given. Two statements. A firm that tests for itself is asked for nothing."""
    which = [our_labs(actor), Booking.client_firm_id != Booking.lab_firm_id]
    if codes is not None:
        which.append(Booking.client_firm_id.in_(select(Firm.id).where(Firm.uscc.in_(codes))))
    unpaid = _unpaid(day, *which)
    sent = (
        select(func.count())
        .where(RemindedInvoice.invoice_id == unpaid.c.invoice_id)
        .correlate(unpaid)
        .scalar_subquery()
    )
    until = _asked_until(unpaid)
    found = db.session.execute(
        select(unpaid, sent.label("sent"), until.label("asked_until")).order_by(unpaid.c.due_on, unpaid.c.invoice_id)
    ).all()
    invoices: dict[int, list[OverdueInvoice]] = {}
    for row in found:
        invoices.setdefault(row.client_firm_id, []).append(
            OverdueInvoice(
                id=row.invoice_id,
                number=row.number,
                issued_on=row.issued_on,
                due_on=row.due_on,
                left_fen=Fen(int(row.left_fen)),
                held_fen=Fen(int(row.held_fen)),
                sent=row.sent,
                asked_until=row.asked_until,
            )
        )
    firms = db.session.scalars(select(Firm).where(Firm.id.in_(invoices)))
    clients = [OverdueClient(client=firm, day=day, invoices=invoices[firm.id]) for firm in firms]
    return sorted(clients, key=lambda each: (-each.left_fen, each.client.id))


def clients_to_remind(firm_id: int | None, day: date) -> Select[Any]:
    """How many clients of this firm's labs a letter may be sent to on this day, as a select: those of
    `overdue_clients` that are ready."""
    ours = Booking.unsettled, Booking.lab_firm_id == firm_id, Booking.client_firm_id != Booking.lab_firm_id
    unpaid = _unpaid(day, *ours)
    until = _asked_until(unpaid)
    ready = unpaid.c.left_fen > 0, or_(until.is_(None), until < day)
    return select(func.count(unpaid.c.client_firm_id.distinct())).where(*ready)


def _unpaid(day: date, *which: ColumnElement[bool]) -> Subquery:
    """Invoices of which something was due before this day and is unpaid, with what of it is held."""
    lines = owed_lines(*which)
    held = BookingHold.is_on(lines.c.booking_id)
    return (
        select(
            lines.c.invoice_id,
            Booking.client_firm_id,
            lines.c.number,
            lines.c.issued_on,
            lines.c.due_on,
            func.sum(case((held, 0), else_=lines.c.left_fen)).label("left_fen"),
            func.sum(case((held, lines.c.left_fen), else_=0)).label("held_fen"),
        )
        .join(Booking, Booking.id == lines.c.booking_id)
        .where(lines.c.left_fen > 0, lines.c.due_on < day)
        .group_by(lines.c.invoice_id, Booking.client_firm_id, lines.c.number, lines.c.issued_on, lines.c.due_on)
        .subquery()
    )


def _asked_until(unpaid: Subquery) -> ScalarSelect[date | None]:
    """Until when the last letter asks for an invoice."""
    return (
        select(func.max(Reminder.pay_by))
        .join(RemindedInvoice, RemindedInvoice.reminder_id == Reminder.id)
        .where(RemindedInvoice.invoice_id == unpaid.c.invoice_id)
        .correlate(unpaid)
        .scalar_subquery()
    )
