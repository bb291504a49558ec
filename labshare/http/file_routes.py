"""Files that stand with a record: where each kind lies below `/files`, in pages and API, and who may have one."""

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from typing import Any

from flask import abort, send_file
from werkzeug.wrappers import Response

from labshare.catalogue.queries.admissions import county_of
from labshare.catalogue.queries.claims import get_claim
from labshare.http.actor import current_actor
from labshare.http.rights import FOUND, requires
from labshare.kernel.actor import Actor
from labshare.kernel.errors import NotFound
from labshare.kernel.time import local_day, utc_now
from labshare.organisations.permissions import may
from labshare.organisations.queries import get_firm, get_size, sees_firm
from labshare.rewards.queries.objections import file_of_objection
from labshare.settlement.files import path_of
from labshare.settlement.models import StoredFile
from labshare.settlement.queries.documents import (
    file_of_approval,
    file_of_document,
    file_of_samples,
    stored_file,
)
from labshare.settlement.queries.inquiries import file_of_inquiry
from labshare.settlement.queries.messages import file_of_message


@dataclass(frozen=True)
class FileRoute:
    """One kind of file, and what is said of it. `right`: what its reader may do somewhere (`then`: or this).
    `find(actor, **address)` gives the file, or raises `NotFound` for whoever may not have this one."""

    says: str
    _: KW_ONLY
    name: str
    rule: str
    right: str
    find: Callable[..., StoredFile]
    then: tuple[str, ...] = ()

    def view(self) -> Callable[..., Response]:
        def sent(**address: Any) -> Response:
            return _sent(self.find(current_actor(), **address))

        sent.__name__ = self.name
        sent.__doc__ = self.says
        return requires(self.right, of=FOUND, then=self.then)(sent)


def _licence(actor: Actor, firm_id: int) -> StoredFile:
    if not sees_firm(actor, firm_id):
        raise NotFound
    return stored_file(get_firm(firm_id).licence_id)


def _figures_proof(actor: Actor, size_id: int) -> StoredFile:
    size = get_size(size_id)
    if not sees_firm(actor, size.firm_id):
        raise NotFound
    return stored_file(size.proof_id)


def _claim_proof(actor: Actor, claim_id: int) -> StoredFile:
    claim = get_claim(claim_id)
    if claim is None:
        raise NotFound
    county = county_of(claim.lab, local_day(utc_now()))
    if not may(actor, "catalogue.see_drafts", firm=claim.lab.firm_id, division=county):
        raise NotFound
    return stored_file(claim.proof_id)


FILE_ROUTES = (
    FileRoute(
        "The file of a report (or raw data beside it), an invoice or a payment, for the parties and regulators.",
        name="download",
        rule="/<any(report, raw, invoice, payment):kind>/<int:document_id>",
        right="document.see",
        then=("money.see",),
        find=file_of_document,
    ),
    FileRoute(
        "A firm's business licence, for its members and regulators.",
        name="licence",
        rule="/licence/<int:firm_id>",
        right="firm.see",
        find=_licence,
    ),
    FileRoute(
        "The proof of the figures that a firm declared, for its members and regulators.",
        name="figures_proof",
        rule="/figures/<int:size_id>",
        right="firm.see",
        find=_figures_proof,
    ),
    FileRoute(
        "The proof of a fact of a lab's catalogue, for the lab's firm and regulators.",
        name="claim_proof",
        rule="/claim/<int:claim_id>",
        right="catalogue.see_drafts",
        find=_claim_proof,
    ),
    FileRoute(
        "A file that came with a message, for whoever may read the message.",
        name="message_file",
        rule="/message/<int:file_id>",
        right="booking.see",
        find=file_of_message,
    ),
    FileRoute(
        "A file that came with an objection, for the lab's side and regulators.",
        name="objection_file",
        rule="/objection/<int:file_id>",
        right="run.see_line",
        find=file_of_objection,
    ),
    FileRoute(
        "A file that came with a request to the labs, for the asker and the labs that are asked.",
        name="inquiry_file",
        rule="/inquiry/<int:file_id>",
        right="inquiry.see",
        find=file_of_inquiry,
    ),
    FileRoute(
        "A photo or file that the client gave with a booking, for whoever may read what the samples are.",
        name="sample_file",
        rule="/samples/<ref>/<int:file_id>",
        right="booking.see",
        find=file_of_samples,
    ),
    FileRoute(
        "The same while the booking waits for the firm's approver.",
        name="approval_file",
        rule="/approvals/<int:approval_id>/<int:file_id>",
        right="approval.see",
        find=file_of_approval,
    ),
)


def _sent(file: StoredFile) -> Response:
    """An attachment that a browser neither runs nor guesses the type of, and that no shared cache keeps."""
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
