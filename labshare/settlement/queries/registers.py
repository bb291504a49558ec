"""Registers of a firm's labs: payments and refunds, invoices, red letters, each a list of its own, searched by number
or bank reference, booking, client, amount and day. Fen, local days, both ends included."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import aliased, contains_eager

from labshare.booking.models import Booking
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.money import ZERO, Fen
from labshare.organisations.models import Firm
from labshare.organisations.permissions import visible
from labshare.settlement.models import Invoice, InvoiceLine, Payment
from labshare.settlement.terms import PaymentsShown


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is looked for; None and empty: everything."""

    text: str = ""
    """Part of a number or bank reference, of a booking's reference, of the client's name, or its whole credit code."""
    amount_fen: Fen | None = None
    """Of a line or payment, whatever its sign."""
    since: date | None = None
    until: date | None = None
    lab_id: int | None = None
    shown: PaymentsShown | None = None
    """Of payments alone."""


@dataclass(frozen=True)
class RegisterLine:
    """A payment, or an invoice's line with its invoice; `reverses` is the number of what a red letter takes back."""

    document: Payment | InvoiceLine
    booking: Booking
    reverses: str | None = None


@dataclass(frozen=True, kw_only=True)
class Register:
    rows: Sequence[RegisterLine]
    count: int
    """Of all that fit, not of a page; so are the sums."""
    amount_fen: Fen
    tax_fen: Fen = ZERO


PAYMENT_ORDERS: dict[str, Any] = {
    "day": Payment.paid_on,
    "amount": Payment.amount_fen,
    "number": Payment.reference,
    "client": Firm.name,
}
INVOICE_ORDERS: dict[str, Any] = {
    "day": Invoice.issued_on,
    "amount": InvoiceLine.amount_fen,
    "number": Invoice.number,
    "client": Firm.name,
}


def payments(actor: Actor, wanted: Wanted, *, sort: str, limit: int, offset: int = 0) -> Register:
    """Payments and refunds at the labs of the firm acted for. `sort`: `day`, `amount`, `number` or `client`, with `-`
    before it downwards. Two statements."""
    found = _narrowed(
        _of_ours(actor, select(Payment).join(Payment.booking)),
        wanted,
        day=Payment.paid_on,
        amount=Payment.amount_fen,
        number=Payment.reference,
    ).where(*_shown(wanted.shown))
    count, amount = db.session.execute(
        found.with_only_columns(func.count(), func.coalesce(func.sum(Payment.amount_fen), 0))
    ).one()
    rows = db.session.scalars(
        _ordered(found, PAYMENT_ORDERS, sort, Payment.id)
        .options(*_with_booking(Payment.booking))
        .limit(limit)
        .offset(offset)
    )
    return Register(rows=[RegisterLine(row, row.booking) for row in rows], count=count, amount_fen=Fen(int(amount)))


def invoices(actor: Actor, wanted: Wanted, *, red: bool, sort: str, limit: int, offset: int = 0) -> Register:
    """Lines of invoices, or of red letters, of the labs of the firm acted for; `sort` as of `payments`. Two
    statements."""
    found = _narrowed(
        _of_ours(actor, select(InvoiceLine).join(InvoiceLine.booking)).join(InvoiceLine.invoice),
        wanted,
        day=Invoice.issued_on,
        amount=InvoiceLine.amount_fen,
        number=Invoice.number,
    ).where(InvoiceLine.amount_fen < 0 if red else InvoiceLine.amount_fen > 0)
    amount, tax = (func.coalesce(func.sum(each), 0) for each in (InvoiceLine.amount_fen, InvoiceLine.tax_fen))
    count, amount_fen, tax_fen = db.session.execute(found.with_only_columns(func.count(), amount, tax)).one()
    original, its_invoice = aliased(InvoiceLine), aliased(Invoice)
    rows = db.session.execute(
        _ordered(found, INVOICE_ORDERS, sort, InvoiceLine.id)
        .outerjoin(original, original.id == InvoiceLine.reverses_id)
        .outerjoin(its_invoice, its_invoice.id == original.invoice_id)
        .add_columns(its_invoice.number)
        .options(contains_eager(InvoiceLine.invoice), *_with_booking(InvoiceLine.booking))
        .limit(limit)
        .offset(offset)
    )
    return Register(
        rows=[RegisterLine(line, line.booking, number) for line, number in rows],
        count=count,
        amount_fen=Fen(int(amount_fen)),
        tax_fen=Fen(int(tax_fen)),
    )


def _of_ours(actor: Actor, statement: Select[Any]) -> Select[Any]:
    """Of bookings at the labs of the firm acted for."""
    ours = (Booking.lab_firm_id == actor.firm_id, visible(actor, "ledger.see", lab=Booking.lab_firm_id))
    return statement.join(Firm, Firm.id == Booking.client_firm_id).where(*ours)


def _with_booking(booking: Any) -> Sequence[Any]:
    return (
        contains_eager(booking).contains_eager(Booking.client),
        contains_eager(booking).joinedload(Booking.lab),
        contains_eager(booking).joinedload(Booking.test_item),
    )


def _shown(which: PaymentsShown | None) -> list[ColumnElement[bool]]:
    conditions: dict[PaymentsShown, ColumnElement[bool]] = {
        PaymentsShown.MONEY_IN: Payment.amount_fen > 0,
        PaymentsShown.MONEY_BACK: Payment.amount_fen < 0,
        PaymentsShown.PAYER_WAITS: Payment.payer_waits,
    }
    return [] if which is None else [conditions[which]]


def _narrowed(statement: Select[Any], wanted: Wanted, *, day: Any, amount: Any, number: Any) -> Select[Any]:
    if wanted.lab_id is not None:
        statement = statement.where(Booking.lab_id == wanted.lab_id)
    if wanted.since:
        statement = statement.where(day >= wanted.since)
    if wanted.until:
        statement = statement.where(day <= wanted.until)
    if wanted.amount_fen is not None:
        statement = statement.where(amount.in_((wanted.amount_fen, -wanted.amount_fen)))
    if text := wanted.text.strip():
        like = f"%{text.replace('%', '')}%"
        statement = statement.where(
            or_(
                number.ilike(like),
                Booking.ref.ilike(like),
                Firm.name.like(like),
                Firm.name_en.ilike(like),
                Firm.uscc == text.upper(),
            )
        )
    return statement


def _ordered(statement: Select[Any], orders: dict[str, Any], sort: str, identity: Any) -> Select[Any]:
    column = orders.get(sort.removeprefix("-"), orders["day"])
    return statement.order_by(*(each.desc() if sort.startswith("-") else each for each in (column, identity)))
