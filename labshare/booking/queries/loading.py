"""Rows of the database as the frozen values that the rules take; the number of statements never depends on the rows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, NamedTuple

from sqlalchemy import (
    JSON,
    ColumnElement,
    Date,
    Integer,
    Select,
    and_,
    bindparam,
    case,
    cast,
    extract,
    func,
    literal,
    not_,
    null,
    or_,
    select,
)
from sqlalchemy.orm import aliased

from labshare.booking.models import Booking, Closure, Holding, OpeningWeek, WantedBlock, WorkingDay, WorkingYear
from labshare.booking.rules import price as price_rules
from labshare.booking.rules.hours import as_weekly
from labshare.booking.rules.lifecycle import after_working_days, answer_by
from labshare.booking.rules.price import CancellationTerms, HoursChoice, ItemTerms, Work, work_agreed, work_of
from labshare.booking.rules.slots import Candidate, Taken
from labshare.booking.rules.starts import InstrumentTerms, StartRules
from labshare.booking.rules.time import Closure as ClosureSpan
from labshare.booking.rules.time import DayRange, LabHours, Openings, OpeningsOf, Weekly, WorkingDays, hours_of_weeks
from labshare.booking.terms import HoldingKind
from labshare.catalogue.models import Calibration, Fee, Instrument, InstrumentUnit, Lab, TestItem, TestItemInstrument
from labshare.catalogue.queries.admissions import county_on
from labshare.catalogue.queries.sample_forms import sample_form
from labshare.catalogue.rules.fees import read_steps, read_surcharges
from labshare.catalogue.rules.sample_form import Question
from labshare.catalogue.terms import InstrumentCondition
from labshare.kernel.database import Numbers, UtcDateTime, db, in_ids
from labshare.kernel.shapes import NOW
from labshare.kernel.time import Hours, local_day, local_zone
from labshare.organisations.events import AfterWorkingDays
from labshare.organisations.models import Firm
from labshare.organisations.terms import SizeClass

# Whoever books or looks for a slot asks these: they are put together once.
_NO_MOMENT = cast(null(), UtcDateTime)
_CONFIRMED = "confirmed"
_WORKING_DAYS = select(WorkingDay.day, WorkingDay.kind, literal(0)).union_all(
    select(
        cast(null(), Date),
        case((WorkingYear.confirmed, literal(_CONFIRMED)), else_=literal("")),
        WorkingYear.year,
    )
)
_WEEKS = select(
    OpeningWeek.lab_id,
    OpeningWeek.instrument_id,
    OpeningWeek.valid_from,
    OpeningWeek.weekly,
    _NO_MOMENT.label("starts_at"),
    _NO_MOMENT.label("ends_at"),
    literal("").label("reason"),
).where(in_ids(OpeningWeek.lab_id, bindparam("lab_ids", type_=Numbers)))
_WEEKS_AND_CLOSURES = _WEEKS.union_all(
    select(
        Closure.lab_id,
        cast(null(), Integer),
        cast(null(), Date),
        cast(null(), JSON),
        Closure.starts_at,
        Closure.ends_at,
        Closure.reason,
    ).where(in_ids(Closure.lab_id, bindparam("lab_ids", type_=Numbers)), Closure.ends_at > bindparam("since"))
)
_CERTIFICATES = select(Calibration.instrument_id, Calibration.valid_from, Calibration.valid_to).where(
    in_ids(Calibration.instrument_id, bindparam("instrument_ids", type_=Numbers))
)
_DAY = bindparam("day", type_=Date)
_ITEM = (
    select(TestItem, Lab, Fee, county_on(_DAY), Firm)
    .join(Lab, Lab.id == TestItem.lab_id)
    .outerjoin(Firm, Firm.id == bindparam("client_id", type_=Integer))
    .outerjoin(Fee, and_(Fee.test_item_id == TestItem.id, Fee.in_force_on(_DAY)))
    .where(TestItem.id == bindparam("item_id"))
)
_INSTRUMENTS = (
    select(Instrument, Calibration.valid_from, Calibration.valid_to)
    .join(TestItemInstrument, TestItemInstrument.instrument_id == Instrument.id)
    .outerjoin(Calibration, Calibration.instrument_id == Instrument.id)
    .where(
        TestItemInstrument.test_item_id == bindparam("item_id"),
        Instrument.published,
        not_(Instrument.condition == InstrumentCondition.TO_BE_SCRAPPED),
    )
    .order_by(Instrument.id)
)


def working_days() -> WorkingDays:
    """The whole working-day table, in one statement."""
    kinds: dict[date, str] = {}
    entered: set[int] = set()
    known: set[int] = set()
    rows: list[tuple[date | None, str, int]] = list(db.session.execute(_WORKING_DAYS))
    for day, kind, year in rows:
        if day is None:
            entered.add(year)
            if kind == _CONFIRMED:
                known.add(year)
        else:
            kinds[day] = kind
    return WorkingDays({day: kind for day, kind in kinds.items() if day.year in entered}, frozenset(known))


def in_working_days(moment: datetime, count: int) -> datetime:
    """`after_working_days` by the calendar that there is: the end of the last of so many full ones, as a moment."""
    return after_working_days(moment, count, days=working_days(), zone=local_zone())


def day_after_working_days(asked: AfterWorkingDays) -> date:
    """Answers `AfterWorkingDays`."""
    return local_day(in_working_days(asked.moment, asked.count))


class PlannedWeek(NamedTuple):
    """Hours that somebody thinks of giving a lab, or one of its instruments, from a day on."""

    lab_id: int
    instrument_id: int | None
    valid_from: date
    weekly: Weekly | None


class PlannedClosure(NamedTuple):
    """A closure that somebody thinks of."""

    lab_id: int
    starts_at: datetime
    ends_at: datetime


Planned = PlannedWeek | PlannedClosure


def _hours_of(
    lab_ids: Iterable[int], since: datetime, planned: Planned | None
) -> tuple[dict[int, LabHours], dict[int, dict[int, LabHours]]]:
    """Opening hours from three days before `since` on, and the closures not over then, of all these labs, and by lab
    those of its instruments that have their own, in one statement; as they would be with what is `planned`."""
    wanted, since = sorted(set(lab_ids)), since - timedelta(days=3)
    weeks: dict[tuple[int, int | None], dict[date, Weekly | None]] = {(lab_id, None): {} for lab_id in wanted}
    closures: dict[int, list[ClosureSpan]] = {lab_id: [] for lab_id in wanted}
    for row in db.session.execute(_WEEKS_AND_CLOSURES, {"lab_ids": wanted, "since": since}):
        if row.starts_at is None:
            weeks.setdefault((row.lab_id, row.instrument_id), {})[row.valid_from] = as_weekly(row.weekly)
        else:
            closures[row.lab_id].append(ClosureSpan(row.starts_at, row.ends_at, row.reason))
    if isinstance(planned, PlannedWeek):
        weeks.setdefault((planned.lab_id, planned.instrument_id), {})[planned.valid_from] = planned.weekly
    elif planned is not None:
        closures[planned.lab_id].append(ClosureSpan(planned.starts_at, planned.ends_at))
    labs = {lab_id: hours_of_weeks(weeks.pop((lab_id, None)).items(), closures[lab_id]) for lab_id in wanted}
    day = local_day(since)
    own: dict[int, dict[int, LabHours]] = {lab_id: {} for lab_id in wanted}
    for (lab_id, instrument_id), of_it in weeks.items():
        if instrument_id is not None:
            own[lab_id][instrument_id] = hours_of_weeks(of_it.items(), (), labs[lab_id]).since(day)
    return {lab_id: hours.since(day) for lab_id, hours in labs.items()}, own


def hours_of_labs(lab_ids: Iterable[int], since: datetime) -> dict[int, LabHours]:
    """Opening hours from `since` on, and the closures not over then, of all these labs in one statement."""
    return _hours_of(lab_ids, since, None)[0]


def openings_of(
    lab_ids: Iterable[int], since: datetime, *, days: WorkingDays | None = None, planned: Planned | None = None
) -> OpeningsOf:
    """The opening intervals of these labs and of their instruments from `since` on; as they would be with what is
    `planned`. Two statements, one where the working days are given."""
    labs, own = _hours_of(lab_ids, since, planned)
    return OpeningsOf(labs, own, days or working_days(), local_zone(), since)


def certificates_of(instrument_ids: Iterable[int]) -> dict[int, tuple[DayRange, ...]]:
    """All certificates, past ones too, so that a refusal can name the day the last one ended."""
    return _by_instrument(db.session.execute(_CERTIFICATES, {"instrument_ids": instrument_ids}))


def _by_instrument(rows: Iterable[Any]) -> dict[int, tuple[DayRange, ...]]:
    """(instrument, first day, last day) of certificates; an instrument without one has no days."""
    found: dict[int, list[DayRange]] = {}
    for instrument_id, first, last in rows:
        if first is not None:
            found.setdefault(instrument_id, []).append(DayRange(first, last))
    return {instrument_id: tuple(sorted(ranges)) for instrument_id, ranges in found.items()}


def hours_choice(item: Any) -> HoursChoice | None:
    """What an item, or a row with its columns, lets the client choose; None where it does not."""
    if item.hours_min is None or item.hours_max is None or item.hours_step is None:
        return None
    return HoursChoice(min=item.hours_min, max=item.hours_max, step=item.hours_step)


def item_terms(item: TestItem) -> ItemTerms:
    return ItemTerms(
        setup=item.setup_minutes,
        per_sample=item.sample_minutes,
        per_run=item.run_minutes,
        cleanup=item.cleanup_minutes,
        samples_per_run=item.samples_per_run,
        hours=hours_choice(item),
        max_quantity=item.max_quantity,
        attended=item.attended,
        runs_start_open=item.runs_start_in_hours,
        cancellation=cancellation_terms(item),
        id=item.id,
    )


def instrument_terms(
    instrument: Instrument, lab: Lab, certificates: dict[int, tuple[DayRange, ...]]
) -> InstrumentTerms:
    return InstrumentTerms(
        units=instrument.units,
        lead=timedelta(minutes=lab.lead_time_minutes),
        horizon=timedelta(minutes=lab.horizon_minutes),
        shortest=instrument.shortest_minutes,
        longest=instrument.longest_minutes,
        grid=lab.start_grid,
        certificates=certificates.get(instrument.id, ()) if instrument.needs_calibration else None,
        id=instrument.id,
    )


def fee_terms(fee: Fee) -> price_rules.Fee:
    return price_rules.Fee(
        basis=fee.basis,
        amount_fen=fee.amount_fen,
        minimum_fen=fee.minimum_fen,
        sme_amount_fen=fee.sme_amount_fen,
        steps=read_steps(fee.steps),
        surcharges=read_surcharges(fee.surcharges),
        id=fee.id,
    )


def cancellation_terms(of: TestItem | Booking) -> CancellationTerms:
    """An item's, or those that a booking keeps."""
    return CancellationTerms(
        free_minutes=of.free_cancel_minutes,
        late_percent=of.late_cancel_percent,
        no_show_percent=of.no_show_percent,
    )


def work_of_booking(booking: Booking) -> Work:
    """The work as booked: later changes of the item leave its length and clean-up alone."""
    return work_agreed(
        item_terms(booking.test_item),
        booking.quantity,
        booking.hours,
        minutes=booking.work_minutes,
        cleanup=booking.cleanup_minutes,
    )


def holds_from_before() -> ColumnElement[bool]:
    """Joins `WantedBlock` to the holdings of bookings from before LabShare."""
    return and_(Holding.kind == HoldingKind.EARLIER, WantedBlock.id == Holding.block)


def note_of_holding() -> ColumnElement[str]:
    """What a holding is for, where it is joined so: the note of a block, client and test of a booking from before."""
    return func.coalesce(WantedBlock.client + " · " + WantedBlock.test, Holding.note)


def holdings_in_window(*columns: Any) -> Select[Any]:
    """Columns of the holdings that meet `[since, until)` on any unit of `instrument_ids`, lapsed ones too.

    Those of a unit never overlap, so of all that begin before `since` only the last can reach into the window: one step
    of the index a unit, however long the past.
    """
    before, since = aliased(Holding), bindparam("since", type_=UtcDateTime)
    last_before = (
        select(func.max(before.starts_at))
        .where(
            before.instrument_id == InstrumentUnit.instrument_id,
            before.unit == InstrumentUnit.unit,
            before.starts_at <= since,
        )
        .correlate(InstrumentUnit)
        .scalar_subquery()
    )
    on_the_unit = and_(
        Holding.instrument_id == InstrumentUnit.instrument_id,
        Holding.unit == InstrumentUnit.unit,
        Holding.starts_at >= func.coalesce(last_before, since),
        Holding.starts_at < bindparam("until", type_=UtcDateTime),
    )
    return (
        select(*columns)
        .join_from(InstrumentUnit, Holding, on_the_unit)
        .where(
            in_ids(InstrumentUnit.instrument_id, bindparam("instrument_ids", type_=Numbers)), Holding.ends_at > since
        )
    )


_TAKEN = (
    holdings_in_window(
        Holding.instrument_id, Holding.unit, Holding.starts_at, Holding.ends_at, Holding.kind, Holding.booking_id
    )
    .where(Holding.counts_at(NOW))
    .order_by(Holding.starts_at)
)


def busy_units(
    units: dict[int, int],
    since: datetime,
    until: datetime,
    *,
    now: datetime,
    but_booking: int | None = None,
    but_hold: int | None = None,
) -> dict[int, list[list[Taken]]]:
    """Holdings that count and meet `[since, until)`, by instrument and unit, in one statement. `units`: how many
    units each instrument has. What belongs to `but_booking`, and the hold `but_hold`, is left out."""
    busy: dict[int, list[list[Taken]]] = {one: [[] for _ in range(count)] for one, count in units.items()}
    query = _TAKEN
    if but_booking is not None:
        query = query.where(or_(Holding.booking_id.is_(None), Holding.booking_id != but_booking))
    if but_hold is not None:
        query = query.where(Holding.id != but_hold)
    given = {"instrument_ids": sorted(units), "since": since, "until": until, "now": now}
    for instrument_id, unit, *taken in db.session.execute(query, given):
        if unit <= len(busy[instrument_id]):
            busy[instrument_id][unit - 1].append(Taken(*taken))
    return busy


@dataclass
class BookableItem:
    """One test item in its lab, with the instruments that can do it now: what every question about slots needs."""

    item: TestItem
    lab: Lab
    fee: Fee | None
    county: str
    """That a booking made now belongs to."""
    client: Firm | None
    """The firm that it was loaded for, if any."""
    instruments: Sequence[Instrument]
    opens: OpeningsOf
    certificates: dict[int, tuple[DayRange, ...]]
    now: datetime
    _works: dict[tuple[int, Hours | None], Work] = field(default_factory=dict)

    @cached_property
    def questions(self) -> tuple[Question, ...]:
        """Of the item's sample form. One statement, none where it never had one."""
        return sample_form(self.item)

    @property
    def published(self) -> bool:
        return self.item.published and self.lab.published and bool(self.instruments)

    @property
    def for_sme(self) -> bool:
        """Whether the firm that asks is micro, small or medium today, as last confirmed."""
        return self.client is not None and self.client.size_class in SizeClass.smes()

    @property
    def openings(self) -> Openings:
        """The lab's; an instrument may have its own (`rules`)."""
        return self.opens.of_lab(self.lab.id)

    def terms(self) -> ItemTerms:
        return item_terms(self.item)

    @cached_property
    def fee_terms(self) -> price_rules.Fee | None:
        return None if self.fee is None else fee_terms(self.fee)

    def work(self, quantity: int, hours: Hours | None) -> Work:
        """The work of so much, worked out once for the form and for the booking. Raises as `work_of`."""
        asked = (quantity, hours)
        if asked not in self._works:
            self._works[asked] = work_of(self.terms(), quantity, hours)
        return self._works[asked]

    def answer_by(self, starts_at: datetime) -> datetime | None:
        """When a request for this start, made now, lapses unanswered; None where the lab confirms automatically."""
        if self.lab.automatic_confirmation:
            return None
        return answer_by(self.now, starts_at=starts_at, days=self.openings.days, zone=local_zone())

    def rules(self, work: Work, instrument: Instrument) -> StartRules:
        openings = self.opens.of_instrument(instrument.id, lab_id=self.lab.id)
        return StartRules(openings, work, instrument_terms(instrument, self.lab, self.certificates))

    def candidates(
        self,
        work: Work,
        since: datetime,
        until: datetime,
        *,
        instruments: Sequence[Instrument] | None = None,
        but_booking: int | None = None,
        but_hold: int | None = None,
    ) -> list[Candidate]:
        """The instruments with their rules and their holdings in `[since, until)`."""
        chosen = self.instruments if instruments is None else instruments
        busy = busy_units(
            {one.id: one.units for one in chosen},
            since,
            until,
            now=self.now,
            but_booking=but_booking,
            but_hold=but_hold,
        )
        return [Candidate(self.rules(work, one), busy[one.id]) for one in chosen]


def load_bookable_item(
    item_id: int, now: datetime, *, client_id: int | None = None, planned: Planned | None = None
) -> BookableItem | None:
    """A test item with all that questions about slots need, and the firm `client_id` that asks; None if there is no
    such item. With `planned` as the lab's hours would be. Four statements."""
    row = db.session.execute(_ITEM, {"item_id": item_id, "day": local_day(now), "client_id": client_id}).first()
    if row is None:
        return None
    item, lab, fee, county, client = row
    certified = db.session.execute(_INSTRUMENTS, {"item_id": item_id}).all()
    return BookableItem(
        item=item,
        lab=lab,
        fee=fee,
        county=county,
        client=client,
        instruments=list(dict.fromkeys(one for one, _first, _last in certified)),
        opens=openings_of([lab.id], now, planned=planned),
        certificates=_by_instrument((one.id, first, last) for one, first, last in certified),
        now=now,
    )


def openings_of_lab(lab_id: int, since: datetime) -> Openings:
    """The opening intervals of one lab from `since` on."""
    return openings_of([lab_id], since).of_lab(lab_id)


def special_days(year: int) -> Sequence[WorkingDay]:
    """The year's public holidays and make-up working days, in order."""
    return db.session.scalars(
        select(WorkingDay).where(extract("year", WorkingDay.day) == year).order_by(WorkingDay.day)
    ).all()


def working_years() -> Sequence[WorkingYear]:
    """The years begun in the working-day table, confirmed or not, in order."""
    return db.session.scalars(select(WorkingYear).order_by(WorkingYear.year)).all()
