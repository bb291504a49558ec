"""How many bookings an instrument takes side by side. Its own verb, since a unit that is held ahead cannot go."""

from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, exists, func, select

from labshare.audit.services import record
from labshare.booking.models import Holding
from labshare.catalogue.errors import UnitsTaken
from labshare.catalogue.models import Instrument, InstrumentUnit
from labshare.catalogue.queries import get_instrument
from labshare.catalogue.rules.entries import units_problems
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import raise_all
from labshare.kernel.verbs import verb
from labshare.organisations import permissions


@verb("instrument.change_units", title=_l("Units changed"))
def change_units(*, actor: Actor, now: datetime, instrument_id: int, units: int) -> Instrument:
    """Set the number of units. Fewer: the highest go, whose past holdings keep their row.

    Raises `OutOfRange` and, naming the highest that must stay, `UnitsTaken` where one that would go is held ahead.
    """
    instrument = get_instrument(actor, instrument_id)
    permissions.check(actor, "catalogue.change", firm=instrument.lab.firm_id)
    raise_all(units_problems(units))
    before = instrument.units
    if units == before:
        return instrument
    # The lock stands against a holding that is being inserted: its foreign key needs this row.
    rows = select(InstrumentUnit).where(InstrumentUnit.instrument_id == instrument.id).with_for_update()
    numbered = {row.unit for row in db.session.scalars(rows)}
    leaving = [Holding.instrument_id == instrument.id, Holding.unit > units]
    highest = db.session.scalar(
        select(func.max(Holding.unit)).where(*leaving, Holding.ends_at > now, Holding.counts_at(now))
    )
    if highest is not None:
        raise UnitsTaken(unit=highest, n=highest)
    db.session.execute(delete(Holding).where(*leaving, Holding.lapsed_by(now)))
    held = exists().where(Holding.instrument_id == InstrumentUnit.instrument_id, Holding.unit == InstrumentUnit.unit)
    db.session.execute(
        delete(InstrumentUnit)
        .where(InstrumentUnit.instrument_id == instrument.id, InstrumentUnit.unit > units, ~held)
        .execution_options(synchronize_session="fetch")
    )
    db.session.add_all(
        InstrumentUnit(instrument_id=instrument.id, unit=unit) for unit in range(1, units + 1) if unit not in numbered
    )
    instrument.units = units
    db.session.flush()
    record(
        actor,
        now,
        "instrument.change_units",
        ("instrument", instrument.id),
        before={"units": before},
        after={"units": units},
    )
    return instrument
