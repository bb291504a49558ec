"""The fixed words of documents and of the ledger."""

from flask_babel import lazy_gettext as _l

from labshare.kernel.terms import Term


class DocumentKind(Term):
    REPORT = "report"
    INVOICE = "invoice"
    PAYMENT = "payment"


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


class Lacking(Term):
    """What a booking lacks. `own`: a report or an invoice, for the lab to do; the others wait for the client or an
    officer."""

    OWN = "own"
    REPORT = "report"
    INVOICE = "invoice"
    PAYMENT = "payment"
    PAYER = "payer"
