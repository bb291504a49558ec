"""What the regulator's overview shows: six figures, three charts, what waits, the last seal. A fixed number of
statements, all on indexes; money in fen, months as `YYYY-MM`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from functools import cache
from typing import Any

from sqlalchemy import Select, func, or_, select, true

from labshare.audit.models import AuditSeal
from labshare.audit.queries import last_seal
from labshare.catalogue.models import Instrument, Lab
from labshare.catalogue.queries.admissions import labs_seen
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.money import Fen
from labshare.kernel.months import Month
from labshare.kernel.time import Minutes, local_day
from labshare.organisations.permissions import may
from labshare.oversight.lab_months import asked, firms, of_labs_asked, served, sums, usage
from labshare.oversight.rules import Usage
from labshare.oversight.waiting import Waiting, waiting_for_regulators
from labshare.rewards.models import RewardItem, RewardLine, RewardRun
from labshare.rewards.queries.parts import payable_in
from labshare.rewards.queries.runs import runs_seen
from labshare.rewards.terms import RunState
from labshare.settlement.models import RevenueEntry

BINS = (20, 40, 60, 80, 100)
"""Upper edges of the utilisation chart's groups, per cent; the last group is open."""


@dataclass(frozen=True, kw_only=True)
class Revenue:
    """Recognised revenue of a month, what of it came from clients other than the lab's own firm, and how much of the
    month's entries a run counted."""

    month: Month
    whole_fen: Fen
    outside_fen: Fen
    counted_fen: Fen | None
    """None: no run of that month yet."""


@dataclass(frozen=True, kw_only=True)
class Totals:
    """Figures of the period over all labs."""

    clients: int
    smes: int
    used_minutes: Minutes
    outside_minutes: Minutes
    finished: int
    reported: int
    on_time: int
    """Of those reported, within the promised days."""

    @property
    def sharing_rate(self) -> Fraction | None:
        return Usage(used_minutes=self.used_minutes, outside_minutes=self.outside_minutes).sharing_rate

    @property
    def on_time_rate(self) -> Fraction | None:
        return Fraction(self.on_time, self.reported) if self.reported else None


@dataclass(frozen=True, kw_only=True)
class Dashboard:
    first: Month
    last: Month
    revenue: Sequence[Revenue]
    """The twelve months up to `last`."""
    whole_fen: Fen
    outside_fen: Fen
    counted_fen: Fen
    payable_fen: Fen
    """What the period's runs pay, each month once."""
    earlier_fen: Fen
    """What of it belongs to months before the period, not approved when its first run was calculated."""
    totals: Totals
    groups: Sequence[int]
    """Instruments by utilisation of twelve months, in the groups of `BINS` and one above."""
    reasons: Mapping[str, int]
    """Reason not to count → fen, of the period's entries; the most first."""
    waiting: Waiting
    seal: AuditSeal | None


def dashboard(actor: Actor, first: Month, last: Month, now: datetime) -> Dashboard:
    """The overview of the months `first` … `last`, over all labs that the actor sees."""
    year = last.plus(-11)
    runs = _runs(actor, min(year, Month(first.year, 1)))
    labs = _labs(actor, now)
    payable_fen, earlier_fen = payable_in(first, last, [run for run, _ in runs])
    revenue = _revenue(min(year, first), last, runs, now, labs)
    shown = [each for each in revenue if each.month >= first]
    return Dashboard(
        first=first,
        last=last,
        revenue=[each for each in revenue if each.month >= year],
        whole_fen=sum(each.whole_fen for each in shown),
        outside_fen=sum(each.outside_fen for each in shown),
        counted_fen=sum(each.counted_fen or 0 for each in shown),
        payable_fen=payable_fen,
        earlier_fen=earlier_fen,
        totals=_totals(first, last, now, labs),
        groups=_utilisation_groups(year, last, now, labs),
        reasons=_reasons(actor, first, last),
        waiting=waiting_for_regulators(actor, now, [run for run, _ in runs]),
        seal=last_seal(),
    )


def _labs(actor: Actor, now: datetime) -> Sequence[int] | None:
    """The labs of the actor's divisions; None for a role for the whole platform. At most one statement."""
    if may(actor, "usage.see"):
        return None
    return db.session.scalars(select(Lab.id).where(labs_seen(actor, "usage.see", local_day(now)))).all()


def _runs(actor: Actor, first: Month) -> list[tuple[RewardRun, int]]:
    """Runs of these months and all that are not paid out, with what they counted in their own month."""
    query = (
        select(RewardRun, func.coalesce(func.sum(RewardLine.month_eligible_fen), 0))
        .outerjoin(RewardLine, RewardLine.run_id == RewardRun.id)
        .where(or_(RewardRun.month >= str(first), RewardRun.state.in_(RunState.not_paid())), runs_seen(actor))
        .group_by(RewardRun.id)
        .order_by(RewardRun.month)
    )
    return [(run, int(fen)) for run, fen in db.session.execute(query)]


def _revenue(
    first: Month, last: Month, runs: Sequence[tuple[RewardRun, int]], now: datetime, labs: Sequence[int] | None
) -> list[Revenue]:
    rows = db.session.execute(_recognised(labs is not None), asked(first, last, now, labs or ()))
    whole = {month: (int(fen), int(outside)) for month, fen, outside in rows}
    counted: dict[str, int] = {}
    for run, fen in runs:
        counted[run.month] = counted.get(run.month, 0) + fen
    found = []
    for month in first.through(last):
        whole_fen, outside_fen = whole.get(str(month), (0, 0))
        counted_fen = counted.get(str(month))
        found.append(Revenue(month=month, whole_fen=whole_fen, outside_fen=outside_fen, counted_fen=counted_fen))
    return found


@cache
def _recognised(narrowed: bool) -> Select[Any]:
    of = usage(narrowed=narrowed, whole=True)
    figures = sums(of)
    return select(of.c.month, figures["recognised_fen"], figures["outside_fen"]).group_by(of.c.month)


def _reasons(actor: Actor, first: Month, last: Month) -> dict[str, int]:
    """An entry's verdict is stored with the run of its own month, where it was new."""
    query = (
        select(RewardItem.reason, func.sum(RevenueEntry.amount_fen))
        .join(RewardRun, RewardRun.id == RewardItem.run_id)
        .join(RevenueEntry, RevenueEntry.id == RewardItem.entry_id)
        .where(
            RewardRun.month.between(str(first), str(last)),
            RevenueEntry.month == RewardRun.month,
            RewardItem.reason.is_not(None),
            runs_seen(actor),
        )
        .group_by(RewardItem.reason)
    )
    rows = ((reason, int(fen)) for reason, fen in db.session.execute(query))
    return dict(sorted(rows, key=lambda row: -row[1]))


def _totals(first: Month, last: Month, now: datetime, labs: Sequence[int] | None) -> Totals:
    given, narrowed = asked(first, last, now, labs or ()), labs is not None
    clients, smes = db.session.execute(_firms(narrowed), given).one()
    worked = db.session.execute(_worked(narrowed), given).one()._mapping
    return Totals(clients=clients, smes=int(smes), **{name: int(value or 0) for name, value in worked.items()})


@cache
def _firms(narrowed: bool) -> Select[Any]:
    return firms(served(narrowed=narrowed))


@cache
def _worked(narrowed: bool) -> Select[Any]:
    figures = sums(usage(narrowed=narrowed, whole=True))
    return select(
        (figures["used_minutes"] + figures["in_house_minutes"]).label("used_minutes"),
        figures["outside_minutes"],
        figures["tests"].label("finished"),
        figures["reported"],
        figures["on_time"],
    )


def _utilisation_groups(first: Month, last: Month, now: datetime, labs: Sequence[int] | None) -> list[int]:
    months = sum(1 for _ in first.through(last))
    counts = [0] * (len(BINS) + 1)
    for units, minutes in db.session.execute(
        _used_by_instrument(labs is not None), asked(first, last, now, labs or ())
    ):
        rate = Usage(used_minutes=int(minutes), units=units).utilisation(months) or Fraction(0)
        counts[next((group for group, edge in enumerate(BINS) if rate * 100 < edge), len(BINS))] += 1
    return counts


@cache
def _used_by_instrument(narrowed: bool) -> Select[Any]:
    of = usage(narrowed=narrowed)
    figures = sums(of)
    minutes = (figures["used_minutes"] + figures["in_house_minutes"]).label("minutes")
    used = select(of.c.instrument_id, minutes).group_by(of.c.instrument_id).subquery()
    return (
        select(Instrument.units, func.coalesce(used.c.minutes, 0))
        .outerjoin(used, used.c.instrument_id == Instrument.id)
        .where(Instrument.published, of_labs_asked(Instrument.lab_id) if narrowed else true())
    )
