"""Blocks: an instrument's units out of use for maintenance or the firm's own work. Limited by overlap alone."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import Row, delete, or_, select

from labshare.audit.services import record
from labshare.booking.errors import EndBeforeStart, UnknownUnit
from labshare.booking.models import Booking, Holding
from labshare.booking.rules import rows
from labshare.booking.rules.time import Interval
from labshare.booking.services import holdings
from labshare.booking.terms import HoldingKind
from labshare.catalogue.models import Instrument, Lab
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import InvalidInput, NotFound
from labshare.kernel.verbs import verb
from labshare.organisations import permissions


@dataclass(frozen=True)
class Block:
    """What was entered together: `id` for taking it back, the spans it took, the bookings that lie in the way."""

    id: str
    taken: tuple[Holding, ...]
    in_the_way: tuple[Booking, ...]


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


def own_block(actor: Actor, block_id: str) -> Sequence[Row[int, int]]:
    """The holdings of a block (`id`, `instrument_id`) that the actor may give back. Raises `NotFound`, `NotAllowed`."""
    held = db.session.execute(
        select(Holding.id, Holding.instrument_id).where(
            Holding.block == block_id, Holding.kind.in_(HoldingKind.blocks())
        )
    ).all()
    if not held:
        raise NotFound
    instrument_to_block(actor, held[0].instrument_id)
    return held


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
) -> Block:
    """Take what is free of `[starts_at, ends_at)` on these units (all by default) and list the bookings in the way.
    `kind` is `maintenance` or `in_house`. Raises `EndBeforeStart`, `UnknownUnit`, `InvalidInput` (kind)."""
    instrument, _lab = instrument_to_block(actor, instrument_id)
    if kind not in HoldingKind.blocks():
        raise InvalidInput(field="kind")
    if ends_at <= starts_at:
        raise EndBeforeStart
    chosen = sorted(set(units)) if units else list(range(1, instrument.units + 1))
    if any(not 1 <= unit <= instrument.units for unit in chosen):
        raise UnknownUnit
    holdings.prepare(instrument_id, now)
    wanted = Interval(starts_at, ends_at)
    in_time = _held(instrument_id, chosen, wanted)
    name = str(uuid.uuid4())
    taken: list[int] = []
    for unit in chosen:
        others = [(one.starts_at, one.ends_at) for one in in_time if one.unit == unit]
        for piece in holdings.pieces_free(wanted, others):
            holding_id = holdings.insert_holding(
                rows.time_of_block(
                    name,
                    instrument_id=instrument_id,
                    unit=unit,
                    starts_at=piece.starts_at,
                    ends_at=piece.ends_at,
                    kind=kind,
                    note=note,
                    now=now,
                )
            )
            if holding_id is not None:
                taken.append(holding_id)
    in_the_way = _bookings({one.booking_id for one in in_time if one.booking_id is not None})
    record(
        actor,
        now,
        "time.block",
        ("block", name),
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
    return Block(name, tuple(held), in_the_way)


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


def _bookings(ids: set[int]) -> tuple[Booking, ...]:
    if not ids:
        return ()
    return tuple(db.session.scalars(select(Booking).where(Booking.id.in_(ids)).order_by(Booking.starts_at)))


@verb("time.unblock", title=_l("Block removed"))
def unblock(*, actor: Actor, now: datetime, block_id: str) -> None:
    """Give a block's time back. Raises `NotFound`."""
    held = own_block(actor, block_id)
    instrument_id = held[0].instrument_id
    holdings.prepare(instrument_id, now)
    db.session.execute(
        delete(Holding)
        .where(
            Holding.block == block_id,
            or_(Holding.kind == HoldingKind.MAINTENANCE, Holding.kind == HoldingKind.IN_HOUSE),
        )
        .execution_options(synchronize_session=False)
    )
    record(
        actor,
        now,
        "time.unblock",
        ("block", block_id),
        before={"instrument_id": instrument_id, "holdings": [row.id for row in held]},
    )
