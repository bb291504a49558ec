"""What the pages about rewards read: few statements, whatever they show."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, func, select, true
from sqlalchemy.orm import aliased, contains_eager, defer, joinedload

from labshare.accounts.models import Person
from labshare.booking.models import Booking
from labshare.booking.queries.loading import working_days
from labshare.catalogue.models import Instrument, Lab
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.money import Fen
from labshare.kernel.months import Month
from labshare.kernel.time import DAY, local_day
from labshare.organisations.permissions import visible
from labshare.rewards.models import (
    Correction,
    Objection,
    Policy,
    RewardCalculation,
    RewardLine,
    RewardRun,
)
from labshare.rewards.queries.items import approved_runs, verdicts_in_run
from labshare.rewards.queries.runs import policies_seen, runs_seen
from labshare.rewards.queries.verdicts import execute
from labshare.rewards.rules.notice_period import working_days_between
from labshare.rewards.terms import RewardUnit, RunState
from labshare.settlement.models import RevenueEntry


@dataclass(frozen=True)
class RunRow:
    """A run in the list of a year."""

    run: RewardRun
    labs: int
    objections: int


def runs_of_year(actor: Actor, year: int) -> list[RunRow]:
    """A year's runs, the latest first, with the number of their labs and open objections."""
    labs = select(func.count()).where(RewardLine.run_id == RewardRun.id).scalar_subquery()
    objections = select(func.count()).where(Objection.run_id == RewardRun.id, Objection.unanswered).scalar_subquery()
    rows = db.session.execute(
        select(RewardRun, labs, objections)
        .options(joinedload(RewardRun.policy))
        .where(RewardRun.month.between(f"{year}-01", f"{year}-12"), runs_seen(actor))
        .order_by(RewardRun.month.desc(), RewardRun.division)
    )
    return [RunRow(*row) for row in rows]


def runs_noticed(limit: int = 2) -> Sequence[RewardRun]:
    """Runs published and not yet approved, the latest month first; `publicity_ends_at` says whether objections are
    still possible."""
    return db.session.scalars(
        select(RewardRun).where(RewardRun.state == RunState.PUBLISHED).order_by(RewardRun.month.desc()).limit(limit)
    ).all()


def years_with_runs(seen: ColumnElement[bool] | None = None) -> list[int]:
    """The years with runs, of those `seen`, the latest first."""
    wanted = select(func.min(RewardRun.month), func.max(RewardRun.month)).where(true() if seen is None else seen)
    first, last = db.session.execute(wanted).one()
    return list(range(int(last[:4]), int(first[:4]) - 1, -1)) if first else []


def run_with_policy(actor: Actor, month: Month, division: str | None) -> tuple[RewardRun, dict[int, str]] | None:
    """The month's run with its policy, and the names of who worked at it by id, in one statement."""
    participants = (RewardRun.calculated_by, RewardRun.published_by, RewardRun.approved_by, RewardRun.paid_by)
    people = [aliased(Person) for _ in participants]
    wanted = select(RewardRun, *(column for one in people for column in (one.id, one.name)))
    for one, participant in zip(people, participants, strict=True):
        wanted = wanted.outerjoin(one, one.id == participant)
    wanted = wanted.options(joinedload(RewardRun.policy)).where(RewardRun.month == str(month), runs_seen(actor))
    if division:
        wanted = wanted.where(RewardRun.division == division)
    row = db.session.execute(wanted.order_by(RewardRun.division)).first()
    if row is None:
        return None
    return row[0], {row[place]: row[place + 1] for place in range(1, len(row), 2) if row[place] is not None}


def lines_with_labs(run_id: int) -> list[RewardLine]:
    """All lines of a run with lab and firm, without their traces."""
    return list(
        db.session.scalars(
            select(RewardLine)
            .join(RewardLine.lab)
            .join(RewardLine.firm)
            .options(contains_eager(RewardLine.lab), contains_eager(RewardLine.firm), defer(RewardLine.trace))
            .where(RewardLine.run_id == run_id)
        )
    )


def objections_of(*, run_id: int, lab_id: int | None = None) -> list[tuple[Objection, str | None]]:
    """The run's objections (or a lab's) with the name of who answered, the newest first."""
    wanted = (
        select(Objection, Person.name)
        .join(Objection.lab)
        .outerjoin(Person, Person.id == Objection.answered_by)
        .options(contains_eager(Objection.lab))
        .where(Objection.run_id == run_id)
    )
    if lab_id is not None:
        wanted = wanted.where(Objection.lab_id == lab_id)
    return [(row[0], row[1]) for row in db.session.execute(wanted.order_by(Objection.id.desc()))]


def last_objections(lines: Sequence[RewardLine]) -> dict[tuple[int, int], Objection]:
    """(run, lab) → its latest objection, of these lines. At most one statement."""
    if not lines:
        return {}
    runs, labs = ({getattr(line, name) for line in lines} for name in ("run_id", "lab_id"))
    wanted = select(Objection).where(Objection.run_id.in_(runs), Objection.lab_id.in_(labs)).order_by(Objection.id)
    return {(one.run_id, one.lab_id): one for one in db.session.scalars(wanted)}


def last_calculations(run: RewardRun) -> list[tuple[RewardCalculation, str | None]]:
    """The latest two results with the name of who calculated, the present one first."""
    rows = db.session.execute(
        select(RewardCalculation, Person.name)
        .outerjoin(Person, Person.id == RewardCalculation.calculated_by)
        .where(RewardCalculation.run_id == run.id)
        .order_by(RewardCalculation.number.desc())
        .limit(2)
    )
    return [(row[0], row[1]) for row in rows]


# --- one lab ---------------------------------------------------------------------------------------------


def statements(actor: Actor, year: int) -> list[RewardLine]:
    """The lines of a year that the actor's firm may see (for regulators: none of their own), the latest first. Before
    publication a lab does not see its line."""
    return list(
        db.session.scalars(
            select(RewardLine)
            .join(RewardLine.run)
            .join(RewardLine.lab)
            .options(contains_eager(RewardLine.run), contains_eager(RewardLine.lab), defer(RewardLine.trace))
            .where(
                RewardRun.month.between(f"{year}-01", f"{year}-12"),
                RewardRun.state != RunState.CALCULATED,
                visible(actor, "run.see_line", lab=RewardLine.firm_id, division=RewardRun.division),
            )
            .order_by(RewardRun.month.desc(), Lab.code)
        )
    )


def line_with_run(actor: Actor, month: Month, *, code: str, division: str | None = None) -> RewardLine | None:
    """A line with trace, run, policy, lab and firm, in one statement; nothing for what the actor may not see."""
    wanted = (
        select(RewardLine)
        .join(RewardLine.run)
        .join(RewardLine.lab)
        .join(RewardLine.firm)
        .options(
            contains_eager(RewardLine.run).joinedload(RewardRun.policy),
            contains_eager(RewardLine.lab),
            contains_eager(RewardLine.firm),
        )
        .where(
            RewardRun.month == str(month),
            Lab.code == code,
            visible(actor, "run.see_line", lab=RewardLine.firm_id, division=RewardRun.division),
        )
    )
    if division:
        wanted = wanted.where(RewardRun.division == division)
    return db.session.scalars(wanted).unique().first()


@dataclass(frozen=True)
class YearMonth:
    """What a lab was or would be paid in a month of the year."""

    month: Month
    payable_fen: Fen
    state: str
    ends_at: datetime | None


def year_of(line: RewardLine) -> list[YearMonth]:
    """The lab's payable in the year's months up to the line's."""
    rows = db.session.execute(
        select(RewardRun.month, RewardLine.payable_fen, RewardRun.state, RewardRun.publicity_ends_at)
        .join(RewardLine, RewardLine.run_id == RewardRun.id)
        .where(
            RewardLine.lab_id == line.lab_id,
            RewardRun.month.between(f"{line.run.month[:4]}-01", line.run.month),
        )
        .order_by(RewardRun.month)
    )
    return [YearMonth(Month.parse(month), fen, state, ends_at) for month, fen, state, ends_at in rows]


@dataclass(frozen=True)
class EntryRow:
    """A ledger entry with its verdict, and what it belongs to."""

    entry: RevenueEntry
    fen: Fen
    reason: str | None


def month_verdicts(line: RewardLine, *, tax_excluded: bool) -> list[tuple[int, int, str | None]]:
    """(entry id, fen, reason) of the lab's entries in the line's month, the latest first. Two statements."""
    run = line.run
    month = Month.parse(run.month)
    earlier = approved_runs(run.division, month, first=Month(month.year, 1))
    fen = "e.amount_fen - e.tax_fen" if tax_excluded else "e.amount_fen"
    own = f"SELECT id FROM revenue_entry WHERE lab_id = {int(line.lab_id)} AND month = '{month}'"
    rows = execute(
        f"WITH verdict AS ({verdicts_in_run([*earlier, run.id], f'i.entry_id IN ({own})')}) "
        f"SELECT e.id, {fen} AS fen, v.reason FROM revenue_entry e JOIN verdict v ON v.entry_id = e.id "
        f"WHERE e.lab_id = {int(line.lab_id)} AND e.month = '{month}' ORDER BY e.recorded_at DESC, e.id DESC"
    )
    return [(entry, int(amount), reason) for entry, amount, reason in rows]


def entry_rows(verdicts: Sequence[tuple[int, int, str | None]]) -> list[EntryRow]:
    """The entries of these verdicts with booking, item and client, in the same order. One statement."""
    wanted = {entry: (fen, reason) for entry, fen, reason in verdicts}
    if not wanted:
        return []
    found = {
        entry.id: entry
        for entry in db.session.scalars(
            select(RevenueEntry)
            .where(RevenueEntry.id.in_(wanted))
            .options(
                joinedload(RevenueEntry.booking).joinedload(Booking.test_item),
                joinedload(RevenueEntry.booking).joinedload(Booking.client),
            )
        ).unique()
    }
    return [EntryRow(found[entry], fen, reason) for entry, (fen, reason) in wanted.items()]


def instrument_names(trace: Sequence[dict[str, Any]]) -> dict[str, Instrument]:
    """The instruments that a trace names by id (units lab and instrument)."""
    if trace[1]["parameters"]["unit"] == RewardUnit.FIRM:
        return {}
    ids = {int(name) for unit in trace[1]["inputs"] for name in unit["sums"]}
    if not ids:
        return {}
    return {str(one.id): one for one in db.session.scalars(select(Instrument).where(Instrument.id.in_(ids)))}


# --- policies, corrections, grades ----------------------------------------------------------------------


def all_policies(actor: Actor) -> list[Policy]:
    return list(
        db.session.scalars(
            select(Policy)
            .where(policies_seen(actor))
            .order_by(Policy.division, Policy.effective_from.desc(), Policy.version.desc())
        )
    )


class CorrectionShown(NamedTuple):
    """A correction with its lab and the names of its persons."""

    row: Correction
    lab: Lab
    proposer: str | None
    confirmer: str | None
    agreer: str | None


def all_corrections(actor: Actor) -> list[CorrectionShown]:
    """Corrections that somebody proposed or took up, the newest first."""
    return _corrections(actor, Correction.proposed_by.is_not(None))


def proposed_corrections(actor: Actor) -> list[CorrectionShown]:
    """What the system proposes and nobody has taken up, the newest first."""
    return _corrections(actor, Correction.of_the_system)


def _corrections(actor: Actor, which: ColumnElement[bool]) -> list[CorrectionShown]:
    proposer, confirmer, agreer = aliased(Person), aliased(Person), aliased(Person)
    rows = db.session.execute(
        select(Correction, Lab, proposer.name, confirmer.name, agreer.name)
        .join(Lab, Lab.id == Correction.lab_id)
        .outerjoin(proposer, proposer.id == Correction.proposed_by)
        .outerjoin(confirmer, confirmer.id == Correction.confirmed_by)
        .outerjoin(agreer, agreer.id == Correction.agreed_by)
        .where(which, visible(actor, "run.see", division=Correction.division))
        .order_by(Correction.id.desc())
        .limit(200)
    )
    return [CorrectionShown(*row) for row in rows]


def notice_days(run: RewardRun, now: datetime) -> tuple[int, int, tuple[int, ...]] | None:
    """For a run on public notice: (working days begun, working days left, years the calendar lacks)."""
    if run.state != RunState.PUBLISHED or run.published_at is None or run.publicity_ends_at is None:
        return None
    days, today = working_days(), local_day(now)
    first = local_day(run.published_at) + DAY
    last = local_day(run.publicity_ends_at) - DAY
    return (
        working_days_between(first, min(today, last), days.is_working_day),
        working_days_between(max(first, today), last, days.is_working_day),
        days.missing_years(first, last),
    )
