"""Who may work which instrument on which day (R-TEAM)."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from labshare.catalogue.models import Authorisation
from labshare.kernel.database import db
from labshare.kernel.errors import NotFound


def authorisations_of(instrument_id: int) -> Sequence[Authorisation]:
    """Those of an instrument that were not withdrawn, with their persons; the last to end first. One statement."""
    return db.session.scalars(
        select(Authorisation)
        .where(Authorisation.instrument_id == instrument_id, Authorisation.standing)
        .options(joinedload(Authorisation.person))
        .order_by(Authorisation.valid_to.desc(), Authorisation.id.desc())
    ).all()


def get_authorisation(authorisation_id: int) -> Authorisation:
    """Whoever calls asks whose it is. Raises `NotFound`."""
    found = db.session.get(Authorisation, authorisation_id)
    if found is None:
        raise NotFound
    return found


def may_work(*, person_id: int | None, instrument_id: int, day: date) -> bool:
    """Whether the person may start a test there: anyone while the lab authorises nobody for the instrument. One
    statement."""
    standing = authorisations_of(instrument_id)
    return not standing or any(one.person_id == person_id and one.in_force_on(day) for one in standing)
