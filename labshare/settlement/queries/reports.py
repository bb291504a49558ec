"""Reports: the next number, the reports of a booking."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import ColumnElement, and_, exists, select
from sqlalchemy.orm import aliased, joinedload

from labshare.booking.models import Booking
from labshare.booking.queries.marks import Certificate, certificates_covering
from labshare.catalogue.models import Lab
from labshare.kernel.database import db
from labshare.kernel.errors import NotFound
from labshare.kernel.time import local_day
from labshare.settlement.models import Report, ReportSeries
from labshare.settlement.rules.numbers import Series


def series_of(lab: Lab, year: int, *, lock: bool = False) -> Series:
    """How far the lab's numbers of that year have come; `lock`: until the transaction ends nobody else takes one."""
    last = select(ReportSeries.last).where(ReportSeries.lab_id == lab.id, ReportSeries.year == year)
    return Series(lab.code, year, db.session.scalar(last.with_for_update() if lock else last) or 0)


def next_report_number(lab: Lab, year: int) -> str:
    """The number to propose: lab code, year, serial (`XC-012-2026-0418`)."""
    return series_of(lab, year).next


def certificates_for(booking: Booking) -> Sequence[Certificate]:
    """The accreditations that cover a standard of its test item on every day of the test (R-RESULT-3)."""
    assert booking.finished_on is not None  # noqa: S101 - asked of finished tests alone
    first = local_day(booking.started_at) if booking.started_at else booking.finished_on
    return certificates_covering(booking.test_item_id, first, booking.finished_on)


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
    return and_(Report.not_withdrawn_on(day), ~replaced)


def reports_of(booking_id: int) -> Sequence[Report]:
    """All reports of a booking, oldest first, with their files."""
    reports = select(Report).where(Report.booking_id == booking_id)
    loaded = reports.options(
        joinedload(Report.file), joinedload(Report.standard), joinedload(Report.marks), joinedload(Report.raw)
    )
    return db.session.scalars(loaded.order_by(Report.id)).unique().all()
