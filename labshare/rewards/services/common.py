"""What several verbs of the room need."""

import zlib
from datetime import datetime

from sqlalchemy import ColumnElement, text

from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.months import Month
from labshare.rewards.errors import NoPolicy, NoRun, RunRunning
from labshare.rewards.models import Policy, RewardRun, RewardRunParticipant
from labshare.rewards.queries.runs import Result, calculate_now, find_policy, find_run
from labshare.rewards.terms import RunAct
from labshare.settlement.services.ledger import hold_months


def policy_of(month: Month, division: str | None = None, seen: ColumnElement[bool] | None = None) -> Policy:
    """The policy in force, of those `seen`; without a division the only one, or that of the platform's own division.

    Raises `NoPolicy`.
    """
    policy = find_policy(month, division, seen)
    if policy is None:
        raise NoPolicy(month=month)
    return policy


def the_run(month: Month, division: str | None = None, seen: ColumnElement[bool] | None = None) -> RewardRun:
    """The month's run, of those `seen`, locked until the transaction ends, so that two persons act one after the other.

    Raises `NoRun`.
    """
    run = find_run(month, division, seen)
    if run is None:
        raise NoRun(month=month)
    lock_run(run.division, month)
    db.session.refresh(run)
    return run


def lock_run(division: str, month: Month) -> None:
    """Only one host works at a run, and no document is recorded meanwhile. Raises `RunRunning`.

    On SQLite writers queue anyway.
    """
    if db.session.connection().dialect.name == "postgresql":
        key = zlib.crc32(f"reward run {division} {month}".encode())
        if not db.session.scalar(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": key}):
            raise RunRunning
        db.session.execute(text("SET LOCAL work_mem = '128MB'"))
    hold_months(alone=True)


def is_same(run: RewardRun, result: Result) -> bool:
    """Whether calculating now gave what the run says: every figure, every trace, every single verdict."""
    return run.digest == result.digest


def calculated_now(run: RewardRun, month: Month, now: datetime) -> tuple[Result, bool]:
    """Calculate the run's month again, and whether it is the same. Once published it is judged by what was recorded
    before (R-RUN-9): what comes during the public notice counts from the next run."""
    result = calculate_now(policy_of(month, run.division), month, compare=True, known_at=run.published_at or now)
    return result, is_same(run, result)


def add_participant(run: RewardRun, actor: Actor, act: RunAct, now: datetime) -> None:
    """Remember who calculated or published: none of them may approve. The scheduler is nobody, and frees nobody."""
    if actor.person_id is None:
        return
    if db.session.get(RewardRunParticipant, (run.id, actor.person_id, act)) is None:
        db.session.add(RewardRunParticipant(run_id=run.id, person_id=actor.person_id, act=act, at=now))


def subject(run: RewardRun) -> tuple[str, str]:
    """The run's name in the audit trail."""
    return "reward_run", f"{run.division}-{run.month}"
