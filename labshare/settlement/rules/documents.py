"""What documents say of a booking's revenue, and what no document may say (docs/rules.md, R-PAPER and R-RECOGNITION).

Amounts in fen, tax included; a red letter and a refund are negative. Days are local days. Nothing here knows a table.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from labshare.kernel.errors import Problem
from labshare.kernel.formatting import plain_money
from labshare.kernel.money import ZERO, Fen, round_half_up, total
from labshare.kernel.months import Month
from labshare.settlement.errors import (
    AmountNotAboveZero,
    AmountTooLarge,
    DocumentInFuture,
    InvoiceAboveCharge,
    PaymentAboveCharge,
    RedLetterBeforeOriginal,
    RefundAbovePayment,
    ReportTooEarly,
    ReversesTooMuch,
    ReversesTooMuchTax,
    TaxOutOfRange,
)
from labshare.settlement.terms import PayerVerdict

LARGEST_FEN = Fen(10**12)
"""Ten billion yuan: beyond any document, well inside what the database can hold and add up."""


@dataclass(frozen=True)
class ChargeLine:
    """An agreed line of what is charged; `day` is the local day agreed, of the first line that of booking."""

    day: date
    amount_fen: Fen


@dataclass(frozen=True, kw_only=True)
class ReportDocument:
    id: int
    day: date
    replaces: int | None = None
    withdrawn_on: date | None = None


@dataclass(frozen=True, kw_only=True)
class InvoiceDocument:
    """One booking's line of an invoice; negative, it reverses the line `reverses`."""

    id: int
    day: date
    amount_fen: Fen
    tax_fen: Fen = ZERO
    reverses: int | None = None


@dataclass(frozen=True, kw_only=True)
class PaymentDocument:
    """`counts`: the payer is the client, or an officer accepted the payer."""

    id: int
    day: date
    amount_fen: Fen
    counts: bool = True


def payment_counts(*, by_client: bool, payer_verdict: str | None) -> bool:
    """Whether the client paid it, or an officer lets the other payer's money count (R-PAPER-8)."""
    return by_client or payer_verdict == PayerVerdict.ACCEPTED


@dataclass(frozen=True, kw_only=True)
class Money:
    """An amount and the tax in it, in fen."""

    amount_fen: Fen = ZERO
    tax_fen: Fen = ZERO

    def __add__(self, other: "Money") -> "Money":
        return Money(amount_fen=Fen(self.amount_fen + other.amount_fen), tax_fen=Fen(self.tax_fen + other.tax_fen))

    def __sub__(self, other: "Money") -> "Money":
        return Money(amount_fen=Fen(self.amount_fen - other.amount_fen), tax_fen=Fen(self.tax_fen - other.tax_fen))

    def __bool__(self) -> bool:
        return self.amount_fen != 0 or self.tax_fen != 0


NOTHING = Money()


def _sum(lines: Collection[InvoiceDocument]) -> Money:
    return Money(amount_fen=total(line.amount_fen for line in lines), tax_fen=total(line.tax_fen for line in lines))


@dataclass(frozen=True)
class Documents:
    """All documents of one booking. A method with a `day` counts those dated up to and including that day."""

    charges: tuple[ChargeLine, ...] = ()
    reports: tuple[ReportDocument, ...] = ()
    invoices: tuple[InvoiceDocument, ...] = ()
    payments: tuple[PaymentDocument, ...] = ()

    def charged(self, day: date) -> Fen:
        return total(line.amount_fen for line in self.charges if line.day <= day)

    def invoiced(self, day: date) -> Money:
        """Net of red letters."""
        return _sum([line for line in self.invoices if line.day <= day])

    def paid(self, day: date) -> Fen:
        """Net of refunds; what another payer paid counts once accepted."""
        return total(payment.amount_fen for payment in self.payments if payment.counts and payment.day <= day)

    def standing(self, day: date) -> tuple[ReportDocument, ...]:
        """Reports issued, not withdrawn by then, and not replaced by then: a successor that was itself withdrawn
        still has replaced its predecessor."""
        replaced = {report.replaces for report in self.reports if report.day <= day}
        return tuple(
            report
            for report in self.reports
            if report.day <= day
            and report.id not in replaced
            and (report.withdrawn_on is None or report.withdrawn_on > day)
        )

    def recognised(self, day: date) -> Money:
        """0 unless a report stands, else the least of charged, invoiced, paid; its tax in proportion, half up."""
        if not self.standing(day):
            return NOTHING
        invoiced = self.invoiced(day)
        amount = min(self.charged(day), invoiced.amount_fen, self.paid(day))
        if invoiced.amount_fen == 0:
            return Money(amount_fen=amount)
        tax = round_half_up(Fraction(amount * invoiced.tax_fen, invoiced.amount_fen))
        return Money(amount_fen=amount, tax_fen=Fen(tax))

    def days(self) -> list[date]:
        """Every day on which a document is dated, in order."""
        return sorted(
            {line.day for line in self.charges}
            | {report.day for report in self.reports}
            | {invoice.day for invoice in self.invoices}
            | {payment.day for payment in self.payments}
        )

    def days_from(self, day: date) -> list[date]:
        return [day, *(each for each in self.days() if each > day)]

    def left_of(self, invoice_id: int) -> Money:
        """What of an invoice is not reversed yet."""
        return _sum([line for line in self.invoices if invoice_id in (line.id, line.reverses)])


# What still fits


def invoice_room(documents: Documents, day: date) -> Fen:
    """The most an invoice of this day can say, so that net invoiced ≤ charged on it and on every later day."""
    return min(Fen(documents.charged(d) - documents.invoiced(d).amount_fen) for d in documents.days_from(day))


def payment_room(documents: Documents, day: date) -> Fen:
    """The most a payment of this day can be, so that net paid ≤ charged on it and on every later day."""
    return min(Fen(documents.charged(d) - documents.paid(d)) for d in documents.days_from(day))


def refund_room(documents: Documents, day: date) -> Fen:
    """The most that can be refunded on this day, so that net paid ≥ 0 on it and on every later day."""
    return min(documents.paid(d) for d in documents.days_from(day))


# What is wrong with a document. Each gives every problem it finds, so that a form can show them together.


def check_day(day: date, today: date, field: str) -> Iterator[Problem]:
    if day > today:
        yield DocumentInFuture(field)


def check_report(day: date, *, today: date, finished_on: date) -> Iterator[Problem]:
    yield from check_day(day, today, "issued_on")
    if day < finished_on:
        yield ReportTooEarly()


def check_amount(amount_fen: Fen) -> Iterator[Problem]:
    if amount_fen <= 0:
        yield AmountNotAboveZero()
    elif amount_fen > LARGEST_FEN:
        yield AmountTooLarge(amount=plain_money(LARGEST_FEN))


def check_invoice(documents: Documents, *, day: date, amount_fen: Fen, tax_fen: Fen, today: date) -> Iterator[Problem]:
    """A blue invoice of `amount_fen` > 0 for this booking."""
    yield from check_day(day, today, "issued_on")
    if problems := tuple(check_amount(amount_fen)):
        yield from problems
        return
    if not 0 <= tax_fen <= amount_fen:
        yield TaxOutOfRange()
    room = invoice_room(documents, day)
    if amount_fen > room and day <= today:
        yield InvoiceAboveCharge(amount=plain_money(room))


def check_red_letter(
    documents: Documents, original: InvoiceDocument, *, day: date, amount_fen: Fen, tax_fen: Fen, today: date
) -> Iterator[Problem]:
    """A red letter that takes `amount_fen` > 0 with `tax_fen` ≥ 0 off an invoice."""
    yield from check_day(day, today, "issued_on")
    if day < original.day:
        yield RedLetterBeforeOriginal()
    if problems := tuple(check_amount(amount_fen)):
        yield from problems
        return
    left = documents.left_of(original.id)
    if not 0 <= tax_fen <= amount_fen:
        yield TaxOutOfRange()
    elif tax_fen > left.tax_fen:
        yield ReversesTooMuchTax(amount=plain_money(left.tax_fen))
    if amount_fen > left.amount_fen:
        yield ReversesTooMuch(amount=plain_money(left.amount_fen))


def check_payment(documents: Documents, *, day: date, amount_fen: Fen, counts: bool, today: date) -> Iterator[Problem]:
    """Money of `amount_fen` > 0 received. What does not count yet is measured once an officer accepts its payer."""
    yield from check_day(day, today, "paid_on")
    if problems := tuple(check_amount(amount_fen)):
        yield from problems
        return
    if counts and day <= today and amount_fen > (room := payment_room(documents, day)):
        yield PaymentAboveCharge(amount=plain_money(room))


def check_refund(documents: Documents, *, day: date, amount_fen: Fen, counts: bool, today: date) -> Iterator[Problem]:
    """Money of `amount_fen` > 0 given back."""
    yield from check_day(day, today, "paid_on")
    if problems := tuple(check_amount(amount_fen)):
        yield from problems
        return
    if counts and day <= today and amount_fen > (room := refund_room(documents, day)):
        yield RefundAbovePayment(amount=plain_money(room))


# The ledger


def ledger_differences(
    documents: Documents, entries: Mapping[Month, Money], *, closed: Iterable[Month], present: Month
) -> dict[Month, Money]:
    """The one entry that each open month lacks, so that the sum up to it is what is recognised on its last day.

    From the month of the earliest document on, in ascending order, up to the present month; `entries` are the sums
    of the entries there are, by month. Closed months are left as they are: what comes late falls into the first month
    still open.
    """
    days = documents.days()
    if not days:
        return {}
    shut = set(closed)
    lacking: dict[Month, Money] = {}
    first = min([Month.of(days[0]), *entries])
    written = NOTHING
    for month in first.through(present):
        written += entries.get(month, NOTHING)
        if month in shut:
            continue
        if difference := documents.recognised(month.last_day) - written:
            lacking[month] = difference
            written += difference
    return lacking
