"""Every refusal of the rewards room, with the words a person reads."""

from collections.abc import Mapping

from flask_babel import lazy_gettext as _l

from labshare.kernel.errors import Conflict, InvalidInput, NotFound
from labshare.rewards.terms import Cap

# A policy that is refused -------------------------------------------------------------------------------------------


class PolicyRefused(InvalidInput):
    """Any fault of a policy's JSON. `field` is the dotted way to it, such as `bands.steps.1.rate`."""


class MissingName(PolicyRefused):
    message = _l('"%(name)s" is missing.')


class UnknownName(PolicyRefused):
    message = _l('"%(name)s" is not known here.')


class WrongKind(PolicyRefused):
    message = _l("Not of the expected kind: %(expected)s.")


class UnknownChoice(PolicyRefused):
    message = _l("Choose one of %(choices)s.")


class NotAMonth(PolicyRefused):
    message = _l("Write the month as YYYY-MM.")


class MonthsReversed(PolicyRefused):
    message = _l("The last month lies before the first.")


class NotADivision(PolicyRefused):
    message = _l("An administrative division is written in 2 to 12 digits.")


class RateOutOfRange(PolicyRefused):
    message = _l("A rate lies between 0 and 1.")


class StepsNotRising(PolicyRefused):
    message = _l("The first band starts at 0 and each next one higher.")


class NegativeAmount(PolicyRefused):
    message = _l("Not below 0.")


class PoliciesOverlap(Conflict):
    message = _l('Overlaps with "%(name)s" (%(months)s).')
    default_field = "effective_from"
    money_or_rights = True


class PolicyImmutable(Conflict):
    message = _l("A published policy cannot change; end it and publish a new one.")
    money_or_rights = True


class PolicyEditedByYou(Conflict):
    message = _l("Another person must publish: you edited this draft.")
    money_or_rights = True


class MonthsSettled(Conflict):
    message = _l("Runs up to %(month)s are published under this policy; it cannot end before that.")
    default_field = "effective_to"
    money_or_rights = True


# A case that is refused (command `labshare rewards calculate`) ------------------------------------------------------


class CaseRefused(InvalidInput):
    """Any fault of a case's line."""


class BrokenLine(CaseRefused):
    message = _l("The line cannot be read: %(problem)s.")


class UnknownGrade(CaseRefused):
    message = _l("Unknown grade: %(grade)s.")


class UnknownLab(CaseRefused):
    message = _l("Unknown lab: %(lab)s.")


class UnknownReason(CaseRefused):
    message = _l("Unknown reason: %(reason)s.")


class LabTwice(CaseRefused):
    message = _l("The lab %(lab)s is named twice.")


# A month and its run ------------------------------------------------------------------------------------------------


class NoPolicy(InvalidInput):
    message = _l("No policy governs %(month)s.")
    default_field = "month"


class FutureMonth(InvalidInput):
    message = _l("%(month)s is not over.")
    default_field = "month"


class NoRun(NotFound):
    message = _l("%(month)s has no run yet.")


class RunRunning(Conflict):
    message = _l("The run is being calculated on another host.")


class RunNotOpen(Conflict):
    message = _l("This run is in public notice; an upheld objection sends it back to calculation.")
    money_or_rights = True


class RunClosed(Conflict):
    message = _l("This run is approved; corrections go into a later month.")
    money_or_rights = True


class WrongState(Conflict):
    message = _l('Not possible from state "%(state)s".')
    money_or_rights = True


class ResultChanged(Conflict):
    message = _l("Calculating now gives another result; calculate again first.")
    money_or_rights = True


class PublicNoticeLasts(Conflict):
    message = _l("The public notice runs until %(date)s.")
    money_or_rights = True


class ObjectionOpen(Conflict):
    message = _l("Open objections: %(n)s.")
    money_or_rights = True


class EarlierMonthOpen(Conflict):
    message = _l("%(month)s is not approved yet; approve the earlier months first.")
    money_or_rights = True


class RecalculateFirst(Conflict):
    message = _l("An earlier month was approved after this calculation; calculate again.")
    money_or_rights = True


class SamePerson(Conflict):
    message = _l("Another person must approve: you calculated or published this run.")
    money_or_rights = True


class AlreadyObjected(Conflict):
    message = _l("This lab has objected in this public notice already.")


class NotOfTheStatement(InvalidInput):
    message = _l("Choose entries of this lab's statement.")
    default_field = "entries"


class TooManyEntries(InvalidInput):
    message = _l("At most %(n)s entries.")
    default_field = "entries"


class NotOnPublicNotice(Conflict):
    message = _l("Objections are possible during the public notice.")


class AlreadyAnswered(Conflict):
    message = _l("This objection is answered already.")


class ObjectionWithOfficer(Conflict):
    message = _l("Until the end of %(day)s an officer of the county answers it.")
    money_or_rights = True


class ObjectionPassedOn(Conflict):
    message = _l("The time to answer is over: an approver answers it, or an officer of a division around the county.")
    money_or_rights = True


class SecondOfficerNeeded(Conflict):
    message = _l("Another officer must agree to this correction.")
    money_or_rights = True


class CorrectionDecided(Conflict):
    message = _l("This correction is decided already.")
    money_or_rights = True


class ThirdPersonNeeded(Conflict):
    message = _l("Proposer, approver and second officer must be three persons.")
    money_or_rights = True


class ApproverNeeded(Conflict):
    message = _l("Another amount than the system's: the approver must confirm it before a second officer agrees.")
    money_or_rights = True


class AmountOfTheSystem(Conflict):
    message = _l("This is the amount that the system proposes; it needs no approver.")
    money_or_rights = True


class SystemProposes(Conflict):
    message = _l("The system proposes %(fen)s for this lab and window; take that up, or give another amount there.")


class TakeUpFirst(Conflict):
    message = _l("The system proposes this correction; an officer must take it up first.")
    money_or_rights = True


class NotWithdrawn(Conflict):
    message = _l("The system's proposal lasts until the verdicts change again; take it up with another amount instead.")
    money_or_rights = True


class ProposalChanged(Conflict):
    message = _l("The system's proposal has changed to %(fen)s since you opened the page; look at it again.")


class UnknownWindow(InvalidInput):
    message = _l("Choose a window of the list.")
    default_field = "window"


class AboveCap(InvalidInput):
    """A correction would lift a lab above a cap of the window that it corrects."""

    default_field = "fen"


class AboveLabCap(AboveCap):
    message = _l(
        "Above the lab's cap of the window: %(limit)s, of which the lab had %(had)s; at most %(left)s in its favour."
    )


class AboveFirmCap(AboveCap):
    message = _l(
        "Above the firm's cap of the window: %(limit)s, of which its labs had %(had)s; at most %(left)s in "
        "the lab's favour."
    )


ABOVE_SHARED: Mapping[Cap, type[AboveCap]] = {Cap.FIRM: AboveFirmCap}
"""By the cap that labs share."""


class AboveBudget(AboveCap):
    message = _l(
        "Above the budget of the window: %(limit)s, of which all labs had %(had)s; at most %(left)s in "
        "the lab's favour."
    )


class NotZero(InvalidInput):
    message = _l("An amount other than 0.")
    default_field = "fen"


class TextRequired(InvalidInput):
    message = _l("Say what it is about.")
    default_field = "text"


class UnknownVerdict(InvalidInput):
    message = _l("Choose a verdict.")
    default_field = "verdict"


class PaidInFuture(InvalidInput):
    message = _l("The date lies in the future.")
    default_field = "paid_on"


class PaidBeforeApproval(InvalidInput):
    message = _l("The date lies before the approval.")
    default_field = "paid_on"


class ReferenceRequired(InvalidInput):
    message = _l("Give the reference of the payment.")
    default_field = "reference"


# Grades -------------------------------------------------------------------------------------------------------------


class GradeNeeded(InvalidInput):
    """A reason without a grade."""

    message = _l("Choose a grade, or clear the reason.")


class ReasonTooLong(InvalidInput):
    message = _l("At most %(most)s characters.")


class EmptyList(InvalidInput):
    message = _l("Grade at least one lab.")


class ListChanged(Conflict):
    """Somebody else saved the list after this person last saw it."""

    message = _l("The list was changed meanwhile. Look at what it says now before going on.")
    money_or_rights = True


class ListNotOpen(Conflict):
    message = _l("This is not possible any more: the list was handed over, confirmed or withdrawn meanwhile.")
    money_or_rights = True


class ListNotHandedOver(Conflict):
    message = _l("The list is not handed over.")
    money_or_rights = True


class NotTheAuthor(Conflict):
    message = _l("Only who began the list can withdraw it. An approver can send it back.")
    money_or_rights = True


class EditedByYou(Conflict):
    message = _l("Another person must confirm: you worked on this list.")
    money_or_rights = True
