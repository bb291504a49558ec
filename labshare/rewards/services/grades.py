"""A year's grades as one list: an officer enters it and hands it over, an approver confirms it, and only then it counts
(R-GRADE-2). Until then its author can withdraw it; afterwards a later list corrects it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, insert, select

from labshare.audit.services import record
from labshare.catalogue.models import Lab
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import NotFound, Problem, ReasonRequired, raise_all
from labshare.kernel.formatting import in_both_languages
from labshare.kernel.months import Month
from labshare.kernel.terms import OfficialRole
from labshare.kernel.verbs import name_action, verb
from labshare.notices.services import notify
from labshare.organisations.permissions import check, check_anywhere, check_seen
from labshare.organisations.terms import FirmRole
from labshare.rewards.assessments import Assessment, AssessmentList, AssessmentVersion
from labshare.rewards.errors import (
    EditedByYou,
    EmptyList,
    GradeNeeded,
    ListChanged,
    ListNotHandedOver,
    ListNotOpen,
    NotTheAuthor,
    ReasonTooLong,
    UnknownGrade,
    UnknownLab,
)
from labshare.rewards.models import RewardRun
from labshare.rewards.queries.grades import (
    assessments_in_force,
    editors_of,
    known_in,
    labs_by_id,
    lists_seen,
    version_of,
)
from labshare.rewards.services import notifications  # noqa: F401 - registers the words of the notices
from labshare.rewards.terms import Grade, ListState
from labshare.settlement.services.ledger import hold_months

LONGEST_REASON = 300
COUNTS = name_action("grade.counts", _l("Grade confirmed"))
name_action("grade.enter", _l("Grade entered"))  # of events from before there were lists
Document = dict[str, Any]


@dataclass(frozen=True)
class GradeRow:
    """What an officer wrote beside a lab; either may still be missing on a draft."""

    lab_id: int
    grade: str | None = None
    reason: str = ""


@verb("grades.save", title=_l("List of grades saved"), money=True)
def save_grades(
    *,
    actor: Actor,
    now: datetime,
    division: str,
    year: int,
    effective_month: Month,
    rows: Iterable[GradeRow],
    list_id: int | None = None,
    version: int | None = None,
) -> AssessmentList:
    """Begin a list, or save a draft as its next version; nothing counts yet, so grades and reasons may be missing.

    `version` is the one that the officer saw. A list keeps its division. Problems of a lab's row have the fields
    `grade_<lab id>` and `reason_<lab id>`. Raises `UnknownLab`, `UnknownGrade`, `ReasonTooLong`, all at once;
    `NotFound`, `ListNotOpen`, `ListChanged`.
    """
    check_anywhere(actor, "grade.enter")
    given = sorted((row for row in rows if row.grade or row.reason.strip()), key=lambda row: row.lab_id)
    found = _draft_seen(actor, list_id, version=version) if list_id is not None else None
    division = division if found is None else found.division
    check_seen(actor, "grade.see", "grade.enter", division=division)
    raise_all(_row_problems(given, division))
    document: Document = {
        "year": year,
        "effective_month": str(effective_month),
        "rows": [{"lab": row.lab_id, "grade": row.grade, "reason": row.reason.strip()} for row in given],
    }
    last = version_of(found) if found is not None else None
    if found is not None and last is not None and last.document == document:
        return found
    if found is None:
        found = AssessmentList(
            division=division, entered_by=actor.person_id, entered_at=now, version=0, state=ListState.DRAFT
        )
        db.session.add(found)
    found.year, found.effective_month = year, str(effective_month)
    found.version += 1
    db.session.flush()
    edited = AssessmentVersion(
        list_id=found.id, number=found.version, document=document, edited_by=actor.person_id, edited_at=now
    )
    db.session.add(edited)
    db.session.flush()
    before, after = _what_changed(last.document if last is not None else None, document)
    record(
        actor,
        now,
        "grades.save",
        _subject(found),
        before=before and {"version": found.version - 1, **before},
        after={"version": found.version, "division": division, **after},
    )
    return found


@verb("grades.hand_over", title=_l("List of grades handed over"), money=True)
def hand_over_grades(*, actor: Actor, now: datetime, list_id: int, version: int) -> AssessmentList:
    """Hand a draft over for confirming, as it was seen; the approvers are told.

    Raises `NotFound`, `ListNotOpen`, `ListChanged`; `EmptyList`, and at its lab's field `GradeNeeded`,
    `ReasonRequired`.
    """
    check_anywhere(actor, "grade.enter")
    found = _locked(actor, list_id, "grade.enter")
    if found.state != ListState.DRAFT:
        raise ListNotOpen
    rows = _rows_seen(found, version)
    raise_all(_gaps(rows))
    found.state = ListState.HANDED_OVER
    found.handed_over_by, found.handed_over_at = actor.person_id, now
    record(
        actor,
        now,
        "grades.hand_over",
        _subject(found),
        before={"state": ListState.DRAFT},
        after={"state": ListState.HANDED_OVER, "version": found.version},
    )
    notify(
        kind="grades.to_confirm",
        now=now,
        params={"year": found.year, "labs": len(rows)},
        url=_page(found),
        regulators=(OfficialRole.APPROVER,),
        division=found.division,
        but=actor.person_id,
    )
    db.session.flush()
    return found


@verb("grades.send_back", title=_l("List of grades sent back"), money=True)
def send_back_grades(*, actor: Actor, now: datetime, list_id: int, reason: str) -> AssessmentList:
    """Give a list back to the officers, as the one who would confirm it; whoever worked on it is told why.

    Raises `NotFound`, `ListNotHandedOver`, `ReasonRequired`.
    """
    check_anywhere(actor, "grade.confirm")
    found = _locked(actor, list_id, "grade.confirm")
    if found.state != ListState.HANDED_OVER:
        raise ListNotHandedOver
    if not reason.strip() or len(reason) > 500:
        raise ReasonRequired
    found.state = ListState.DRAFT
    found.sent_back_by, found.sent_back_at, found.sent_back_reason = actor.person_id, now, reason.strip()
    record(
        actor,
        now,
        "grades.send_back",
        _subject(found),
        before={"state": ListState.HANDED_OVER},
        after={"state": ListState.DRAFT, "reason": reason.strip()},
    )
    notify(
        kind="grades.sent_back",
        now=now,
        params={"year": found.year, "reason": reason.strip()},
        url=_page(found),
        person_ids=_participants(found),
        but=actor.person_id,
    )
    db.session.flush()
    return found


@verb("grades.withdraw", title=_l("List of grades withdrawn"), money=True)
def withdraw_grades(*, actor: Actor, now: datetime, list_id: int) -> AssessmentList:
    """Withdraw one's own list until it is confirmed; it never counts. Raises `NotFound`, `ListNotOpen`,
    `NotTheAuthor`."""
    check_anywhere(actor, "grade.enter")
    found = _locked(actor, list_id, "grade.enter")
    if found.state not in ListState.open():
        raise ListNotOpen
    if found.entered_by != actor.person_id:
        raise NotTheAuthor
    before = found.state
    found.state, found.withdrawn_at = ListState.WITHDRAWN, now
    record(
        actor, now, "grades.withdraw", _subject(found), before={"state": before}, after={"state": ListState.WITHDRAWN}
    )
    db.session.flush()
    return found


@verb("grades.confirm", title=_l("List of grades confirmed"), money=True)
def confirm_grades(*, actor: Actor, now: datetime, list_id: int, version: int) -> AssessmentList:
    """Confirm a list exactly as it was seen: from here on its grades count, for runs not published yet.

    The owners and lab managers of the labs are told. Raises `NotFound`, `ListNotHandedOver`, `EditedByYou` for whoever
    worked on any version of it, `ListChanged`.
    """
    check_anywhere(actor, "grade.confirm")
    hold_months()
    found = _locked(actor, list_id, "grade.confirm")
    if found.state != ListState.HANDED_OVER:
        raise ListNotHandedOver
    if actor.person_id in _participants(found):
        raise EditedByYou
    rows = _rows_seen(found, version)
    held = assessments_in_force((row["lab"] for row in rows), Month.parse(found.effective_month))
    known_from = _after_publications(now)
    db.session.execute(
        insert(Assessment),
        [
            {
                "list_id": found.id,
                "lab_id": row["lab"],
                "grade": row["grade"],
                "reason": row["reason"],
                "confirmed_at": known_from,
            }
            for row in rows
        ],
    )
    found.state = ListState.CONFIRMED
    found.confirmed_by, found.confirmed_at = actor.person_id, known_from
    db.session.flush()
    record(
        actor,
        now,
        "grades.confirm",
        _subject(found),
        before={"state": ListState.HANDED_OVER},
        after={
            "state": ListState.CONFIRMED,
            "version": found.version,
            "year": found.year,
            "effective_month": found.effective_month,
            "labs": len(rows),
        },
    )
    labs = labs_by_id(row["lab"] for row in rows)
    for row in rows:
        _record_and_notify(actor, now, found, labs[row["lab"]], row, held.get(row["lab"]))
    return found


def _record_and_notify(
    actor: Actor, now: datetime, found: AssessmentList, lab: Lab, row: Mapping[str, Any], before: Assessment | None
) -> None:
    """Write a confirmed grade to the lab's trail, and tell its firm."""
    record(
        actor,
        now,
        COUNTS,
        ("lab", lab.id),
        before=None if before is None else {"grade": before.grade, "effective_month": before.list.effective_month},
        after={
            "grade": row["grade"],
            "reason": row["reason"],
            "year": found.year,
            "effective_month": found.effective_month,
            "list_id": found.id,
        },
    )
    notify(
        kind="grades.confirmed",
        now=now,
        params={
            "lab": in_both_languages(lab),
            "grade": Grade(row["grade"]).label,
            "year": found.year,
            "month": Month.parse(found.effective_month),
            "reason": row["reason"],
        },
        url="/lab/rewards",
        firm_id=lab.firm_id,
        roles=(FirmRole.OWNER, FirmRole.LAB_MANAGER),
        but=actor.person_id,
    )


def _after_publications(now: datetime) -> datetime:
    """The moment from which the grades are known: after every publication that did not know them. Who waited for a
    publication to end asked before it."""
    last = db.session.scalar(select(func.max(RewardRun.published_at)))
    return now if last is None else max(now, last + timedelta(microseconds=1))


def _locked(actor: Actor, list_id: int, action: str) -> AssessmentList:
    found = db.session.scalar(
        select(AssessmentList)
        .where(AssessmentList.id == list_id, lists_seen(actor))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound
    check(actor, action, division=found.division)
    return found


def _draft_seen(actor: Actor, list_id: int, *, version: int | None) -> AssessmentList:
    """The draft as it was seen. Raises `NotFound`, `ListNotOpen`, `ListChanged`."""
    found = _locked(actor, list_id, "grade.enter")
    if found.state != ListState.DRAFT:
        raise ListNotOpen
    if found.version != version:
        raise ListChanged
    return found


def _participants(found: AssessmentList) -> set[int]:
    """Who worked on the list in any version, or handed it over."""
    return editors_of(found.id) | {one for one in (found.entered_by, found.handed_over_by) if one is not None}


def _rows_seen(found: AssessmentList, version: int) -> list[dict[str, Any]]:
    """The rows of the version that was seen, which must be the latest. Raises `ListChanged`."""
    last = version_of(found)
    if last is None or last.number != version:
        raise ListChanged
    return list(last.document["rows"])


def _row_problems(rows: list[GradeRow], division: str) -> list[Problem]:
    known = known_in(division, (row.lab_id for row in rows))
    problems: list[Problem] = []
    for row in rows:
        if row.lab_id not in known:
            problems.append(UnknownLab(f"grade_{row.lab_id}", lab=row.lab_id))
        if row.grade is not None and Grade.known(row.grade) is None:
            problems.append(UnknownGrade(f"grade_{row.lab_id}", grade=row.grade))
        if len(row.reason.strip()) > LONGEST_REASON:
            problems.append(ReasonTooLong(f"reason_{row.lab_id}", most=LONGEST_REASON))
    return problems


def _gaps(rows: list[dict[str, Any]]) -> list[Problem]:
    """What a list still lacks before anyone can confirm it."""
    if not rows:
        return [EmptyList()]
    return [
        ReasonRequired(f"reason_{row['lab']}") if row["grade"] else GradeNeeded(f"grade_{row['lab']}")
        for row in rows
        if not row["grade"] or not row["reason"]
    ]


def _what_changed(before: Document | None, after: Document) -> tuple[dict[str, Any] | None, dict[str, Any]]:
    """Before and after for the trail: of the rows only those that differ, by lab id."""
    old, new = _by_lab(before), _by_lab(after)
    touched = [lab for lab in sorted(old.keys() | new.keys(), key=int) if old.get(lab) != new.get(lab)]
    return before and _recorded(before, {lab: old.get(lab) for lab in touched}), _recorded(
        after, {lab: new.get(lab) for lab in touched}
    )


def _by_lab(document: Document | None) -> dict[str, Mapping[str, Any]]:
    rows = document["rows"] if document is not None else []
    return {str(row["lab"]): {"grade": row["grade"], "reason": row["reason"]} for row in rows}


def _recorded(document: Document, rows: Mapping[str, Any]) -> dict[str, Any]:
    return {"year": document["year"], "effective_month": document["effective_month"], "grades": dict(rows)}


def _subject(found: AssessmentList) -> tuple[str, int]:
    return "assessment_list", found.id


def _page(found: AssessmentList) -> str:
    return f"/regulator/assessments/{found.id}"
