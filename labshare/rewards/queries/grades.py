"""Grades of labs, as pages list them."""

from collections.abc import Iterable

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from labshare.catalogue.models import Lab
from labshare.kernel.database import db
from labshare.kernel.months import Month
from labshare.rewards.models import Assessment


def grades_in_force(lab_ids: Iterable[int], month: Month) -> dict[int, Assessment]:
    """The latest assessment of each lab that is in force in a month. One statement."""
    rows = db.session.scalars(
        select(Assessment)
        .where(Assessment.lab_id.in_(list(lab_ids)), Assessment.effective_month <= str(month))
        .order_by(Assessment.effective_month)
    )
    return {row.lab_id: row for row in rows}


def grades_of(lab_id: int) -> list[Assessment]:
    """All assessments of a lab, the latest first."""
    return list(
        db.session.scalars(
            select(Assessment).where(Assessment.lab_id == lab_id).order_by(Assessment.effective_month.desc())
        )
    )


def recent_grades(*, limit: int, offset: int) -> tuple[list[Assessment], int]:
    """Assessments of all labs, those effective last first, and how many there are. Two statements."""
    rows = db.session.scalars(
        select(Assessment)
        .join(Lab, Lab.id == Assessment.lab_id)
        .options(joinedload(Assessment.lab).joinedload(Lab.firm))
        .order_by(Assessment.effective_month.desc(), Lab.code)
        .limit(limit)
        .offset(offset)
    )
    total = db.session.scalar(select(func.count()).select_from(Assessment)) or 0
    return list(rows), total
