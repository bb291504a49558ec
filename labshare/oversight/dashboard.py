"""What the regulator's overview shows: six figures, three charts, what waits, the last seal. A fixed number of
statements, all on indexes; money in fen, months as the contract spells them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from sqlalchemy import func, select

from labshare.audit.models import AuditSeal
from labshare.audit.queries import last_seal
from labshare.booking.models import Booking, WorkingYear
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.months import Month
from labshare.kernel.time import local_day
from labshare.organisations.models import Firm
from labshare.oversight.queries import UsageReport, usage_report
from labshare.rewards.models import Objection, Policy, RewardItem, RewardLine, RewardRun
from labshare.settlement.models import Payment, Report, RevenueEntry

BINS = (20, 40, 60, 80, 100)
"""Upper edges of the utilisation chart's groups, per cent; the last group is open."""


@dataclass(frozen=True)
class Revenue:
    """Recognised revenue of a month from outside clients, and how much of the month's entries a run counted."""

    month: Month
    whole_fen: int
    counted_fen: int | None
    """None: no run of that month yet."""


@dataclass(frozen=True)
class Waiting:
    """What waits for a regulator."""

    firms: int
    oldest_firm: datetime | None
    objections: int
    payers: int
    policies: int
    runs: Sequence[RewardRun]
    """Runs that are not approved yet, oldest first."""
    missing_years: Sequence[int]


@dataclass(frozen=True)
class Dashboard:
    first: Month
    last: Month
    revenue: Sequence[Revenue]
    """The twelve months up to `last`."""
    whole_fen: int
    counted_fen: int
    payable_fen: int
    usage: UsageReport
    """Of the period, by lab."""
    instruments: UsageReport
    """Of twelve months, by instrument."""
    reasons: Mapping[str, int]
    """Reason not to count → fen, of the period's entries."""
    finished: int
    on_time: Fraction | None
    """Reports out within the promised days; None where none was due."""
    waiting: Waiting
    seal: AuditSeal | None


def dashboard(actor: Actor, first: Month, last: Month, now: datetime) -> Dashboard:
    """The overview of the months `first` … `last`."""
    year = last.plus(-11)
    revenue = _revenue(min(year, first), last)
    shown = [each for each in revenue if each.month >= first]
    finished, on_time = _finished(first, last)
    return Dashboard(
        first=first,
        last=last,
        revenue=[each for each in revenue if each.month >= year],
        whole_fen=sum(each.whole_fen for each in shown),
        counted_fen=sum(each.counted_fen or 0 for each in shown),
        payable_fen=_payable(first, last),
        usage=usage_report(actor, "lab", first, last),
        instruments=usage_report(actor, "instrument", year, last),
        reasons=_reasons(first, last),
        finished=finished,
        on_time=on_time,
        waiting=waiting(now),
        seal=last_seal(),
    )


def _revenue(first: Month, last: Month) -> list[Revenue]:
    whole = dict(
        db.session.execute(
            select(RevenueEntry.month, func.sum(RevenueEntry.amount_fen))
            .where(RevenueEntry.month.between(str(first), str(last)))
            .group_by(RevenueEntry.month)
        )
        .tuples()
        .all()
    )
    counted = dict(
        db.session.execute(
            select(RewardRun.month, func.sum(RewardLine.month_eligible_fen))
            .join(RewardLine, RewardLine.run_id == RewardRun.id)
            .where(RewardRun.month.between(str(first), str(last)))
            .group_by(RewardRun.month)
        )
        .tuples()
        .all()
    )
    return [
        Revenue(month, int(whole.get(str(month), 0)), int(counted[str(month)]) if str(month) in counted else None)
        for month in first.through(last)
    ]


def _payable(first: Month, last: Month) -> int:
    total = select(func.sum(RewardRun.total_payable_fen)).where(RewardRun.month.between(str(first), str(last)))
    return int(db.session.scalar(total) or 0)


def _reasons(first: Month, last: Month) -> dict[str, int]:
    """An entry's verdict is stored with the run of its own month, where it was new."""
    query = (
        select(RewardItem.reason, func.sum(RevenueEntry.amount_fen))
        .join(RewardRun, RewardRun.id == RewardItem.run_id)
        .join(RevenueEntry, RevenueEntry.id == RewardItem.entry_id)
        .where(
            RewardRun.month.between(str(first), str(last)),
            RevenueEntry.month == RewardRun.month,
            RewardItem.reason.is_not(None),
        )
        .group_by(RewardItem.reason)
    )
    rows = ((reason, int(fen)) for reason, fen in db.session.execute(query))
    return dict(sorted(rows, key=lambda row: -row[1]))


def _finished(first: Month, last: Month) -> tuple[int, Fraction | None]:
    """Finished tests, and the part whose first report came within the promised days."""
    span = (Booking.finished_at >= first.starts_at(), Booking.finished_at < last.ends_at())
    issued = select(Report.booking_id, func.min(Report.issued_on).label("on")).group_by(Report.booking_id).subquery()
    rows = db.session.execute(
        select(Booking.finished_on, Booking.turnaround_days, issued.c.on)
        .outerjoin(issued, issued.c.booking_id == Booking.id)
        .where(*span)
    ).all()
    due = [row for row in rows if row.on is not None and row.finished_on is not None]
    kept = sum(1 for row in due if (row.on - row.finished_on).days <= row.turnaround_days)
    return len(rows), Fraction(kept, len(due)) if due else None


def waiting(now: datetime) -> Waiting:
    """What regulators have to do now."""
    firms, oldest = db.session.execute(
        select(func.count(), func.min(Firm.created_at)).where(Firm.verified_at.is_(None), Firm.returned_at.is_(None))
    ).one()
    counts = db.session.execute(
        select(
            select(func.count()).select_from(Objection).where(Objection.verdict.is_(None)).scalar_subquery(),
            select(func.count())
            .select_from(Payment)
            .where(Payment.by_client.is_(False), Payment.payer_verdict.is_(None))
            .scalar_subquery(),
            select(func.count()).select_from(Policy).where(Policy.state == "draft").scalar_subquery(),
        )
    ).one()
    runs = db.session.scalars(
        select(RewardRun).where(RewardRun.state.in_(("calculated", "published"))).order_by(RewardRun.month)
    ).all()
    today = local_day(now)
    known = set(db.session.scalars(select(WorkingYear.year)))
    wanted = [today.year] + ([today.year + 1] if today.month >= 10 else [])
    return Waiting(firms, oldest, *counts, runs, [year for year in wanted if year not in known])


def utilisation_groups(report: UsageReport) -> list[int]:
    """How many instruments lie in each group of utilisation, the last one 100 % and above."""
    counts = [0] * (len(BINS) + 1)
    for row in report.rows:
        rate = row.usage.utilisation(report.months)
        if rate is not None:
            counts[next((i for i, edge in enumerate(BINS) if rate * 100 < edge), len(BINS))] += 1
    return counts
