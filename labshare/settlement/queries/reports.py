"""Reports: the next number, the reports of a booking."""

import re
from collections.abc import Sequence
from datetime import date

from sqlalchemy import ColumnElement, and_, exists, func, select
from sqlalchemy.orm import aliased, joinedload

from labshare.catalogue.models import Lab
from labshare.kernel.database import db
from labshare.kernel.errors import NotFound
from labshare.settlement.models import Report


def next_report_number(lab: Lab, year: int) -> str:
    """The number to propose: lab code, year, serial (`XC-012-2026-0418`)."""
    prefix = f"{lab.code}-{year}-"
    largest = db.session.scalars(
        select(Report.number)
        .where(Report.lab_id == lab.id, Report.number.startswith(prefix, autoescape=True))
        .order_by(func.length(Report.number).desc(), Report.number.desc())
        .limit(50)
    )
    serials = [
        int(number.removeprefix(prefix)) for number in largest if re.fullmatch(r"\d{4,8}", number[len(prefix) :])
    ]
    return f"{prefix}{max(serials, default=0) + 1:04d}"


def get_report(report_id: int) -> Report:
    """One report; whoever calls asks who may see its booking. Raises `NotFound`."""
    report = db.session.get(Report, report_id)
    if report is None:
        raise NotFound
    return report


def stands_on(day: date) -> ColumnElement[bool]:
    """Condition on `Report`: it stands on this day (R-PAPER-3). A successor that was itself withdrawn still has
    replaced it. For documents that are read already: `rules.documents.Documents.standing`."""
    successor = aliased(Report)
    replaced = exists(select(successor.id).where(successor.replaces_id == Report.id, successor.issued_on <= day))
    return and_(Report.kept_on(day), ~replaced)


def reports_of(booking_id: int) -> Sequence[Report]:
    """All reports of a booking, oldest first, with their files."""
    reports = select(Report).where(Report.booking_id == booking_id).options(joinedload(Report.file))
    return db.session.scalars(reports.order_by(Report.id)).all()


def replaced_from(reports: Sequence[Report]) -> dict[int, date]:
    """Report id → the day its successor's date took its place."""
    return {report.replaces_id: report.issued_on for report in reports if report.replaces_id is not None}
