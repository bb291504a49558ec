"""The lifecycle of a booking: one table, state × verb → state, and who may take the step (R-BOOKING-1).

An illegal step raises `IllegalStep`. Deadlines of requests and proposals stand below the table.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from labshare.booking.errors import IllegalStep
from labshare.booking.rules.time import WorkingDays
from labshare.booking.terms import BookingState, Party
from labshare.kernel.money import Fen
from labshare.kernel.time import local_day, start_of_day

NO_SHOW_AFTER = timedelta(minutes=60)
"""A no-show can be recorded from this long after the start."""

WORKING_DAYS_TO_ANSWER = 2
"""Public working days that follow a request or a proposal before it lapses."""

WORKING_DAYS_TO_REGISTER = 5
"""The same for a booking that a lab made for a firm that is not registered yet, which must be verified first."""

HOLD_FOR = timedelta(minutes=10)
"""How long a slot is held while the form is filled in."""


@dataclass(frozen=True)
class Step:
    """`verb` taken by `who` leads from `state` to `to`."""

    state: BookingState
    verb: str
    to: BookingState
    who: frozenset[str]


def _steps() -> tuple[Step, ...]:
    s, lab, client, system = BookingState, Party.LAB, Party.CLIENT, Party.SYSTEM
    table: tuple[tuple[BookingState, str, BookingState, tuple[Party, ...]], ...] = (
        (s.REQUESTED, "confirm", s.CONFIRMED, (lab,)),
        (s.REQUESTED, "decline", s.DECLINED, (lab,)),
        (s.REQUESTED, "lapse", s.DECLINED, (system,)),
        # a client's move: back to `requested` where the lab confirms by hand, see `state_after_move`
        (s.REQUESTED, "reschedule", s.REQUESTED, (client,)),
        (s.CONFIRMED, "reschedule", s.REQUESTED, (client,)),
        # a lab's move needs the client's yes
        (s.REQUESTED, "propose", s.REQUESTED, (lab,)),
        (s.CONFIRMED, "propose", s.CONFIRMED, (lab,)),
        (s.RECEIVED, "propose", s.RECEIVED, (lab,)),
        (s.REQUESTED, "accept_proposal", s.CONFIRMED, (client,)),
        (s.CONFIRMED, "accept_proposal", s.CONFIRMED, (client,)),
        (s.RECEIVED, "accept_proposal", s.RECEIVED, (client,)),
        (s.REQUESTED, "decline_proposal", s.REQUESTED, (client,)),
        (s.CONFIRMED, "decline_proposal", s.CONFIRMED, (client,)),
        (s.RECEIVED, "decline_proposal", s.RECEIVED, (client,)),
        (s.REQUESTED, "remind", s.REQUESTED, (lab,)),
        (s.CONFIRMED, "remind", s.CONFIRMED, (lab,)),
        (s.RECEIVED, "remind", s.RECEIVED, (lab,)),
        (s.REQUESTED, "move_unit", s.REQUESTED, (lab,)),
        (s.CONFIRMED, "move_unit", s.CONFIRMED, (lab,)),
        (s.RECEIVED, "move_unit", s.RECEIVED, (lab,)),
        (s.REQUESTED, "cancel", s.CANCELLED, (client, lab)),
        (s.CONFIRMED, "cancel", s.CANCELLED, (client, lab)),
        (s.RECEIVED, "cancel", s.CANCELLED, (lab,)),
        (s.CONFIRMED, "no_show", s.NO_SHOW, (lab,)),
        (s.CONFIRMED, "receive", s.RECEIVED, (lab,)),
        (s.RECEIVED, "start", s.TESTING, (lab,)),
        (s.TESTING, "pause", s.TESTING, (lab,)),
        (s.TESTING, "resume", s.TESTING, (lab,)),
        (s.TESTING, "lengthen", s.TESTING, (system,)),
        (s.TESTING, "finish", s.TESTED, (lab,)),
        # documents move a finished booking; the settlement room decides when
        (s.TESTED, "report", s.REPORTED, (system,)),
        (s.TESTED, "settle", s.SETTLED, (system,)),
        (s.REPORTED, "settle", s.SETTLED, (system,)),
        (s.REPORTED, "lose_report", s.TESTED, (system,)),
        (s.SETTLED, "unsettle", s.REPORTED, (system,)),
        (s.SETTLED, "lose_report", s.TESTED, (system,)),
    )
    steps = [Step(state, verb, to, frozenset(who)) for state, verb, to, who in table]
    for state in s.in_hand():
        steps.append(Step(state, "assign", state, frozenset({lab})))
    for state in s.at_work():
        steps.append(Step(state, "extra", state, frozenset({lab})))
    for state in s.samples_there():
        steps.append(Step(state, "store", state, frozenset({lab})))
    for state in (s.CONFIRMED, *s.samples_there()):
        steps.append(Step(state, "photo", state, frozenset({lab})))
    for state in (s.CONFIRMED, s.RECEIVED, s.TESTING, s.TESTED, s.REPORTED, s.SETTLED):
        steps.append(Step(state, "charge", state, frozenset({lab})))
        steps.append(Step(state, "answer_charge", state, frozenset({client})))
    for state in s.over_with_fee():  # the lab may waive the fee
        steps.append(Step(state, "charge", state, frozenset({lab})))
    return tuple(steps)


STEPS = _steps()
_TABLE = {(step.state, step.verb): step for step in STEPS}


ACTIONS = {
    "confirm": "booking.confirm",
    "decline": "booking.decline",
    "reschedule": "booking.reschedule",
    "propose": "booking.propose",
    "accept_proposal": "booking.answer_proposal",
    "decline_proposal": "booking.answer_proposal",
    "remind": "booking.remind_client",
    "move_unit": "booking.work",
    "cancel": "booking.cancel",
    "no_show": "booking.work",
    "receive": "booking.work",
    "store": "booking.work",
    "photo": "booking.work",
    "assign": "booking.work",
    "start": "booking.work",
    "pause": "booking.work",
    "resume": "booking.work",
    "finish": "booking.work",
    "extra": "booking.work",
    "charge": "charge.propose",
    "answer_charge": "charge.consent",
}
"""The permission that a step of the lifecycle needs."""


def next_state(state: BookingState | str, verb: str, who: str) -> BookingState:
    """The state after `verb` taken by `who`. Raises `IllegalStep`."""
    step = _TABLE.get((BookingState(state), verb))
    if step is None or who not in step.who:
        raise IllegalStep(state=BookingState(state).label)
    return step.to


def possible(state: BookingState | str, who: str) -> tuple[str, ...]:
    """The verbs that `who` may take from `state`, in the order of the table."""
    return tuple(step.verb for step in STEPS if step.state == state and who in step.who)


def first_state(automatic: bool) -> BookingState:
    """A lab that confirms automatically skips `requested`."""
    return BookingState.CONFIRMED if automatic else BookingState.REQUESTED


def state_after_move(state: BookingState | str, automatic: bool) -> BookingState:
    """Where a client's move leads. Raises `IllegalStep` after `confirmed`."""
    next_state(state, "reschedule", Party.CLIENT)
    return first_state(automatic)


def state_of_documents(report_stands: bool, *, charged_fen: Fen, invoiced_fen: Fen, paid_fen: Fen) -> BookingState:
    """`settled` holds while charged = invoiced = paid and a report stands (R-BOOKING-10)."""
    if not report_stands:
        return BookingState.TESTED
    return BookingState.SETTLED if charged_fen == invoiced_fen == paid_fen else BookingState.REPORTED


def answer_by(asked_at: datetime, *, starts_at: datetime, days: WorkingDays, zone: ZoneInfo) -> datetime:
    """When an unanswered request or proposal lapses: 00:00 after the second public working day that follows it, or
    at its start, whichever is first."""
    return min(after_working_days(asked_at, WORKING_DAYS_TO_ANSWER, days=days, zone=zone), starts_at)


def after_working_days(moment: datetime, count: int, *, days: WorkingDays, zone: ZoneInfo) -> datetime:
    """00:00 after the `count`-th public working day that follows the moment's."""
    day = local_day(moment, zone)
    found = 0
    while found < count:
        day += timedelta(days=1)
        found += days.is_working_day(day)
    return start_of_day(day + timedelta(days=1), zone)


def reminded_today(reminded_at: datetime | None, *, now: datetime) -> bool:
    """Whether the lab has reminded a client today, local time: once a day is enough (R-TOLD-9)."""
    return reminded_at is not None and local_day(reminded_at) == local_day(now)


def reminded_until(today: date, *, days: WorkingDays, zone: ZoneInfo) -> datetime | None:
    """Before when tests begin of which their clients are reminded on this day: the end of the next public working day,
    so that each test is on nobody's mind over a holiday. Nothing on a day that is none itself (R-TOLD-5)."""
    if not days.is_working_day(today):
        return None
    day = today + timedelta(days=1)
    while not days.is_working_day(day):
        day += timedelta(days=1)
    return start_of_day(day + timedelta(days=1), zone)
