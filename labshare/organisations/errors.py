"""Why something about firms, members and roles is refused."""

from flask_babel import lazy_gettext as _l

from labshare.kernel.errors import Conflict, InvalidInput


class InvalidUscc(InvalidInput):
    message = _l("Not a valid credit code: the check character does not fit.")
    default_field = "uscc"


class FirmExists(Conflict):
    message = _l("This firm is registered already; ask its owner for an invitation.")
    default_field = "uscc"


class FillIn(InvalidInput):
    message = _l("Fill this in.")


class UnknownChoice(InvalidInput):
    message = _l("Not a valid choice.")


class DayInFuture(InvalidInput):
    message = _l("The date lies in the future.")


class YearNotPast(InvalidInput):
    message = _l("The last closed year, or the present one for a new firm: %(first)s to %(last)s.")
    default_field = "year"


class FigureNeeded(InvalidInput):
    """A figure that the sector's size class is derived from."""

    message = _l("This sector's size class needs this figure.")


class NegativeFigure(InvalidInput):
    message = _l("Not below 0.")


class IndustryOfOtherSector(InvalidInput):
    message = _l("This code belongs to another sector: %(sector)s.")
    default_field = "industry"


class NotAnIndustryCode(InvalidInput):
    message = _l("Choose one of the proposals, or enter a letter and two to four digits, such as C3451.")
    default_field = "industry"


class NoSizeClass(InvalidInput):
    message = _l("Only enterprises have a size class.")
    default_field = "size_class"


class ProofNeeded(InvalidInput):
    message = _l("Attach the year's tax return or audit report: the class counts once it is confirmed by it.")
    default_field = "proof"


class FiguresDecided(Conflict):
    message = _l("These figures are decided already.")


class OwnFirmDecided(Conflict):
    message = _l("You are a member of this firm: another administrator decides.")
    money_or_rights = True


class AlreadyVerified(Conflict):
    message = _l("This firm is verified already.")


class NotSubmitted(Conflict):
    message = _l("This firm was returned and has not been submitted again.")


class NotReturned(Conflict):
    message = _l("This firm waits for verification already.")


class OutsideDivision(InvalidInput):
    message = _l("Your role is for another division.")
    default_field = "division"
    money_or_rights = True


class DecidedElsewhere(InvalidInput):
    message = _l("Neither firm has a lab in your division: the county of its labs decides.")
    default_field = "firm_uscc"
    money_or_rights = True


class InvalidDivision(InvalidInput):
    message = _l("A division is written in 2, 4 or 6 digits; leave it empty for the whole platform.")
    default_field = "division"


class NoSuchFirm(InvalidInput):
    message = _l("No firm with this credit code is registered.")
    default_field = "other_uscc"


class SameFirm(InvalidInput):
    message = _l("A firm has no affiliation with itself.")
    default_field = "other_uscc"


class DatesNotInOrder(InvalidInput):
    message = _l("The end lies before the start.")
    default_field = "valid_to"


class AffiliationExists(Conflict):
    message = _l("This affiliation is entered already for these days.")
    default_field = "other_uscc"


class VerifiedFirmsOnly(Conflict):
    message = _l("Only a verified firm can do this. The firm waits for verification by the administrators.")
    money_or_rights = True


class DeclaredByOther(Conflict):
    message = _l("The other firm has declared this already: open it in the list and agree, or object.")
    default_field = "other_uscc"


class SecondPersonNeeded(Conflict):
    message = _l("Another person must confirm what you entered.")
    money_or_rights = True


class ChangeWaits(Conflict):
    message = _l("A change of this affiliation waits for a second person, who agrees or refuses first.")


class ChangeDecided(Conflict):
    message = _l("This change was agreed to or refused already.")


class AffiliationVoided(Conflict):
    message = _l("This affiliation was voided: it never held.")


class AffiliationEnded(Conflict):
    message = _l("This affiliation has ended already.")


class EndRecorded(Conflict):
    message = _l("An end is recorded already; an officer can correct it.")
    default_field = "valid_to"


class AffiliationAgreed(Conflict):
    message = _l("The firm has agreed to this already.")


class ObjectedAlready(Conflict):
    message = _l("The firm has objected already; an officer decides.")


class ConfirmedByOfficer(Conflict):
    """What an officer confirmed, firms do not undo."""

    message = _l("An officer has confirmed this. Ask for its end, with the reason: an officer decides.")
    money_or_rights = True


class ExcludedEntries(Conflict):
    """A link that excluded entries is ended by an officer alone (R-AFFILIATION-8)."""

    message = _l(
        "Revenue was left out of a reward because of this affiliation, so an officer ends it. Ask for its end, with "
        "the reason: the officers are told."
    )
    money_or_rights = True


class EndAskedAlready(Conflict):
    message = _l("Its end is asked for already; an officer decides.")


class EndNotAsked(Conflict):
    message = _l("Nobody asks for its end.")


class AffiliationConfirmed(Conflict):
    message = _l("This affiliation is confirmed already.")


class AffiliationSeen(Conflict):
    message = _l("An officer has left this as declared already; confirm it or void it.")


class NothingToSee(Conflict):
    message = _l("There is nothing to decide here yet.")


class EndsTooLate(InvalidInput):
    message = _l("Later than the recorded end; an officer can correct the dates.")
    default_field = "valid_to"


class EndsInThePast(InvalidInput):
    """What a firm declared itself it ends from today on; only an officer may say that it ended earlier."""

    message = _l("Not before today; an officer can enter an earlier day.")
    default_field = "valid_to"


class LastOwner(Conflict):
    message = _l("A firm keeps at least one owner: make another member owner first.")
    money_or_rights = True


class MemberAlready(Conflict):
    message = _l("This person is a member already.")
    default_field = "email"


class InvitationEnded(Conflict):
    message = _l("This invitation was accepted, withdrawn or has expired. Ask the firm's owner for a new one.")


class InvitationOfAnother(Conflict):
    message = _l("This invitation went to another address. Sign in with the account it was sent to.")
    money_or_rights = True


class InvitedAlready(Conflict):
    message = _l("This address is invited already, as %(role)s. Withdraw that invitation first.")
    default_field = "email"


class TooManyInvitations(Conflict):
    status = 429
    message = _l("%(n)s invitations are open; withdraw some first.")


class RolesExclude(Conflict):
    message = _l("This person already holds %(role)s; the two exclude one another.")
    money_or_rights = True


class HostMembershipExcludes(Conflict):
    """Officer, approver and administrator exclude any membership in a firm with labs (R-RIGHTS-3)."""

    message = _l("This person is a member of a firm with labs; that excludes %(role)s.")
    money_or_rights = True


class RegulatorAmongMembers(Conflict):
    """The other side of it: a member holds such a role, so the firm gets no lab."""

    message = _l("A member of this firm is %(role)s; end one of the two first.")
    money_or_rights = True


class TwoAdministrators(Conflict):
    message = _l("A second administrator must agree.")
    money_or_rights = True


class NoFactor(Conflict):
    message = _l("This person has no second factor.")


class RemovalWaits(Conflict):
    message = _l("This is proposed already; another administrator must agree.")


class LastAdministrators(Conflict):
    message = _l("Two administrators must remain; give the role to another person first.")
    money_or_rights = True


class RoleHeld(Conflict):
    message = _l("This person holds the role or is proposed for it already.")


class NoSuchAccount(InvalidInput):
    message = _l("No account with this address.")
    default_field = "email"


class AdministratorsExist(Conflict):
    message = _l("There are two administrators already; they give roles on the pages.")
    money_or_rights = True


class NoRoles(Conflict):
    message = _l("This account acts for no firm and holds no regulator's role.")


class NotAnAccount(InvalidInput):
    message = _l("An account number has %(fewest)s to %(most)s digits or letters.")
    default_field = "account"


class AccountCounts(InvalidInput):
    """What is typed is the account that was entered last."""

    message = _l("This account is entered already; it counts from %(day)s.")
    default_field = "account"


class AccountStopped(Conflict):
    message = _l("This account is stopped, or counts already. Enter another one instead.")


class TooManyTokens(Conflict):
    message = _l("%(n)s tokens are open; revoke some first.")
