"""Which acts may be kept over an expired sign-in, what each is called, and on what it acts.

Whatever is not listed is not kept; regulators' and administrators' acts never are.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from labshare.booking.queries.approvals import get_approval
from labshare.booking.queries.bookings import get_booking
from labshare.booking.queries.for_clients import get_for_client
from labshare.booking.queries.quotes import get_quote
from labshare.booking.services.blocks import own_block
from labshare.catalogue.queries.single import (
    get_accreditation,
    get_fee,
    get_instrument,
    get_lab,
    get_lab_by_code,
    get_test_item,
)
from labshare.kernel.actor import Actor
from labshare.kernel.formatting import twin
from labshare.kernel.time import local_day
from labshare.settlement.queries.bank import get_line
from labshare.settlement.queries.inquiries import get_inquiry
from labshare.settlement.queries.reports import get_report
from labshare.settlement.queries.tax_list import get_tax_line
from labshare.web.booking_steps import VERBS

Given = Mapping[str, Any]
"""The values of the address, and those of the form where the address has none."""


def _booking(actor: Actor, given: Given) -> str:
    booking = get_booking(actor, given["ref"])
    return f"{booking.ref} · {twin(booking.test_item)}"


def _approval(actor: Actor, given: Given) -> str:
    item = get_approval(actor, given["approval_id"]).test_item
    return f"{twin(item)} · {twin(item.lab)}"


def _telephoned(_actor: Actor, given: Given) -> str:
    return str(given.get("client", ""))


def _for_client(actor: Actor, given: Given) -> str:
    made = get_for_client(actor, given["made_id"])
    return f"{twin(made.test_item)} · {made.firm_name or twin(made.client)}"


def _quote(actor: Actor, given: Given) -> str:
    quote = get_quote(actor, number=given["number"]).quote
    return f"{quote.number} · {twin(quote.test_item)}"


def _inquiry(actor: Actor, given: Given) -> str:
    inquiry = get_inquiry(actor, given["inquiry_id"]).inquiry
    return f"{local_day(inquiry.asked_at)} · {inquiry.text[:40]}"


def _report(actor: Actor, given: Given) -> str:
    report = get_report(given["report_id"])
    return f"{report.number} · {_booking(actor, {'ref': report.booking.ref})}"


def _lab(actor: Actor, given: Given) -> str:
    lab = get_lab(actor, given["lab_id"])
    return f"{lab.code} · {twin(lab)}"


def _accreditation(actor: Actor, given: Given) -> str:
    found = get_accreditation(actor, given["accreditation_id"])
    return f"{found.kind} {found.number} · {found.lab.code} · {twin(found.lab)}"


def _instrument(actor: Actor, given: Given) -> str:
    return str(twin(get_instrument(actor, given["instrument_id"])))


def _blocked(actor: Actor, given: Given) -> str:
    number = str(given.get("instrument", ""))
    return _instrument(actor, {"instrument_id": int(number)}) if number.isdecimal() else ""


def _item(actor: Actor, given: Given) -> str:
    item = get_test_item(actor, given["item_id"])
    return f"{twin(item)} · {twin(item.lab)}"


def _booked(actor: Actor, given: Given) -> str:
    number = str(given.get("test_item", ""))
    return _item(actor, {"item_id": int(number)}) if number.isdecimal() else ""


def _fee(actor: Actor, given: Given) -> str:
    return _item(actor, {"item_id": get_fee(given["fee_id"]).test_item_id})


def _statement(actor: Actor, given: Given) -> str:
    lab = get_lab_by_code(actor, given["code"])
    return f"{given['month']} · {lab.code} · {twin(lab)}"


def _block(actor: Actor, given: Given) -> str:
    return _instrument(actor, {"instrument_id": own_block(actor, given["block_id"]).instrument_id})


def _bank_line(actor: Actor, given: Given) -> str:
    line = get_line(actor, given["line_id"])
    return f"{line.paid_on} · {line.payer}"


def _tax_line(actor: Actor, given: Given) -> str:
    line = get_tax_line(actor, given["line_id"])
    return f"{line.issued_on} · {line.buyer}"


def _new(_actor: Actor, _given: Given) -> str:
    return ""


@dataclass(frozen=True)
class Act:
    label: LazyString
    about: Callable[[Actor, Given], str]
    """What it acts on, in words; empty for something new. Raises `NotFound` where this person may not see it."""


ACTS: dict[str, Act] = {
    "client.book": Act(_l("Book"), _booked),
    "client.accept_quote": Act(_l("Accept the quote"), _quote),
    "client.ask_labs": Act(_l("Ask the labs"), _new),
    "client.close_inquiry": Act(_l("Close request"), _inquiry),
    "client.take_answer": Act(_l("Take the answer"), _inquiry),
    "client.contest_document": Act(_l("Contest a document"), _booking),
    "client.open_dispute": Act(_l("Open a dispute"), _booking),
    "client.rate_booking": Act(_l("Rate this test"), _booking),
    "client.settle_dispute": Act(_l("Propose an outcome"), _booking),
    "client.write_message": Act(_l("Send message"), _booking),
    "lab.answer_inquiry": Act(_l("Answer the inquiry"), _inquiry),
    "lab.answer_dispute": Act(_l("Answer the dispute"), _booking),
    "lab.answer_rating": Act(_l("Answer the rating"), _booking),
    "lab.settle_dispute": Act(_l("Propose an outcome"), _booking),
    "lab.write_message": Act(_l("Send message"), _booking),
    "lab.price_quote": Act(_l("Give the quote its own price"), _quote),
    "client.accept_for_us": Act(_l("Accept what the lab booked"), _for_client),
    "client.decline_for_us": Act(_l("Decline what the lab booked"), _for_client),
    "lab.book_for_client": Act(_l("Book for a client"), _telephoned),
    "lab.withdraw_for_client": Act(_l("Withdraw the booking for a client"), _for_client),
    "client.approve": Act(_l("Approve the booking"), _approval),
    "client.refuse_approval": Act(_l("Refuse the booking"), _approval),
    "client.withdraw_approval": Act(_l("Withdraw the booking"), _approval),
    "client.cost_centre": Act(_l("Change the cost centre"), _booking),
    "client.move_booking": Act(_l("Reschedule"), _booking),
    "lab.extra_work": Act(_l("Propose extra work"), _booking),
    "lab.move_booking": Act(_l("Propose another time"), _booking),
    "lab.record_report": Act(_l("Upload report"), _booking),
    "lab.withdraw_report": Act(_l("Withdraw report"), _report),
    "lab.record_invoice": Act(_l("Add invoice"), _booking),
    "lab.record_red_letter": Act(_l("Add red-letter invoice"), _booking),
    "lab.record_payment": Act(_l("Add payment"), _booking),
    "lab.record_refund": Act(_l("Add refund"), _booking),
    "lab.bank_line": Act(_l("Record the bank's line"), _bank_line),
    "lab.bank_aside": Act(_l("Set the bank's line aside"), _bank_line),
    "lab.tax_line": Act(_l("Record the list's invoice"), _tax_line),
    "lab.tax_aside": Act(_l("Set the list's invoice aside"), _tax_line),
    "lab.block": Act(_l("Add block"), _blocked),
    "lab.change_block": Act(_l("Change the block"), _block),
    "lab.lab_apply": Act(_l("Apply to be an open lab"), _lab),
    "lab.many": Act(_l("Change many at once"), _lab),
    "lab.instrument_copy": Act(_l("Copy the instrument"), _instrument),
    "lab.test_item_copy": Act(_l("Copy the test item"), _item),
    "lab.lab_new": Act(_l("Add a lab"), _new),
    "lab.lab_edit": Act(_l("Change the lab"), _lab),
    "lab.photos": Act(_l("Add a photo"), _lab),
    "lab.places": Act(_l("Add a storage place"), _lab),
    "lab.sample_photo": Act(_l("Photo of the samples"), _booking),
    "lab.lab_hours": Act(_l("Change opening hours"), _lab),
    "lab.closure_new": Act(_l("Add a closure"), _lab),
    "lab.accreditation_new": Act(_l("Add an accreditation"), _lab),
    "lab.accreditation": Act(_l("Change an accreditation"), _accreditation),
    "lab.instrument_new": Act(_l("Add an instrument"), _new),
    "lab.instrument_edit": Act(_l("Change the instrument"), _instrument),
    "lab.operators": Act(_l("Authorise an operator"), _instrument),
    "lab.team_authorise": Act(_l("Authorise an operator for a class"), _new),
    "lab.handovers": Act(_l("Write a handover note"), _new),
    "lab.calibration_new": Act(_l("Add a certificate"), _instrument),
    "lab.test_item_new": Act(_l("Add a test item"), _new),
    "lab.test_item_edit": Act(_l("Change the test item"), _item),
    "lab.sample_form_edit": Act(_l("Change the sample form"), _item),
    "lab.fee_new": Act(_l("Add a fee"), _item),
    "lab.fee_edit": Act(_l("Change the fee"), _fee),
    "lab.fee_end": Act(_l("End the fee"), _fee),
    "lab.standard_new": Act(_l("Propose a standard"), _new),
    "lab.raise_objection": Act(_l("Raise objection"), _statement),
}
"""Endpoint → act. A form of another endpoint is not kept."""


def act_of(endpoint: str | None, given: Given) -> Act | None:
    """The act of a form's endpoint, or nothing where it is none that is kept."""
    if endpoint in ("client.booking_verb", "lab.booking_verb"):
        verb = VERBS.get(str(given.get("verb")))
        return Act(verb.label, _booking) if verb else None
    return ACTS.get(endpoint or "")
