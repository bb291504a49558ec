"""What is free, over one item or over all labs. The number of statements never depends on how much is asked."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select

from labshare.booking.models import Holding
from labshare.booking.queries.loading import (
    BookableItem,
    busy_units,
    certificates_of,
    load_bookable_item,
    openings_of,
    working_days,
)
from labshare.booking.rules import slots as slot_rules
from labshare.booking.rules.price import Price, Work, price_of
from labshare.booking.rules.slots import Busy, DayOfSlots, Segment, Slot
from labshare.booking.rules.time import DayRange, WorkingDays
from labshare.booking.terms import HoldingKind
from labshare.catalogue.models import Calibration, Instrument, TestItem
from labshare.catalogue.terms import InstrumentCondition, LiveState
from labshare.kernel.database import db
from labshare.kernel.errors import NotFound
from labshare.kernel.time import Hours, local_day

AFTERMATH = timedelta(days=70)
"""Work and the wait for the next opening rarely take longer than this; what does is asked for by itself."""


def price_for(bookable: BookableItem, work: Work, surcharges: Collection[str] = ()) -> Price | None:
    """The price of the work by the fee of today for the firm that asks; None where no fee is valid. Raises
    `SurchargeNotOffered`."""
    if bookable.fee_terms is None:
        return None
    return price_of(bookable.fee_terms, work, sme=bookable.for_sme, surcharges=surcharges)


def free_slots(
    item_id: int,
    *,
    quantity: int,
    hours: Hours | None,
    since: datetime,
    until: datetime,
    now: datetime,
    instrument_id: int | None = None,
    but_booking: int | None = None,
    but_hold: int | None = None,
    waive: bool = False,
) -> list[DayOfSlots]:
    """The starts to choose from in `[since, until)`, by local day, closed ones with their reason; on all instruments
    of the item, or one. `but_booking` leaves out a booking's own time (to move it). Raises `NotFound`, and as
    `work_of` for quantity and hours. Seven statements."""
    bookable = load_bookable_item(item_id, now)
    if bookable is None:
        raise NotFound
    work = bookable.work(quantity, hours)
    return slots_of_loaded(
        bookable,
        work,
        since,
        until,
        instrument_id=instrument_id,
        but_booking=but_booking,
        but_hold=but_hold,
        waive=waive,
    )


def own_hold(person_id: int | None, now: datetime) -> Holding | None:
    """What a person holds while they book; one at most counts."""
    if person_id is None:
        return None
    return db.session.scalar(select(Holding).where(Holding.held_for == person_id, Holding.counts_at(now)))


def slots_of_loaded(
    bookable: BookableItem,
    work: Work,
    since: datetime,
    until: datetime,
    *,
    instrument_id: int | None = None,
    but_booking: int | None = None,
    but_hold: int | None = None,
    waive: bool = False,
) -> list[DayOfSlots]:
    """`free_slots` for an item already loaded and work already worked out."""
    instruments = [one for one in bookable.instruments if instrument_id in (None, one.id)]
    candidates = bookable.candidates(
        work,
        since,
        until + work.duration + work.cleanup + AFTERMATH,
        instruments=instruments,
        but_booking=but_booking,
        but_hold=but_hold,
    )
    return slot_rules.slots_by_day(candidates, since, until, now=bookable.now, waive=waive)


def alternatives_for(
    bookable: BookableItem, work: Work, asked: datetime, *, but_booking: int | None = None, waive: bool = False
) -> tuple[Slot, ...]:
    """Three free starts nearest in time to `asked`, on any instrument of the item. One statement for each widening of
    the window, at most three."""
    if not bookable.instruments:
        return ()
    now = bookable.now
    latest = max(bookable.rules(work, one).allowed_before(now, waive=waive) for one in bookable.instruments)
    found: list[Slot] = []
    for width in (timedelta(days=4), timedelta(days=21), timedelta(days=120)):
        since, until = max(now, asked - width), min(latest, asked + width)
        if since >= until:
            continue
        candidates = bookable.candidates(
            work, since, until + work.duration + work.cleanup + AFTERMATH, but_booking=but_booking
        )
        found = slot_rules.alternatives(candidates, asked, now=now, since=since, until=until, waive=waive)
        if len(found) == slot_rules.ALTERNATIVES:
            break
    return tuple(found)


def availability(instrument: Instrument, since: datetime, until: datetime, *, now: datetime) -> list[Segment]:
    """Opening hours on calibrated days in `[since, until)`, with the number of free units; zero is shown. Holdings
    that have lapsed at `now` do not count. Four statements."""
    busy = busy_units({instrument.id: instrument.units}, since, until, now=now)[instrument.id]
    certificates = certificates_of([instrument.id]).get(instrument.id, ())
    return _segments(instrument, certificates, busy, working_days(), since, until)


def _segments(
    instrument: Instrument,
    certificates: Sequence[DayRange],
    busy: Busy,
    calendar: WorkingDays,
    since: datetime,
    until: datetime,
) -> list[Segment]:
    openings = openings_of([instrument.lab_id], since, days=calendar).of_instrument(
        instrument.id, lab_id=instrument.lab_id
    )
    calibrated = certificates if instrument.needs_calibration else None
    intervals = slot_rules.on_calibrated_days(openings.between(since, until), calibrated, openings)
    return slot_rules.availability(intervals, busy)


@dataclass(frozen=True)
class DayOfUse:
    """A local day's opening hours, cut where the number of free units changes."""

    day: date
    segments: tuple[Segment, ...]


@dataclass(frozen=True)
class Use:
    """An instrument in the days to come. `live` as in `live_states`."""

    live: str
    days: tuple[DayOfUse, ...]
    next_free: datetime | None
    calendar: WorkingDays


def use_of(instrument: Instrument, calibrations: Sequence[Calibration], now: datetime, days: int = 14) -> Use:
    """Its use from `now` on; `calibrations` are all of the instrument's. Three statements."""
    until = now + timedelta(days=days)
    busy = busy_units({instrument.id: instrument.units}, now, until, now=now)[instrument.id]
    calendar = working_days()
    certificates = sorted(DayRange(one.valid_from, one.valid_to) for one in calibrations)
    segments = _segments(instrument, certificates, busy, calendar, now, until)
    today = local_day(now)
    by_day: dict[date, list[Segment]] = {today + timedelta(days=n): [] for n in range(days)}
    for segment in segments:
        by_day.setdefault(local_day(segment.starts_at), []).append(segment)
    return Use(
        _live_state(instrument, busy, now),
        tuple(DayOfUse(day, tuple(by_day[day])) for day in sorted(by_day)),
        next((segment.starts_at for segment in segments if segment.units_free), None),
        calendar,
    )


def live_states(instruments: Sequence[Instrument], now: datetime) -> dict[int, LiveState]:
    """`free`, `in_use` or `down` of each instrument at this moment: down while every unit is in maintenance, in use
    while no unit is free. One statement."""
    busy = busy_units({one.id: one.units for one in instruments}, now, now + timedelta.resolution, now=now)
    return {one.id: _live_state(one, busy[one.id], now) for one in instruments}


def _live_state(instrument: Instrument, busy: Busy, now: datetime) -> LiveState:
    """What is only kept for somebody while they book is not in use."""
    kinds = [
        taken.kind
        for unit in busy
        for taken in unit
        if taken.starts_at <= now < taken.ends_at and (taken.kind != HoldingKind.OFFER or taken.booking_id is not None)
    ]
    if (
        instrument.condition in InstrumentCondition.out_of_order()
        or kinds.count(HoldingKind.MAINTENANCE) >= instrument.units
    ):
        return LiveState.DOWN
    return LiveState.IN_USE if len(kinds) >= instrument.units else LiveState.FREE


def next_free(
    instruments: Sequence[Instrument], now: datetime, within: timedelta = timedelta(days=60)
) -> dict[int, datetime | None]:
    """When each instrument next has a free unit in opening hours on a calibrated day. Six statements for all."""
    chosen = [one for one in instruments if one.published]
    result: dict[int, datetime | None] = dict.fromkeys((one.id for one in instruments), None)
    if not chosen:
        return result
    opens = openings_of({one.lab_id for one in chosen}, now)
    certificates = certificates_of([one.id for one in chosen])
    busy = busy_units({one.id: one.units for one in chosen}, now, now + within, now=now)
    for one in chosen:
        openings = opens.of_instrument(one.id, lab_id=one.lab_id)
        calibrated = certificates.get(one.id, ()) if one.needs_calibration else None
        for width in (timedelta(days=5), within):
            intervals = slot_rules.on_calibrated_days(openings.between(now, now + width), calibrated, openings)
            free = next((part for part in slot_rules.availability(intervals, busy[one.id]) if part.units_free), None)
            if free is not None:
                result[one.id] = free.starts_at
                break
    return result


def next_free_of_items(items: Sequence[TestItem], now: datetime) -> dict[int, datetime | None]:
    """When any of the instruments of each item next has a free unit, by the item's id. Six statements for all."""
    instruments = {one.id: one for item in items for one in item.instruments}
    free = next_free(list(instruments.values()), now)
    return {
        item.id: min((moment for one in item.instruments if (moment := free.get(one.id))), default=None)
        for item in items
    }
