"""Why a time, a step or a charge is refused (docs/rules.md, R-TIME, R-PRICE, R-BOOKING)."""

from typing import Any

from flask_babel import lazy_gettext as _l

from labshare.kernel.errors import Conflict, InvalidInput, NotAllowed


class StartRefused(InvalidInput):
    """A rule of time that the start breaks: 422 on `starts_at` (docs/rules.md, R-TIME)."""

    default_field = "starts_at"
    waivable = False
    """A lab member may waive it with a reason: lead time and horizon, nothing else."""


class NotAWholeMinute(StartRefused):
    message = _l("A start is a whole minute.")


class InThePast(StartRefused):
    message = _l("That time has passed.")


class OutsideOpeningHours(StartRefused):
    message = _l("Outside opening hours (%(hours)s).")
    never_open = _l("Outside opening hours: closed that day.")

    @property
    def text(self) -> str:
        """The day's hours, where it has any."""
        return super().text if self.params.get("hours") != "–" else str(self.never_open)


class RunStartsOutsideHours(StartRefused):
    message = _l("Run %(run)s would start outside opening hours.")


class LabClosed(StartRefused):
    message = _l("The lab is closed then: %(reason)s.")


class PublicHoliday(StartRefused):
    message = _l("%(date)s is a public holiday.")


class NeverOpensAfterwards(StartRefused):
    message = _l("The lab does not open again within a year after the end.")


class CalibrationExpired(StartRefused):
    message = _l("The instrument's calibration ends on %(date)s.")


class NotCalibrated(StartRefused):
    message = _l("The instrument is not calibrated on %(date)s.")


class Blocked(StartRefused):
    """Only as the reason of a closed slot; booking it is `SlotTaken`."""

    message = _l("The lab keeps the instrument for its own work, for training or for maintenance then.")


class NotOnGrid(StartRefused):
    message = _l("This lab starts tests every %(n)s. The next: %(clock)s.")
    n_of = "minute"


class TooEarly(StartRefused):
    message = _l("Book at least %(n)s ahead.")
    n_of = "hour"
    waivable = True


class TooFar(StartRefused):
    message = _l("At most %(n)s ahead.")
    n_of = "day"
    waivable = True


class TooShort(StartRefused):
    message = _l("At least %(n)s.")
    n_of = "minute"


class TooLong(StartRefused):
    message = _l("At most %(n)s.")
    n_of = "minute"


class QuantityOutOfRange(InvalidInput):
    message = _l("Between 1 and %(n)s.")
    n_of = "sample"
    default_field = "quantity"


class HoursMissing(InvalidInput):
    message = _l("Choose the hours.")
    default_field = "hours"


class HoursNotOffered(InvalidInput):
    message = _l("This test item has no choice of hours.")
    default_field = "hours"


class HoursOutOfStep(InvalidInput):
    message = _l("From %(min)s to %(max)s hours, in steps of %(step)s.")
    default_field = "hours"


class InstrumentNotOfItem(InvalidInput):
    message = _l("This instrument does not do this test item.")
    default_field = "instrument"


class NotPublished(InvalidInput):
    message = _l("This test item is not open for booking.")
    default_field = "test_item"


class NoFee(InvalidInput):
    message = _l("No fee is valid on this day.")
    default_field = "test_item"


class SurchargeNotOffered(InvalidInput):
    message = _l("The fee of the day does not offer this.")
    default_field = "surcharges"


class MarkNotCovered(InvalidInput):
    message = _l("The %(mark)s accreditation does not cover the standard on %(date)s.")
    default_field = "surcharges"


class QuoteEnded(Conflict):
    message = _l("The quote was valid until %(date)s. Have a new one made; it takes one click.")
    default_field = "quote"


class QuoteUsed(Conflict):
    message = _l("The quote is booked as %(ref)s already.")
    default_field = "quote"


class QuoteAccepted(Conflict):
    message = _l("The quote is accepted already; its price stays.")
    default_field = "amount_fen"


class QuoteForOther(InvalidInput):
    message = _l("The quote is for another test item, quantity or hours.")
    default_field = "quote"


class TooManyQuotes(Conflict):
    message = _l("%(n)s quotes of your firm are open; book them or let them end first.")


class NoDiscountPublished(InvalidInput):
    message = _l("The fee's discount table allows no price of your own for this quantity.")
    default_field = "amount_fen"


class OutsideDiscount(InvalidInput):
    message = _l("Between %(least)s and %(most)s, by the published discount table.")
    default_field = "amount_fen"


class NeedsApproval(Conflict):
    """Carries the order, priced, where it can be asked for at once."""

    message = _l(
        "Your firm lets bookings above %(limit)s wait for its approver. Ask for approval: the slot is held meanwhile."
    )

    def __init__(self, order: Any = None, **params: Any) -> None:
        super().__init__(**params)
        self.order = order


class ApprovalOver(Conflict):
    message = _l("It is answered already, or its time is over.")


class ClientUnknown(InvalidInput):
    message = _l("No firm of this name or code is registered. Check it, or give the mail address of the new client.")
    default_field = "client"


class ClientNotSure(InvalidInput):
    message = _l("Several firms bear this name. Give the client's credit code.")
    default_field = "client"


class ClientIsOwn(InvalidInput):
    message = _l("Your own firm books in its own account.")
    default_field = "client"


class TooManyForClient(Conflict):
    message = _l("%(n)s bookings that your lab made wait for this client. It answers them, or you withdraw one, first.")
    default_field = "client"


class TooManyWaiting(Conflict):
    message = _l("%(n)s bookings that your lab made wait for their clients; withdraw what is no longer wanted first.")
    default_field = "client"


class MadeBefore(Conflict):
    message = _l("This time was held for this client %(n)s times and never accepted. The client can book it itself.")
    default_field = "starts_at"


class ForClientOver(Conflict):
    message = _l("It was answered or withdrawn already, or its time is over.")


class OwnSide(NotAllowed):
    message = _l("You belong to the lab that made this booking: somebody else at the client accepts it.")


class PriceChanged(Conflict):
    message = _l("The price is %(amount)s by now; it must be asked for anew.")


class FirmUnverified(NotAllowed):
    message = _l("The firm is not verified yet; it can browse, not book.")


class EndBeforeStart(InvalidInput):
    message = _l("The end is earlier than the start.")
    default_field = "ends_at"


class InTheWay(Conflict):
    """A block's longer time holds bookings that it did not meet before."""

    message = _l("In the way: %(what)s. Enter a new block for that time: it offers each booking another place.")
    default_field = "ends_at"


class WayTaken(Conflict):
    """Of several bookings in a block's way, the place chosen for this one is not free."""

    message = _l("The place chosen for %(ref)s is taken. Choose another for it.")
    default_field = "reason"


class RuleUnknown(InvalidInput):
    message = _l("Write a rule of RFC 5545 such as FREQ=WEEKLY;BYDAY=MO;COUNT=10, daily at most.")
    default_field = "rule"


class TooManyBlocks(InvalidInput):
    message = _l("At most %(n)s at once, within two years. Give the rule an end: COUNT=10 or UNTIL=20271231.")
    default_field = "rule"


class UnknownUnit(InvalidInput):
    message = _l("The instrument has no such place.")
    default_field = "units"


class HoursOverlap(InvalidInput):
    message = _l("Overlaps with %(hours)s.")
    default_field = "hours"


class LabNeedsHours(InvalidInput):
    """An instrument may keep its lab's hours; the lab has nobody's to keep."""

    message = _l("Only an instrument can keep the lab's hours: name it, or write the days.")
    default_field = "as_lab"


class HoursFromThePast(InvalidInput):
    """Days that are over keep the hours they had."""

    message = _l("Choose a day from today up to five years ahead.")
    default_field = "valid_from"


class SlotTaken(Conflict):
    """No unit is free. Carries up to three alternatives nearest in time."""

    message = _l("This slot has just been taken.")
    default_field = "starts_at"

    def __init__(self, alternatives: tuple[Any, ...] = (), **params: Any) -> None:
        super().__init__(**params)
        self.alternatives = alternatives


class MovedMeanwhile(Conflict):
    """What was dragged no longer stood where it was seen."""

    message = _l("It was moved meanwhile, by somebody else or in another window: it stands at %(when)s now.")
    default_field = "starts_at"


class AlreadyThere(InvalidInput):
    message = _l("The booking stands there already. Choose another time or another instrument.")
    default_field = "starts_at"


class AlreadyBooked(SlotTaken):
    """The client's own booking of the same test takes the place."""

    message = _l("Your firm has booked this slot already: %(ref)s.")


class HeldBefore(SlotTaken):
    """Starting early: something else holds the unit between then and the booked start."""

    message = _l(
        "The unit is held by %(what)s until %(until)s. Start after that, or move the booking to another unit first."
    )
    default_field = "at"

    @property
    def code(self) -> str:
        """To programs a taken slot like any other."""
        return "SlotTaken"


class AlreadySubmitted(Conflict):
    message = _l("Already booked as %(ref)s; nothing was booked twice.")


class IllegalStep(Conflict):
    message = _l("Not possible from state “%(state)s”.")


class AlreadyBegun(Conflict):
    message = _l("The booked time has begun; it can no longer be moved.")


class NoShowTooEarly(Conflict):
    message = _l("A no-show can be recorded from 60 minutes after the start.")


class Lapsed(Conflict):
    message = _l("Not answered in time; the slot is free again.")


class NoOpenProposal(Conflict):
    message = _l("This proposal is no longer open.")


class MomentInFuture(InvalidInput):
    message = _l("The time lies in the future.")
    default_field = "at"


class FinishBeforeStart(InvalidInput):
    message = _l("The end lies before the start of the test.")
    default_field = "at"


class SamplesOutOfRange(InvalidInput):
    message = _l("Between 1 and %(n)s.")
    n_of = "sample"
    default_field = "samples"


class RemindedToday(Conflict):
    message = _l("The client was reminded today, at %(clock)s.")


class NothingToRemind(Conflict):
    message = _l("Nothing of this booking waits for the client.")


class MachineMinutesOutOfRange(InvalidInput):
    message = _l("Machine time is 0 or more minutes.")
    default_field = "machine_minutes"


class ChargeNotOpen(Conflict):
    message = _l("This change of charge is answered, taken back or over.")


class ExtraWaits(Conflict):
    message = _l("Extra work waits for the client already, until %(until)s. Take it back first to propose another.")


class ExtraPriceChanged(Conflict):
    message = _l("By the published fee it comes to %(amount)s by now. Look at it once more.")


class HeldAfter(Conflict):
    """Something else holds the unit before the longer work would end."""

    message = _l("%(what)s holds the unit from %(since)s; until then %(n)s are free. Move that first, or propose less.")
    n_of = "minute"
    default_field = "minutes"


class TimeGone(Conflict):
    """The same, to a client, who does not see what others do."""

    message = _l("The time after the test is taken by now; nothing has changed. Ask the lab to propose it anew.")


class OtherInstrument(InvalidInput):
    message = _l("This test is not done on the booking's instrument: it is booked for itself.")
    default_field = "test_item"


class StatutoryDiffers(InvalidInput):
    message = _l("Statutory and other tests are booked apart: rewards count them differently.")
    default_field = "test_item"


class LabAnswersItself(NotAllowed):
    message = _l("You belong to the lab that proposed this: somebody else at the client answers.")


class ChargeIsZero(InvalidInput):
    message = _l("A change of charge is not zero.")
    default_field = "amount_fen"


class NegativeCharge(InvalidInput):
    message = _l("Not below 0.")
    default_field = "amount_fen"


class ChargeBelowInvoiced(Conflict):
    message = _l("%(amount)s is invoiced already; reverse that first.")
    default_field = "amount_fen"


class ChargeBelowPaid(Conflict):
    message = _l("%(amount)s is paid already; refund that first.")
    default_field = "amount_fen"


class TooManyFeeds(Conflict):
    message = _l("%(n)s calendar addresses are open; revoke some first.")


class PointsOutOfRange(InvalidInput):
    message = _l("Between 1 and 5.")


class RatingTooLong(InvalidInput):
    message = _l("At most %(n)s characters.")
    default_field = "text"


class AnswerMissing(InvalidInput):
    message = _l("Write an answer.")
    default_field = "text"


class NoReportStands(Conflict):
    """Who has no result has not tested."""

    message = _l("A test can be rated once its report stands.")


class OwnLab(Conflict):
    message = _l("A firm does not rate its own lab.")


class AlreadyRated(Conflict):
    message = _l("This booking is rated already.")


class NotRatedYet(Conflict):
    message = _l("This booking is not rated yet.")


class RatingAnsweredAlready(Conflict):
    message = _l("The rating is answered already.")


class AnswerNeeded(InvalidInput):
    message = _l("The lab needs this answer.")


class AnswerUnknown(InvalidInput):
    message = _l("The sample form has no such question.")


class AnswerNotANumber(InvalidInput):
    message = _l("Enter a number such as 12.5.")


class AnswerOutOfLimits(InvalidInput):
    message = _l("The lab accepts %(limits)s.")


class AnswerTooLong(InvalidInput):
    message = _l("At most %(most)s characters.")


class ChooseAnOption(InvalidInput):
    message = _l("Choose one of the options.")


class FileNeeded(InvalidInput):
    message = _l("A file is needed here.")


class WordsNeeded(InvalidInput):
    message = _l("Write the answer as text.")


class AnswerNotAPicture(InvalidInput):
    message = _l("Choose a picture: JPEG or PNG.")


class QuestionsChanged(Conflict):
    message = _l(
        "The lab has changed its questions about the samples meanwhile. What you typed is kept; look through them and "
        "submit again."
    )


class NotBegun(Conflict):
    message = _l("The test has not begun; there is nothing to pause.")


class PausedAlready(Conflict):
    message = _l("The test is paused already.")


class NotPaused(Conflict):
    message = _l("The test is not paused.")


class PauseOutOfOrder(InvalidInput):
    message = _l("That is before the test began or last went on.")
    default_field = "at"


class NoBenchWorker(InvalidInput):
    message = _l("Choose a member of the firm who works at the bench.")
    default_field = "person_id"


class UnknownPlace(InvalidInput):
    message = _l("Choose one of the lab's storage places.")
    default_field = "place_id"


class PlaceThereAlready(InvalidInput):
    message = _l("The lab has a place of this name.")
    default_field = "name"


class TooManyPlaces(Conflict):
    message = _l("At most %(n)s places. Remove one that is no longer used first.")


class OwnHandover(Conflict):
    message = _l("Somebody else takes note of what you wrote.")


class TooManyHandovers(Conflict):
    message = _l("At most %(n)s notes wait at once. Have somebody take note of some first.")


class NotAuthorised(Conflict):
    message = _l("You hold no authorisation for %(instrument)s on this day. Who does may start the test.")


# Bookings from before LabShare, by a sheet


class PromisedOver(InvalidInput):
    message = _l("Over already. What counts is time ahead, from today on.")
    default_field = "ends_at"


class PromisedTooFar(InvalidInput):
    message = _l("More than a year ahead.")
    default_field = "starts_at"


class PromisedLong(InvalidInput):
    message = _l("Longer than %(n)s.")
    n_of = "day"
    default_field = "ends_at"


class PromisedElsewhere(InvalidInput):
    message = _l("This booking is here already, on unit %(unit)s. Write that unit, or remove it in the calendar first.")
    default_field = "unit"


class PromisedTaken(InvalidInput):
    message = _l("Taken: %(what)s.")
    default_field = "starts_at"


class PromisedTakenUntil(PromisedTaken):
    message = _l("Taken: %(what)s. As long a place is free that day from %(time)s.")


class PromisedTakenMeanwhile(Conflict):
    """Only where somebody takes time past everybody else's turn."""

    message = _l("Somebody took one of these times meanwhile. Nothing was written; check the file again.")
    default_field = "file"


class BegunSinceImport(Conflict):
    message = _l("“%(name)s” has begun since. Nothing was undone.")
