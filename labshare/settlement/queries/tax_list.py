"""What the tax system says was invoiced, held against what is recorded and what is to be invoiced (R-TAXLIST). Fen,
local days."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, not_, or_, select, union
from sqlalchemy.orm import aliased, joinedload

from labshare.booking.models import Booking
from labshare.booking.terms import BookingState
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import NotFound
from labshare.kernel.money import Fen
from labshare.organisations.models import Firm
from labshare.organisations.permissions import visible
from labshare.settlement.models import Invoice, InvoiceLine
from labshare.settlement.queries.bank import load_dues
from labshare.settlement.queries.owed import left_of
from labshare.settlement.rules.matching import Due, Line, Proposal, propose
from labshare.settlement.rules.reversing import Part, RedLine, Reversible, propose_reversals
from labshare.settlement.tax_list import TaxLine, TaxList
from labshare.settlement.terms import DocumentKind, TaxLines

SOURCE = "tax system"
"""Under which the heads of its lists are kept."""
WAITING_AT_MOST = 2000
"""Lines of which proposals are made at once, the oldest first."""
RIGHT = "invoice.record"


@dataclass(frozen=True, kw_only=True)
class KnownLine:
    """A line whose number is recorded, with what is recorded of it."""

    line: TaxLine
    amount_fen: Fen
    tax_fen: Fen
    invoice: Invoice
    client: Firm

    @property
    def differs(self) -> bool:
        line, code = self.line, self.line.buyer_uscc
        return (self.amount_fen, self.tax_fen, self.invoice.issued_on) != (
            line.amount_fen,
            line.tax_fen,
            line.issued_on,
        ) or code not in ("", self.client.uscc)


def _ours(actor: Actor) -> tuple[ColumnElement[bool], ...]:
    return (TaxLine.firm_id == actor.firm_id, visible(actor, RIGHT, lab=TaxLine.firm_id))


def known_numbers(actor: Actor, numbers: Sequence[str]) -> set[str]:
    """Which of these invoices are lines already. One statement a thousand."""
    found: set[str] = set()
    for start in range(0, len(numbers), 1000):
        some = numbers[start : start + 1000]
        found |= set(db.session.scalars(select(TaxLine.number).where(*_ours(actor), TaxLine.number.in_(some))))
    return found


def tax_lists(actor: Actor, *, limit: int = 10) -> Sequence[TaxList]:
    """What was imported last."""
    return db.session.scalars(
        select(TaxList)
        .options(joinedload(TaxList.file))
        .where(TaxList.firm_id == actor.firm_id, visible(actor, RIGHT, lab=TaxList.firm_id))
        .order_by(TaxList.id.desc())
        .limit(limit)
    ).all()


def lines_open(actor: Actor) -> Sequence[TaxLine]:
    """Lines that are not recorded, the oldest first, at most two thousand. One statement."""
    return db.session.scalars(
        select(TaxLine)
        .where(*_ours(actor), TaxLine.unlinked, not_(TaxLine.known()))
        .order_by(TaxLine.issued_on, TaxLine.id)
        .limit(WAITING_AT_MOST)
    ).all()


def lines_aside(actor: Actor, *, limit: int, offset: int = 0) -> tuple[Sequence[TaxLine], int]:
    """Lines set aside, the latest first, and how many there are. Two statements."""
    which = (*_ours(actor), TaxLine.aside)
    count = db.session.scalar(select(func.count()).select_from(TaxLine).where(*which)) or 0
    rows = db.session.scalars(
        select(TaxLine).where(*which).order_by(TaxLine.issued_on.desc(), TaxLine.id.desc()).limit(limit).offset(offset)
    ).all()
    return rows, count


def lines_known(actor: Actor, shown: TaxLines, *, limit: int, offset: int = 0) -> tuple[Sequence[KnownLine], int]:
    """Lines whose numbers are recorded, all or those that differ from what is recorded, the latest first; and how many.
    Two statements."""
    amount, tax = func.sum(InvoiceLine.amount_fen), func.sum(InvoiceLine.tax_fen)
    found = (
        select(TaxLine, amount.label("fen"), tax.label("tax"), Invoice, Firm)
        .join(Invoice, (Invoice.seller_firm_id == TaxLine.firm_id) & (Invoice.number == TaxLine.number))
        .join(InvoiceLine, InvoiceLine.invoice_id == Invoice.id)
        .join(Firm, Firm.id == Invoice.client_firm_id)
        .where(*_ours(actor))
        .group_by(TaxLine.id, Invoice.id, Firm.id)
    )
    if shown == TaxLines.DIFFERS:
        found = found.having(
            or_(
                amount != TaxLine.amount_fen,
                tax != TaxLine.tax_fen,
                Invoice.issued_on != TaxLine.issued_on,
                (TaxLine.buyer_uscc != "") & (TaxLine.buyer_uscc != Firm.uscc),
            )
        )
    count = db.session.scalar(select(func.count()).select_from(found.with_only_columns(TaxLine.id).subquery())) or 0
    rows = db.session.execute(found.order_by(TaxLine.issued_on.desc(), TaxLine.id.desc()).limit(limit).offset(offset))
    return [
        KnownLine(
            line=row.TaxLine,
            amount_fen=Fen(int(row.fen)),
            tax_fen=Fen(int(row.tax)),
            invoice=row.Invoice,
            client=row.Firm,
        )
        for row in rows
    ], count


def get_tax_line(actor: Actor, line_id: int) -> TaxLine:
    """Raises `NotFound`."""
    line = db.session.scalar(
        select(TaxLine)
        .options(joinedload(TaxLine.list).joinedload(TaxList.file))
        .where(TaxLine.id == line_id, *_ours(actor))
    )
    if line is None:
        raise NotFound
    return line


def proposals_for(lines: Iterable[TaxLine], actor: Actor, dues: Sequence[Due] | None = None) -> dict[int, Proposal]:
    """Which bookings each line seems to be for, or which invoice a red letter takes back: never another client's than
    the one whose code it has. Two statements where the dues are not given, one more where there are red letters."""
    lines = list(lines)
    red = [line for line in lines if line.red]
    blue = [line for line in lines if not line.red]
    if blue and dues is None:
        dues = load_dues(actor, DocumentKind.INVOICE)
    asked = [
        Line(id=line.id, amount_fen=line.amount_fen, payer=line.buyer, text=line.note, uscc=line.buyer_uscc)
        for line in blue
    ]
    proposals = propose(asked, dues or ())
    found = {line.id: one for line in blue if (one := proposals.get(line.id)) and line.buyer_uscc in ("", one.uscc)}
    return found | propose_reversals(map(as_red, red), reversible_by(actor, red)) if red else found


def as_red(line: TaxLine) -> RedLine:
    """What is known of a red letter before it is recorded."""
    return RedLine(
        id=line.id,
        amount_fen=Fen(-line.amount_fen),
        tax_fen=Fen(-line.tax_fen),
        buyer=line.buyer,
        uscc=line.buyer_uscc,
        names=line.reverses_number,
    )


def reversible_by(actor: Actor, lines: Iterable[TaxLine]) -> list[Reversible]:
    """Invoices that these red letters may take back: those that they name; of the others, the buyers' by their codes.
    One statement."""
    lines = list(lines)
    return reversible(
        actor,
        numbers={line.reverses_number for line in lines if line.reverses_number},
        buyers={line.buyer_uscc for line in lines if line.reverses_number is None},
    )


def reversible(actor: Actor, *, numbers: Collection[str] = (), buyers: Collection[str] = ()) -> list[Reversible]:
    """Invoices of the firm acted for, of these numbers or to these clients (by credit code), of which something is not
    reversed, the earliest first. One statement."""
    ours = select(Invoice.id).where(Invoice.seller_firm_id == actor.firm_id)
    named = ours.where(Invoice.number.in_(numbers))
    theirs = ours.where(Invoice.client_firm_id.in_(select(Firm.id).where(Firm.uscc.in_(buyers))))
    left, left_tax = left_of("amount_fen"), left_of("tax_fen")
    rows = db.session.execute(
        select(
            InvoiceLine.id,
            left.label("left_fen"),
            left_tax.label("left_tax_fen"),
            Booking.ref,
            Invoice.number,
            Firm.id.label("client_id"),
            Firm.name,
            Firm.name_en,
            Firm.uscc,
        )
        .join(Invoice, Invoice.id == InvoiceLine.invoice_id)
        .join(Booking, Booking.id == InvoiceLine.booking_id)
        .join(Firm, Firm.id == Invoice.client_firm_id)
        .where(
            visible(actor, RIGHT, lab=Invoice.seller_firm_id),
            Invoice.id.in_(union(named, theirs) if buyers else named),
            InvoiceLine.amount_fen > 0,
            left > 0,
        )
        .order_by(Invoice.issued_on, Invoice.id, InvoiceLine.id)
    )
    by_number: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        by_number[row.number].append(row)
    return [
        Reversible(
            number=number,
            client_id=of[0].client_id,
            names=tuple(name for name in (of[0].name, of[0].name_en) if name),
            uscc=of[0].uscc,
            parts=tuple(
                Part(
                    line_id=row.id,
                    ref=row.ref,
                    left_fen=Fen(int(row.left_fen)),
                    left_tax_fen=Fen(int(row.left_tax_fen)),
                )
                for row in of
            ),
        )
        for number, of in by_number.items()
    ]


def red_letters_of(actor: Actor, number: str) -> Sequence[InvoiceLine]:
    """What red letters have taken off the invoice of this number, each with its invoice and booking. One statement."""
    original, line = aliased(Invoice), aliased(InvoiceLine)
    return db.session.scalars(
        select(InvoiceLine)
        .join(line, line.id == InvoiceLine.reverses_id)
        .join(original, original.id == line.invoice_id)
        .where(
            original.seller_firm_id == actor.firm_id,
            visible(actor, RIGHT, lab=original.seller_firm_id),
            original.number == number,
        )
        .options(joinedload(InvoiceLine.invoice), joinedload(InvoiceLine.booking))
        .order_by(InvoiceLine.id)
    ).all()


def to_invoice(actor: Actor) -> Sequence[Booking]:
    """Finished work and cancellations of which something is to be invoiced, the earliest first, with the clients' tax
    facts. One statement."""
    return db.session.scalars(
        select(Booking)
        .options(joinedload(Booking.client), joinedload(Booking.test_item), joinedload(Booking.lab))
        .where(
            Booking.lab_firm_id == actor.firm_id,
            visible(actor, RIGHT, lab=Booking.lab_firm_id),
            Booking.unsettled,
            Booking.charged_fen > Booking.invoiced_fen,
            Booking.state.in_((*BookingState.tested_or_later(), *BookingState.over_with_fee())),
        )
        .order_by(Booking.client_firm_id, Booking.starts_at, Booking.id)
    ).all()
