"""Why a line pays nothing (R-REWARD-19). Every zero line names exactly one cause."""

from dataclasses import dataclass

NO_REVENUE = "no_revenue"
BELOW_THRESHOLD = "below_threshold"
GRADE_ZERO = "grade_zero"
BANDS_ZERO = "bands_zero"
CAP_REACHED = "cap_reached"
BUDGET_USED = "budget_used"
SET_OFF = "set_off"
NOTHING_NEW = "nothing_new"

CAUSES = (
    NO_REVENUE,
    BELOW_THRESHOLD,
    GRADE_ZERO,
    BANDS_ZERO,
    CAP_REACHED,
    BUDGET_USED,
    SET_OFF,
    NOTHING_NEW,
)


@dataclass(frozen=True)
class Course:
    """How one lab's amount went through the steps; fen."""

    counted: int
    """C of the lab's units; unit firm: 0 where the lab's own sum or the firm's is 0."""
    all_below_threshold: bool
    coefficient_zero: bool
    uncapped: int
    """After step 4, before the caps of steps 5 and 6 and, unit instrument, before the instruments' own."""
    after_caps: int
    """After step 5."""
    entitlement: int
    settled: int
    """Paid and opening."""
    opening: int
    due: int
    after_firm: int
    payable: int
    recoverable: int


def why_zero(course: Course) -> str | None:
    """The cause for which nothing is paid; `None` where something is."""
    if course.payable > 0:
        return None
    if course.due > 0:
        return CAP_REACHED if course.after_firm == 0 else BUDGET_USED
    if course.uncapped == 0:
        return _why_no_base(course)
    if course.recoverable > 0 or course.entitlement > course.settled - course.opening:
        return SET_OFF
    if course.uncapped > course.settled:
        return CAP_REACHED if course.after_caps <= course.settled else BUDGET_USED
    return NOTHING_NEW


def _why_no_base(course: Course) -> str:
    if course.counted == 0:
        return NO_REVENUE
    if course.all_below_threshold:
        return BELOW_THRESHOLD
    return GRADE_ZERO if course.coefficient_zero else BANDS_ZERO
