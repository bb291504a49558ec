"""Reward policies, runs, lines, objections: thin adapters over the rewards room's services."""

from typing import Any

import marshmallow as ma

from labshare.api.v1.base import RoomBlueprint, listed
from labshare.api.writing import writing
from labshare.http.actor import current_actor
from labshare.http.fields import Day, Length, MonthField, Names, OneOf, Strict, Text, Whole
from labshare.http.limits import limited
from labshare.http.rights import ASKED_DIVISION, FOUND, OWN_DIVISION, Of, requires
from labshare.http.schemas import rewards as schemas
from labshare.http.schemas.base import listing
from labshare.kernel.errors import NotFound
from labshare.kernel.months import Month
from labshare.kernel.time import utc_now
from labshare.organisations.divisions import DIVISIONS
from labshare.organisations.permissions import may, may_anywhere
from labshare.rewards import services
from labshare.rewards.models import RewardRun
from labshare.rewards.queries.pages import all_policies, line_with_run
from labshare.rewards.queries.runs import codes_in_run, find_run, lines_with_codes, objection_of, runs_seen
from labshare.rewards.services.objections import LONGEST, check_answerer
from labshare.rewards.services.policies import check_publisher
from labshare.rewards.terms import ObjectionVerdict

blueprint = RoomBlueprint("rewards", "Reward policies and monthly runs")
POLICIES = Of("policies, which one sees", asks=lambda actor, **_: check_publisher(actor))
OBJECTIONS = Of("objections, which one sees", asks=lambda actor, **_: check_answerer(actor))


class MonthBody(Strict):
    month = MonthField(required=True)


class PublishPolicyBody(Strict):
    """`seen`: the policy's, as it was read; without it whatever the draft says is published."""

    seen = Text(load_default=None, allow_none=True, validate=Length(max=64))


class PayBody(Strict):
    paid_on = Day(required=True)
    reference = Text(required=True, validate=Length(1, 100))


class ObjectionBody(Strict):
    text = Text(required=True, validate=Length(1, LONGEST))
    lab = Text(load_default=None, allow_none=True)
    entries = ma.fields.List(Whole(), load_default=list)


class AnswerBody(Strict):
    verdict = Text(required=True, validate=OneOf(tuple(ObjectionVerdict)))
    text = Text(required=True, validate=Length(1, LONGEST))


class DivisionQuery(Names):
    """`?division=`: the code of the county whose run is meant. Without it the only one that one sees, or of several
    that of the platform's own county."""

    division = Text(load_default=None)


class AnyBody(Names):
    """The policy's own reader says what is wrong, at its field."""

    class Meta:
        unknown = ma.INCLUDE


def month_in(path: str) -> Month:
    try:
        return Month.parse(path)
    except ValueError as error:
        raise NotFound from error


def run_in(path: str, *, division: str | None) -> RewardRun:
    """The run of the month in the address, of the division that the query names. Raises `NotFound`."""
    asked = find_run(month_in(path), division, seen=runs_seen(current_actor()))
    if asked is None:
        raise NotFound
    return asked


@blueprint.get("/rewards/policies")
@requires("policy.see", of=OWN_DIVISION)
@blueprint.response(200, listing(schemas.Policy))
@blueprint.problems(401, 403)
def policies() -> Any:
    """All policies, the newest first."""
    rows = sorted(all_policies(current_actor()), key=lambda row: (row.effective_from, row.id), reverse=True)
    return listed(rows, None)


@blueprint.post("/rewards/policies")
@requires("policy.draft", of=OWN_DIVISION, verb="policy.draft")
@blueprint.arguments(AnyBody)
@blueprint.response(201, schemas.Policy)
@blueprint.problems(401, 403, 409, 422)
@writing()
def draft_policy(body: dict[str, Any]) -> Any:
    """Draft a policy."""
    return services.draft_policy(actor=current_actor(), now=utc_now(), document=body)


@blueprint.post("/rewards/policies/<int:policy_id>/publish")
@requires("policy.publish", of=POLICIES)
@blueprint.arguments(PublishPolicyBody)
@blueprint.response(200, schemas.Policy)
@blueprint.problems(401, 403, 404, 409, 422)
@writing()
def publish_policy(body: dict[str, Any], policy_id: int) -> Any:
    """An approver who never edited it publishes it, with `seen` only as it was read; it never changes again."""
    return services.publish_policy(actor=current_actor(), now=utc_now(), policy_id=policy_id, seen=body["seen"])


@blueprint.post("/rewards/runs")
@requires("run.calculate", of=OWN_DIVISION, verb="run.calculate", division=ASKED_DIVISION)
@limited("calculation")
@blueprint.arguments(MonthBody)
@blueprint.arguments(DivisionQuery, location="query")
@blueprint.response(200, schemas.Run)
@blueprint.problems(401, 403, 404, 409, 422)
@writing()
def calculate(body: dict[str, Any], query: dict[str, Any]) -> Any:
    """Calculate a month's run, or calculate it again until it is published."""
    actor, division = current_actor(), query["division"]
    if division is not None and (division not in DIVISIONS or not may(actor, "run.calculate", division=division)):
        raise NotFound
    return _run(services.run_month(actor=actor, now=utc_now(), month=body["month"], division=division))


@blueprint.get("/rewards/runs/<month>")
@requires("run.see", of=OWN_DIVISION, division=ASKED_DIVISION)
@blueprint.arguments(DivisionQuery, location="query")
@blueprint.response(200, schemas.Run)
@blueprint.problems(401, 403, 404, 422)
def run_of_month(query: dict[str, Any], month: str) -> Any:
    """A run with all its lines, for regulators."""
    return _run(run_in(month, division=query["division"]))


@blueprint.get("/rewards/runs/<month>/lines/<lab>")
@requires("run.see_line", of=FOUND, division=ASKED_DIVISION)
@blueprint.arguments(DivisionQuery, location="query")
@blueprint.response(200, schemas.LineWithTrace)
@blueprint.problems(401, 404, 422)
def line_of_lab(query: dict[str, Any], *, month: str, lab: str) -> Any:
    """One lab's line with its trace: regulators all, a lab its own."""
    actor = current_actor()
    seen = runs_seen(actor) if may_anywhere(actor, "run.see") else None
    asked = find_run(month_in(month), query["division"], seen=seen)
    shown = line_with_run(actor, month_in(month), code=lab, division=asked.division) if asked else None
    if shown is None:
        raise NotFound
    return {"line": shown, "code": lab}


@blueprint.post("/rewards/runs/<month>/publish")
@requires("run.publish", of=OWN_DIVISION, verb="run.publish", division=ASKED_DIVISION)
@blueprint.arguments(DivisionQuery, location="query")
@blueprint.response(200, schemas.Run)
@blueprint.problems(401, 403, 404, 409, 422)
@writing()
def publish(query: dict[str, Any], month: str) -> Any:
    """Public notice begins; the month's ledger is closed."""
    return _run(services.publish(actor=current_actor(), now=utc_now(), month=month_in(month), **query))


@blueprint.post("/rewards/runs/<month>/approve")
@requires("run.approve", of=OWN_DIVISION, verb="run.approve", division=ASKED_DIVISION)
@blueprint.arguments(DivisionQuery, location="query")
@blueprint.response(200, schemas.Run)
@blueprint.problems(401, 403, 404, 409, 422)
@writing()
def approve(query: dict[str, Any], month: str) -> Any:
    """Another person approves; from then on nothing in it changes."""
    return _run(services.approve(actor=current_actor(), now=utc_now(), month=month_in(month), **query))


@blueprint.post("/rewards/runs/<month>/pay")
@requires("run.pay", of=OWN_DIVISION, verb="run.pay", division=ASKED_DIVISION)
@blueprint.arguments(PayBody)
@blueprint.arguments(DivisionQuery, location="query")
@blueprint.response(200, schemas.Run)
@blueprint.problems(401, 403, 404, 409, 422)
@writing()
def pay(body: dict[str, Any], query: dict[str, Any], month: str) -> Any:
    """The approved rewards were paid out."""
    return _run(services.pay(actor=current_actor(), now=utc_now(), month=month_in(month), **body, **query))


@blueprint.post("/rewards/runs/<month>/objections")
@requires("objection.raise", of=FOUND, division=ASKED_DIVISION)
@blueprint.arguments(ObjectionBody)
@blueprint.arguments(DivisionQuery, location="query")
@blueprint.response(201, schemas.Objection)
@blueprint.problems(401, 403, 404, 409, 422)
@writing(reads_first=True)
def raise_objection(body: dict[str, Any], query: dict[str, Any], month: str) -> Any:
    """A lab objects, once in each public notice; which lab may be left out where the firm has one line in the run."""
    actor = current_actor()
    code = body["lab"] or _only_lab(month, division=query["division"], firm_id=actor.firm_id)
    return services.raise_objection(
        actor=actor,
        now=utc_now(),
        month=month_in(month),
        lab=code,
        text=body["text"],
        entries=body["entries"],
        division=query["division"],
    )


def _only_lab(month: str, *, division: str | None, firm_id: int | None) -> str:
    asked = find_run(month_in(month), division)
    codes = codes_in_run(run_id=asked.id, firm_id=firm_id) if asked else []
    if len(codes) != 1:
        raise NotFound(field="lab")
    return codes[0]


@blueprint.post("/rewards/runs/<month>/objections/<int:objection_id>/answer")
@requires("objection.answer", of=OBJECTIONS)
@blueprint.arguments(AnswerBody)
@blueprint.response(200, schemas.Objection)
@blueprint.problems(401, 403, 404, 409, 422)
@writing()
def answer_objection(body: dict[str, Any], month: str, objection_id: int) -> Any:
    """The officer answers; upheld, the run goes back to calculation."""
    known = objection_of(
        current_actor(), month_in(month), objection_id
    )  # held here, so the service finds it in the session
    if known is None:
        raise NotFound
    return services.answer_objection(actor=current_actor(), now=utc_now(), objection_id=objection_id, **body)


def _run(of: RewardRun) -> dict[str, Any]:
    return {"run": of, "labs": [{"line": line, "code": code} for line, code in lines_with_codes(of.id)]}
