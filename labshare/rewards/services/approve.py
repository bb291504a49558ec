"""Approving a run, by another person, when every condition holds; paying it out."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from flask_babel import lazy_gettext as _l

from labshare.audit.services import record
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import Problem, raise_all
from labshare.kernel.months import Month
from labshare.kernel.terms import OfficialRole
from labshare.kernel.time import local_day
from labshare.kernel.verbs import verb
from labshare.notices.services import notify
from labshare.organisations.permissions import check_anywhere
from labshare.organisations.terms import FirmRole
from labshare.rewards.errors import (
    EarlierMonthOpen,
    ObjectionOpen,
    PaidBeforeApproval,
    PaidInFuture,
    PublicNoticeLasts,
    RecalculateFirst,
    ReferenceRequired,
    ResultChanged,
    SamePerson,
    WrongState,
)
from labshare.rewards.models import RewardRun
from labshare.rewards.queries.runs import (
    first_unapproved,
    last_approval_before,
    lines_of,
    open_objections,
    participants,
    runs_seen,
)
from labshare.rewards.services.common import calculated_now, subject, the_run
from labshare.rewards.terms import ApprovalCondition, RunState


@dataclass(frozen=True)
class Condition:
    """One thing that must hold before a run can be approved; `problem` says what is amiss, None where it holds."""

    name: ApprovalCondition
    problem: Problem | None

    @property
    def holds(self) -> bool:
        return self.problem is None


def on_public_notice(run: RewardRun, _actor: Actor, _now: datetime) -> Problem | None:
    return None if run.state == RunState.PUBLISHED else WrongState(state=run.state)


def notice_is_over(run: RewardRun, _actor: Actor, now: datetime) -> Problem | None:
    """00:00 after the policy's number of full working days."""
    if run.publicity_ends_at is None or not run.in_notice_at(now):
        return None
    return PublicNoticeLasts(date=local_day(run.publicity_ends_at) - timedelta(days=1))


def no_objection_is_open(run: RewardRun, _actor: Actor, _now: datetime) -> Problem | None:
    number = open_objections(run.id)
    return ObjectionOpen(n=number) if number else None


def earlier_months_are_approved(run: RewardRun, _actor: Actor, _now: datetime) -> Problem | None:
    """Of earlier windows too."""
    first = first_unapproved(run.division, Month.parse(run.month))
    return EarlierMonthOpen(month=first) if first else None


def calculated_after_them(run: RewardRun, _actor: Actor, _now: datetime) -> Problem | None:
    last = last_approval_before(run.division, Month.parse(run.month))
    return RecalculateFirst() if last is not None and run.calculated_at < last else None


def result_is_the_same(run: RewardRun, _actor: Actor, now: datetime) -> Problem | None:
    """Calculating now gives the same."""
    return None if calculated_now(run, Month.parse(run.month), now)[1] else ResultChanged()


def another_person(run: RewardRun, actor: Actor, _now: datetime) -> Problem | None:
    """Nobody who ever calculated or published it."""
    return SamePerson() if actor.person_id in participants(run.id) else None


CHECKS: dict[ApprovalCondition, Callable[[RewardRun, Actor, datetime], Problem | None]] = {
    ApprovalCondition.ON_PUBLIC_NOTICE: on_public_notice,
    ApprovalCondition.ANOTHER_PERSON: another_person,
    ApprovalCondition.NOTICE_IS_OVER: notice_is_over,
    ApprovalCondition.NO_OBJECTION_IS_OPEN: no_objection_is_open,
    ApprovalCondition.EARLIER_MONTHS_ARE_APPROVED: earlier_months_are_approved,
    ApprovalCondition.CALCULATED_AFTER_THEM: calculated_after_them,
    ApprovalCondition.RESULT_IS_THE_SAME: result_is_the_same,
}


def conditions(run: RewardRun, actor: Actor, now: datetime, *, cheap: bool = False) -> list[Condition]:
    """Each condition with ✓ or ✗, for the page. `cheap` leaves out calculating again."""
    return [
        Condition(name, asked(run, actor, now))
        for name, asked in CHECKS.items()
        if not (cheap and name == ApprovalCondition.RESULT_IS_THE_SAME)
    ]


@verb("run.approve", title=_l("Run approved"), money=True)
def approve(*, actor: Actor, now: datetime, month: Month, division: str | None = None) -> RewardRun:
    """Approve a published run. From here on the database refuses any change to it.

    Raises the first condition's problem that does not hold: `WrongState`, `SamePerson`, `PublicNoticeLasts`,
    `ObjectionOpen`, `EarlierMonthOpen`, `RecalculateFirst`, `ResultChanged`.
    """
    check_anywhere(actor, "run.approve")
    run = the_run(month, division, runs_seen(actor, "run.approve"))
    for asked in CHECKS.values():
        problem = asked(run, actor, now)
        if problem is not None:
            raise problem
    run.state = RunState.APPROVED
    run.approved_at, run.approved_by = now, actor.person_id
    record(
        actor,
        now,
        "run.approve",
        subject(run),
        before={"state": RunState.PUBLISHED},
        after={"state": RunState.APPROVED, "total_payable_fen": run.total_payable_fen, "digest": run.digest},
    )
    db.session.flush()
    notify(
        kind="reward.approved",
        now=now,
        params={"month": month, "total_fen": run.total_payable_fen},
        url=f"/regulator/rewards/{month}",
        regulators=(OfficialRole.OFFICER,),
        division=run.division,
        but=actor.person_id,
    )
    return run


@verb("run.pay", title=_l("Payout recorded"), money=True)
def pay(
    *, actor: Actor, now: datetime, month: Month, paid_on: date, reference: str, division: str | None = None
) -> RewardRun:
    """Record that an approved run was paid out, with the day and the reference of the payment.

    Raises `WrongState`, `PaidInFuture`, `PaidBeforeApproval`, `ReferenceRequired`.
    """
    check_anywhere(actor, "run.pay")
    run = the_run(month, division, runs_seen(actor, "run.pay"))
    if run.state != RunState.APPROVED or run.approved_at is None:
        raise WrongState(state=run.state)
    problems: list[Problem] = []
    if paid_on > local_day(now):
        problems.append(PaidInFuture())
    if paid_on < local_day(run.approved_at):
        problems.append(PaidBeforeApproval())
    if not reference.strip() or len(reference) > 100:
        problems.append(ReferenceRequired())
    raise_all(problems)
    run.state, run.paid_on, run.paid_by = RunState.PAID, paid_on, actor.person_id
    run.payment_reference = reference.strip()
    record(
        actor,
        now,
        "run.pay",
        subject(run),
        before={"state": RunState.APPROVED},
        after={"state": RunState.PAID, "paid_on": paid_on.isoformat(), "reference": run.payment_reference},
    )
    db.session.flush()
    by_firm: dict[int, int] = {}
    for line in lines_of(run.id):
        by_firm[line.firm_id] = by_firm.get(line.firm_id, 0) + line.payable_fen
    for firm_id, fen in sorted(by_firm.items()):
        if fen:
            notify(
                kind="reward.paid",
                now=now,
                params={"month": month, "payable_fen": fen, "reference": run.payment_reference},
                url=f"/lab/rewards/{month}",
                firm_id=firm_id,
                roles=(FirmRole.OWNER, FirmRole.ACCOUNTANT),
                but=actor.person_id,
            )
    return run
