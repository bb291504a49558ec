"""The words of what the room names: reasons, grades, states, causes."""

from flask_babel import lazy_gettext as _l

VERDICTS = {"upheld": _l("Upheld"), "rejected": _l("Rejected")}

STATES = {
    "calculated": _l("Calculated"),
    "published": _l("Public notice"),
    "notice_over": _l("Public notice ended, awaiting approval"),
    "approved": _l("Approved"),
    "paid": _l("Paid out"),
}

GRADES = {
    "excellent": _l("Excellent"),
    "good": _l("Good"),
    "qualified": _l("Qualified"),
    "unqualified": _l("Unqualified"),
    "ungraded": _l("Not graded"),
}

REASONS = {
    "not_admitted": _l("Lab not admitted"),
    "suspended": _l("Suspended"),
    "own_firm": _l("Own firm"),
    "related": _l("Related firm"),
    "client_size": _l("Client too large"),
    "client_division": _l("Client outside the area"),
    "instrument_value": _l("Instrument's value"),
    "statutory": _l("Statutory test"),
}

REASON_SENTENCES = {
    "not_admitted": _l("On the day of booking the lab was not on the list of open labs."),
    "suspended": _l("A confirmed flag, or an open contest, holds it."),
    "own_firm": _l("Client and lab belong to one firm."),
    "related": _l("On the day of booking the two were affiliated, or controlled by one topmost firm."),
    "client_size": _l("The client's size class is not one that the policy supports."),
    "client_division": _l("The client's place is not one that the policy supports."),
    "instrument_value": _l("The instrument's original value is below the policy's minimum, or not entered."),
    "statutory": _l("Statutory tests are not rewarded."),
}

WHY_ZERO = {
    "no_revenue": _l("No eligible revenue this year"),
    "below_threshold": _l("Below the threshold"),
    "grade_zero": _l("Grade coefficient is 0"),
    "bands_zero": _l("The bands give nothing on this sum"),
    "cap_reached": _l("Cap already reached"),
    "budget_used": _l("Budget used up"),
    "set_off": _l("Everything set off against what is recoverable"),
    "nothing_new": _l("Nothing new since the last approved month"),
}

UNITS = {"lab": _l("By lab"), "instrument": _l("By instrument"), "firm": _l("By firm")}
KINDS = {"marginal": _l("Marginal (each rate on its part)"), "highest": _l("Highest band on everything")}
TAXES = {"included": _l("Tax included"), "excluded": _l("Tax excluded")}
SIZES = {"large": _l("Large"), "medium": _l("Medium"), "small": _l("Small"), "micro": _l("Micro")}

CONDITIONS = {
    "in_publicity": _l("Public notice"),
    "another_person": _l("Approved by a person who neither calculated nor published"),
    "publicity_is_over": _l("Public notice has ended"),
    "no_objection_is_open": _l("No objection is open"),
    "earlier_months_are_approved": _l("The earlier months are approved"),
    "calculated_after_them": _l("Calculated after the earlier approvals"),
    "result_is_the_same": _l("Calculating now gives the same result"),
}

INPUTS = {
    "listed": _l("Line of the run"),
    "grade": _l("Grade"),
    "paid": _l("Earlier approved"),
    "opening": _l("Opening balance"),
    "verdict": _l("Entries"),
}
"""What can be different when a run is calculated again (`rules.difference`)."""

COUNTED, NOT_COUNTED = _l("Counted"), _l("Not counted")
ENTRY_COLUMNS = (
    _l("Recorded on"),
    _l("Booking"),
    _l("Test item"),
    _l("Client"),
    _l("Verdict"),
    _l("Reason"),
    _l("Amount (CNY)"),
)
"""Heads of a statement's entries as a file."""
