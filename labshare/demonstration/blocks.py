"""Times a lab keeps an instrument for itself."""

import random
import uuid
from bisect import bisect_left, insort
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from labshare.booking.models import Holding
from labshare.booking.rules import rows
from labshare.booking.rules.time import Interval
from labshare.booking.terms import HoldingKind
from labshare.demonstration.catalogue import Laboratory, Machine, Offer
from labshare.demonstration.loading import Loading

HALF_AN_HOUR = timedelta(minutes=30)
NOTES: dict[str, tuple[str, ...]] = {
    HoldingKind.MAINTENANCE: ("导轨保养", "期间核查", "更换耗材"),
    HoldingKind.IN_HOUSE: ("本厂自用", "新品试制检测"),
}


def keep_for_itself(
    loading: Loading,
    rng: random.Random,
    lab: Laboratory,
    intervals: Sequence[Interval],
    offers: Mapping[int, Sequence[Offer]],
) -> None:
    """In-house work, for many instruments on fixed days of the week all year round; maintenance now and then.

    Only where every test is attended: a test of many days would never find room between such days. Nothing lies in
    the way of the accounts' tasks.
    """
    around = range(-2, 4) if lab.demo else range(0)
    days = [(loading.day(each.starts_at), each) for each in intervals]
    days = [(day, each) for day, each in days if (day - loading.today).days not in around]
    ahead = loading.today + timedelta(days=30)
    for machine in lab.machines:
        mine = offers.get(machine.id, ())
        if rng.random() < 0.5:
            for _turn in range(rng.randint(1, 4)):
                _block(loading, rng, lab, machine, rng.choice(days)[1], HoldingKind.MAINTENANCE)
        if not mine or not all(offer.terms.attended for offer in mine) or rng.random() > 0.8:
            continue
        weekdays = rng.sample(range(6), rng.choice((2, 3, 4, 5)))
        for day, interval in days:
            if day.weekday() in weekdays and day < ahead and rng.random() < 0.85:
                _block(loading, rng, lab, machine, interval, HoldingKind.IN_HOUSE)


def _block(
    loading: Loading, rng: random.Random, lab: Laboratory, machine: Machine, interval: Interval, kind: str
) -> None:
    """Take a free part of an opening interval on one unit, as `time.block` does."""
    room = (interval.ends_at - interval.starts_at) // HALF_AN_HOUR
    length = rng.choice((2, 4, 6) if kind == HoldingKind.MAINTENANCE else (5, 6, 7, 8))
    starts_at = interval.starts_at + rng.randrange(max(1, room - length + 1)) * HALF_AN_HOUR
    ends_at = min(interval.ends_at, starts_at + length * HALF_AN_HOUR)
    unit = 1 + rng.randrange(len(machine.taken))
    taken = machine.taken[unit - 1]
    place = bisect_left(taken, (ends_at,))
    if place and taken[place - 1][1] > starts_at:
        return
    insort(taken, (starts_at, ends_at))
    at = min(
        starts_at - timedelta(days=rng.randrange(3, 9)), loading.midnight - timedelta(minutes=rng.randrange(5, 600))
    )
    _enter(loading, rng, lab, machine, [unit], starts_at=starts_at, ends_at=ends_at, kind=kind, at=at)


def maintain(
    loading: Loading, rng: random.Random, lab: Laboratory, machine: Machine, starts_at: datetime, ends_at: datetime
) -> None:
    """Take what is free of a longer span on every unit: the instrument is down."""
    units = []
    for unit, taken in enumerate(machine.taken, 1):
        if not any(begin < ends_at and starts_at < end for begin, end in taken):
            insort(taken, (starts_at, ends_at))
            units.append(unit)
    if units:
        _enter(
            loading,
            rng,
            lab,
            machine,
            units,
            starts_at=starts_at,
            ends_at=ends_at,
            kind=HoldingKind.MAINTENANCE,
            at=starts_at - timedelta(minutes=12),
        )


def _enter(
    loading: Loading,
    rng: random.Random,
    lab: Laboratory,
    machine: Machine,
    units: list[int],
    *,
    starts_at: datetime,
    ends_at: datetime,
    kind: str,
    at: datetime,
) -> None:
    name = str(uuid.UUID(int=rng.getrandbits(128), version=4))
    note = rng.choice(NOTES[kind])
    holdings = [
        loading.rows.add(
            Holding,
            **rows.time_of_block(
                name,
                instrument_id=machine.id,
                unit=unit,
                starts_at=starts_at,
                ends_at=ends_at,
                kind=kind,
                note=note,
                now=at,
            ),
        )["id"]
        for unit in units
    ]
    after = rows.blocked(
        instrument_id=machine.id,
        units=units,
        starts_at=starts_at,
        ends_at=ends_at,
        kind=kind,
        holdings=holdings,
        in_the_way=[],
    )
    loading.trail.record(
        at,
        person_id=lab.host.manager["id"],
        firm_id=lab.host.id,
        action="time.block",
        subject=("block", name),
        after=after,
    )
