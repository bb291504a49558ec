"""A lab objects, an officer answers; after ten working days an approver does (R-RUN-15)."""

from collections.abc import Collection, Sequence
from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from labshare.audit.services import record
from labshare.booking.queries.loading import in_working_days
from labshare.catalogue.models import Lab
from labshare.kernel.actor import Actor
from labshare.kernel.database import db, take_turn
from labshare.kernel.errors import InvalidInput, NotFound, raise_all
from labshare.kernel.formatting import in_both_languages
from labshare.kernel.months import Month
from labshare.kernel.terms import OfficialRole
from labshare.kernel.verbs import verb
from labshare.notices.services import notify
from labshare.organisations.divisions import around
from labshare.organisations.permissions import check, check_seen, check_seen_anywhere
from labshare.rewards.errors import (
    AlreadyAnswered,
    AlreadyObjected,
    NotOfTheStatement,
    NotOnPublicNotice,
    ObjectionPassedOn,
    ObjectionWithOfficer,
    TextRequired,
    TooManyEntries,
    UnknownVerdict,
)
from labshare.rewards.models import Objection, ObjectionEntry, ObjectionFile
from labshare.rewards.queries.objections import count_own_entries
from labshare.rewards.queries.runs import find_run, line_of
from labshare.rewards.services.common import lock_run, subject, the_run
from labshare.rewards.services.publish import return_to_calculation
from labshare.rewards.terms import ObjectionVerdict, RunState
from labshare.settlement.files import TakenFile, store
from labshare.settlement.queries.contests import decides_now
from labshare.settlement.services.messages import text_problems

ANSWER_WITHIN = 10
"""Working days that the county's officers have."""
LONGEST = 4000
"""Characters of an objection or an answer."""
ENTRIES_AT_MOST = 100
"""Named by one objection."""


@verb("objection.raise", title=_l("Objection raised"), money=True)
def raise_objection(
    *,
    actor: Actor,
    now: datetime,
    month: Month,
    lab: str,
    text: str,
    entries: Collection[int] = (),
    files: Sequence[TakenFile] = (),
    division: str | None = None,
) -> Objection:
    """Object to the lab's line, once in each public notice.

    `lab` is a lab's code, `entries` are ids of the month's ledger entries that it is about. Raises `NotFound`,
    `NotAllowed`, `TextRequired`, `NotOfTheStatement`, `TooManyEntries`, `TooManyFiles`, `FileNotTaken`,
    `NotOnPublicNotice`, `AlreadyObjected`.
    """
    row = db.session.scalar(select(Lab).where(Lab.code == lab))
    if row is None:
        raise NotFound
    known = find_run(month, division)
    check_seen(actor, "run.see_line", "objection.raise", lab=row.firm_id, division=known.division if known else None)
    _check_text(text)
    chosen = sorted(set(entries))
    raise_all(
        [*([TooManyEntries(n=ENTRIES_AT_MOST)] if len(chosen) > ENTRIES_AT_MOST else []), *text_problems("", files)]
    )
    take_turn()
    run = the_run(month, division)
    if line_of(run_id=run.id, lab_id=row.id) is None:
        raise NotFound
    if not run.takes_objections_at(now):
        raise NotOnPublicNotice
    if db.session.scalar(
        select(Objection.id).where(
            Objection.run_id == run.id, Objection.lab_id == row.id, Objection.publicity == run.publicity
        )
    ):
        raise AlreadyObjected
    if chosen and count_own_entries(chosen, lab_id=row.id, month=month) < len(chosen):
        raise NotOfTheStatement
    objection = Objection(
        run_id=run.id,
        lab_id=row.id,
        publicity=run.publicity,
        text=text.strip(),
        raised_by=actor.person_id,
        raised_at=now,
        answer_by=in_working_days(now, ANSWER_WITHIN),
    )
    db.session.add(objection)
    db.session.flush()
    db.session.add_all(ObjectionEntry(objection_id=objection.id, entry_id=entry) for entry in chosen)
    db.session.add_all(
        ObjectionFile(objection_id=objection.id, file_id=store(file, actor=actor, now=now).id) for file in files
    )
    record(
        actor,
        now,
        "objection.raise",
        ("objection", objection.id),
        after={
            "run": subject(run)[1],
            "lab": row.id,
            "publicity": run.publicity,
            "entries": len(chosen),
            "files": len(files),
        },
    )
    notify(
        kind="reward.objection",
        now=now,
        params={"lab": in_both_languages(row), "month": month},
        url=f"/regulator/rewards/{month}",
        regulators=(OfficialRole.OFFICER,),
        division=run.division,
        but=actor.person_id,
    )
    return objection


def check_answerer(actor: Actor) -> None:
    """Whether they may answer objections. Raises `NotFound`, `NotAllowed`."""
    check_seen_anywhere(actor, "run.see", "objection.answer")


@verb("objection.answer", title=_l("Objection answered"), money=True)
def answer_objection(*, actor: Actor, now: datetime, objection_id: int, verdict: str, text: str) -> Objection:
    """Answer an objection; `verdict` is `upheld` or `rejected`. Upheld, the run goes back to calculation, its month
    opens, and public notice will start anew. The county's officers answer within ten working days, afterwards its
    approvers; an officer of a division that contains the county at any time.

    Raises `NotFound`, `NotAllowed`, `AlreadyAnswered`, `ObjectionPassedOn`, `ObjectionWithOfficer`, `TextRequired`,
    `UnknownVerdict`.
    """
    check_answerer(actor)
    if ObjectionVerdict.known(verdict) is None:
        raise UnknownVerdict("verdict")
    _check_text(text)
    found = db.session.get(Objection, objection_id)
    if found is None:
        raise NotFound
    run = found.run
    check_seen(actor, "run.see", "objection.answer", division=run.division)
    month = Month.parse(run.month)
    lock_run(run.division, month)
    db.session.refresh(run)
    db.session.refresh(found)
    if not found.unanswered:
        raise AlreadyAnswered
    if not answers(actor, found, now):
        raise ObjectionPassedOn if found.late_at(now) else ObjectionWithOfficer(day=found.last_day)
    found.verdict, found.answer = verdict, text.strip()
    found.answered_by, found.answered_at = actor.person_id, now
    record(
        actor, now, "objection.answer", ("objection", found.id), before={"verdict": None}, after={"verdict": verdict}
    )
    if verdict == ObjectionVerdict.UPHELD and run.state == RunState.PUBLISHED:
        return_to_calculation(run, month, actor=actor, now=now, cause={"objection": found.id})
    notify(
        kind="reward.answered",
        now=now,
        params={"month": month, "verdict": ObjectionVerdict(verdict).label},
        url=f"/lab/rewards/{month}",
        person_ids=(found.raised_by,),
        but=actor.person_id,
    )
    db.session.flush()
    return found


def answers(actor: Actor, objection: Objection, now: datetime) -> bool:
    """Whether the actor is one of those who answer it at this moment."""
    return decides_now(actor, "objection.answer", division=objection.run.division, late=objection.late_at(now))


@verb("objection.pass_on", title=_l("Unanswered objection passed on"))
def pass_on_objections(*, actor: Actor, now: datetime, limit: int = 200) -> int:
    """Tell those who answer it now of each objection that the county's officers have not answered in time, once; how
    many. For the system alone."""
    check(actor, "objection.pass_on")
    due = db.session.scalars(
        select(Objection)
        .where(Objection.late_at(now), Objection.passed_on_at.is_(None))
        .order_by(Objection.answer_by)
        .limit(limit)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).all()
    for objection in due:
        objection.passed_on_at = now
        record(actor, now, "objection.pass_on", ("objection", objection.id), after={"run": subject(objection.run)[1]})
        division = objection.run.division
        for role, divisions in ((OfficialRole.APPROVER, division), (OfficialRole.OFFICER, around(division))):
            month = Month.parse(objection.run.month)
            notify(
                kind="reward.objection_passed_on",
                now=now,
                params={"lab": in_both_languages(objection.lab), "month": month},
                url=f"/regulator/rewards/{month}",
                regulators=(role,),
                division=divisions,
            )
    db.session.flush()
    return len(due)


def _check_text(text: str) -> None:
    if not text.strip():
        raise TextRequired
    if len(text) > LONGEST:
        raise InvalidInput("text")
