"""What a lab says of its catalogue and an officer confirms: what waits, what was not confirmed and why, its proofs."""

from typing import Any

from flask import current_app, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from labshare.catalogue.queries.claims import claims_of, get_claim, scopes
from labshare.catalogue.services.claims import prove_claim
from labshare.http.actor import current_actor
from labshare.http.rights import OWN_FIRM, requires
from labshare.kernel.errors import NotFound
from labshare.kernel.media import PDF_OR_PICTURES, accept
from labshare.kernel.time import utc_now
from labshare.organisations.errors import FillIn
from labshare.settlement.files import store, take_in
from labshare.web.forms import FileField, Form, optional
from labshare.web.lab import blueprint
from labshare.web.lab.catalogue import common
from labshare.web.lab.catalogue.photos import THE_LAB
from labshare.web.steps import posted


class ProofForm(Form):
    file = FileField(
        _l("Proof"),
        [optional()],
        description=_l("An invoice, an asset card, a certificate with its annex: PDF, JPEG or PNG, up to 20 MB."),
        render_kw=accept(PDF_OR_PICTURES),
    )


@blueprint.get("/labs/<int:lab_id>/claims")
@requires("catalogue.see_drafts", of=OWN_FIRM)
def claims(lab_id: int) -> Any:
    """What waits for an officer, and what was not confirmed."""
    lab = common.my_lab(lab_id)
    found = claims_of(lab.id)
    return render_template(
        "lab/catalogue/claims.html", lab=lab, claims=found, scopes=scopes(found), may_change=common.may_change()
    )


@blueprint.route("/labs/<int:lab_id>/claims/<int:claim_id>/proof", methods=["GET", "POST"])
@requires("catalogue.change", of=THE_LAB, file=True)
def claim_proof(*, lab_id: int, claim_id: int) -> Any:
    """Attach what proves it; what was not confirmed waits again with it."""
    lab, actor, claim = common.my_lab(lab_id), current_actor(), get_claim(claim_id)
    if claim is None or claim.lab_id != lab.id:
        raise NotFound
    form = ProofForm()
    upload = form.file.data if form.is_submitted() else None
    taken = take_in(upload.stream, upload.filename, "document", now=utc_now()) if upload and upload.filename else None

    def attach() -> Any:
        if taken is None:
            raise FillIn("file")
        if taken.problem is not None:
            raise taken.problem
        file = store(taken, actor=actor, now=utc_now())
        return prove_claim(actor=actor, now=utc_now(), claim_id=claim_id, proof_id=file.id)

    answer = posted(
        form,
        attach,
        lambda _done: (_("The proof is attached; an officer looks at it."), url_for("lab.claims", lab_id=lab.id)),
    )
    if isinstance(answer, Response):
        return answer
    limit = current_app.config["UPLOAD_LIMIT"]
    return render_template(
        "lab/catalogue/claim_proof.html", form=form, lab=lab, claim=claim, upload_limit=limit
    ), answer
