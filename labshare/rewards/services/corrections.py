"""Signed corrections of a lab's opening: one officer proposes, another agrees or refuses (R-REWARD-23)."""

from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from labshare.audit.services import record
from labshare.catalogue.models import Lab
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import NotFound, Problem, ReasonRequired, raise_all
from labshare.kernel.formatting import in_both_languages
from labshare.kernel.money import Fen
from labshare.kernel.months import Month
from labshare.kernel.terms import OfficialRole
from labshare.kernel.verbs import verb
from labshare.notices.services import notify
from labshare.organisations.permissions import check, check_anywhere, check_seen_anywhere, visible
from labshare.rewards.errors import CorrectionDecided, NotZero, SecondOfficerNeeded, UnknownLab
from labshare.rewards.models import Correction
from labshare.rewards.queries.runs import first_unapproved, policies_seen
from labshare.rewards.services.common import policy_of


@verb("correction.propose", title=_l("Correction proposed"), money=True)
def propose_correction(
    *, actor: Actor, now: datetime, lab: str, fen: Fen, reason: str, division: str | None = None
) -> Correction:
    """Propose to raise (fen > 0: more to recover) or lower a lab's opening, from the first month not approved on.

    `lab` is a lab's code. Raises `UnknownLab`, `NotZero`, `ReasonRequired`, `NoPolicy`.
    """
    check_anywhere(actor, "correction.decide")
    problems: list[Problem] = []
    row = db.session.scalar(select(Lab).where(Lab.code == lab))
    if fen == 0 or abs(fen) > 10**14:
        problems.append(NotZero())
    if not reason.strip() or len(reason) > 500:
        problems.append(ReasonRequired())
    if row is None:
        raise_all([UnknownLab("lab", lab=lab), *problems])
        raise NotFound
    raise_all(problems)
    present = Month.at(now)
    governed = policy_of(present, division, policies_seen(actor, "correction.decide")).division
    month = first_open_month(governed, present)
    correction = Correction(
        division=governed,
        year=month.year,
        from_month=str(month),
        lab_id=row.id,
        fen=fen,
        reason=reason.strip(),
        proposed_by=actor.person_id,
        proposed_at=now,
    )
    db.session.add(correction)
    db.session.flush()
    record(
        actor,
        now,
        "correction.propose",
        ("correction", correction.id),
        after={"lab": row.id, "fen": fen, "month": str(month)},
    )
    notify(
        kind="correction.to_agree",
        now=now,
        params={"amount_fen": fen, "lab": in_both_languages(row)},
        url="/regulator/rewards/corrections",
        regulators=(OfficialRole.OFFICER,),
        division=governed,
        but=actor.person_id,
    )
    return correction


@verb("correction.agree", title=_l("Correction agreed to"), money=True)
def agree_correction(*, actor: Actor, now: datetime, correction_id: int) -> Correction:
    """Agree, as another officer. It counts from the first month not approved.

    Raises `NotFound`, `CorrectionDecided`, `SecondOfficerNeeded`.
    """
    correction = _undecided(actor, correction_id)
    if correction.proposed_by == actor.person_id:
        raise SecondOfficerNeeded
    month = max(first_open_month(correction.division, Month.at(now)), Month.parse(correction.from_month))
    correction.from_month, correction.year = str(month), month.year
    correction.agreed_by, correction.agreed_at = actor.person_id, now
    record(
        actor,
        now,
        "correction.agree",
        ("correction", correction.id),
        before={"agreed": False},
        after={"agreed": True, "month": str(month)},
    )
    db.session.flush()
    return correction


@verb("correction.refuse", title=_l("Correction refused"), money=True)
def refuse_correction(*, actor: Actor, now: datetime, correction_id: int) -> Correction:
    """Refuse or withdraw a correction not yet agreed. Raises `NotFound`, `CorrectionDecided`."""
    correction = _undecided(actor, correction_id)
    correction.refused_at = now
    record(
        actor,
        now,
        "correction.refuse",
        ("correction", correction.id),
        before={"refused": False},
        after={"refused": True},
    )
    db.session.flush()
    return correction


def first_open_month(division: str, present: Month) -> Month:
    """The first governed month whose run is not approved, at latest the present one."""
    return first_unapproved(division, present) or present


def _undecided(actor: Actor, correction_id: int) -> Correction:
    check_seen_anywhere(actor, "run.see", "correction.decide")
    correction = db.session.scalar(
        select(Correction)
        .where(Correction.id == correction_id, visible(actor, "run.see", division=Correction.division))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if correction is None:
        raise NotFound
    check(actor, "correction.decide", division=correction.division)
    if not correction.undecided:
        raise CorrectionDecided
    return correction
