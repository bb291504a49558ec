"""Blocks: an instrument's units out of use for maintenance, training or the firm's own work. Limited by overlap alone.

A block takes what is free and is kept as wanted; what bookings hold of it, it takes as they go (R-TIME-15).
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from labshare.audit.services import record
from labshare.booking.errors import EndBeforeStart, InTheWay, UnknownUnit
from labshare.booking.models import Booking, Holding, WantedBlock
from labshare.booking.queries.clashes import bookings_in_the_way
from labshare.booking.rules import rows
from labshare.booking.rules.rows import plain
from labshare.booking.rules.time import Interval
from labshare.booking.services import holdings
from labshare.booking.terms import HoldingKind
from labshare.catalogue.models import Instrument, Lab
from labshare.kernel.actor import SYSTEM, Actor
from labshare.kernel.database import db
from labshare.kernel.errors import InvalidInput, NotFound
from labshare.kernel.time import MINUTE, Minutes, ceil_minute
from labshare.kernel.verbs import verb
from labshare.organisations import permissions


@dataclass(frozen=True)
class Block:
    """What was entered together: `id` for taking it back, the spans it took, the bookings that lie in the way."""

    id: str
    taken: tuple[Holding, ...]
    in_the_way: tuple[Booking, ...]


@dataclass(frozen=True)
class OwnBlock:
    """A block, the holdings it has, and what is wanted; None for one from before that was kept."""

    id: str
    instrument_id: int
    holdings: tuple[int, ...]
    wanted: WantedBlock | None


def instrument_to_block(actor: Actor, instrument_id: int) -> tuple[Instrument, Lab]:
    """An instrument whose time the actor may block. Raises `NotFound`, `NotAllowed`."""
    row = db.session.execute(
        select(Instrument, Lab).join(Lab, Lab.id == Instrument.lab_id).where(Instrument.id == instrument_id)
    ).first()
    if row is None:
        raise NotFound
    instrument, lab = row
    seen = instrument.published and lab.published
    if not seen and not permissions.may(actor, "catalogue.see_drafts", firm=lab.firm_id):
        raise NotFound
    permissions.check(actor, "time.block", lab=lab.firm_id)
    return instrument, lab


def own_block(actor: Actor, block_id: str) -> OwnBlock:
    """A block that the actor may change or give back. Raises `NotFound`, `NotAllowed`."""
    held = db.session.execute(
        select(Holding.id, Holding.instrument_id).where(
            Holding.block == block_id, Holding.kind.in_(HoldingKind.blocks())
        )
    ).all()
    wanted = db.session.get(WantedBlock, block_id)
    if wanted is None and not held:
        raise NotFound
    instrument_id = wanted.instrument_id if wanted is not None else held[0].instrument_id
    instrument_to_block(actor, instrument_id)
    return OwnBlock(block_id, instrument_id, tuple(row.id for row in held), wanted)


@verb("time.block", title=_l("Instrument blocked"))
def block(
    *,
    actor: Actor,
    now: datetime,
    instrument_id: int,
    starts_at: datetime,
    ends_at: datetime,
    kind: str,
    note: str = "",
    units: Sequence[int] | None = None,
    series: str | None = None,
) -> Block:
    """Take what is free of `[starts_at, ends_at)` on these units (all by default) and list the bookings in the way;
    what they hold is wanted from then on, and taken as they go (`grow`). `kind` is one of `HoldingKind.by_hand`. Raises
    `EndBeforeStart`, `UnknownUnit`, `InvalidInput` (kind)."""
    instrument, _lab = instrument_to_block(actor, instrument_id)
    if kind not in HoldingKind.by_hand():
        raise InvalidInput(field="kind")
    if ends_at <= starts_at:
        raise EndBeforeStart
    chosen = sorted(set(units)) if units else list(range(1, instrument.units + 1))
    if any(not 1 <= unit <= instrument.units for unit in chosen):
        raise UnknownUnit
    holdings.prepare(instrument_id, now)
    wanted = WantedBlock(
        **rows.wanted(
            str(uuid.uuid4()),
            instrument_id=instrument_id,
            units=chosen,
            starts_at=starts_at,
            ends_at=ends_at,
            kind=kind,
            note=note,
            series=series,
            now=now,
        )
    )
    taken = _take(wanted, now)
    in_the_way = bookings_in_the_way(instrument_id, chosen, Interval(starts_at, ends_at), now=now)
    if taken or in_the_way:
        db.session.add(wanted)
        db.session.flush()
    record(
        actor,
        now,
        "time.block",
        ("block", wanted.id),
        after=rows.blocked(
            instrument_id=instrument_id,
            units=chosen,
            starts_at=starts_at,
            ends_at=ends_at,
            kind=kind,
            holdings=taken,
            in_the_way=[booking.ref for booking in in_the_way],
        ),
    )
    held = db.session.scalars(select(Holding).where(Holding.id.in_(taken)).order_by(Holding.unit, Holding.starts_at))
    return Block(wanted.id, tuple(held), tuple(in_the_way))


def _take(wanted: WantedBlock, now: datetime, *, since: datetime | None = None) -> list[int]:
    """Take what is free of a block, from `since` on; the ids of the holdings. What is missing is written down."""
    span = Interval(max(wanted.starts_at, since or wanted.starts_at), wanted.ends_at)
    taken: list[int] = []
    if span.starts_at < span.ends_at:
        in_time = _held(wanted.instrument_id, wanted.units, span)
        for unit in wanted.units:
            others = [(one.starts_at, one.ends_at) for one in in_time if one.unit == unit]
            for piece in holdings.pieces_free(span, others):
                holding_id = holdings.insert_holding(
                    rows.time_of_block(
                        wanted.id,
                        instrument_id=wanted.instrument_id,
                        unit=unit,
                        starts_at=piece.starts_at,
                        ends_at=piece.ends_at,
                        kind=wanted.kind,
                        note=wanted.note,
                        now=now,
                    )
                )
                if holding_id is not None:
                    taken.append(holding_id)
    spans = db.session.execute(select(Holding.starts_at, Holding.ends_at).where(Holding.block == wanted.id)).all()
    whole = (wanted.ends_at - wanted.starts_at) * len(wanted.units)
    missing = whole - sum((row.ends_at - row.starts_at for row in spans), timedelta())
    wanted.missing_minutes = Minutes(missing // MINUTE)
    return taken


def _held(instrument_id: int, units: Sequence[int], during: Interval) -> Sequence[Holding]:
    """What takes time of these units during it, by unit and start."""
    return db.session.scalars(
        select(Holding)
        .where(
            Holding.instrument_id == instrument_id,
            Holding.unit.in_(units),
            Holding.starts_at < during.ends_at,
            Holding.ends_at > during.starts_at,
        )
        .order_by(Holding.unit, Holding.starts_at)
        .execution_options(populate_existing=True)
    ).all()


def grow(instrument_id: int, now: datetime) -> int:
    """Let the instrument's blocks take what has become free of their time; how many grew. One statement where nothing
    is missing. The caller's transaction has just given time back."""
    short = db.session.scalars(
        select(WantedBlock)
        .where(WantedBlock.instrument_id == instrument_id, WantedBlock.incomplete, WantedBlock.ahead_at(now))
        .order_by(WantedBlock.created_at, WantedBlock.id)
    ).all()
    if not short:
        return 0
    db.session.flush()
    holdings.prepare(instrument_id, now)
    grown = 0
    for wanted in short:
        taken = _take(wanted, now, since=ceil_minute(now))
        if taken:
            grown += 1
            after = {"instrument_id": instrument_id, "holdings": taken}
            record(SYSTEM, now, "time.grow", ("block", wanted.id), after=after)
    db.session.flush()
    return grown


@verb("time.grow", title=_l("Block grown"))
def grow_blocks(*, actor: Actor, now: datetime) -> int:
    """`grow` for every instrument with a block of which something is missing. For the system alone, once a minute:
    what lapsed gives time back without anybody's step."""
    permissions.check(actor, "time.grow")
    instruments = select(WantedBlock.instrument_id).where(WantedBlock.incomplete, WantedBlock.ahead_at(now)).distinct()
    return sum(grow(instrument_id, now) for instrument_id in sorted(db.session.scalars(instruments)))


@verb("time.change_block", title=_l("Block changed"))
def change_block(
    *, actor: Actor, now: datetime, block_id: str, starts_at: datetime, ends_at: datetime, following: bool = False
) -> Block:
    """Give a block other times; with `following` the later ones of its series move by as much. Raises
    `EndBeforeStart` and, where bookings lie in what is newly wanted, `InTheWay`: a block asks first, and that is where
    it is entered. All change or none."""
    own = own_block(actor, block_id)
    if ends_at <= starts_at:
        raise EndBeforeStart
    holdings.prepare(own.instrument_id, now)
    first = own.wanted or _as_taken(own, now)
    moved = (starts_at - first.starts_at, ends_at - first.ends_at)
    changing = [(own, first)] + [
        (each, each.wanted) for each in (_later(actor, own) if following else ()) if each.wanted is not None
    ]
    before = {wanted.id: (wanted.starts_at, wanted.ends_at) for _own, wanted in changing}
    in_the_way, fresh = {}, []
    for _each, wanted in changing:
        had = {one.id for one in _in_way_of(wanted, now)}
        wanted.starts_at, wanted.ends_at = wanted.starts_at + moved[0], wanted.ends_at + moved[1]
        if wanted.ends_at <= wanted.starts_at:
            raise EndBeforeStart
        in_the_way[wanted.id] = _in_way_of(wanted, now)
        fresh += [one.ref for one in in_the_way[wanted.id] if one.id not in had]
    if fresh:
        raise InTheWay(what=", ".join(fresh[:3]))
    for each, _wanted in changing:
        holdings.release(each.holdings)
    for each, wanted in changing:
        taken = _take(wanted, now)
        db.session.add(wanted)
        db.session.flush()
        was = {"starts_at": plain(before[each.id][0]), "ends_at": plain(before[each.id][1])}
        after = {"starts_at": plain(wanted.starts_at), "ends_at": plain(wanted.ends_at), "holdings": taken}
        record(actor, now, "time.change_block", ("block", each.id), before=was, after=after)
    grow(own.instrument_id, now)  # others that wanted what these gave back
    held = db.session.scalars(
        select(Holding).where(Holding.block == block_id).order_by(Holding.unit, Holding.starts_at)
    )
    return Block(block_id, tuple(held), tuple(in_the_way[first.id]))


def _later(actor: Actor, own: OwnBlock) -> list[OwnBlock]:
    """The later ones of its series, in their order."""
    if own.wanted is None or not own.wanted.series:
        return []
    later = (
        select(WantedBlock.id)
        .where(WantedBlock.series == own.wanted.series, WantedBlock.starts_at > own.wanted.starts_at)
        .order_by(WantedBlock.starts_at, WantedBlock.id)
    )
    return [own_block(actor, each) for each in db.session.scalars(later).all()]


def _in_way_of(wanted: WantedBlock, now: datetime) -> Sequence[Booking]:
    return bookings_in_the_way(wanted.instrument_id, wanted.units, Interval(wanted.starts_at, wanted.ends_at), now=now)


def _as_taken(own: OwnBlock, now: datetime) -> WantedBlock:
    """What a block from before blocks were kept as wanted holds."""
    held = db.session.scalars(select(Holding).where(Holding.id.in_(own.holdings))).all()
    return WantedBlock(
        **rows.wanted(
            own.id,
            instrument_id=own.instrument_id,
            units=sorted({each.unit for each in held}),
            starts_at=min(each.starts_at for each in held),
            ends_at=max(each.ends_at for each in held),
            kind=held[0].kind,
            note=held[0].note,
            series=None,
            now=now,
        )
    )


@verb("time.unblock", title=_l("Block removed"))
def unblock(*, actor: Actor, now: datetime, block_id: str, following: bool = False) -> None:
    """Give a block's time back; with `following`, that of the later ones of its series too. Raises `NotFound`."""
    own = own_block(actor, block_id)
    going = [own, *(_later(actor, own) if following else ())]
    holdings.prepare(own.instrument_id, now)
    for each in going:
        holdings.release(each.holdings)
        if each.wanted is not None:
            db.session.delete(each.wanted)
        record(
            actor,
            now,
            "time.unblock",
            ("block", each.id),
            before={"instrument_id": each.instrument_id, "holdings": list(each.holdings)},
        )
    db.session.flush()
    grow(own.instrument_id, now)
