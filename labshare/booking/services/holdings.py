"""Taking time: the one place where holdings are written. The database is the arbiter (R-TIME-11).

On PostgreSQL whoever takes time first takes the instrument's advisory lock, so that rivals wait in line instead of
running into a deadlock at the exclusion constraint; on SQLite the transaction already has the one writer's place.
The constraint stands behind both: an insert or update that overlaps is caught in a savepoint, and the next unit tried.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, delete, func, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from labshare.booking.models import Holding
from labshare.booking.rules.rows import Values
from labshare.booking.rules.time import Interval
from labshare.booking.terms import HoldingKind
from labshare.kernel.database import db

LOCK_CLASS = 8130
"""The first key of the advisory locks of instruments."""


def prepare(instrument_id: int, now: datetime) -> None:
    """Wait for one's turn at an instrument and delete what has lapsed there: neither guard knows the clock."""
    if db.session.connection().dialect.name == "postgresql":
        db.session.execute(
            text("SELECT pg_advisory_xact_lock(:class, :key)"), {"class": LOCK_CLASS, "key": instrument_id}
        )
    db.session.execute(_LAPSED, {"instrument_id": instrument_id, "now": now})


_LAPSED = (
    delete(Holding)
    .where(Holding.instrument_id == bindparam("instrument_id"), Holding.expires_at <= bindparam("now"))
    .execution_options(synchronize_session=False)
)


def refused_by_guard(error: IntegrityError) -> bool:
    return "holding_no_overlap" in str(error.orig)


def insert_holding(values: Values) -> int | None:
    """Take the time; the holding's id, or None if the database refuses because it is taken."""
    try:
        with db.session.begin_nested():
            return db.session.scalar(insert(Holding).values(**values).returning(Holding.id))
    except IntegrityError as error:
        if refused_by_guard(error):
            return None
        raise


def change_holding(holding_id: int, **values: object) -> bool:
    """Move, shorten or lengthen a holding; False if the database refuses because the time is taken."""
    try:
        with db.session.begin_nested():
            db.session.execute(
                update(Holding)
                .where(Holding.id == holding_id)
                .values(**values)
                .execution_options(synchronize_session=False)
            )
        return True
    except IntegrityError as error:
        if refused_by_guard(error):
            return False
        raise


def holding_of(booking_id: int) -> Holding | None:
    """The booking's own holding, read anew."""
    return db.session.scalar(
        select(Holding)
        .where(Holding.booking_id == booking_id, Holding.kind == HoldingKind.BOOKING)
        .execution_options(populate_existing=True)
    )


def release_booking(booking_id: int) -> None:
    """Delete every holding of a booking: its own and what is held for a proposal."""
    _delete(Holding.booking_id == booking_id)


def release_offers(booking_id: int) -> None:
    """Delete what is held for a booking's proposal."""
    _delete(Holding.booking_id == booking_id, Holding.kind == HoldingKind.OFFER)


def release(holding_ids: Sequence[int]) -> None:
    _delete(Holding.id.in_(holding_ids))


def _delete(*conditions: object) -> None:
    db.session.execute(delete(Holding).where(*conditions).execution_options(synchronize_session=False))  # type: ignore[arg-type]


def next_start_on_unit(instrument_id: int, unit: int, after: datetime, but: int) -> datetime | None:
    """When the next holding of the unit begins."""
    return db.session.scalar(
        select(func.min(Holding.starts_at)).where(
            Holding.instrument_id == instrument_id,
            Holding.unit == unit,
            Holding.starts_at >= after,
            Holding.id != but,
        )
    )


def lengthen(holding: Holding, wanted: datetime) -> datetime:
    """Move a holding's end towards `wanted`, as far as the unit is free; the end it has now."""
    while holding.ends_at < wanted:
        limit = next_start_on_unit(holding.instrument_id, holding.unit, holding.ends_at, holding.id)
        end = wanted if limit is None else min(wanted, limit)
        if end <= holding.ends_at:
            break
        if change_holding(holding.id, ends_at=end):
            db.session.refresh(holding)
            break
    return holding.ends_at


def pieces_free(wanted: Interval, taken: Sequence[tuple[datetime, datetime]]) -> list[Interval]:
    """The parts of `wanted` that none of `taken` covers."""
    parts = [wanted]
    for starts_at, ends_at in taken:
        parts = [
            piece
            for part in parts
            for piece in (
                Interval(part.starts_at, min(part.ends_at, starts_at)),
                Interval(max(part.starts_at, ends_at), part.ends_at),
            )
            if piece.starts_at < piece.ends_at
        ]
    return parts
