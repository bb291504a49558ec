"""The fixed words of firms, roles and affiliations."""

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from labshare.kernel.terms import Look, OfficialRole, Term


class FirmKind(Term):
    ENTERPRISE = "enterprise", _l("Enterprise")
    PUBLIC_INSTITUTION = "public_institution", _l("Public institution")
    OTHER = "other", _l("Other")


class FirmState(Term):
    """How far a firm's verification is."""

    WAITING = "waiting", _l("Awaiting verification")
    RETURNED = "returned", _l("Returned")
    VERIFIED = "verified", _l("Verified")


class SizeClass(Term):
    """By the national standard, the largest first."""

    LARGE = "large", _l("Large")
    MEDIUM = "medium", _l("Medium")
    SMALL = "small", _l("Small")
    MICRO = "micro", _l("Micro")

    @classmethod
    def smes(cls) -> tuple["SizeClass", ...]:
        """Small and medium-sized enterprises, micro included."""
        return (cls.MEDIUM, cls.SMALL, cls.MICRO)


class SectorName(Term):
    """The sectors of the standard on size classes."""

    AGRICULTURE = "agriculture", _l("Agriculture, forestry, animal husbandry, fishery")
    INDUSTRY = "industry", _l("Industry")
    CONSTRUCTION = "construction", _l("Construction")
    WHOLESALE = "wholesale", _l("Wholesale trade")
    RETAIL = "retail", _l("Retail trade")
    TRANSPORT = "transport", _l("Transport")
    WAREHOUSING = "warehousing", _l("Warehousing")
    POSTAL = "postal", _l("Postal services")
    ACCOMMODATION = "accommodation", _l("Accommodation")
    CATERING = "catering", _l("Catering")
    INFORMATION = "information", _l("Information transmission")
    SOFTWARE = "software", _l("Software and information technology services")
    REAL_ESTATE = "real_estate", _l("Real estate development and operation")
    PROPERTY = "property", _l("Property management")
    LEASING_BUSINESS = "leasing_business", _l("Leasing and business services")
    OTHER = "other", _l("Other sectors")


class FirmRole(Term):
    """Roles of a membership, the widest first."""

    OWNER = "owner", _l("Owner")
    LAB_MANAGER = "lab_manager", _l("Lab manager")
    APPROVER = "firm_approver", _l("Order approver")
    """Named apart from the regulator's, as both stand in one set."""
    BOOKER = "booker", _l("Booker")
    ACCOUNTANT = "accountant", _l("Accountant")
    VIEWER = "viewer", _l("Viewer")


def role_label(role: str) -> LazyString | str:
    """How a role is called, of a firm or of a regulator."""
    return (FirmRole.known(role) or OfficialRole(role)).label


class AffiliationKind(Term):
    CONTROLS = "controls", _l("Controls")
    SHARES_OWNER = "shares_owner", _l("Shares an owner")
    FAMILY = "family", _l("Family")
    DECLARED = "declared", _l("Other link")


class AffiliationSource(Term):
    FIRM = "firm", _l("Declared by the firm")
    BUSINESS_REGISTER = "business_register", _l("Business register")
    INSPECTION = "inspection", _l("Found in an inspection")

    @classmethod
    def of_officers(cls) -> tuple["AffiliationSource", ...]:
        """What an officer's decision rests on."""
        return (cls.BUSINESS_REGISTER, cls.INSPECTION)


class AffiliationState(Term):
    WAITING = "waiting", _l("Declared by one side"), Look("clock-question", "is-requested")
    AGREED = "agreed", _l("Declared by both sides"), Look("checks", "is-confirmed")
    CONFIRMED = "confirmed", _l("Confirmed by an officer"), Look("circle-check", "is-settled")
    OBJECTED = "objected", _l("Disputed"), Look("flag", "is-no-show")
    HELD = "held", _l("Holds until decided"), Look("hourglass", "is-requested")
    ENDED = "ended", _l("Affiliation over"), Look("clock")
    VOIDED = "voided", _l("Voided"), Look("ban")

    @classmethod
    def over(cls) -> tuple["AffiliationState", ...]:
        return (cls.ENDED, cls.VOIDED)


class ToDecide(Term):
    """Why an officer has to decide an affiliation."""

    OBJECTED = "objected", _l("The other side objects")
    TOUCHES = "touches", _l("It touches published months")
    CHAIN = "chain", _l("Both sides declared a control: chains run over it once seen")
    HELD = "held", _l("It decided entries before; it holds as it did until decided")
    END_ASKED = "end_asked", _l("An end is asked for")


class AffiliationAct(Term):
    """What an officer proposes against a recorded affiliation: each may raise an entitlement, so that it needs a second
    person (R-AFFILIATION-10)."""

    END = "ending", _l("End of an affiliation")
    CORRECT = "correcting", _l("Correction of an affiliation")
    VOID = "voiding", _l("Voiding of an affiliation")


class AffiliationList(Term):
    """Which affiliations an officer's list shows."""

    DECIDE = "decide"
    SECOND = "second_person"
    DECLARED = "declared"
    CONFIRMED = "confirmed"
    OVER = "over"
