"""Labs as an officer sees them: admitted as open labs or not."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import joinedload

from labshare.catalogue.models import Lab, LabAdmission, LabApplication
from labshare.catalogue.queries.admissions import admitted_on, labs_seen
from labshare.catalogue.queries.filters import Page
from labshare.catalogue.queries.matching import found_in_text
from labshare.catalogue.rules.reading import literal
from labshare.catalogue.terms import Admission, LifeState, SearchKind
from labshare.kernel.actor import Actor
from labshare.kernel.database import db


@dataclass(frozen=True)
class OpenLab:
    lab: Lab
    admission: LabAdmission | None
    """The last one, also one that waits for a second person."""
    admitted: bool
    """On the day."""


def open_labs(
    actor: Actor, day: date, *, q: str = "", show: str | None = None, limit: int = 50, offset: int = 0
) -> Page[OpenLab]:
    """Published labs, and withdrawn ones that were admitted. Three statements."""
    held = admitted_on(day)
    ever = select(LabAdmission.id).where(LabAdmission.lab_id == Lab.id, LabAdmission.counts).correlate(Lab).exists()
    statement = (
        select(Lab, held.label("admitted"))
        .options(joinedload(Lab.firm))
        .where(or_(Lab.published, and_(Lab.state == LifeState.WITHDRAWN, ever)), labs_seen(actor, "lab.see", day))
    )
    if show == Admission.ADMITTED:
        statement = statement.where(held)
    elif show == Admission.WAITING:
        statement = statement.where(~ever, Lab.published)
    elif show == Admission.SUSPENDED:
        statement = statement.where(ever, ~held)
    elif show == Admission.UNDECIDED:
        waits = select(LabAdmission.id).where(LabAdmission.lab_id == Lab.id, LabAdmission.undecided)
        statement = statement.where(waits.correlate(Lab).exists())
    elif show == Admission.APPLIED:
        applied = select(LabApplication.id).where(LabApplication.lab_id == Lab.id, LabApplication.waits)
        statement = statement.where(applied.correlate(Lab).exists())
    if needs := literal(q):
        statement = statement.where(found_in_text(SearchKind.LAB, Lab.id, (tuple(needs),)))
    total = db.session.scalar(select(func.count()).select_from(statement.subquery())) or 0
    rows = db.session.execute(statement.order_by(Lab.code).limit(limit).offset(offset)).all()
    admissions = {
        row.lab_id: row
        for row in db.session.scalars(
            select(LabAdmission)
            .where(LabAdmission.lab_id.in_([lab.id for lab, _admitted in rows]), ~LabAdmission.refused)
            .order_by(LabAdmission.admitted_from)
        )
    }
    return Page(
        tuple(OpenLab(lab, admissions.get(lab.id), bool(admitted)) for lab, admitted in rows), total, limit, offset
    )
