"""What the next shift must know (R-TEAM-5): those who work at the bench of the lab read it."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import contains_eager, joinedload

from labshare.booking.models import Handover
from labshare.catalogue.models import Lab
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import NotFound
from labshare.organisations.permissions import check, may, visible


def _loaded() -> Select[Any]:
    return (
        select(Handover)
        .join(Handover.lab)
        .options(
            contains_eager(Handover.lab),
            joinedload(Handover.booking),
            joinedload(Handover.writer),
            joinedload(Handover.reader),
        )
    )


def handovers_open(lab_id: int) -> Sequence[Handover]:
    """Of a lab and its bookings, those that nobody has taken note of, the oldest first. One statement."""
    return db.session.scalars(_loaded().where(Handover.lab_id == lab_id, Handover.waits).order_by(Handover.id)).all()


def handovers_of(booking_id: int) -> Sequence[Handover]:
    """Of a booking, in their order. One statement."""
    return db.session.scalars(_loaded().where(Handover.booking_id == booking_id).order_by(Handover.id)).all()


def list_handovers(
    actor: Actor, *, lab_id: int | None = None, before: int | None = None, limit: int
) -> Sequence[Handover]:
    """Of the labs at whose bench the actor works, the newest first; `before` the id of the last one seen."""
    wanted = _loaded().where(visible(actor, "booking.work", lab=Lab.firm_id))
    if lab_id is not None:
        wanted = wanted.where(Handover.lab_id == lab_id)
    if before is not None:
        wanted = wanted.where(Handover.id < before)
    return db.session.scalars(wanted.order_by(Handover.id.desc()).limit(limit)).all()


def get_handover(actor: Actor, handover_id: int) -> Handover:
    """Raises `NotFound`, also for another firm's, and `NotAllowed`."""
    found = db.session.scalar(_loaded().where(Handover.id == handover_id))
    if found is None or not may(actor, "team.see", firm=found.lab.firm_id) or actor.firm_id != found.lab.firm_id:
        raise NotFound
    check(actor, "booking.work", lab=found.lab.firm_id)
    return found
