"""The forms of the catalogue. They read and show; what is right is said by the catalogue's rules."""

import re
from datetime import date
from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext, ngettext

from labshare.catalogue.models import Instrument, TestItem
from labshare.catalogue.rules.entries import InstrumentDetails, LabDetails, TestItemDetails
from labshare.catalogue.terms import (
    START_GRIDS,
    AccreditationKind,
    Category,
    Funds,
    InstrumentCondition,
    InstrumentSource,
    InstrumentUsage,
    Sharing,
)
from labshare.kernel import typed
from labshare.kernel.formatting import twin
from labshare.kernel.money import FEN_PER_WAN
from labshare.kernel.time import DAY_MINUTES, Minutes
from labshare.organisations.divisions import PLACES
from labshare.web.forms import (
    BooleanField,
    DayField,
    Form,
    HoursField,
    LocalMomentField,
    MinutesField,
    MultipleField,
    OptionalSelectField,
    SelectField,
    StringField,
    TextAreaField,
    WholeNumberField,
    length,
    optional,
    required,
)


class HoursLengthField(MinutesField):
    """A length in hours, fractions allowed ↔ whole minutes."""

    message = _l("Enter hours such as 24 or 1.5.")
    unit = 60

    def read(self, text: str) -> Minutes:  # type: ignore[override]
        minutes = super().read(text) * self.unit
        if minutes != int(minutes):
            raise ValueError
        return Minutes(int(minutes))

    def written(self, data: Minutes) -> str:  # type: ignore[override]
        return super().written(Decimal(data) / self.unit)


class DaysLengthField(HoursLengthField):
    """A length in days, fractions allowed ↔ whole minutes."""

    message = _l("Enter days such as 90.")
    unit = DAY_MINUTES


class LabForm(Form):
    name = StringField(_l("Name of the lab"), [required(), length(120)])
    name_en = StringField(_l("Name in English"), [optional(), length(160)])
    town = SelectField(
        _l("Town"), [required()], description=_l("Its county is where the lab can be admitted as an open lab.")
    )
    address = StringField(_l("Address"), [optional(), length(200)], description=_l("Needed before publishing."))
    address_en = StringField(
        _l("Address in English"),
        [optional(), length(200)],
        description=_l("Street and number, such as 8 Gongye Avenue; the town is added."),
    )
    directions = TextAreaField(
        _l("How to get there"),
        [optional(), length(1000)],
        description=_l("Which gate, which floor, where to park, where samples are handed in."),
    )
    directions_en = TextAreaField(_l("How to get there, in English"), [optional(), length(1000)])
    longitude = StringField(_l("Longitude"), [optional(), length(12)], description=_l("Decimal degrees, WGS 84."))
    latitude = StringField(_l("Latitude"), [optional(), length(12)])
    contact = StringField(_l("Contact person"), [optional(), length(60)])
    phone = StringField(_l("Telephone"), [optional(), length(30)], description=_l("Needed before publishing."))
    email = StringField(
        _l("E-mail of the contact person"),
        [optional(), length(254)],
        description=_l("Shown to clients at their bookings alone."),
    )
    description = TextAreaField(_l("What the lab does"), [optional(), length(4000)])
    description_en = TextAreaField(_l("The same in English"), [optional(), length(4000)])
    automatic_confirmation = BooleanField(
        _l("Automatic confirmation"), description=_l("Bookings are confirmed at once, without an answer of yours.")
    )
    lead_time_minutes = HoursLengthField(
        _l("Lead time, hours"),
        [required()],
        default=2 * 60,
        description=_l(
            "At least so long before the start one must book. A request that is not answered lapses at its "
            "start: where you confirm by hand, leave time for it."
        ),
    )
    horizon_minutes = DaysLengthField(
        _l("Horizon, days"),
        [required()],
        default=90 * DAY_MINUTES,
        description=_l("At most so far ahead one can book."),
    )
    payment_days = WholeNumberField(
        _l("Terms of payment, days"),
        [required()],
        default=30,
        description=_l("So many days after its date an invoice is due; the invoices recorded keep theirs."),
    )
    start_grid = OptionalSelectField(
        _l("Start times"),
        coerce=int,
        blank=_l("any whole minute"),
        default=15,
        description=_l("At which minutes of the hour a test may start."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.start_grid.choices = [
            (n, ngettext("every minute", "every %(num)d minutes", n)) for n in START_GRIDS if n > 1
        ]
        self.town.choices = [(town.code, twin(town)) for town in PLACES.values()]

    def details(self) -> LabDetails:
        return LabDetails(
            name=self.name.data or "",
            name_en=self.name_en.data or "",
            town=self.town.data or "",
            address=self.address.data or "",
            address_en=self.address_en.data or "",
            directions=self.directions.data or "",
            directions_en=self.directions_en.data or "",
            longitude=self.longitude.data or "",
            latitude=self.latitude.data or "",
            contact=self.contact.data or "",
            phone=self.phone.data or "",
            email=(self.email.data or "").strip(),
            description=self.description.data or "",
            description_en=self.description_en.data or "",
            automatic_confirmation=bool(self.automatic_confirmation.data),
            lead_time_minutes=self.lead_time_minutes.data,
            horizon_minutes=self.horizon_minutes.data,
            payment_days=self.payment_days.data,
            start_grid=self.start_grid.data or 1,
        )


class AccreditationForm(Form):
    kind = SelectField(_l("Kind"), choices=AccreditationKind.choices())
    number = StringField(
        _l("Certificate number"), [required(), length(20)], description=_l("CMA: 12 digits. CNAS: such as L12345.")
    )
    valid_from = DayField(_l("Valid from"), [required()])
    valid_to = DayField(_l("Valid to, included"), [required()])
    scope = MultipleField(_l("Scope: test items and standards it covers"), [optional()], choices=[])

    def scope_pairs(self) -> list[tuple[int, int]]:
        pairs = []
        for value in self.scope.data or []:
            item, _dash, standard = str(value).partition("-")
            pairs.append((int(item), int(standard)))
        return pairs


class WanField(StringField):
    """An original value in 10,000 yuan (the national platform's unit; it shows two decimals) ↔ whole fen."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.render_kw = {"inputmode": "decimal", "class": "num", "autocomplete": "off", **(self.render_kw or {})}

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        if self.data is None:
            return ""
        value = Decimal(self.data) / FEN_PER_WAN
        return f"{value:.2f}" if value == value.quantize(Decimal("0.01")) else f"{value.normalize():f}"

    def process_formdata(self, valuelist: list[Any]) -> None:
        text = str(valuelist[0]).strip() if valuelist else ""
        self.data = None
        if not text:
            return
        try:
            self.data = typed.wan(text)
        except ValueError:
            raise ValueError(str(typed.WAN)) from None


class InstrumentForm(Form):
    lab = SelectField(_l("Lab"), coerce=int)
    inner_id = StringField(_l("Own number"), [required(), length(40)], description=_l("The firm's asset number."))
    name = StringField(_l("Name of the instrument"), [required(), length(120)])
    name_en = StringField(_l("Name in English"), [optional(), length(160)])
    model = StringField(_l("Model"), [optional(), length(80)])
    manufacturer = StringField(_l("Maker"), [optional(), length(120)])
    class_code = StringField(
        _l("Class code"),
        [required(), length(6)],
        default="990000",
        description=_l("Six digits of the national classification, such as 010401 for spectrometry. Other: 990000."),
    )
    nation = StringField(
        _l("Country of origin"), [required(), length(2)], default="CN", description=_l("Two letters: CN, DE, US.")
    )
    units = WholeNumberField(
        _l("Units at once"),
        [required()],
        least=1,
        most=99,
        default=1,
        description=_l("How many bookings run side by side."),
    )
    shortest_minutes = WholeNumberField(_l("Shortest booking, minutes"), [optional()])
    longest_minutes = WholeNumberField(_l("Longest booking, minutes"), [optional()])
    needs_calibration = BooleanField(
        _l("Needs calibration"), default=True, description=_l("Without a valid certificate it cannot be booked.")
    )
    original_value_fen = WanField(_l("Original value, 10,000 CNY"), [optional()])
    begin_date = DayField(_l("In use since"), [optional()])
    condition = SelectField(_l("Condition"), choices=InstrumentCondition.choices())
    usage = SelectField(_l("Use"), choices=InstrumentUsage.choices())
    sharing = SelectField(_l("Sharing"), choices=Sharing.choices())
    source = SelectField(_l("Source"), choices=InstrumentSource.choices())
    funds = SelectField(_l("Funds"), choices=Funds.choices())
    customs_supervised = BooleanField(_l("Under customs supervision"))
    technical = TextAreaField(_l("Main specifications"), [optional(), length(4000)])
    function = TextAreaField(_l("Functions"), [optional(), length(4000)])
    service_content = TextAreaField(_l("Services"), [optional(), length(4000)])
    requirement = TextAreaField(_l("What users must observe"), [optional(), length(4000)])
    subjects = StringField(_l("Subject areas"), [optional(), length(100)], description=_l("Up to four, by GB/T 13745."))

    @classmethod
    def of(cls, instrument: Instrument) -> "InstrumentForm":
        form = cls(obj=instrument)
        form.lab.choices = [(instrument.lab_id, twin(instrument.lab))]
        form.lab.data = instrument.lab_id
        return form

    def details(self) -> InstrumentDetails:
        return InstrumentDetails(
            inner_id=self.inner_id.data or "",
            name=self.name.data or "",
            name_en=self.name_en.data or "",
            model=self.model.data or "",
            manufacturer=self.manufacturer.data or "",
            nation=(self.nation.data or "").upper(),
            class_code=self.class_code.data or "",
            original_value_fen=self.original_value_fen.data,
            begin_date=self.begin_date.data,
            usage=self.usage.data,
            sharing=self.sharing.data,
            source=self.source.data,
            funds=self.funds.data,
            customs_supervised=bool(self.customs_supervised.data),
            condition=self.condition.data,
            technical=self.technical.data or "",
            function=self.function.data or "",
            subjects=self.subjects.data or "",
            service_content=self.service_content.data or "",
            requirement=self.requirement.data or "",
            shortest_minutes=self.shortest_minutes.data,
            longest_minutes=self.longest_minutes.data,
            needs_calibration=bool(self.needs_calibration.data),
        )


class CalibrationForm(Form):
    certificate = StringField(_l("Certificate number"), [required(), length(60)])
    issuer = StringField(_l("Issued by"), [optional(), length(120)])
    valid_from = DayField(lazy_pgettext("certificate", "Valid from"), [required()])
    valid_to = DayField(_l("Calibrated until, included"), [required()])


class TestItemForm(Form):
    __test__ = False

    lab = SelectField(_l("Lab"), coerce=int)
    category = SelectField(_l("Category"), choices=Category.choices())
    name = StringField(_l("Name of the test"), [required(), length(120)])
    name_en = StringField(_l("Name in English"), [optional(), length(160)])
    standards = TextAreaField(
        _l("Standards"),
        [optional(), length(1000)],
        description=_l("One number a line, such as GB/T 10125-2021; each must be in the list of standards."),
    )
    instruments = MultipleField(_l("Instruments that can do it"), [optional()], coerce=int, choices=[])
    description = TextAreaField(_l("What is tested"), [optional(), length(4000)])
    description_en = TextAreaField(_l("The same in English"), [optional(), length(4000)])
    sample_requirement = TextAreaField(
        _l("Sample requirement"),
        [optional(), length(2000)],
        description=_l("Size and number. Needed before publishing."),
    )
    sample_requirement_en = TextAreaField(_l("Sample requirement in English"), [optional(), length(2000)])
    statutory = BooleanField(
        _l("Statutory test"), description=_l("Compulsory by law; its revenue earns no reward where the policy says so.")
    )
    setup_minutes = MinutesField(_l("Set-up, minutes"), [required()], default=Decimal(0))
    sample_minutes = MinutesField(_l("Per sample, minutes"), [required()], default=Decimal(0))
    run_minutes = MinutesField(
        _l("Per run, minutes"), [required()], default=Decimal(0), description=_l("0 where the client chooses hours.")
    )
    samples_per_run = WholeNumberField(_l("Samples in one run"), [required()], least=1, most=10_000, default=1)
    max_quantity = WholeNumberField(_l("Most samples in one booking"), [required()], least=1, most=10_000, default=20)
    cleanup_minutes = WholeNumberField(
        _l("Clean-up, minutes"),
        [required()],
        least=0,
        most=10_080,
        default=0,
        description=_l("Kept free after each booking; not charged."),
    )
    hours_min = HoursField(
        _l("Test hours, shortest"), [optional()], description=_l("All three only where the client chooses the hours.")
    )
    hours_max = HoursField(_l("Test hours, longest"), [optional()])
    hours_step = HoursField(_l("Test hours, step"), [optional()])
    attended = SelectField(
        _l("Attendance"),
        choices=[
            ("1", _l("Attended: all work inside one opening interval")),
            ("0", _l("Runs unattended, also at night")),
        ],
    )
    runs_start_in_hours = BooleanField(
        _l("Each further run starts in opening hours"), description=_l("Only for tests that run unattended.")
    )
    turnaround_days = WholeNumberField(
        _l("Turnaround, days"),
        [required()],
        least=0,
        most=365,
        default=5,
        description=_l("Promised from the end of the test to the report."),
    )
    free_cancel_minutes = HoursLengthField(
        _l("Free cancellation until, hours before the start"), [required()], default=24 * 60
    )
    late_cancel_percent = WholeNumberField(
        _l("Later cancellation, % of the price"), [required()], least=0, most=100, default=0
    )
    no_show_percent = WholeNumberField(_l("No-show, % of the price"), [required()], least=0, most=100, default=0)

    @classmethod
    def of(cls, item: TestItem) -> "TestItemForm":
        form = cls(obj=item)
        form.lab.choices = [(item.lab_id, twin(item.lab))]
        form.lab.data = item.lab_id
        if not form.is_submitted():
            form.standards.data = "\n".join(standard.number for standard in item.standards)
            form.instruments.data = [instrument.id for instrument in item.instruments]
            form.attended.data = "1" if item.attended else "0"
        return form

    def standard_numbers(self) -> list[str]:
        return [line.strip() for line in re.split(r"[\n;；]", self.standards.data or "") if line.strip()]

    def details(self) -> TestItemDetails:
        return TestItemDetails(
            name=self.name.data or "",
            name_en=self.name_en.data or "",
            category=self.category.data,
            description=self.description.data or "",
            description_en=self.description_en.data or "",
            sample_requirement=self.sample_requirement.data or "",
            sample_requirement_en=self.sample_requirement_en.data or "",
            setup_minutes=self.setup_minutes.data,
            sample_minutes=self.sample_minutes.data,
            run_minutes=self.run_minutes.data,
            cleanup_minutes=self.cleanup_minutes.data,
            samples_per_run=self.samples_per_run.data,
            hours_min=self.hours_min.data,
            hours_max=self.hours_max.data,
            hours_step=self.hours_step.data,
            max_quantity=self.max_quantity.data,
            attended=self.attended.data == "1",
            runs_start_in_hours=bool(self.runs_start_in_hours.data),
            statutory=bool(self.statutory.data),
            turnaround_days=self.turnaround_days.data,
            free_cancel_minutes=self.free_cancel_minutes.data,
            late_cancel_percent=self.late_cancel_percent.data,
            no_show_percent=self.no_show_percent.data,
        )


class ClosureForm(Form):
    starts_at = LocalMomentField(_l("Closed from"), [required()])
    ends_at = LocalMomentField(_l("Closed until"), [required()])
    reason = StringField(_l("Reason"), [required(), length(200)], description=_l("Everyone sees it."))


class StandardForm(Form):
    number = StringField(_l("Number"), [required(), length(60)], description=_l("As printed, with its year."))
    name = StringField(_l("Name"), [required(), length(200)])
    name_en = StringField(_l("Name in English"), [optional(), length(200)])
    replaces = StringField(
        _l("Replaces"), [optional(), length(60)], description=_l("The number of a listed standard, if any.")
    )
    replaced_from = DayField(_l("Replaced from"), [optional()])

    @property
    def standard(self) -> dict[str, Any]:
        """As the services take it."""
        return {
            "number": self.number.data,
            "name": self.name.data,
            "name_en": self.name_en.data or "",
            "replaces": self.replaces.data or "",
            "replaced_from": self.replaced_from.data,
        }


class SupersedeForm(Form):
    successor = StringField(
        _l("Replaced by"), [required(), length(60)], description=_l("The number of a listed standard.")
    )
    superseded_from = DayField(_l("Replaced from"), [required()])


def default_day(form: Any, name: str, day: date) -> None:
    """Propose a day in an empty form."""
    if not form.is_submitted() and form[name].data is None:
        form[name].data = day
