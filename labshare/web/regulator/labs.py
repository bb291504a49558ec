"""Open labs: admission, suspension, grades."""

from typing import Any

from flask import render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from labshare.catalogue import queries
from labshare.catalogue.queries.open_labs import SHOWN, open_labs
from labshare.catalogue.services import labs as lab_services
from labshare.kernel.actor import Actor
from labshare.kernel.errors import SignInFirst
from labshare.kernel.months import Month
from labshare.kernel.time import local_day, utc_now
from labshare.organisations.permissions import check, may
from labshare.rewards.policy import GRADES
from labshare.rewards.queries.grades import grades_in_force, grades_of, recent_grades
from labshare.rewards.services.grades import enter_grade
from labshare.rewards.words import GRADES as GRADE_WORDS
from labshare.web.actor import current_actor
from labshare.web.filters import short_day
from labshare.web.forms import (
    DayField,
    Form,
    MonthField,
    SelectField,
    StringField,
    WholeNumberField,
    length,
    optional,
    required,
)
from labshare.web.numbers import asked_number
from labshare.web.regulator import blueprint
from labshare.web.steps import posted

PER_PAGE = 50


class AdmitForm(Form):
    admitted_from = DayField(_l("Open lab from"), [required()])
    reason = StringField(_l("Remark"), [optional(), length(300)])


class SuspendForm(Form):
    suspended_from = DayField(_l("First day on which it is no open lab"), [required()])
    reason = StringField(_l("Reason"), [required(), length(300)], description=_l("The lab is told."))


class GradeForm(Form):
    grade = SelectField(_l("Grade"), choices=[(name, GRADE_WORDS[name]) for name in GRADES if name != "ungraded"])
    year = WholeNumberField(_l("Year assessed"), [required()], least=2000, most=2100)
    effective_month = MonthField(_l("In force from"), [required()])


class AnyGradeForm(GradeForm):
    lab = StringField(_l("Lab code"), [required(), length(20)], description=_l("Such as XC-012."))


def regulator() -> Actor:
    actor = current_actor()
    if actor.person_id is None:
        raise SignInFirst
    check(actor, "dashboard.see")
    return actor


def officer_for(action: str) -> Actor:
    actor = regulator()
    check(actor, action)
    return actor


# ── Open labs ────────────────────────────────────────────────────────────


@blueprint.get("/labs", endpoint="labs")
def labs_list() -> Any:
    actor, today = regulator(), local_day(utc_now())
    q, show = request.args.get("q", "")[:80], request.args.get("show")
    show = show if show in SHOWN else None
    page = open_labs(today, q=q, show=show, limit=PER_PAGE, offset=(asked_number("page") - 1) * PER_PAGE)
    return render_template(
        "regulator/labs/list.html", page=page, q=q, show=show, today=today,
        grades=grades_in_force([row.lab.id for row in page.items], Month.of(today)), grade_words=GRADE_WORDS,
        may_admit=may(actor, "lab.admit"),
    )  # fmt: skip


@blueprint.get("/labs/<int:lab_id>", endpoint="lab")
def lab_of(lab_id: int) -> Any:
    regulator()
    return _lab_page(lab_id)


def _lab_page(
    lab_id: int, admit: Form | None = None, suspend: Form | None = None, grade: Form | None = None, status: int = 200
) -> Any:
    actor, today = current_actor(), local_day(utc_now())
    shown = queries.lab_page(actor, lab_id, today)
    forms = {
        "admit": admit or AdmitForm(formdata=None, admitted_from=today),
        "suspend": suspend or SuspendForm(formdata=None, suspended_from=today),
        "grade": grade
        or GradeForm(formdata=None, year=today.year, effective_month=Month.of(today).next, grade="qualified"),
    }
    return render_template(
        "regulator/labs/lab.html", shown=shown, lab=shown.lab, today=today, forms=forms, grades=grades_of(lab_id),
        grade_words=GRADE_WORDS, may_admit=may(actor, "lab.admit"), may_grade=may(actor, "grade.enter"),
    ), status  # fmt: skip


@blueprint.post("/labs/<int:lab_id>/admit")
def lab_admit(lab_id: int) -> Any:
    actor, form = officer_for("lab.admit"), AdmitForm()
    answer = posted(
        form,
        lambda: lab_services.admit_lab(
            actor=actor, now=utc_now(), lab_id=lab_id, admitted_from=form.admitted_from.data,
            reason=form.reason.data or "",
        ),
        lambda made: (
            _("Admitted as an open lab from %(day)s; the lab is told.", day=short_day(made.admitted_from)),
            url_for("regulator.lab", lab_id=lab_id),
        ),
    )  # fmt: skip
    return answer if isinstance(answer, Response) else _lab_page(lab_id, admit=form, status=answer)


@blueprint.post("/labs/<int:lab_id>/suspend")
def lab_suspend(lab_id: int) -> Any:
    actor, form = officer_for("lab.admit"), SuspendForm()
    answer = posted(
        form,
        lambda: lab_services.suspend_lab(
            actor=actor, now=utc_now(), lab_id=lab_id, suspended_from=form.suspended_from.data,
            reason=form.reason.data,
        ),
        lambda made: (
            _("Suspended from %(day)s; the lab is told.", day=short_day(made.suspended_from)),
            url_for("regulator.lab", lab_id=lab_id),
        ),
    )  # fmt: skip
    return answer if isinstance(answer, Response) else _lab_page(lab_id, suspend=form, status=answer)


@blueprint.post("/labs/<int:lab_id>/grade")
def lab_grade(lab_id: int) -> Any:
    actor, form = officer_for("grade.enter"), GradeForm()
    code = queries.get_lab(actor, lab_id).code
    answer = posted(
        form,
        lambda: enter_grade(
            actor=actor, now=utc_now(), lab=code, year=form.year.data, grade=form.grade.data,
            effective_month=form.effective_month.data,
        ),
        lambda _made: (_("The grade is entered."), url_for("regulator.lab", lab_id=lab_id)),
    )  # fmt: skip
    return answer if isinstance(answer, Response) else _lab_page(lab_id, grade=form, status=answer)


@blueprint.route("/assessments", methods=["GET", "POST"])
def assessments() -> Any:
    actor = regulator()
    form = AnyGradeForm()
    if form.is_submitted():
        check(actor, "grade.enter")
    elif form.year.data is None:
        form.year.data, form.effective_month.data = local_day(utc_now()).year, Month.at(utc_now()).next
    answer = posted(
        form,
        lambda: enter_grade(
            actor=actor, now=utc_now(), lab=form.lab.data.upper(), year=form.year.data, grade=form.grade.data,
            effective_month=form.effective_month.data,
        ),
        lambda _made: (_("The grade is entered."), url_for("regulator.assessments")),
    )  # fmt: skip
    if isinstance(answer, Response):
        return answer
    rows, total = recent_grades(limit=PER_PAGE, offset=(asked_number("page") - 1) * PER_PAGE)
    return render_template(
        "regulator/labs/assessments.html", form=form, rows=rows, grade_words=GRADE_WORDS,
        page={"number": asked_number("page"), "size": PER_PAGE, "total": total}, may_grade=may(actor, "grade.enter"),
    ), answer  # fmt: skip
