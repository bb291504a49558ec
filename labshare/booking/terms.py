"""The fixed words of time and bookings."""

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext
from flask_babel.speaklater import LazyString

from labshare.kernel.terms import Look, Term


class BookingState(Term):
    """Of a booking (R-BOOKING-1): the seven of the main line in their order, then the three ends off it."""

    REQUESTED = "requested", _l("Awaiting confirmation"), Look("clock-question", "is-requested")
    CONFIRMED = "confirmed", _l("Confirmed"), Look("calendar-check", "is-confirmed")
    RECEIVED = "received", _l("Samples received"), Look("package", "is-received")
    TESTING = "testing", _l("Testing"), Look("activity", "is-testing")
    TESTED = "tested", _l("Tested"), Look("circle-check", "is-tested")
    REPORTED = "reported", _l("Report issued"), Look("file-check", "is-reported")
    SETTLED = "settled", _l("Settled"), Look("checks", "is-settled")
    DECLINED = "declined", _l("Declined"), Look("circle-x")
    CANCELLED = "cancelled", _l("Cancelled"), Look("ban")
    NO_SHOW = "no_show", _l("No-show"), Look("user-x", "is-no-show")

    @classmethod
    def main_line(cls) -> tuple["BookingState", ...]:
        """How far a booking has come, from the request to the end of everything."""
        return tuple(state for state in cls if state not in cls.over())

    @classmethod
    def over(cls) -> tuple["BookingState", ...]:
        """Ended without the test."""
        return (cls.DECLINED, cls.CANCELLED, cls.NO_SHOW)

    @classmethod
    def gave_back(cls) -> tuple["BookingState", ...]:
        """Nothing came of it, and its quote may be used again while it lasts."""
        return (cls.DECLINED, cls.CANCELLED)

    @classmethod
    def holding_time(cls) -> tuple["BookingState", ...]:
        """In these a booking holds its time."""
        return (*cls.before_start(), *cls.running())

    @classmethod
    def before_start(cls) -> tuple["BookingState", ...]:
        """The test is to come: its time can still move."""
        return (cls.REQUESTED, cls.CONFIRMED, cls.RECEIVED)

    @classmethod
    def running(cls) -> tuple["BookingState", ...]:
        """The test takes its unit until it is finished, however long that is."""
        return (cls.TESTING,)

    @classmethod
    def at_work(cls) -> tuple["BookingState", ...]:
        """The samples are there and the test is not over."""
        return (cls.RECEIVED, *cls.running())

    @classmethod
    def in_hand(cls) -> tuple["BookingState", ...]:
        """Somebody at the lab has to do something for it until its report stands."""
        return (cls.REQUESTED, cls.CONFIRMED, *cls.at_work(), cls.TESTED)

    @classmethod
    def samples_there(cls) -> tuple["BookingState", ...]:
        """The lab has the samples: they lie somewhere, also after the test."""
        return (*cls.at_work(), *cls.tested_or_later())

    @classmethod
    def tested_or_later(cls) -> tuple["BookingState", ...]:
        """The test is over: a report can stand, and what is charged can be recognised."""
        return (cls.TESTED, cls.REPORTED, cls.SETTLED)

    @classmethod
    def with_report(cls) -> tuple["BookingState", ...]:
        """A report stands."""
        return (cls.REPORTED, cls.SETTLED)

    @classmethod
    def started_or_later(cls) -> tuple["BookingState", ...]:
        return (*cls.running(), *cls.tested_or_later())

    @classmethod
    def awaiting_samples(cls) -> tuple["BookingState", ...]:
        """The samples are still to come."""
        return (cls.REQUESTED, cls.CONFIRMED)

    @classmethod
    def before_samples(cls) -> tuple["BookingState", ...]:
        """The samples have not come, or never will."""
        return (*cls.awaiting_samples(), *cls.over())

    @classmethod
    def with_documents(cls) -> tuple["BookingState", ...]:
        """From `confirmed` on: invoices, payments, and what a cancelled or missed booking still owes."""
        return tuple(state for state in cls if state not in (cls.REQUESTED, cls.DECLINED))

    @classmethod
    def took_time(cls) -> tuple["BookingState", ...]:
        """Confirmed or beyond, a no-show included: its time counts as booked."""
        return (*cls.main_line()[1:], cls.NO_SHOW)

    @classmethod
    def over_with_fee(cls) -> tuple["BookingState", ...]:
        """Ended without the test, and something may be owed all the same."""
        return (cls.CANCELLED, cls.NO_SHOW)


class FirstStep(Term):
    """What stands between a new lab and its first booking, in the order in which it is done."""

    VERIFIED = "first_verified", _l("The firm is verified")
    REACHABLE = "first_reachable", _l("The lab has an address and a telephone number")
    HOURS = "first_hours", _l("Opening hours are entered")
    PUBLISHED = "first_published", _l("The lab is published")
    INSTRUMENT = "first_instrument", _l("An instrument is published")
    ITEM = "first_item", _l("A test item with a fee is published")
    OPEN_LAB = "first_open_lab", _l("The lab is an open lab, or has applied to be one")


class QuoteState(Term):
    """Of a quote, at a moment."""

    OPEN = "open", lazy_pgettext("quote", "Valid"), Look("circle-check", "is-confirmed")
    ACCEPTED = "accepted", lazy_pgettext("quote", "Accepted"), Look("file-check", "is-requested")
    BOOKED = "booked", lazy_pgettext("quote", "Booked"), Look("calendar-check", "is-settled")
    ENDED = "ended", lazy_pgettext("quote", "Ended"), Look("clock")


class EndReason(Term):
    """What the platform gives as the reason of an end; people write their own."""

    LAPSED = "lapsed", _l("Not answered in time")


class HoldingKind(Term):
    """What takes an instrument's time."""

    phrase: LazyString | str
    """Within a sentence: held for …"""

    def __init__(self, code: str, phrase: LazyString | str = "", label: LazyString | str = "") -> None:
        super().__init__(code, label)
        self.phrase = phrase

    BOOKING = "booking", _l("another booking")
    MAINTENANCE = "maintenance", _l("maintenance"), _l("Maintenance")
    TRAINING = "training", _l("training"), _l("Training")
    IN_HOUSE = "in_house", _l("in-house use"), _l("In-house use")
    EARLIER = "earlier", _l("a booking from before LabShare"), _l("Booked before LabShare")
    OFFER = "offer", _l("a client who is booking")

    @classmethod
    def blocks(cls) -> tuple["HoldingKind", ...]:
        """What a lab holds without a booking."""
        return (*cls.by_hand(), cls.EARLIER)

    @classmethod
    def by_hand(cls) -> tuple["HoldingKind", ...]:
        """What a lab holds for itself and enters block by block; what it had booked before comes by a sheet alone."""
        return (cls.MAINTENANCE, cls.TRAINING, cls.IN_HOUSE)


class DayKind(Term):
    """Of a day that is not what its weekday says."""

    HOLIDAY = "holiday", _l("Public holiday")
    MAKE_UP = "make_up", _l("Make-up working day")


class PauseReason(Term):
    """Why a running test stands still: chosen at the bench, never typed."""

    INSTRUMENT = "instrument", _l("Instrument needs attention")
    CLIENT = "client_asked", _l("Waiting for the client")
    SUPPLY = "supply", _l("Power, gas or water is off")
    URGENT = "urgent", _l("An urgent test goes first")
    SHIFT = "shift", _l("End of the shift")


class ProposalState(Term):
    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    REPLACED = "replaced"
    LAPSED = "lapsed"
    VOID = "void"


class ApprovalState(Term):
    """Of a booking that waits for its firm's inside yes."""

    WAITING = "waiting", _l("Awaiting approval"), Look("clock-question", "is-requested")
    APPROVED = "approved", lazy_pgettext("inside the firm", "Approved"), Look("circle-check", "is-settled")
    REFUSED = "refused", lazy_pgettext("inside the firm", "Not approved"), Look("ban")
    WITHDRAWN = "withdrawn", lazy_pgettext("inside the firm", "Withdrawn"), Look("arrow-back-up")
    LAPSED = "lapsed", _l("Not answered in time"), Look("clock")


class ForClientState(Term):
    """Of a booking that a lab made for its client (R-PHONE)."""

    WAITING = "waiting", _l("Not accepted yet"), Look("clock-question", "is-requested")
    ACCEPTED = "accepted", _l("Accepted by the client"), Look("circle-check", "is-settled")
    DECLINED = "declined", _l("Declined"), Look("circle-x")
    WITHDRAWN = "withdrawn", _l("Withdrawn by the lab"), Look("arrow-back-up")
    LAPSED = "lapsed", _l("Not answered in time"), Look("clock")


class ChargeKind(Term):
    PRICE = "price"
    CHANGE = "change"
    ENDING = "ending"


class ChargeState(Term):
    PROPOSED = "proposed"
    AGREED = "agreed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"


class ExtraKind(Term):
    """What a lab proposes to do beyond what was booked (R-EXTRA-1)."""

    SAMPLES = "more_samples", _l("More samples")
    TIME = "more_time", _l("More time")
    TEST = "another_test", _l("Another test")


class ExtraCause(Term):
    """Why more is to be done: chosen at the bench, never typed."""

    CAME = "more_came", _l("More samples came than were booked")
    UNCLEAR = "unclear_result", _l("The result is unclear and needs more work")
    LONGER = "takes_longer", _l("The samples take longer than planned")
    WISHED = "client_wishes", _l("The client asked for it")


class Party(Term):
    """Who takes a step of a booking."""

    CLIENT = "client", _l("Client")
    LAB = "lab", _l("Lab")
    SYSTEM = "system", _l("System")

    @classmethod
    def sides(cls) -> tuple["Party", ...]:
        """The two firms."""
        return (cls.CLIENT, cls.LAB)


class FeedOf(Term):
    """Whose bookings a calendar address shows."""

    PERSON = "person", _l("My bookings")
    FIRM = "firm", _l("Our firm's bookings")
    LAB = "lab", _l("A lab")
    INSTRUMENT = "instrument", _l("An instrument")
