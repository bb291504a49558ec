"""Reports, invoices, payments, the revenue ledger."""

from typing import Any, ClassVar

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext

from labshare.http.fields import Day, Fen, Inside, Moment, MonthField, Text, Whole, Word, YesNo
from labshare.http.schemas.base import Answer
from labshare.http.schemas.booking import Client
from labshare.http.schemas.catalogue import InstrumentBrief, TestItemBrief
from labshare.http.schemas.talk import SentFile
from labshare.settlement.terms import DoubleVerdict, EntryCause, Movement, ReminderLevel, ReportState


class ReportMark(Answer):
    """CMA or CNAS, and the certificate's number."""

    about = "mark"

    kind = Text()
    number = Text()


class SamplePhoto(Answer):
    """A photo of samples."""

    file = Inside(SentFile)


class Report(Answer):
    id = Whole()
    number = Text()
    issued_on = Day()
    replaces = Whole(attribute="replaces_id", allow_none=True)
    why = Text(allow_none=True)
    standard = Text(attribute="standard_number", allow_none=True)
    marks = Inside(ReportMark, many=True)
    raw = Inside(SentFile, many=True)
    code = Text()
    withdrawn_on = Day(allow_none=True)


class Proof(Answer):
    """What is said of a report to whoever holds it."""

    number = Text(attribute="report.number")
    lab = Text(attribute="report.lab.code")
    issued_on = Day(attribute="report.issued_on")
    standard = Text(attribute="report.standard_number", allow_none=True)
    marks = Inside(ReportMark, many=True, attribute="report.marks")
    state = Word(ReportState)
    superseded_by = Text(allow_none=True)
    withdrawn_on = Day(attribute="report.withdrawn_on", allow_none=True)
    sha256 = Text(attribute="report.file.sha256")


class SameElsewhere(Answer):
    """An earlier document on another booking with the same bank reference or file; `booking` is null where it is
    another lab's. `verdict`: an officer's, null while it waits."""

    booking = Text(attribute="ref", allow_none=True)
    same_reference = YesNo(attribute="row.same_reference")
    same_file = YesNo(attribute="row.same_file")
    verdict = Word(DoubleVerdict, attribute="row.verdict", allow_none=True)


class InvoiceLine(Answer):
    """`reverses`: the number of the invoice that it takes back."""

    about = "line"

    id = Whole()
    booking = Text(attribute="booking.ref")
    amount_fen = Fen()
    tax_fen = Fen()
    reverses = Text(allow_none=True)


class Invoice(Answer):
    about = "invoice"

    id = Whole()
    number = Text()
    issued_on = Day()
    lines = Inside(InvoiceLine, many=True)
    elsewhere = Inside(SameElsewhere, many=True)


class Payment(Answer):
    id = Whole()
    amount_fen = Fen()
    paid_on = Day()
    reference = Text()
    payer_uscc = Text()
    counts = YesNo()
    payer_verdict = Text(allow_none=True)


class RecordedPayment(Payment):
    """With what of it stands on another booking, too."""

    about = "payment"

    elsewhere = Inside(SameElsewhere, many=True)


class PaymentOfLab(Payment):
    """A payment in a lab's register, of a `RegisterLine`; in a file with what it is about."""

    about = "document"

    booking = Text(attribute="booking.ref")
    lab = Text(attribute="booking.lab.code")
    client = Inside(Client, attribute="booking.client")
    client_uscc = Text(attribute="booking.client.uscc")
    recorded_at = Moment()

    columns: ClassVar[dict[str, Any]] = {
        "paid_on": _l("Date"),
        "reference": _l("Bank reference"),
        "booking": _l("Booking"),
        "lab": _l("Lab"),
        "client": _l("Client"),
        "client_uscc": _l("Unified social credit code"),
        "payer_uscc": _l("Payer's credit code"),
        "recorded_at": lazy_pgettext("register", "Recorded"),
        "amount_fen": _l("Amount (CNY)"),
    }


class InvoiceOfLab(Answer):
    """A line of an invoice or red letter in a lab's register, of a `RegisterLine`."""

    about = "document"

    id = Whole()
    number = Text(attribute="document.invoice.number")
    issued_on = Day(attribute="document.invoice.issued_on")
    due_on = Day(attribute="document.invoice.due_on")
    reverses = Text(allow_none=True)
    booking = Text(attribute="booking.ref")
    lab = Text(attribute="booking.lab.code")
    client = Inside(Client, attribute="booking.client")
    client_uscc = Text(attribute="booking.client.uscc")
    amount_fen = Fen()
    tax_fen = Fen()
    recorded_at = Moment()

    columns: ClassVar[dict[str, Any]] = {
        "issued_on": _l("Date"),
        "number": _l("Invoice number"),
        "reverses": _l("Takes back"),
        "booking": _l("Booking"),
        "lab": _l("Lab"),
        "client": _l("Client"),
        "client_uscc": _l("Unified social credit code"),
        "recorded_at": lazy_pgettext("register", "Recorded"),
        "amount_fen": _l("Amount (CNY)"),
        "tax_fen": _l("Of which VAT (CNY)"),
    }


class AccountLine(Answer):
    """A document of a statement of account; `balance_fen` is owed after it."""

    about = "document"

    kind = Word(Movement)
    day = Day()
    number = Text(attribute="document.text")
    booking = Text(attribute="document.booking.ref")
    amount_fen = Fen()
    balance_fen = Fen()


class OverdueLine(Answer):
    booking = Text(attribute="booking.ref")
    number = Text()
    issued_on = Day()
    due_on = Day()
    left_fen = Fen()


class Account(Answer):
    """A statement of account; `overdue` as of today."""

    client = Inside(Client)
    since = Day(data_key="from")
    until = Day(data_key="to")
    opening_fen = Fen()
    invoiced_fen = Fen()
    paid_fen = Fen()
    closing_fen = Fen()
    lines = Inside(AccountLine, many=True)
    overdue_fen = Fen()
    overdue = Inside(OverdueLine, many=True)


class SentStatement(Answer):
    id = Whole()
    since = Day(data_key="from")
    until = Day(data_key="to")
    closing_fen = Fen()
    sent_on = Day()


class RemindedInvoice(Answer):
    number = Text(attribute="invoice.number")
    due_on = Day(attribute="invoice.due_on")
    level = Word(ReminderLevel)
    left_fen = Fen()


class Reminder(Answer):
    """A dunning letter; its level is the highest of its invoices."""

    id = Whole()
    client = Inside(Client)
    lab_firm = Inside(Client)
    level = Word(ReminderLevel)
    sent_on = Day()
    pay_by = Day()
    left_fen = Fen()
    invoices = Inside(RemindedInvoice, many=True)


class EntryDocument(Answer):
    """The document whose recording made an entry."""

    kind = Text()
    id = Whole()
    number = Text(allow_none=True)


class Entry(Answer):
    """An entry of the revenue ledger, of an `EntryLine`."""

    about = "entry"

    id = Whole()
    booking = Text(attribute="booking.ref")
    month = MonthField()
    amount_fen = Fen()
    tax_fen = Fen()
    recorded_at = Moment()
    document = Inside(EntryDocument, allow_none=True)


class EntryInFile(Entry):
    """An entry in a file, where nothing else says what it is about."""

    lab = Text(attribute="lab.code")
    instrument = Inside(InstrumentBrief)
    test_item = Inside(TestItemBrief)
    client = Inside(Client)
    client_uscc = Text(attribute="client.uscc")
    cause = Word(EntryCause, attribute="document.kind")
    number = Text(attribute="document.number")

    columns: ClassVar[dict[str, Any]] = {
        "month": _l("Month"),
        "booking": _l("Booking"),
        "recorded_at": _l("Entered"),
        "lab": _l("Lab"),
        "instrument": _l("Instrument"),
        "test_item": _l("Test item"),
        "client": _l("Client"),
        "client_uscc": _l("Unified social credit code"),
        "cause": _l("Document"),
        "number": _l("Document number"),
        "amount_fen": _l("Recognised revenue (CNY)"),
        "tax_fen": _l("Tax (CNY)"),
    }


class DoubleDecided(Answer):
    """Two documents, named like `payment-7`, that have the same bank reference or file; `hold`: what holds the later
    booking where it is used twice."""

    id = Whole()
    document = Text()
    earlier = Text()
    booking = Text(attribute="booking.ref")
    verdict = Word(DoubleVerdict)
    note = Text()
    decided_at = Moment()
    hold = Text(attribute="hold.cause", allow_none=True)
