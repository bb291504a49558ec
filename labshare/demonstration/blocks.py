"""Times a lab keeps an instrument for itself."""

import random
import uuid
from bisect import insort
from datetime import datetime, timedelta

from labshare.booking.models import Holding
from labshare.booking.rules.time import Interval
from labshare.demonstration.catalogue import Laboratory, Machine
from labshare.demonstration.world import World

NOTES = {"maintenance": ("导轨保养", "期间核查", "更换耗材"), "in_house": ("本厂自用", "新品试制检测")}


def block(world: World, rng: random.Random, lab: Laboratory, machine: Machine, interval: Interval) -> None:
    """Take a free part of an opening interval on one unit, as `time.block` does."""
    kind = rng.choice(("maintenance", "in_house", "in_house"))
    room = (interval.ends_at - interval.starts_at) // timedelta(minutes=30)
    first = rng.randrange(max(1, room - 2))
    starts_at = interval.starts_at + first * timedelta(minutes=30)
    ends_at = min(interval.ends_at, starts_at + rng.choice((2, 4, 6)) * timedelta(minutes=30))
    unit = 1 + rng.randrange(len(machine.taken))
    taken = machine.taken[unit - 1]
    if any(begin < ends_at and starts_at < end for begin, end in taken):
        return
    insort(taken, (starts_at, ends_at))
    at = min(starts_at - timedelta(days=rng.randrange(3, 9)), world.midnight - timedelta(minutes=rng.randrange(5, 600)))
    _enter(world, rng, lab, machine, [unit], starts_at, ends_at, kind, at)


def maintain(world: World, rng: random.Random, lab: Laboratory, machine: Machine, starts_at: datetime,
             ends_at: datetime) -> None:  # fmt: skip
    """Take what is free of a longer span on every unit: the instrument is down."""
    units = []
    for unit, taken in enumerate(machine.taken, 1):
        if not any(begin < ends_at and starts_at < end for begin, end in taken):
            insort(taken, (starts_at, ends_at))
            units.append(unit)
    if units:
        _enter(world, rng, lab, machine, units, starts_at, ends_at, "maintenance", starts_at - timedelta(minutes=12))


def _enter(world: World, rng: random.Random, lab: Laboratory, machine: Machine, units: list[int], starts_at: datetime,
           ends_at: datetime, kind: str, at: datetime) -> None:  # fmt: skip
    name = str(uuid.UUID(int=rng.getrandbits(128), version=4))
    note = rng.choice(NOTES[kind])
    holdings = [
        world.rows.add(Holding, instrument_id=machine.id, unit=unit, starts_at=starts_at, ends_at=ends_at, kind=kind,
                       block=name, note=note, created_at=at)["id"]
        for unit in units
    ]  # fmt: skip
    world.trail.record(at, lab.host.manager["id"], lab.host.id, "time.block", ("block", name), after={
        "instrument_id": machine.id, "units": units, "starts_at": starts_at, "ends_at": ends_at, "kind": kind,
        "holdings": holdings, "in_the_way": [],
    })  # fmt: skip
