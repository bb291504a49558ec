"""Usage reports, the audit trail, public statistics."""

from typing import Any

from flask import current_app

from labshare.api.v1.base import FILE, ListQuery, RoomBlueprint, after, first_of
from labshare.audit import proofs
from labshare.audit.queries import Search, search
from labshare.http.actor import current_actor
from labshare.http.downloads import TYPES
from labshare.http.fields import Moment, MonthField, Names, OneOf, Text
from labshare.http.limits import count, limited
from labshare.http.rights import OWN_LABS, public, requires
from labshare.http.schemas.audit import Consistency, Head, Inclusion, SignedHead
from labshare.http.schemas.base import listing
from labshare.http.schemas.booking import Event
from labshare.http.schemas.oversight import Statistics, Usage
from labshare.http.usage import MOST_MONTHS, rows_and_total, usage_file
from labshare.kernel.errors import InvalidInput
from labshare.kernel.months import Month
from labshare.kernel.time import utc_now
from labshare.oversight.queries import usage_report
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
        view = blueprint.alt_response(200, schema=FILE, content_type=content_type, success=True)(view)
    return view


@blueprint.get("/reports/usage")
@requires("usage.see", of=OWN_LABS)
@limited("report")
@blueprint.arguments(UsageQuery, location="query")
@blueprint.response(200, Usage)
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
    return rows_and_total(report)


@blueprint.get("/audit/events")
@requires("audit.see")
@blueprint.arguments(EventQuery, location="query")
@blueprint.response(200, listing(Event))
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
    return first_of(rows, limit)


@blueprint.get("/audit/events/<int:number>/proof")
@requires("audit.see")
@limited("report")
@blueprint.response(200, Inclusion)
@blueprint.problems(401, 403, 404)
def event_proof(number: int) -> Any:
    """That an event is in its seal and the seal under a published head: the hashes on the way, as RFC 9162 has them."""
    return proofs.inclusion(number)


@blueprint.get("/audit/heads")
@public
@blueprint.arguments(ListQuery, location="query")
@blueprint.response(200, listing(Head))
@blueprint.problems(422)
def heads(query: dict[str, Any]) -> Any:
    """The published heads of the audit trail, newest first, for everybody."""
    rows = proofs.published_heads(before=after(query["cursor"]), limit=query["limit"] + 1)
    return first_of(rows, query["limit"])


@blueprint.get("/audit/heads/<int:number>")
@public
@blueprint.response(200, SignedHead)
@blueprint.problems(404)
def head(number: int) -> Any:
    """A published head, with the text that its signature (Ed25519) covers and the key to check it by."""
    return vars(proofs.head_proof(number)) | _key()


@blueprint.get("/audit/heads/<int:first>/consistency/<int:second>")
@public
@limited("report")
@blueprint.response(200, Consistency)
@blueprint.problems(404)
def consistency(first: int, second: int) -> Any:
    """That the later of two published heads continues the earlier one, as RFC 9162 has it."""
    return vars(proofs.consistency(first=first, second=second)) | _key()


def _key() -> dict[str, str]:
    return {"public_key": current_app.config["AUDIT_PUBLIC_KEY"]}


@blueprint.get("/statistics")
@public
@limited("offers")
@blueprint.arguments(StatisticsQuery, location="query")
@blueprint.response(200, Statistics)
@blueprint.problems(422)
def public_statistics(query: dict[str, Any]) -> Any:
    """Public figures of a month, for everybody."""
    month: Month = query["month"]
    now = utc_now()
    if month > Month.at(now):
        raise InvalidInput(field="month")
    of = statistics(month, now)

    labs: Any = of.by_lab.rows
    if of.rewards is not None:
        labs = [vars(row) | {"reward_fen": of.rewards.get(row.id, 0)} for row in labs]
    return vars(of) | {"by_lab": labs, "by_instrument": of.by_instrument.rows}
