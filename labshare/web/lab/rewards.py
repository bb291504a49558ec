"""A lab's reward statement, and objections to it."""

from functools import partial
from typing import Any

from flask import render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from labshare.http.actor import current_actor
from labshare.http.rights import OWN_LABS, Of, requires
from labshare.kernel.actor import Actor
from labshare.kernel.errors import NotAllowed, NotFound
from labshare.kernel.formatting import month as month_text
from labshare.kernel.time import utc_now
from labshare.organisations.permissions import check, may
from labshare.rewards import services
from labshare.rewards.errors import AlreadyObjected, NotOnPublicNotice
from labshare.rewards.models import RewardLine
from labshare.rewards.queries import pages
from labshare.rewards.queries.runs import rules_of
from labshare.rewards.services.objections import LONGEST
from labshare.rewards.terms import RunState, Tax
from labshare.web.asked import asked_number, month_of
from labshare.web.forms import FilesField, Form, MultipleField, TextAreaField, length, optional, required
from labshare.web.lab import blueprint
from labshare.web.rewards import statement_page
from labshare.web.steps import Around, posted
from labshare.web.talking import FILES_HINT, taken

SHOWN = 200
"""Entries of a month to choose from, at most."""


class ObjectionForm(Form):
    text = TextAreaField(
        _l("What is wrong"),
        [required(_l("Say what it is about.")), length(LONGEST)],
        description=_l("Name the bookings, and what should have counted."),
    )
    entries = MultipleField(_l("Entries it is about"), [optional()], coerce=int, choices=[])
    files = FilesField(_l("Files"), description=FILES_HINT)


def member() -> tuple[Actor, int]:
    """Who acts, and for which firm. Raises `NotAllowed` for who acts for none."""
    actor = current_actor()
    if actor.firm_id is None:
        raise NotAllowed
    return actor, actor.firm_id


@blueprint.get("/rewards/<month>/<code>")
@requires("run.see_line", of=OWN_LABS)
def reward(*, month: str, code: str) -> Any:
    """One lab's statement."""
    return _statement(month=month, code=code)


def _statement(*, month: str, code: str) -> Any:
    actor, line = _line(month=month, code=code)
    objects = may(actor, "objection.raise", lab=line.firm_id) and _closed(line) is None
    href = partial(url_for, "lab.raise_objection", month=month, code=code) if objects else None
    return statement_page(line, actor, "lab/rewards/statement.html", object_href=href)


def _line(*, month: str, code: str) -> tuple[Actor, RewardLine]:
    """The firm's own line, once published. Raises `NotFound`."""
    actor, _firm = member()
    line = pages.line_with_run(current_actor(), month_of(month), code=code)
    if line is None or line.run.state == RunState.CALCULATED or not may(actor, "run.see_line", lab=line.firm_id):
        raise NotFound
    return actor, line


def _line_to_object_to(actor: Actor, *, month: str, code: str) -> None:
    _member, line = _line(month=month, code=code)
    check(actor, "objection.raise", lab=line.firm_id)


TO_OBJECT_TO = Of("own published line, to object to", asks=_line_to_object_to)
"""Asked before a file is read."""


@blueprint.route("/rewards/<month>/<code>/objections", methods=["GET", "POST"])
@requires("objection.raise", of=TO_OBJECT_TO, file=True)
def raise_objection(*, month: str, code: str) -> Any:
    """The page on which one objects to the line: words, the entries that it is about, files."""
    actor, line = _line(month=month, code=code)
    asked = month_of(month)
    form = ObjectionForm()
    choices = _choices(line)
    form.entries.choices = [(row.entry.id, row.entry.booking.ref) for row in choices]
    if request.method == "GET":
        form.entries.data = [asked_number("entry", 0)]
    files = taken(form.files) if form.is_submitted() and form.validate() else []
    answer = posted(
        form,
        lambda: services.raise_objection(
            actor=actor,
            now=utc_now(),
            month=asked,
            lab=code,
            text=form.text.data or "",
            entries=form.entries.data or (),
            files=files,
            division=line.run.division,
        ),
        lambda _raised: (
            _("The objection to %(month)s is raised; an officer answers it.", month=month_text(asked)),
            url_for("lab.reward", month=month, code=code),
        ),
        Around(reads_first=True),
    )
    if isinstance(answer, Response):
        return answer
    return (
        render_template(
            "lab/rewards/objection.html",
            line=line,
            month=asked,
            form=form,
            rows=choices,
            chosen=set(form.entries.data or ()),
            closed=_closed(line),
        ),
        answer,
    )


def _closed(line: RewardLine) -> str | None:
    """Why one cannot object to it now. At most one statement."""
    if not line.run.takes_objections_at(utc_now()):
        return NotOnPublicNotice().text
    last = pages.last_objections([line]).get((line.run_id, line.lab_id))
    return AlreadyObjected().text if last and last.publicity == line.run.publicity else None


def _choices(line: RewardLine) -> list[pages.EntryRow]:
    """The month's entries to choose from: those that do not count first, the largest first. Three statements."""
    verdicts = pages.month_verdicts(line, tax_excluded=rules_of(line.run.policy).tax == Tax.EXCLUDED)
    return pages.entry_rows(sorted(verdicts, key=lambda one: (one[2] is None, -abs(one[1]), one[0]))[:SHOWN])
