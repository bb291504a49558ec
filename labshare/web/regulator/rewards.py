"""Reward runs: the list of a year, one run with everything that can be done to it, a lab's line."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from flask import render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from labshare.audit.services import record_export
from labshare.http.actor import current_actor
from labshare.http.downloads import TYPES, download, download_rows
from labshare.http.limits import limited
from labshare.http.rights import ASKED_DIVISION, OWN_DIVISION, proves, requires
from labshare.http.schemas.rewards import LineInFile
from labshare.kernel.actor import Actor
from labshare.kernel.errors import NotFound
from labshare.kernel.formatting import language, run_reference
from labshare.kernel.formatting import month as month_text
from labshare.kernel.months import Month
from labshare.kernel.pdf import to_pdf
from labshare.kernel.tables import yuan
from labshare.kernel.time import local_day, utc_now
from labshare.organisations.permissions import may, may_anywhere
from labshare.rewards import services
from labshare.rewards.errors import ResultChanged
from labshare.rewards.models import Objection, RewardCalculation, RewardLine, RewardRun
from labshare.rewards.queries import pages
from labshare.rewards.queries import parts as held_parts
from labshare.rewards.queries.objections import grounds_of
from labshare.rewards.queries.payees import payees_of
from labshare.rewards.queries.runs import first_unapproved, missing_runs, policies_seen, rules_of, runs_seen
from labshare.rewards.rules.parts import shown_state
from labshare.rewards.services.compare import Comparison
from labshare.rewards.terms import ApprovalCondition, ObjectionVerdict, RunState
from labshare.web.asked import asked_choice, asked_division, asked_order, asked_page, asked_year, month_of
from labshare.web.documents import booking_href
from labshare.web.forms import (
    DayField,
    Form,
    StringField,
    TextAreaField,
    length,
    required,
    show_problem,
)
from labshare.web.regulator import blueprint
from labshare.web.rewards import run_facts, statement_page
from labshare.web.steps import posted, pressed


class SendBackForm(Form):
    reason = TextAreaField(_l("Reason"), [required(_l("Give a reason.")), length(500)])


class PayForm(Form):
    paid_on = DayField(_l("Paid out on"), [required()])
    reference = StringField(_l("Payment reference"), [required(), length(100)])


class AnswerForm(Form):
    """An objection's answer; a page has two for each open one, so that each has ids of its own."""

    text = TextAreaField(_l("Answer"), [required(_l("Give a reason.")), length(4000)])

    def __init__(self, objection_id: int, verdict: str, **given: Any) -> None:
        super().__init__(**given)
        self.place = (objection_id, verdict)
        self.with_ids(f"{verdict}-{objection_id}")


@dataclass(frozen=True)
class Change:
    """What a line's payable was in the calculation before."""

    code: str
    before: int
    after: int

    @property
    def difference(self) -> int:
        return self.after - self.before


@blueprint.get("/rewards")
@requires("run.see", of=OWN_DIVISION)
def runs() -> Any:
    """The runs of a year, and the months that have none yet."""
    actor, now = current_actor(), utc_now()
    years = pages.years_with_runs(runs_seen(actor)) or [Month.at(now).year]
    year = asked_year(years, years[0])
    missing = [
        (division, month)
        for division, month in missing_runs(Month.at(now).previous, policies_seen(actor))
        if month.year >= years[0]
    ]
    rows = pages.runs_of_year(actor, year)
    of_year = [row.run for row in rows]
    parts = {one.id: held_parts.parts_of_run(one, of_year) for one in of_year}
    return render_template(
        "regulator/rewards/runs.html",
        rows=rows,
        parts=parts,
        own_total=sum(of[-1].fen for of in parts.values()),
        years=years,
        year=year,
        missing=missing,
        calculates=may_anywhere(actor, "run.calculate"),
    )


@blueprint.get("/rewards/<month>")
@requires("run.see", of=OWN_DIVISION, division=ASKED_DIVISION)
def run(month: str) -> Any:
    """One run."""
    return run_page(month_of(month))


def run_page(month: Month, status: int = 200, **forms: Form) -> Any:
    """The run's page; `forms` are those sent back with errors."""
    actor, now = current_actor(), utc_now()
    found = pages.run_with_policy(actor, month, asked_division())
    if found is None:
        raise NotFound
    shown, names = found
    lines = pages.lines_with_labs(shown.id)
    calculations = pages.last_calculations(shown)
    changes = changes_of(calculations)
    format = request.args.get("format")
    if format in TYPES:
        return _lines_file(shown, lines, format, actor)
    groups = _groups(changes)
    show = asked_choice("show", groups, "all")
    sort = asked_order("-payable")
    chosen = sorted_lines([line for line in lines if groups[show](line)], sort)
    page = asked_page(len(chosen))
    objections = pages.objections_of(run_id=shown.id)
    rules = rules_of(shown.policy)
    comparison = _comparison(shown, now)
    conditions = _conditions(shown, actor, now, comparison)
    runs = held_parts.runs_of_years(month.year, month.year)
    held = held_parts.held_by(shown, runs)
    paid_earlier = held_parts.payables([one.id for one in held])
    html = render_template(
        "regulator/rewards/run.html",
        run=shown,
        month=month,
        rules=rules,
        lines=chosen[page.offset : page.offset + page.size],
        totals=totals_of(lines),
        counts={name: sum(map(keep, lines)) for name, keep in groups.items()},
        show=show,
        sort=sort,
        page=page,
        objections=objections,
        grounds=grounds_of(shown, rules, [objection for objection, _name in objections]),
        booking_href=partial(booking_href, actor=actor),
        open_objections={objection.lab_id for objection, _name in objections if objection.unanswered},
        calculations=calculations,
        changes=sorted(changes.values(), key=lambda one: (-abs(one.difference), one.code))[:12],
        labs={line.lab.code: line.lab for line in lines},
        names=names,
        notice=pages.notice_days(shown, now),
        payees=payees_of(shown, lines, local_day(now)) if shown.state == RunState.APPROVED else (),
        conditions=conditions,
        comparison=comparison,
        parts=held_parts.parts_of_run(shown, runs),
        earlier_fen=paid_earlier[held[-1].id] if held else {},
        shown_state=shown_state(shown.state, shown.publicity_ends_at, now=now),
        earlier=first_unapproved(shown.division, month) if shown.state == RunState.CALCULATED else None,
        ready=bool(conditions) and all(one.holds for one in conditions),
        may_calculate=may(actor, "run.calculate", division=shown.division),
        may_publish=may(actor, "run.publish", division=shown.division),
        may_approve=may(actor, "run.approve", division=shown.division),
        may_pay=may(actor, "run.pay", division=shown.division),
        may_answer={one.id for one, _name in objections if one.unanswered and services.answers(actor, one, now)},
        now=now,
        send_back_form=forms.get("send_back") or SendBackForm(formdata=None),
        pay_form=forms.get("pay") or PayForm(formdata=None, paid_on=local_day(now)),
        answer_forms=_answer_forms(objections, forms.get("answer")),
        above=forms.get("above") or forms.get("answer"),
    )
    return html, status


def _groups(changes: Mapping[str, Change]) -> dict[str, Callable[[RewardLine], bool]]:
    """Which lines the page can show alone."""
    return {
        "all": lambda _line: True,
        "changed": lambda line: line.lab.code in changes and changes[line.lab.code].difference != 0,
        "cap": lambda line: line.cut_fen > 0,
        "zero": lambda line: line.payable_fen == 0,
    }


def _comparison(shown: RewardRun, now: datetime) -> Comparison | None:
    """With what calculating now would give, where that is quick or was asked for."""
    if shown.state not in (RunState.CALCULATED, RunState.PUBLISHED):
        return None
    asked = services.compared_at_once(shown) or "compare" in request.args
    return services.compare_now(shown, now) if asked else None


def _conditions(
    shown: RewardRun, actor: Actor, now: datetime, comparison: Comparison | None
) -> list[services.Condition]:
    """What an approval asks for; the dear one where it was compared anyway."""
    if shown.state != RunState.PUBLISHED:
        return []
    conditions = services.conditions(shown, actor, now, cheap=True)
    if comparison is not None:
        problem = None if comparison.same else ResultChanged()
        conditions.append(services.Condition(ApprovalCondition.RESULT_IS_THE_SAME, problem))
    return conditions


def _answer_forms(
    objections: Sequence[tuple[Objection, str | None]], sent: AnswerForm | None
) -> dict[tuple[int, str], AnswerForm]:
    """Both judgements of each open objection; the one sent back keeps what was typed."""
    places = [(one.id, verdict) for one, _name in objections if one.unanswered for verdict in ObjectionVerdict]
    return {
        place: sent if sent is not None and sent.place == place else AnswerForm(*place, formdata=None)
        for place in places
    }


def changes_of(calculations: Sequence[tuple[RewardCalculation, str | None]]) -> dict[str, Change]:
    """By lab code, what changed since the calculation before; empty for a first one."""
    if len(calculations) < 2:
        return {}
    now, before = calculations[0][0].lines, calculations[1][0].lines
    return {
        code: Change(code, before.get(code, {}).get("payable", 0), now.get(code, {}).get("payable", 0))
        for code in sorted({*now, *before})
        if now.get(code) != before.get(code)
    }


SORTS: dict[str, Callable[[RewardLine], Any]] = {
    "lab": lambda line: line.lab.code,
    "month": lambda line: line.month_eligible_fen,
    "eligible": lambda line: line.eligible_ytd_fen,
    "entitlement": lambda line: line.entitlement_ytd_fen,
    "cut": lambda line: line.cut_fen,
    "paid": lambda line: line.paid_before_fen,
    "payable": lambda line: line.payable_fen,
}


def sorted_lines(lines: list[RewardLine], sort: str) -> list[RewardLine]:
    """By a column, `-` before it for downwards; equal ones by lab code."""
    key = SORTS.get(sort.removeprefix("-"), SORTS["payable"])
    return sorted(sorted(lines, key=SORTS["lab"]), key=key, reverse=sort.startswith("-"))


COLUMNS = tuple(name for name in LineInFile.columns if name.endswith("_fen"))


def totals_of(lines: list[RewardLine]) -> dict[str, int]:
    """Sums over all lines, and how they reconcile."""
    totals = {column: sum(getattr(line, column) for line in lines) for column in COLUMNS}
    totals["labs"] = len(lines)
    totals["paid_labs"] = sum(line.payable_fen > 0 for line in lines)
    totals["cut_labs"] = sum(line.cut_fen > 0 for line in lines)
    totals["left"] = (
        totals["entitlement_ytd_fen"] - totals["paid_before_fen"] - totals["opening_fen"] - totals["payable_fen"]
    )
    return totals


def _lines_file(shown: RewardRun, lines: list[RewardLine], format: str, actor: Actor) -> Any:
    """The lines as a file; an export by a regulator is an event (R-AUDIT-7)."""
    schema = LineInFile()
    head, rows = schema.head(), [schema.cells(line) for line in sorted_lines(lines, "lab")]
    now, name = utc_now(), f"reward-run-{shown.month}"
    asked = {"month": shown.month, "division": shown.division, "format": format}
    # Read whole before the event is written: its commit expires the rows.
    totals = totals_of(lines)
    title = _("Reward run of %(month)s", month=month_text(Month.parse(shown.month)))
    facts = [f"{run_reference(shown.month)} · {shown.division}", *run_facts(shown)]
    record_export(actor, now, "reward_run", asked)
    if format != "pdf":
        return download_rows(name, head, rows, format)
    rows.append([_("Total"), "", "", "", *(yuan(totals[column]) for column in COLUMNS), ""])
    return download(to_pdf(title, facts, head, rows, language=language(), made_at=now), f"{name}.pdf")


@blueprint.post("/rewards/<month>/calculate")
@requires("run.calculate", of=OWN_DIVISION, verb="run.calculate", division=ASKED_DIVISION)
@limited("calculation")
def run_calculate(month: str) -> Any:
    """Calculate, or calculate again."""
    asked = month_of(month)
    return _step(
        asked,
        lambda actor, now: services.run_month(actor=actor, now=now, month=asked, division=asked_division()),
        _("%(month)s is calculated."),
    )


@blueprint.post("/rewards/<month>/publish")
@requires("run.publish", of=OWN_DIVISION, verb="run.publish", division=ASKED_DIVISION)
@proves(_l("Publish the run"))
def run_publish(month: str) -> Any:
    asked = month_of(month)
    return _step(
        asked,
        lambda actor, now: services.publish(actor=actor, now=now, month=asked, division=asked_division()),
        _("The public notice of %(month)s has begun; its ledger is closed."),
    )


@blueprint.post("/rewards/<month>/approve")
@requires("run.approve", of=OWN_DIVISION, verb="run.approve", division=ASKED_DIVISION)
@proves(_l("Approve the run"))
def run_approve(month: str) -> Any:
    asked = month_of(month)
    return _step(
        asked,
        lambda actor, now: services.approve(actor=actor, now=now, month=asked, division=asked_division()),
        _("%(month)s is approved."),
    )


@blueprint.post("/rewards/<month>/send-back")
@requires("run.publish", of=OWN_DIVISION, verb="run.send_back", division=ASKED_DIVISION)
def run_send_back(month: str) -> Any:
    asked, form = month_of(month), SendBackForm()
    return _form_step(
        asked,
        form,
        "send_back",
        lambda actor, now: services.send_back(
            actor=actor, now=now, month=asked, reason=form.reason.data or "", division=asked_division()
        ),
        _("%(month)s is back in calculation; its ledger is open again."),
    )


@blueprint.post("/rewards/<month>/pay")
@requires("run.pay", of=OWN_DIVISION, verb="run.pay", division=ASKED_DIVISION)
@proves(_l("Record the payout"))
def run_pay(month: str) -> Any:
    asked, form = month_of(month), PayForm()
    return _form_step(
        asked,
        form,
        "pay",
        lambda actor, now: services.pay(
            actor=actor,
            now=now,
            month=asked,
            paid_on=form.paid_on.data,
            reference=form.reference.data or "",
            division=asked_division(),
        ),
        _("The payout of %(month)s is recorded."),
    )


@blueprint.post("/rewards/<month>/objections/<int:objection_id>/<any(upheld, rejected):verdict>")
@requires("objection.answer", of=OWN_DIVISION, verb="objection.answer")
def run_answer(month: str, objection_id: int, *, verdict: str) -> Any:
    asked, form = month_of(month), AnswerForm(objection_id, verdict)
    message = (
        _("The objection is upheld; the run is back in calculation.")
        if verdict == ObjectionVerdict.UPHELD
        else _("The objection is not upheld; its answer is sent.")
    )
    return _form_step(
        asked,
        form,
        "answer",
        lambda actor, now: services.answer_objection(
            actor=actor, now=now, objection_id=objection_id, verdict=verdict, text=form.text.data or ""
        ),
        message,
    )


Act = Callable[[Actor, datetime], Any]


def _step(month: Month, act: Act, message: str) -> Any:
    """A step without a form: done, or its refusal above the page."""
    answer = pressed(lambda: act(current_actor(), utc_now()), lambda _done: _outcome(month, message))
    if isinstance(answer, Response):
        return answer
    if pages.run_with_policy(current_actor(), month, asked_division()) is None:
        raise answer
    form = Form(formdata=None)
    return run_page(month, show_problem(form, answer), above=form)


def _form_step(month: Month, form: Form, name: str, act: Act, message: str) -> Any:
    answer = posted(form, lambda: act(current_actor(), utc_now()), lambda _done: _outcome(month, message))
    return answer if isinstance(answer, Response) else run_page(month, answer, **{name: form})


def _outcome(month: Month, message: str) -> tuple[str, str]:
    address = url_for("regulator.run", month=str(month), division=asked_division())
    return message % {"month": month_text(month)}, address


@blueprint.get("/rewards/<month>/labs/<code>")
@requires("run.see", of=OWN_DIVISION, division=ASKED_DIVISION)
def run_line(*, month: str, code: str) -> Any:
    """A lab's line, step by step."""
    actor = current_actor()
    line = pages.line_with_run(actor, month_of(month), code=code, division=asked_division())
    if line is None:
        raise NotFound
    return statement_page(line, actor, "regulator/rewards/statement.html")
