"""A booking's documents for its page: what `lab/documents/_documents.html` wants, from `documents_panel`."""

from dataclasses import dataclass, replace
from typing import Any

from flask import current_app, url_for
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from labshare.accounts.queries import names_of
from labshare.booking.models import Booking
from labshare.booking.terms import BookingState
from labshare.kernel.actor import Actor
from labshare.kernel.time import local_day, utc_now
from labshare.organisations.permissions import may, may_anywhere
from labshare.settlement.queries.documents import BookingDocuments, documents_of
from labshare.settlement.queries.doubles import elsewhere


def booking_href(ref: str, actor: Actor) -> str:
    """The booking's page for this reader."""
    if may_anywhere(actor, "payer.see"):
        endpoint, path = "regulator.booking", f"/regulator/bookings/{ref}"
    else:
        endpoint, path = "lab.booking", f"/lab/bookings/{ref}"
    return url_for(endpoint, ref=ref) if endpoint in current_app.view_functions else path


@dataclass(frozen=True)
class DocumentAction:
    """A form of the lab's for this booking. `first`: the next thing to do."""

    name: str
    label: LazyString
    href: str
    icon: str
    first: bool = False


def documents_panel(booking: Booking, actor: Actor) -> dict[str, Any]:
    """Context of the partial: `documents` (four statements; of who does not see money, reports alone),
    `document_actions`, the forms open to this actor, `correctors`, the names of who replaced a report, and for the
    lab's side `elsewhere`, what of these documents stands on another booking, too (a statement where there are any).
    """
    documents = documents_of(booking, local_day(utc_now()))
    if not may(
        actor,
        "money.see",
        client=booking.client_firm_id,
        lab=booking.lab_firm_id,
        division=booking.division,
    ):
        documents = replace(documents, charges=(), invoices=(), payments=())
    lab_side = may(actor, "ledger.see", lab=booking.lab_firm_id, division=booking.division)
    shows_money = lab_side and (documents.invoices or documents.payments)
    return {
        "documents": documents,
        "elsewhere": elsewhere(booking_id=booking.id, lab_firm_id=booking.lab_firm_id) if shows_money else {},
        "document_actions": document_actions(documents, actor),
        "correctors": names_of(line.successor.recorded_by for line in documents.reports if line.successor),
    }


def document_actions(documents: BookingDocuments, actor: Actor) -> list[DocumentAction]:
    booking = documents.booking
    parties = {"client": booking.client_firm_id, "lab": booking.lab_firm_id}
    found = []

    def add(name: str, label: LazyString, icon: str, first: bool = False) -> None:
        found.append(DocumentAction(name, label, url_for(f"lab.{name}", ref=booking.ref), icon, first))

    if may(actor, "report.record", **parties) and booking.state in BookingState.tested_or_later():
        add("record_report", _l("Upload report"), "upload", not documents.standing)
    if booking.state not in BookingState.with_documents():
        return found
    if may(actor, "invoice.record", **parties):
        if documents.to_invoice_fen > 0:
            add("record_invoice", _l("Add invoice"), "receipt", bool(documents.standing))
        if documents.reversible:
            add("record_red_letter", _l("Add red-letter invoice"), "receipt-2")
    if may(actor, "payment.record", **parties):
        if booking.charged_fen > 0:
            add("record_payment", _l("Add payment"), "cash", documents.to_invoice_fen == 0 and documents.to_pay_fen > 0)
        if documents.payments:
            add("record_refund", _l("Add refund"), "arrow-left")
    return found
