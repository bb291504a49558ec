"""The fixed words of rewards: states, grades, reasons, causes, what a policy may choose."""

from collections.abc import Mapping
from dataclasses import dataclass

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from labshare.kernel.terms import Look, Term


class PolicyState(Term):
    DRAFT = "draft", _l("Draft")
    PUBLISHED = "published", _l("Published")


class RunState(Term):
    CALCULATED = "calculated", _l("Calculated"), Look("circle-check", "is-confirmed")
    PUBLISHED = "published", _l("Public notice"), Look("clock", "is-requested")
    NOTICE_OVER = "notice_over", _l("Public notice ended, awaiting approval"), Look("hourglass", "is-requested")
    """How a published run is shown once its public notice has ended and it waits for approval; never kept."""
    APPROVED = "approved", _l("Approved"), Look("checks", "is-settled")
    PAID = "paid", _l("Paid out"), Look("cash", "is-settled")

    @classmethod
    def stored(cls) -> tuple["RunState", ...]:
        """What the database keeps."""
        return tuple(state for state in cls if state != cls.NOTICE_OVER)

    @classmethod
    def settled(cls) -> tuple["RunState", ...]:
        """Nothing of it changes any more."""
        return (cls.APPROVED, cls.PAID)

    @classmethod
    def open(cls) -> tuple["RunState", ...]:
        """Its lines may still be written anew."""
        return (cls.CALCULATED, cls.PUBLISHED)

    @classmethod
    def public(cls) -> tuple["RunState", ...]:
        """What everybody may know of."""
        return (cls.PUBLISHED, *cls.settled())

    @classmethod
    def not_paid(cls) -> tuple["RunState", ...]:
        return (*cls.open(), cls.APPROVED)


class RunAct(Term):
    """What excludes a person from approving."""

    CALCULATED = "calculated"
    PUBLISHED = "published"


class PayeeMark(Term):
    """What whoever pays looks at before paying a firm, the weightiest first."""

    NO_ACCOUNT = "no_account", _l("No account that counts"), Look("alert-circle", "is-no-show")
    UNREADABLE = "account_unreadable", _l("The number cannot be read"), Look("alert-circle", "is-no-show")
    EQUAL = "account_equal", _l("Same account as another firm"), Look("alert-triangle", "is-requested")
    CHANGED = "account_changed", _l("Changed since the last payment"), Look("alert-triangle", "is-requested")
    WAITING = "account_waits", _l("Another account is entered, which does not count yet"), Look("clock", "is-requested")
    FIRST = "first_payment", _l("First payment to this firm"), Look("info-circle", "is-confirmed")


class ObjectionVerdict(Term):
    UPHELD = "upheld", _l("Upheld")
    REJECTED = "rejected", _l("Rejected")


@dataclass(frozen=True)
class Together:
    """Labs that one cap holds together: those that have what is called `name` in common."""

    name: str
    """So it is called in a lab's facts, in its position and in traces (`firm_total`)."""
    column: str
    """And in a run's line."""
    reduced: LazyString
    """How a statement calls the reduction of step 5, by `amount`: what the labs had together."""
    left: LazyString
    """And that of step 7, by `amount`: what earlier payments left."""


class Cap(Term):
    """The most of one year, by its name in a policy's document; in the order in which they cut (R-REWARD-13)."""

    whose: LazyString | str
    together: Together | None

    def __init__(
        self, code: str, label: LazyString | str = "", whose: LazyString | str = "", together: Together | None = None
    ) -> None:
        super().__init__(code, label)
        self.whose = whose
        self.together = together

    INSTRUMENT = "instrument_year_fen", _l("Cap per instrument and year (CNY)"), _l("Instrument")
    LAB = "lab_year_fen", _l("Cap per lab and year (CNY)"), _l("Lab")
    FIRM = (
        "firm_year_fen",
        _l("Cap per firm and year (CNY)"),
        _l("Firm"),
        Together(
            name="firm",
            column="firm_id",
            reduced=_l("Reduced to the firm's cap: its labs have %(amount)s together"),
            left=_l("Reduced to what the firm's cap leaves: %(amount)s"),
        ),
    )

    @classmethod
    def shared(cls) -> Mapping["Cap", Together]:
        """Those that hold labs together, and which."""
        return {cap: cap.together for cap in cls if cap.together is not None}


class Pays(Term):
    """Which statements a list shows."""

    SOME = "pays_some", _l("Something is payable")
    NOTHING = "pays_nothing", _l("Nothing is payable")


class Grade(Term):
    """Of a lab, the best first."""

    EXCELLENT = "excellent", _l("Excellent")
    GOOD = "good", _l("Good")
    QUALIFIED = "qualified", _l("Qualified")
    UNQUALIFIED = "unqualified", _l("Unqualified")
    UNGRADED = "ungraded", _l("Not graded")


class ListState(Term):
    """Of a list of grades."""

    DRAFT = "draft", _l("Being entered"), Look("pencil")
    HANDED_OVER = "handed_over", _l("Waits to be confirmed"), Look("clock", "is-requested")
    CONFIRMED = "confirmed", _l("Confirmed"), Look("checks", "is-settled")
    WITHDRAWN = "withdrawn", _l("List withdrawn"), Look("ban")

    @classmethod
    def open(cls) -> tuple["ListState", ...]:
        return (cls.DRAFT, cls.HANDED_OVER)


class Reason(Term):
    """Why a ledger entry does not count; the first that applies is given, in this order (R-REWARD-3)."""

    sentence: LazyString | str

    def __init__(self, code: str, label: LazyString | str = "", sentence: LazyString | str = "") -> None:
        super().__init__(code, label)
        self.sentence = sentence

    NOT_ADMITTED = (
        "not_admitted",
        _l("Lab not admitted"),
        _l("On the day of booking the lab was not on the list of open labs."),
    )
    SUSPENDED = (
        "suspended",
        _l("Suspended"),
        _l("A confirmed flag, an open dispute or contest, or an officer's suspension holds it."),
    )
    OWN_FIRM = "own_firm", _l("Own firm"), _l("Client and lab belong to one firm.")
    RELATED = (
        "related",
        _l("Related firm"),
        _l("On the day of booking the two were affiliated, or controlled by one topmost firm."),
    )
    CLIENT_SIZE = (
        "client_size",
        _l("Client too large"),
        _l("The client's size class is not one that the policy supports."),
    )
    CLIENT_DIVISION = (
        "client_division",
        _l("Client outside the area"),
        _l("The client's place is not one that the policy supports."),
    )
    INSTRUMENT_VALUE = (
        "instrument_value",
        _l("Instrument's value"),
        _l("The instrument's original value is below the policy's minimum, or not entered."),
    )
    STATUTORY = "statutory", _l("Statutory test"), _l("Statutory tests are not rewarded.")


class CaseReason(Term):
    """What a case file may give as a reason besides `Reason`: of bookings that were never accepted, which this county's
    ledger has none of (R-PHONE-1)."""

    NOT_ACCEPTED = "not_accepted"


class WhyZero(Term):
    """Why a line pays nothing (R-REWARD-19). Every zero line names exactly one cause."""

    NO_REVENUE = "no_revenue", _l("No eligible revenue this year")
    BELOW_THRESHOLD = "below_threshold", _l("Below the threshold")
    GRADE_ZERO = "grade_zero", _l("Grade coefficient is 0")
    BANDS_ZERO = "bands_zero", _l("The bands give nothing on this sum")
    CAP_REACHED = "cap_reached", _l("Cap already reached")
    BUDGET_USED = "budget_used", _l("Budget used up")
    SET_OFF = "set_off", _l("Everything set off against what is recoverable")
    NOTHING_NEW = "nothing_new", _l("Nothing new since the last approved month")


class RewardUnit(Term):
    """What bands and threshold apply to."""

    INSTRUMENT = "instrument", _l("By instrument")
    LAB = "lab", _l("By lab")
    FIRM = "firm", _l("By firm")

    @classmethod
    def offered(cls) -> tuple["RewardUnit", ...]:
        return (cls.LAB, cls.INSTRUMENT, cls.FIRM)


class BandKind(Term):
    MARGINAL = "marginal", _l("Marginal (each rate on its part)")
    HIGHEST = "highest", _l("Highest band on everything")


class Tax(Term):
    INCLUDED = "included", _l("Tax included")
    EXCLUDED = "excluded", _l("Tax excluded")


class ApprovalCondition(Term):
    """What an approval asks for."""

    ON_PUBLIC_NOTICE = "on_public_notice", _l("Public notice")
    ANOTHER_PERSON = "another_person", _l("Approved by a person who neither calculated nor published")
    NOTICE_IS_OVER = "notice_is_over", _l("Public notice has ended")
    NO_OBJECTION_IS_OPEN = "no_objection_is_open", _l("No objection is open")
    EARLIER_MONTHS_ARE_APPROVED = "earlier_months_are_approved", _l("The earlier months are approved")
    CALCULATED_AFTER_THEM = "calculated_after_them", _l("Calculated after the earlier approvals")
    RESULT_IS_THE_SAME = "result_is_the_same", _l("Calculating now gives the same result")


class ChangedInput(Term):
    """What can be different when a run is calculated again (`rules.difference`)."""

    LISTED = "listed", _l("Line of the run")
    GRADE = "grade", _l("Grade")
    PAID = "paid", _l("Earlier approved")
    OPENING = "opening", _l("Opening balance")
    VERDICT = "verdict", _l("Entries")


class TraceStep(Term):
    """The steps of the calculation (R-REWARD-20), as a statement calls them."""

    ENTRIES = "entries", _l("Eligible, year to date, in the entries")
    ELIGIBLE = "eligible", _l("Eligible revenue, year to date (C)")
    BANDS = "bands", _l("Bands, times the coefficient of the grade")
    UNIT = "unit", _l("After sharing or capping by unit")
    CAPS = "caps", _l("Caps of the year: lab, then firm")
    BUDGET = "budget", _l("Budget of the year")
    PAYABLE = "payable", _l("Less what was approved before")
