"""A firm's reward statements by month, what the running month would come to, and objections."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from labshare.catalogue.queries.admissions import admitting_counties
from labshare.catalogue.queries.own import lab_choices
from labshare.http.actor import current_actor
from labshare.http.rights import OWN_LABS, requires
from labshare.kernel.actor import Actor
from labshare.kernel.errors import NotAllowed, NotFound
from labshare.kernel.formatting import month as month_text
from labshare.kernel.money import Fen
from labshare.kernel.months import Month
from labshare.kernel.time import utc_now
from labshare.organisations.permissions import may
from labshare.rewards import services
from labshare.rewards.models import RewardLine, RewardRun
from labshare.rewards.queries import pages
from labshare.rewards.queries.parts import Part, held_now, parts_of, parts_of_lines, payables, runs_of_years
from labshare.rewards.queries.runs import calculate_now, policies_in_force
from labshare.rewards.rules.calculation import Line
from labshare.rewards.terms import RunState
from labshare.web.asked import asked_year, month_of
from labshare.web.forms import Form, TextAreaField, length, required
from labshare.web.lab import blueprint
from labshare.web.rewards import statement_page
from labshare.web.steps import Around, posted


class ObjectionForm(Form):
    text = TextAreaField(
        _l("What is wrong"),
        [required(_l("Say what it is about.")), length(4000)],
        description=_l("Name the bookings, and what should have counted."),
    )


@dataclass(frozen=True)
class Expected:
    """What a lab would be paid with the running month as things stand: its own part, and those of the earlier months
    that are not approved yet."""

    lab: Any
    line: Line
    parts: list[Part]

    @property
    def own_fen(self) -> Fen:
        return self.parts[-1].fen

    @property
    def earlier_fen(self) -> Fen:
        return self.line.payable_fen - self.own_fen


def _member() -> tuple[Actor, int]:
    """Who acts, and for which firm. Raises `NotAllowed` for who acts for none."""
    actor = current_actor()
    if actor.firm_id is None:
        raise NotAllowed
    return actor, actor.firm_id


@blueprint.get("/rewards")
@requires("run.see_line", of=OWN_LABS)
def rewards() -> Any:
    """Statements by month, the latest first."""
    actor, firm_id = _member()
    now = utc_now()
    years = pages.years_with_runs() or [Month.at(now).year]
    year = asked_year(years, years[0])
    lines = [line for line in pages.statements(actor, year) if line.firm_id == firm_id]
    return render_template(
        "lab/rewards/list.html",
        months=_by_month(lines),
        parts=parts_of_lines(lines, runs_of_years(year, year)),
        years=years,
        year=year,
        present=Month.at(now),
    )


def _by_month(lines: Sequence[RewardLine]) -> list[tuple[RewardRun, list[RewardLine]]]:
    """The lines of each run, in the order given."""
    found: dict[int, tuple[RewardRun, list[RewardLine]]] = {}
    for line in lines:
        found.setdefault(line.run_id, (line.run, []))[1].append(line)
    return list(found.values())


@blueprint.get("/rewards/expected")
@requires("run.see_line", of=OWN_LABS)
def reward_expected() -> Any:
    """What the running month would come to so far."""
    _actor, firm_id = _member()
    month = Month.at(utc_now())
    labs = {lab.code: lab for lab in lab_choices(firm_id)}
    counties = admitting_counties(lab.id for lab in labs.values())
    found: list[Expected] = []
    runs = runs_of_years(month.year, month.year)
    for policy in policies_in_force(month):
        if any(county.startswith(policy.division) for county in counties):
            lines = calculate_now(policy, month).calculation.lines
            held = held_now(policy, month, runs)
            paid = payables((run.id for run in held), [lab.id for lab in labs.values()])
            found += [
                Expected(lab, line, parts_of(month, payable_fen=line.payable_fen, lab_id=lab.id, held=held, paid=paid))
                for line in lines
                if (lab := labs.get(line.code)) is not None
            ]
    return render_template("lab/rewards/expected.html", month=month, expected=found)


@blueprint.get("/rewards/<month>")
@requires("run.see_line", of=OWN_LABS)
def reward_month(month: str) -> Any:
    """The firm's statements of a month: the only one, or the list of its labs."""
    actor, firm_id = _member()
    asked = month_of(month)
    lines = [
        line for line in pages.statements(actor, asked.year) if line.firm_id == firm_id and line.run.month == str(asked)
    ]
    if not lines:
        raise NotFound
    if len(lines) == 1:
        return redirect(url_for("lab.reward", month=str(asked), code=lines[0].lab.code), 302)
    return render_template(
        "lab/rewards/list.html",
        months=_by_month(lines),
        parts=parts_of_lines(lines, runs_of_years(asked.year, asked.year)),
        years=[asked.year],
        year=asked.year,
        present=None,
        month=asked,
    )


@blueprint.get("/rewards/<month>/<code>")
@requires("run.see_line", of=OWN_LABS)
def reward(*, month: str, code: str) -> Any:
    """One lab's statement."""
    return _statement(month=month, code=code)


def _statement(*, month: str, code: str, form: ObjectionForm | None = None, status: int = 200) -> Any:
    actor, line = _line(month=month, code=code)
    return statement_page(
        line,
        actor,
        "lab/rewards/statement.html",
        status=status,
        objects=may(actor, "objection.raise", lab=line.firm_id),
        on_public_notice=on_public_notice(line),
        has_objected=None,
        form=form or ObjectionForm(formdata=None),
    )


def on_public_notice(line: RewardLine) -> bool:
    return line.run.takes_objections_at(utc_now())


def _line(*, month: str, code: str) -> tuple[Actor, RewardLine]:
    """The firm's own line, once published. Raises `NotFound`."""
    actor, _firm = _member()
    line = pages.line_with_run(month_of(month), code=code)
    if line is None or line.run.state == RunState.CALCULATED or not may(actor, "run.see_line", lab=line.firm_id):
        raise NotFound
    return actor, line


@blueprint.post("/rewards/<month>/<code>/objections")
@requires("run.see_line", of=OWN_LABS, then=("objection.raise",))
def raise_objection(*, month: str, code: str) -> Any:
    """Object to the line."""
    actor, line = _line(month=month, code=code)
    division, asked = line.run.division, month_of(month)
    form = ObjectionForm()
    answer = posted(
        form,
        lambda: services.raise_objection(
            actor=actor, now=utc_now(), month=asked, lab=code, text=form.text.data or "", division=division
        ),
        lambda _raised: (
            _("The objection to %(month)s is raised; an officer answers it.", month=month_text(asked)),
            url_for("lab.reward", month=month, code=code),
        ),
        Around(reads_first=True),
    )
    return answer if isinstance(answer, Response) else _statement(month=month, code=code, form=form, status=answer)
