"""The list of standards, and what replaces them."""

from typing import Any

from flask import render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from labshare.catalogue import queries
from labshare.catalogue.queries.single import get_standard
from labshare.catalogue.services import standards as services
from labshare.http.actor import current_actor
from labshare.http.rights import requires
from labshare.kernel.time import local_day, utc_now
from labshare.organisations.permissions import may
from labshare.web.asked import asked_page
from labshare.web.lab.catalogue.forms import StandardForm, SupersedeForm
from labshare.web.regulator import blueprint
from labshare.web.steps import posted


@blueprint.route("/standards", methods=["GET", "POST"])
@requires("dashboard.see", to_post="standard.add")
def standards() -> Any:
    actor, form = current_actor(), StandardForm()
    answer = posted(
        form,
        lambda: services.add_standard(
            actor=actor, now=utc_now(), number=form.number.data, name=form.name.data, name_en=form.name_en.data or ""
        ),
        lambda added: (
            _("%(number)s is in the list of standards now.", number=added.number),
            url_for("regulator.standards", q=added.number),
        ),
    )
    if isinstance(answer, Response):
        return answer
    q, asked = request.args.get("q", "")[:60], asked_page()
    page = queries.list_standards(q, day=local_day(utc_now()), limit=asked.size, offset=asked.offset)
    return render_template(
        "regulator/labs/standards.html", form=form, page=page, q=q, may_change=may(actor, "standard.correct")
    ), answer


@blueprint.route("/standards/<int:standard_id>/supersede", methods=["GET", "POST"])
@requires("standard.correct")
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
