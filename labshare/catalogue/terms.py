"""The fixed words of the catalogue: states, fees' bases, categories, choices of the national platform."""

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext
from flask_babel.speaklater import LazyString

from labshare.kernel.terms import Look, Term


class LifeState(Term):
    """Of a lab, an instrument, a test item."""

    DRAFT = "draft", _l("Draft"), Look("pencil")
    PUBLISHED = "published", _l("Published"), Look("circle-check", "is-settled")
    WITHDRAWN = "withdrawn", _l("Withdrawn"), Look("ban")

    @classmethod
    def hidden(cls) -> tuple["LifeState", ...]:
        """Not shown to everybody: may be published."""
        return (cls.DRAFT, cls.WITHDRAWN)


class LiveState(Term):
    """Of an instrument at this moment; `closed` where its lab is."""

    FREE = "free", _l("Free"), Look("circle-check", "is-free")
    IN_USE = "in_use", _l("In use"), Look("activity", "is-busy")
    DOWN = "down", _l("Down"), Look("tool", "is-down")
    CLOSED = "closed", _l("Closed now"), Look("clock")

    @classmethod
    def of_instrument(cls) -> tuple["LiveState", ...]:
        """What the instrument itself can be, whatever the hour."""
        return (cls.FREE, cls.IN_USE, cls.DOWN)


START_GRIDS = (1, 5, 10, 15, 30)
"""Minutes between the starts of a lab."""


class AccreditationKind(Term):
    CMA = "CMA"
    CNAS = "CNAS"


class InstrumentCondition(Term):
    """Of an instrument."""

    NORMAL = "normal", _l("Normal")
    OCCASIONAL = "occasional", _l("Occasional faults")
    FREQUENT = "frequent", _l("Frequent faults")
    AWAITING_REPAIR = "awaiting_repair", _l("Awaiting repair")
    TO_BE_SCRAPPED = "to_be_scrapped", _l("To be scrapped")

    @classmethod
    def out_of_order(cls) -> tuple["InstrumentCondition", ...]:
        return (cls.AWAITING_REPAIR, cls.TO_BE_SCRAPPED)


class InstrumentUsage(Term):
    SPECIAL = "special", _l("Special")
    GENERAL = "general", _l("General")

    @classmethod
    def offered(cls) -> tuple["InstrumentUsage", ...]:
        return (cls.GENERAL, cls.SPECIAL)


class Sharing(Term):
    INSIDE = "inside", _l("Inside only")
    OUTSIDE = "outside", _l("Open to others")
    NOT_SHARED = "not_shared", _l("Not shared")

    @classmethod
    def offered(cls) -> tuple["Sharing", ...]:
        return (cls.OUTSIDE, cls.INSIDE, cls.NOT_SHARED)


class InstrumentSource(Term):
    """Where an instrument comes from."""

    BOUGHT = "bought", _l("Bought")
    SELF_MADE = "self_made", _l("Self-made")
    DONATED = "donated", _l("Donated")
    OTHER = "other", _l("Other source")


class Funds(Term):
    """What an instrument was paid from."""

    CENTRAL = "central", _l("Central budget")
    LOCAL = "local", _l("Local budget")
    OWN = "own", _l("Own funds")
    OTHER = "other", _l("Other funds")

    @classmethod
    def offered(cls) -> tuple["Funds", ...]:
        return (cls.OWN, cls.CENTRAL, cls.LOCAL, cls.OTHER)


class Category(Term):
    """Of a test item, with examples of what is tested."""

    examples: LazyString | str

    def __init__(
        self, code: str, label: LazyString | str = "", icon: str = "", examples: LazyString | str = ""
    ) -> None:
        super().__init__(code, label, Look(icon))
        self.examples = examples

    MECHANICS = "mechanics", _l("Mechanical properties"), "hammer", _l("Tensile · hardness")
    METALLOGRAPHY = "metallography", _l("Metallography"), "microscope", _l("Inclusions · grain size")
    COMPOSITION = "composition", _l("Composition"), "atom-2", _l("Spark OES · carbon, sulphur")
    BEARINGS = "bearings", _l("Bearings"), "circle-dashed", _l("Vibration · life")
    DIMENSIONS = "dimensions", _l("Dimensions and geometry"), "ruler-2", _l("Roundness · CMM")
    WHEELS = "wheels", _l("Wheels"), "steering-wheel", _l("Impact · fatigue")
    ENVIRONMENT = "environment", _l("Environment and corrosion"), "mist", _l("Salt spray · temperature")
    REFRIGERATION = "refrigeration", _l("Refrigeration parts"), "snowflake", _l("Expansion valves · helium")
    ELECTRICAL = "electrical", _l("Electrical loads"), "bolt", _l("Electrical · mechanical loads")
    CLEANLINESS = "cleanliness", _l("Cleanliness"), "scan", _l("Particles")
    TEXTILE_MACHINERY = "textile_machinery", _l("Textile machinery"), "needle-thread", _l("Noise · balance")
    PHARMA = "pharma", _l("Pharmaceuticals and feed"), "pill", _l("HPLC · mass spectrometry")


class FeeBasis(Term):
    """What an amount of a fee is for."""

    per: LazyString | str
    """Within a price: so much for …"""

    def __init__(self, code: str, label: LazyString | str = "", per: LazyString | str = "") -> None:
        super().__init__(code, label)
        self.per = per

    SAMPLE = "sample", lazy_pgettext("fee basis", "Sample"), _l("a sample")
    RUN = "run", lazy_pgettext("fee basis", "Run"), _l("a run")
    TEST = "test", lazy_pgettext("fee basis", "Test"), _l("a test")
    HOUR = "hour", lazy_pgettext("fee basis", "Hour of working time"), _l("an hour")


class SurchargeKind(Term):
    """What a client may order on top of a test."""

    RUSH = "rush", _l("Rush surcharge")
    CMA = "cma", _l("Report with CMA mark")
    CNAS = "cnas", _l("Report with CNAS mark")
    CONSULTATION = "consultation", _l("Consultation")
    COMPONENT = "component", _l("Extra component")

    @property
    def mark(self) -> "AccreditationKind | None":
        """The accreditation whose mark the report bears."""
        return AccreditationKind.known(self.upper())

    @classmethod
    def single(cls) -> tuple["SurchargeKind", ...]:
        """A fee has at most one of each of these; of components there are several, by name."""
        return (cls.RUSH, cls.CMA, cls.CNAS, cls.CONSULTATION)


class SheetKind(Term):
    """What the rows of a sheet are, in the order in which they are taken in."""

    INSTRUMENTS = "instruments", _l("Instruments")
    CALIBRATIONS = "calibrations", _l("Calibrations")
    TEST_ITEMS = "test_items", _l("Test items")
    FEES = "fees", _l("Fees")
    HOURS = "opening_hours", _l("Opening hours")
    BOOKINGS = "bookings", _l("Bookings from before")


class ManyKind(Term):
    """What is done to many rows of a catalogue at once."""

    PUBLISH = "publish", _l("Publish")
    WITHDRAW = "withdraw", lazy_pgettext("catalogue", "Withdraw")
    DAYS = "days", _l("Other days to the report")
    FEES = "fees", _l("Fees by a percentage")


class FieldKind(Term):
    """What a field of a test item's sample form takes."""

    TEXT = "text", _l("Short text")
    NUMBER = "number", _l("Number with a unit")
    CHOICE = "choice", _l("One of several")
    PHOTO = "photo", _l("Photo")
    ATTACHED = "attached", _l("File (PDF or picture)")

    @classmethod
    def files(cls) -> tuple["FieldKind", ...]:
        return (cls.PHOTO, cls.ATTACHED)


class SearchKind(Term):
    """What the index of the search holds."""

    LAB = "lab"
    INSTRUMENT = "instrument"
    TEST_ITEM = "test_item"


class ConceptKind(Term):
    """What a word of the field names."""

    TEST = "test", _l("Test or method")
    INSTRUMENT = "instrument", _l("Instrument")
    MATERIAL = "material", _l("Material or part")
    SYMPTOM = "symptom", _l("Symptom, only suggests")
    MAKER = "maker", _l("Manufacturer")
    TRADE = "trade", _l("Another trade")
    FILLER = "filler", _l("Says nothing about the test")


class Requirement(Term):
    """What must be there before publishing, or before applying to be an open lab; see `rules.publishing`."""

    FIRM_VERIFIED = "firm_verified", _l("the firm is verified")
    ADDRESS = "address", _l("an address")
    PHONE = "phone", _l("a telephone number")
    LAB_PUBLISHED = "lab_published", _l("the lab is published")
    MODEL = "model", _l("model and maker")
    CALIBRATED = "calibrated", _l("a calibration valid today, or a note that none is needed")
    OPEN_TO_OTHERS = "open_to_others", _l("sharing set to “open to others”")
    INSTRUMENT_PUBLISHED = "instrument_published", _l("a published instrument that can do it")
    FEE_TODAY = "fee_today", _l("a fee valid today")
    SAMPLE_REQUIREMENT = "sample_requirement", _l("what samples must be like")
    INSTRUMENT_SHOWN = "instrument_shown", _l("a published instrument")
    ALL_CALIBRATED = "all_calibrated", _l("every published instrument calibrated today, or without need")
    ITEM_SHOWN = "item_shown", _l("a published test item with a fee valid today")


class Admission(Term):
    """How labs stand to being open labs, as an officer's list divides them."""

    ADMITTED = "admitted"
    """On the day."""
    WAITING = "waiting"
    """Published and never admitted."""
    SUSPENDED = "suspended"
    """Admitted once, and not now."""
    UNDECIDED = "undecided"
    """An admission waits for a second person."""
    APPLIED = "applied"
    """The lab has applied and waits for an officer."""


class ProposalEnd(Term):
    """How the proposal of a standard ends."""

    PUBLISHED = "published", _l("Published")
    DECLINED = "declined", _l("Declined")
    WITHDRAWN = "withdrawn", _l("Withdrawn")


class ApplicationEnd(Term):
    """How an application to be an open lab ends."""

    ADMITTED = "admitted", _l("Admitted")
    DECLINED = "declined", _l("Declined")
    WITHDRAWN = "withdrawn", _l("Withdrawn")


class ClaimKind(Term):
    """What a lab says of its catalogue that a reward or a mark may rest on (R-CLAIM-1)."""

    VALUE = "original_value", _l("Original value")
    VOLUNTARY = "voluntary", _l("No statutory test")
    ACCREDITATION = "accreditation", _l("Accreditation")


class ClaimVerdict(Term):
    """What an officer found of it."""

    CONFIRMED = "confirmed", _l("Confirmed")
    REFUSED = "refused", _l("Not confirmed")
