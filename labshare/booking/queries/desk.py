"""What a lab's desk shows: requests to answer, the calendar of its instruments, closures ahead."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, func, select
from sqlalchemy.orm import joinedload

from labshare.booking.models import Booking, Closure, Holding, WantedBlock, WorkingYear
from labshare.booking.queries.loading import holdings_in_window
from labshare.catalogue.models import Instrument, InstrumentUnit, TestItem
from labshare.catalogue.terms import LifeState
from labshare.kernel.database import db
from labshare.kernel.errors import NotFound
from labshare.organisations.models import Firm


def requests_of(lab_ids: Sequence[int]) -> list[Booking]:
    """Requests to answer, the one that lapses first first, with client, test item, instrument and lab."""
    return list(
        db.session.scalars(
            select(Booking)
            .where(Booking.lab_id.in_(lab_ids), Booking.unanswered)
            .options(
                joinedload(Booking.client),
                joinedload(Booking.test_item),
                joinedload(Booking.instrument),
                joinedload(Booking.lab),
            )
            .order_by(Booking.answer_by, Booking.id)
        )
    )


def year_confirmed(year: int) -> Select[Any]:
    """1 where the table of working days covers the year, as a select."""
    return select(func.count()).where(WorkingYear.year == year, WorkingYear.confirmed)


def units_of_lab(*, lab_id: int, instrument_id: int | None = None) -> Sequence[Row[tuple[Instrument, int]]]:
    """(instrument, unit) of the lab's instruments that are not withdrawn, or of one of them. One statement."""
    units = (
        select(Instrument, InstrumentUnit.unit)
        .join(InstrumentUnit, InstrumentUnit.instrument_id == Instrument.id)
        .where(Instrument.lab_id == lab_id, Instrument.state != LifeState.WITHDRAWN)
        .order_by(Instrument.id, InstrumentUnit.unit)
    )
    if instrument_id:
        units = units.where(Instrument.id == instrument_id)
    return db.session.execute(units).all()


def held_between(
    instrument_ids: Collection[int], since: datetime, until: datetime, *, now: datetime
) -> Sequence[Row[Any]]:
    """Holdings that count at `now` and meet `[since, until)`, by start. Beside the holding's own columns: of its
    booking `ref`, `state`, `work_until` (then the clean-up begins), `cleanup_minutes`, the ids and both names of
    client and test item; without a booking these are None. One statement."""
    held = (
        holdings_in_window(
            Holding.instrument_id,
            Holding.unit,
            Holding.kind,
            Holding.block,
            Holding.note,
            Holding.starts_at,
            Holding.ends_at,
            Booking.ref,
            Booking.state,
            Booking.ends_at.label("work_until"),
            Booking.cleanup_minutes,
            Booking.client_firm_id,
            Booking.test_item_id,
            Firm.name.label("client"),
            Firm.name_en.label("client_en"),
            TestItem.name.label("item"),
            TestItem.name_en.label("item_en"),
        )
        .outerjoin(Booking, Booking.id == Holding.booking_id)
        .outerjoin(Firm, Firm.id == Booking.client_firm_id)
        .outerjoin(TestItem, TestItem.id == Booking.test_item_id)
        .where(Holding.counts_at(now))
        .order_by(Holding.starts_at)
    )
    return db.session.execute(held, {"instrument_ids": instrument_ids, "since": since, "until": until}).all()


def expiring(lab_id: int, now: datetime) -> tuple[int, int]:
    """How many holdings of the lab's instruments end by themselves if nothing is done, and the newest one's number:
    what changes without an event when one lapses, or while a client books. One statement."""
    held = (
        select(func.count(), func.max(Holding.id))
        .join(Instrument, Instrument.id == Holding.instrument_id)
        .where(Instrument.lab_id == lab_id, Holding.lapses, Holding.counts_at(now))
    )
    count, newest = db.session.execute(held).one()
    return count, newest or 0


def spans_of_block(block_id: str, firm_id: int | None) -> Sequence[Row[tuple[Holding, Instrument]]]:
    """What a block of one of the firm's labs took, by unit and start, each with its instrument and lab."""
    return db.session.execute(
        select(Holding, Instrument)
        .join(Instrument, Instrument.id == Holding.instrument_id)
        .where(Holding.block == block_id, Instrument.lab.has(firm_id=firm_id))
        .options(joinedload(Instrument.lab))
        .order_by(Holding.unit, Holding.starts_at)
    ).all()


def wanted_block(block_id: str, firm_id: int | None) -> Row[tuple[WantedBlock, Instrument]] | None:
    """A block of one of the firm's labs as it is wanted, with its instrument and lab."""
    return db.session.execute(
        select(WantedBlock, Instrument)
        .join(Instrument, Instrument.id == WantedBlock.instrument_id)
        .where(WantedBlock.id == block_id, Instrument.lab.has(firm_id=firm_id))
        .options(joinedload(Instrument.lab))
    ).first()


def closures_ahead(lab_ids: Collection[int], now: datetime) -> Sequence[Closure]:
    """Closures of these labs that are not over, by start."""
    return db.session.scalars(
        select(Closure).where(Closure.lab_id.in_(lab_ids), Closure.ends_at > now).order_by(Closure.starts_at)
    ).all()


def lab_of_closure(closure_id: int) -> int:
    """The id of the lab that is closed then. Raises `NotFound`."""
    closure = db.session.get(Closure, closure_id)
    if closure is None:
        raise NotFound
    return closure.lab_id
