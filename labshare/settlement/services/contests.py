"""The client contests a document; a regulator decides. Meanwhile the booking's ledger entries are held (R-CONTEST)."""

from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from labshare.audit.services import record
from labshare.booking.models import Booking
from labshare.booking.queries.loading import in_working_days
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import Problem, ReasonRequired, raise_all
from labshare.kernel.verbs import verb
from labshare.organisations.permissions import check
from labshare.settlement.errors import (
    ContestedAlready,
    ContestPassedOn,
    ContestTooLate,
    ContestWithOfficer,
    HeldAlready,
    NoOpenContest,
    UnknownDocument,
    VerdictMissing,
)
from labshare.settlement.models import Contest
from labshare.settlement.queries.contests import contestable, decides_contest
from labshare.settlement.rules.contests import DECIDE_WITHIN, read_document
from labshare.settlement.services.holds import NOTE_LENGTH, check_impartial, lasting_hold, place_hold
from labshare.settlement.services.ledger import locked_booking
from labshare.settlement.services.notifications.contests import contest_decided, contest_passed_on, document_contested
from labshare.settlement.services.typed_text import check_text
from labshare.settlement.terms import ContestVerdict, HoldCause


@verb("contest.raise", title=_l("Document contested"), money=True)
def contest_document(*, actor: Actor, now: datetime, ref: str, document: str, reason: str) -> Contest:
    """The client contests a report, an invoice or a payment, named like `payment-7`, within ten working days of its
    recording; the booking's entries are held until a regulator decides.

    Raises `ReasonRequired`, `ReasonTooLong`, `UnknownDocument`, `ContestedAlready`, `ContestTooLate`, `HeldAlready`.
    """
    booking = locked_booking(actor, "contest.raise", ref=ref)
    problems: list[Problem] = [] if reason.strip() else [ReasonRequired("reason")]
    if problem := check_text(reason, NOTE_LENGTH, "reason"):
        problems.append(problem)
    named = read_document(document)
    known = {(each.kind, each.id): each for each in contestable(actor, booking)}
    found = known.get(named) if named else None
    if found is None:
        problems.append(UnknownDocument())
    raise_all(problems)
    assert found is not None  # noqa: S101 - raised above
    if found.contested:
        raise ContestedAlready
    if lasting_hold(booking) is not None:
        raise HeldAlready
    if not found.open_at(now):
        raise ContestTooLate(day=found.last_day)
    hold = place_hold(booking, HoldCause.CONTEST, actor=actor, now=now)
    contest = Contest(
        booking_id=booking.id,
        hold_id=hold.id,
        kind=found.kind,
        document_id=found.id,
        reason=reason.strip(),
        contested_by=actor.person_id,
        contested_at=now,
        decide_by=in_working_days(now, DECIDE_WITHIN),
    )
    db.session.add(contest)
    db.session.flush()
    after = {"contest": contest.id, "contested": contest.document, "reason": contest.reason}
    record(actor, now, "contest.raise", ("booking", ref), after=after)
    document_contested(booking, contest, actor=actor, now=now)
    return contest


@verb("contest.decide", title=_l("Contest of a document decided"), money=True)
def decide_contest(*, actor: Actor, now: datetime, ref: str, verdict: str, note: str) -> Contest:
    """A regulator of neither firm decides with reasons: an officer of the county within twenty working days, afterwards
    its approver; an officer of a division that contains the county at any time. Dismissed, the booking counts again;
    upheld, it stays suspended until an officer ends that (R-HOLD-2).

    Raises `NotAllowed`, `NoOpenContest`, `ContestPassedOn`, `ContestWithOfficer`, `VerdictMissing`, `ReasonRequired`.
    """
    booking = locked_booking(actor, "contest.decide", ref=ref)
    check_impartial(actor, booking)
    contest = _the_open(booking)
    if not decides_contest(actor, contest, booking.division, now):
        raise ContestPassedOn if contest.late_at(now) else ContestWithOfficer(day=contest.last_day)
    known = ContestVerdict.known(verdict)
    problems: list[Problem] = [] if known is not None else [VerdictMissing()]
    if not note.strip():
        problems.append(ReasonRequired("note"))
    elif problem := check_text(note, NOTE_LENGTH, "note"):
        problems.append(problem)
    raise_all(problems)
    contest.verdict, contest.note = known, note.strip()
    contest.decided_by, contest.decided_at = actor.person_id, now
    contest.hold.released_at, contest.hold.released_by = now, actor.person_id
    db.session.flush()
    after = {"contest": contest.id, "verdict": contest.verdict, "note": contest.note}
    if known == ContestVerdict.UPHELD:
        after["hold"] = place_hold(booking, HoldCause.SUSPENSION, actor=actor, now=now, note=note).id
    record(actor, now, "contest.decide", ("booking", ref), after=after)
    contest_decided(booking, contest, actor=actor, now=now)
    return contest


@verb("contest.pass_on", title=_l("Undecided contest passed on"))
def pass_on_contests(*, actor: Actor, now: datetime, limit: int = 200) -> int:
    """Tell those who decide it now of each contest that the county's officers have not decided in time, once; how many.
    For the system alone."""
    check(actor, "contest.pass_on")
    due = db.session.scalars(
        select(Contest)
        .where(Contest.late_at(now), Contest.passed_on_at.is_(None))
        .order_by(Contest.decide_by)
        .limit(limit)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).all()
    for contest in due:
        contest.passed_on_at = now
        record(actor, now, "contest.pass_on", ("booking", contest.booking.ref), after={"contest": contest.id})
        contest_passed_on(contest.booking, contest, now=now)
    db.session.flush()
    return len(due)


def _the_open(booking: Booking) -> Contest:
    contest = db.session.scalar(
        select(Contest)
        .where(Contest.booking_id == booking.id, Contest.undecided)
        .execution_options(populate_existing=True)
    )
    if contest is None:
        raise NoOpenContest
    return contest
