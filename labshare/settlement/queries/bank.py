"""What came into the accounts of a firm with labs, and which bookings it seems to be for (R-BANK). Fen, local days."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import joinedload, selectinload

from labshare.booking.models import Booking
from labshare.booking.terms import BookingState
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import NotFound
from labshare.kernel.money import Fen
from labshare.organisations.models import Firm
from labshare.organisations.permissions import visible
from labshare.settlement.bank import BankLine, BankMatch, BankStatement
from labshare.settlement.imported import ListLayout
from labshare.settlement.models import Invoice, InvoiceLine, Payment
from labshare.settlement.rules.matching import Due, Line, Proposal, plain_name, propose
from labshare.settlement.terms import BankLines, DocumentKind

WAITING_AT_MOST = 2000
"""Lines of which proposals are made at once, the oldest first."""


@dataclass(frozen=True, kw_only=True)
class UsedBefore:
    """A payment that has the same bank reference."""

    ref: str
    client: Firm
    amount_fen: Fen
    paid_on: date


def _ours(actor: Actor) -> tuple[ColumnElement[bool], ...]:
    """Lines of the firm acted for, as far as its payments may be recorded: nobody else reads its account."""
    return (BankLine.firm_id == actor.firm_id, visible(actor, "payment.record", lab=BankLine.firm_id))


def stored_heads(actor: Actor, source: str) -> dict[str, str] | None:
    """Which columns of the lists of this source say what, as kept of the last one."""
    layout = db.session.get(ListLayout, (actor.firm_id, source)) if actor.firm_id else None
    return layout.heads if layout else None


def known_marks(actor: Actor, account: str, marks: Sequence[str]) -> set[str]:
    """Which of these rows are lines of the account already. One statement a thousand."""
    found: set[str] = set()
    for start in range(0, len(marks), 1000):
        some = marks[start : start + 1000]
        found |= set(
            db.session.scalars(
                select(BankLine.mark).where(*_ours(actor), BankLine.account == account, BankLine.mark.in_(some))
            )
        )
    return found


def statements(actor: Actor, *, limit: int = 10) -> Sequence[BankStatement]:
    """What was imported last."""
    return db.session.scalars(
        select(BankStatement)
        .options(joinedload(BankStatement.file))
        .where(BankStatement.firm_id == actor.firm_id, visible(actor, "payment.record", lab=BankStatement.firm_id))
        .order_by(BankStatement.id.desc())
        .limit(limit)
    ).all()


def lines_waiting(actor: Actor) -> Sequence[BankLine]:
    """Lines of which something is to be recorded, the oldest first, at most two thousand. One statement."""
    return db.session.scalars(
        select(BankLine)
        .where(*_ours(actor), BankLine.waits)
        .order_by(BankLine.paid_on, BankLine.id)
        .limit(WAITING_AT_MOST)
    ).all()


def lines_done(actor: Actor, shown: BankLines, *, limit: int, offset: int = 0) -> tuple[Sequence[BankLine], int]:
    """Lines recorded whole, with their payments, or set aside, the latest first; and how many there are. Four
    statements."""
    which = (*_ours(actor), BankLine.aside if shown == BankLines.ASIDE else BankLine.left_fen == 0)
    count = db.session.scalar(select(func.count()).select_from(BankLine).where(*which)) or 0
    rows = db.session.scalars(
        select(BankLine)
        .options(selectinload(BankLine.matches).joinedload(BankMatch.payment).joinedload(Payment.booking))  # type: ignore[attr-defined]
        .where(*which)
        .order_by(BankLine.paid_on.desc(), BankLine.id.desc())
        .limit(limit)
        .offset(offset)
    ).all()
    return rows, count


def own_firm_of(kind: type[Any], key: int, actor: Actor) -> int:
    """The firm of an imported list or of a line, if it is the one acted for. Raises `NotFound`."""
    firm_id = db.session.scalar(select(kind.firm_id).where(kind.id == key, kind.firm_id == actor.firm_id))
    if firm_id is None:
        raise NotFound
    return int(firm_id)


def get_line(actor: Actor, line_id: int) -> BankLine:
    """Raises `NotFound`."""
    line = db.session.scalar(
        select(BankLine)
        .options(
            joinedload(BankLine.statement).joinedload(BankStatement.file),
            selectinload(BankLine.matches).joinedload(BankMatch.payment).joinedload(Payment.booking),  # type: ignore[attr-defined]
        )
        .where(BankLine.id == line_id, *_ours(actor))
    )
    if line is None:
        raise NotFound
    return line


def load_dues(actor: Actor, of: DocumentKind = DocumentKind.PAYMENT) -> list[Due]:
    """Bookings at the firm's labs of which something is to be paid, or to be invoiced, the earliest first, with the
    numbers of their invoices. Two statements."""
    done = Booking.paid_fen if of == DocumentKind.PAYMENT else Booking.invoiced_fen
    ours = (
        Booking.lab_firm_id == actor.firm_id,
        visible(actor, f"{of}.record", lab=Booking.lab_firm_id),
        Booking.unsettled,
        Booking.charged_fen > done,
        Booking.state.in_(BookingState.with_documents()),
    )
    numbers: dict[int, list[str]] = defaultdict(list)
    invoiced = (
        select(InvoiceLine.booking_id, Invoice.number)
        .join(Invoice, Invoice.id == InvoiceLine.invoice_id)
        .join(Booking, Booking.id == InvoiceLine.booking_id)
        .where(*ours, InvoiceLine.amount_fen > 0)
    )
    for booking_id, number in db.session.execute(invoiced):
        numbers[booking_id].append(number)
    rows = db.session.execute(
        select(
            Booking.id,
            Booking.ref,
            (Booking.charged_fen - done).label("left_fen"),
            Firm.id.label("client_id"),
            Firm.name,
            Firm.name_en,
            Firm.uscc,
        )
        .join(Firm, Firm.id == Booking.client_firm_id)
        .where(*ours)
        .order_by(Booking.starts_at, Booking.id)
    )
    return [
        Due(
            ref=row.ref,
            client_id=row.client_id,
            names=tuple(name for name in (row.name, row.name_en) if name),
            uscc=row.uscc,
            left_fen=Fen(row.left_fen),
            invoices=tuple(numbers[row.id]),
        )
        for row in rows
    ]


def proposals(lines: Iterable[BankLine], dues: Sequence[Due]) -> dict[int, Proposal]:
    """What each line seems to be for. One statement, for references used before."""
    lines = list(lines)
    used = used_before(lines)
    asked = [
        Line(
            id=line.id,
            amount_fen=line.left_fen,
            payer=line.payer,
            text=line.purpose,
            used=line.id in used or line.left_fen < line.amount_fen,
        )
        for line in lines
    ]
    return propose(asked, dues)


def used_before(lines: Sequence[BankLine]) -> Mapping[int, list[UsedBefore]]:
    """By line: payments of the same firm with the line's reference that were not recorded of it. One statement."""
    references = {line.reference for line in lines}
    if not references:
        return {}
    rows = db.session.execute(
        _with_reference(references, lines[0].firm_id)
        .outerjoin(BankMatch, BankMatch.payment_id == Payment.id)
        .add_columns(BankMatch.line_id)
    ).all()
    by_reference: dict[str, list[tuple[int | None, UsedBefore]]] = defaultdict(list)
    for payment, ref, client, line_id in rows:
        by_reference[payment.reference].append((line_id, _used(payment, ref, client)))
    found: dict[int, list[UsedBefore]] = {}
    for line in lines:
        others = [before for line_id, before in by_reference[line.reference] if line_id != line.id]
        if others:
            found[line.id] = others
    return found


def same_reference(booking: Booking, reference: str, *, submission: str) -> list[UsedBefore]:
    """Payments at any of the seller's labs with this bank reference, but what this very form recorded. One
    statement."""
    others = or_(Payment.submission.is_(None), Payment.submission != submission)
    rows = db.session.execute(_with_reference({reference.strip()}, booking.lab_firm_id).where(others).limit(5))
    return [_used(*row) for row in rows]


def _with_reference(references: Collection[str], firm_id: int) -> Select[Any]:
    """Payments at the labs of this firm with one of the references, each with its booking's reference and client."""
    return (
        select(Payment, Booking.ref, Firm)
        .join(Booking, Booking.id == Payment.booking_id)
        .join(Firm, Firm.id == Booking.client_firm_id)
        .where(Payment.reference.in_(references), Booking.lab_firm_id == firm_id)
        .order_by(Payment.id)
    )


def _used(payment: Payment, ref: str, client: Firm) -> UsedBefore:
    return UsedBefore(ref=ref, client=client, amount_fen=payment.amount_fen, paid_on=payment.paid_on)


def bookings_of(actor: Actor, refs: Iterable[str]) -> dict[str, Booking]:
    """Bookings at the firm's labs by their references, with client and test item. One statement."""
    rows = db.session.scalars(
        select(Booking)
        .options(joinedload(Booking.client), joinedload(Booking.test_item))
        .where(Booking.ref.in_(list(refs)), Booking.lab_firm_id == actor.firm_id)
    )
    return {booking.ref: booking for booking in rows}


def dues_like(dues: Sequence[Due], text: str, *, limit: int = 50) -> list[Due]:
    """Those whose reference, client or invoice holds these words, the earliest first."""
    typed = plain_name(text)
    return [
        due
        for due in dues
        if typed in due.ref.lower() or any(typed in plain_name(name) for name in (*due.names, *due.invoices))
    ][:limit]
