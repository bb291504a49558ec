"""Invoices and red letters. One invoice may cover several bookings of one client: same number, date, client."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from labshare.audit.services import record
from labshare.booking.models import Booking
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import Problem, raise_all
from labshare.kernel.formatting import plain_money
from labshare.kernel.money import Fen, total
from labshare.kernel.time import local_day
from labshare.kernel.verbs import verb
from labshare.settlement.errors import (
    BookingTwice,
    InvoiceOfOtherClient,
    InvoiceOfOtherKind,
    InvoiceRecordedAlready,
    NotAnInvoiceNumber,
    OriginalSaysAmount,
    RedLetterWithoutOriginal,
)
from labshare.settlement.files import TakenFile, store
from labshare.settlement.models import Invoice, InvoiceLine
from labshare.settlement.rules import rows
from labshare.settlement.rules.documents import check_invoice, check_red_letter
from labshare.settlement.rules.invoice_numbers import NUMBER_LENGTH, read_number
from labshare.settlement.rules.originals import wrong_original, wrong_parties
from labshare.settlement.services.doubles import look_for_invoice
from labshare.settlement.services.ledger import (
    check_documents_begin,
    documents,
    locked_booking,
    locked_bookings,
    refresh,
)
from labshare.settlement.services.notifications.documents import invoice_recorded
from labshare.settlement.services.typed_text import check_line
from labshare.settlement.terms import EntryCause


@dataclass(frozen=True, kw_only=True)
class Share:
    """What an invoice says of one booking; fen, both above or at 0."""

    ref: str
    amount_fen: Fen
    tax_fen: Fen


@dataclass(frozen=True, kw_only=True)
class InvoiceFigures:
    """What is recorded of an invoice at once; fen, below 0 of a red letter."""

    number: str
    issued_on: date
    amount_fen: Fen
    tax_fen: Fen


@verb("invoice.record", title=_l("Invoice recorded"), money=True)
def record_invoice(
    *,
    actor: Actor,
    now: datetime,
    ref: str,
    number: str,
    issued_on: date,
    amount_fen: Fen,
    tax_fen: Fen,
    file: TakenFile | None = None,
    also: Sequence[Share] = (),
) -> Invoice:
    """Record what an invoice says of a booking, and of others of the same client (`also`) that it covers.

    Amounts in fen, tax included. A number that is known adds to that invoice, if date and client are the same. Raises
    `IllegalStep` before `confirmed`, `InvoiceAboveCharge`, `TaxOutOfRange`, `DocumentInFuture`, `NotAnInvoiceNumber`,
    `InvoiceOfOtherClient`, `InvoiceOfOtherKind`, `InvoiceRecordedAlready`, `BookingTwice` (R-PAPER-5, R-PAPER-7);
    `OriginalOfOtherSeller` and its like where the file is the invoice's original and says otherwise (R-PAPER-13).
    Problems of the n-th further booking stand at `also-n-amount_fen` and so on. What has the file of another booking's
    invoice is kept for officers (R-DOUBLE-1).
    """
    shares = [Share(ref=ref, amount_fen=amount_fen, tax_fen=tax_fen), *also]
    if len({share.ref for share in shares}) < len(shares):
        raise BookingTwice
    bookings = locked_bookings(actor, "invoice.record", refs=[share.ref for share in shares])
    for booking in bookings:
        check_documents_begin(booking)
    number, invoice = _numbered(bookings[0], number)
    figures = InvoiceFigures(
        number=number,
        issued_on=issued_on,
        amount_fen=total(share.amount_fen for share in shares),
        tax_fen=total(share.tax_fen for share in shares),
    )
    raise_all(
        [
            *_wrong_file(file),
            *_wrong_number(number, invoice, bookings, issued_on, red=False),
            *_wrong_shares(bookings, shares, issued_on, local_day(now)),
            *_wrong_original(file, invoice, bookings[0], figures),
        ]
    )
    invoice = _invoice(bookings, invoice, number, issued_on, file, actor, now, red=False)
    for booking, share in zip(bookings, shares, strict=True):
        _add_line(
            booking, invoice, amount_fen=share.amount_fen, tax_fen=share.tax_fen, reverses=None, actor=actor, now=now
        )
    look_for_invoice(bookings, invoice, file, now=now)
    return invoice


@verb("invoice.reverse", title=_l("Red-letter invoice recorded"), money=True)
def record_red_letter(
    *,
    actor: Actor,
    now: datetime,
    ref: str,
    number: str,
    issued_on: date,
    amount_fen: Fen,
    tax_fen: Fen,
    reverses: int | None,
    file: TakenFile | None = None,
) -> Invoice:
    """Record a red-letter invoice that takes `amount_fen` > 0 with `tax_fen` ≥ 0 off one of the booking's invoices.

    `reverses` is the id of the invoice line. Raises `RedLetterWithoutOriginal`, `RedLetterBeforeOriginal`,
    `ReversesTooMuch`, `ReversesTooMuchTax`, `TaxOutOfRange` and what `record_invoice` raises.
    """
    booking = locked_booking(actor, "invoice.record", ref=ref)
    check_documents_begin(booking)
    number, known = _numbered(booking, number)
    recorded = documents(booking)
    original = next((i for i in recorded.invoices if i.id == reverses and i.amount_fen > 0), None)
    taken, tax = Fen(-amount_fen), Fen(-tax_fen)
    figures = InvoiceFigures(number=number, issued_on=issued_on, amount_fen=taken, tax_fen=tax)
    problems = [
        *_wrong_file(file),
        *_wrong_number(number, known, [booking], issued_on, red=True),
        *_wrong_original(file, known, booking, figures),
    ]
    if original is None:
        problems.append(RedLetterWithoutOriginal())
    else:
        problems += check_red_letter(
            recorded, original, day=issued_on, amount_fen=amount_fen, tax_fen=tax_fen, today=local_day(now)
        )
    raise_all(problems)
    invoice = _invoice([booking], known, number, issued_on, file, actor, now, red=True)
    _add_line(booking, invoice, amount_fen=taken, tax_fen=tax, reverses=reverses, actor=actor, now=now)
    return invoice


def _numbered(booking: Booking, typed: str) -> tuple[str, Invoice | None]:
    """The number as it is kept, and the seller's invoice that has it. What is no invoice's number any more is looked
    up as it stands: older rows may have it."""
    number = read_number(typed) or typed.strip()
    return number, _known_invoice(booking, number)


def _known_invoice(booking: Booking, number: str) -> Invoice | None:
    if check_line(number, NUMBER_LENGTH, "number"):
        return None
    return db.session.scalar(
        select(Invoice)
        .where(Invoice.seller_firm_id == booking.lab_firm_id, Invoice.number == number)
        .execution_options(populate_existing=True)
    )


def _wrong_file(file: TakenFile | None) -> Iterator[Problem]:
    if file is not None and file.problem is not None:
        yield file.problem


def _wrong_original(
    file: TakenFile | None, invoice: Invoice | None, booking: Booking, figures: InvoiceFigures
) -> Iterator[Problem]:
    """Whether what is recorded, with what is recorded of the invoice already, is not what its original says
    (R-PAPER-13): the file that comes with it, or the one that came before."""
    original = file.original if file is not None else None
    amount, tax = 0, 0
    if invoice is not None:
        amounts = select(func.sum(InvoiceLine.amount_fen), func.sum(InvoiceLine.tax_fen))
        amount, tax = db.session.execute(amounts.where(InvoiceLine.invoice_id == invoice.id)).one()
    whole, whole_tax = Fen(figures.amount_fen + int(amount or 0)), Fen(figures.tax_fen + int(tax or 0))
    if original is not None:
        seller, client = booking.lab_firm, booking.client
        yield from wrong_parties(original, seller=(seller.uscc, seller.name), buyer=(client.uscc, client.name))
        yield from wrong_original(
            original,
            number=figures.number,
            issued_on=figures.issued_on,
            amount_fen=whole,
            tax_fen=whole_tax,
            in_parts=figures.amount_fen < 0,
        )
    elif invoice is not None and invoice.whole_fen is not None and abs(whole) > abs(invoice.whole_fen):
        yield OriginalSaysAmount(said=plain_money(invoice.whole_fen), here=plain_money(whole))


def _wrong_number(
    number: str, invoice: Invoice | None, bookings: Sequence[Booking], issued_on: date, *, red: bool
) -> Iterator[Problem]:
    if problem := check_line(number, NUMBER_LENGTH, "number"):
        yield problem
        return
    first = bookings[0]
    clients = {booking.client_firm_id for booking in bookings}
    sellers = {booking.lab_firm_id for booking in bookings}
    if len(clients) > 1 or len(sellers) > 1:
        yield InvoiceOfOtherClient("also")
        return
    if invoice is None:
        if read_number(number) is None:
            yield NotAnInvoiceNumber()
        return
    if invoice.client_firm_id != first.client_firm_id or invoice.issued_on != issued_on:
        yield InvoiceOfOtherClient()
        return
    lines = db.session.scalars(select(InvoiceLine).where(InvoiceLine.invoice_id == invoice.id)).all()
    if any((line.amount_fen < 0) != red for line in lines):
        yield InvoiceOfOtherKind()
    elif {line.booking_id for line in lines} & {booking.id for booking in bookings}:
        yield InvoiceRecordedAlready()


def _wrong_shares(
    bookings: Sequence[Booking], shares: Sequence[Share], issued_on: date, today: date
) -> Iterator[Problem]:
    for place, (booking, share) in enumerate(zip(bookings, shares, strict=True)):
        for problem in check_invoice(
            documents(booking), day=issued_on, amount_fen=share.amount_fen, tax_fen=share.tax_fen, today=today
        ):
            if place == 0:
                yield problem
            elif problem.field != "issued_on":  # said once, of the first
                problem.field = f"also-{place - 1}-{problem.field}"
                yield problem


def _invoice(
    bookings: Sequence[Booking],
    known: Invoice | None,
    number: str,
    issued_on: date,
    file: TakenFile | None,
    actor: Actor,
    now: datetime,
    *,
    red: bool,
) -> Invoice:
    """The invoice with this number, new if need be."""
    if known is None:
        first = bookings[0]
        values = rows.invoice(
            seller_firm_id=first.lab_firm_id,
            client_firm_id=first.client_firm_id,
            number=number,
            issued_on=issued_on,
            payment_days=first.lab.payment_days,
            red=red,
        )
        known = Invoice(**values)
        try:
            with db.session.begin_nested():
                db.session.add(known)
                db.session.flush()
        except IntegrityError:  # another recording made it meanwhile: is it the same invoice?
            known = _known_invoice(bookings[0], number)
            raise_all(_wrong_number(number, known, bookings, issued_on, red=red))
            assert known is not None  # noqa: S101 - its number is what was in the way
    if file is not None and known.file_id is None:
        known.file_id = store(file, actor=actor, now=now).id
    if file is not None and file.original is not None and known.whole_fen is None:
        known.whole_fen = file.original.amount_fen
    return known


def _add_line(
    booking: Booking,
    invoice: Invoice,
    *,
    amount_fen: Fen,
    tax_fen: Fen,
    reverses: int | None,
    actor: Actor,
    now: datetime,
) -> None:
    values = rows.invoice_line(
        booking.id,
        invoice_id=invoice.id,
        amount_fen=amount_fen,
        tax_fen=tax_fen,
        reverses=reverses,
        by=actor.person_id,
        now=now,
    )
    line = InvoiceLine(**values)
    db.session.add(line)
    db.session.flush()
    action, before, after = rows.invoice_recorded(
        line.id, values, number=invoice.number, issued_on=invoice.issued_on, invoiced_fen=booking.invoiced_fen
    )
    record(actor, now, action, ("booking", booking.ref), before=before, after=after)
    refresh(booking, actor=actor, now=now, cause=EntryCause.INVOICE, cause_id=line.id)
    invoice_recorded(booking, invoice, amount_fen, actor=actor, now=now)
