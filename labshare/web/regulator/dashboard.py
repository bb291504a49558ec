"""The regulator's overview: figures of a period, where they come from, and what waits."""

from typing import Any

from flask import render_template, request
from flask_babel import lazy_gettext as _l

from labshare.audit.queries import Search, search
from labshare.http.actor import current_actor
from labshare.http.limits import limited
from labshare.http.rights import requires
from labshare.kernel.months import Month
from labshare.kernel.time import utc_now
from labshare.oversight.dashboard import BINS, dashboard
from labshare.oversight.waiting import waiting_for_regulators
from labshare.rewards.terms import Reason
from labshare.settlement.queries.payers import payers
from labshare.web.asked import asked_choice
from labshare.web.charts import stacked_bars
from labshare.web.regulator import blueprint
from labshare.web.usage import UsageForm, period

SPANS = {"month": _l("Previous month"), "quarter": _l("Three months"), "year": _l("This year"), "own": _l("Choose")}


@blueprint.get("/", endpoint="dashboard")
@requires("dashboard.see")
@limited("report")
def overview() -> Any:
    actor, now = current_actor(), utc_now()
    span, first, last = _period()
    shown = dashboard(actor, first, last, now)
    edges = [0, *BINS]
    labels = [f"{low}–{high}" for low, high in zip(edges, BINS, strict=False)] + [f"≥ {BINS[-1]}"]
    revenue = [
        (str(each.month.number), each.counted_fen or 0, each.whole_fen - (each.counted_fen or 0))
        for each in shown.revenue
    ]
    return render_template(
        "regulator/dashboard.html",
        shown=shown,
        span=span,
        spans=SPANS,
        form=UsageForm(),
        revenue_chart=stacked_bars(revenue),
        groups_chart=stacked_bars([(label, count, 0) for label, count in zip(labels, shown.groups, strict=True)]),
        reason_labels=dict(Reason.choices()),
        payers=payers(actor, limit=6),
        now=now,
    )


def _period() -> tuple[str, Month, Month]:
    present = Month.at(utc_now())
    span = asked_choice("span", SPANS, "own" if request.args.get("from") else "month")
    if span == "own":
        return span, *period(UsageForm(), utc_now())
    last = present.previous
    firsts = {"quarter": last.plus(-2), "year": Month(last.year, 1)}
    return span, firsts.get(span, last), last


@blueprint.get("/tasks")
@requires("dashboard.see")
def tasks() -> Any:
    """Everything that waits for a regulator, with the way to it."""
    actor, now = current_actor(), utc_now()
    recent = search(Search(person_id=actor.person_id), limit=10)
    return render_template("regulator/tasks.html", waiting=waiting_for_regulators(actor, now), recent=recent, now=now)
