"""Who may do what in which lab."""

from typing import Any

from flask import render_template, request, url_for
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from werkzeug.wrappers import Response

from labshare.catalogue.models import Lab
from labshare.catalogue.queries.authorisations import classes_of, team_of
from labshare.catalogue.queries.own import lab_choices
from labshare.catalogue.rules.class_codes import class_name
from labshare.catalogue.services.authorisations import authorise_class
from labshare.http.actor import current_actor
from labshare.http.rights import OWN_FIRM, requires
from labshare.kernel.errors import NotFound
from labshare.kernel.time import local_day, utc_now
from labshare.organisations.permissions import may
from labshare.organisations.terms import FirmRole
from labshare.web.asked import asked_choice, asked_number
from labshare.web.forms import SelectField, required
from labshare.web.lab import blueprint
from labshare.web.lab.catalogue import common
from labshare.web.lab.catalogue.forms import default_day
from labshare.web.lab.catalogue.operators import AuthorisationForm, people_to_authorise
from labshare.web.steps import posted


@blueprint.get("/team")
@requires("team.see", of=OWN_FIRM)
def team() -> Any:
    """Members, labs and roles; narrowed by what the address asks for."""
    firm_id, actor = common.firm_id(), current_actor()
    asked, role = asked_number("lab", 0) or None, asked_choice("role", FirmRole)
    ending = request.args.get("ending") == "1"
    shown = team_of(firm_id, local_day(utc_now()), lab_id=asked, role=role, ending=ending)
    lab_id = next((one.id for one in shown.labs if one.id == asked), None)
    return render_template(
        "lab/team/page.html",
        team=shown,
        shown=[one for one in shown.labs if lab_id in (None, one.id)],
        lab_id=lab_id,
        role=role,
        ending=ending,
        may_change=common.may_change(),
        may_manage=may(actor, "member.manage", firm=firm_id),
        me=actor.person_id,
    )


class ClassForm(AuthorisationForm):
    class_code = SelectField(
        _l("Class of instruments"),
        [required()],
        choices=[],
        validate_choice=False,
        description=_l("All instruments of this class that the lab has today; what is added later is not among them."),
    )


@blueprint.route("/team/authorise", methods=["GET", "POST"])
@requires("catalogue.change", of=OWN_FIRM)
def team_authorise() -> Any:
    """One person for a whole class of a lab's instruments."""
    firm_id, actor, form = common.firm_id(), current_actor(), ClassForm()
    labs = lab_choices(firm_id)
    lab = _chosen(labs)
    form.class_code.choices = [(code, f"{class_name(code)} ({n})") for code, n in classes_of(lab.id).items()]
    form.person_id.choices = people_to_authorise(firm_id)
    default_day(form, "valid_from", local_day(utc_now()))
    answer = posted(
        form,
        lambda: authorise_class(
            actor=actor,
            now=utc_now(),
            lab_id=lab.id,
            class_code=form.class_code.data or "",
            person_id=form.person_id.data,
            paper=form.paper.data or "",
            valid_from=form.valid_from.data,
            valid_to=form.valid_to.data,
        ),
        lambda made: (
            ngettext("Authorised for %(num)d instrument.", "Authorised for %(num)d instruments.", len(made)),
            url_for("lab.team", lab=lab.id),
        ),
    )
    if isinstance(answer, Response):
        return answer
    return render_template("lab/team/authorise.html", form=form, lab=lab, labs=labs), answer


def _chosen(labs: list[Lab]) -> Lab:
    """The lab that the address asks for, else the first. Raises `NotFound` where there is none."""
    asked = asked_number("lab", 0)
    found = next((one for one in labs if one.id == asked), labs[0] if labs else None)
    if found is None or (asked and found.id != asked):
        raise NotFound
    return found
