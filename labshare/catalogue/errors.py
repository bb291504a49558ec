"""Why something of the catalogue is refused."""

from flask_babel import lazy_gettext as _l

from labshare.kernel.errors import Conflict, InvalidInput


class Required(InvalidInput):
    message = _l("Fill this in.")


class OutOfRange(InvalidInput):
    message = _l("Between %(least)s and %(most)s.")


class DateInFuture(InvalidInput):
    message = _l("The date lies in the future.")


class UnknownConcept(InvalidInput):
    message = _l("There is no concept “%(key)s”.")


class ConceptKeyMalformed(InvalidInput):
    message = _l("Small letters, digits and underscores, at most 40.")


class WordTaken(InvalidInput):
    message = _l("“%(word)s” belongs to “%(key)s”; take it away there first.")


class TooLongText(InvalidInput):
    message = _l("At most %(max)s characters.")


class UnknownChoice(InvalidInput):
    message = _l("Not one of the choices.")


class UnknownTown(InvalidInput):
    message = _l("Choose a town of the list.")
    default_field = "town"


class UnknownGrid(InvalidInput):
    message = _l("Choose 1, 5, 10, 15 or 30 minutes.")
    default_field = "start_grid"


class BadCoordinates(InvalidInput):
    message = _l("Decimal degrees such as 120.9050 and 29.4950, both or neither.")
    default_field = "longitude"


class BadClassCode(InvalidInput):
    message = _l("Six digits, such as 010401; the first two or four name a known class. Other: 990000.")
    default_field = "class_code"


class InnerIdUsed(InvalidInput):
    message = _l("Another instrument of this lab has this number.")
    default_field = "inner_id"


class DatesNotInOrder(InvalidInput):
    message = _l("The last day lies before the first.")
    default_field = "valid_to"


class UnitsTaken(Conflict):
    message = _l("Unit %(unit)s has bookings or blocks ahead; %(n)s must stay.")
    n_of = "unit"
    default_field = "units"


class UseOwnInstruments(InvalidInput):
    message = _l("Choose instruments of the same lab.")
    default_field = "instruments"


class HoursIncomplete(InvalidInput):
    message = _l("Give all three: shortest, longest and step, or none.")
    default_field = "hours_min"


class HoursNotInOrder(InvalidInput):
    message = _l("The longest lies below the shortest, or is not reached by the step.")
    default_field = "hours_max"


class RunMinutesWithHours(InvalidInput):
    message = _l("Where the client chooses hours, a run has no minutes of its own.")
    default_field = "run_minutes"


class NoWork(InvalidInput):
    message = _l("This test would take no time. Give minutes for a sample or a run, or a choice of hours.")
    default_field = "sample_minutes"


class LongestBelowShortest(InvalidInput):
    message = _l("The longest booking is shorter than the shortest.")
    default_field = "longest_minutes"


class RunsStartOnlyUnattended(InvalidInput):
    message = _l("Only tests that run unattended need this.")
    default_field = "runs_start_in_hours"


class FeesOverlap(Conflict):
    """Two fees of one test item on one day; said by the rule first, by the database in a race."""

    message = _l("A fee already holds from %(date)s.")
    default_field = "valid_from"


class FeeInUse(Conflict):
    message = _l("Bookings use this fee; add one from a later date instead.")
    default_field = "valid_from"


class SmeAboveFee(InvalidInput):
    message = _l("The amount for small and medium-sized firms lies between 0 and that for all.")


class StepsNotRising(InvalidInput):
    message = _l("Each step begins at more samples than the one before, the first at 2 or more.")


class NotFixedOrPercent(InvalidInput):
    message = _l("Enter an amount or a percentage, one of the two.")


class SurchargeTwice(InvalidInput):
    message = _l("There is another of this name.")


class RushNotEarlier(InvalidInput):
    """The report of a rush is promised sooner than the item's."""

    message = _l("Fewer days than the %(n)s that the test item promises.")


class FeeFromThePast(InvalidInput):
    message = _l("A published test item's fee can begin today at the earliest.")
    default_field = "valid_from"


class CertificateOverlaps(InvalidInput):
    message = _l("This certificate is entered already.")
    default_field = "certificate"


class AccreditationEntered(InvalidInput):
    message = _l("This certificate is entered already.")
    default_field = "number"


class BadAccreditationNumber(InvalidInput):
    message = _l("CMA: 12 digits. CNAS: the letter L and four or five digits.")
    default_field = "number"


class OutsideScope(InvalidInput):
    message = _l("A scope names test items of this lab with their own standards.")
    default_field = "scope"


class StandardKnown(InvalidInput):
    message = _l("This standard is listed already.")
    default_field = "number"


class StandardProposed(Conflict):
    message = _l("%(number)s is proposed already; an administrator looks at it.")
    default_field = "number"


class ProposalEnded(Conflict):
    message = _l("This proposal is answered or withdrawn already.")


class StandardWaits(InvalidInput):
    message = _l("%(number)s is proposed and not yet published. Save without it and add it then; you are told.")
    default_field = "standards"


class UnknownStandard(InvalidInput):
    message = _l("%(number)s is not in the list of standards; propose it first.")
    default_field = "standards"


class StandardWithoutYear(InvalidInput):
    message = _l("%(number)s names no year. Listed is %(listed)s.")
    default_field = "number"


class StandardReplacesItself(InvalidInput):
    message = _l("A standard cannot replace itself, directly or round about.")
    default_field = "successor"


class FirmNotVerified(InvalidInput):
    message = _l("Your firm must be verified before anything is published.")


class NotComplete(InvalidInput):
    """Something without which publishing makes no sense; one for each that is missing."""

    message = _l("Still missing: %(what)s.")


class WrongState(Conflict):
    message = _l("Not possible from state “%(state)s”.")


class AdmissionOverlaps(Conflict):
    message = _l("Admitted already from %(date)s.")
    default_field = "admitted_from"


class BeforePublication(InvalidInput):
    message = _l("Not before the lab was first published, on %(date)s.")
    default_field = "admitted_from"


class AdmissionDecided(Conflict):
    message = _l("This admission is decided already.")


class NotAdmitted(Conflict):
    message = _l("The lab is not admitted then.")
    default_field = "suspended_from"


class OnlyPublishedLabs(Conflict):
    message = _l("Only a published lab can be admitted.")


class ApplicationWaits(Conflict):
    message = _l("The lab has applied already; an officer decides.")


class OpenLabAlready(Conflict):
    message = _l("The lab is admitted, or its admission waits for a second person.")


class ApplicationEnded(Conflict):
    message = _l("This application is decided or withdrawn already.")


class LabelTwice(InvalidInput):
    message = _l("Another field has this name.")


class LimitsNotInOrder(InvalidInput):
    message = _l("The largest number is below the smallest.")


class OptionsNeeded(InvalidInput):
    message = _l("Write 2 to %(most)s options, one per line.")


class OptionTwice(InvalidInput):
    message = _l("An option appears twice.")


class TooManyFields(InvalidInput):
    message = _l("At most %(n)s fields.")


class SampleFormChanged(Conflict):
    message = _l("Somebody has changed this form meanwhile. What you typed is kept; look through it and save again.")


# Sheets that are taken in


class CellMerged(InvalidInput):
    message = _l("Merged with other cells. Unmerge them and fill in each.")


class CellIsFormula(InvalidInput):
    message = _l("A formula. Put its value here: copy, then paste as values.")


class CellUnreadable(InvalidInput):
    """Says what would be right, in the words of the column."""

    message = "%(wrong)s"


class UnknownColumn(InvalidInput):
    message = _l("No column of this sheet. Take it out, or take the head from a template.")


class ColumnTwice(InvalidInput):
    message = _l("This column is here twice.")


class ColumnMissing(InvalidInput):
    message = _l("The column “%(head)s” is missing. Take the head from a template.")


class OtherTemplate(InvalidInput):
    message = _l("A template of version %(version)s. Fill in the present one, %(present)s.")


class NoSheet(InvalidInput):
    message = _l("No sheet has the head of a template. Take a template, or an export.")
    default_field = "file"


class SheetTwice(InvalidInput):
    message = _l("This sheet is in the file twice.")


class NothingInSheets(InvalidInput):
    message = _l("There is nothing in it below the head.")
    default_field = "file"


class RowTwice(InvalidInput):
    message = _l("The same as in row %(row)s.")


class UnknownInnerId(InvalidInput):
    message = _l("The lab has no instrument with the number %(number)s.")
    default_field = "inner_id"


class UnknownItemNumber(InvalidInput):
    message = _l("The lab has no test item with this number. Leave it empty for a new one.")
    default_field = "item_id"


class UnknownItemName(InvalidInput):
    message = _l("The lab has no test item of this name.")
    default_field = "item"


class ItemNameUnclear(InvalidInput):
    message = _l("Several test items have this name. Enter the number of the one that is meant.")
    default_field = "item_id"


class SheetsNotRight(InvalidInput):
    message = _l("%(n)s to correct. Nothing was written.")
    n_of = "cell"
    default_field = "file"


class NotTheLastImport(Conflict):
    message = _l("Only the last import of a lab can be undone.")


class ImportUndone(Conflict):
    message = _l("This import is undone already.")


class ChangedSinceImport(Conflict):
    message = _l("“%(name)s” was changed since. Nothing was undone.")


class RestsOnImport(Conflict):
    message = _l("Something rests on what was imported: bookings, quotes, or entries made since. Nothing was undone.")


# Many at once


class NothingChosen(InvalidInput):
    message = _l("Choose at least one row.")
    default_field = "items"


class TooManyRows(InvalidInput):
    message = _l("At most %(n)s at once.")
    n_of = "entry"
    default_field = "items"


class NotOfInstruments(InvalidInput):
    message = _l("Test items have this, instruments have not.")


class NoFeeThen(InvalidInput):
    message = _l("No fee holds on %(date)s.")
    default_field = "since"


class ManyRefused(InvalidInput):
    message = _l("%(n)s cannot be changed so. Nothing was changed.")
    n_of = "entry"
    default_field = "items"


class NobodyAuthorisesThemself(InvalidInput):
    message = _l("Nobody authorises themself: an owner records this, for the only owner a lab manager.")


class OwnersAuthorise(InvalidInput):
    message = _l("An owner of the firm records and withdraws this; a lab manager only that of the only owner.")
    default_field = "person_id"


class AuthorisedAlready(InvalidInput):
    message = _l("This person is authorised on these days for all instruments of this class already.")
    default_field = "class_code"


class DatesOutOfOrder(InvalidInput):
    message = _l("The end lies before the beginning.")


class ClaimDecided(Conflict):
    message = _l("This is decided already, or said anew since. Look at the list again.")
    default_field = "claim"


class ProofMissing(Conflict):
    message = _l("%(what)s: a value is confirmed by its proof, and the lab has attached none.")
    default_field = "claim"
    money_or_rights = True
