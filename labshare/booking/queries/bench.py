"""What the bench chooses from: storage places, other units that are free."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import exists, select
from sqlalchemy.orm import joinedload

from labshare.booking.models import Booking, Holding, StoragePlace
from labshare.booking.terms import BookingState
from labshare.catalogue.models import InstrumentUnit
from labshare.kernel.database import db
from labshare.kernel.errors import NotFound
from labshare.kernel.time import MINUTE, Minutes


def places_of(lab_id: int) -> Sequence[StoragePlace]:
    """The lab's storage places in use, by name. One statement."""
    return db.session.scalars(
        select(StoragePlace).where(StoragePlace.lab_id == lab_id, StoragePlace.in_use).order_by(StoragePlace.name)
    ).all()


def find_place(place_id: int) -> StoragePlace | None:
    """Whoever calls asks whose it is."""
    return db.session.get(StoragePlace, place_id)


def get_place(place_id: int) -> StoragePlace:
    """As `find_place`. Raises `NotFound`."""
    place = find_place(place_id)
    if place is None:
        raise NotFound
    return place


def paused_minutes(booking: Booking) -> Minutes:
    """How long its test stood still, in pauses that are over."""
    spans = [one.ended_at - one.began_at for one in booking.pauses if not one.lasts]  # type: ignore[attr-defined]
    return Minutes(sum(spans, timedelta()) // MINUTE)


AT_MOST = 60


def to_put_away(lab_id: int, *, scanned: str | None) -> Sequence[Booking]:
    """Bookings whose samples the lab has and works on: the one scanned last first, then those that lie nowhere yet, the
    latest to come first. One statement."""
    return db.session.scalars(
        select(Booking)
        .where(Booking.lab_id == lab_id, Booking.state.in_((*BookingState.at_work(), BookingState.TESTED)))
        .options(joinedload(Booking.client), joinedload(Booking.test_item), joinedload(Booking.storage_place))
        .order_by(Booking.ref != (scanned or ""), Booking.storage_place_id.is_not(None), Booking.received_at.desc())
        .limit(AT_MOST)
    ).all()


def units_free(booking: Booking, now: datetime) -> list[int]:
    """The other units of its instrument on which it could start now: free until its time is over. One statement."""
    taken = exists().where(
        Holding.instrument_id == InstrumentUnit.instrument_id,
        Holding.unit == InstrumentUnit.unit,
        Holding.ends_at > now,
        Holding.starts_at < booking.ends_at,
        Holding.counts_at(now),
    )
    free = select(InstrumentUnit.unit).where(
        InstrumentUnit.instrument_id == booking.instrument_id,
        InstrumentUnit.unit != booking.unit,
        InstrumentUnit.unit <= booking.instrument.units,
        ~taken,
    )
    return list(db.session.scalars(free.order_by(InstrumentUnit.unit)))
