"""The way of a new lab to its first booking."""

from datetime import date

from sqlalchemy import exists, or_, select

from labshare.booking.models import Booking, OpeningWeek
from labshare.booking.terms import FirstStep
from labshare.catalogue.models import Fee, Instrument, Lab, LabAdmission, LabApplication, TestItem
from labshare.kernel.database import db
from labshare.organisations.models import Firm

Steps = tuple[tuple[FirstStep, bool], ...]
"""Each step, and whether it is done."""


def first_steps(lab: Lab, day: date) -> Steps:
    """The steps of this lab on this day; none once all are done, or somebody has booked. One statement."""
    priced = exists().where(
        TestItem.lab_id == lab.id, TestItem.published, Fee.test_item_id == TestItem.id, Fee.in_force_on(day)
    )
    row = db.session.execute(
        select(
            select(Firm.verified).where(Firm.id == lab.firm_id).scalar_subquery().label("verified"),
            exists().where(OpeningWeek.lab_id == lab.id).label("hours"),
            exists().where(Instrument.lab_id == lab.id, Instrument.published).label("instrument"),
            priced.label("item"),
            or_(
                exists().where(LabAdmission.lab_id == lab.id, ~LabAdmission.refused, LabAdmission.open_ended),
                exists().where(LabApplication.lab_id == lab.id, LabApplication.waits),
            ).label("open_lab"),
            exists().where(Booking.lab_id == lab.id).label("booked"),
        )
    ).one()
    steps: Steps = (
        (FirstStep.VERIFIED, bool(row.verified)),
        (FirstStep.REACHABLE, bool(lab.address.strip() and lab.phone.strip())),
        (FirstStep.HOURS, bool(row.hours)),
        (FirstStep.PUBLISHED, lab.published),
        (FirstStep.INSTRUMENT, bool(row.instrument)),
        (FirstStep.ITEM, bool(row.item)),
        (FirstStep.OPEN_LAB, bool(row.open_lab)),
    )
    return () if row.booked or all(done for _step, done in steps) else steps
