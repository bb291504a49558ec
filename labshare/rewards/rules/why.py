"""Why a line pays nothing (R-REWARD-19). Every zero line names exactly one cause."""

from dataclasses import dataclass

from labshare.kernel.money import Fen
from labshare.rewards.terms import WhyZero


@dataclass(frozen=True, kw_only=True)
class Course:
    """How one lab's amount went through the steps; fen."""

    counted: Fen
    """C of the lab's units; unit firm: 0 where the lab's own sum or the firm's is 0."""
    all_below_threshold: bool
    coefficient_zero: bool
    uncapped: Fen
    """After step 4, before the caps of steps 5 and 6 and, unit instrument, before the instruments' own."""
    after_caps: Fen
    """After step 5."""
    entitlement: Fen
    settled: Fen
    """Paid and opening."""
    opening: Fen
    due: Fen
    due_after_caps: Fen
    payable: Fen
    recoverable: Fen


def why_zero(course: Course) -> WhyZero | None:
    """The cause for which nothing is paid; `None` where something is."""
    if course.payable > 0:
        return None
    if course.due > 0:
        return WhyZero.CAP_REACHED if course.due_after_caps == 0 else WhyZero.BUDGET_USED
    if course.uncapped == 0:
        return _why_no_base(course)
    if course.recoverable > 0 or course.entitlement > course.settled - course.opening:
        return WhyZero.SET_OFF
    if course.uncapped > course.settled:
        return WhyZero.CAP_REACHED if course.after_caps <= course.settled else WhyZero.BUDGET_USED
    return WhyZero.NOTHING_NEW


def _why_no_base(course: Course) -> WhyZero:
    if course.counted == 0:
        return WhyZero.NO_REVENUE
    if course.all_below_threshold:
        return WhyZero.BELOW_THRESHOLD
    return WhyZero.GRADE_ZERO if course.coefficient_zero else WhyZero.BANDS_ZERO
