"""Grades of labs: which are in force, and the lists they are entered on. Only confirmed lists count (R-GRADE-4);
of two grades of one lab and effective month the one confirmed later holds."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, or_, select
from sqlalchemy.orm import aliased, contains_eager, joinedload

from labshare.accounts.models import Person
from labshare.catalogue.models import Lab, LabAdmission
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.months import Month
from labshare.organisations.permissions import visible
from labshare.rewards.assessments import Assessment, AssessmentList, AssessmentVersion
from labshare.rewards.terms import ListState


def _counting(month: Month | None = None, known_at: datetime | None = None) -> Select[Assessment]:
    """Grades on confirmed lists, the one that holds last. `month`: only those in force by then; `known_at`: only those
    recorded by that moment."""
    wanted = (
        select(Assessment)
        .join(Assessment.list)
        .where(AssessmentList.counts if month is None else AssessmentList.in_force_in(month))
        .order_by(AssessmentList.effective_month, Assessment.confirmed_at, Assessment.id)
    )
    if known_at is not None:
        wanted = wanted.where(Assessment.known_at(known_at))
    return wanted


def grades_in_force(month: Month, known_at: datetime | None = None) -> dict[int, str]:
    """By lab id, the grade whose effective month is the latest up to `month`; `known_at`: as it was known at that
    moment (UTC). One statement."""
    rows = _counting(month, known_at).with_only_columns(Assessment.lab_id, Assessment.grade)
    return {row.lab_id: row.grade for row in db.session.execute(rows)}


def assessments_in_force(lab_ids: Iterable[int], month: Month) -> dict[int, Assessment]:
    """By lab id, the assessment in force in a month with its list, of these labs. One statement."""
    rows = db.session.scalars(
        _counting(month).where(Assessment.lab_id.in_(list(lab_ids))).options(contains_eager(Assessment.list))
    )
    return {row.lab_id: row for row in rows}


def grades_of(lab_id: int) -> list[Assessment]:
    """All confirmed assessments of a lab with their lists, the one that holds first. One statement."""
    rows = db.session.scalars(
        _counting().where(Assessment.lab_id == lab_id).options(contains_eager(Assessment.list))
    ).all()
    return list(reversed(rows))


@dataclass(frozen=True)
class ListRow:
    """A list as others are told of it: who entered, who confirmed, how many labs it grades."""

    list: AssessmentList
    entered_by: str | None
    confirmed_by: str | None
    labs: int


def lists_seen(actor: Actor) -> ColumnElement[bool]:
    """Condition on `AssessmentList`: the actor sees it."""
    return visible(actor, "grade.see", division=AssessmentList.division)


def grade_lists(
    actor: Actor, *, state: str | None = None, year: int | None = None, limit: int, offset: int
) -> tuple[list[ListRow], int]:
    """The lists, open ones first, then the newest; and how many there are. Three statements."""
    enterer, confirmer = aliased(Person), aliased(Person)
    confirmed = (
        select(func.count())
        .select_from(Assessment)
        .where(Assessment.list_id == AssessmentList.id)
        .correlate(AssessmentList)
        .scalar_subquery()
    )
    wanted = (
        select(AssessmentList, enterer.name, confirmer.name, confirmed)
        .outerjoin(enterer, enterer.id == AssessmentList.entered_by)
        .outerjoin(confirmer, confirmer.id == AssessmentList.confirmed_by)
        .where(lists_seen(actor))
    )
    if state is not None:
        wanted = wanted.where(AssessmentList.state == state)
    if year is not None:
        wanted = wanted.where(AssessmentList.year == year)
    total = db.session.scalar(select(func.count()).select_from(wanted.subquery())) or 0
    open_first = case((AssessmentList.state.in_(ListState.open()), 0), else_=1)
    rows = db.session.execute(
        wanted.order_by(open_first, AssessmentList.entered_at.desc(), AssessmentList.id.desc())
        .limit(limit)
        .offset(offset)
    ).all()
    drafted = _graded_on_drafts([row[0] for row in rows if not row[0].counts])
    return [ListRow(row[0], row[1], row[2], drafted.get(row[0].id, row[3])) for row in rows], total


def _graded_on_drafts(lists: Iterable[AssessmentList]) -> dict[int, int]:
    """By list id, how many labs its latest version grades."""
    found = db.session.scalars(
        select(AssessmentVersion)
        .join(AssessmentList, AssessmentList.id == AssessmentVersion.list_id)
        .where(
            AssessmentVersion.list_id.in_([one.id for one in lists]),
            AssessmentVersion.number == AssessmentList.version,
        )
    )
    return {one.list_id: sum(row["grade"] is not None for row in one.document["rows"]) for one in found}


def years_of_lists(actor: Actor) -> list[int]:
    """The years of which there are lists, the latest first."""
    years = select(AssessmentList.year).where(lists_seen(actor)).distinct().order_by(AssessmentList.year.desc())
    return list(db.session.scalars(years))


def grade_list(actor: Actor, list_id: int) -> AssessmentList | None:
    """One list; nothing for one that the actor may not see."""
    return db.session.scalar(select(AssessmentList).where(AssessmentList.id == list_id, lists_seen(actor)))


def version_of(of: AssessmentList) -> AssessmentVersion | None:
    """The latest version; None on a migrated list."""
    return db.session.get(AssessmentVersion, (of.id, of.version))


def rows_of(of: AssessmentList) -> list[dict[str, Any]]:
    """`{"lab": id, "grade": …, "reason": …}` of a list: as confirmed, else as the latest version says."""
    if of.counts:
        rows = db.session.scalars(select(Assessment).where(Assessment.list_id == of.id))
        return [{"lab": row.lab_id, "grade": row.grade, "reason": row.reason or ""} for row in rows]
    version = version_of(of)
    return list(version.document["rows"]) if version is not None else []


def versions_of(list_id: int) -> list[tuple[AssessmentVersion, str]]:
    """Every version with the name of who saved it, the latest first."""
    rows = db.session.execute(
        select(AssessmentVersion, Person.name)
        .join(Person, Person.id == AssessmentVersion.edited_by)
        .where(AssessmentVersion.list_id == list_id)
        .order_by(AssessmentVersion.number.desc())
    )
    return [(row[0], row[1]) for row in rows]


def editors_of(list_id: int) -> set[int]:
    """Who saved any version of the list."""
    return set(db.session.scalars(select(AssessmentVersion.edited_by).where(AssessmentVersion.list_id == list_id)))


def divisions_to_grade(actor: Actor, day: date) -> list[str]:
    """The counties that the actor grades, with labs admitted on the day, in order."""
    graded = visible(actor, "grade.enter", division=LabAdmission.division)
    admitted = select(LabAdmission.division).where(LabAdmission.holds_on(day), graded).distinct()
    return list(db.session.scalars(admitted.order_by(LabAdmission.division)))


def labs_to_grade(division: str, day: date, also: Iterable[int] = ()) -> list[Lab]:
    """The labs admitted in the division on the day, and `also` these by id; with firm, in order of code. One
    statement."""
    admitted = _admissions_in(division).where(LabAdmission.holds_on(day)).exists()
    return list(
        db.session.scalars(
            select(Lab).options(joinedload(Lab.firm)).where(or_(admitted, Lab.id.in_(list(also)))).order_by(Lab.code)
        )
    )


def known_in(division: str, lab_ids: Iterable[int]) -> set[int]:
    """Which of these labs lie in the division, or ever were admitted in it."""
    there = or_(Lab.division.startswith(division, autoescape=True), _admissions_in(division).exists())
    return set(db.session.scalars(select(Lab.id).where(Lab.id.in_(list(lab_ids)), there)))


def _admissions_in(division: str) -> Select[int]:
    return (
        select(LabAdmission.id)
        .where(LabAdmission.lab_id == Lab.id, LabAdmission.division.startswith(division, autoescape=True))
        .correlate(Lab)
    )


def labs_by_id(ids: Iterable[int]) -> Mapping[int, Lab]:
    """Labs with their firms."""
    rows = db.session.scalars(select(Lab).options(joinedload(Lab.firm)).where(Lab.id.in_(list(ids))))
    return {lab.id: lab for lab in rows}


def lists_handed_over(actor: Actor) -> Select[Any]:
    """How many lists wait for an approver, as a select."""
    return select(func.count()).select_from(AssessmentList).where(AssessmentList.handed_over, lists_seen(actor))


def lists_sent_back(actor: Actor) -> Select[Any]:
    """How many lists wait for an officer, as a select."""
    return select(func.count()).select_from(AssessmentList).where(AssessmentList.sent_back, lists_seen(actor))
