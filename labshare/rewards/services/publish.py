"""Publishing a run, which closes its month; sending it back, which opens it again."""

from datetime import datetime

from flask_babel import lazy_gettext as _l

from labshare.audit.services import record
from labshare.booking.queries.loading import working_days
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import ReasonRequired
from labshare.kernel.months import Month
from labshare.kernel.time import local_day, start_of_day
from labshare.kernel.verbs import verb
from labshare.notices.services import notify
from labshare.organisations.permissions import check_anywhere
from labshare.organisations.terms import FirmRole
from labshare.rewards.errors import FutureMonth, ResultChanged, RunClosed, RunNotOpen, WrongState
from labshare.rewards.models import RewardRun
from labshare.rewards.queries.runs import lines_of, rules_of, runs_seen
from labshare.rewards.rules.notice_period import notice_over_on
from labshare.rewards.services import notifications  # noqa: F401 - registers the words of the notices
from labshare.rewards.services.common import add_participant, calculated_now, subject, the_run
from labshare.rewards.terms import RunAct, RunState
from labshare.settlement.queries.closed import closed_months
from labshare.settlement.services.months import close_month, reopen_month


@verb("run.publish", title=_l("Public notice begun"), money=True)
def publish(*, actor: Actor, now: datetime, month: Month, division: str | None = None) -> RewardRun:
    """Put the run on public notice and close its month.

    Raises `FutureMonth`, `RunNotOpen` when it is published already, `RunClosed`, and `ResultChanged` unless
    calculating now gives the same result.
    """
    check_anywhere(actor, "run.publish")
    if now < month.ends_at():
        raise FutureMonth(month=month)
    run = the_run(month, division, runs_seen(actor, "run.publish"))
    if run.state == RunState.PUBLISHED:
        raise RunNotOpen
    if run.state != RunState.CALCULATED:
        raise RunClosed
    _result, same = calculated_now(run, month, now)
    if not same:
        raise ResultChanged
    policy = rules_of(run.policy)
    over_on = notice_over_on(local_day(now), policy.publicity_working_days, working_days().is_working_day)
    run.state = RunState.PUBLISHED
    run.publicity += 1
    run.published_at, run.published_by = now, actor.person_id
    run.publicity_ends_at = start_of_day(over_on)
    add_participant(run, actor, RunAct.PUBLISHED, now)
    if not closed_months().has(run.division, month):
        close_month(actor=actor, now=now, month=month, division=run.division)
    record(
        actor,
        now,
        "run.publish",
        subject(run),
        before={"state": RunState.CALCULATED},
        after={"state": RunState.PUBLISHED, "publicity": run.publicity, "ends_at": run.publicity_ends_at.isoformat()},
    )
    db.session.flush()
    for firm_id in sorted({line.firm_id for line in lines_of(run.id)}):
        notify(
            kind="reward.published",
            now=now,
            params={"month": month, "until": run.publicity_ends_at},
            url=f"/lab/rewards/{month}",
            firm_id=firm_id,
            roles=(FirmRole.OWNER, FirmRole.LAB_MANAGER, FirmRole.ACCOUNTANT),
            but=actor.person_id,
        )
    return run


@verb("run.send_back", title=_l("Run sent back"), money=True)
def send_back(*, actor: Actor, now: datetime, month: Month, reason: str, division: str | None = None) -> RewardRun:
    """Take a run out of public notice, with a reason: its month opens again, and public notice will start anew.

    For what no objection brings up: a flag confirmed in public notice, an earlier month approved after the calculation.
    Raises `ReasonRequired`, `WrongState` unless it is in public notice.
    """
    check_anywhere(actor, "run.publish")
    if not reason.strip():
        raise ReasonRequired
    run = the_run(month, division, runs_seen(actor, "run.publish"))
    return return_to_calculation(run, month, actor=actor, now=now, cause={"reason": reason.strip()})


def return_to_calculation(
    run: RewardRun, month: Month, *, actor: Actor, now: datetime, cause: dict[str, object]
) -> RewardRun:
    """`published` → `calculated`; the month opens for the division's bookings."""
    if run.state != RunState.PUBLISHED:
        raise WrongState(state=run.state)
    run.state = RunState.CALCULATED
    run.published_at = run.published_by = run.publicity_ends_at = None
    db.session.flush()
    if closed_months().has(run.division, month):
        reopen_month(actor=actor, now=now, month=month, division=run.division)
    record(
        actor,
        now,
        "run.send_back",
        subject(run),
        before={"state": RunState.PUBLISHED},
        after={"state": RunState.CALCULATED} | cause,
    )
    return run
