"""Admissions of open labs: where a lab is admitted on a day, and on which days in a division, as known at a moment."""

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Select, and_, func, select, true, union
from sqlalchemy.orm import aliased

from labshare.catalogue.models import Lab, LabAdmission
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.time import ENDLESS, local_day, utc_now
from labshare.organisations.events import HostCounties, HostsIn
from labshare.organisations.permissions import lies_in, visible

Day = date | BindParameter[date]
"""Or one that is said when the statement is sent."""


def admitted_on(day: date) -> ColumnElement[bool]:
    """Condition on `Lab`: it is an open lab on this local day."""
    return (
        select(LabAdmission.id).where(LabAdmission.lab_id == Lab.id, LabAdmission.holds_on(day)).correlate(Lab).exists()
    )


def county_on(day: Day) -> ColumnElement[str]:
    """Of a `Lab`: the six digits of the county that a booking made on this local day belongs to (R-COUNTY-4),
    that of the lab's admission, else that of its town."""
    admitted = select(LabAdmission.division).where(LabAdmission.lab_id == Lab.id, LabAdmission.holds_on(day))
    return func.coalesce(admitted.correlate(Lab).scalar_subquery(), Lab.division)


def lab_lies_in(day: Day) -> Callable[[str], ColumnElement[bool]]:
    """Condition on `Lab`, by code prefix: its county on this local day is of that division (R-RIGHTS-14)."""

    others = aliased(Lab)

    def condition(prefix: str) -> ColumnElement[bool]:
        if not prefix:
            return true()
        ever = union(  # found by indexes, or every lab of a province is asked where it is admitted
            select(others.id).where(lies_in(others.division, prefix)),
            select(LabAdmission.lab_id).where(lies_in(LabAdmission.division, prefix)),
        )
        return and_(Lab.id.in_(ever), lies_in(county_on(day), prefix))

    return condition


def labs_seen(actor: Actor, action: str, day: Day) -> ColumnElement[bool]:
    """Condition on `Lab`: the actor may do this with it as a regulator, by its county on this local day."""
    return visible(actor, action, division=lab_lies_in(day))


def sees_lab(actor: Actor, lab_id: int, day: date) -> bool:
    """Whether a regulator sees the lab's page. One statement."""
    return db.session.scalar(select(Lab.id).where(Lab.id == lab_id, labs_seen(actor, "lab.see", day))) is not None


def of_lab_in(lab_id: Any, day: date) -> Callable[[str], ColumnElement[bool]]:
    """The same of whatever belongs to a lab: pass the column with its id."""
    return lambda prefix: lab_id.in_(select(Lab.id).where(lab_lies_in(day)(prefix)))


def hosts_in(asked: HostsIn) -> Select[int]:
    """Answers `HostsIn`."""
    return select(Lab.firm_id).where(lab_lies_in(local_day(utc_now()))(asked.prefix))


def host_counties(asked: HostCounties) -> frozenset[str]:
    """Answers `HostCounties`. One statement."""
    counties = select(county_on(local_day(utc_now()))).where(Lab.firm_id.in_(asked.firm_ids))
    return frozenset(db.session.scalars(counties))


def county_of(lab: Lab, day: date) -> Callable[[], str | None]:
    """How to find the lab's county on this local day. One statement, once asked."""
    return lambda: db.session.scalar(select(county_on(day)).where(Lab.id == lab.id))


def admissions_waiting(actor: Actor) -> Select[Any]:
    """How many admissions wait for a second person, as a select."""
    seen = visible(actor, "lab.see", division=LabAdmission.division)
    return select(func.count()).select_from(LabAdmission).where(LabAdmission.undecided, seen)


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
