"""Facts of labs' catalogues that an officer confirms: values, tests that no law prescribes, accreditations."""

from typing import Any

from flask import render_template, request, url_for
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from werkzeug.wrappers import Response

from labshare.catalogue.claims import Claim
from labshare.catalogue.queries.claims import claims_to_decide, digest_of_claim, labs_with_claims, scopes
from labshare.catalogue.services.claims import confirm_claims, refuse_claims
from labshare.catalogue.terms import ClaimKind
from labshare.http.actor import current_actor
from labshare.http.rights import OWN_DIVISION, requires
from labshare.kernel.time import local_day, utc_now
from labshare.organisations.permissions import may_anywhere
from labshare.web.asked import asked_page
from labshare.web.forms import Form, StringField, length, optional
from labshare.web.regulator import blueprint
from labshare.web.steps import posted


class DecideForm(Form):
    reason = StringField(
        _l("Reason, where they are not confirmed"), [optional(), length(300)], description=_l("The lab is told.")
    )


@blueprint.get("/claims")
@requires("claim.see", of=OWN_DIVISION)
def claims() -> Any:
    """What waits, by kind and lab."""
    return _page(DecideForm(formdata=None), 200)


@blueprint.post("/claims/<any(confirm, refuse):verdict>")
@requires("claim.decide", of=OWN_DIVISION)
def decide_claims(verdict: str) -> Any:
    """Confirm what is ticked, or not, with a reason."""
    form, seen = DecideForm(), _ticked()
    who = {"actor": current_actor(), "now": utc_now()}
    answer = posted(
        form,
        lambda: (
            confirm_claims(**who, seen=seen)
            if verdict == "confirm"
            else refuse_claims(**who, seen=seen, reason=form.reason.data or "")
        ),
        lambda decided: (_done_text(decided, verdict), url_for("regulator.claims", **_asked())),
    )
    return answer if isinstance(answer, Response) else _page(form, answer)


def _ticked() -> dict[int, str]:
    """The ticked claims, each with the digest of what its row showed."""
    pairs = [one.partition(":") for one in request.form.getlist("claim")]
    return {int(number): digest for number, _sep, digest in pairs if number.isdecimal() and len(number) < 10}


def _asked() -> dict[str, str]:
    """The filters, in the address of the page as of the step."""
    return {name: request.args[name] for name in ("kind", "lab") if request.args.get(name)}


def _page(form: DecideForm, status: int) -> Any:
    actor, today = current_actor(), local_day(utc_now())
    labs = labs_with_claims(actor, today)
    asked_lab = request.args.get("lab")
    kind = ClaimKind.known(request.args.get("kind"))
    page = asked_page()
    found, total = claims_to_decide(
        actor,
        today,
        kind=kind,
        lab_id=next((lab.id for lab in labs if lab.code == asked_lab), None),
        limit=page.size,
        offset=page.offset,
    )
    return render_template(
        "regulator/claims.html",
        form=form,
        claims=found,
        digests={claim.id: digest_of_claim(claim) for claim in found},
        ticked=_ticked(),
        scopes=scopes(found),
        kinds=ClaimKind.choices(),
        kind=kind or "",
        labs=labs,
        lab=asked_lab or "",
        asked=_asked(),
        page=page.of(total),
        decides=may_anywhere(actor, "claim.decide"),
    ), status


def _done_text(decided: list[Claim], verdict: str) -> str:
    n = len(decided)
    if verdict == "confirm":
        return ngettext("%(num)d fact confirmed; the lab is told.", "%(num)d facts confirmed; the labs are told.", n)
    return ngettext(
        "%(num)d fact not confirmed; the lab is told.", "%(num)d facts not confirmed; the labs are told.", n
    )
