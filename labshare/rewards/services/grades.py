"""The grade of a lab's yearly assessment."""

from datetime import datetime

from sqlalchemy import select

from labshare.audit.services import record
from labshare.catalogue.models import Lab
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.months import Month
from labshare.kernel.verbs import verb
from labshare.organisations.permissions import check
from labshare.rewards.errors import GradeMonthTaken, UnknownGrade, UnknownLab
from labshare.rewards.models import Assessment
from labshare.rewards.policy import GRADES


@verb("grade.enter", money=True)
def enter_grade(*, actor: Actor, now: datetime, lab: str, year: int, grade: str, effective_month: Month) -> Assessment:
    """Enter the grade of a lab, in force from a month on.

    `lab` is a lab's code. Raises `UnknownLab`, `UnknownGrade`, `GradeMonthTaken`.
    """
    check(actor, "grade.enter")
    row = db.session.scalar(select(Lab).where(Lab.code == lab))
    if row is None:
        raise UnknownLab("lab", lab=lab)
    if grade not in GRADES:
        raise UnknownGrade("grade", grade=grade)
    if db.session.scalar(
        select(Assessment.id).where(Assessment.lab_id == row.id, Assessment.effective_month == str(effective_month))
    ):
        raise GradeMonthTaken(month=effective_month)
    assessment = Assessment(
        lab_id=row.id,
        year=year,
        grade=grade,
        effective_month=str(effective_month),
        assessed_by=actor.person_id,
        assessed_at=now,
    )
    db.session.add(assessment)
    db.session.flush()
    record(
        actor,
        now,
        "grade.enter",
        ("lab", row.id),
        after={"grade": grade, "year": year, "effective_month": str(effective_month)},
    )
    return assessment
