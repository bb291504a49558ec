"""The own firm's affiliations: what is declared and what it means; declaring, answering, ending."""

from typing import Any

from flask import render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from labshare.http.actor import current_actor
from labshare.http.rights import MEMBERS_FIRM, Of, requires
from labshare.kernel.actor import Actor
from labshare.kernel.time import local_day, utc_now
from labshare.organisations import permissions
from labshare.organisations import services as organisations
from labshare.organisations.models import Affiliation
from labshare.organisations.queries.affiliations import affiliation_row, affiliations_of
from labshare.organisations.services.affiliations import named_side
from labshare.organisations.terms import AffiliationKind, AffiliationState
from labshare.rewards.queries.touched import has_excluded
from labshare.web.account import blueprint
from labshare.web.account.firm import own_firm
from labshare.web.account.forms import AffiliationForm, AskEndForm, EndAffiliationForm, ObjectForm
from labshare.web.forms import Form
from labshare.web.steps import posted


@blueprint.route("/affiliations", methods=["GET", "POST"])
@requires("firm.see", of=MEMBERS_FIRM, to_post="affiliation.declare")
def affiliations() -> Any:
    """The firm's affiliations; its owner declares more."""
    found, actor = own_firm(), current_actor()
    form = AffiliationForm()
    answer = posted(
        form,
        lambda: organisations.declare_affiliation(
            actor=actor,
            now=utc_now(),
            firm_id=found.id,
            other_uscc=form.other_uscc.data,
            kind=AffiliationKind.CONTROLS if form.kind.data == "controlled" else form.kind.data,
            controlled=form.kind.data == "controlled",
            valid_from=form.valid_from.data,
            valid_to=form.valid_to.data,
            note=form.note.data or "",
        ),
        _declared,
    )
    if isinstance(answer, Response):
        return answer
    return render_template(
        "account/affiliations.html",
        form=form,
        firm=found,
        rows=affiliations_of(firm_id=found.id),
        may_declare=permissions.may(actor, "affiliation.declare", firm=found.id),
    ), answer


def _declared(made: Affiliation) -> tuple[str, str]:
    address = url_for("account.affiliation", affiliation_id=made.id)
    if made.declaration_touches:
        return _("Declared. It touches published months: an officer decides before it reaches back."), address
    return _("The affiliation is declared; the other firm is told."), address


@blueprint.get("/affiliations/<int:affiliation_id>")
@requires("firm.see", of=MEMBERS_FIRM)
def affiliation(affiliation_id: int) -> Any:
    """One affiliation: what it means for bookings, what became of it, and what the firm can do."""
    return _page(affiliation_id)


def _page(affiliation_id: int, objecting: Form | None = None, *, status: int = 200) -> Any:
    firm = own_firm()
    row = affiliation_row(firm_id=firm.id, affiliation_id=affiliation_id)
    may = permissions.may(current_actor(), "affiliation.declare", firm=firm.id)
    link = row.affiliation.link
    open_ = link.state(local_day(utc_now())) not in AffiliationState.over()
    return render_template(
        "account/affiliation.html",
        row=row,
        one=row.affiliation,
        firm=firm,
        may_answer=may
        and open_
        and link.other_side == firm.id
        and link.agreed_at is None
        and link.confirmed_at is None,
        may_end=may and open_ and link.ended_at is None and link.end_asked_at is None,
        objecting=objecting or ObjectForm(formdata=None),
    ), status


def _named(actor: Actor, affiliation_id: int) -> None:
    own_firm()
    named_side(actor, affiliation_id)


def _own_side(actor: Actor, affiliation_id: int) -> dict[str, int | None]:
    return {"firm": affiliation_row(firm_id=own_firm().id, affiliation_id=affiliation_id) and actor.firm_id}


NAMED_SIDE = Of("affiliation, as the side it names", asks=_named)
OWN_AFFILIATION = Of("affiliation, as either side", _own_side)


@blueprint.post("/affiliations/<int:affiliation_id>/agree")
@requires("affiliation.declare", of=NAMED_SIDE)
def agree_affiliation(affiliation_id: int) -> Any:
    """The other side agrees to what was declared."""
    form = Form()
    answer = posted(
        form,
        lambda: organisations.agree_affiliation(actor=current_actor(), now=utc_now(), affiliation_id=affiliation_id),
        lambda found: (
            _("Agreed. It touches published months: an officer decides before it reaches back.")
            if found.agreement_touches
            else _("Agreed; the other firm is told."),
            url_for("account.affiliation", affiliation_id=affiliation_id),
        ),
    )
    return answer if isinstance(answer, Response) else _page(affiliation_id, form, status=answer)


@blueprint.post("/affiliations/<int:affiliation_id>/object")
@requires("affiliation.declare", of=NAMED_SIDE)
def object_to_affiliation(affiliation_id: int) -> Any:
    """The other side objects, with a reason."""
    form = ObjectForm()
    answer = posted(
        form,
        lambda: organisations.object_to_affiliation(
            actor=current_actor(), now=utc_now(), affiliation_id=affiliation_id, reason=form.reason.data
        ),
        lambda _found: (
            _("The objection is kept: an officer decides."),
            url_for("account.affiliation", affiliation_id=affiliation_id),
        ),
    )
    return answer if isinstance(answer, Response) else _page(affiliation_id, form, status=answer)


@blueprint.route("/affiliations/<int:affiliation_id>/end", methods=["GET", "POST"])
@requires("affiliation.declare", of=OWN_AFFILIATION)
def end_affiliation(affiliation_id: int) -> Any:
    """Say when a declared affiliation ends, or ask an officer for the end of one that only an officer ends."""
    found, actor = own_firm(), current_actor()
    row = affiliation_row(firm_id=found.id, affiliation_id=affiliation_id)
    link = row.affiliation.link
    by_officer = link.declared_by != found.id or link.confirmed_at is not None or has_excluded(row.affiliation.link)
    form = AskEndForm() if by_officer else EndAffiliationForm()
    if not form.is_submitted():
        form.valid_to.data = local_day(utc_now())
    verb = organisations.ask_end if by_officer else organisations.end_affiliation
    answer = posted(
        form,
        lambda: verb(
            actor=actor,
            now=utc_now(),
            affiliation_id=affiliation_id,
            valid_to=form.valid_to.data,
            reason=form.reason.data or "",
        ),
        lambda _made: (
            _("The end is asked for: an officer decides.") if by_officer else _("The end of the affiliation is kept."),
            url_for("account.affiliation", affiliation_id=affiliation_id),
        ),
    )
    if isinstance(answer, Response):
        return answer
    return render_template("account/affiliation_end.html", form=form, row=row, by_officer=by_officer), answer
