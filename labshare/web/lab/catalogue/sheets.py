"""The catalogue by files: templates and exports to take away, a file to check, take in, and undo."""

from collections import Counter
from pathlib import PurePath
from typing import Any

from flask import Response, abort, current_app, jsonify, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from itsdangerous import BadSignature, URLSafeSerializer
from wtforms import HiddenField

from labshare.booking.models import SheetImport
from labshare.booking.queries.sheets import get_import, lab_in_sheets, last_import
from labshare.booking.services.sheets import check_sheets, import_sheets, undo_import
from labshare.catalogue.queries import own
from labshare.catalogue.rules.importing.plans import Plan
from labshare.catalogue.terms import SheetKind
from labshare.http.actor import current_actor
from labshare.http.downloads import download
from labshare.http.limits import limited
from labshare.http.marked_sheets import marked_workbook
from labshare.http.progress import last_progress, new_secret, reporting
from labshare.http.rights import OWN_FIRM, requires, signed_in
from labshare.http.sheets import csv_file, workbook
from labshare.kernel.errors import NotFound, Problem
from labshare.kernel.media import SHEETS, accept
from labshare.kernel.progress import READING
from labshare.kernel.sheets import ReadSheet
from labshare.kernel.time import local_day, utc_now
from labshare.settlement.errors import TableGone
from labshare.settlement.files import keep_table, read_stored
from labshare.web.asked import asked_number
from labshare.web.forms import FileField, Form, required, show_problem
from labshare.web.lab import blueprint
from labshare.web.lab.catalogue import common
from labshare.web.lab.catalogue.photos import THE_LAB
from labshare.web.steps import Around, posted, pressed, problem_texts

SHOWN = 500
"""Bad cells that a page lists; how many there are is said in any case."""


class SheetForm(Form):
    file = FileField(
        _l("File"),
        [required(_l("Choose a file."))],
        description=_l("XLSX or CSV, as a template or an export has it; up to 10,000 rows a sheet."),
        render_kw=accept(SHEETS),
    )
    progress = HiddenField(default=new_secret)
    """Under which it is asked how far the work on the file is."""


class TakeForm(Form):
    checked = HiddenField()
    """The file that was checked, signed."""
    progress = HiddenField(default=new_secret)


def _serializer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt="checked.sheets")


@blueprint.get("/sheets")
@requires("catalogue.see_drafts", of=OWN_FIRM)
def sheets() -> Any:
    """Everything to do with files, for the lab asked for, else the first."""
    labs = own.lab_choices(common.firm_id())
    asked = asked_number("lab", 0)
    lab = next((one for one in labs if one.id == asked), labs[0] if labs else None)
    return _page(lab, SheetForm(formdata=None)) if lab else render_template("lab/catalogue/sheets.html", lab=None)


def _page(lab: Any, form: SheetForm, **more: Any) -> str:
    last = last_import(lab.id)
    return render_template(
        "lab/catalogue/sheets.html",
        lab=lab,
        labs=own.lab_choices(lab.firm_id),
        form=form,
        kinds=SheetKind,
        last=last,
        upload_limit=current_app.config["UPLOAD_LIMIT"],
        may_change=common.may_change(),
        **{"plan": None, "problems": [], **more},
    )


@blueprint.post("/labs/<int:lab_id>/sheets")
@requires("catalogue.change", of=THE_LAB, file=True)
@limited("message")
def sheets_check(lab_id: int) -> Any:
    """What the file would change, or every cell that stands in the way; nothing is written."""
    form = SheetForm()
    if not form.validate():
        return _page(common.my_lab(lab_id), form), 422
    taken = keep_table(form.file.data.stream, form.file.data.filename, now=utc_now())
    who = {"actor": current_actor(), "now": utc_now(), "lab_id": lab_id}
    try:
        if taken.problem is not None:
            raise taken.problem
        with reporting(form.progress.data) as progress:
            progress(READING, 0, 0)
            plan = check_sheets(**who, sheets=read_stored(taken.sha256), progress=progress)
    except NotFound:
        raise
    except Problem as problem:
        return _page(common.my_lab(lab_id), form, status=show_problem(form, problem)), problem.status
    take = TakeForm(formdata=None)
    take.checked.data = _serializer().dumps([lab_id, current_actor().person_id, taken.sha256, taken.name])
    shown = {"plan": plan, "name": taken.name, "take": take, **_plan_shown(plan)}
    return _page(common.my_lab(lab_id), SheetForm(formdata=None), **shown), 422 if plan.bad else 200


def _plan_shown(plan: Plan) -> dict[str, Any]:
    """What the page shows of a plan."""
    return {
        "shown": SHOWN,
        "rows": sum(plan.rows.values()),
        "bad_rows": len({(one.kind, one.row) for one in plan.bad}),
        "by_kind": Counter(one.kind for one in plan.bad),
        "counts": {kind: plan.counts(kind) for kind in plan.rows},
    }


@blueprint.post("/labs/<int:lab_id>/sheets/import")
@requires("catalogue.change", of=THE_LAB)
def sheets_import(lab_id: int) -> Any:
    """Take in the file that was checked: all of it, or nothing."""
    form = TakeForm()
    read: list[Any] = []
    who = {"actor": current_actor(), "now": utc_now(), "lab_id": lab_id}
    with reporting(form.progress.data) as progress:

        def before() -> None:
            progress(READING, 0, 0)
            read.extend(_checked_sheets(lab_id, form.checked.data))

        answer = posted(
            form,
            lambda: import_sheets(**who, sheets=read[0], name=read[1], progress=progress),
            lambda made: (_taken_in(made), url_for("lab.sheets", lab=lab_id)),
            Around(before=before),
        )
    if isinstance(answer, int):
        return _page(common.my_lab(lab_id), SheetForm(formdata=None), problems=form.form_errors), answer
    return answer


@blueprint.get("/sheets/told/<secret>")
@signed_in
@limited("progress")
def sheets_progress(secret: str) -> Response:
    """How far the file is that this person sent with this secret, as data for a script; nothing (204) of any other,
    before it begins and once it is over."""
    found = last_progress(secret)
    answer = current_app.response_class(status=204) if found is None else jsonify(found)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _checked_sheets(lab_id: int, checked: str | None) -> tuple[list[ReadSheet], str]:
    """The sheets that the person checked for this lab, and the file's name. Raises `TableGone`."""
    try:
        of, person, sha256, name = _serializer().loads(checked or "")
    except (BadSignature, ValueError, TypeError):
        raise TableGone from None
    if (of, person) != (lab_id, current_actor().person_id):
        raise TableGone
    return read_stored(sha256), name


@blueprint.get("/labs/<int:lab_id>/sheets/marked.xlsx")
@requires("catalogue.change", of=THE_LAB)
@limited("export")
def sheets_marked(lab_id: int) -> Response:
    """The file that was checked, with the cells to correct marked and what is wrong beside them."""
    sheets, name = _checked_sheets(lab_id, request.args.get("checked"))
    plan = check_sheets(actor=current_actor(), now=utc_now(), lab_id=lab_id, sheets=sheets)
    return download(marked_workbook(sheets, plan.bad), f"{PurePath(name).stem}-{_('to correct')}.xlsx")


def _taken_in(made: SheetImport | None) -> str:
    if made is None:
        return _("Everything in the file is here already; nothing was changed.")
    added, changed = made.rows
    parts = [
        ngettext("%(num)d row added", "%(num)d rows added", added) if added else "",
        ngettext("%(num)d row changed", "%(num)d rows changed", changed) if changed else "",
    ]
    return _("%(name)s is imported: %(what)s.", name=made.name, what=_(", ").join(filter(None, parts)))


@blueprint.post("/imports/<int:import_id>/undo")
@requires("catalogue.change", of=OWN_FIRM)
def sheets_undo(import_id: int) -> Any:
    """Take back what the lab's last import wrote."""
    lab_id = get_import(import_id).lab_id
    common.my_lab(lab_id)
    answer = pressed(
        lambda: undo_import(actor=current_actor(), now=utc_now(), import_id=import_id),
        lambda undone: (
            _("The import of %(name)s is undone; the lab is as before.", name=undone.name),
            url_for("lab.sheets", lab=lab_id),
        ),
    )
    if isinstance(answer, Problem):
        problems = problem_texts(answer)
        return _page(common.my_lab(lab_id), SheetForm(formdata=None), problems=problems), answer.status
    return answer


@blueprint.get("/labs/<int:lab_id>/sheets/<any(template, export):what>.<any(xlsx, csv):ending>")
@requires("catalogue.see_drafts", of=OWN_FIRM)
@limited("export")
def sheets_file(lab_id: int, what: str, ending: str) -> Response:
    """A template, empty, or what the lab has: a workbook, or one sheet of it as CSV."""
    lab = common.my_lab(lab_id)
    have = lab_in_sheets(lab_id, local_day(utc_now())) if what == "export" else None
    name = f"{lab.code}-{what}"
    if ending == "xlsx":
        return download(workbook(have), f"{name}.xlsx")
    kind = SheetKind.known(request.args.get("sheet"))
    if kind is None:
        abort(404)
    return download(csv_file(kind, have), f"{name}-{kind}.csv")
