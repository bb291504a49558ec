"""Calculating a month's run."""

from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, insert

from labshare.audit.services import record
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.months import Month
from labshare.kernel.verbs import verb
from labshare.organisations.permissions import check_anywhere
from labshare.rewards.errors import FutureMonth, RunClosed, RunNotOpen
from labshare.rewards.models import RewardCalculation, RewardLine, RewardRun
from labshare.rewards.queries.items import write_items
from labshare.rewards.queries.runs import Result, calculate_now, policies_seen, run_of
from labshare.rewards.services.common import add_participant, is_same, lock_run, policy_of, subject
from labshare.rewards.terms import RunAct, RunState


@verb("run.calculate", title=_l("Run calculated"), money=True)
def run_month(*, actor: Actor, now: datetime, month: Month, division: str | None = None) -> RewardRun:
    """Calculate the month's run, or calculate it again until it is published. A repeat changes nothing but `…_at`.

    One run a month and division, whoever calls and from how many hosts: the second waits, or is told `RunRunning`.
    Raises `FutureMonth` for a month not over, `NoPolicy`, `RunNotOpen` in public notice, `RunClosed` once approved.
    """
    check_anywhere(actor, "run.calculate")
    if now < month.ends_at():
        raise FutureMonth(month=month)
    policy = policy_of(month, division, policies_seen(actor, "run.calculate"))
    lock_run(policy.division, month)
    run = run_of(policy.division, month)
    if run is not None and run.state == RunState.PUBLISHED:
        raise RunNotOpen
    if run is not None and run.state != RunState.CALCULATED:
        raise RunClosed
    before = _figures(run)
    result = calculate_now(policy, month, compare=True, known_at=now)
    if run is None:
        run = RewardRun(
            division=policy.division, month=str(month), state=RunState.CALCULATED, calculation=1, publicity=0
        )
        _take(run, result, actor, now)
        db.session.add(run)
        db.session.flush()
        _write(run, result, anew=False)
    elif not is_same(run, result):
        run.calculation += 1
        _take(run, result, actor, now)
        db.session.flush()
        _write(run, result, anew=True)
    else:
        run.calculated_at, run.calculated_by = now, actor.person_id
    add_participant(run, actor, RunAct.CALCULATED, now)
    record(actor, now, "run.calculate", subject(run), before=before, after=_figures(run))
    db.session.flush()
    return run


def _take(run: RewardRun, result: Result, actor: Actor, now: datetime) -> None:
    run.policy_id = result.policy.id
    run.digest = result.digest
    run.verdicts = result.month_facts.check
    run.total_payable_fen = result.calculation.total_payable_fen
    run.to_reclaim = result.to_reclaim
    run.calculated_at, run.calculated_by = now, actor.person_id


def _write(run: RewardRun, result: Result, *, anew: bool) -> None:
    """The lines, the verdicts, and the figures kept to show the next difference."""
    facts = result.month_facts
    month_eligible = {
        code: sum(one.month_fen for one in found if one.reason is None) for code, found in facts.facts.verdicts.items()
    }
    if anew:
        db.session.execute(delete(RewardLine).where(RewardLine.run_id == run.id))
    rows = [
        {
            "run_id": run.id,
            "lab_id": facts.lab_ids[line.code],
            "firm_id": facts.firm_ids[line.code],
            "grade": line.grade,
            "month_eligible_fen": month_eligible.get(line.code, 0),
            "eligible_ytd_fen": line.eligible_ytd_fen,
            "entitlement_ytd_fen": line.entitlement_ytd_fen,
            "cut_fen": line.uncapped_fen - line.entitlement_ytd_fen,
            "paid_before_fen": line.paid_fen,
            "opening_fen": line.opening_fen,
            "payable_fen": line.payable_fen,
            "recoverable_fen": line.recoverable_fen,
            "why": line.why_zero,
            "trace": list(line.trace),
        }
        for line in result.calculation.lines
    ]
    if rows:
        db.session.execute(insert(RewardLine), rows)
    write_items(facts.scope, facts.approved, run.id, changed=facts.changed, anew=anew)
    db.session.add(
        RewardCalculation(
            run_id=run.id,
            number=run.calculation,
            calculated_at=run.calculated_at,
            calculated_by=run.calculated_by,
            total_payable_fen=run.total_payable_fen,
            lines={
                line.code: {
                    "payable": line.payable_fen,
                    "eligible": line.eligible_ytd_fen,
                    "month": month_eligible.get(line.code, 0),
                }
                for line in result.calculation.lines
            },
        )
    )


def _figures(run: RewardRun | None) -> dict[str, object] | None:
    if run is None:
        return None
    return {"calculation": run.calculation, "total_payable_fen": run.total_payable_fen, "digest": run.digest}
