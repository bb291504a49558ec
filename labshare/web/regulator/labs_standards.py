"""The list of standards, and what replaces them."""

from typing import Any

from flask import render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from labshare.catalogue import queries
from labshare.catalogue.models import Standard
from labshare.catalogue.queries.proposals import get_proposal, list_waiting
from labshare.catalogue.queries.single import get_standard
from labshare.catalogue.services import standards as services
from labshare.http.actor import current_actor
from labshare.http.rights import requires
from labshare.kernel.time import local_day, utc_now
from labshare.organisations.permissions import may
from labshare.web.asked import asked_page
from labshare.web.lab.catalogue.forms import StandardForm, SupersedeForm
from labshare.web.regulator import blueprint
from labshare.web.regulator.labs import DeclineForm
from labshare.web.steps import posted


@blueprint.route("/standards", methods=["GET", "POST"])
@requires("dashboard.see", to_post="standard.publish")
def standards() -> Any:
    actor, form = current_actor(), StandardForm()
    answer = posted(
        form, lambda: services.publish_standard(actor=actor, now=utc_now(), **form.standard), _published_text
    )
    if isinstance(answer, Response):
        return answer
    q, asked = request.args.get("q", "")[:60], asked_page()
    page = queries.list_standards(q, day=local_day(utc_now()), limit=asked.size, offset=asked.offset)
    return render_template(
        "regulator/labs/standards.html",
        form=form,
        page=page,
        q=q,
        waiting=list_waiting(),
        may_change=may(actor, "standard.supersede"),
        may_publish=may(actor, "standard.publish"),
    ), answer


@blueprint.route("/standards/proposed/<int:proposal_id>", methods=["GET", "POST"])
@requires("standard.publish")
def standard_proposed(proposal_id: int) -> Any:
    """A proposal, to be corrected and published, or declined."""
    form = StandardForm(obj=get_proposal(proposal_id))
    answer = posted(
        form,
        lambda: services.publish_standard(
            actor=current_actor(), now=utc_now(), proposal_id=proposal_id, **form.standard
        ),
        _published_text,
    )
    return answer if isinstance(answer, Response) else _proposal_page(proposal_id, form, status=answer)


@blueprint.post("/standards/proposed/<int:proposal_id>/decline")
@requires("standard.publish")
def standard_decline(proposal_id: int) -> Any:
    decline = DeclineForm()
    answer = posted(
        decline,
        lambda: services.decline_proposal(
            actor=current_actor(), now=utc_now(), proposal_id=proposal_id, reason=decline.reason.data
        ),
        lambda made: (
            _("%(number)s is declined; the firm is told.", number=made.number),
            url_for("regulator.standards"),
        ),
    )
    if isinstance(answer, Response):
        return answer
    form = StandardForm(formdata=None, obj=get_proposal(proposal_id))
    return _proposal_page(proposal_id, form, status=answer, decline=decline)


def _published_text(added: Standard) -> tuple[str, str]:
    return (
        _("%(number)s is in the list of standards now.", number=added.number),
        url_for("regulator.standards", q=added.number),
    )


def _proposal_page(proposal_id: int, form: StandardForm, *, status: int, decline: DeclineForm | None = None) -> Any:
    page = render_template(
        "regulator/labs/proposal.html",
        proposal=get_proposal(proposal_id),
        form=form,
        decline_form=decline or DeclineForm(formdata=None),
    )
    return page, status


@blueprint.route("/standards/<int:standard_id>/supersede", methods=["GET", "POST"])
@requires("standard.supersede")
def standard_supersede(standard_id: int) -> Any:
    actor = current_actor()
    found = get_standard(standard_id)
    form = SupersedeForm()
    if not form.is_submitted():
        form.successor.data = found.superseded_by.number if found.superseded_by else ""
        form.superseded_from.data = found.superseded_from
    answer = posted(
        form,
        lambda: services.supersede_standard(
            actor=actor,
            now=utc_now(),
            standard_id=standard_id,
            successor=form.successor.data,
            superseded_from=form.superseded_from.data,
        ),
        lambda changed: (
            _("%(number)s is replaced by %(other)s.", number=changed.number, other=changed.superseded_by.number),
            url_for("regulator.standards", q=changed.number),
        ),
    )
    if isinstance(answer, Response):
        return answer
    return render_template("regulator/labs/supersede.html", form=form, standard=get_standard(standard_id)), answer
