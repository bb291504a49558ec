"""Several reports at once: their files are taken in, held against the tests that wait, and recorded when a person says
so (R-RESULT-5). What was checked travels with the page, signed, for whoever brought it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask import current_app, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from labshare.booking.models import Booking
from labshare.http.actor import current_actor
from labshare.http.limits import limited
from labshare.http.rights import OWN_LABS, requires
from labshare.kernel.errors import InvalidInput, Problem
from labshare.kernel.media import PDF
from labshare.kernel.time import local_day, utc_now
from labshare.settlement import services
from labshare.settlement.errors import TooManyFiles
from labshare.settlement.files import TakenFile, take_in
from labshare.settlement.queries.report_files import proposals_for_files
from labshare.settlement.rules.file_names import FileProposal
from labshare.settlement.services import ReportOfFile
from labshare.web.forms import DayField, FilesField, Form, required, show_problem
from labshare.web.lab import blueprint
from labshare.web.lab.sealed import opened, sealed
from labshare.web.steps import pressed

PURPOSE = "reports"
MOST_FILES = 50
"""At once; together as much as a request may bring (`MAX_UPLOAD_LENGTH`)."""


class FilesForm(Form):
    files = FilesField(
        _l("Report files"),
        [required(_l("Choose a file."))],
        description=_l("PDF, up to 50 files of 20 MB, 250 MB together. A booking's reference in the name finds it."),
        render_kw={"accept": PDF, "multiple": True},
    )


class RecordForm(Form):
    issued_on = DayField(_l("Date of the reports"), [required()])


@dataclass(frozen=True, kw_only=True)
class Row:
    """A file on the page: as it was checked, and as it was filled in since."""

    place: int
    file: TakenFile
    checked: str
    proposal: FileProposal
    booking: Booking | None
    """The one entered, if it waits for a report."""
    ref: str
    number: str
    chosen: bool
    problems: tuple[Problem, ...] = ()


@blueprint.route("/reports/several", methods=["GET", "POST"])
@requires("report.record", of=OWN_LABS, verb="report.record", file=True)
@limited("message")
def reports_check() -> Any:
    """Take files in and say of which booking each seems to be; nothing is recorded."""
    form = FilesForm()
    if request.method == "GET":
        return _page(form, [])
    if not form.validate():
        return _page(form, []), InvalidInput.status
    if len(form.files.data) > MOST_FILES:
        return _page(form, []), show_problem(form, TooManyFiles(n=MOST_FILES))
    taken = [take_in(file.stream, file.filename, "pdf", now=utc_now()) for file in form.files.data]
    return _page(FilesForm(formdata=None), _rows(taken))


@blueprint.post("/reports/several/record")
@requires("report.record", of=OWN_LABS, verb="report.record")
def reports_record() -> Any:
    """Record the chosen files, or one of them; all or none. The others stay on the page."""
    form = RecordForm()
    rows = _rows_sent()
    only = request.form.get("only", type=int)
    chosen = [row for row in rows if (row.place == only if only is not None else row.chosen)]
    left = [row for row in rows if row not in chosen]
    if not chosen:
        return _page(FilesForm(formdata=None), rows, form, _("Tick the files to record.")), InvalidInput.status
    if not form.validate():
        return _page(FilesForm(formdata=None), rows, form), InvalidInput.status
    files = [ReportOfFile(place=row.place, ref=row.ref, number=row.number or None, file=row.file) for row in chosen]

    def record() -> Any:
        return services.record_several(actor=current_actor(), now=utc_now(), files=files, issued_on=form.issued_on.data)

    def done(made: Any) -> tuple[str, str] | Any:
        message = _("Recorded: %(numbers)s. The clients are told.", numbers=", ".join(one.number for one in made))
        if not left:
            return message, url_for("lab.missing_documents")
        return lambda: _page(FilesForm(formdata=None), _left_rows(left), form, done=message)

    answer = pressed(record, done)
    if not isinstance(answer, Problem):
        return answer
    problems = answer.problems
    rows = [replace(row, problems=tuple(one for one in problems if one.field == f"file-{row.place}")) for row in rows]
    return _page(FilesForm(formdata=None), rows, form), answer.status


def _rows(taken: Sequence[TakenFile]) -> list[Row]:
    """The files as they came, each with its proposal; what cannot be a report with what is wrong."""
    proposals, waiting = proposals_for_files(current_actor(), [file.name for file in taken])
    return [
        Row(
            place=place,
            file=file,
            checked="" if file.problem else sealed(file, PURPOSE),
            proposal=proposal,
            booking=waiting.get(proposal.ref),
            ref=proposal.ref,
            number=proposal.number,
            chosen=proposal.sure and file.problem is None,
            problems=(file.problem,) if file.problem else (),
        )
        for place, (file, proposal) in enumerate(zip(taken, proposals, strict=True))
    ]


def _rows_sent() -> list[Row]:
    """The rows of the page that was sent, with what was typed in them. Raises `TableGone` where one was made up, or
    its file is no longer kept."""
    sent = [name.removeprefix("checked-") for name in request.form if name.startswith("checked-")][:MOST_FILES]
    places = sorted(int(place) for place in sent if place.isdecimal() and len(place) < 4)
    files = [opened(request.form[f"checked-{place}"], PURPOSE) for place in places]
    proposals, waiting = proposals_for_files(current_actor(), [file.name for file in files])
    refs = {place: request.form.get(f"ref-{place}", "")[:40].strip().upper() for place in places}
    return [
        Row(
            place=place,
            file=file,
            checked=request.form[f"checked-{place}"],
            proposal=proposal,
            booking=waiting.get(refs[place]),
            ref=refs[place],
            number=request.form.get(f"number-{place}", "")[:80].strip(),
            chosen=f"take-{place}" in request.form,
        )
        for place, file, proposal in zip(places, files, proposals, strict=True)
    ]


def _left_rows(rows: Sequence[Row]) -> list[Row]:
    """Rows that are left, with what they are proposed for now."""
    proposals, waiting = proposals_for_files(current_actor(), [row.file.name for row in rows])
    return [
        replace(row, proposal=proposal, booking=waiting.get(row.ref))
        for row, proposal in zip(rows, proposals, strict=True)
    ]


def _page(
    form: FilesForm, rows: Sequence[Row], record: RecordForm | None = None, wrong: str = "", done: str = ""
) -> str:
    if record is None:
        record = RecordForm(formdata=None)
        record.issued_on.data = local_day(utc_now())
    return render_template(
        "lab/documents/several.html",
        form=form,
        rows=rows,
        record=record,
        wrong=wrong,
        done=done,
        sure=sum(row.chosen for row in rows),
        upload_limit=current_app.config["UPLOAD_LIMIT"],
    )
