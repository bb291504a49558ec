"""A lab's reward statement, for lab and regulator: what its template reads, its entries as a file, its document."""

from collections import Counter
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

from flask import render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from labshare.audit.services import record_export
from labshare.http.downloads import TYPES, download, download_rows
from labshare.kernel.actor import Actor
from labshare.kernel.formatting import day, language, plain_amount, twin
from labshare.kernel.formatting import month as month_text
from labshare.kernel.money import Fen, total
from labshare.kernel.months import Month
from labshare.kernel.pdf import to_pdf
from labshare.kernel.tables import Sheet, yuan
from labshare.kernel.time import local_day, utc_now
from labshare.rewards.models import RewardLine, RewardRun
from labshare.rewards.queries import pages
from labshare.rewards.queries import parts as held_parts
from labshare.rewards.queries.objections import grounds_of
from labshare.rewards.queries.pages import EntryRow
from labshare.rewards.queries.parts import Part
from labshare.rewards.queries.runs import rules_of
from labshare.rewards.rules.parts import shown_state
from labshare.rewards.rules.trace import reductions
from labshare.rewards.terms import Grade, Reason, RunState, Tax, WhyZero
from labshare.settlement.terms import EntryCause
from labshare.web.asked import asked_page
from labshare.web.charts import nice_top
from labshare.web.documents import booking_href
from labshare.web.reward_steps import step_notes


def statement_page(
    line: RewardLine, actor: Actor, template: str, *, object_href: Callable[..., str] | None = None, **more: Any
) -> Any:
    """The statement as a page, or (`?format=xlsx` or `csv`) its entries as a file. `object_href`: where one objects to
    it, or to an `entry` of it, who may now."""
    rules = rules_of(line.run.policy)
    verdicts = pages.month_verdicts(line, tax_excluded=rules.tax == Tax.EXCLUDED)
    now = utc_now()
    line_parts = parts_of_line(line)
    format = request.args.get("format")
    if format in TYPES:
        rows = pages.entry_rows(verdicts)
        asked = {"month": line.run.month, "lab": line.lab.code, "format": format}
        record_export(actor, now, "reward_line", asked)
        return entries_file(line, rows, line_parts, format)
    show = request.args.get("show")
    shown = [one for one in verdicts if show not in ("in", "out") or (one[2] is None) == (show == "in")]
    page = asked_page(len(shown))
    year = pages.year_of(line)
    objections = pages.objections_of(run_id=line.run_id, lab_id=line.lab_id)
    return render_template(
        template,
        line=line,
        run=line.run,
        month=Month.parse(line.run.month),
        rules=rules,
        parts=line_parts,
        shown_state=shown_state(line.run.state, line.run.publicity_ends_at, now=now),
        trace={step["label"]: step for step in line.trace},
        reductions=reductions,
        instruments=pages.instrument_names(line.trace),
        counts=Counter("in" if reason is None else "out" for _entry, _fen, reason in verdicts),
        show=show if show in ("in", "out") else "all",
        entries=pages.entry_rows(shown[page.offset : page.offset + page.size]),
        page=page,
        year=year,
        year_top=nice_top(max([one.payable_fen for one in year], default=0) or 1),
        objections=objections,
        now=now,
        grounds=grounds_of(line.run, rules, [objection for objection, _name in objections]),
        booking_href=partial(booking_href, actor=actor),
        causes=dict(EntryCause.choices()),
        object_href=object_href,
        Decimal=Decimal,
        **more,
    )


def parts_of_line(line: RewardLine) -> list[Part]:
    """What of a line's payable belongs to which month. Two statements."""
    year = Month.parse(line.run.month).year
    return held_parts.parts_of_lines([line], held_parts.runs_of_years(year, year))[line.id]


PART_HEAD = (_l("Month"), _l("State"), _l("Own part (CNY)"))


def parts_table(parts: Sequence[Part]) -> list[tuple[Any, ...]]:
    """The parts of a payable sum as rows for a file, with their total."""
    now = utc_now()
    rows = [
        (
            month_text(part.month),
            str(shown_state(part.state, part.ends_at, now=now).label) if part.state else "",
            yuan(part.fen),
        )
        for part in parts
    ]
    return [*rows, (_("Payable"), "", yuan(total(part.fen for part in parts)))]


def entries_file(line: RewardLine, rows: Sequence[EntryRow], parts: Sequence[Part], format: str) -> Response:
    """The month's entries with verdict and reason; as XLSX with a sheet of what the payable sum is made of."""
    head = [str(column) for column in ENTRY_COLUMNS]
    table = [
        (
            local_day(row.entry.recorded_at),
            row.entry.booking.ref,
            twin(row.entry.booking.test_item),
            twin(row.entry.booking.client),
            str(_("Counted") if row.reason is None else _("Not counted")),
            "" if row.reason is None else str(Reason(row.reason).label),
            yuan(row.fen),
        )
        for row in rows
    ]
    name = f"reward-{line.run.month}-{line.lab.code}"
    if format == "pdf":
        return _pdf(line, parts, head, table, total(row.fen for row in rows), name)
    sheet = Sheet(_("Payable by month"), [str(column) for column in PART_HEAD], parts_table(parts))
    return download_rows(name, head, table, format, sheet=_("Entries"), more=[sheet])


def _pdf(
    line: RewardLine, parts: Sequence[Part], head: list[str], table: list[tuple[Any, ...]], all_fen: Fen, name: str
) -> Response:
    """The statement to file: the result, what it rests on, each entry, and the seven steps."""
    title = _("Reward statement of %(month)s", month=month_text(line.run.month))
    facts = [
        f"{twin(line.lab)} ({line.lab.code}) · {twin(line.firm)} · {Grade(line.grade).label}",
        _(
            "Payable %(payable)s CNY; entitlement, year to date %(entitlement)s; earlier approved %(paid)s; "
            "opening balance %(opening)s",
            payable=plain_amount(line.payable_fen),
            entitlement=plain_amount(line.entitlement_ytd_fen),
            paid=plain_amount(line.paid_before_fen),
            opening=plain_amount(line.opening_fen),
        ),
        *([parts_sentence(parts)] if len(parts) > 1 else []),
        *([str(WhyZero(line.why).label)] if line.why else []),
        *run_facts(line.run),
    ]
    last = (_("Total"), *[""] * (len(head) - 2), yuan(all_fen))
    document = to_pdf(
        title, facts, head, [*table, last], notes=step_notes(line.trace), language=language(), made_at=utc_now()
    )
    return download(document, f"{name}.pdf")


def parts_sentence(parts: Sequence[Part]) -> str:
    """What each month adds to a payable sum, in one line of a document."""
    sum_text = " + ".join(f"{month_text(part.month)} {plain_amount(part.fen)}" for part in parts)
    return _(
        "Payable by month, earlier ones not approved yet: %(parts)s = %(payable)s",
        parts=sum_text,
        payable=plain_amount(total(part.fen for part in parts)),
    )


def run_facts(run: RewardRun) -> list[str]:
    """What a document about a run names: its policy, how far it is, and the check value of its result."""
    steps = [
        (RunState.CALCULATED.label, run.calculated_at),
        (RunState.PUBLISHED.label, run.published_at),
        (RunState.APPROVED.label, run.approved_at),
        (RunState.PAID.label, run.paid_on),
    ]
    policy = f"{run.policy.name} · {_('version %(n)s', n=run.policy.version)}"
    return [
        f"{policy} · {_('Demonstration policy')}" if run.policy.demonstration else policy,
        " · ".join(f"{word} {day(at)}" for word, at in steps if at is not None),
        f"{_('Check value')} {run.digest}",
    ]


ENTRY_COLUMNS = (
    _l("Recorded on"),
    _l("Booking"),
    _l("Test item"),
    _l("Client"),
    _l("Verdict"),
    _l("Reason"),
    _l("Amount (CNY)"),
)
"""Heads of a statement's entries as a file."""
