"""Stored files: served as attachments, to the two parties of their document and to regulators alone."""

from typing import Any

from flask import Blueprint, abort, send_file
from sqlalchemy import select
from werkzeug.wrappers import Response

from labshare.booking.models import Booking
from labshare.kernel.database import db
from labshare.kernel.errors import NotFound, SignInFirst
from labshare.organisations.permissions import may
from labshare.settlement.files import path_of
from labshare.settlement.models import Invoice, Payment, Report, StoredFile
from labshare.web.actor import current_actor

blueprint = Blueprint("files", __name__, url_prefix="/files")

_OF_DOCUMENT: dict[str, Any] = {
    "report": select(StoredFile, Booking.client_firm_id, Booking.lab_firm_id)
    .join(Report, Report.file_id == StoredFile.id)
    .join(Booking, Booking.id == Report.booking_id),
    "invoice": select(StoredFile, Invoice.client_firm_id, Invoice.seller_firm_id).join(
        Invoice, Invoice.file_id == StoredFile.id
    ),
    "payment": select(StoredFile, Booking.client_firm_id, Booking.lab_firm_id)
    .join(Payment, Payment.file_id == StoredFile.id)
    .join(Booking, Booking.id == Payment.booking_id),
}
_ID = {"report": Report.id, "invoice": Invoice.id, "payment": Payment.id}


@blueprint.get("/<any(report, invoice, payment):kind>/<int:document_id>")
def download(kind: str, document_id: int) -> Response:
    """The file of a report, an invoice or a payment. 404 for whoever may not see the document."""
    actor = current_actor()
    if actor.person_id is None:
        raise SignInFirst
    found = db.session.execute(_OF_DOCUMENT[kind].where(_ID[kind] == document_id)).first()
    if found is None:
        raise NotFound
    file, client, lab = found
    if not may(actor, "document.see", client=client, lab=lab):
        raise NotFound
    path = path_of(file.sha256)
    if not path.is_file():
        abort(404)
    answer = send_file(
        path, mimetype=file.content_type, as_attachment=True, download_name=file.name, conditional=True, max_age=0
    )
    answer.cache_control.private = True
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer
