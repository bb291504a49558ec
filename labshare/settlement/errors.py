"""Why a document is refused (docs/rules.md, R-PAPER)."""

from flask_babel import lazy_gettext as _l

from labshare.kernel.errors import Conflict, InvalidInput


class DocumentInFuture(InvalidInput):
    message = _l("The date lies in the future.")


class AmountNotAboveZero(InvalidInput):
    message = _l("More than 0.")
    default_field = "amount_fen"


class AmountTooLarge(InvalidInput):
    message = _l("At most %(amount)s.")
    default_field = "amount_fen"


class NumberNotReadable(InvalidInput):
    """A number or bank reference that is empty, too long, or holds what cannot be printed."""

    message = _l("Between 1 and %(n)s characters, in one line.")
    default_field = "number"


class ReasonTooLong(InvalidInput):
    message = _l("At most %(n)s characters.")
    default_field = "reason"


# files


class FileMissing(InvalidInput):
    message = _l("Choose a file.")
    default_field = "file"


class FileTooLarge(InvalidInput):
    message = _l("Larger than %(n)s MB.")
    default_field = "file"


class FileTakesTooLong(InvalidInput):
    """Reading it took more time or memory than one file gets."""

    message = _l("This file takes too long to read. Save it as a PDF anew, for example by printing it to a PDF.")
    default_field = "file"


class FileInfected(InvalidInput):
    message = _l("A virus was found in this file; it was not kept. Have the computer it comes from examined.")
    default_field = "file"


class FileNotExamined(InvalidInput):
    message = _l("Files cannot be examined for viruses right now. Send it again in a few minutes.")
    default_field = "file"


class NotAPicture(InvalidInput):
    message = _l("Not a picture that can be shown: JPEG, PNG or WebP, at most 50 megapixels.")
    default_field = "photo"


class PictureTooSmall(InvalidInput):
    message = _l("Too small or too narrow: at least %(n)s pixels each way.")
    default_field = "photo"


class TableGone(Conflict):
    message = _l("The file that was checked is no longer kept. Choose it again.")
    default_field = "file"


class TooManyPhotos(Conflict):
    message = _l("A lab shows at most %(n)s photos. Remove one first.")
    default_field = "photo"


class FileNotTaken(InvalidInput):
    """One of several files, with what is wrong with it."""

    message = _l("%(name)s: %(problem)s")
    default_field = "files"


class TooManyFiles(InvalidInput):
    message = _l("At most %(n)s at once.")
    n_of = "file"
    default_field = "files"


class NothingSaid(InvalidInput):
    message = _l("Write something, or choose a file.")
    default_field = "text"


class NotAPdf(InvalidInput):
    message = _l("Not a PDF.")
    default_field = "file"


class NotRawData(InvalidInput):
    message = _l("Not CSV, TXT, XLSX, ZIP, PDF, JPEG or PNG, or not what its name says.")
    default_field = "raw"


class NotAPdfOrImage(InvalidInput):
    message = _l("Not a PDF, JPEG or PNG file.")
    default_field = "file"


class NotAnInvoiceFile(InvalidInput):
    message = _l("Not a PDF, JPEG or PNG file, and not the XML or OFD of an invoice.")
    default_field = "file"


class InvoiceFileSaysNothing(InvalidInput):
    message = _l("Nothing can be read from this file: it is not the original of a fully digital invoice. Type it in.")
    default_field = "file"


# reports


class ReportNumberUsed(InvalidInput):
    message = _l("Report number used already.")
    default_field = "number"


class NotNextInSeries(InvalidInput):
    """A number of the lab's series that would leave a gap."""

    message = _l("Numbers of this form run on without gaps: the next is %(number)s.")
    default_field = "number"


class StandardNotOfItem(InvalidInput):
    message = _l("Not a standard of this test item.")
    default_field = "standard"


class MarkWithoutStandard(InvalidInput):
    message = _l("Say by which standard it was tested: a mark stands for one.")
    default_field = "standard"


class NoSuchBooking(InvalidInput):
    message = _l("Your labs have no such booking.")
    default_field = "ref"


class ReportStands(InvalidInput):
    message = _l("This booking has a report. Upload the one that corrects it at the booking.")
    default_field = "ref"


class FileTwice(InvalidInput):
    message = _l("The same file twice.")
    default_field = "file"


class ReportTooEarly(InvalidInput):
    message = _l("The report's date lies before the test ended.")
    default_field = "issued_on"


class ReplacesUnknownReport(InvalidInput):
    message = _l("This booking has no such report.")
    default_field = "replaces"


class ReportReplacedAlready(InvalidInput):
    message = _l("This report is replaced already.")
    default_field = "replaces"


class ReportWithdrawnAlready(Conflict):
    message = _l("This report is withdrawn already.")


# invoices


class TaxOutOfRange(InvalidInput):
    message = _l("The tax lies between 0 and the amount.")
    default_field = "tax_fen"


class InvoiceAboveCharge(InvalidInput):
    message = _l("More than charged: at most %(amount)s.")
    default_field = "amount_fen"


class NotAnInvoiceNumber(InvalidInput):
    message = _l("Write 20 digits, or the invoice code of 10 or 12 digits and then the number of 8 digits.")
    default_field = "number"


class InvoiceOfOtherClient(InvalidInput):
    message = _l("This number belongs to an invoice of another client or day.")
    default_field = "number"


class InvoiceRecordedAlready(InvalidInput):
    message = _l("This invoice is recorded for this booking already.")
    default_field = "number"


class InvoiceOfOtherKind(InvalidInput):
    """Blue and red letters never share a number."""

    message = _l("This number belongs to an invoice of the other kind.")
    default_field = "number"


class OriginalOfOtherSeller(InvalidInput):
    message = _l("The invoice file names another seller: %(name)s %(code)s. The lab's firm is %(own)s.")
    default_field = "file"


class OriginalOfOtherBuyer(InvalidInput):
    message = _l("The invoice file names another buyer: %(name)s %(code)s. The client is %(client)s.")
    default_field = "file"


class OriginalSaysNumber(InvalidInput):
    message = _l("The invoice file says %(said)s.")
    default_field = "number"


class OriginalSaysDay(InvalidInput):
    message = _l("The invoice file says %(said)s.")
    default_field = "issued_on"


class OriginalSaysAmount(InvalidInput):
    message = _l("The invoice file says %(said)s in all; recorded would be %(here)s.")
    default_field = "amount_fen"


class OriginalSaysTax(InvalidInput):
    message = _l("The invoice file says %(said)s of tax in all; recorded would be %(here)s.")
    default_field = "tax_fen"


class PaymentOfOtherClient(InvalidInput):
    message = _l("The bookings are of one client at one seller.")
    default_field = "also"


class RefundOfSeveral(InvalidInput):
    message = _l("A refund is of one booking.")
    default_field = "also"


class BookingTwice(InvalidInput):
    message = _l("The same booking twice.")
    default_field = "also"


class RedLetterWithoutOriginal(InvalidInput):
    message = _l("Name the invoice that is reversed.")
    default_field = "reverses"


class RedLetterBeforeOriginal(InvalidInput):
    message = _l("Earlier than the invoice that is reversed.")
    default_field = "issued_on"


class ReversesTooMuch(InvalidInput):
    message = _l("More than the invoice: at most %(amount)s.")
    default_field = "amount_fen"


class ReversesTooMuchTax(ReversesTooMuch):
    default_field = "tax_fen"


# payments


class PaymentAboveCharge(InvalidInput):
    message = _l("More than charged: at most %(amount)s.")
    default_field = "amount_fen"


class RefundAbovePayment(InvalidInput):
    message = _l("More than paid: at most %(amount)s.")
    default_field = "amount_fen"


class PayerCodeInvalid(InvalidInput):
    message = _l("Not a valid credit code: the check character does not fit.")
    default_field = "payer_uscc"


class PayerIsClient(Conflict):
    message = _l("The payer is the client; nothing needs to be accepted.")


class PayerDecidedAlready(Conflict):
    message = _l("This payer is decided already.")


class PayerWaitsForSecond(Conflict):
    message = _l("An officer has accepted this payer; now a second person has to.")
    money_or_rights = True


class LimitOutOfRange(InvalidInput):
    message = _l("From 0 to %(amount)s.")
    default_field = "amount_fen"


# ledger


class MonthClosedAlready(Conflict):
    message = _l("The ledger of %(month)s is closed already.")


class MonthNotClosed(Conflict):
    message = _l("The ledger of %(month)s is open.")


# disputes


class WordsMissing(InvalidInput):
    """A dispute, an answer or a decision without words."""

    message = _l("Write it in words.")
    default_field = "text"


class UnknownOutcome(InvalidInput):
    message = _l("Choose what is to come of it.")
    default_field = "outcome"


class NothingToDispute(Conflict):
    message = _l("A dispute can be opened once the samples are at the lab, or when a booking ended with a fee.")


class DisputeTooLate(Conflict):
    message = _l("A dispute could be opened until %(day)s.")


class HeldAlready(Conflict):
    """A booking has one hold at a time, whatever its cause."""

    message = _l(
        "This booking is held already: an open dispute or contest, a confirmed flag or an officer's suspension comes "
        "first."
    )


class UnknownDocument(InvalidInput):
    message = _l("Choose a document of this booking.")
    default_field = "document"


class ContestedAlready(Conflict):
    message = _l("This document has been contested once; the decision stands.")


class ContestTooLate(Conflict):
    message = _l("This document could be contested until %(day)s.")


class NoOpenContest(Conflict):
    message = _l("No document of this booking is contested.")


class VerdictMissing(InvalidInput):
    message = _l("Choose whether the document stands.")
    default_field = "verdict"


class DoubleDecidedAlready(Conflict):
    message = _l("This is decided already.")
    money_or_rights = True


class DoubleVerdictMissing(InvalidInput):
    message = _l("Choose whether one document is for both bookings.")
    default_field = "verdict"


class ContestWithOfficer(Conflict):
    message = _l("Until the end of %(day)s an officer of the county decides it.")


class ContestPassedOn(Conflict):
    message = _l("The time to decide is over: an approver decides it, or an officer of a division around the county.")


class NotSuspended(Conflict):
    message = _l("No officer's suspension lasts on this booking.")


class NoNewGround(Conflict):
    message = _l("The last dispute of this booking has ended. Another needs a report issued since.")


class NoOpenDispute(Conflict):
    message = _l("No dispute is open at this booking.")


class DisputeAnsweredAlready(Conflict):
    message = _l("The dispute is answered already.")


class AnswerFirst(Conflict):
    message = _l(
        "The lab can answer until the end of %(day)s; unanswered, the dispute goes to the authority by itself."
    )


class WithAuthorityAlready(Conflict):
    message = _l("The dispute is with the authority already.")


class NotWithAuthority(Conflict):
    message = _l("The two sides have not brought the dispute to the authority.")


# requests to the labs


class UnknownCategory(InvalidInput):
    message = _l("Not a valid choice.")
    default_field = "category"


class NobodyToAsk(InvalidInput):
    message = _l("No lab offers tests of this category yet. Choose another, or leave it open.")
    default_field = "category"


class DayPassed(InvalidInput):
    message = _l("This day has passed.")
    default_field = "start_by"


class ReportBeforeStart(InvalidInput):
    message = _l("Not before the day by which the test starts.")
    default_field = "report_by"


class TooManyInquiries(Conflict):
    message = _l("%(n)s requests of your firm are open; close those that are done first.")


class InquiryClosed(Conflict):
    message = _l("This request is closed.")


class NothingAnswered(InvalidInput):
    message = _l("Name a test item, or write an answer.")
    default_field = "text"


class NotYourItem(InvalidInput):
    message = _l("Choose one of your published test items.")
    default_field = "test_item"


class PriceWithoutItem(InvalidInput):
    message = _l("Choose the test item that the price is for.")
    default_field = "test_item"


class OfferedAlready(InvalidInput):
    message = _l("You have offered this test item; another offer of it must be below %(amount)s.")
    default_field = "test_item"


class TooManyAnswers(Conflict):
    message = _l("Your firm has given %(n)s answers to this request; the client has enough to choose from.")


class NothingToTake(Conflict):
    message = _l("This answer names no test item that could be booked.")


class BankLineRecorded(Conflict):
    message = _l("Of this line %(amount)s is left to be recorded; the rest is recorded already.")


class LineAside(Conflict):
    message = _l("This line is set aside. Take it back first.")


class LineEmpty(InvalidInput):
    message = _l("Enter an amount for at least one booking.")


class ListUndone(Conflict):
    message = _l("This import is undone already.")


class ListRestsOn(Conflict):
    """Something was recorded of a line, or somebody set one aside."""

    message = _l("Not undone: of its lines %(n)s are recorded or set aside.")


class TaxLineRecorded(Conflict):
    message = _l("Invoice %(number)s is recorded already.")


class TaxLineOtherwise(InvalidInput):
    message = _l("The invoice is of %(said)s, the amounts make up %(here)s.")


class ReversesOther(InvalidInput):
    message = _l("The red letter says that it reverses invoice %(number)s.")


class ReversesNothing(InvalidInput):
    message = _l("Of invoice %(number)s, which it reverses, nothing is recorded that could be taken back.")


class RedLetterFits(Conflict):
    """A red letter that reverses a recorded invoice as a whole, set aside."""

    message = _l("This red letter reverses invoice %(number)s, which is recorded here: record it.")


class BuyerIsOther(InvalidInput):
    message = _l("The invoice names another buyer than the client: %(name)s %(code)s.")


class PayerNamedOtherwise(InvalidInput):
    message = _l(
        "The bank names another payer: %(name)s. Enter that payer's code; it counts once an officer accepts it. "
        "If it is the client all the same, record it at the booking, with the bank slip."
    )
    default_field = "payer_uscc"


class BankAccountNotReadable(InvalidInput):
    message = _l("Enter the account's number: 6 to 40 digits.")
    default_field = "account"


class ReferenceUsedBefore(InvalidInput):
    """At another payment; a person says that it is meant all the same."""

    message = _l("This bank reference stands at another payment already. Compare below, then tick the box.")
    default_field = "reference"


# reminders and statements of account


class DateToPayOutOfRange(InvalidInput):
    message = _l("Between %(first)s and %(last)s.")
    default_field = "pay_by"


class NothingToRemind(Conflict):
    """Nobody chosen has an overdue invoice that a letter may be sent over today."""

    message = _l(
        "No letter can be sent now: what is overdue was asked for already and its new date to pay has not passed, is "
        "in dispute or held, or has been paid."
    )


class StatementSentToday(Conflict):
    message = _l("This statement was mailed to the client today already.")
