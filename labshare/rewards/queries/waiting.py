"""What of rewards waits for a regulator: counts, as selects for `oversight.waiting`."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, func, not_, select

from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.terms import OfficialRole
from labshare.organisations.permissions import visible
from labshare.rewards.models import Correction, Objection, Policy, RewardRun
from labshare.rewards.queries.runs import policies_seen, runs_seen
from labshare.rewards.terms import RunState
from labshare.settlement.queries.contests import whose_turn


def objections_waiting(actor: Actor, now: Any, *, role: OfficialRole) -> Select[Any]:
    """Objections that nobody has answered, the county's officers' or, late, its approvers'; to other regulators those
    that they see."""
    late: Any = Objection.late_at(now)
    turn = late if role == OfficialRole.APPROVER else not_(late)
    if role in actor.roles:
        turn = whose_turn(actor, role, division=RewardRun.division, late=late)
    return select(func.count(Objection.id)).join(Objection.run).where(Objection.unanswered, turn, runs_seen(actor))


def policies(actor: Actor, *, published: bool) -> Select[Any]:
    """Policies published, or drafts to publish."""
    return (
        select(func.count())
        .select_from(Policy)
        .where(Policy.published if published else Policy.draft, policies_seen(actor))
    )


def corrections_waiting(actor: Actor) -> Select[Any]:
    """Corrections for officers: the system's to take up, and those that another one proposed and that need nobody
    before."""
    others = Correction.proposed_by.is_distinct_from(actor.person_id)
    return _corrections(actor).where(others, not_(Correction.unconfirmed))


def corrections_to_confirm(actor: Actor) -> Select[Any]:
    """Corrections of another amount than the system's, for the approver."""
    return _corrections(actor).where(Correction.unconfirmed)


def _corrections(actor: Actor) -> Select[Any]:
    seen = visible(actor, "run.see", division=Correction.division)
    return select(func.count()).select_from(Correction).where(Correction.undecided, seen)


def runs_waiting(actor: Actor, runs: Sequence[RewardRun] | None = None) -> list[RewardRun]:
    """Runs that are not paid out, the oldest first, of all or of these."""
    if runs is None:
        runs = db.session.scalars(
            select(RewardRun).where(RewardRun.state.in_(RunState.not_paid()), runs_seen(actor))
        ).all()
    return sorted((run for run in runs if run.state in RunState.not_paid()), key=lambda run: run.month)
