"""A booking's papers for its page: `{% include "lab/papers/_documents.html" %}` with what `documents_panel` gives."""

from dataclasses import dataclass
from typing import Any

from flask import current_app, url_for
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from labshare.booking.models import Booking
from labshare.booking.terms import BookingState
from labshare.kernel.actor import Actor
from labshare.kernel.time import local_day, utc_now
from labshare.organisations.permissions import may
from labshare.settlement.queries.documents import BookingDocuments, documents_of


def booking_href(ref: str, actor: Actor) -> str:
    """The booking's page for this reader."""
    if may(actor, "payer.see"):
        endpoint, path = "regulator.booking", f"/regulator/bookings/{ref}"
    else:
        endpoint, path = "lab.booking", f"/lab/bookings/{ref}"
    return url_for(endpoint, ref=ref) if endpoint in current_app.view_functions else path


@dataclass(frozen=True)
class PaperAction:
    """A form of the lab's for this booking. `first`: the next thing to do."""

    name: str
    label: LazyString
    href: str
    icon: str
    first: bool = False


def documents_panel(booking: Booking, actor: Actor) -> dict[str, Any]:
    """Context of the partial: `papers` (four statements) and `paper_actions`, the forms open to this actor."""
    papers = documents_of(booking, local_day(utc_now()))
    return {"papers": papers, "paper_actions": paper_actions(papers, actor)}


def paper_actions(papers: BookingDocuments, actor: Actor) -> list[PaperAction]:
    booking = papers.booking
    parties = {"client": booking.client_firm_id, "lab": booking.lab_firm_id}
    found = []

    def add(name: str, label: LazyString, icon: str, first: bool = False) -> None:
        found.append(PaperAction(name, label, url_for(f"lab.{name}", ref=booking.ref), icon, first))

    if may(actor, "report.record", **parties) and booking.state in BookingState.tested_or_later():
        add("record_report", _l("Upload report"), "upload", not papers.standing)
    if booking.state not in BookingState.with_documents():
        return found
    if may(actor, "invoice.record", **parties):
        if papers.to_invoice_fen > 0:
            add("record_invoice", _l("Add invoice"), "receipt", bool(papers.standing))
        if papers.reversible:
            add("record_red_letter", _l("Add red-letter invoice"), "receipt-2")
    if may(actor, "payment.record", **parties):
        if booking.charged_fen > 0:
            add("record_payment", _l("Add payment"), "cash", papers.to_invoice_fen == 0 and papers.to_pay_fen > 0)
        if papers.payments:
            add("record_refund", _l("Add refund"), "arrow-left")
    return found
