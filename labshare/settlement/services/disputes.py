"""The client disputes what the lab did: opened, answered, settled by both sides or decided by an officer. While it is
open the booking's ledger entries are held (R-DISPUTE)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import exists, func, select

from labshare.audit.services import record
from labshare.booking.errors import IllegalStep
from labshare.booking.models import Booking
from labshare.booking.queries.bookings import sides
from labshare.booking.queries.loading import in_working_days
from labshare.booking.terms import BookingState
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import Problem, raise_all
from labshare.kernel.time import local_day
from labshare.kernel.verbs import verb
from labshare.organisations.permissions import check
from labshare.settlement.errors import (
    AnswerFirst,
    DisputeAnsweredAlready,
    DisputeTooLate,
    HeldAlready,
    NoNewGround,
    NoOpenDispute,
    NothingToDispute,
    NotWithAuthority,
    UnknownOutcome,
    WithAuthorityAlready,
    WordsMissing,
)
from labshare.settlement.files import TakenFile
from labshare.settlement.models import BookingHold, Dispute, Report
from labshare.settlement.rules.disputes import ANSWER_WITHIN, disputable, last_day, settles
from labshare.settlement.services.holds import check_impartial, place_hold
from labshare.settlement.services.ledger import locked_booking
from labshare.settlement.services.messages import say, text_problems
from labshare.settlement.services.notifications.disputes import (
    dispute_answered,
    dispute_decided,
    dispute_escalated,
    dispute_opened,
    dispute_outcome,
)
from labshare.settlement.terms import DisputeOutcome, DisputeState, DisputeStep, HoldCause, MessageSide


@verb("dispute.open", title=_l("Dispute opened"), money=True)
def open_dispute(*, actor: Actor, now: datetime, ref: str, text: str, files: Sequence[TakenFile] = ()) -> Dispute:
    """The client disputes the work; the lab has five working days to answer, and the booking's entries are held.

    Raises `WordsMissing`, `FileNotTaken` and the like, `NothingToDispute`, `DisputeTooLate`, `HeldAlready`,
    `NoNewGround`.
    """
    booking = locked_booking(actor, "dispute.open", ref=ref)
    _check_text(text, files)
    _check_open(booking, now)
    hold = place_hold(booking, HoldCause.DISPUTE, actor=actor, now=now)
    dispute = Dispute(
        booking_id=booking.id,
        hold_id=hold.id,
        state=DisputeState.OPEN,
        opened_by=actor.person_id,
        opened_at=now,
        answer_by=in_working_days(now, ANSWER_WITHIN),
    )
    db.session.add(dispute)
    db.session.flush()
    _say(booking, dispute, DisputeStep.OPENED, MessageSide.CLIENT, text, files, actor=actor, now=now)
    _record(booking, dispute, "dispute.open", actor=actor, now=now, after={"files": len(files)})
    dispute_opened(booking, dispute, actor=actor, now=now)
    return dispute


@verb("dispute.answer", title=_l("Dispute answered"), money=True)
def answer_dispute(*, actor: Actor, now: datetime, ref: str, text: str, files: Sequence[TakenFile] = ()) -> Dispute:
    """The lab answers. Raises `NoOpenDispute`, `DisputeAnsweredAlready`, `WithAuthorityAlready`, `WordsMissing`."""
    booking = locked_booking(actor, "dispute.answer", ref=ref)
    dispute = _the_open(booking)
    if dispute.with_authority:
        raise WithAuthorityAlready
    if dispute.answered_at is not None:
        raise DisputeAnsweredAlready
    _check_text(text, files)
    _answered(dispute, now)
    _say(booking, dispute, DisputeStep.ANSWERED, MessageSide.LAB, text, files, actor=actor, now=now)
    _record(booking, dispute, "dispute.answer", actor=actor, now=now, after={"files": len(files)})
    dispute_answered(booking, actor=actor, now=now)
    return dispute


@verb("dispute.settle", title=_l("Outcome of a dispute proposed or agreed"), money=True)
def settle_dispute(*, actor: Actor, now: datetime, ref: str, outcome: str, text: str = "") -> Dispute:
    """One side names an outcome. It is a proposal until the other side names the same; a client that asks for nothing
    ends the dispute alone (R-DISPUTE-4). Raises `NoOpenDispute`, `UnknownOutcome`."""
    booking = locked_booking(actor, "dispute.settle", ref=ref)
    dispute = _the_open(booking)
    known = DisputeOutcome.known(outcome)
    if known is None:
        raise UnknownOutcome
    raise_all(text_problems(text, ()))
    side = MessageSide(sides(actor, booking)[0])
    agreed = settles(side, known, offered=dispute.offered, offered_side=dispute.offered_side)
    if side == MessageSide.LAB and dispute.answered_at is None:
        _answered(dispute, now)
    before = {"outcome": dispute.offered}
    dispute.offered, dispute.offered_side = known, side
    step = DisputeStep.SETTLED if agreed else DisputeStep.OFFERED
    _say(booking, dispute, step, side, text or str(known.label), (), actor=actor, now=now)
    if agreed:
        _end(dispute, DisputeState.SETTLED, known, actor=actor, now=now)
    after = {"outcome": known, "by_both": agreed}
    _record(booking, dispute, "dispute.settle", actor=actor, now=now, before=before, after=after)
    dispute_outcome(booking, dispute, side, actor=actor, now=now)
    return dispute


@verb("dispute.escalate", title=_l("Dispute brought to the authority"), money=True)
def escalate_dispute(*, actor: Actor, now: datetime, ref: str) -> Dispute:
    """Either side brings it to the authority, once the lab has answered or its time is over. Raises `NoOpenDispute`,
    `WithAuthorityAlready`, `AnswerFirst`."""
    booking = locked_booking(actor, "dispute.escalate", ref=ref)
    dispute = _the_open(booking)
    if dispute.with_authority:
        raise WithAuthorityAlready
    if dispute.state == DisputeState.OPEN and not dispute.overdue_at(now):
        raise AnswerFirst(day=dispute.last_day)
    _escalate(booking, dispute, "dispute.escalate", actor=actor, now=now)
    return dispute


@verb("dispute.escalate_overdue", title=_l("Unanswered dispute brought to the authority"))
def escalate_overdue(*, actor: Actor, now: datetime, limit: int = 200) -> int:
    """Bring to the authority what its lab has not answered in time; how many. For the system alone."""
    check(actor, "dispute.escalate_overdue")
    due = db.session.scalars(
        select(Dispute).where(Dispute.overdue_at(now)).order_by(Dispute.answer_by).limit(limit).with_for_update()
    ).all()
    for dispute in due:
        _escalate(dispute.booking, dispute, "dispute.escalate_overdue", actor=actor, now=now)
    db.session.flush()
    return len(due)


@verb("dispute.decide", title=_l("Dispute decided"), money=True)
def decide_dispute(*, actor: Actor, now: datetime, ref: str, outcome: str, text: str) -> Dispute:
    """An officer decides with reasons; nobody of either firm does. Raises `NotAllowed`, `NoOpenDispute`,
    `NotWithAuthority`, `UnknownOutcome`, `WordsMissing`."""
    booking = locked_booking(actor, "dispute.decide", ref=ref)
    check_impartial(actor, booking)
    dispute = _the_open(booking)
    if not dispute.with_authority:
        raise NotWithAuthority
    known = DisputeOutcome.known(outcome)
    problems: list[Problem] = [] if known is not None else [UnknownOutcome()]
    problems += [WordsMissing()] if not text.strip() else list(text_problems(text, ()))
    raise_all(problems)
    assert known is not None  # noqa: S101 - raised above
    _say(booking, dispute, DisputeStep.DECIDED, MessageSide.AUTHORITY, text, (), actor=actor, now=now)
    _end(dispute, DisputeState.DECIDED, known, actor=actor, now=now)
    _record(booking, dispute, "dispute.decide", actor=actor, now=now, after={"outcome": known})
    dispute_decided(booking, dispute, actor=actor, now=now)
    return dispute


def _check_text(text: str, files: Sequence[TakenFile]) -> None:
    raise_all([*([] if text.strip() else [WordsMissing()]), *text_problems(text, files)])


def _check_open(booking: Booking, now: datetime) -> None:
    if booking.state in (BookingState.REQUESTED, BookingState.DECLINED):
        raise IllegalStep(state=BookingState(booking.state).label)
    if not disputable(booking.state, booking.charged_fen):
        raise NothingToDispute
    reported_on = db.session.scalar(select(func.max(Report.issued_on)).where(Report.booking_id == booking.id))
    ended_on = local_day(booking.ended_at) if booking.ended_at else None
    last = last_day(reported_on, booking.finished_on, ended_on)
    if last is not None and local_day(now) > last:
        raise DisputeTooLate(day=last)
    if db.session.scalar(select(BookingHold.is_on(booking.id))):
        raise HeldAlready
    ended = db.session.scalar(select(func.max(Dispute.ended_at)).where(Dispute.booking_id == booking.id))
    if ended is not None:
        since = exists().where(Report.booking_id == booking.id, Report.recorded_at > ended)
        if not db.session.scalar(select(since)):
            raise NoNewGround


def _the_open(booking: Booking) -> Dispute:
    dispute = db.session.scalar(
        select(Dispute).where(Dispute.booking_id == booking.id, Dispute.lasts).execution_options(populate_existing=True)
    )
    if dispute is None:
        raise NoOpenDispute
    return dispute


def _answered(dispute: Dispute, now: datetime) -> None:
    dispute.answered_at = now
    if dispute.state == DisputeState.OPEN:
        dispute.state = DisputeState.ANSWERED


def _escalate(booking: Booking, dispute: Dispute, action: str, *, actor: Actor, now: datetime) -> None:
    dispute.state, dispute.escalated_at = DisputeState.ESCALATED, now
    _record(booking, dispute, action, actor=actor, now=now)
    dispute_escalated(booking, actor=actor, now=now)


def _end(dispute: Dispute, state: DisputeState, outcome: DisputeOutcome, *, actor: Actor, now: datetime) -> None:
    """Over, and the booking's entries are held no more."""
    dispute.state, dispute.outcome = state, outcome
    dispute.ended_at, dispute.ended_by = now, actor.person_id
    dispute.hold.released_at, dispute.hold.released_by = now, actor.person_id
    db.session.flush()


def _say(
    booking: Booking,
    dispute: Dispute,
    step: DisputeStep,
    side: MessageSide,
    text: str,
    files: Sequence[TakenFile],
    *,
    actor: Actor,
    now: datetime,
) -> None:
    say(booking, side, text, files, actor=actor, now=now, dispute_id=dispute.id, step=step)


def _record(
    booking: Booking,
    dispute: Dispute,
    action: str,
    *,
    actor: Actor,
    now: datetime,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    record(actor, now, action, ("booking", booking.ref), before=before, after={"dispute": dispute.id, **(after or {})})
