"""What this room's subjects, values and codes are called in the trail."""

from flask_babel import lazy_gettext as _l

from labshare.kernel.labels import name_codes, name_fields, name_subjects
from labshare.settlement.terms import ContestVerdict, DisputeOutcome, PayerVerdict, ReminderLevel

name_subjects(
    bank_line=_l("Line of a bank statement"),
    bank_statement=_l("Bank statement"),
    inquiry=_l("Request to the labs"),
    invoice=_l("Invoice"),
    message=_l("Message"),
    month=_l("Month of the ledger"),
    payer_limit=_l("Limit of other payers"),
    payment=_l("Payment"),
    reminder=_l("Dunning letter"),
    sent_statement=_l("Statement of account"),
    tax_line=_l("Line of the tax system's list"),
    tax_list=_l("Tax system's list"),
    report=_l("Report"),
)
name_fields(
    {
        "account": _l("Bank account"),
        "by_client": _l("Paid by the client itself"),
        "client": _l("Client"),
        "closed": _l("Closed"),
        "closing_fen": _l("Balance at the end"),
        "by_both": _l("Agreed by both"),
        "contest": _l("Contested document"),
        "contested": _l("Document"),
        "dispute": _l("Dispute"),
        "double": _l("Same document on two bookings"),
        "entries": _l("Ledger entries"),
        "files": _l("Files"),
        "hold": _l("Hold"),
        "firms": _l("Firms"),
        "invoice": _l("Invoice"),
        "invoices": _l("Invoices"),
        "invoiced_fen": _l("Invoiced in all"),
        "issued_on": _l("Date of the document"),
        "left_fen": _l("Left to be recorded"),
        "level": _l("Level"),
        "line": _l("Line of the invoice"),
        "lines": _l("Lines"),
        "month": _l("Month of the ledger"),
        "number": _l("Number"),
        "overdue_fen": _l("Overdue"),
        "outcome": _l("Outcome"),
        "paid_fen": _l("Paid in all"),
        "paid_on": _l("Paid on"),
        "pay_by": _l("To be paid by"),
        "payment": _l("Payment"),
        "payments": _l("Payments"),
        "photo": _l("Photo"),
        "place": _l("Place in the order"),
        "quote": _l("Quote"),
        "reference": _l("Reference"),
        "replaces": _l("Replaces"),
        "report": _l("Report"),
        "reverses": _l("Invoice reversed"),
        "since": _l("From"),
        "tax_fen": _l("Of which VAT"),
        "until": _l("To"),
        "verdict": _l("Verdict"),
        "withdrawn_on": _l("Withdrawn on"),
    },
    counts={"entries", "files", "lines", "place"},
)
name_codes("level", *ReminderLevel)
name_codes("outcome", *DisputeOutcome)
name_codes("booking.verdict", *PayerVerdict, *ContestVerdict)
name_codes("verdict", PayerVerdict.ACCEPTED)
