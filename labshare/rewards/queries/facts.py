"""The facts of a month, as the calculation wants them: a fixed number of statements, whatever the number of entries."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, select

from labshare.catalogue.models import Instrument, Lab, LabAdmission
from labshare.kernel.database import db
from labshare.kernel.months import Month
from labshare.organisations.models import Firm
from labshare.rewards.models import Correction, RewardLine, RewardRun
from labshare.rewards.policy import Policy
from labshare.rewards.queries import verdicts
from labshare.rewards.queries.grades import grades_in_force
from labshare.rewards.queries.items import approved_before
from labshare.rewards.queries.verdicts import ApprovedRuns, LabRow, Scope, nested
from labshare.rewards.rules.eligible import own_sums
from labshare.rewards.rules.facts import Facts, Verdicts
from labshare.rewards.rules.facts import Lab as LabFacts
from labshare.rewards.terms import Reason, RewardUnit, RunState


@dataclass(frozen=True)
class MonthFacts:
    """The facts, and which rows their names stand for."""

    scope: Scope
    facts: Facts
    lab_ids: Mapping[str, int]
    firm_ids: Mapping[str, int]
    """By lab code."""
    approved: ApprovedRuns
    check: str
    """The check value over every single verdict of the window."""
    changed: bool
    """Some verdicts are others than the earlier approved runs keep."""


def facts_of(policy: Policy, month: Month, *, compare: bool = False, known_at: datetime | None = None) -> MonthFacts:
    """Gather what the calculation needs for `month`, which the policy must govern.

    `compare` the verdicts with those that the earlier approved runs keep, too (for a run, not for a look ahead).
    `known_at` (UTC): by what was recorded up to then. What earlier runs were approved since counts all the same.
    """
    scope = verdicts.scope_of(policy, month, known_at)
    approved = approved_before(scope) if compare else ApprovedRuns(())
    sums = verdicts.sums(scope, approved.last_month)
    labs = scope.labs
    codes = {lab.id: lab.code for lab in labs}
    eligible: dict[tuple[str, str | int], int] = {}
    tallies: dict[str, dict[str | None, Verdicts]] = {}
    for row in sums.rows:
        code = codes[row.lab_id]
        if row.reason is None and row.instrument_id is not None:
            eligible[code, row.instrument_id] = eligible.get((code, row.instrument_id), 0) + row.fen
        tally = tallies.setdefault(code, {})
        before = tally.get(row.reason, Verdicts(reason=row.reason))
        tally[row.reason] = before.and_of(row.entries, fen=row.fen, in_month=row.of_month)
    paid = _by_code(codes, paid_in_window(policy, month))
    opening = _by_code(codes, openings(policy, month, known_at))
    grades = grades_in_force(month, known_at)
    admitted = admitted_in(scope)
    listed = {lab.code for lab in labs if lab.id in admitted} | tallies.keys() | _nonzero(paid) | _nonzero(opening)
    wanted = [lab for lab in labs if lab.code in listed]
    if policy.unit == RewardUnit.FIRM:
        wanted += idle_labs({lab.firm_id for lab in wanted}, {lab.id for lab in wanted}, known_at)
    facts = Facts(
        labs=tuple(
            LabFacts(code=lab.code, firm=lab.firm, grade=grades.get(lab.id), listed=lab.code in listed)
            for lab in wanted
        ),
        eligible=eligible,
        paid={code: fen for code, fen in paid.items() if code in listed},
        opening={code: fen for code, fen in opening.items() if code in listed},
        verdicts={
            code: tuple(found[reason] for reason in (None, *Reason) if reason in found)
            for code, found in tallies.items()
        },
    )
    return MonthFacts(
        scope,
        facts,
        {lab.code: lab.id for lab in wanted},
        {lab.code: lab.firm_id for lab in wanted},
        approved,
        sums.check,
        changed=bool(approved.runs) and sums.check_before != approved.check,
    )


def idle_labs(firm_ids: set[int], but: set[int], known_at: datetime | None) -> list[LabRow]:
    """The other labs of these firms that were ever published, wherever they are: their grades count for the firm."""
    published = Lab.first_published_at.is_not(None) if known_at is None else Lab.first_published_at <= known_at
    rows = db.session.execute(
        select(Lab.id, Lab.code, Lab.firm_id, Firm.uscc.label("firm"))
        .join(Firm, Firm.id == Lab.firm_id)
        .where(Lab.firm_id.in_(firm_ids), published)
        .order_by(Lab.id)
    )
    return [LabRow(**row._mapping) for row in rows if row.id not in but]


def admitted_in(scope: Scope) -> set[int]:
    """The labs that were open labs at any moment of the month."""
    return {
        lab_id
        for lab_id, first, last in scope.admitted
        if first <= scope.month.last_day and last >= scope.month.first_day
    }


def paid_in_window(policy: Policy, month: Month) -> dict[int, int]:
    """By lab id, the payable of the window's earlier approved months."""
    return {
        lab_id: int(fen)
        for lab_id, fen in db.session.execute(
            select(RewardLine.lab_id, func.sum(RewardLine.payable_fen))
            .join(RewardRun)
            .where(
                nested(RewardRun.division, policy.division),
                RewardRun.month >= str(policy.window(month)[0]),
                RewardRun.month < str(month),
                RewardRun.state.in_(RunState.settled()),
            )
            .group_by(RewardLine.lab_id)
        )
    }


def openings(policy: Policy, month: Month, known_at: datetime | None = None) -> dict[int, int]:
    """By lab id: what was recoverable from it at the end of the previous window, plus agreed corrections of this one.

    Between divisions of which one contains the other the debt follows a lab to where it was admitted last.
    """
    first = str(policy.window(month)[0])
    found = {lab_id: fen for lab_id, fen in _left_before(policy.division, first=first).items() if fen}
    agreed = Correction.agreed if known_at is None else Correction.counted_at(known_at)
    for lab_id, fen in db.session.execute(
        select(Correction.lab_id, Correction.fen).where(
            Correction.division == policy.division, Correction.from_month.between(first, str(month)), agreed
        )
    ):
        found[lab_id] = found.get(lab_id, 0) + fen
    return found


def _left_before(division: str, *, first: str) -> dict[int, int]:
    """By lab id: recoverable of its line in the last approved run before the month `first`, of the division itself or,
    where the lab was last admitted in it, of one around or inside it."""
    before = (
        nested(RewardRun.division, division),
        RewardRun.month < first,
        RewardRun.state.in_(RunState.settled()),
    )
    last = (
        select(RewardRun.division, func.max(RewardRun.month).label("month"))
        .where(*before)
        .group_by(RewardRun.division)
        .subquery()
    )
    rows = db.session.execute(
        select(RewardLine.lab_id, RewardLine.recoverable_fen, RewardRun.division, _last_admission())
        .join(RewardRun, RewardRun.id == RewardLine.run_id)
        .join(last, and_(last.c.division == RewardRun.division, last.c.month == RewardRun.month))
        .order_by(RewardRun.month)
    )
    return {
        lab_id: fen
        for lab_id, fen, run_division, admitted in rows
        if run_division == division or (admitted or "").startswith(division)
    }


def _last_admission() -> Any:
    """Of a line's lab: the division of its latest admission."""
    return (
        select(LabAdmission.division)
        .where(LabAdmission.lab_id == RewardLine.lab_id, LabAdmission.counts)
        .order_by(LabAdmission.admitted_from.desc())
        .limit(1)
        .correlate(RewardLine)
        .scalar_subquery()
    )


def to_reclaim(month_facts: MonthFacts) -> list[dict[str, object]]:
    """Where a unit's sum is negative: lab, amount and the bookings that make it so (R-REWARD-22)."""
    policy, facts = month_facts.scope.policy, month_facts.facts
    own = own_sums(facts)
    if policy.unit == RewardUnit.INSTRUMENT:
        negative = {unit: fen for unit, fen in facts.eligible.items() if fen < 0}
    elif policy.unit == RewardUnit.LAB:
        negative = {(code, ""): fen for code, fen in own.items() if fen < 0}
    else:
        firm_of = {lab.code: lab.firm for lab in facts.labs}
        by_firm: dict[str, int] = {}
        for code, fen in own.items():
            by_firm[firm_of[code]] = by_firm.get(firm_of[code], 0) + fen
        negative = {(code, ""): fen for code, fen in own.items() if fen < 0 and by_firm[firm_of[code]] < 0}
    if not negative:
        return []
    found = verdicts.negative_bookings(month_facts.scope, {month_facts.lab_ids[code] for code, _ in negative})
    codes = {lab_id: code for code, lab_id in month_facts.lab_ids.items()}
    names = _instrument_names(int(instrument) for _, instrument in negative if instrument != "")
    listed = []
    for (code, instrument), fen in sorted(negative.items(), key=lambda item: (item[0][0], str(item[0][1]))):
        row: dict[str, object] = {"lab": code, "fen": fen}
        if instrument != "":
            row["instrument"], row["instrument_id"] = names[int(instrument)], int(instrument)
        row["bookings"] = [
            {"ref": ref, "fen": amount}
            for lab_id, instrument_id, ref, amount in found
            if codes[lab_id] == code and instrument in ("", instrument_id)
        ]
        listed.append(row)
    return listed


def _instrument_names(ids: Iterable[int]) -> dict[int, str]:
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    rows = db.session.execute(select(Instrument.id, Instrument.name).where(Instrument.id.in_(wanted)))
    return {row.id: row.name for row in rows}


def _by_code(codes: Mapping[int, str], by_id: Mapping[int, int]) -> dict[str, int]:
    return {codes[lab_id]: fen for lab_id, fen in by_id.items() if lab_id in codes}


def _nonzero(by_code: Mapping[str, int]) -> set[str]:
    return {code for code, fen in by_code.items() if fen}
