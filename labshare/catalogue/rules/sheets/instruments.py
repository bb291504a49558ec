"""The sheets of instruments and of their calibrations."""

from decimal import Decimal

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext

from labshare.catalogue.rules.sheets.columns import Column, choice, day, digits, text, whole, yes
from labshare.catalogue.terms import Funds, InstrumentCondition, InstrumentSource, InstrumentUsage, Sharing
from labshare.kernel import typed
from labshare.kernel.money import FEN_PER_WAN

_OWN_NUMBER = text(
    name="inner_id",
    field="innerId",
    head=_l("Own number"),
    needed=True,
    says=_l("The firm's asset number. A row with a number that the lab has changes that instrument."),
    example="YQ-0012",
)
INSTRUMENTS = (
    _OWN_NUMBER,
    text(
        name="name",
        field="cname",
        head=_l("Name of the instrument"),
        needed=True,
        example="万能试验机",
        example_en="万能试验机",
    ),
    text(name="name_en", field="ename", head=_l("Name in English"), example="Universal testing machine"),
    text(name="model", field="instrVersion", head=_l("Model"), says=_l("Needed before publishing."), example="Z100"),
    text(
        name="manufacturer",
        head=_l("Maker"),
        says=_l("Needed before publishing."),
        example="ZwickRoell",
    ),
    Column(
        name="class_code",
        field="instrCategory",
        head=_l("Class code"),
        read=digits,
        says=_l("Six digits of the national classification, such as 010401 for spectrometry. Other: 990000."),
        example="020100",
    ),
    Column(
        name="nation",
        head=_l("Country of origin"),
        read=str.upper,
        says=_l("Two letters: CN, DE, US."),
        example="DE",
        width=10,
    ),
    whole(name="units", head=_l("Units at once"), blank=1, says=_l("How many bookings run side by side."), example="1"),
    whole(name="shortest_minutes", head=_l("Shortest booking, minutes"), example="30"),
    whole(name="longest_minutes", head=_l("Longest booking, minutes"), example="480"),
    yes(
        name="needs_calibration",
        head=_l("Needs calibration"),
        says=_l("Without a valid certificate it cannot be booked."),
    ),
    Column(
        name="original_value_fen",
        field="worth",
        head=_l("Original value, 10,000 CNY"),
        read=typed.wan,
        wrong=typed.WAN,
        blank=None,
        write=lambda fen: Decimal(fen) / FEN_PER_WAN,
        example="85.00",
    ),
    day(name="begin_date", field="beginDate", head=_l("In use since")),
    choice(InstrumentCondition, name="condition", head=_l("Condition")),
    choice(InstrumentUsage, name="usage", head=_l("Use")),
    choice(Sharing, name="sharing", head=_l("Sharing"), says=_l("Only what is open to others can be published.")),
    choice(InstrumentSource, name="source", field="instrSource", head=_l("Source")),
    choice(Funds, name="funds", head=_l("Funds")),
    yes(
        name="customs_supervised",
        field="instrSupervise",
        head=_l("Under customs supervision"),
        example="否",
        example_en="No",
    ),
    text(name="technical", head=_l("Main specifications"), example="0–100 kN, 0.5"),
    text(name="function", head=_l("Functions"), example="拉伸、压缩、弯曲"),
    text(name="service_content", field="serviceContent", head=_l("Services"), example="金属材料拉伸试验"),
    text(name="requirement", head=_l("What users must observe"), example="须提前两天送样"),
    text(
        name="subjects",
        field="subject",
        head=_l("Subject areas"),
        says=_l("Up to four, by GB/T 13745."),
        example="430.45",
    ),
)
CALIBRATIONS = (
    text(
        name="inner_id",
        field="innerId",
        head=_l("Own number"),
        needed=True,
        says=_l("Of an instrument of the lab, or of this file."),
        example="YQ-0012",
    ),
    text(name="certificate", head=_l("Certificate number"), needed=True, example="HX2026-10231"),
    text(name="issuer", head=_l("Issued by"), example="浙江省计量科学研究院"),
    day(name="valid_from", head=lazy_pgettext("certificate", "Valid from"), needed=True),
    day(name="valid_to", head=_l("Calibrated until, included"), needed=True, example="2027-11-23"),
)
