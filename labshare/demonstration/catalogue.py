"""Labs with hours, admission and accreditation; instruments with units and calibration; test items with dated fees."""

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

from labshare.booking.models import ALWAYS, Closure, OpeningWeek, StoragePlace
from labshare.booking.rules.price import CancellationTerms, HoursChoice, ItemTerms
from labshare.booking.rules.price import Fee as FeeTerms
from labshare.booking.rules.starts import InstrumentTerms
from labshare.booking.rules.time import Closure as ClosureTerms
from labshare.booking.rules.time import DayRange, LabHours, Openings, WorkingDays
from labshare.catalogue.claims import Claim
from labshare.catalogue.models import (
    Accreditation,
    AccreditationScope,
    Calibration,
    Fee,
    Instrument,
    InstrumentUnit,
    Lab,
    LabAdmission,
    SampleField,
    Standard,
    TestItem,
    TestItemInstrument,
    TestItemStandard,
)
from labshare.catalogue.rules.fees import Discount, Extras, Step, Surcharge
from labshare.catalogue.rules.sample_form import plain_form
from labshare.catalogue.terms import (
    AccreditationKind,
    Category,
    ClaimKind,
    FeeBasis,
    Funds,
    InstrumentCondition,
    InstrumentSource,
    InstrumentUsage,
    LifeState,
    SurchargeKind,
)
from labshare.demonstration.codes import cma_number, cnas_number
from labshare.demonstration.data.forms import FORMS
from labshare.demonstration.data.hosts import HOSTS, PROFILES, SECOND_LABS, SECOND_LABS_EN, Profile
from labshare.demonstration.data.instruments import KIND, Kind
from labshare.demonstration.data.items import NORMS, TYPES, Bilingual, Type
from labshare.demonstration.firms import street_of
from labshare.demonstration.loading import HostFirm, Loading
from labshare.demonstration.rows import Row
from labshare.kernel.money import FEN_PER_WAN, FEN_PER_YUAN, Fen
from labshare.kernel.time import ExactMinutes, Minutes
from labshare.organisations.divisions import TOWNS, lab_code_prefix, towns_of

Week = tuple[tuple[tuple[int, int], ...], ...]
LUNCH = ((480, 690), (780, 1020))
STORAGE = ("样品柜 A 层", "样品柜 B 层", "冷藏柜", "待检货架")
SHAPES: dict[str, Week] = {
    "day": (((480, 1020),),) * 5 + ((), ()),
    "lunch": (LUNCH,) * 5 + ((), ()),
    "saturday": (((510, 720), (810, 1050)),) * 5 + (((510, 720),), ()),
    "long": (((480, 1200),),) * 5 + (((480, 720),), ()),
    "evening": (((480, 1320),),) * 5 + ((), ()),
    "night": (((780, 1500),),) * 5 + ((), ()),
}
"""Opening hours in minutes after midnight; the last shape closes at one in the morning."""
CANCELLATION = (
    CancellationTerms(),
    CancellationTerms(free_minutes=1440, late_percent=20, no_show_percent=30),
    CancellationTerms(free_minutes=1440, late_percent=30, no_show_percent=50),
    CancellationTerms(free_minutes=2880, late_percent=50, no_show_percent=100),
)
TYPES_OF: dict[str, list[Type]] = {}
for _test in TYPES:
    for _kind in _test.kinds:
        TYPES_OF.setdefault(_kind, []).append(_test)
CMA_FIELDS = {"pharma": "14", "polymer": "14", "textile": "11", "environment": "20", "electrical": "20"}


@dataclass
class Machine:
    """An instrument: its row, its rules, and the time taken on each unit (start, end), in order."""

    row: Row
    kind: Kind
    terms: InstrumentTerms
    taken: list[list[tuple[datetime, datetime]]]
    busy: float
    """How much it is in demand: a few instruments much, most of them little."""

    @property
    def id(self) -> int:
        return int(self.row["id"])


@dataclass
class Offer:
    """A test item: its row, its rules, its dated fees, the instruments that can do it."""

    row: Row
    test: Type
    terms: ItemTerms
    fees: list[tuple[date, date | None, FeeTerms]]
    discounts: tuple[Discount, ...]
    machines: list[Machine]
    questions: tuple[int, ...] = ()
    """The ids of its sample form's."""
    standard_id: int | None = None
    """The one that reports name."""
    certificates: list[Row] = field(default_factory=list)
    """The accreditations that cover it."""

    def fee_on(self, day: date) -> FeeTerms | None:
        return next((fee for since, until, fee in self.fees if since <= day and (until is None or day <= until)), None)


@dataclass(frozen=True, kw_only=True)
class ListedLab:
    """A lab as its regulators know it."""

    id: int
    code: str
    division: str
    firm_id: int
    manager_id: int
    admitted: tuple[tuple[date, date | None], ...]


@dataclass
class Laboratory:
    row: Row
    host: HostFirm
    openings: Openings
    machines: list[Machine] = field(default_factory=list)
    offers: list[Offer] = field(default_factory=list)
    demo: bool = False
    admitted: list[tuple[date, date | None]] = field(default_factory=list)
    places: list[Row] = field(default_factory=list)
    """Where it keeps samples."""

    @property
    def id(self) -> int:
        return int(self.row["id"])

    @property
    def listed(self) -> ListedLab:
        return ListedLab(
            id=self.id,
            code=self.row["code"],
            division=self.row["division"],
            firm_id=self.host.id,
            manager_id=self.host.manager["id"],
            admitted=tuple(self.admitted),
        )


def make_standards(loading: Loading) -> dict[str, Row]:
    made: dict[str, Row] = {}
    for norm in NORMS:
        made[norm.number] = loading.rows.add(
            Standard,
            number=norm.number,
            search_number=norm.number.replace(" ", "").upper(),
            name=norm.name[0],
            name_en=norm.name[1],
            superseded_from=norm.replaced_from,
            superseded_by_id=made[norm.replaced_by]["id"] if norm.replaced_by else None,
        )
    return made


class CatalogueMaker:
    """Makes the labs of one division."""

    def __init__(self, loading: Loading, division: str, days: WorkingDays, standards: dict[str, Row]) -> None:
        self.loading, self.division, self.days, self.standards = loading, division, days, standards
        self.seen: Counter[str] = Counter()
        self.own_hours = False

    def make(self, hosts: list[HostFirm]) -> list[Laboratory]:
        made: list[Laboratory] = []
        for host, plan in zip(hosts, HOSTS, strict=False):
            repeated: Counter[str] = Counter()
            for key in plan.labs:
                if len(made) == self.loading.scale.labs:
                    return made
                number = len(made) + 1
                rng = self.loading.rng(f"lab/{self.division}/{number}")
                made.append(self._lab(rng, number, host, key, repeated[key], plan.short, plan.accredited))
                repeated[key] += 1
        return made

    def _lab(
        self, rng: random.Random, number: int, host: HostFirm, key: str, turn: int, short: Bilingual, accredited: bool
    ) -> Laboratory:
        loading, profile = self.loading, PROFILES[key]
        demo = host.owner is loading.accounts.get("owner")
        code = f"{lab_code_prefix(self.division)}-{number:03d}"
        created = loading.long_ago + timedelta(hours=rng.randrange(24 * 320))
        town = (host.row["town"] if rng.random() < 0.7 or demo else None) or self._town(rng)
        longitude, latitude = _scatter(rng, town)
        street = street_of(host.row["address"])
        row = loading.rows.add(
            Lab,
            code=code,
            firm_id=host.id,
            name=f"{short[0]}{profile.name[0]}{SECOND_LABS[turn]}",
            name_en=f"{short[1]} {profile.name[1]}{SECOND_LABS_EN[turn]}",
            division=self.division,
            town=town,
            address=street[0],
            address_en=street[1],
            directions="从南门进，样品送一楼收样室；门口可停车。",
            directions_en="South gate; samples go to the reception on the ground floor. Parking at the gate.",
            longitude=longitude,
            latitude=latitude,
            contact=loading.people.name(),
            phone=host.row["phone"],
            email="lab@demo.example",
            description=profile.description[0],
            description_en=profile.description[1],
            automatic_confirmation=not demo and rng.random() < 0.35,
            lead_time_minutes=rng.choice((0, 60, 120, 240, 1440)) if not demo else 60,
            payment_days=30,
            horizon_minutes=60 * 24 * rng.choice((60, 90, 90, 120)),
            start_grid=(5, 15, 10, 30)[number % 4],
            state=LifeState.PUBLISHED,
            created_at=created,
            published_at=created + timedelta(hours=3),
            first_published_at=created + timedelta(hours=3),
        )
        self._record(created, host, "lab.create", ("lab", row["id"]), {"code": code, "name": row["name"], "town": town})
        self._published(row["published_at"], host, "lab", row)
        shape = self._shape(rng, number, demo)
        openings = self._hours(rng, row, shape, host)
        places = [self.loading.rows.add(StoragePlace, lab_id=row["id"], name=name) for name in STORAGE]
        for name in STORAGE:
            self._record(created, host, "lab.add_place", ("lab", row["id"]), {"storage_place": name})
        lab = Laboratory(row, host, openings, demo=demo, places=places)
        self._admission(rng, lab, number)
        self._instruments(rng, lab, profile, number)
        if demo and not self.own_hours:
            self._own_hours(lab)
        self._items(rng, lab)
        if accredited:
            self._accreditation(rng, lab, key, number)
        return lab

    def _record(
        self, at: datetime, host: HostFirm, action: str, subject: tuple[str, object], after: dict[str, object]
    ) -> None:
        self.loading.trail.record(
            at, person_id=host.manager["id"], firm_id=host.id, action=action, subject=subject, after=after
        )

    def _published(self, at: datetime, host: HostFirm, table: str, row: Row) -> None:
        self.loading.trail.record(
            at,
            person_id=host.manager["id"],
            firm_id=host.id,
            action=f"{table}.publish",
            subject=(table, row["id"]),
            before={"state": LifeState.DRAFT},
            after={"state": LifeState.PUBLISHED},
        )

    def _town(self, rng: random.Random) -> str:
        known = towns_of(self.division)
        return rng.choice(known).code if known else f"{self.division}000"

    def _shape(self, rng: random.Random, number: int, demo: bool) -> str:
        if demo:
            return "long"
        if number == 10:
            return "night"
        return rng.choices(tuple(SHAPES), (22, 34, 16, 12, 10, 0))[0]

    def _hours(self, rng: random.Random, lab: Row, shape: str, host: HostFirm) -> Openings:
        loading, week = self.loading, SHAPES[shape]
        weekly = [[list(span) for span in spans] for spans in week]
        loading.rows.add(OpeningWeek, lab_id=lab["id"], instrument_id=None, valid_from=ALWAYS, weekly=weekly)
        closures = []
        for offset, length, reason in (
            (rng.randrange(30, 340), rng.randrange(1, 3), "年度设备保养"),
            (rng.randrange(340, 700), 1, "内部评审"),
            (rng.choice((377, 384, 391)), 1, "实验室搬迁与调试"),
        ):
            if reason != "年度设备保养" and rng.random() < 0.6:
                continue
            first = loading.first_day + timedelta(days=offset)
            if -5 <= (first - loading.today).days <= 12:
                first += timedelta(days=24)  # nothing closes while the accounts have their tasks
            closure = ClosureTerms(loading.at(first, 0), loading.at(first + timedelta(days=length), 0), reason)
            closures.append(closure)
            loading.rows.add(
                Closure, lab_id=lab["id"], starts_at=closure.starts_at, ends_at=closure.ends_at, reason=reason
            )
        hours = LabHours(tuple(tuple(spans) for spans in week), tuple(closures))
        since = loading.at(loading.first_day - timedelta(days=40), 0)
        openings = Openings(hours, self.days, loading.zone, since)
        openings.between(since, since + timedelta(days=560))
        return openings

    def _own_hours(self, lab: Laboratory) -> None:
        """One instrument is open all Saturday too, from today on: longer than its lab, so that no booking is hit."""
        self.own_hours = True
        weekly = [[[480, 1200]]] * 6 + [[]]
        self.loading.rows.add(
            OpeningWeek,
            lab_id=lab.id,
            instrument_id=lab.machines[0].row["id"],
            valid_from=self.loading.today,
            weekly=weekly,
        )

    def _admission(self, rng: random.Random, lab: Laboratory, number: int) -> None:
        """Most labs are open labs all along; some since mid-year, one suspended for a while, three not yet."""
        loading = self.loading
        if number % 27 == 20:
            return
        published = loading.day(lab.row["published_at"])
        since = max(loading.first_day - timedelta(days=rng.randrange(30, 300)), published + timedelta(days=1))
        if number % 13 == 9:
            since = (loading.first_day + timedelta(days=rng.randrange(60, 200))).replace(day=rng.randrange(14, 28))
        spans: list[tuple[date, date | None]] = [(since, None)]
        if number == 30:
            pause = loading.first_day + timedelta(days=150)
            spans = [(since, pause), (pause + timedelta(days=45), None)]
        for admitted, suspended in spans:
            officer = loading.accounts["officer"]["id"]
            entered = loading.at(admitted - timedelta(days=1), 15)
            loading.rows.add(
                LabAdmission,
                lab_id=lab.id,
                division=self.division,
                admitted_from=admitted,
                suspended_from=suspended,
                reason="超期未整改" if suspended else "",
                entered_by=officer,
                entered_at=entered,
                confirmed_at=entered,
                suspended_by=officer if suspended else None,
                suspended_at=loading.at(suspended, 9) if suspended else None,
            )
            loading.trail.record(
                entered,
                person_id=officer,
                firm_id=None,
                action="lab.admit",
                subject=("lab", lab.id),
                after={"admitted_from": admitted, "division": self.division, "reason": "", "confirmed": True},
            )
            if suspended:
                loading.trail.record(
                    loading.at(suspended, 9),
                    person_id=officer,
                    firm_id=None,
                    action="lab.suspend",
                    subject=("lab", lab.id),
                    before={"admitted_from": admitted, "suspended_from": None},
                    after={"suspended_from": suspended, "reason": "超期未整改"},
                )
        lab.admitted = spans

    # -- instruments

    def _instruments(self, rng: random.Random, lab: Laboratory, profile: Profile, number: int) -> None:
        for place, key in enumerate(profile.kinds):
            seen = self.seen[key]
            self.seen[key] += 1
            if seen > 0 and place >= 2 and not lab.demo and rng.random() < 0.28:
                continue
            lab.machines.append(self._instrument(rng, lab, KIND[key], place))

    def _instrument(self, rng: random.Random, lab: Laboratory, kind: Kind, place: int) -> Machine:
        loading = self.loading
        model = kind.models[(self.seen[kind.key] + rng.randrange(2)) % len(kind.models)]
        units = rng.randint(*kind.units) if not lab.demo else kind.units[1]
        value: int | None = rng.randrange(model.value[0] * 100, model.value[1] * 100 + 1) * (FEN_PER_WAN // 100)
        if rng.random() < 0.02:
            value = None  # not entered: counts as 0
        bought = loading.first_day - timedelta(days=rng.randrange(420, 3600))
        home_made = not model.maker
        zh, en = kind.name
        row = loading.rows.add(
            Instrument,
            lab_id=lab.id,
            inner_id=f"{lab.row['code'].replace('-', '')}-{place + 1:02d}",
            name=f"{zh} {model.maker} {model.model}" if not home_made else f"{zh} {model.model}",
            name_en=f"{en} {model.maker} {model.model}" if not home_made else f"{en} {model.model}",
            model=model.model,
            manufacturer=model.maker,
            nation=model.nation,
            class_code=kind.class_code,
            original_value_fen=value,
            confirmed_value_fen=value,
            begin_date=bought,
            usage=InstrumentUsage.SPECIAL if kind.special else InstrumentUsage.GENERAL,
            source=InstrumentSource.SELF_MADE if home_made else InstrumentSource.BOUGHT,
            funds=rng.choices((Funds.OWN, Funds.LOCAL, Funds.CENTRAL), (84, 12, 4))[0],
            customs_supervised=model.nation != "CN" and rng.random() < 0.05,
            condition=rng.choices(
                (InstrumentCondition.NORMAL, InstrumentCondition.OCCASIONAL, InstrumentCondition.FREQUENT), (90, 8, 2)
            )[0],
            technical=kind.technical,
            function=kind.function,
            subjects="430.40",
            service_content=kind.function,
            units=units,
            longest_minutes=kind.longest_minutes,
            needs_calibration=kind.calibrated,
            state=LifeState.PUBLISHED,
            created_at=lab.row["created_at"] + timedelta(hours=1),
        )
        for unit in range(1, units + 1):
            loading.rows.add(InstrumentUnit, instrument_id=row["id"], unit=unit)
        self._record(
            row["created_at"],
            lab.host,
            "instrument.add",
            ("instrument", row["id"]),
            {
                "lab_id": lab.id,
                "units": units,
                "name": row["name"],
                "model": row["model"],
                "original_value_fen": value,
            },
        )
        self._published(row["created_at"] + timedelta(minutes=30), lab.host, "instrument", row)
        certificates = self._calibrations(rng, lab, row, kind, place) if kind.calibrated else None
        terms = InstrumentTerms(
            units=units,
            lead=timedelta(minutes=lab.row["lead_time_minutes"]),
            horizon=timedelta(minutes=lab.row["horizon_minutes"]),
            longest=None if kind.longest_minutes is None else Decimal(kind.longest_minutes),
            certificates=certificates,
            id=row["id"],
        )
        return Machine(row, kind, terms, [[] for _ in range(units)], min(12.0, rng.paretovariate(1.2)))

    def _calibrations(
        self, rng: random.Random, lab: Laboratory, row: Row, kind: Kind, place: int
    ) -> tuple[DayRange, ...]:
        """Yearly certificates that join. One instrument of the demonstration lab is due within days, one a little
        later, one has lapsed."""
        loading = self.loading
        last = loading.today + timedelta(days=rng.randrange(45, 360))
        if lab.demo and kind.key == "cs":
            last = loading.today + timedelta(days=9)
        elif lab.demo and kind.key == "gauss":
            last = loading.today - timedelta(days=12)
        elif not lab.demo and rng.random() < 0.05:
            last = loading.today + timedelta(days=rng.randrange(3, 28))
        spans: list[DayRange] = []
        while not spans or spans[0].first > loading.first_day - timedelta(days=30):
            first = last - timedelta(days=364)
            spans.insert(0, DayRange(first, last))
            last = first - timedelta(days=1)
        for span in spans:
            number = f"{span.first.year}-{rng.randrange(10_000, 99_999)}"
            calibration = loading.rows.add(
                Calibration,
                instrument_id=row["id"],
                certificate=f"ZJJL{number}",
                issuer="浙江省计量检定机构（演示）",
                valid_from=span.first,
                valid_to=span.last,
            )
            at = min(loading.at(span.first, 16), loading.midnight)
            self._record(
                max(at, row["created_at"]),
                lab.host,
                "calibration.add",
                ("instrument", row["id"]),
                {
                    "calibration_id": calibration["id"],
                    "certificate": calibration["certificate"],
                    "valid_from": span.first,
                    "valid_to": span.last,
                },
            )
        return tuple(spans)

    # -- test items

    def _items(self, rng: random.Random, lab: Laboratory) -> None:
        by_kind: dict[str, list[Machine]] = {}
        for machine in lab.machines:
            by_kind.setdefault(machine.kind.key, []).append(machine)
        seen: set[tuple[str, str]] = set()
        for key in by_kind:
            for test in TYPES_OF.get(key, ()):
                variants = list(test.variants)
                share = 0.4 if len(variants) > 4 else 0.55
                chosen = [v for v in variants if rng.random() < share] or variants[:1]
                plain = [(variant, False) for variant in chosen[: 9 if lab.demo else 5]]
                demanded = [(variant, True) for variant in test.statutory if rng.random() < 0.5 or lab.demo]
                for variant, statutory in plain + demanded:
                    if (test.key, variant[0]) in seen:
                        continue
                    seen.add((test.key, variant[0]))
                    machines = [machine for kind in test.kinds for machine in by_kind.get(kind, ())]
                    lab.offers.append(self._item(rng, lab, test, variant, statutory, machines))

    def _item(
        self,
        rng: random.Random,
        lab: Laboratory,
        test: Type,
        variant: Bilingual,
        statutory: bool,
        machines: list[Machine],
    ) -> Offer:
        loading = self.loading
        created = lab.row["created_at"] + timedelta(hours=2)
        most = max(1, test.most + rng.choice((0, 0, 0, -test.most // 4, test.most // 4)))
        terms = rng.choice(CANCELLATION)
        choice = test.hours
        row = loading.rows.add(
            TestItem,
            lab_id=lab.id,
            name=f"{test.name[0]}（{variant[0]}）",
            name_en=f"{test.name[1]} ({variant[1]})",
            category=test.category,
            description=f"依据 {'、'.join(test.standards)}，提供{test.name[0]}并出具检测报告。",
            description_en=f"{test.name[1]} to {', '.join(test.standards)}, with a test report.",
            sample_requirement=test.requirement[0],
            sample_requirement_en=test.requirement[1],
            setup_minutes=Decimal(test.setup),
            sample_minutes=test.sample_minutes,
            run_minutes=Decimal(test.run),
            cleanup_minutes=test.cleanup,
            samples_per_run=test.per_run,
            hours_min=choice[0] if choice else None,
            hours_max=choice[1] if choice else None,
            hours_step=choice[2] if choice else None,
            max_quantity=most,
            attended=test.attended,
            runs_start_in_hours=test.runs_start_in_hours,
            statutory=statutory,
            confirmed_voluntary=not statutory,
            turnaround_days=test.turnaround,
            free_cancel_minutes=terms.free_minutes,
            late_cancel_percent=terms.late_percent,
            no_show_percent=terms.no_show_percent,
            form_revision=int(test.key in FORMS),
            state=LifeState.PUBLISHED,
            created_at=created,
            published_at=created + timedelta(hours=1),
        )
        for number in test.standards:
            loading.rows.add(TestItemStandard, test_item_id=row["id"], standard_id=self.standards[number]["id"])
        for machine in machines:
            loading.rows.add(TestItemInstrument, test_item_id=row["id"], instrument_id=machine.id)
        self._record(
            created,
            lab.host,
            "test_item.add",
            ("test_item", row["id"]),
            {
                "lab_id": lab.id,
                "name": row["name"],
                "category": row["category"],
                "statutory": statutory,
                "instruments": [machine.id for machine in machines],
            },
        )
        self._published(row["published_at"], lab.host, "test_item", row)
        if lab.demo and not statutory and not lab.offers:
            self._confirm_anew(lab, row)
        rules = ItemTerms(
            setup=ExactMinutes(Decimal(test.setup)),
            per_sample=test.sample_minutes,
            per_run=ExactMinutes(Decimal(test.run)),
            cleanup=Minutes(test.cleanup),
            samples_per_run=test.per_run,
            hours=HoursChoice(min=choice[0], max=choice[1], step=choice[2]) if choice else None,
            max_quantity=most,
            attended=test.attended,
            runs_start_open=test.runs_start_in_hours,
            cancellation=terms,
            id=row["id"],
        )
        fees, discounts = self._fees(rng, lab, row, test), _extras(row, test, yuan=0).discounts
        first = self.standards[test.standards[0]]["id"] if test.standards else None
        return Offer(row, test, rules, fees, discounts, machines, self._form(lab, row, test), first)

    def _confirm_anew(self, lab: Laboratory, item: Row) -> None:
        """Its name was corrected the day before yesterday: an officer confirms again that no law prescribes it."""
        at = self.loading.at(self.loading.today - timedelta(days=2), 10)
        item["confirmed_voluntary"] = False
        self.loading.rows.add(
            Claim,
            lab_id=lab.id,
            kind=ClaimKind.VOLUNTARY,
            test_item_id=item["id"],
            made_by=lab.host.manager["id"],
            made_at=at,
        )
        self._record(at, lab.host, "test_item.edit", ("test_item", item["id"]), {"name": item["name"]})

    def _form(self, lab: Laboratory, item: Row, test: Type) -> tuple[int, ...]:
        """The item's sample form: the ids of its questions."""
        questions = FORMS.get(test.key, ())
        made = [
            self.loading.rows.add(SampleField, test_item_id=item["id"], place=n, **one.columns())
            for n, one in enumerate(questions, start=1)
        ]
        if made:
            written = {"sample_form": plain_form(questions)}
            self._record(item["created_at"], lab.host, "test_item.set_form", ("test_item", item["id"]), written)
        return tuple(row["id"] for row in made)

    def _fees(
        self, rng: random.Random, lab: Laboratory, item: Row, test: Type
    ) -> list[tuple[date, date | None, FeeTerms]]:
        """A fee of the past, the present one, and for some one ahead; they never overlap."""
        loading = self.loading
        low, high = test.fee
        step = 1 if high < 100 else 10 if high < 1000 else 50
        now = rng.randrange(low, high + 1, step)
        changed = loading.first_day + timedelta(days=rng.randrange(40, 260)) if rng.random() < 0.55 else None
        ahead = loading.month.plus(rng.choice((1, 2, 3))).first_day if rng.random() < 0.15 else None
        begun = loading.day(item["published_at"])
        minimum = rng.choice((0, 0, 100, 200)) if high <= 300 and test.basis in (FeeBasis.SAMPLE, FeeBasis.HOUR) else 0
        steps = [(begun, max(low, now * 9 // 10) if changed else now)]
        if changed:
            steps.append((changed, now))
        if ahead:
            steps.append((ahead, max(now + step, now * 11 // 10)))
        made: list[tuple[date, date | None, FeeTerms]] = []
        for place, (since, yuan) in enumerate(steps):
            until = steps[place + 1][0] - timedelta(days=1) if place + 1 < len(steps) else None
            entered = (
                loading.at(min(since, loading.today) - timedelta(days=rng.randrange(5, 20)), 10)
                if place
                else item["created_at"]
            )
            extras = _extras(item, test, yuan)
            row = loading.rows.add(
                Fee,
                test_item_id=item["id"],
                basis=test.basis,
                amount_fen=yuan * FEN_PER_YUAN,
                minimum_fen=minimum * FEN_PER_YUAN,
                **extras.columns(),
                valid_from=since,
                valid_to=until,
                created_at=entered,
            )
            self._record(
                entered,
                lab.host,
                "fee.add",
                ("test_item", item["id"]),
                {
                    "fee_id": row["id"],
                    "basis": test.basis,
                    "amount_fen": row["amount_fen"],
                    "minimum_fen": row["minimum_fen"],
                    "valid_from": since,
                    "valid_to": None,
                },
            )
            made.append(
                (
                    since,
                    until,
                    FeeTerms(
                        basis=test.basis,
                        amount_fen=row["amount_fen"],
                        minimum_fen=row["minimum_fen"],
                        sme_amount_fen=extras.sme_amount_fen,
                        steps=extras.steps,
                        surcharges=extras.surcharges,
                        id=row["id"],
                    ),
                )
            )
        return made

    # -- accreditation

    def _accreditation(self, rng: random.Random, lab: Laboratory, key: str, number: int) -> None:
        loading = self.loading
        kinds = [
            kind
            for kind, share in ((AccreditationKind.CNAS, 0.55), (AccreditationKind.CMA, 0.6))
            if rng.random() < share or lab.demo
        ]
        for kind in kinds:
            last = loading.today + timedelta(days=rng.randrange(120, 1900))
            if rng.random() < 0.12:
                last = loading.today + timedelta(days=rng.randrange(10, 80))
            first = date(last.year - 6, last.month, min(last.day, 28))
            row = loading.rows.add(
                Accreditation,
                lab_id=lab.id,
                kind=kind,
                valid_from=first,
                valid_to=last,
                confirmed=True,
                number=cnas_number(rng)
                if kind == AccreditationKind.CNAS
                else cma_number(first.year, CMA_FIELDS.get(key, "08"), 1000 + number),
            )
            self._record(
                lab.row["created_at"],
                lab.host,
                "accreditation.add",
                ("lab", lab.id),
                {
                    "accreditation_id": row["id"],
                    "kind": kind,
                    "number": row["number"],
                    "valid_from": first,
                    "valid_to": last,
                },
            )
            for offer in lab.offers:
                if rng.random() < 0.8:
                    offer.certificates.append(row)
                    for standard in offer.test.standards:
                        loading.rows.add(
                            AccreditationScope,
                            accreditation_id=row["id"],
                            test_item_id=offer.row["id"],
                            standard_id=self.standards[standard]["id"],
                        )


def _extras(item: Row, test: Type, yuan: int) -> Extras:
    """What some fees say besides their amount, by the item's number alone: nothing else is drawn differently."""
    number, fen = item["id"], yuan * FEN_PER_YUAN
    most = item["max_quantity"]
    steps: list[Step] = []
    if number % 3 == 0 and most >= 10 and test.basis == FeeBasis.SAMPLE:
        steps.append(Step(most // 2, Fen(fen * 9 // 10)))
    surcharges = [
        Surcharge("rush", SurchargeKind.RUSH, percent=Decimal(30 if number % 2 else 50), days=test.turnaround // 2)
    ]
    if number % 4 == 0:
        surcharges.append(Surcharge("cnas", SurchargeKind.CNAS, amount_fen=Fen(200 * FEN_PER_YUAN)))
    if number % 4 == 2:
        surcharges.append(Surcharge("cma", SurchargeKind.CMA, amount_fen=Fen(150 * FEN_PER_YUAN)))
    if number % 5 == 0:
        surcharges.append(Surcharge("consultation", SurchargeKind.CONSULTATION, amount_fen=Fen(300 * FEN_PER_YUAN)))
    if test.category == Category.COMPOSITION:
        surcharges += [
            Surcharge(f"component-{place}", SurchargeKind.COMPONENT, Fen(6_000), name=name, name_en=name)
            for place, name in enumerate(("Ti", "Nb", "N"), 1)
        ]
    return Extras(
        sme_amount_fen=Fen(fen * 8 // 10) if number % 6 == 1 else None,
        steps=tuple(steps),
        surcharges=tuple(surcharges) if number % 2 == 0 or test.category == Category.COMPOSITION else (),
        discounts=(Discount(max(2, most // 2), Decimal(15)),) if number % 4 == 0 and most >= 4 else (),
    )


def _scatter(rng: random.Random, town: str | None) -> tuple[str | None, str | None]:
    """A place near the town's point, within about two kilometres; degrees as text."""
    if town is None or town not in TOWNS:
        return None, None
    near = TOWNS[town]
    step = Decimal("0.0001")
    return str(Decimal(near.longitude) + rng.randrange(-150, 151) * step), str(
        Decimal(near.latitude) + rng.randrange(-120, 121) * step
    )
