"""Applications to be an open lab: what a lab shows on a day, and what waits for an officer."""

from datetime import date
from typing import Any

from sqlalchemy import Select, func, select

from labshare.catalogue.models import Accreditation, Fee, Instrument, Lab, LabApplication, TestItem
from labshare.catalogue.queries.admissions import Day, labs_seen
from labshare.catalogue.queries.lists import calibrated_until
from labshare.catalogue.rules.publishing import OpenLabFacts
from labshare.kernel.actor import Actor
from labshare.kernel.database import db


def open_lab_facts(lab: Lab, day: date) -> OpenLabFacts:
    """What the lab shows to everybody on this day. Three statements."""
    rows = db.session.execute(
        select(Instrument.id, Instrument.needs_calibration).where(Instrument.lab_id == lab.id, Instrument.published)
    ).all()
    priced = (
        select(func.count(TestItem.id.distinct()))
        .join(Fee, Fee.test_item_id == TestItem.id)
        .where(TestItem.lab_id == lab.id, TestItem.published, Fee.in_force_on(day))
    )
    needing = [instrument_id for instrument_id, needs in rows if needs]
    return OpenLabFacts(
        published=lab.published,
        instruments=len(rows),
        uncalibrated=len(set(needing) - set(calibrated_until(needing, day))),
        test_items=db.session.scalar(priced) or 0,
    )


def proved_on(lab_id: int, day: date, shown: OpenLabFacts) -> dict[str, Any]:
    """What an application keeps of that day: what the lab shows, with its accreditations. One statement."""
    accreditations = db.session.scalars(
        select(Accreditation)
        .where(Accreditation.lab_id == lab_id, Accreditation.in_force_on(day))
        .order_by(Accreditation.kind, Accreditation.number)
    )
    return {
        "instruments": shown.instruments,
        "test_items": shown.test_items,
        "accreditations": [[one.kind, one.number, one.valid_to.isoformat()] for one in accreditations],
    }


def last_application(lab_id: int) -> LabApplication | None:
    """The one that waits, else the last. One statement."""
    return db.session.scalar(
        select(LabApplication)
        .where(LabApplication.lab_id == lab_id)
        .order_by(LabApplication.applied_at.desc(), LabApplication.id.desc())
        .limit(1)
    )


def applications_waiting(actor: Actor, day: Day) -> Select[Any]:
    """How many labs wait for an officer, as a select."""
    seen = labs_seen(actor, "lab.see", day)
    return (
        select(func.count(LabApplication.id))
        .join(Lab, Lab.id == LabApplication.lab_id)
        .where(LabApplication.waits, seen)
    )
