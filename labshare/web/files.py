"""Stored files: served as attachments, to the two parties of their document and to regulators alone."""

from flask import Blueprint, abort, send_file
from werkzeug.wrappers import Response

from labshare.http.actor import current_actor
from labshare.http.bench_labels import report_label
from labshare.http.rights import FOUND, THE_REPORT, requires
from labshare.kernel.errors import NotFound
from labshare.organisations.permissions import check_seen, may
from labshare.organisations.queries import get_firm
from labshare.rewards.queries.objections import file_of_objection
from labshare.settlement.files import path_of
from labshare.settlement.models import StoredFile
from labshare.settlement.queries.documents import file_of_approval, file_of_samples, file_with_parties, stored_file
from labshare.settlement.queries.inquiries import file_of_inquiry
from labshare.settlement.queries.messages import file_of_message
from labshare.settlement.queries.reports import get_report
from labshare.settlement.terms import DocumentKind

blueprint = Blueprint("files", __name__, url_prefix="/files")


@blueprint.get("/<any(report, invoice, payment):kind>/<int:document_id>")
@requires("document.see", of=FOUND, then=("money.see",))
def download(kind: str, document_id: int) -> Response:
    """The file of a report, an invoice or a payment. 404 for whoever may not see the document."""
    file, client, lab = file_with_parties(kind, document_id)
    if not may(current_actor(), "document.see" if kind == DocumentKind.REPORT else "money.see", client=client, lab=lab):
        raise NotFound
    return _sent(file)


@blueprint.get("/report/<int:report_id>/label")
@requires("document.see", of=THE_REPORT)
def label_of_report(report_id: int) -> Response:
    """A label with the QR code that proves the report, 60 × 40 mm or on A4 (`?paper=a4`)."""
    return report_label(get_report(report_id))


@blueprint.get("/licence/<int:firm_id>")
@requires("firm.see", of=FOUND)
def licence(firm_id: int) -> Response:
    """A firm's business licence, for its members and regulators."""
    check_seen(current_actor(), "firm.see", "firm.see", firm=firm_id)
    return _sent(stored_file(get_firm(firm_id).licence_id))


@blueprint.get("/message/<int:file_id>")
@requires("booking.see", of=FOUND)
def message_file(file_id: int) -> Response:
    """A file that came with a message. 404 for whoever may not read the message."""
    return _sent(file_of_message(current_actor(), file_id))


@blueprint.get("/objection/<int:file_id>")
@requires("run.see_line", of=FOUND)
def objection_file(file_id: int) -> Response:
    """A file that came with an objection, for the lab's side and regulators."""
    return _sent(file_of_objection(current_actor(), file_id))


@blueprint.get("/inquiry/<int:file_id>")
@requires("inquiry.see", of=FOUND)
def inquiry_file(file_id: int) -> Response:
    """A file that came with a request to the labs, for the asker and the labs that are asked."""
    return _sent(file_of_inquiry(current_actor(), file_id))


@blueprint.get("/samples/<ref>/<int:file_id>")
@requires("booking.see", of=FOUND)
def sample_file(ref: str, file_id: int) -> Response:
    """A photo or file that the client gave with the booking. 404 for whoever may not read what the samples are."""
    return _sent(file_of_samples(current_actor(), ref, file_id))


@blueprint.get("/approvals/<int:approval_id>/<int:file_id>")
@requires("approval.see", of=FOUND)
def approval_file(*, approval_id: int, file_id: int) -> Response:
    """The same while the booking waits for the firm's approver."""
    return _sent(file_of_approval(current_actor(), approval_id=approval_id, file_id=file_id))


def _sent(file: StoredFile) -> Response:
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
