"""Open labs: admission, suspension."""

from functools import partial
from typing import Any

from flask import render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from labshare.catalogue import queries
from labshare.catalogue.models import Lab
from labshare.catalogue.queries.admissions import sees_lab
from labshare.catalogue.queries.applications import last_application
from labshare.catalogue.queries.authorisations import team_of, withdrawn_of
from labshare.catalogue.queries.open_labs import open_labs
from labshare.catalogue.rules.authorising import only_owner
from labshare.catalogue.services import applications
from labshare.catalogue.services import labs as lab_services
from labshare.catalogue.terms import Admission
from labshare.http.actor import current_actor
from labshare.http.rights import OWN_DIVISION, Of, requires
from labshare.kernel.actor import Actor
from labshare.kernel.errors import NotFound, Problem
from labshare.kernel.formatting import short_day, twin
from labshare.kernel.months import Month
from labshare.kernel.time import local_day, utc_now
from labshare.organisations.divisions import DIVISIONS, Division
from labshare.organisations.permissions import check_anywhere, may, may_anywhere
from labshare.rewards.queries.grades import assessments_in_force, grades_of
from labshare.rewards.terms import Grade
from labshare.web.asked import asked_choice, asked_page
from labshare.web.forms import (
    DayField,
    Form,
    SelectField,
    StringField,
    length,
    optional,
    required,
)
from labshare.web.regulator import blueprint
from labshare.web.steps import posted, pressed, problem_texts

ANSWERS = {"confirm": "lab.confirm_admission", "refuse": "lab.refuse_admission"}
"""A second person's answer → the right to it."""
ADMISSION = Of("answer in the address", asks=lambda actor, act, **_address: check_anywhere(actor, ANSWERS[act]))


class AdmitForm(Form):
    division = SelectField(_l("Open lab of"), [required()])
    admitted_from = DayField(
        _l("Open lab from"),
        [required()],
        description=_l("More than 30 days back needs a remark and a second person."),
    )
    reason = StringField(_l("Remark"), [optional(), length(300)])

    def __init__(self, lab: Lab, actor: Actor, **given: Any) -> None:
        super().__init__(division=lab.division, **given)
        self.division.choices = [
            (code, twin(county))
            for code, county in counties_with(lab.division).items()
            if may(actor, "lab.admit", division=code)
        ]


class SuspendForm(Form):
    suspended_from = DayField(_l("First day on which it is no open lab"), [required()])
    reason = StringField(_l("Reason"), [required(), length(300)], description=_l("The lab is told."))


class DeclineForm(Form):
    reason = StringField(_l("Reason"), [required(), length(300)], description=_l("The lab is told."))


def counties_with(code: str) -> dict[str, Division]:
    """The known counties, and this one."""
    return {
        **({} if code in DIVISIONS else {code: Division(code=code, name=code, name_en=code, lab_code="")}),
        **DIVISIONS,
    }


# ── Open labs ────────────────────────────────────────────────────────────


@blueprint.get("/labs", endpoint="labs")
@requires("dashboard.see")
def labs_list() -> Any:
    actor, today = current_actor(), local_day(utc_now())
    q, show, asked = request.args.get("q", "")[:80], asked_choice("show", Admission), asked_page()
    page = open_labs(actor, today, q=q, show=show, limit=asked.size, offset=asked.offset)
    return render_template(
        "regulator/labs/list.html",
        page=page,
        q=q,
        show=show,
        today=today,
        grades=assessments_in_force([row.lab.id for row in page.items], Month.of(today)),
        grade_labels=dict(Grade.choices()),
        may_admit=may_anywhere(actor, "lab.admit"),
    )


@blueprint.get("/labs/<int:lab_id>", endpoint="lab")
@requires("dashboard.see")
def lab_of(lab_id: int) -> Any:
    return _lab_page(lab_id)


@blueprint.get("/labs/<int:lab_id>/team")
@requires("team.see", of=OWN_DIVISION)
def lab_team(lab_id: int) -> Any:
    """Who may do what in the lab, and whose authorisations were withdrawn."""
    lab = _seen(lab_id)
    team = team_of(lab.firm_id, local_day(utc_now()), lab_id=lab.id)
    alone = only_owner(team.roles)
    return render_template(
        "regulator/labs/team.html",
        lab=lab,
        team=team,
        withdrawn=withdrawn_of(lab.id),
        only_owner=next((one.member.person.name for one in team.mates if one.member.person_id == alone), None),
    )


def _seen(lab_id: int) -> Lab:
    """The lab, where it is of the reader's division. Raises `NotFound`."""
    actor = current_actor()
    if not sees_lab(actor, lab_id, local_day(utc_now())):
        raise NotFound
    return queries.get_lab(actor, lab_id)


def _lab_page(
    lab_id: int,
    admit: Form | None = None,
    suspend: Form | None = None,
    decline: Form | None = None,
    problem: Problem | None = None,
    *,
    status: int = 200,
) -> Any:
    actor, today = current_actor(), local_day(utc_now())
    shown = queries.lab_page(actor, lab_id, today)
    if not may(actor, "lab.see", division=shown.county):
        raise NotFound
    waiting = next((one for one in shown.admissions if one.undecided), None)
    forms = {
        "admit": admit or AdmitForm(shown.lab, actor, formdata=None, admitted_from=today),
        "suspend": suspend or SuspendForm(formdata=None, suspended_from=today),
        "decline": decline or DeclineForm(formdata=None),
    }
    return render_template(
        "regulator/labs/lab.html",
        problems=problem_texts(problem),
        shown=shown,
        lab=shown.lab,
        today=today,
        forms=forms,
        application=last_application(lab_id),
        grades=grades_of(lab_id),
        grade_labels=dict(Grade.choices()),
        may_admit=may(actor, "lab.admit", division=shown.county),
        may_confirm=waiting is not None and may(actor, "lab.confirm_admission", division=waiting.division),
        counties=DIVISIONS,
    ), status


@blueprint.post("/labs/<int:lab_id>/admit")
@requires("lab.admit", of=OWN_DIVISION)
def lab_admit(lab_id: int) -> Any:
    actor = current_actor()
    form = AdmitForm(_seen(lab_id), actor)
    answer = posted(
        form,
        lambda: lab_services.admit_lab(
            actor=actor,
            now=utc_now(),
            lab_id=lab_id,
            division=form.division.data,
            admitted_from=form.admitted_from.data,
            reason=form.reason.data or "",
        ),
        lambda made: (
            _("Admitted as an open lab from %(day)s; the lab is told.", day=short_day(made.admitted_from))
            if made.counts
            else _(
                "Entered from %(day)s on; it counts once the approver confirms it.", day=short_day(made.admitted_from)
            ),
            url_for("regulator.lab", lab_id=lab_id),
        ),
    )
    return answer if isinstance(answer, Response) else _lab_page(lab_id, admit=form, status=answer)


@blueprint.post("/labs/<int:lab_id>/decline")
@requires("lab.admit", of=OWN_DIVISION)
def lab_decline(lab_id: int) -> Any:
    form = DeclineForm()
    answer = posted(
        form,
        lambda: applications.decline_application(
            actor=current_actor(), now=utc_now(), lab_id=lab_id, reason=form.reason.data
        ),
        lambda _made: (_("The application is declined; the lab is told."), url_for("regulator.lab", lab_id=lab_id)),
    )
    return answer if isinstance(answer, Response) else _lab_page(lab_id, decline=form, status=answer)


@blueprint.post("/labs/<int:lab_id>/admissions/<int:admission_id>/<any(confirm, refuse):act>")
@requires("lab.refuse_admission", of=ADMISSION, then=("lab.confirm_admission",))
def admission_decide(*, lab_id: int, admission_id: int, act: str) -> Any:
    """The second person's answer to an admission of more than 30 days back."""
    actor = current_actor()
    given = {"actor": actor, "now": utc_now(), "admission_id": admission_id}
    decide = (
        partial(lab_services.confirm_admission, seen=request.form.get("seen", ""))
        if act == "confirm"
        else lab_services.refuse_admission
    )
    message = _("The admission is confirmed; the lab is told.") if act == "confirm" else _("The admission is refused.")
    answer = pressed(
        lambda: decide(**given),
        lambda _made: (message, url_for("regulator.lab", lab_id=lab_id)),
    )
    if isinstance(answer, Response):
        return answer
    return _lab_page(lab_id, problem=answer, status=answer.status)


@blueprint.post("/labs/<int:lab_id>/suspend")
@requires("lab.admit", of=OWN_DIVISION)
def lab_suspend(lab_id: int) -> Any:
    actor, form = current_actor(), SuspendForm()
    answer = posted(
        form,
        lambda: lab_services.suspend_lab(
            actor=actor,
            now=utc_now(),
            lab_id=lab_id,
            suspended_from=form.suspended_from.data,
            reason=form.reason.data,
        ),
        lambda made: (
            _("Suspended from %(day)s; the lab is told.", day=short_day(made.suspended_from)),
            url_for("regulator.lab", lab_id=lab_id),
        ),
    )
    return answer if isinstance(answer, Response) else _lab_page(lab_id, suspend=form, status=answer)
