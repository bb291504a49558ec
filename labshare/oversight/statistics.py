"""Public statistics of a month: what anyone may see (R-USAGE-4). No revenue, few clients suppressed."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from labshare.catalogue.models import Instrument, Lab, TestItem
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.months import Month
from labshare.kernel.terms import OfficialRole
from labshare.oversight.figures import on_offer
from labshare.oversight.queries import UsageReport, usage_report
from labshare.rewards.models import RewardLine, RewardRun
from labshare.rewards.terms import RunState

ANYONE = Actor(roles=frozenset({OfficialRole.AUDITOR}), divisions=frozenset({(OfficialRole.AUDITOR, "")}))
"""Counting over all labs reads with an auditor's eyes; only what this module returns goes out."""


@dataclass(frozen=True)
class Statistics:
    month: Month
    labs: int
    instruments: int
    test_items: int
    by_lab: UsageReport
    by_instrument: UsageReport
    rewards: dict[int, int] | None
    """Lab → payable fen, once the month's run is published; None before."""


def statistics(month: Month, now: datetime) -> Statistics:
    counts = db.session.execute(
        select(
            *(
                select(func.count()).select_from(kind).where(on_offer(kind)).scalar_subquery()
                for kind in (Lab, Instrument, TestItem)
            )
        )
    ).one()
    return Statistics(
        month,
        *counts,
        by_lab=usage_report(ANYONE, "lab", month, month, now),
        by_instrument=usage_report(ANYONE, "instrument", month, month, now),
        rewards=_rewards(month),
    )


def _rewards(month: Month) -> dict[int, int] | None:
    run_ids = select(RewardRun.id).where(RewardRun.month == str(month), RewardRun.state.in_(RunState.public()))
    rows = db.session.execute(
        select(RewardLine.lab_id, func.sum(RewardLine.payable_fen))
        .where(RewardLine.run_id.in_(run_ids))
        .group_by(RewardLine.lab_id)
    ).all()
    return {lab: int(fen) for lab, fen in rows} if rows else None
