"""Usage reports, the audit trail, public statistics."""

from typing import Any

from labshare.api.v1 import shapes
from labshare.api.v1.answers import EVENT, FILE, STATISTICS, USAGE, listing, one
from labshare.api.v1.base import ListQuery, RoomBlueprint, after, listed
from labshare.api.v1.fields import Moment, MonthField, Names, OneOf, Text
from labshare.audit.queries import Search, search
from labshare.http.actor import current_actor
from labshare.http.downloads import TYPES
from labshare.http.limits import count, limited
from labshare.http.rights import OWN_LABS, public, requires
from labshare.http.usage import MOST_MONTHS, usage_file
from labshare.kernel.errors import InvalidInput
from labshare.kernel.months import Month
from labshare.kernel.time import utc_now
from labshare.oversight.queries import UsageRow, usage_report
from labshare.oversight.rules import Usage, suppressed
from labshare.oversight.statistics import statistics
from labshare.oversight.terms import UsageBy

blueprint = RoomBlueprint("oversight", "Usage reports, the audit trail, public statistics")


class UsageQuery(Names):
    first = MonthField(required=True, data_key="from")
    last = MonthField(required=True, data_key="to")
    by = Text(load_default=UsageBy.LAB, validate=OneOf(tuple(UsageBy)))
    format = Text(load_default="json", validate=OneOf(("json", *TYPES)))


class EventQuery(ListQuery):
    since = Moment(load_default=None, data_key="from")
    until = Moment(load_default=None, data_key="to")
    action = Text(load_default="")
    subject_type = Text(load_default="")
    subject_id = Text(load_default="")


class StatisticsQuery(Names):
    month = MonthField(required=True)


def _or_files(view: Any) -> Any:
    """The answer may be a file of each kind, too."""
    for content_type in reversed(TYPES.values()):
        view = blueprint.alt_response(200, schema=one(FILE), content_type=content_type, success=True)(view)
    return view


@blueprint.get("/reports/usage")
@requires("usage.see", of=OWN_LABS)
@limited("report")
@blueprint.arguments(UsageQuery, location="query")
@blueprint.response(200, one(USAGE))
@_or_files
@blueprint.problems(401, 403, 422)
def usage(query: dict[str, Any]) -> Any:
    """Usage over months: a host firm its own labs, regulators all. JSON, CSV, XLSX or PDF."""
    actor, now = current_actor(), utc_now()
    first, last = query["first"], query["last"]
    if first > last or first.plus(MOST_MONTHS) <= last:
        raise InvalidInput(field="to")
    if query["format"] != "json":
        count("export")
    report = usage_report(actor, UsageBy(query["by"]), first, last, now)
    if query["format"] != "json":
        return usage_file(actor, now, report, query["format"])
    return {
        "from": str(first),
        "to": str(last),
        "by": query["by"],
        "items": [_row(row) | _figures(row.usage, report.months) for row in report.rows],
        "total": _figures(report.total, report.months),
    }


def _row(row: UsageRow) -> dict[str, Any]:
    return {"id": row.id, "code": row.code, "name": row.name, "name_en": row.name_en}


def _figures(of: Usage, months: int) -> dict[str, Any]:
    """Times in minutes; rates as decimals of four places, in text; money in fen."""

    def rate(value: Any) -> str | None:
        return None if value is None else f"{float(value):.4f}"

    return {
        "available_minutes": of.available_minutes,
        "booked_minutes": of.booked_minutes,
        "used_minutes": of.used_minutes,
        "in_house_minutes": of.in_house_minutes,
        "outside_minutes": of.outside_minutes,
        "utilisation": rate(of.utilisation(months)),
        "sharing_rate": rate(of.sharing_rate),
        "bookings": of.bookings,
        "no_shows": of.no_shows,
        "tests": of.tests,
        "samples": of.samples,
        "clients": of.clients,
        "smes": of.smes,
        "reports": of.reports,
        "recognised_fen": of.recognised_fen,
        "outside_fen": of.outside_fen,
    }


@blueprint.get("/audit/events")
@requires("audit.see")
@blueprint.arguments(EventQuery, location="query")
@blueprint.response(200, listing(EVENT))
@blueprint.problems(401, 403, 422)
def events(query: dict[str, Any]) -> Any:
    """The audit trail, newest first."""
    wanted = Search(
        since=query["since"],
        until=query["until"],
        action=query["action"],
        subject_type=query["subject_type"],
        subject_id=query["subject_id"],
    )
    limit = query["limit"]
    rows = search(wanted, before_id=after(query["cursor"]) or None, limit=limit + 1)
    shown = rows[:limit]
    return listed([shapes.event(row) for row in shown], shown[-1].id if len(rows) > limit else None)


@blueprint.get("/statistics")
@public
@limited("offers")
@blueprint.arguments(StatisticsQuery, location="query")
@blueprint.response(200, one(STATISTICS))
@blueprint.problems(422)
def public_statistics(query: dict[str, Any]) -> Any:
    """Public figures of a month, for everybody."""
    month: Month = query["month"]
    now = utc_now()
    if month > Month.at(now):
        raise InvalidInput(field="month")
    of = statistics(month, now)

    def shown(row: UsageRow) -> dict[str, Any]:
        usage = row.usage
        return _row(row) | {
            "open_minutes": usage.available_minutes,
            "booked_minutes": usage.booked_minutes,
            "used_minutes": usage.used_minutes,
            "outside_minutes": usage.outside_minutes,
            "tests": usage.tests,
            "clients": suppressed(usage.clients),
        }

    labs = [shown(row) for row in of.by_lab.rows]
    if of.rewards is not None:
        labs = [each | {"reward_fen": of.rewards.get(each["id"], 0)} for each in labs]
    return {
        "month": str(month),
        "labs": of.labs,
        "instruments": of.instruments,
        "test_items": of.test_items,
        "by_lab": labs,
        "by_instrument": [shown(row) for row in of.by_instrument.rows],
    }
