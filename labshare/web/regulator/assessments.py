"""Grades of the yearly assessment: each lab's latest, and the form that enters one."""

from typing import Any

from flask import redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from labshare.kernel.database import transaction
from labshare.kernel.errors import NotAllowed, Problem, SignInFirst
from labshare.kernel.months import Month
from labshare.kernel.time import utc_now
from labshare.organisations.permissions import may
from labshare.rewards import services, words
from labshare.rewards.queries import pages
from labshare.web.actor import current_actor
from labshare.web.filters import month as month_text
from labshare.web.forms import (
    Form,
    MonthField,
    SelectField,
    StringField,
    WholeNumberField,
    length,
    required,
    show_problem,
)
from labshare.web.layout import flash_done
from labshare.web.regulator import blueprint


class GradeForm(Form):
    lab = StringField(_l("Code of the lab"), [required(), length(20)], render_kw={"class": "ref"})
    year = WholeNumberField(_l("Year of the assessment"), [required()], least=2000, most=2100)
    grade = SelectField(_l("Grade"), [required()], choices=list(words.GRADES.items()))
    effective_month = MonthField(_l("In force from"), [required()])


@blueprint.get("/assessments")
def assessments() -> Any:
    """Each lab's latest grade."""
    return _page()


def _page(form: GradeForm | None = None, status: int = 200) -> Any:
    actor = current_actor()
    if actor.person_id is None:
        raise SignInFirst
    if not may(actor, "run.see"):
        raise NotAllowed
    html = render_template(
        "regulator/rewards/assessments.html",
        rows=pages.latest_grades(),
        form=form or GradeForm(formdata=None, year=Month.at(utc_now()).year),
        enters=may(actor, "grade.enter"),
        words=words,
    )
    return html, status


@blueprint.post("/assessments")
def enter_grade() -> Any:
    """Enter a lab's grade."""
    actor, form = current_actor(), GradeForm()
    if not form.validate() or form.effective_month.data is None or form.year.data is None:
        return _page(form, 422)
    try:
        with transaction():
            services.enter_grade(
                actor=actor,
                now=utc_now(),
                lab=form.lab.data or "",
                year=form.year.data,
                grade=form.grade.data,
                effective_month=form.effective_month.data,
            )
    except Problem as problem:
        if problem.status in (403, 404):
            raise
        return _page(form, show_problem(form, problem))
    flash_done(
        _("%(lab)s: the grade holds from %(month)s on.", lab=form.lab.data, month=month_text(form.effective_month.data))
    )
    return redirect(url_for("regulator.assessments"), 303)
