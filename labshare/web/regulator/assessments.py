"""Grades: the lists of all years, entering one, and one list with what it changes in money before it is confirmed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response
from wtforms import HiddenField

from labshare.accounts.queries import names_of
from labshare.catalogue.models import Lab
from labshare.http.actor import current_actor
from labshare.http.rights import OWN_DIVISION, requires
from labshare.kernel.errors import InvalidInput, NotFound, Problem
from labshare.kernel.months import Month
from labshare.kernel.time import local_day, utc_now
from labshare.organisations.permissions import may, may_anywhere
from labshare.rewards import services
from labshare.rewards.assessments import AssessmentList, AssessmentVersion
from labshare.rewards.errors import ListChanged
from labshare.rewards.queries import grades as queries
from labshare.rewards.queries.grade_preview import PreviewLine, previews
from labshare.rewards.services.grades import LONGEST_REASON, GradeRow
from labshare.rewards.terms import Grade, ListState
from labshare.web.asked import asked_choice, asked_page, asked_year, own_division, read_number
from labshare.web.forms import (
    Form,
    MonthField,
    OptionalSelectField,
    StringField,
    TextAreaField,
    WholeNumberField,
    length,
    optional,
    required,
    show_problem,
)
from labshare.web.regulator import blueprint
from labshare.web.steps import posted, pressed


class ListForm(Form):
    """A list's head; `form_of` adds two fields for each lab."""

    year = WholeNumberField(_l("Year assessed"), [required()], least=2000, most=2100)
    effective_month = MonthField(_l("In force from"), [required()])
    common_reason = StringField(
        _l("Reason for every grade without one of its own"),
        [optional(), length(LONGEST_REASON)],
        description=_l("Such as the number of the document that announces the result."),
    )
    version = HiddenField()


class SendBackForm(Form):
    reason = TextAreaField(_l("Reason"), [required(_l("Give a reason.")), length(500)])


def form_of(labs: list[Lab], **given: Any) -> Any:
    """The form with `grade_<id>` and `reason_<id>` for each lab, named by its code in errors."""
    fields: dict[str, Any] = {}
    for lab in labs:
        fields[f"grade_{lab.id}"] = OptionalSelectField(_("Grade of %(lab)s", lab=lab.code), choices=Grade.choices())
        fields[f"reason_{lab.id}"] = StringField(
            _("Reason for %(lab)s", lab=lab.code), [length(LONGEST_REASON)], render_kw={"autocomplete": "off"}
        )
    return type("ListOfLabs", (ListForm,), fields)(**given)


def _list(list_id: int) -> AssessmentList:
    found = queries.grade_list(current_actor(), list_id)
    if found is None:
        raise NotFound
    return found


@blueprint.get("/assessments")
@requires("grade.see", of=OWN_DIVISION)
def assessments() -> Any:
    """The lists, open ones first."""
    actor = current_actor()
    years, page = queries.years_of_lists(actor), asked_page()
    state, year = asked_choice("state", ListState), asked_year(years, None)
    rows, total = queries.grade_lists(actor, state=state, year=year, limit=page.size, offset=page.offset)
    return render_template(
        "regulator/assessments/lists.html",
        rows=rows,
        years=years,
        year=year,
        state=state,
        states=ListState,
        may_enter=may_anywhere(actor, "grade.enter"),
        page=page.of(total),
    )


# ── Entering ─────────────────────────────────────────────────────────────


@blueprint.route("/assessments/new", methods=["GET", "POST"])
@requires("grade.enter", of=OWN_DIVISION)
def assessment_new() -> Any:
    """Begin a list."""
    actor = current_actor()
    divisions = queries.divisions_to_grade(actor, local_day(utc_now()))
    own = own_division(actor, "grade.enter")
    asked = request.args.get("division", own)
    division = asked if asked in divisions else next(iter(divisions), own)
    return _entering(None, division, divisions)


@blueprint.route("/assessments/<int:list_id>/edit", methods=["GET", "POST"])
@requires("grade.enter", of=OWN_DIVISION)
def assessment_edit(list_id: int) -> Any:
    """Go on with a draft."""
    found = _list(list_id)
    if found.state != ListState.DRAFT and request.method == "GET":
        raise NotFound
    return _entering(found, found.division, [])


def _entering(found: AssessmentList | None, division: str, divisions: list[str]) -> Any:
    labs = _labs(found, division)
    form = form_of(labs) if request.method == "POST" else _filled(found, labs)
    list_id = found.id if found is not None else None
    answer = posted(
        form,
        lambda: services.save_grades(
            actor=current_actor(),
            now=utc_now(),
            division=division,
            year=form.year.data,
            effective_month=form.effective_month.data,
            rows=_rows(form, labs),
            list_id=list_id,
            version=read_number(form.version.data or ""),
        ),
        lambda saved: (_("The list is saved. Nothing counts yet."), url_for("regulator.assessment", list_id=saved.id)),
    )
    if isinstance(answer, Response):
        return answer
    found = queries.grade_list(current_actor(), list_id) if list_id is not None else None
    if answer == ListChanged.status and found is not None:
        form.version.data = str(found.version)  # what it says now stands beside: saving again replaces it knowingly
    return _entering_page(form, found, division, divisions, labs, answer)


def _entering_page(
    form: Any, found: AssessmentList | None, division: str, divisions: list[str], labs: list[Lab], status: int
) -> Any:
    saved = {row["lab"]: row for row in queries.rows_of(found)} if found is not None else {}
    return render_template(
        "regulator/assessments/enter.html",
        form=form,
        found=found,
        labs=labs,
        division=division,
        divisions=divisions,
        held=queries.assessments_in_force([lab.id for lab in labs], Month.at(utc_now())),
        grade_labels=dict(Grade.choices()),
        saved=saved,
        changed=status == ListChanged.status,
    ), status


def _labs(found: AssessmentList | None, division: str) -> list[Lab]:
    """The admitted labs of the division, and those that the draft names already."""
    named = [row["lab"] for row in queries.rows_of(found)] if found is not None else []
    return queries.labs_to_grade(division, local_day(utc_now()), named)


def _filled(found: AssessmentList | None, labs: list[Lab]) -> Any:
    """The form as the draft was saved; of a new list, the year gone by and the next month."""
    present = Month.at(utc_now())
    if found is None:
        return form_of(labs, formdata=None, year=present.next.year - 1, effective_month=present.next)
    given: dict[str, Any] = {"year": found.year, "effective_month": Month.parse(found.effective_month)}
    for row in queries.rows_of(found):
        given |= {f"grade_{row['lab']}": row["grade"], f"reason_{row['lab']}": row["reason"]}
    return form_of(labs, formdata=None, version=str(found.version), **given)


def _rows(form: Any, labs: list[Lab]) -> list[GradeRow]:
    common = form.common_reason.data or ""
    rows = []
    for lab in labs:
        grade, reason = form[f"grade_{lab.id}"].data, form[f"reason_{lab.id}"].data or ""
        rows.append(GradeRow(lab.id, grade, reason or (common if grade else "")))
    return rows


# ── One list ─────────────────────────────────────────────────────────────


@blueprint.get("/assessments/<int:list_id>")
@requires("grade.see", of=OWN_DIVISION)
def assessment(list_id: int) -> Any:
    """A list with its grades; while it is open, with what it changes in money."""
    return _list_page(_list(list_id))


@dataclass(frozen=True)
class Act:
    """One line of a list's course."""

    at: datetime
    icon: str
    label: str
    name: str | None
    note: str = ""
    labs: int | None = None


def _course(found: AssessmentList, versions: list[tuple[AssessmentVersion, str]]) -> list[Act]:
    """Who did what, the latest first."""
    names = names_of((found.entered_by, found.handed_over_by, found.sent_back_by, found.confirmed_by))
    acts = [
        Act(
            one.edited_at,
            "edit",
            _("Version %(n)s", n=one.number),
            name,
            labs=sum(row["grade"] is not None for row in one.document["rows"]),
        )
        for one, name in versions
    ] or [Act(found.entered_at, "edit", _("Entered by"), names.get(found.entered_by or 0))]
    if found.handed_over_at is not None:
        acts.append(Act(found.handed_over_at, "send", _("Handed over by"), names.get(found.handed_over_by or 0)))
    if found.sent_back_at is not None:
        note = found.sent_back_reason or ""
        acts.append(Act(found.sent_back_at, "rotate", _("Sent back by"), names.get(found.sent_back_by or 0), note))
    if found.withdrawn_at is not None:
        acts.append(Act(found.withdrawn_at, "ban", _("Withdrawn by"), names.get(found.entered_by or 0)))
    if found.confirmed_at is not None:
        label = _("Counts since it was entered") if found.migrated else _("Confirmed by")
        acts.append(Act(found.confirmed_at, "checks", label, names.get(found.confirmed_by or 0)))
    return sorted(acts, key=lambda act: act.at, reverse=True)


def _list_page(
    found: AssessmentList, above: Form | None = None, send_back: Form | None = None, status: int = 200
) -> Any:
    actor, now = current_actor(), utc_now()
    rows = queries.rows_of(found)
    is_open = found.state in ListState.open()
    shown = (
        previews(
            found.division,
            Month.parse(found.effective_month),
            {row["lab"]: row["grade"] for row in rows if row["grade"]},
            now,
        )
        if is_open
        else []
    )
    money: dict[int, PreviewLine] = {line.lab.id: line for preview in shown for line in preview.lines}
    versions = queries.versions_of(found.id)
    graded = {row["lab"] for row in rows}
    labs = queries.labs_by_id(graded)
    participants = {version.edited_by for version, _name in versions} | {found.entered_by, found.handed_over_by}
    return render_template(
        "regulator/assessments/list.html",
        found=found,
        shown=shown,
        money=money,
        course=_course(found, versions),
        rows=sorted(rows, key=lambda row: labs[row["lab"]].code),
        labs=labs,
        others=sorted((line for lab, line in money.items() if lab not in graded), key=lambda line: line.lab.code),
        held=queries.assessments_in_force(graded, Month.at(now)),
        grade_labels=dict(Grade.choices()),
        may_enter=may(actor, "grade.enter", division=found.division),
        may_confirm=may(actor, "grade.confirm", division=found.division),
        worked_on_it=actor.person_id in participants,
        is_author=actor.person_id == found.entered_by,
        above=above,
        send_back_form=send_back or SendBackForm(formdata=None),
        is_open=is_open,
    ), status


@blueprint.post("/assessments/<int:list_id>/hand-over")
@requires("grade.enter", of=OWN_DIVISION)
def assessment_hand_over(list_id: int) -> Any:
    """Hand a draft over; what it still lacks is shown at its field."""
    version = read_number(request.form.get("version", ""))
    answer = pressed(
        lambda: services.hand_over_grades(actor=current_actor(), now=utc_now(), list_id=list_id, version=version or 0),
        lambda _made: (
            _("The list is handed over. An approver confirms it; until then nothing counts."),
            url_for("regulator.assessment", list_id=list_id),
        ),
    )
    if isinstance(answer, Response):
        return answer
    found = _list(list_id)
    if isinstance(answer, InvalidInput):
        labs = _labs(found, found.division)
        form = _filled(found, labs)
        return _entering_page(form, found, found.division, [], labs, show_problem(form, answer))
    return _refused(list_id, answer)


@blueprint.post("/assessments/<int:list_id>/withdraw")
@requires("grade.enter", of=OWN_DIVISION)
def assessment_withdraw(list_id: int) -> Any:
    answer = pressed(
        lambda: services.withdraw_grades(actor=current_actor(), now=utc_now(), list_id=list_id),
        lambda _made: (
            _("The list is withdrawn; none of its grades counts."),
            url_for("regulator.assessment", list_id=list_id),
        ),
    )
    return answer if isinstance(answer, Response) else _refused(list_id, answer)


@blueprint.post("/assessments/<int:list_id>/confirm")
@requires("grade.confirm", of=OWN_DIVISION)
def assessment_confirm(list_id: int) -> Any:
    """From here on the list's grades count."""
    version = read_number(request.form.get("version", ""))
    answer = pressed(
        lambda: services.confirm_grades(actor=current_actor(), now=utc_now(), list_id=list_id, version=version or 0),
        lambda _made: (
            _("The grades are confirmed; the labs are told."),
            url_for("regulator.assessment", list_id=list_id),
        ),
    )
    return answer if isinstance(answer, Response) else _refused(list_id, answer)


@blueprint.post("/assessments/<int:list_id>/send-back")
@requires("grade.confirm", of=OWN_DIVISION)
def assessment_send_back(list_id: int) -> Any:
    form = SendBackForm()
    answer = posted(
        form,
        lambda: services.send_back_grades(
            actor=current_actor(), now=utc_now(), list_id=list_id, reason=form.reason.data or ""
        ),
        lambda _made: (
            _("The list is sent back; the officers are told."),
            url_for("regulator.assessment", list_id=list_id),
        ),
    )
    return answer if isinstance(answer, Response) else _list_page(_list(list_id), send_back=form, status=answer)


def _refused(list_id: int, problem: Problem) -> Any:
    above = Form(formdata=None)
    return _list_page(_list(list_id), above=above, status=show_problem(above, problem))
