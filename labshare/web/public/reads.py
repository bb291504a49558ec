"""What the public pages show, read in few statements: a page's number never depends on how much it shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import and_, func, literal, null, or_, select, union_all
from sqlalchemy.orm import joinedload
from sqlalchemy.types import String

from labshare.booking.models import Booking, Holding
from labshare.booking.queries import next_free
from labshare.booking.queries.world import busy_units, hours_of_labs, working_days
from labshare.booking.rules import slots as slot_rules
from labshare.booking.rules.slots import Segment, Taken
from labshare.booking.rules.time import DayRange, LabHours, Openings, WorkingDays
from labshare.catalogue.models import (
    Accreditation,
    AccreditationScope,
    Calibration,
    Fee,
    Instrument,
    Lab,
    LabAdmission,
    Standard,
    TestItem,
    TestItemInstrument,
    TestItemStandard,
)
from labshare.catalogue.queries import draft_or_published, get_instrument, get_lab_by_code
from labshare.catalogue.queries.filters import fee_in_force
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.months import Month
from labshare.kernel.time import local_day, local_zone
from labshare.oversight.figures import done_figures, finished_in, on_offer
from labshare.rewards.models import RewardRun

# ── Figures ──────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Figures:
    """Public figures: what is offered now, and what the year brought up to `as_of`."""

    labs: int
    instruments: int
    test_items: int
    clients: int
    tests: int
    by_category: dict[str, int]
    by_town: dict[str, int]
    """Published labs by town."""
    as_of: date


def public_figures(today: date) -> Figures:
    """One statement. The year's figures end with the last full month."""
    month = Month.of(today).previous
    since, until = Month(month.year, 1).starts_at(), month.ends_at()
    finished, done = finished_in((since, until)), done_figures()

    def row(kind: str, key: object, number: object) -> object:
        return select(literal(kind, String).label("kind"), key.label("key"), number.label("number"))  # type: ignore[attr-defined]

    nothing = null().cast(String)
    parts = (
        row("category", TestItem.category, func.count(TestItem.id))
        .where(on_offer(TestItem))  # type: ignore[attr-defined]
        .group_by(TestItem.category),
        row("town", Lab.town, func.count(Lab.id)).where(on_offer(Lab)).group_by(Lab.town),  # type: ignore[attr-defined]
        row("instruments", nothing, func.count(Instrument.id)).where(on_offer(Instrument)),  # type: ignore[attr-defined]
        row("clients", nothing, done["clients"]).where(finished),  # type: ignore[attr-defined]
        row("tests", nothing, func.coalesce(done["tests"], 0)).where(finished),  # type: ignore[attr-defined]
    )
    found: dict[str, dict[str | None, int]] = {}
    for kind, key, number in db.session.execute(union_all(*parts)):
        found.setdefault(kind, {})[key] = number
    towns = {key or "": number for key, number in found.get("town", {}).items()}
    categories = {key or "": number for key, number in found.get("category", {}).items()}

    def one(kind: str) -> int:
        return found.get(kind, {}).get(None, 0)

    return Figures(
        labs=sum(towns.values()),
        instruments=one("instruments"),
        test_items=sum(categories.values()),
        clients=one("clients"),
        tests=one("tests"),
        by_category=categories,
        by_town=towns,
        as_of=month.last_day,
    )


@dataclass(frozen=True)
class MonthFigures:
    month: Month
    tests: int
    clients: int
    samples: int
    minutes: int
    """Effective time of finished tests, whole minutes."""


def figures_by_month(today: date, months: int = 12) -> list[MonthFigures]:
    """The last full months, oldest first. One statement."""
    last = Month.of(today).previous
    span = list(last.plus(1 - months).through(last))
    done = done_figures()
    parts = [
        select(
            literal(str(month), String).label("month"),
            *(func.coalesce(done[name], 0) for name in ("tests", "clients", "samples", "used_minutes")),
        ).where(finished_in((month.starts_at(), month.ends_at())))
        for month in span
    ]
    rows = {row[0]: row for row in db.session.execute(union_all(*parts))}
    return [
        MonthFigures(month, int(rows[str(month)][1]), int(rows[str(month)][2]), int(rows[str(month)][3]),
                     int(rows[str(month)][4]))
        for month in span
    ]  # fmt: skip


# ── Home ─────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class LatestItem:
    item: TestItem
    fee: Fee | None
    next_free: datetime | None
    """When one of its instruments next has a free unit."""


def latest_items(now: datetime, limit: int = 6) -> list[LatestItem]:
    """The item each lab published last, the newest of these, with fee and next free moment. Five statements."""
    day = local_day(now)
    newest = (TestItem.published_at.desc(), TestItem.id.desc())
    of_lab = (
        select(TestItem.id, func.row_number().over(partition_by=TestItem.lab_id, order_by=newest).label("place"))
        .join(Lab, Lab.id == TestItem.lab_id)
        .where(TestItem.state == "published", Lab.state == "published")
        .subquery()
    )
    rows = (
        db.session.execute(
            select(TestItem, Fee)
            .join(Lab, Lab.id == TestItem.lab_id)
            .outerjoin(Fee, and_(Fee.test_item_id == TestItem.id, fee_in_force(day)))
            .options(joinedload(TestItem.lab), joinedload(TestItem.standards), joinedload(TestItem.instruments))
            .where(TestItem.id.in_(select(of_lab.c.id).where(of_lab.c.place == 1)))
            .order_by(*newest)
            .limit(limit)
        )
        .unique()
        .all()
    )
    instruments = {one.id: one for item, _fee in rows for one in item.instruments}
    free = next_free(list(instruments.values()), now)
    return [
        LatestItem(item, fee, min((moment for one in item.instruments if (moment := free.get(one.id))), default=None))
        for item, fee in rows
    ]


@dataclass(frozen=True)
class Announcements:
    runs: Sequence[RewardRun]
    """Published and not yet approved, newest first; `publicity_ends_at` says whether objections are still possible."""
    standards: Sequence[tuple[Standard, int]]
    """Soon replaced, with the number of published test items by them."""


def announcements(now: datetime) -> Announcements:
    """Two statements."""
    runs = db.session.scalars(
        select(RewardRun).where(RewardRun.state == "published").order_by(RewardRun.month.desc()).limit(2)
    ).all()
    today = local_day(now)
    standards = db.session.execute(
        select(Standard, func.count(TestItem.id))
        .options(joinedload(Standard.superseded_by))
        .join(TestItemStandard, TestItemStandard.standard_id == Standard.id)
        .join(TestItem, and_(TestItem.id == TestItemStandard.test_item_id, TestItem.state == "published"))
        .where(Standard.superseded_from > today, Standard.superseded_from <= today + timedelta(days=180))
        .group_by(Standard.id)
        .order_by(Standard.superseded_from)
        .limit(3)
    ).all()
    return Announcements(runs, [(row[0], row[1]) for row in standards])


def labs_by_town() -> dict[str, int]:
    """Published labs by town. One statement."""
    counted = select(Lab.town, func.count()).where(Lab.state == "published").group_by(Lab.town)
    return {town or "": number for town, number in db.session.execute(counted)}


# ── A lab ────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class ItemOfLab:
    item: TestItem
    fee: Fee | None
    marks: tuple[str, ...]


@dataclass(frozen=True)
class LabView:
    lab: Lab
    admitted: bool
    accreditations: tuple[Accreditation, ...]
    """Valid today."""
    instruments: tuple[Instrument, ...]
    live: dict[int, str]
    items: tuple[ItemOfLab, ...]
    hours: LabHours


def lab_view(actor: Actor, code: str, now: datetime) -> LabView:
    """At most eight statements. Raises `NotFound`."""
    day = local_day(now)
    lab = get_lab_by_code(actor, code)
    own = draft_or_published(actor, lab, "draft")
    scope = db.session.execute(
        select(Accreditation, AccreditationScope.test_item_id)
        .outerjoin(AccreditationScope, AccreditationScope.accreditation_id == Accreditation.id)
        .where(Accreditation.lab_id == lab.id, Accreditation.valid_from <= day, Accreditation.valid_to >= day)
        .order_by(Accreditation.kind, Accreditation.id)
    ).all()
    marks: dict[int, set[str]] = {}
    for accreditation, item_id in scope:
        marks.setdefault(item_id, set()).add(accreditation.kind)
    admitted = db.session.scalar(
        select(LabAdmission.id).where(LabAdmission.lab_id == lab.id, LabAdmission.holds_on(day))
    )
    instruments = db.session.scalars(
        select(Instrument)
        .where(Instrument.lab_id == lab.id, *(() if own else (Instrument.state == "published",)))
        .order_by(Instrument.name, Instrument.id)
    ).all()
    items = (
        db.session.execute(
            select(TestItem, Fee)
            .outerjoin(Fee, and_(Fee.test_item_id == TestItem.id, fee_in_force(day)))
            .options(joinedload(TestItem.standards))
            .where(TestItem.lab_id == lab.id, *(() if own else (TestItem.state == "published",)))
            .order_by(TestItem.category, TestItem.name, TestItem.id)
        )
        .unique()
        .all()
    )
    return LabView(
        lab,
        admitted is not None,
        tuple({accreditation.id: accreditation for accreditation, _item in scope}.values()),
        tuple(instruments),
        live_now(instruments, now),
        tuple(ItemOfLab(item, fee, tuple(sorted(marks.get(item.id, ())))) for item, fee in items),
        hours_of_labs([lab.id], now)[lab.id],
    )


def live_now(instruments: Sequence[Instrument], now: datetime) -> dict[int, str]:
    """`free`, `in_use` or `down` of each at this moment. One statement."""
    taken: dict[int, list[str]] = {}
    rows = select(Holding.instrument_id, Holding.kind).where(
        Holding.instrument_id.in_([one.id for one in instruments]),
        Holding.starts_at <= now,
        Holding.ends_at > now,
        or_(Holding.expires_at.is_(None), Holding.expires_at > now),
    )
    for instrument_id, kind in db.session.execute(rows):
        taken.setdefault(instrument_id, []).append(kind)
    return {one.id: live_state(one, taken.get(one.id, [])) for one in instruments}


def live_state(instrument: Instrument, kinds: Sequence[str]) -> str:
    """From the kinds of the holdings at this moment."""
    if instrument.condition in ("awaiting_repair", "to_be_scrapped") or kinds.count("maintenance") >= instrument.units:
        return "down"
    return "in_use" if len(kinds) >= instrument.units else "free"


# ── An instrument ────────────────────────────────────────────────────────


@dataclass(frozen=True)
class DayOfUse:
    """A local day's opening hours, cut where the number of free units changes."""

    day: date
    segments: tuple[Segment, ...]


@dataclass(frozen=True)
class MonthOfUse:
    month: Month
    tests: int
    minutes: int
    """Effective time of finished tests, whole minutes."""


@dataclass(frozen=True)
class InstrumentView:
    instrument: Instrument
    live: str
    calibrations: tuple[Calibration, ...]
    calibrated_until: date | None
    items: tuple[ItemOfLab, ...]
    days: tuple[DayOfUse, ...]
    next_free: datetime | None
    usage: tuple[MonthOfUse, ...]
    """The last twelve full months, oldest first."""
    calendar: WorkingDays


def instrument_view(actor: Actor, instrument_id: int, now: datetime, days: int = 14) -> InstrumentView:
    """Nine statements. Raises `NotFound`."""
    day = local_day(now)
    instrument = get_instrument(actor, instrument_id)
    own = draft_or_published(actor, instrument.lab, "draft")
    calibrations = tuple(
        db.session.scalars(
            select(Calibration)
            .where(Calibration.instrument_id == instrument.id)
            .order_by(Calibration.valid_to.desc(), Calibration.id.desc())
        )
    )
    items = (
        db.session.execute(
            select(TestItem, Fee)
            .join(TestItemInstrument, TestItemInstrument.test_item_id == TestItem.id)
            .outerjoin(Fee, and_(Fee.test_item_id == TestItem.id, fee_in_force(day)))
            .options(joinedload(TestItem.standards))
            .where(
                TestItemInstrument.instrument_id == instrument.id, *(() if own else (TestItem.state == "published",))
            )
            .order_by(TestItem.name, TestItem.id)
        )
        .unique()
        .all()
    )
    until = now + timedelta(days=days)
    busy = busy_units({instrument.id: instrument.units}, now, until, now)[instrument.id]
    calendar = working_days()
    openings = Openings(hours_of_labs([instrument.lab_id], now - timedelta(days=2))[instrument.lab_id], calendar,
                        local_zone(), now)  # fmt: skip
    certificates = tuple(DayRange(one.valid_from, one.valid_to) for one in reversed(calibrations))
    intervals = slot_rules.on_calibrated_days(
        openings.between(now, until), certificates if instrument.needs_calibration else None, openings
    )
    segments = slot_rules.availability(intervals, busy)
    by_day: dict[date, list[Segment]] = {day + timedelta(days=n): [] for n in range(days)}
    for segment in segments:
        by_day.setdefault(local_day(segment.starts_at), []).append(segment)
    return InstrumentView(
        instrument,
        live_state(instrument, [kind for unit in busy if (kind := _kind_at(unit, now))]),
        calibrations,
        _calibrated_until(calibrations, day),
        tuple(ItemOfLab(item, fee, ()) for item, fee in items),
        tuple(DayOfUse(one, tuple(by_day[one])) for one in sorted(by_day)),
        next((segment.starts_at for segment in segments if segment.units_free), None),
        tuple(usage_by_month(instrument.id, day)),
        calendar,
    )


def _kind_at(unit: Sequence[Taken], now: datetime) -> str | None:
    return next((taken.kind for taken in unit if taken.starts_at <= now < taken.ends_at), None)


def _calibrated_until(calibrations: Sequence[Calibration], day: date) -> date | None:
    """The end of the unbroken calibration that `day` belongs to."""
    end: date | None = None
    for one in sorted(calibrations, key=lambda certificate: certificate.valid_from):
        if one.valid_to >= day and one.valid_from <= (day if end is None else end + timedelta(days=1)):
            end = one.valid_to if end is None else max(end, one.valid_to)
    return end


def usage_by_month(instrument_id: int, today: date, months: int = 12) -> list[MonthOfUse]:
    """Finished work by the month it ended in. One statement."""
    last = Month.of(today).previous
    span = list(last.plus(1 - months).through(last))
    done = done_figures()
    parts = [
        select(
            literal(str(month), String), func.coalesce(done["tests"], 0), func.coalesce(done["used_minutes"], 0)
        ).where(Booking.instrument_id == instrument_id, finished_in((month.starts_at(), month.ends_at())))
        for month in span
    ]
    rows = {row[0]: row for row in db.session.execute(union_all(*parts))}
    return [MonthOfUse(month, int(rows[str(month)][1]), int(rows[str(month)][2])) for month in span]


# ── A test item ──────────────────────────────────────────────────────────


@dataclass(frozen=True)
class StandardOfItem:
    standard: Standard
    marks: tuple[str, ...]
    """Accreditations whose scope covers the item by this standard today."""


def standards_of(item_id: int, day: date) -> tuple[StandardOfItem, ...]:
    """The item's standards with the marks they carry. One statement."""
    valid = and_(
        Accreditation.id == AccreditationScope.accreditation_id,
        Accreditation.valid_from <= day,
        Accreditation.valid_to >= day,
    )
    rows = db.session.execute(
        select(Standard, Accreditation.kind)
        .join(TestItemStandard, TestItemStandard.standard_id == Standard.id)
        .outerjoin(
            AccreditationScope,
            and_(
                AccreditationScope.test_item_id == TestItemStandard.test_item_id,
                AccreditationScope.standard_id == Standard.id,
            ),
        )
        .outerjoin(Accreditation, valid)
        .options(joinedload(Standard.superseded_by))
        .where(TestItemStandard.test_item_id == item_id)
        .order_by(Standard.number, Accreditation.kind)
    ).all()
    marks: dict[int, tuple[Standard, list[str]]] = {}
    for standard, kind in rows:
        marks.setdefault(standard.id, (standard, []))
        if kind and kind not in marks[standard.id][1]:
            marks[standard.id][1].append(kind)
    return tuple(StandardOfItem(standard, tuple(kinds)) for standard, kinds in marks.values())


def fees_of(item_id: int) -> Sequence[Fee]:
    """All dated fees of an item, by first day. One statement."""
    return db.session.scalars(select(Fee).where(Fee.test_item_id == item_id).order_by(Fee.valid_from)).all()
