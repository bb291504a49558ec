"""Runs, policies and what a month would come to now."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from flask import current_app
from sqlalchemy import ColumnElement, func, select, true
from sqlalchemy.orm import contains_eager, defer

from labshare.catalogue.models import Lab
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import NotFound
from labshare.kernel.months import Month
from labshare.organisations.permissions import visible
from labshare.rewards.models import Objection, Policy, PolicyEdit, RewardLine, RewardRun, RewardRunParticipant
from labshare.rewards.policy import Policy as PolicyRules
from labshare.rewards.policy import read_policy
from labshare.rewards.queries.facts import MonthFacts, facts_of, to_reclaim
from labshare.rewards.rules.calculation import Calculation, calculate
from labshare.rewards.rules.cases import result_of
from labshare.rewards.terms import RunState

T = TypeVar("T", Policy, RewardRun)


def rules_of(policy: Policy) -> PolicyRules:
    """A policy's row as the rules know it. Its last month is the column's: a published policy may have been ended."""
    last = Month.parse(policy.effective_to) if policy.effective_to else None
    return replace(read_policy(policy.document), effective_to=last)


def policies_in_force(month: Month, seen: ColumnElement[bool] | None = None) -> list[Policy]:
    """Published policies that govern `month`, of those `seen`, by division."""
    wanted = select(Policy).where(Policy.in_force_in(month), true() if seen is None else seen)
    return list(db.session.scalars(wanted.order_by(Policy.division)))


def governed_months(division: str, before: Month) -> list[Month]:
    """Every month before `before` that some published policy of the division governs, in order."""
    months: set[Month] = set()
    for policy in db.session.scalars(select(Policy).where(Policy.published, Policy.division == division)):
        first = Month.parse(policy.effective_from)
        last = min(Month.parse(policy.effective_to) if policy.effective_to else before, before.previous)
        months.update(first.through(last))
    return sorted(months)


def missing_runs(last: Month, seen: ColumnElement[bool] | None = None) -> list[tuple[str, Month]]:
    """(division, month) up to `last` that a published policy (of those `seen`) governs and that have no run, the
    earliest first."""
    known = {(row.division, row.month) for row in db.session.execute(select(RewardRun.division, RewardRun.month))}
    divisions = db.session.scalars(
        select(Policy.division).where(Policy.published, true() if seen is None else seen).distinct()
    )
    return sorted(
        (
            (division, month)
            for division in divisions
            for month in governed_months(division, last.next)
            if (division, str(month)) not in known
        ),
        key=lambda one: (one[1], one[0]),
    )


@dataclass(frozen=True)
class Result:
    """What a month comes to now."""

    policy: Policy
    month: Month
    month_facts: MonthFacts
    calculation: Calculation
    to_reclaim: list[dict[str, Any]]
    digest: str


def calculate_now(policy: Policy, month: Month, *, compare: bool = False, known_at: datetime | None = None) -> Result:
    """Calculate a month from the ledger as it stands; writes nothing. `compare`, `known_at`: see `facts_of`."""
    month_facts = facts_of(rules_of(policy), month, compare=compare, known_at=known_at)
    calculation = calculate(month_facts.scope.policy, month, month_facts.facts)
    reclaim = to_reclaim(month_facts)
    return Result(
        policy, month, month_facts, calculation, reclaim, digest_of(policy, calculation, reclaim, month_facts.check)
    )


def digest_of(policy: Policy, calculation: Calculation, reclaim: list[dict[str, Any]], verdicts: str) -> str:
    """SHA-256 of the result with all its traces and the check value over every verdict: two calculations are the same
    when this is. Instruments by id: their lab may rename them."""
    fields = {
        "verdicts": verdicts,
        "policy": policy.id,
        "result": result_of(calculation),
        "firms": {line.code: line.firm for line in calculation.lines},
        "traces": {line.code: line.trace for line in calculation.lines},
        "to_reclaim": [{name: value for name, value in row.items() if name != "instrument"} for row in reclaim],
    }
    return hashlib.sha256(json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def run_of(division: str, month: Month) -> RewardRun | None:
    """The division's run of a month, read afresh."""
    return db.session.scalar(
        select(RewardRun)
        .where(RewardRun.division == division, RewardRun.month == str(month))
        .execution_options(populate_existing=True)
    )


def find_run(month: Month, division: str | None = None, seen: ColumnElement[bool] | None = None) -> RewardRun | None:
    """The month's run of those `seen`; without a division the only one, or of several that of the platform's own."""
    runs = db.session.scalars(
        select(RewardRun)
        .where(RewardRun.month == str(month), true() if seen is None else seen)
        .order_by(RewardRun.division)
    ).all()
    return of_division(runs, division)


def runs_seen(actor: Actor, action: str = "run.see") -> ColumnElement[bool]:
    """Condition on `RewardRun`: the actor may do this with it as a regulator."""
    return visible(actor, action, division=RewardRun.division)


def policies_seen(actor: Actor, action: str = "policy.see") -> ColumnElement[bool]:
    """The same on `Policy`."""
    return visible(actor, action, division=Policy.division)


def find_policy(month: Month, division: str | None = None, seen: ColumnElement[bool] | None = None) -> Policy | None:
    """The policy in force in a month, chosen in the same way."""
    return of_division(policies_in_force(month, seen), division)


def of_division(rows: Sequence[T], division: str | None) -> T | None:
    """The division's own; without a division the only one, or of several that of the platform's own."""
    if division is None and len(rows) > 1:
        division = str(current_app.config["DIVISION"])
    return next((row for row in rows if division in (None, row.division)), None)


def participants(run_id: int) -> set[int]:
    """Persons who ever calculated or published the run."""
    return set(db.session.scalars(select(RewardRunParticipant.person_id).where(RewardRunParticipant.run_id == run_id)))


def open_objections(run_id: int) -> int:
    """Objections of the run that nobody has answered."""
    return (
        db.session.scalar(
            select(func.count()).select_from(Objection).where(Objection.run_id == run_id, Objection.unanswered)
        )
        or 0
    )


def first_unapproved(division: str, before: Month) -> Month | None:
    """The first governed month before `before`, of earlier windows too, whose run is not approved."""
    return _first_without(division, before, RunState.settled())


def first_unpublished(division: str, before: Month) -> Month | None:
    """The same, of the months whose run is neither approved nor in public notice."""
    return _first_without(division, before, RunState.public())


def _first_without(division: str, before: Month, states: Sequence[RunState]) -> Month | None:
    done = set(
        db.session.scalars(select(RewardRun.month).where(RewardRun.division == division, RewardRun.state.in_(states)))
    )
    return next((month for month in governed_months(division, before) if str(month) not in done), None)


def last_approval_before(division: str, before: Month) -> datetime | None:
    """When the last of the earlier months was approved."""
    return db.session.scalar(
        select(RewardRun.approved_at)
        .where(RewardRun.division == division, RewardRun.month < str(before), RewardRun.state.in_(RunState.settled()))
        .order_by(RewardRun.approved_at.desc())
        .limit(1)
    )


def lines_of(run_id: int) -> list[RewardLine]:
    """A run's lines without their traces, in order of the database."""
    return list(
        db.session.scalars(
            select(RewardLine)
            .where(RewardLine.run_id == run_id)
            .options(defer(RewardLine.trace))
            .order_by(RewardLine.id)
        )
    )


def lines_with_codes(run_id: int) -> list[tuple[RewardLine, str]]:
    """A run's lines without their traces, each with its lab's code, in order of the codes. One statement."""
    rows = db.session.execute(
        select(RewardLine, Lab.code)
        .join(Lab, Lab.id == RewardLine.lab_id)
        .where(RewardLine.run_id == run_id)
        .options(defer(RewardLine.trace))
    )
    return sorted(((line, code) for line, code in rows), key=lambda row: row[1])


def codes_in_run(*, run_id: int, firm_id: int | None) -> list[str]:
    """The codes of the labs, now this firm's, that have a line in the run."""
    return list(
        db.session.scalars(
            select(Lab.code)
            .join(RewardLine, RewardLine.lab_id == Lab.id)
            .where(RewardLine.run_id == run_id, Lab.firm_id == firm_id)
        )
    )


def objection_of(actor: Actor, month: Month, objection_id: int) -> Objection | None:
    """An objection to a run of this month that the actor sees, with its run. One statement."""
    return db.session.scalar(
        select(Objection)
        .join(Objection.run)
        .options(contains_eager(Objection.run))
        .where(Objection.id == objection_id, RewardRun.month == str(month), runs_seen(actor))
    )


def line_of(*, run_id: int, lab_id: int) -> RewardLine | None:
    return db.session.scalar(select(RewardLine).where(RewardLine.run_id == run_id, RewardLine.lab_id == lab_id))


def published_since(policy: Policy, after: Month | None) -> Month | None:
    """The last month after `after` whose run under this policy is published, approved or paid."""
    wanted = select(func.max(RewardRun.month)).where(
        RewardRun.policy_id == policy.id, RewardRun.state != RunState.CALCULATED
    )
    if after is not None:
        wanted = wanted.where(RewardRun.month > str(after))
    found = db.session.scalar(wanted)
    return Month.parse(found) if found else None


def get_policy(actor: Actor, policy_id: int) -> Policy:
    """A policy in any state. Raises `NotFound`, also for what one may not see."""
    policy = db.session.scalar(select(Policy).where(Policy.id == policy_id, policies_seen(actor)))
    if policy is None:
        raise NotFound
    return policy


def edits_of(policy_id: int) -> list[PolicyEdit]:
    """Every saving of the draft, in order."""
    return list(
        db.session.scalars(select(PolicyEdit).where(PolicyEdit.policy_id == policy_id).order_by(PolicyEdit.number))
    )
