"""The trail's values in words: the names of fields and subjects, states and kinds as their rooms call them.

What is left over is data: ids, codes and digests, written as `<code>`; Chinese data is marked on an English page.
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from flask_babel.speaklater import LazyString
from markupsafe import Markup, escape

from labshare.catalogue import words as catalogue
from labshare.organisations import words as organisations
from labshare.organisations.divisions import town_of
from labshare.rewards import words as rewards
from labshare.web import filters
from labshare.web.words import BOOKING_STATES, LIFE_STATES, RUN_STATES

Words = Mapping[str, LazyString]

SUBJECTS: Words = {
    "accreditation": _l("Accreditation"),
    "affiliation": _l("Affiliation"),
    "attempt": _l("Attempt"),
    "block": _l("Block"),
    "booking": _l("Booking"),
    "calibration": _l("Calibration"),
    "closure": _l("Closure"),
    "correction": _l("Correction"),
    "export": _l("Export"),
    "fee": _l("Fee"),
    "firm": _l("Firm"),
    "hold": _l("Held slot"),
    "holding": _l("Held slot"),
    "instrument": _l("Instrument"),
    "invitation": _l("Invitation"),
    "invoice": _l("Invoice"),
    "item": _l("Test item"),
    "lab": _l("Lab"),
    "membership": _l("Membership"),
    "month": _l("Month of the ledger"),
    "objection": _l("Objection"),
    "payment": _l("Payment"),
    "person": _l("Person"),
    "policy": _l("Policy"),
    "ref": _l("Booking"),
    "report": _l("Report"),
    "reward_run": _l("Reward run"),
    "role": _l("Regulator's role"),
    "standard": _l("Standard"),
    "test_item": _l("Test item"),
    "token": _l("API token"),
    "working_day": _l("Working day"),
    "working_year": _l("Working year"),
}

FIELDS: Words = {
    "accreditation_id": _l("Accreditation"),
    "address": _l("Address"),
    "admitted_from": _l("Admitted from"),
    "agreed": _l("Agreed to"),
    "amount_fen": _l("Amount"),
    "answer_by": _l("Answer due"),
    "assets_fen": _l("Total assets"),
    "attended": _l("Somebody attends"),
    "automatic_confirmation": _l("Confirms automatically"),
    "basis": _l("Fee for"),
    "begin_date": _l("In use since"),
    "by_client": _l("Paid by the client itself"),
    "by_hand": _l("Set by hand"),
    "by_invitation": _l("Invitation"),
    "calculation": _l("Calculation no."),
    "calibration_id": _l("Calibration"),
    "category": _l("Category"),
    "certificate": _l("Certificate number"),
    "charge": _l("Charge"),
    "charged_fen": _l("Charged in all"),
    "class_code": _l("Class"),
    "cleanup_minutes": _l("Clean-up"),
    "client_firm_id": _l("Client"),
    "closed": _l("Closed"),
    "closure": _l("Closure"),
    "code": _l("Code"),
    "condition": _l("Condition"),
    "contact": _l("Contact person"),
    "customs_supervised": _l("Under customs supervision"),
    "description": _l("Description"),
    "description_en": _l("Description in English"),
    "digest": _l("Digest of the result"),
    "disabled": _l("Disabled"),
    "division": _l("Administrative division"),
    "document": _l("Terms"),
    "effective_month": _l("Holds from"),
    "effective_to": _l("Last month"),
    "employees": _l("Staff"),
    "end_reason": _l("Reason of the ending"),
    "ends_at": _l("End"),
    "entries": _l("Ledger entries"),
    "fee_id": _l("Fee"),
    "fen": _l("Amount"),
    "field": _l("Field"),
    "filters": _l("Filters"),
    "finished_at": _l("Test finished"),
    "firm_id": _l("Firm"),
    "free_cancel_minutes": _l("Free cancellation until, before the start"),
    "from": _l("Effective from"),
    "function": _l("Functions"),
    "funds": _l("Funds"),
    "grade": _l("Grade"),
    "holding_ends_at": _l("Held until"),
    "holdings": _l("Held slots"),
    "horizon_minutes": _l("Bookable ahead"),
    "hours": _l("Length or opening hours"),
    "hours_max": _l("Test hours, longest"),
    "hours_min": _l("Test hours, shortest"),
    "hours_step": _l("Test hours, step"),
    "in_the_way": _l("Bookings in the way"),
    "industry": _l("Industry code"),
    "inner_id": _l("Own number"),
    "instrument_id": _l("Instrument"),
    "instruments": _l("Instruments that can do it"),
    "invitation_id": _l("Invitation"),
    "invoice": _l("Invoice"),
    "invoiced_fen": _l("Invoiced in all"),
    "issued_on": _l("Date of the document"),
    "issuer": _l("Issued by"),
    "kind": _l("Kind"),
    "lab": _l("Lab"),
    "lab_id": _l("Lab"),
    "late_cancel_percent": _l("Late cancellation, % of the price"),
    "latitude": _l("Latitude"),
    "lead_time_minutes": _l("Lead time"),
    "line": _l("Line of the invoice"),
    "locale": _l("Language"),
    "longest_minutes": _l("Longest booking"),
    "longitude": _l("Longitude"),
    "machine_minutes": _l("Machine time"),
    "manufacturer": _l("Maker"),
    "max_quantity": _l("Most samples in one booking"),
    "minimum_fen": _l("Minimum charge"),
    "model": _l("Model"),
    "month": _l("Month of the ledger"),
    "name": _l("Name"),
    "name_changed": _l("Name changed"),
    "name_en": _l("Name in English"),
    "nation": _l("Country of origin"),
    "needs_calibration": _l("Needs calibration"),
    "no_show_percent": _l("No-show, % of the price"),
    "note": _l("Note"),
    "number": _l("Number"),
    "original_value_fen": _l("Original value"),
    "other_firm_id": _l("Other firm"),
    "paid_fen": _l("Paid in all"),
    "paid_on": _l("Paid on"),
    "payment": _l("Payment"),
    "person_id": _l("Person"),
    "phone": _l("Telephone"),
    "price_fen": _l("Price"),
    "problem": _l("Reason of the refusal"),
    "proposal": _l("Proposal"),
    "proposed": _l("Role proposed"),
    "proposed_by": _l("Proposed by"),
    "publicity": _l("Publicity no."),
    "quantity": _l("Samples"),
    "reason": _l("Reason"),
    "reference": _l("Reference"),
    "refused": _l("Refused"),
    "replaces": _l("Replaces"),
    "report": _l("Report"),
    "requirement": _l("What users must observe"),
    "revenue_fen": _l("Annual revenue"),
    "reverses": _l("Invoice reversed"),
    "revoked": _l("Revoked"),
    "role": _l("Role"),
    "role_id": _l("Regulator's role"),
    "rows": _l("Rows"),
    "run": _l("Reward run"),
    "run_minutes": _l("Per run, minutes"),
    "runs_start_in_hours": _l("Runs start within opening hours"),
    "sample_minutes": _l("Per sample, minutes"),
    "sample_requirement": _l("Sample requirement"),
    "sample_requirement_en": _l("Sample requirement in English"),
    "samples_per_run": _l("Samples in one run"),
    "samples_received": _l("Samples received"),
    "scope": _l("Scope"),
    "sector": _l("Sector"),
    "service_content": _l("Services"),
    "sessions_ended": _l("Sessions ended"),
    "setup_minutes": _l("Set-up, minutes"),
    "sha256": _l("Digest of the file"),
    "sharing": _l("Sharing"),
    "shortest_minutes": _l("Shortest booking"),
    "side": _l("By the side of"),
    "size_class": _l("Size class"),
    "source": _l("Source"),
    "standards": _l("Standards"),
    "started_at": _l("Test started"),
    "starts_at": _l("Start"),
    "state": _l("State"),
    "statutory": _l("Statutory test"),
    "subjects": _l("Subject areas"),
    "superseded_by_id": _l("Replaced by"),
    "superseded_from": _l("Replaced from"),
    "suspended_from": _l("Suspended from"),
    "tax_fen": _l("Tax in it"),
    "technical": _l("Main specifications"),
    "test_item_id": _l("Test item"),
    "total_payable_fen": _l("Payable in all"),
    "town": _l("Town"),
    "turnaround_days": _l("Days until the report"),
    "unit": _l("Unit"),
    "units": _l("Units"),
    "usage": _l("Use"),
    "uscc": _l("Unified social credit code"),
    "valid_from": _l("Valid from, included"),
    "valid_to": _l("Valid to, included"),
    "verdict": _l("Verdict"),
    "waive_reason": _l("Reason of the exception"),
    "withdrawn": _l("Withdrawn"),
    "withdrawn_on": _l("Withdrawn on"),
    "year": _l("Year"),
}
"""Name of a value in the trail → what it is. A test holds that every value written has a word."""

FIRM_STATES: Words = {
    "waiting": _l("Awaiting verification"),
    "verified": _l("Verified"),
    "returned": _l("Returned"),
}
_LIFE: Words = {name: look.word for name, look in LIFE_STATES.items()}
_DAYS: Words = {"holiday": _l("Public holiday"), "make_up": _l("Make-up working day")}

VALUES: Mapping[str, Words] = {
    "basis": catalogue.BASES,
    "category": catalogue.CATEGORIES,
    "condition": catalogue.CONDITIONS,
    "end_reason": {"lapsed": _l("Not answered in time")},
    "funds": catalogue.FUNDS,
    "grade": rewards.GRADES,
    "locale": {"zh_Hans_CN": _l("Chinese"), "en": _l("English")},
    "proposed": organisations.ROLES,
    "role": organisations.ROLES,
    "sector": organisations.SECTORS,
    "sharing": catalogue.SHARING,
    "side": {"client": _l("Client"), "lab": _l("Lab"), "system": _l("System")},
    "size_class": organisations.SIZE_CLASSES,
    "usage": catalogue.USAGES,
    "verdict": {**rewards.VERDICTS, "accepted": _l("Accepted")},
    "booking.state": {name: look.word for name, look in BOOKING_STATES.items()},
    "firm.state": FIRM_STATES,
    "instrument.state": _LIFE,
    "lab.state": _LIFE,
    "policy.state": _LIFE,
    "reward_run.state": {name: look.word for name, look in RUN_STATES.items()},
    "test_item.state": _LIFE,
    "affiliation.kind": organisations.AFFILIATION_KINDS,
    "affiliation.source": organisations.AFFILIATION_SOURCES,
    "block.kind": {"maintenance": _l("Maintenance"), "in_house": _l("In-house use")},
    "booking.verdict": {"accepted": _l("Accepted"), "rejected": _l("Not accepted")},
    "firm.kind": organisations.FIRM_KINDS,
    "instrument.source": catalogue.SOURCES,
    "token.scope": organisations.SCOPES,
}
"""Codes by the value's name, or by subject and name where one name means several things."""

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_MONTH = re.compile(r"\d{4}-\d\d")
_NUMBERS = frozenset(
    "calculation employees entries hours hours_max hours_min hours_step max_quantity publicity quantity rows "
    "samples_per_run samples_received sessions_ended turnaround_days late_cancel_percent no_show_percent".split()
)
"""Whole numbers that count something; the others are ids."""


def subject_words(subject_type: str) -> Markup:
    word = SUBJECTS.get(subject_type)
    return escape(str(word)) if word is not None else _code(subject_type)


def subject_title(subject_type: str, subject_id: str) -> str:
    """A subject in plain words, for titles: with its number or reference, without a bare name of ours."""
    word = str(SUBJECTS.get(subject_type, subject_type))
    return f"{word} {subject_id}" if any(character.isdigit() for character in subject_id) else word


def field_words(name: str) -> Markup:
    """What a value is; a day of the working calendar is its own name."""
    if _DAY.fullmatch(name):
        return escape(filters.day(date.fromisoformat(name)))
    word = FIELDS.get(name)
    return escape(str(word)) if word is not None else _code(name)


def value_words(subject_type: str, name: str, value: Any) -> Markup:
    """One value as a person reads it."""
    if value is None or value == "" or value == []:
        return escape(filters.NOTHING)
    if isinstance(value, bool):
        return escape(_("Yes") if value else _("No"))
    if isinstance(value, int | float):
        return _number(name, value)
    if isinstance(value, dict):
        return _code(json.dumps(value, ensure_ascii=False, indent=1))
    if isinstance(value, list):
        return _list(subject_type, name, value)
    return _text(subject_type, name, str(value))


def _number(name: str, value: float) -> Markup:
    if name == "fen" or name.endswith("_fen"):
        return filters.money(int(value))
    if name.endswith("_minutes"):
        return escape(filters.minutes(int(value)))
    return escape(filters.number(int(value))) if name in _NUMBERS else _code(str(value))


def _list(subject_type: str, name: str, values: list[Any]) -> Markup:
    if name == "hours":
        return Markup("; ").join(
            escape(f"{filters.weekday_name(day)} {_clock(opens)}–{_clock(closes)}") for day, opens, closes in values
        )
    if any(isinstance(value, list | dict) for value in values):
        return _code(json.dumps(values, ensure_ascii=False))
    return Markup(", ").join(value_words(subject_type, name, value) for value in values)


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _text(subject_type: str, name: str, value: str) -> Markup:
    table = VALUES.get(f"{subject_type}.{name}") or VALUES.get(name)
    if table is None and _DAY.fullmatch(name):
        table = _DAYS
    if table is not None and value in table:
        return escape(str(table[value]))
    if name == "class_code":
        return escape(str(catalogue.class_name(value)))
    if name == "town" and (town := town_of(value)) is not None:
        return filters.said(town)
    if _MOMENT.match(value):
        return filters.moment_tag(datetime.fromisoformat(value))
    if _DAY.fullmatch(value):
        return escape(filters.day(date.fromisoformat(value)))
    if _MONTH.fullmatch(value):
        return escape(filters.month(value))
    return filters.chinese(value) if _is_sentence(value) else _code(value)


def _is_sentence(value: str) -> bool:
    """Chinese through and through: what has Latin words or numbers among it is data as a whole."""
    return bool(re.search(r"[\u3400-\u9fff]", value)) and not re.search(r"[A-Za-z]{2}", value)


def _code(text: str) -> Markup:
    """Data, marked as such; Chinese in it too."""
    language = Markup(' lang="zh"') if re.search(r"[\u3400-\u9fff]", text) else Markup("")
    return Markup("<code{}>{}</code>").format(language, text)


def summary_words(event: Any) -> Markup:
    """The line that stands for all the values: the change of state, else how many there are."""
    before, after = event.before or {}, event.after or {}
    if "state" in after:
        return Markup("{} → {}").format(
            value_words(event.subject_type, "state", before.get("state")),
            value_words(event.subject_type, "state", after["state"]),
        )
    count = len(set(before) | set(after))
    return escape(ngettext("%(num)d value", "%(num)d values", count))


WORDS: dict[str, Callable[..., str]] = {
    "subject_words": subject_words,
    "subject_title": subject_title,
    "field_words": field_words,
    "value_words": value_words,
    "summary_words": summary_words,
}
"""For the templates of the trail."""
