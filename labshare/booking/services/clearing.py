"""What asks first: a block, other hours, a closure, and another place for each booking it meets, in one step."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from labshare.booking.errors import SlotTaken, WayTaken
from labshare.booking.queries.bookings import Conflict
from labshare.booking.rules.repeats import occurrences
from labshare.booking.rules.time import Interval, Weekly
from labshare.booking.services.blocks import Block, block, grow
from labshare.booking.services.hours import add_closure, set_opening_hours
from labshare.booking.services.move import move_unit, propose
from labshare.kernel.actor import Actor
from labshare.kernel.time import local_zone


@dataclass(frozen=True, kw_only=True)
class Way:
    """Where a booking in the way is to go: to another unit at its time, or a proposal to its client."""

    ref: str
    unit: int | None = None
    starts_at: datetime | None = None
    instrument_id: int | None = None


def clear_and_block(
    *,
    actor: Actor,
    now: datetime,
    instrument_id: int,
    starts_at: datetime,
    ends_at: datetime,
    kind: str,
    note: str = "",
    units: Sequence[int] | None = None,
    rule: str = "",
    ways: Sequence[Way] = (),
    reason: str = "",
) -> Block:
    """Block the span, and what `rule` (RFC 5545) repeats of it, then move or propose `ways`; all of it or nothing. The
    clients read `reason`. Of several blocks the first is given, with what all took and have in their way. Raises what
    `block`, `occurrences`, `move_unit` and `propose` raise; `WayTaken` where a place is not free."""
    spans = occurrences(Interval(starts_at, ends_at), rule, local_zone())
    series = str(uuid.uuid4()) if len(spans) > 1 else None
    made = [
        block(
            actor=actor,
            now=now,
            instrument_id=instrument_id,
            starts_at=span.starts_at,
            ends_at=span.ends_at,
            kind=kind,
            note=note,
            units=units,
            series=series,
        )
        for span in spans
    ]
    _go_all(actor, now, ways, reason)
    grow(instrument_id, now)
    taken = tuple(holding for each in made for holding in each.taken)
    return Block(made[0].id, taken, tuple(booking for each in made for booking in each.in_the_way))


def clear_and_set_hours(
    *,
    actor: Actor,
    now: datetime,
    lab_id: int,
    weekly: Weekly | None,
    instrument_id: int | None = None,
    valid_from: date | None = None,
    ways: Sequence[Way] = (),
    reason: str = "",
) -> list[Conflict]:
    """`set_opening_hours`, then propose `ways` to the clients, who read `reason`; all of it or nothing. What then lies
    outside comes back. Raises what both raise; `WayTaken` where a place is not free."""
    found = set_opening_hours(
        actor=actor, now=now, lab_id=lab_id, weekly=weekly, instrument_id=instrument_id, valid_from=valid_from
    )
    _go_all(actor, now, ways, reason)
    return found


def clear_and_close(
    *,
    actor: Actor,
    now: datetime,
    lab_id: int,
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
    ways: Sequence[Way] = (),
    note: str = "",
) -> list[Conflict]:
    """`add_closure`, then propose `ways` to the clients, who read `note`; all of it or nothing."""
    _closure, found = add_closure(
        actor=actor, now=now, lab_id=lab_id, starts_at=starts_at, ends_at=ends_at, reason=reason
    )
    _go_all(actor, now, ways, note)
    return found


def _go_all(actor: Actor, now: datetime, ways: Sequence[Way], reason: str) -> None:
    for way in ways:
        try:
            _go(actor, now, way, reason)
        except SlotTaken as problem:
            raise WayTaken(ref=way.ref) from problem


def _go(actor: Actor, now: datetime, way: Way, reason: str) -> None:
    if way.starts_at is not None:
        propose(
            actor=actor,
            now=now,
            ref=way.ref,
            starts_at=way.starts_at,
            instrument_id=way.instrument_id,
            unit=way.unit,
            reason=reason,
        )
    elif way.unit is not None:
        move_unit(actor=actor, now=now, ref=way.ref, unit=way.unit)
