"""What can be done with documents and the ledger, a file for each kind."""

from labshare.settlement.files import TakenFile, take_in
from labshare.settlement.services.bank import (
    SURE_AT_ONCE,
    import_statement,
    record_bank_line,
    record_sure,
    set_aside,
    take_back,
    undo_statement,
)
from labshare.settlement.services.contests import contest_document, decide_contest, pass_on_contests
from labshare.settlement.services.disputes import (
    answer_dispute,
    decide_dispute,
    escalate_dispute,
    escalate_overdue,
    open_dispute,
    settle_dispute,
)
from labshare.settlement.services.doubles import decide_double
from labshare.settlement.services.holds import end_suspension, suspend_booking
from labshare.settlement.services.inquiries import answer_inquiry, ask_labs, close_inquiry, take_answer
from labshare.settlement.services.invoices import Share, record_invoice, record_red_letter
from labshare.settlement.services.ledger import bring_up, refresh, refresh_after_charge
from labshare.settlement.services.messages import write_message
from labshare.settlement.services.months import close_month, reopen_month
from labshare.settlement.services.overdue import notify_overdue
from labshare.settlement.services.payers import accept_payer, confirm_payer, reject_payer, set_payer_limit
from labshare.settlement.services.payments import record_payment, record_refund
from labshare.settlement.services.reminders import CLIENTS_AT_ONCE, send_account, send_reminders
from labshare.settlement.services.reports import ReportOfFile, record_report, record_several, withdraw_report
from labshare.settlement.services.sample_photos import add_sample_photo
from labshare.settlement.services.tax_list import (
    import_tax_list,
    record_sure_invoices,
    record_tax_line,
    set_tax_line_aside,
    take_tax_line_back,
    undo_tax_list,
)
from labshare.settlement.services.unanswered import notify_of_disputes, notify_of_inquiries

__all__ = [
    "CLIENTS_AT_ONCE",
    "SURE_AT_ONCE",
    "ReportOfFile",
    "Share",
    "TakenFile",
    "accept_payer",
    "add_sample_photo",
    "answer_dispute",
    "answer_inquiry",
    "ask_labs",
    "bring_up",
    "close_inquiry",
    "close_month",
    "confirm_payer",
    "contest_document",
    "decide_contest",
    "decide_dispute",
    "decide_double",
    "end_suspension",
    "escalate_dispute",
    "escalate_overdue",
    "import_statement",
    "import_tax_list",
    "notify_of_disputes",
    "notify_of_inquiries",
    "notify_overdue",
    "open_dispute",
    "pass_on_contests",
    "record_bank_line",
    "record_invoice",
    "record_payment",
    "record_red_letter",
    "record_refund",
    "record_report",
    "record_several",
    "record_sure",
    "record_sure_invoices",
    "record_tax_line",
    "refresh",
    "refresh_after_charge",
    "reject_payer",
    "reopen_month",
    "send_account",
    "send_reminders",
    "set_aside",
    "set_payer_limit",
    "set_tax_line_aside",
    "settle_dispute",
    "suspend_booking",
    "take_answer",
    "take_back",
    "take_in",
    "take_tax_line_back",
    "undo_statement",
    "undo_tax_list",
    "withdraw_report",
    "write_message",
]
