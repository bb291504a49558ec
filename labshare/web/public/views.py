"""Home, public figures, and the pages that explain."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from flask import Response, current_app, render_template, request
from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from labshare.audit.proofs import published_heads
from labshare.booking.queries import next_free_of_items
from labshare.catalogue.queries.news import latest_items, soon_replaced
from labshare.catalogue.terms import Category
from labshare.http.downloads import download_rows
from labshare.http.limits import limited
from labshare.http.rights import public
from labshare.kernel import formatting
from labshare.kernel.months import Month
from labshare.kernel.tables import FORMATS
from labshare.kernel.time import local_day, utc_now
from labshare.organisations.divisions import DIVISIONS, towns_of
from labshare.oversight.public import figures_by_month, public_figures
from labshare.rewards.queries.pages import runs_noticed
from labshare.web.asked import asked_number
from labshare.web.charts import Chart, stacked_bars
from labshare.web.public import blueprint
from labshare.web.public.maps import outline_map

HEADS = 60
"""Published heads on a page."""
USUAL = (
    (_l("Rockwell hardness"), "GB/T 230.1"),
    (_l("Tensile test"), "GB/T 228.1"),
    (_l("Spark OES of steel"), "GB/T 4336"),
    (_l("Bearing life"), "GB/T 24607"),
    (_l("CMM"), "GB/T 1958"),
)
"""Questions often asked: words and the standard to look for."""


@dataclass(frozen=True)
class MonthChart:
    title: str
    unit: str
    finding: str
    """What the chart tells, for those who do not see it."""
    drawn: Chart
    titles: list[str]


def month_chart(title: str, unit: str, values: Sequence[tuple[Month, int]]) -> MonthChart:
    """Whole numbers by month, as bars."""
    highest = max(values, key=lambda pair: pair[1])
    finding = gettext(
        "%(title)s, %(unit)s: highest %(number)s in %(month)s",
        title=title,
        unit=unit,
        number=formatting.number(highest[1]),
        month=formatting.month(highest[0]),
    )
    return MonthChart(
        title,
        unit,
        finding,
        stacked_bars([(str(month.number), value, 0) for month, value in values]),
        [f"{formatting.month(month)} {formatting.number(value)}" for month, value in values],
    )


MONTH_HEADS = ("Period", "Tests finished", "Firms served", "Samples tested", "Machine hours")
"""The head of the figures by month as a file; each word is on the page too."""


def categories(counts: dict[str, int]) -> list[dict[str, object]]:
    """The categories with icon, examples and how many test items."""
    return [
        {"code": one, "name": one.label, "icon": one.look.icon, "examples": one.examples, "count": counts.get(one, 0)}
        for one in Category
    ]


@blueprint.get("/")
@public
def home() -> str:
    """What can be asked here, the county's figures, what is new. Nine statements."""
    now = utc_now()
    today = local_day(now)
    figures, latest = public_figures(today), latest_items(today)
    return render_template(
        "public/home.html",
        figures=figures,
        categories=categories(figures.by_category),
        latest=latest,
        next_free=next_free_of_items([row.item for row in latest], now),
        news={"runs": runs_noticed(), "standards": soon_replaced(today)},
        map=outline_map(figures.by_town),
        usual=USUAL,
    )


@blueprint.get("/how-it-works")
@public
def how_it_works() -> str:
    return render_template("public/how_it_works.html")


@blueprint.get("/figures")
@public
@limited("offers")
def statistics() -> str | Response:
    """Public figures with their definitions: by month, category and town; the months as a file. Two statements."""
    today = local_day(utc_now())
    kind = request.args.get("format")
    if kind in FORMATS:
        head = [gettext(word) for word in MONTH_HEADS]
        rows = [
            [str(one.month), one.tests, one.clients, one.samples, Decimal(one.minutes) / 60]
            for one in figures_by_month(today)
        ]
        return download_rows("figures", head, rows, kind)
    months = figures_by_month(today)
    figures = public_figures(today, months)
    return render_template(
        "public/statistics.html",
        figures=figures,
        months=months,
        charts=[
            month_chart(
                gettext("Tests finished by month"),
                gettext("bookings, last twelve months"),
                [(one.month, one.tests) for one in months],
            ),
            month_chart(
                gettext("Firms served by month"),
                gettext("firms, last twelve months"),
                [(one.month, one.clients) for one in months],
            ),
            month_chart(
                gettext("Machine time by month"),
                gettext("hours, last twelve months"),
                [(one.month, one.minutes // 60) for one in months],
            ),
        ],
        categories=categories(figures.by_category),
        towns=sorted(
            ((town, figures.by_town.get(town.code, 0)) for division in DIVISIONS for town in towns_of(division)),
            key=lambda pair: (-pair[1], pair[0].code),
        ),
    )


@blueprint.get("/audit/heads")
@public
def audit_heads() -> str:
    """The published heads of the audit trail, newest first, and how to check them."""
    found = published_heads(before=asked_number("before", 0), limit=HEADS + 1)
    return render_template(
        "public/audit_heads.html",
        heads=found[:HEADS],
        more=len(found) > HEADS,
        public_key=current_app.config["AUDIT_PUBLIC_KEY"],
    )


@blueprint.get("/rules")
@public
def rules() -> str:
    return render_template("public/rules.html")


@blueprint.get("/privacy")
@public
def privacy() -> str:
    return render_template("public/privacy.html")


@blueprint.get("/accessibility")
@public
def accessibility() -> str:
    return render_template("public/accessibility.html")
