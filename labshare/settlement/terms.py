"""The fixed words of documents and of the ledger."""

from collections.abc import Iterable

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext

from labshare.kernel.terms import Look, Term

PHOTOS_AT_MOST = 6
"""On the page of a lab."""


class DocumentKind(Term):
    REPORT = "report", _l("Report")
    INVOICE = "invoice", _l("Invoice")
    PAYMENT = "payment", _l("Payment")

    @classmethod
    def with_money(cls) -> tuple["DocumentKind", ...]:
        return (cls.INVOICE, cls.PAYMENT)


class ReportState(Term):
    """What whoever holds a report may think of it."""

    IN_FORCE = "in_force", _l("Genuine and in force")
    SUPERSEDED = "superseded", lazy_pgettext("report", "Superseded")
    WITHDRAWN = "withdrawn", _l("Withdrawn")


class EntryCause(Term):
    """Why a ledger entry was written."""

    REPORT = "report", _l("Report")
    INVOICE = "invoice", _l("Invoice")
    PAYMENT = "payment", _l("Payment")
    CHARGE = "charge", _l("Change of charge")
    MONTH = "month", _l("Month reopened")


class PayerVerdict(Term):
    """What an officer said of a payment that somebody else made."""

    ACCEPTED = "accepted", _l("Accepted")
    REJECTED = "rejected", _l("Not accepted")


class PaymentsShown(Term):
    """Which payments a list shows."""

    MONEY_IN = "money_in", _l("Received")
    MONEY_BACK = "money_back", _l("Refunds")
    PAYER_WAITS = "payer_waits", _l("Payer to be accepted")


class BankColumn(Term):
    """What a column of a bank's statement says."""

    DAY = "bank_day", _l("Date of the transaction")
    MONEY_IN = "bank_in", _l("Money in")
    MONEY_OUT = "bank_out", _l("Money out")
    AMOUNT = "bank_amount", _l("Amount, in or out")
    DIRECTION = "bank_direction", _l("In or out, as a word")
    PAYER = "bank_payer", _l("Other party's name")
    PAYER_ACCOUNT = "bank_payer_account", _l("Other party's account")
    REFERENCE = "bank_reference", _l("Bank reference")
    TEXT = "bank_text", _l("Purpose")
    NOTE = "bank_note", _l("Further text")


class TaxColumn(Term):
    """What a column of the tax system's list says."""

    DIGITAL = "tax_digital", _l("Number of 20 digits")
    CODE = "tax_code", _l("Invoice code")
    NUMBER = "tax_number", _l("Invoice number")
    DAY = "tax_day", _l("Date of the invoice")
    BUYER = "tax_buyer", _l("Buyer's name")
    BUYER_CODE = "tax_buyer_code", _l("Buyer's credit code")
    SELLER_CODE = "tax_seller_code", _l("Seller's credit code")
    NET = "tax_net", _l("Amount without tax")
    TAX = "tax_tax", _l("Tax")
    WHOLE = "tax_whole", _l("Amount with tax")
    STATE = "tax_state", _l("State of the invoice")
    REVERSES = "tax_reverses", _l("Number of the invoice that a red letter reverses")
    NOTE = "tax_note", _l("Remark")


class MatchReason(Term):
    """Why a bank's line is proposed for a booking."""

    REFERENCE = "match_reference", _l("Its text names the booking")
    INVOICE = "match_invoice", _l("Its text names the invoice")
    REVERSES = "match_reverses", _l("It names the invoice that it reverses")
    AMOUNT = "match_amount", _l("Client's name and amount agree")
    WHOLE_INVOICE = "match_whole_invoice", _l("Client's name and the invoice's amount agree")
    ALL_OWED = "match_all_owed", _l("Client's name and all that the client owes agree")
    ONE_OF_SEVERAL = "match_one_of_several", _l("Client's name agrees, and the amount with several bookings")
    CLIENT = "match_client", _l("Client's name agrees, the amount with no booking")
    AMOUNT_ALONE = "match_amount_alone", _l("The amount agrees, the name does not")


class FileMatch(Term):
    """Why a report's file is proposed for a booking, or for none."""

    REFERENCE = "file_reference", _l("Its name holds the booking's reference")
    MARKED = "file_marked", _l("The client ordered a mark on this report: upload it at the booking, which asks for it")
    CLIENT = "file_client", _l("Its name holds the client's name, and one test of theirs waits for its report")
    SEVERAL = "file_several", _l("It could be of several bookings: choose one")
    TWICE = "file_twice", _l("More than one file is of this booking: choose one")
    NOT_WAITING = "file_not_waiting", _l("This booking waits for no report: it has one, or its test is not finished")
    UNKNOWN = "file_unknown", _l("Its name holds no booking of your labs: enter the reference")


class BankLines(Term):
    """Which lines of bank statements a list shows."""

    OPEN = "bank_open", _l("To be matched")
    SURE = "bank_sure", _l("Sure")
    MATCHED = "bank_matched", lazy_pgettext("bank", "Recorded")
    ASIDE = "bank_aside", _l("Set aside")


class TaxLines(Term):
    """Which lines of the tax system's lists a list shows."""

    OPEN = "tax_open", _l("To be matched")
    SURE = "tax_sure", _l("Sure")
    DIFFERS = "tax_differs", _l("Differs from what is recorded")
    RECORDED = "tax_recorded", lazy_pgettext("bank", "Recorded")
    ASIDE = "tax_aside", _l("Set aside")


class SpendingBy(Term):
    """What the rows of a client's spending are."""

    MONTH = "month", lazy_pgettext("of spending", "Month")
    LAB = "lab", _l("Lab")
    TEST_ITEM = "test_item", _l("Test item")
    PERSON = "person", _l("Booked by")
    COST_CENTRE = "cost_centre", _l("Cost centre")


class Movement(Term):
    """What changes what a client owes."""

    INVOICED = "invoiced", _l("Invoice")
    PAID = "paid", lazy_pgettext("client", "Payment")


class ReminderLevel(Term):
    """How far a lab has gone in asking for the money of an invoice, mildest first."""

    FIRST = "reminder_1", _l("First reminder")
    SECOND = "reminder_2", _l("Second reminder")
    FINAL = "reminder_final", _l("Final reminder")

    @classmethod
    def after(cls, times: int) -> "ReminderLevel":
        """That of the next letter over an invoice which so many were sent over."""
        return tuple(cls)[min(times, len(cls) - 1)]

    @classmethod
    def highest(cls, levels: Iterable[str]) -> "ReminderLevel":
        order = tuple(cls)
        return max((cls(level) for level in levels), key=order.index)


class Lacking(Term):
    """What a booking lacks. `own`: a report or an invoice, for the lab to do; the others wait for the client or an
    officer."""

    OWN = "own"
    REPORT = "report", _l("Report")
    INVOICE = "invoice", _l("Invoice")
    PAYMENT = "payment", _l("Payment")
    PAYER = "payer", _l("Payer's acceptance")

    @classmethod
    def documents(cls) -> tuple["Lacking", ...]:
        """In the order in which they are got."""
        return (cls.REPORT, cls.INVOICE, cls.PAYER, cls.PAYMENT)


class HoldCause(Term):
    """Why a booking's entries do not count for now."""

    FLAG = "flag", _l("Confirmed flag")
    CONTEST = "contest", _l("Contested document")
    DISPUTE = "dispute", _l("Dispute")
    SUSPENSION = "suspend", _l("Suspended by an officer")


class ContestVerdict(Term):
    """What a regulator says of a contested document."""

    UPHELD = "upheld", _l("Upheld: the document is not right; the booking stays suspended")
    DISMISSED = "dismissed", _l("Dismissed: the document stands; the booking counts again")


class DoubleVerdict(Term):
    """What an officer says of a document that stands on two bookings."""

    LAWFUL = "lawful", _l("Lawful: one document for both bookings")
    DOUBLE = "double", _l("Used twice: the later booking is suspended")


class MessageSide(Term):
    """Whose words a message at a booking is."""

    CLIENT = "client", _l("Client")
    LAB = "lab", _l("Lab")
    AUTHORITY = "authority", _l("Authority")


class DisputeState(Term):
    OPEN = "open", _l("Waiting for the lab's answer"), Look("clock-question", "is-requested")
    ANSWERED = "answered", _l("Answered by the lab"), Look("message", "is-requested")
    ESCALATED = "escalated", _l("With the authority"), Look("scale", "is-requested")
    SETTLED = "settled", _l("Settled by both sides"), Look("circle-check", "is-settled")
    DECIDED = "decided", _l("Decided by the authority"), Look("circle-check", "is-settled")

    @classmethod
    def over(cls) -> tuple["DisputeState", ...]:
        return (cls.SETTLED, cls.DECIDED)


class DisputeOutcome(Term):
    """What comes of a dispute."""

    RETEST = "retest", _l("Test again at no charge")
    REFUND = "refund", _l("Refund")
    NONE = "none", _l("Nothing; the dispute ends")


class DisputeStep(Term):
    """What a message of a dispute is."""

    OPENED = "opened", _l("Dispute")
    ANSWERED = "answered", _l("Answer")
    OFFERED = "offered", _l("Proposed outcome")
    SETTLED = "settled", _l("Agreed")
    DECIDED = "decided", _l("Decision")


class InquiryState(Term):
    """Of a firm's request to the labs, at a moment."""

    OPEN = "open", lazy_pgettext("inquiry", "Open"), Look("clock-question", "is-requested")
    CLOSED = "closed", lazy_pgettext("inquiry", "Closed"), Look("circle-check", "is-settled")
