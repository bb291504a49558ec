"""The bench: who does a booking, where its samples lie, and a running test that stands still.

What a lab arranges inside is an event of the lab: no part of what the client follows.
"""

from collections.abc import Sequence
from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from labshare.audit.services import record
from labshare.booking import notifications
from labshare.booking.errors import (
    NoBenchWorker,
    NotBegun,
    NotPaused,
    PausedAlready,
    PauseOutOfOrder,
    PlaceThereAlready,
    TooManyPlaces,
    UnknownPlace,
)
from labshare.booking.models import Booking, Pause, StoragePlace
from labshare.booking.queries.bench import get_place, places_of
from labshare.booking.rules import rows
from labshare.booking.rules.lifecycle import ACTIONS, next_state
from labshare.booking.services.common import locked_booking, not_in_future
from labshare.booking.terms import BookingState, Party, PauseReason
from labshare.catalogue.errors import Required, TooLongText
from labshare.catalogue.services.common import own_lab
from labshare.kernel.actor import Actor
from labshare.kernel.database import db, take_turn
from labshare.kernel.errors import InvalidInput
from labshare.kernel.verbs import verb
from labshare.organisations.queries import workers_of

MOST_PLACES = 60
"""In use at once: they are chosen among buttons."""
PLACE_LENGTH = 40


@verb("booking.assign", title=_l("Assigned"))
def assign(*, actor: Actor, now: datetime, ref: str, person_id: int | None) -> Booking:
    """Say who at the lab does it, until its report stands; None: nobody in particular (R-BENCH-2). Who is assigned is
    told. Raises `IllegalStep`, `NoBenchWorker`."""
    booking = locked_booking(actor, ACTIONS["assign"], ref=ref)
    next_state(booking.state, "assign", Party.LAB)
    if person_id == booking.assignee_id:
        return booking
    if person_id is not None and person_id not in {one.person_id for one in workers_of(booking.lab_firm_id)}:
        raise NoBenchWorker
    before, booking.assignee_id = booking.assignee_id, person_id
    db.session.flush()
    was, who = {"booking": booking.ref, "person_id": before}, {"booking": booking.ref, "person_id": person_id}
    record(actor, now, "booking.assign", ("lab", booking.lab_id), was, who)
    notifications.notify_assigned(booking, actor=actor, now=now)
    return booking


@verb("booking.store", title=_l("Samples put away"))
def store(*, actor: Actor, now: datetime, ref: str, place_id: int) -> Booking:
    """Say where its samples lie, once they have come (R-BENCH-3). Raises `IllegalStep`, `UnknownPlace`."""
    booking = locked_booking(actor, ACTIONS["store"], ref=ref)
    next_state(booking.state, "store", Party.LAB)
    return put_away(booking, place_id, actor=actor, now=now)


def put_away(booking: Booking, place_id: int, *, actor: Actor, now: datetime) -> Booking:
    """Into one of the lab's places in use. Raises `UnknownPlace`."""
    places = {place.id: place for place in places_of(booking.lab_id)}
    if place_id not in places:
        raise UnknownPlace
    if place_id != booking.storage_place_id:
        before, booking.storage_place = booking.storage_place, places[place_id]
        db.session.flush()
        change = rows.put_away(booking.ref, out_of=before.name if before else None, into=places[place_id].name)
        record(actor, now, "booking.store", ("lab", booking.lab_id), *change)
    return booking


@verb("booking.pause", title=_l("Test paused"))
def pause(*, actor: Actor, now: datetime, ref: str, reason: str, at: datetime | None = None) -> Booking:
    """A running test stands still, now or since a moment not in the future; its time stays held, and machine time
    leaves the pause out (R-BENCH-4). Raises `NotBegun`, `IllegalStep`, `PausedAlready`, `MomentInFuture`,
    `PauseOutOfOrder`."""
    booking = locked_booking(actor, ACTIONS["pause"], ref=ref)
    if booking.state in BookingState.before_start():
        raise NotBegun
    next_state(booking.state, "pause", Party.LAB)
    if PauseReason.known(reason) is None:
        raise InvalidInput(field="reason")
    at = not_in_future(at, now=now)
    earlier = pauses_of(booking)
    if any(one.lasts for one in earlier):
        raise PausedAlready
    since = max((one.ended_at or at for one in earlier), default=booking.started_at or booking.starts_at)
    if at < since:
        raise PauseOutOfOrder
    db.session.add(Pause(booking=booking, reason=reason, began_at=at, began_by=actor.person_id))
    db.session.flush()
    record(actor, now, "booking.pause", ("booking", booking.ref), after={"paused_for": reason, "at": at.isoformat()})
    return booking


@verb("booking.resume", title=_l("Test goes on"))
def resume(*, actor: Actor, now: datetime, ref: str, at: datetime | None = None) -> Booking:
    """A paused test goes on, now or since a moment not in the future. Raises `NotPaused`, `MomentInFuture`,
    `PauseOutOfOrder`."""
    booking = locked_booking(actor, ACTIONS["resume"], ref=ref)
    at = not_in_future(at, now=now)
    paused = next((one for one in pauses_of(booking) if one.lasts), None)
    if paused is None:
        raise NotPaused
    next_state(booking.state, "resume", Party.LAB)
    if at < paused.began_at:
        raise PauseOutOfOrder
    end_pause(booking, paused, at=at, actor=actor, now=now)
    return booking


def pauses_of(booking: Booking) -> Sequence[Pause]:
    """Of a locked booking, read anew, in their order."""
    return db.session.scalars(
        select(Pause).where(Pause.booking_id == booking.id).order_by(Pause.id).execution_options(populate_existing=True)
    ).all()


def end_pause(booking: Booking, paused: Pause, *, at: datetime, actor: Actor, now: datetime) -> None:
    paused.ended_at = max(at, paused.began_at)
    db.session.flush()
    record(
        actor, now, "booking.resume", ("booking", booking.ref), {"paused_for": paused.reason}, {"at": at.isoformat()}
    )


@verb("lab.add_place", title=_l("Storage place added"))
def add_place(*, actor: Actor, now: datetime, lab_id: int, name: str) -> StoragePlace:
    """Add a place where the lab keeps samples; one that was removed comes back. Raises `NotFound`, `NotAllowed`,
    `Required`, `TooLongText`, `PlaceThereAlready`, `TooManyPlaces`."""
    lab, name = own_lab(actor, lab_id), " ".join(name.split())
    if not name:
        raise Required("name")
    if len(name) > PLACE_LENGTH:
        raise TooLongText("name", max=PLACE_LENGTH)
    take_turn()
    place = db.session.scalar(
        select(StoragePlace).where(StoragePlace.lab_id == lab.id, func.lower(StoragePlace.name) == name.lower())
    )
    if place is not None and place.in_use:
        raise PlaceThereAlready
    if len(places_of(lab.id)) >= MOST_PLACES:
        raise TooManyPlaces(n=MOST_PLACES)
    if place is None:
        place = StoragePlace(lab_id=lab.id, name=name)
        db.session.add(place)
    place.dropped_at = None
    db.session.flush()
    record(actor, now, "lab.add_place", ("lab", lab.id), after={"storage_place": place.name})
    return place


@verb("lab.drop_place", title=_l("Storage place removed"))
def drop_place(*, actor: Actor, now: datetime, place_id: int) -> StoragePlace:
    """Nothing more is put there; what lies there stays. Raises `NotFound`, `NotAllowed`."""
    place = get_place(place_id)
    own_lab(actor, place.lab_id)
    if place.in_use:
        place.dropped_at = now
        db.session.flush()
        record(actor, now, "lab.drop_place", ("lab", place.lab_id), before={"storage_place": place.name})
    return place
