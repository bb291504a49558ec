"""Windows that corrections correct: what was approved of them, and what they come to by what is known now."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select, true
from sqlalchemy.orm import joinedload

from labshare.catalogue.models import Lab
from labshare.kernel.database import db
from labshare.kernel.money import Fen
from labshare.kernel.months import Month
from labshare.organisations.models import Firm
from labshare.rewards.models import Correction, Policy, RewardLine, RewardRun
from labshare.rewards.policy import Policy as PolicyRules
from labshare.rewards.queries.facts import MonthFacts, facts_of
from labshare.rewards.queries.items import approved_through, changed_verdicts
from labshare.rewards.queries.runs import rules_of
from labshare.rewards.rules.calculation import calculate
from labshare.rewards.rules.corrections import Position, difference, within_caps
from labshare.rewards.terms import RunState


@dataclass(frozen=True)
class Window:
    """The months of a calendar year that a policy governs, with the last approved run of them, if there is one."""

    policy: Policy
    first: Month
    run: RewardRun | None

    @property
    def key(self) -> str:
        """Its name in forms: `330624-2026-01`."""
        return f"{self.policy.division}-{self.first}"

    @property
    def rules(self) -> PolicyRules:
        return rules_of(self.policy)


@dataclass(frozen=True, kw_only=True)
class Proposed:
    """What the system proposes for a lab: above 0 there is more to recover."""

    lab_id: int
    fen: Fen
    basis: dict[str, Any]


def finished_windows(seen: ColumnElement[bool] | None = None) -> list[Window]:
    """Windows whose last month is approved, of the policies `seen`, the latest first. One statement."""
    runs = db.session.scalars(
        select(RewardRun)
        .join(RewardRun.policy)
        .options(joinedload(RewardRun.policy))
        .where(
            RewardRun.state.in_(RunState.settled()),
            or_(RewardRun.month.like("%-12"), RewardRun.month == Policy.effective_to),
            true() if seen is None else seen,
        )
        .order_by(RewardRun.month.desc(), RewardRun.division)
    )
    return [_window(run.policy, Month.parse(run.month), run) for run in runs]


def window_at(policy: Policy, month: Month) -> Window:
    """The policy's window at a month, with its last approved run so far. One statement."""
    first = rules_of(policy).window(month)[0]
    run = db.session.scalar(
        select(RewardRun)
        .where(
            RewardRun.policy_id == policy.id,
            RewardRun.month.between(str(first), f"{first.year}-12"),
            RewardRun.state.in_(RunState.settled()),
        )
        .order_by(RewardRun.month.desc())
        .limit(1)
    )
    return Window(policy, first, run)


def _window(policy: Policy, last: Month, run: RewardRun) -> Window:
    return Window(policy, rules_of(policy).window(last)[0], run)


def positions_of(window: Window, *labs: Lab) -> dict[str, Position]:
    """By lab code: what each lab had of the window, and was corrected since; these labs too where they had nothing.
    Three statements at most."""
    found: dict[str, Position] = {}
    if window.run is not None:
        rows = db.session.execute(
            select(
                Lab.code,
                Firm.uscc,
                RewardLine.paid_before_fen + RewardLine.payable_fen,
                RewardLine.opening_fen,
                RewardLine.recoverable_fen,
            )
            .join(Lab, Lab.id == RewardLine.lab_id)
            .join(Firm, Firm.id == RewardLine.firm_id)
            .where(RewardLine.run_id == window.run.id)
        )
        found = {
            code: Position(firm=firm, paid=paid, opening=opening, carried=carried)
            for code, firm, paid, opening, carried in rows
        }
    corrected = _corrected(window)
    missing = ({lab.code for lab in labs} | corrected.keys()) - found.keys()
    if missing:
        firms = select(Lab.code, Firm.uscc).join(Firm, Firm.id == Lab.firm_id).where(Lab.code.in_(missing))
        found |= {code: Position(firm=firm) for code, firm in db.session.execute(firms)}
    for code, (agreed, answered) in corrected.items():
        found[code] = replace(found[code], corrected=agreed, answered=answered)
    return found


def _corrected(window: Window) -> dict[str, tuple[Fen, Fen]]:
    """By lab code: what was agreed since the window's last approved run, and what of the system's was taken up."""
    after = window.run.month if window.run is not None else ""
    taken = and_(Correction.proposed_by.is_not(None), or_(Correction.agreed, Correction.undecided))
    rows = db.session.execute(
        select(
            Lab.code,
            func.sum(case((Correction.agreed, Correction.fen), else_=0)),
            func.sum(case((taken, func.coalesce(Correction.system_fen, 0)), else_=0)),
        )
        .join(Lab, Lab.id == Correction.lab_id)
        .where(
            Correction.division == window.policy.division,
            Correction.window_from == str(window.first),
            Correction.from_month > after,
        )
        .group_by(Lab.code)
    )
    return {code: (Fen(int(agreed)), Fen(int(answered))) for code, agreed, answered in rows}


def recalculated(window: Window) -> list[Proposed]:
    """What a finished window comes to by what is known now, less what was approved and corrected: by lab, those that
    differ. A fixed number of statements, whatever the number of entries."""
    if window.run is None:
        return []
    rules, last = window.rules, Month.parse(window.run.month)
    month_facts = facts_of(rules, last)
    positions = positions_of(window)
    paid = {code: position.paid for code, position in positions.items()}
    calculation = calculate(rules, last, replace(month_facts.facts, paid=paid))
    positions = {line.code: Position(firm=line.firm) for line in calculation.lines} | positions
    differences = {
        line.code: difference(positions[line.code], payable_fen=line.payable_fen, recoverable_fen=line.recoverable_fen)
        for line in calculation.lines
    }
    wanted = {code: fen for code, fen in within_caps(rules, positions, differences).items() if fen}
    changes = _changes(month_facts) if wanted else {}
    return [
        Proposed(
            lab_id=month_facts.lab_ids[code],
            fen=fen,
            basis={
                "month": str(last),
                "approved_fen": positions[code].approved,
                "now_fen": positions[code].approved - fen,
                "verdicts": changes.get(month_facts.lab_ids[code], []),
            },
        )
        for code, fen in sorted(wanted.items())
    ]


def _changes(month_facts: MonthFacts) -> Mapping[int, list[dict[str, Any]]]:
    """By lab id: the verdicts that changed since the window was approved."""
    approved = approved_through(month_facts.scope)
    found: dict[int, list[dict[str, Any]]] = {}
    if approved.check == month_facts.check:
        return found
    for row in changed_verdicts(month_facts.scope, approved):
        found.setdefault(row.lab_id, []).append(
            {"was": row.was, "becomes": row.becomes, "bookings": row.bookings, "fen": row.fen}
        )
    return found
