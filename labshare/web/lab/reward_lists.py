"""A firm's rewards: the sheet of its statements by month and lab, what the running month would come to, what finished
work waits for papers, and what does not count."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from flask import redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from labshare.catalogue.models import Lab
from labshare.catalogue.queries.admissions import admitting_counties
from labshare.catalogue.queries.own import lab_choices
from labshare.http.downloads import download_rows
from labshare.http.limits import limited
from labshare.http.rights import OWN_LABS, requires
from labshare.kernel.errors import NotFound
from labshare.kernel.formatting import month as month_text
from labshare.kernel.formatting import twin
from labshare.kernel.money import Fen, total
from labshare.kernel.months import Month
from labshare.kernel.tables import FORMATS, yuan
from labshare.kernel.time import local_day, utc_now
from labshare.rewards.models import Objection, RewardLine
from labshare.rewards.queries import pages
from labshare.rewards.queries.not_counted import NotCounted, not_counted
from labshare.rewards.queries.parts import Part, held_now, parts_of, parts_of_lines, payables, runs_of_years
from labshare.rewards.queries.runs import calculate_now, policies_in_force
from labshare.rewards.rules.calculation import Line
from labshare.rewards.rules.parts import counted_once, shown_state
from labshare.rewards.terms import ObjectionVerdict, Pays, Reason, RunState, WhyZero
from labshare.settlement.queries.missing import held_back
from labshare.settlement.terms import EntryCause
from labshare.web.asked import asked_order, asked_page, asked_year, month_of
from labshare.web.documents import booking_href
from labshare.web.forms import OptionalSelectField, QueryForm
from labshare.web.lab import blueprint
from labshare.web.lab.rewards import member

LARGEST = 50
"""Entries that do not count, on a page."""
MOST_ROWS = 5_000
"""In a file."""


class SheetForm(QueryForm):
    month = OptionalSelectField(_l("Month"), blank=_l("All months"), choices=[], validate_choice=False)
    lab = OptionalSelectField(_l("Lab"), blank=_l("All labs"), choices=[], validate_choice=False)
    state = OptionalSelectField(_l("State"), blank=_l("All"), choices=RunState.choices())
    pays = OptionalSelectField(_l("Payable"), blank=_l("All"), choices=Pays.choices())


class NotCountedForm(QueryForm):
    lab = OptionalSelectField(_l("Lab"), blank=_l("All labs"), choices=[], validate_choice=False)
    reason = OptionalSelectField(_l("Reason"), blank=_l("All reasons"), choices=Reason.choices())


@dataclass(frozen=True)
class SheetRow:
    """One lab's statement of a month in the sheet."""

    line: RewardLine
    parts: list[Part]
    """What of its payable belongs to which month; the last is the month's own."""
    state: RunState
    objection: Objection | None

    @property
    def own_fen(self) -> Fen:
        return self.parts[-1].fen

    @property
    def earlier_fen(self) -> Fen:
        return Fen(self.line.payable_fen - self.own_fen)

    @property
    def held(self) -> list[Month]:
        return [part.month for part in self.parts[:-1]]

    @property
    def objection_text(self) -> str:
        if self.objection is None:
            return ""
        verdict = ObjectionVerdict.known(self.objection.verdict)
        return str(verdict.label) if verdict else _("Waits for an answer")


SORTED_BY: dict[str, Callable[[SheetRow], Any]] = {
    "month": lambda row: row.line.run.month,
    "lab": lambda row: row.line.lab.code,
    "eligible": lambda row: row.line.month_eligible_fen,
    "entitlement": lambda row: row.line.entitlement_ytd_fen,
    "own": lambda row: row.own_fen,
    "earlier": lambda row: row.earlier_fen,
    "payable": lambda row: row.line.payable_fen,
}


@dataclass(frozen=True, kw_only=True)
class SheetSum:
    """Of all rows of the sheet, each month of each lab counted once. `earlier_fen`: months that no row is of."""

    eligible_fen: Fen
    own_fen: Fen
    earlier_fen: Fen

    @property
    def payable_fen(self) -> Fen:
        return Fen(self.own_fen + self.earlier_fen)

    @classmethod
    def of(cls, rows: Sequence[SheetRow]) -> "SheetSum":
        own, earlier = counted_once(
            ((row.line.run.division, row.line.lab_id), [(part.month, part.fen) for part in row.parts]) for row in rows
        )
        eligible = total(row.line.month_eligible_fen for row in rows)
        return cls(eligible_fen=eligible, own_fen=own, earlier_fen=earlier)


@dataclass(frozen=True)
class Expected:
    """What a lab would be paid with the running month as things stand: its own part, and those of the earlier months
    that are not approved yet."""

    lab: Lab
    line: Line
    parts: list[Part]

    @property
    def own_fen(self) -> Fen:
        return self.parts[-1].fen

    @property
    def earlier_fen(self) -> Fen:
        return Fen(self.line.payable_fen - self.own_fen)


@blueprint.get("/rewards")
@requires("run.see_line", of=OWN_LABS)
def rewards() -> Any:
    """The year's statements by month and lab, with their sums; as a file too."""
    actor, firm_id = member()
    now = utc_now()
    years = pages.years_with_runs() or [Month.at(now).year]
    year = asked_year(years, years[0])
    lines = [line for line in pages.statements(actor, year) if line.firm_id == firm_id]
    form = SheetForm()
    months = sorted({line.run.month for line in lines}, reverse=True)
    form.month.choices = [(month, month_text(month)) for month in months]
    form.lab.choices = [(code, code) for code in sorted({line.lab.code for line in lines})]
    rows, sort = _sheet(lines, form), asked_order("-month")
    name = sort.removeprefix("-")
    rows.sort(key=SORTED_BY.get(name, SORTED_BY["month"]), reverse=sort.startswith("-"))
    sums = SheetSum.of(rows)
    format = request.args.get("format")
    if format in FORMATS:
        return _sheet_file(rows, sums, year, format)
    page = asked_page(len(rows))
    return render_template(
        "lab/rewards/list.html",
        rows=rows[page.offset : page.offset + page.size],
        sums=sums,
        by_state=[
            (state, SheetSum.of(of)) for state in RunState if (of := [row for row in rows if row.state == state])
        ],
        any_line=bool(lines),
        holds=any(row.held for row in rows),
        page=page,
        sort=sort,
        form=form,
        years=years,
        year=year,
        present=Month.at(now),
    )


def _sheet(lines: Sequence[RewardLine], form: SheetForm) -> list[SheetRow]:
    """The rows that pass the filters, in the order given. Three statements."""
    if not lines:
        return []
    now, year = utc_now(), Month.parse(lines[0].run.month).year
    parts = parts_of_lines(lines, runs_of_years(year, year))
    objections = pages.last_objections(lines)
    rows = [
        SheetRow(
            line,
            parts[line.id],
            shown_state(line.run.state, line.run.publicity_ends_at, now=now),
            objections.get((line.run_id, line.lab_id)),
        )
        for line in lines
    ]
    return [
        row
        for row in rows
        if (not form.month.data or row.line.run.month == form.month.data)
        and (not form.lab.data or row.line.lab.code == form.lab.data)
        and (RunState.known(form.state.data) in (None, row.state))
        and Pays.known(form.pays.data) in (None, Pays.SOME if row.line.payable_fen else Pays.NOTHING)
    ]


def _sheet_file(rows: Sequence[SheetRow], sums: SheetSum, year: int | None, format: str) -> Response:
    head = [
        _("Month"),
        _("Lab"),
        _("Name"),
        _("State"),
        _("Eligible this month (CNY)"),
        _("Entitlement, year to date (CNY)"),
        _("This month itself (CNY)"),
        _("Earlier, not approved (CNY)"),
        _("Payable (CNY)"),
        _("Earlier months held"),
        _("Remark"),
        _("Objection"),
    ]
    table = [
        (
            row.line.run.month,
            row.line.lab.code,
            twin(row.line.lab),
            str(row.state.label),
            yuan(row.line.month_eligible_fen),
            yuan(row.line.entitlement_ytd_fen),
            yuan(row.own_fen),
            yuan(row.earlier_fen),
            yuan(row.line.payable_fen),
            _(", ").join(map(str, row.held)),
            str(WhyZero(row.line.why).label) if row.line.why else "",
            row.objection_text,
        )
        for row in rows
    ]
    last = [
        _("Total, each month counted once"),
        *[""] * 3,
        yuan(sums.eligible_fen),
        "",
        yuan(sums.own_fen),
        yuan(sums.earlier_fen),
        yuan(sums.payable_fen),
        *[""] * 3,
    ]
    return download_rows(f"rewards-{year}", head, table, format, sheet=_("Rewards"), total=last)


@blueprint.get("/rewards/expected")
@requires("run.see_line", of=OWN_LABS)
def reward_expected() -> Any:
    """What the running month would come to so far, by lab and in all, and what is held back for want of papers."""
    actor, firm_id = member()
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
    return render_template("lab/rewards/expected.html", month=month, expected=found, held_back=held_back(actor))


@blueprint.get("/rewards/not-counted")
@requires("run.see_line", of=OWN_LABS)
@limited("report")
def reward_not_counted() -> Any:
    """The year's largest entries that do not count, each with its reason and document; as a file too."""
    actor, firm_id = member()
    present = Month.at(utc_now())
    years = sorted({present.year, *pages.years_with_runs()}, reverse=True)
    year = asked_year(years, present.year) or present.year
    labs = lab_choices(firm_id)
    form = NotCountedForm()
    form.lab.choices = [(lab.code, lab.code) for lab in labs]
    own = {lab.id for lab in labs if form.lab.data in (None, lab.code)}
    reason = Reason.known(form.reason.data)
    format = request.args.get("format")
    limit = MOST_ROWS if format in FORMATS else LARGEST
    sums, rows = not_counted(actor, own, year, until=present, reason=reason, limit=limit)
    if format in FORMATS:
        return _not_counted_file(rows, year, format)
    return render_template(
        "lab/rewards/not_counted.html",
        sums=sums,
        rows=rows,
        reason=reason,
        form=form,
        labs=labs,
        years=years,
        year=year,
        causes=dict(EntryCause.choices()),
        booking_href=partial(booking_href, actor=actor),
    )


def _not_counted_file(rows: Sequence[NotCounted], year: int, format: str) -> Response:
    head = [
        _("Month"),
        _("Recorded on"),
        _("Booking"),
        _("Lab"),
        _("Test item"),
        _("Client"),
        _("Reason"),
        _("Document"),
        _("Number"),
        _("Amount (CNY)"),
    ]
    causes = dict(EntryCause.choices())
    table = [
        (
            row.line.entry.month,
            local_day(row.line.entry.recorded_at),
            row.line.booking.ref,
            row.line.lab.code,
            twin(row.line.test_item),
            twin(row.line.client),
            str(row.reason.label),
            str(causes[row.line.document.kind]) if row.line.document else "",
            (row.line.document.number or "") if row.line.document else "",
            yuan(row.fen),
        )
        for row in rows
    ]
    last = [_("Total"), *[""] * (len(head) - 2), yuan(total(row.fen for row in rows))]
    return download_rows(f"not-counted-{year}", head, table, format, sheet=_("Does not count"), total=last)


@blueprint.get("/rewards/<month>")
@requires("run.see_line", of=OWN_LABS)
def reward_month(month: str) -> Any:
    """The firm's statements of a month: the only one, or the sheet of its labs."""
    actor, firm_id = member()
    asked = month_of(month)
    lines = [
        line for line in pages.statements(actor, asked.year) if line.firm_id == firm_id and line.run.month == str(asked)
    ]
    if not lines:
        raise NotFound
    if len(lines) == 1:
        return redirect(url_for("lab.reward", month=str(asked), code=lines[0].lab.code), 302)
    return redirect(url_for("lab.rewards", year=asked.year, month=str(asked)), 302)
