"""Bookings from before LabShare: blocks that a sheet alone brings, many at once (R-SHEET-7)."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select

from labshare.booking.errors import BegunSinceImport
from labshare.booking.models import Holding, SheetImport, WantedBlock
from labshare.booking.rules import rows
from labshare.booking.services import holdings
from labshare.booking.services.blocks import grow
from labshare.booking.services.sheets.tables import insert_rows
from labshare.booking.services.sheets.writing import Writing
from labshare.booking.terms import HoldingKind
from labshare.catalogue.models import Lab
from labshare.catalogue.rules.entries import changes
from labshare.catalogue.rules.importing.have import Have, HavePromised, Promised
from labshare.catalogue.rules.importing.plans import PromisedPlan
from labshare.catalogue.terms import SheetKind
from labshare.kernel.database import db
from labshare.kernel.formatting import table_slot
from labshare.organisations import permissions

CHANGEABLE = ("test", "contact", "reference")
"""What a sheet changes of a booking that is here."""


def take_promised(writing: Writing, planned: Sequence[PromisedPlan]) -> None:
    """Take the time of those that are added, each on the unit of its plan, and write what is said otherwise of others.
    The number of statements does not depend on that of rows. The caller has waited for its turn at the instruments."""
    if not planned:
        return
    _may_block(writing)
    ids = writing.numbers()
    wanted, spans, added = [], [], {}
    for promised in (one.promised for one in planned if one.have is None):
        block = str(uuid.uuid4())
        unit: Any = promised.unit  # of the plan
        where: dict[str, Any] = {"instrument_id": ids[promised.inner_id], "kind": HoldingKind.EARLIER}
        where |= {"starts_at": promised.starts_at, "ends_at": promised.ends_at}
        of = {name: getattr(promised, name) for name in ("client", *CHANGEABLE)}
        wanted.append(rows.wanted(block, units=[unit], note="", series=None, now=writing.now, **where, **of))
        spans.append(rows.time_of_block(block, unit=unit, note="", now=writing.now, **where))
        added[block] = (promised, where | {"units": [unit]})
    insert_rows(WantedBlock, wanted)
    held = dict(db.session.execute(insert(Holding).returning(Holding.block, Holding.id), spans).all()) if spans else {}
    for block, (promised, where) in added.items():
        after = rows.blocked(holdings=[held[block]], in_the_way=[], **where)
        writing.event("time.block", ("block", block), None, after)
        writing.adds(SheetKind.BOOKINGS, block, vars(promised))
    change_promised(writing, [(one.have, one.promised) for one in planned if one.have is not None])


def _may_block(writing: Writing) -> None:
    firm_id = db.session.get_one(Lab, writing.lab_id).firm_id
    permissions.check(writing.actor, "time.block", lab=firm_id)


def change_promised(writing: Writing, changed: Sequence[tuple[HavePromised, Promised]]) -> None:
    """Write another test, contact or reference; the trail keeps that they changed."""
    if not changed:
        return
    names = [have.id for have, _promised in changed]
    blocks = {one.id: one for one in db.session.scalars(select(WantedBlock).where(WantedBlock.id.in_(names)))}
    for have, promised in changed:
        before, after = changes(have.promised, promised, but=CHANGEABLE)
        for name in after:
            setattr(blocks[have.id], name, getattr(promised, name))
        writing.event("time.change_block", ("block", have.id), before, after)
        writing.changes(SheetKind.BOOKINGS, have.id, vars(have.promised), vars(promised))
    db.session.flush()


def wait_for_promised(found: SheetImport, now: datetime) -> None:
    """Wait for one's turn at the instruments whose time an import took."""
    blocks = [row_id for row_id, _digest in found.added.get(SheetKind.BOOKINGS, ())]
    if blocks:
        ids = select(WantedBlock.instrument_id).where(WantedBlock.id.in_(blocks)).distinct()
        holdings.prepare_many(db.session.scalars(ids).all(), now)


def not_begun(found: SheetImport, have: Have, now: datetime) -> None:
    """Raises `BegunSinceImport` for a booking that was added ahead of its start, which is over by now."""
    ids = {row_id for row_id, _digest in found.added.get(SheetKind.BOOKINGS, ())}
    for one in have.promised:
        if one.id in ids and found.imported_at < one.promised.starts_at <= now:
            raise BegunSinceImport(name=called(one.promised))


def called(promised: Promised) -> str:
    """A booking from before, in words."""
    return f"{promised.client} {table_slot(promised.starts_at, promised.ends_at)}"


def give_back_promised(writing: Writing, blocks: Sequence[str]) -> None:
    """Free the time of blocks that an import added; others that wanted it take it. The caller has waited for its turn
    at their instruments."""
    if not blocks:
        return
    _may_block(writing)
    held = db.session.execute(
        select(Holding.block, Holding.id, Holding.instrument_id).where(Holding.block.in_(blocks))
    ).all()
    holdings.release([row.id for row in held])
    gone = delete(WantedBlock).where(WantedBlock.id.in_(blocks))
    db.session.execute(gone.execution_options(synchronize_session=False))
    for row in held:
        before = {"instrument_id": row.instrument_id, "holdings": [row.id]}
        writing.event("time.unblock", ("block", row.block), before, None)
    for instrument_id in sorted({row.instrument_id for row in held}):
        grow(instrument_id, writing.now)
