"""What a block, or other hours, would meet: the bookings in the way, each with the places that would do instead."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from labshare.booking.models import Booking, Holding
from labshare.booking.queries.bookings import bookings_hit
from labshare.booking.queries.loading import BookableItem, Planned, load_bookable_item, work_of_booking
from labshare.booking.queries.slots import AFTERMATH
from labshare.booking.rules import slots
from labshare.booking.rules.lifecycle import possible
from labshare.booking.rules.slots import Candidate, Slot, Taken
from labshare.booking.rules.time import Interval, without
from labshare.booking.terms import HoldingKind, Party
from labshare.kernel.database import db
from labshare.kernel.errors import Problem

MOST, MOST_BY_HOURS = 20, 50
"""Bookings whose ways out are worked out at once: of a block, and of other hours, which are rarer."""
AROUND = timedelta(days=14)
"""How far from its time another place is looked for."""
Given = dict[tuple[int, int], list[Interval]]
"""What is given away already, by instrument and unit."""


@dataclass(frozen=True)
class Clash:
    """A booking in the way. `unit`: another unit free at its time, which needs nobody's yes. `ways`: starts nearest in
    time on any instrument of its test, to propose; none where it has begun, or nothing is free. `problem`: why other
    hours exclude it."""

    booking: Booking
    unit: int | None
    ways: tuple[Slot, ...]
    problem: Problem | None = None


def bookings_in_the_way(
    instrument_id: int, units: Sequence[int], span: Interval, *, now: datetime
) -> Sequence[Booking]:
    """The bookings that hold time of these units within the span, by start, with client and test. One statement."""
    held = (
        select(Booking)
        .join(Holding, Holding.booking_id == Booking.id)
        .where(
            Holding.instrument_id == instrument_id,
            Holding.unit.in_(units),
            Holding.starts_at < span.ends_at,
            Holding.ends_at > span.starts_at,
            Holding.kind.in_((HoldingKind.BOOKING, HoldingKind.OFFER)),
            Holding.counts_at(now),
        )
        .options(joinedload(Booking.client), joinedload(Booking.test_item), joinedload(Booking.instrument))
        .distinct()
        .order_by(Booking.starts_at, Booking.id)
    )
    return db.session.scalars(held).all()


def clashes(instrument_id: int, units: Sequence[int], spans: Sequence[Interval], *, now: datetime) -> list[Clash]:
    """What blocks of these spans would meet, by start. The places offered keep clear of the spans themselves, and each
    booking's of the first that is offered to those before it, so that the first of each can be taken together. A few
    statements for each booking, of at most twenty."""
    found = {
        booking.id: booking for span in spans for booking in bookings_in_the_way(instrument_id, units, span, now=now)
    }
    given: Given = {(instrument_id, unit): list(spans) for unit in units}
    items: dict[int, BookableItem | None] = {}
    return [
        _clash(booking, given, items, now) if n < MOST else Clash(booking, None, ())
        for n, booking in enumerate(found.values())
    ]


def newly_hit(planned: Planned, now: datetime) -> list[Clash]:
    """The bookings that fit the lab's hours and would not with what is planned, by start, each with the next free
    starts that would: the first of each can be taken together. A few statements for each, of at most fifty."""
    hit = {one.booking.id for one in bookings_hit(now, lab_id=planned.lab_id)}
    fresh = [each for each in bookings_hit(now, lab_id=planned.lab_id, planned=planned) if each.booking.id not in hit]
    given: Given = {}
    items: dict[int, BookableItem | None] = {}
    found = []
    for n, one in enumerate(fresh):
        clash = _clash(one.booking, given, items, now, planned) if n < MOST_BY_HOURS else Clash(one.booking, None, ())
        found.append(replace(clash, problem=one.problem))
    return found


def _clash(
    booking: Booking,
    given: Given,
    items: dict[int, BookableItem | None],
    now: datetime,
    planned: Planned | None = None,
) -> Clash:
    """The places for one booking; the first is given away with it. `items`: those loaded already."""
    if booking.test_item_id not in items:
        items[booking.test_item_id] = load_bookable_item(booking.test_item_id, now, planned=planned)
    bookable = items[booking.test_item_id]
    if bookable is None or "propose" not in possible(booking.state, Party.LAB) or booking.starts_at <= now:
        return Clash(booking, None, ())
    work = work_of_booking(booking)
    since = max(now, booking.starts_at - AROUND) if planned is None else booking.starts_at
    until = booking.starts_at + AROUND
    end = until + work.duration + work.cleanup + AFTERMATH
    candidates = [_as_it_will_be(each, given) for each in bookable.candidates(work, since, end, but_booking=booking.id)]
    own = next((each for each in candidates if each.instrument_id == booking.instrument_id), None)
    unit, ends_at = None, booking.ends_at
    if own is not None and planned is None:  # at its time no unit is open by other hours
        ends_at = own.rules.plan(booking.starts_at).holding_ends_at
        free = slots.free_units(own.busy, booking.starts_at, ends_at)
        unit = next((each for each in free if each != booking.unit), None)
    ways = slots.alternatives(candidates, booking.starts_at, now=now, since=since, until=until)
    if unit is not None:
        given.setdefault((booking.instrument_id, unit), []).append(Interval(booking.starts_at, ends_at))
    elif ways:
        first = ways[0]
        place = (first.instrument_id or booking.instrument_id, first.unit or booking.unit)
        given.setdefault(place, []).append(Interval(first.starts_at, first.holding_ends_at))
    return Clash(booking, unit, tuple(ways))


def _as_it_will_be(candidate: Candidate, given: Given) -> Candidate:
    """The instrument once the block and those before have taken what is theirs."""
    busy = [
        sorted(
            [*taken, *_free(taken, given.get((candidate.instrument_id or 0, unit), ()))],
            key=lambda each: each.starts_at,
        )
        for unit, taken in enumerate(candidate.busy, 1)
    ]
    return replace(candidate, busy=busy)


def _free(taken: Sequence[Taken], spans: Sequence[Interval]) -> list[Taken]:
    """What of the spans, which may overlap, nobody has taken yet."""
    found = list(taken)
    for span in spans:
        cuts = sorted((each.starts_at, each.ends_at) for each in found)
        found += [Taken(*piece) for piece in without([span], cuts)]
    return found[len(taken) :]
