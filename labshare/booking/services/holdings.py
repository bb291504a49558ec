"""Taking time: the one place where holdings are written. The database is the arbiter (R-TIME-11).

On PostgreSQL whoever takes time first takes the instrument's advisory lock, so that rivals wait in line instead of
running into a deadlock at the exclusion constraint; on SQLite the transaction already has the one writer's place.
The guard stands behind both: what overlaps is refused, and the next unit tried.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Executable,
    Integer,
    bindparam,
    delete,
    false,
    func,
    label,
    or_,
    select,
    text,
    true,
    union_all,
    update,
)
from sqlalchemy.exc import IntegrityError

from labshare.booking.models import Holding
from labshare.booking.queries.loading import holdings_in_window
from labshare.booking.rules.rows import Values
from labshare.booking.rules.slots import Taken
from labshare.booking.rules.time import Interval
from labshare.booking.terms import HoldingKind
from labshare.kernel.database import Numbers, db, in_ids, insert_or_nothing, inserts_or_nothing

LOCK_CLASS = 8130
"""The first key of the advisory locks of instruments."""


@dataclass(frozen=True)
class Seen:
    """What lies in a window of some instruments, and where a person holds a slot while they book."""

    rows: tuple[Any, ...]
    person_id: int | None

    def busy(self, instrument_id: int, *, units: int) -> list[list[Taken]]:
        """What takes the time of the instrument's units, each by start; neither what has lapsed nor the own hold."""
        found: list[list[Taken]] = [[] for _ in range(units)]
        for row in self.rows:
            if row.in_window and row.instrument_id == instrument_id and row.unit <= units and not self._goes(row):
                found[row.unit - 1].append(Taken(row.starts_at, row.ends_at))
        return found

    def instrument_of_hold(self, hold_id: int | None) -> int | None:
        """Where the person's hold of this number is."""
        return next((row.instrument_id for row in self.rows if row.id == hold_id and self._own(row)), None)

    def over(self, instrument_id: int) -> list[int]:
        """What must go before the instrument's time is taken, as the guard knows no clock: what has lapsed in its
        window, and the person's hold, wherever it is."""
        return [
            row.id
            for row in self.rows
            if self._own(row) or (row.in_window and row.instrument_id == instrument_id and self._goes(row))
        ]

    def _own(self, row: Any) -> bool:
        return row.held_for is not None and row.held_for == self.person_id

    def _goes(self, row: Any) -> bool:
        return self._own(row) or bool(row.lapsed)


def look(
    instrument_ids: Sequence[int],
    since: datetime,
    until: datetime,
    *,
    now: datetime,
    but_booking: int | None = None,
    person_id: int | None = None,
) -> Seen:
    """What lies in `[since, until)` but for what is `but_booking`'s, and the person's hold. One statement."""
    given = {"instrument_ids": instrument_ids, "since": since, "until": until, "now": now, "person_id": person_id}
    rows = db.session.execute(_SEEN, given)
    return Seen(tuple(row for row in rows if row.booking_id is None or row.booking_id != but_booking), person_id)


_COLUMNS = (
    Holding.id,
    Holding.instrument_id,
    Holding.unit,
    Holding.starts_at,
    Holding.ends_at,
    label("lapsed", Holding.lapsed_by(bindparam("now"))),  # type: ignore[arg-type]  # a moment, given later
    Holding.booking_id,
    Holding.held_for,
)
_SEEN: Executable = union_all(
    holdings_in_window(*_COLUMNS, true().label("in_window")),
    select(*_COLUMNS, false().label("in_window")).where(Holding.held_for == bindparam("person_id", type_=Integer)),
).order_by("starts_at")


def wait_in_line(instrument_id: int) -> None:
    """Wait for one's turn at an instrument."""
    if db.session.connection().dialect.name == "postgresql":
        db.session.execute(_LOCK, {"class": LOCK_CLASS, "key": instrument_id})


_LOCK = text("SELECT pg_advisory_xact_lock(:class, :key)")


def prepare_many(instrument_ids: Collection[int], now: datetime) -> None:
    """Wait for one's turn at several instruments, by their ids, and delete what has lapsed there. Two statements."""
    if not instrument_ids:
        return
    if db.session.connection().dialect.name == "postgresql":
        db.session.execute(_LOCKS, {"class": LOCK_CLASS, "keys": sorted(instrument_ids)})
    _delete(in_ids(Holding.instrument_id, bindparam(None, list(instrument_ids), type_=Numbers)), Holding.lapsed_by(now))


_LOCKS = text(
    "SELECT pg_advisory_xact_lock(:class, one.key) FROM (SELECT unnest(CAST(:keys AS int[])) AS key ORDER BY 1) AS one"
)


def clear(holding_ids: Sequence[int], now: datetime, person_id: int | None) -> None:
    """Delete what was seen to be over and still is."""
    if holding_ids:
        _delete(Holding.id.in_(holding_ids), or_(Holding.lapsed_by(now), Holding.held_for == person_id))


def give_back(person_id: int | None) -> None:
    """Delete what the person holds while they book: to them it is free."""
    _delete(Holding.held_for == person_id)


def prepare(instrument_id: int, now: datetime) -> None:
    """Wait for one's turn at an instrument and delete what has lapsed there: neither guard knows the clock."""
    wait_in_line(instrument_id)
    db.session.execute(_LAPSED, {"instrument_id": instrument_id, "now": now})


_LAPSED = (
    delete(Holding)
    .where(Holding.instrument_id == bindparam("instrument_id"), Holding.lapsed_by(bindparam("now")))  # type: ignore[arg-type]  # a moment, given later
    .execution_options(synchronize_session=False)
)


def refused_by_guard(error: IntegrityError) -> bool:
    return "holding_no_overlap" in str(error.orig)


def insert_holding(values: Values) -> int | None:
    """Take the time; the holding's id, or None if the database refuses because it is taken. Nothing has to be taken
    back then: PostgreSQL writes nothing, SQLite undoes the one statement."""
    try:
        found: int | None = insert_or_nothing(_TIME, values).scalar()
    except IntegrityError as error:
        if refused_by_guard(error):
            return None
        raise
    return found


_TIME = inserts_or_nothing(Holding, Holding.id)


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


def next_start_on_unit(*, instrument_id: int, unit: int, after: datetime, but: int) -> datetime | None:
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
        limit = next_start_on_unit(
            instrument_id=holding.instrument_id, unit=holding.unit, after=holding.ends_at, but=holding.id
        )
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
