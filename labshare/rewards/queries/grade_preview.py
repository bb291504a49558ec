"""What a list of grades changes in money, before anyone confirms it: the run's own calculation, once with the grades in
force and once with the list's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select

from labshare.catalogue.models import Lab
from labshare.kernel.database import db
from labshare.kernel.money import Fen
from labshare.kernel.months import Month
from labshare.rewards.models import Policy, RewardRun
from labshare.rewards.queries.facts import MonthFacts, facts_of
from labshare.rewards.queries.grades import assessments_in_force, labs_by_id
from labshare.rewards.queries.runs import first_unapproved, governed_months, policies_in_force, rules_of
from labshare.rewards.rules.calculation import Line, calculate
from labshare.rewards.rules.facts import Facts
from labshare.rewards.terms import RunState


@dataclass(frozen=True, kw_only=True)
class PreviewLine:
    """A lab whose grade or money the list changes; fen."""

    lab: Lab
    grade_now: str
    grade_then: str
    payable_now_fen: Fen
    payable_then_fen: Fen
    recoverable_now_fen: Fen
    recoverable_then_fen: Fen

    @property
    def difference_fen(self) -> Fen:
        return self.payable_then_fen - self.payable_now_fen


@dataclass(frozen=True, kw_only=True)
class Preview:
    """The first run that the list's grades reach, as the ledger stands now."""

    policy: Policy
    month: Month
    window: tuple[Month, Month]
    """First and last month of what the run's grades apply to."""
    lines: Sequence[PreviewLine]
    total_now_fen: Fen
    total_then_fen: Fen
    not_over: bool
    """The month is still running, or has not begun: more revenue will come."""
    not_approved: Month | None
    """The first earlier month not approved yet: what it pays is still contained in these figures."""

    @property
    def difference_fen(self) -> Fen:
        return self.total_then_fen - self.total_now_fen


def previews(division: str, effective_month: Month, grades: Mapping[int, str], now: datetime) -> list[Preview]:
    """For each policy that governs labs of the division, what these grades (by lab id) change. Writes nothing."""
    present = Month.at(now)
    found = []
    for governed in _divisions_of_policies(division):
        month = max(next_open_month(governed, present), effective_month)
        for policy in policies_in_force(month):
            if policy.division == governed:
                found.append(_preview(policy, month, effective_month, grades, now))
    return found


def next_open_month(division: str, present: Month) -> Month:
    """The first governed month whose run can still take a new grade: not published yet; at latest the present one."""
    settled = set(
        db.session.scalars(
            select(RewardRun.month).where(RewardRun.division == division, RewardRun.state != RunState.CALCULATED)
        )
    )
    return next((month for month in governed_months(division, present) if str(month) not in settled), present)


def _divisions_of_policies(division: str) -> list[str]:
    """Divisions with a published policy that contain this one or lie in it."""
    divisions = db.session.scalars(select(Policy.division).where(Policy.published).distinct())
    return sorted(one for one in divisions if one.startswith(division) or division.startswith(one))


def _preview(policy: Policy, month: Month, effective_month: Month, grades: Mapping[int, str], now: datetime) -> Preview:
    rules = rules_of(policy)
    month_facts = facts_of(rules, month)
    before = {line.code: line for line in calculate(rules, month, month_facts.facts).lines}
    after = calculate(rules, month, _with_grades(month_facts, month, effective_month, grades)).lines
    ids = month_facts.lab_ids
    changed = [line for line in after if ids[line.code] in grades or _money(line) != _money(before[line.code])]
    labs = labs_by_id(ids[line.code] for line in changed)
    window = rules.window(month)
    return Preview(
        policy=policy,
        month=month,
        window=(window[0], window[-1]),
        lines=[
            PreviewLine(
                lab=labs[ids[line.code]],
                grade_now=before[line.code].grade,
                grade_then=line.grade,
                payable_now_fen=before[line.code].payable_fen,
                payable_then_fen=line.payable_fen,
                recoverable_now_fen=before[line.code].recoverable_fen,
                recoverable_then_fen=line.recoverable_fen,
            )
            for line in changed
        ],
        total_now_fen=sum(line.payable_fen for line in before.values()),
        total_then_fen=sum(line.payable_fen for line in after),
        not_over=now < month.ends_at(),
        not_approved=first_unapproved(policy.division, month),
    )


def _money(line: Line) -> tuple[int, int]:
    return line.payable_fen, line.recoverable_fen


def _with_grades(month_facts: MonthFacts, month: Month, effective_month: Month, grades: Mapping[int, str]) -> Facts:
    """The facts as they will be: a grade in force from a later month on stays."""
    if effective_month > month:
        return month_facts.facts
    later = {
        lab_id
        for lab_id, row in assessments_in_force(grades, month).items()
        if row.list.effective_month > str(effective_month)
    }
    facts, ids = month_facts.facts, month_facts.lab_ids
    return replace(
        facts,
        labs=tuple(
            replace(lab, grade=grades[ids[lab.code]]) if ids[lab.code] in grades.keys() - later else lab
            for lab in facts.labs
        ),
    )
