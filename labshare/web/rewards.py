"""A lab's reward statement, for the lab and for the regulator: what its template reads, and its entries as a file."""

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from functools import partial
from typing import Any

from flask import render_template, request
from werkzeug.wrappers import Response

from labshare.audit.services import record_export
from labshare.kernel.actor import Actor
from labshare.kernel.errors import NotFound
from labshare.kernel.months import Month
from labshare.kernel.tables import yuan
from labshare.kernel.time import local_day, utc_now
from labshare.rewards import words
from labshare.rewards.models import RewardLine
from labshare.rewards.queries import pages
from labshare.rewards.queries.pages import EntryRow
from labshare.rewards.queries.runs import rules_of
from labshare.web.charts import nice_top
from labshare.web.documents import booking_href
from labshare.web.filters import twin
from labshare.web.ledger import CAUSES, answer_file, asked_page


def month_of(text: str) -> Month:
    """The month of an address. Raises `NotFound` where it is none."""
    try:
        return Month.parse(text)
    except ValueError:
        raise NotFound from None


def statement_page(line: RewardLine, actor: Actor, template: str, *, status: int = 200, **more: Any) -> Any:
    """The statement as a page, or (`?format=xlsx` or `csv`) its entries as a file."""
    rules = rules_of(line.run.policy)
    verdicts = pages.month_verdicts(line, tax_excluded=rules.tax == "excluded")
    format = request.args.get("format")
    if format in ("csv", "xlsx"):
        rows = pages.entry_rows(verdicts)
        record_export(actor, utc_now(), "reward_line", {"month": line.run.month, "lab": line.lab.code})
        return entries_file(line, rows, format)
    show = request.args.get("show")
    shown = [one for one in verdicts if show not in ("in", "out") or (one[2] is None) == (show == "in")]
    page = asked_page(len(shown))
    year = pages.year_of(line)
    html = render_template(
        template,
        line=line,
        run=line.run,
        month=Month.parse(line.run.month),
        rules=rules,
        trace={step["label"]: step for step in line.trace},
        instruments=pages.instrument_names(line.trace),
        counts=Counter("in" if reason is None else "out" for _entry, _fen, reason in verdicts),
        show=show if show in ("in", "out") else "all",
        entries=pages.entry_rows(shown[page.offset : page.offset + page.size]),
        page=page,
        year=year,
        year_top=nice_top(max([one.payable_fen for one in year], default=0) or 1),
        objections=pages.objections_of(line.run_id, line.lab_id),
        booking_href=partial(booking_href, actor=actor),
        causes=CAUSES,
        words=words,
        Decimal=Decimal,
        **more,
    )
    return html, status


def entries_file(line: RewardLine, rows: Sequence[EntryRow], format: str) -> Response:
    """The month's entries with verdict and reason."""
    head = [str(column) for column in words.ENTRY_COLUMNS]
    table = [
        (
            local_day(row.entry.recorded_at),
            row.entry.booking.ref,
            twin(row.entry.booking.test_item),
            twin(row.entry.booking.client),
            str(words.COUNTED if row.reason is None else words.NOT_COUNTED),
            "" if row.reason is None else str(words.REASONS[row.reason]),
            yuan(row.fen),
        )
        for row in rows
    ]
    return answer_file(f"reward-{line.run.month}-{line.lab.code}", head, table, format)
