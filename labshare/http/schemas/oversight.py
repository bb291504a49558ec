"""Usage reports, public statistics."""

from typing import Any, ClassVar

from flask_babel import lazy_gettext as _l

from labshare.http.fields import Fen, Inside, Minutes, MonthField, Part, Rate, Spelt, Text, Whole
from labshare.http.schemas.base import Answer, Named
from labshare.oversight.rules import TOO_FEW, suppressed


class Figures(Answer):
    """Times in minutes; money in fen."""

    available_minutes = Minutes(allow_none=True)
    booked_minutes = Minutes()
    used_minutes = Minutes()
    in_house_minutes = Minutes()
    outside_minutes = Minutes()
    utilisation = Rate(allow_none=True)
    sharing_rate = Rate(allow_none=True)
    bookings = Whole()
    no_shows = Whole()
    tests = Whole()
    samples = Whole()
    clients = Whole()
    smes = Whole()
    reports = Whole()
    recognised_fen = Fen()
    outside_fen = Fen()

    columns: ClassVar[dict[str, Any]] = {
        "available_minutes": _l("Hours open"),
        "booked_minutes": _l("Hours booked"),
        "used_minutes": _l("Effective hours"),
        "in_house_minutes": _l("In-house hours"),
        "outside_minutes": _l("Hours for outside clients"),
        "utilisation": _l("%(rate)s, %%", rate=_l("Utilisation")),
        "sharing_rate": _l("%(rate)s, %%", rate=_l("Sharing rate")),
        "bookings": _l("Bookings"),
        "no_shows": _l("No-shows"),
        "tests": _l("Tests finished"),
        "samples": _l("Samples"),
        "clients": _l("Firms served"),
        "smes": _l("SMEs served"),
        "reports": _l("Reports issued"),
        "recognised_fen": _l("Recognised revenue (CNY)"),
        "outside_fen": _l("Outside revenue (CNY)"),
    }


class Row(Named):
    """What a row is about."""

    code = Text(allow_none=True)


class UsageRow(Row, Figures):
    """A row of the report: what it is about, and its figures."""


class UsageRowInFile(UsageRow):
    title = Part(Named)

    columns: ClassVar[dict[str, Any]] = {"code": _l("Code"), "title": _l("Name"), **Figures.columns}


class Usage(Answer):
    since = MonthField(attribute="first", data_key="from")
    until = MonthField(attribute="last", data_key="to")
    by = Text()
    items = Inside(UsageRow, many=True)
    total = Inside(Figures)


class Few(Spelt):
    """A number of clients as the public sees it."""

    described: ClassVar[dict[str, Any]] = {"type": "string", "pattern": f"^(<{TOO_FEW}|[0-9]+)$"}

    def spelt(self, value: int) -> str:
        return suppressed(value)


class PublicRow(Row):
    about = "usage"

    open_minutes = Minutes(attribute="available_minutes")
    booked_minutes = Minutes()
    used_minutes = Minutes()
    outside_minutes = Minutes()
    tests = Whole()
    clients = Few()


class PublicLab(PublicRow):
    """With its reward once the month's run is published."""

    optional = ("reward_fen",)

    reward_fen = Fen()


class Statistics(Answer):
    month = MonthField()
    labs = Whole()
    instruments = Whole()
    test_items = Whole()
    by_lab = Inside(PublicLab, many=True)
    by_instrument = Inside(PublicRow, many=True)
