"""Admissions of open labs: where a lab is admitted on a day, and on which days in a division, as known at a moment."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Select, func, select

from labshare.catalogue.models import Lab, LabAdmission
from labshare.kernel.database import db
from labshare.kernel.time import ENDLESS


def admitted_on(day: date) -> ColumnElement[bool]:
    """Condition on `Lab`: it is an open lab on this local day."""
    return (
        select(LabAdmission.id).where(LabAdmission.lab_id == Lab.id, LabAdmission.holds_on(day)).correlate(Lab).exists()
    )


def county_on(day: date | BindParameter[date]) -> ColumnElement[str]:
    """Of a `Lab`: the six digits of the county that a booking made on this local day belongs to (R-COUNTY-4),
    that of the lab's admission, else that of its town."""
    admitted = select(LabAdmission.division).where(LabAdmission.lab_id == Lab.id, LabAdmission.holds_on(day))
    return func.coalesce(admitted.correlate(Lab).scalar_subquery(), Lab.division)


def admissions_waiting() -> Select[Any]:
    """How many admissions wait for a second person, as a select."""
    return select(func.count()).select_from(LabAdmission).where(LabAdmission.undecided)


def admission_spans(division: str, known_at: datetime | None = None) -> list[tuple[int, date, date]]:
    """(lab, first day, last day) of admissions in the division or one it contains, by lab and day; no day twice.

    `known_at` (UTC): as recorded up to then, without what was confirmed or suspended later.
    """
    rows = db.session.execute(
        select(LabAdmission.lab_id, LabAdmission.admitted_from, LabAdmission.suspended_from, LabAdmission.suspended_at)
        .where(LabAdmission.division.startswith(division, autoescape=True), _known(known_at))
        .order_by(LabAdmission.lab_id, LabAdmission.admitted_from)
    )
    spans = [
        (row.lab_id, row.admitted_from, _last_day(row.suspended_from, row.suspended_at, known_at=known_at))
        for row in rows
    ]
    return [span for span in spans if span[1] <= span[2]]


def _last_day(suspended_from: date | None, suspended_at: datetime | None, *, known_at: datetime | None) -> date:
    if suspended_from is None or suspended_at is None or (known_at is not None and suspended_at > known_at):
        return ENDLESS
    return suspended_from - timedelta(days=1)


def _known(known_at: datetime | None) -> ColumnElement[bool]:
    return LabAdmission.counts if known_at is None else LabAdmission.counted_at(known_at)


def admitting_counties(lab_ids: Iterable[int]) -> set[str]:
    """The counties in which these labs ever were open labs."""
    return set(
        db.session.scalars(
            select(LabAdmission.division).where(LabAdmission.lab_id.in_(set(lab_ids)), LabAdmission.counts)
        )
    )


def admission_open(lab_id: int) -> bool:
    """Whether the lab is admitted without end, or an admission waits for a second person. One statement."""
    open_ended = select(LabAdmission.id).where(
        LabAdmission.lab_id == lab_id, ~LabAdmission.refused, LabAdmission.open_ended
    )
    return db.session.scalar(open_ended.limit(1)) is not None


def blocks_another(admission: LabAdmission, first: date) -> bool:
    """Whether an admission from `first` on would overlap this one."""
    return not admission.refused and admission.lasts_to(first)
