"""Signed corrections of a lab's opening. The system proposes what a finished window came to since (R-REWARD-24), or an
officer proposes with a reason; another officer agrees; another amount than the system's needs the approver first
(R-REWARD-23, R-REWARD-26)."""

from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from labshare.audit.services import record
from labshare.catalogue.models import Lab
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import NotFound, Problem, ReasonRequired, raise_all
from labshare.kernel.formatting import in_both_languages, plain_money
from labshare.kernel.money import ZERO, Fen
from labshare.kernel.months import Month
from labshare.kernel.terms import OfficialRole
from labshare.kernel.verbs import verb
from labshare.notices.services import notify
from labshare.organisations.permissions import check, check_anywhere, check_seen_anywhere, visible
from labshare.rewards.errors import (
    AmountOfTheSystem,
    ApproverNeeded,
    CorrectionDecided,
    NotWithdrawn,
    NotZero,
    ProposalChanged,
    SecondOfficerNeeded,
    SystemProposes,
    TakeUpFirst,
    ThirdPersonNeeded,
    UnknownLab,
    UnknownWindow,
)
from labshare.rewards.models import Correction, Policy
from labshare.rewards.queries.corrections import (
    Proposed,
    Window,
    finished_windows,
    positions_of,
    recalculated,
    window_at,
)
from labshare.rewards.queries.runs import find_policy, first_unapproved, first_unpublished, policies_seen
from labshare.rewards.rules.corrections import exceeded
from labshare.rewards.services.common import policy_of

REASON_LENGTH = 500
MOST_FEN = 10**14
PAGE = "/regulator/rewards/corrections"


@verb("correction.find", title=_l("Corrections of a finished window proposed"), money=True)
def find_corrections(*, actor: Actor, now: datetime, window: str) -> int:
    """Propose what a finished window comes to now less what was approved, by lab; renew what has changed, and withdraw
    what no longer differs, as far as nobody took it up. How many were written. For the system alone."""
    check(actor, "correction.find")
    found = next((one for one in finished_windows() if one.key == window), None)
    if found is None:
        return 0
    known = {
        row.lab_id: row
        for row in db.session.scalars(
            select(Correction)
            .where(
                Correction.division == found.policy.division,
                Correction.window_from == str(found.first),
                Correction.of_the_system,
            )
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        if row.proposed_by is None
    }
    wanted = {one.lab_id: one for one in recalculated(found)}
    written = 0
    for lab_id, row in known.items():
        if lab_id not in wanted:
            row.refused_at = now
            record(
                actor, now, "correction.find", ("correction", row.id), before={"fen": row.fen}, after={"refused": True}
            )
            written += 1
    db.session.flush()
    for lab_id, proposed in wanted.items():
        written += _write(actor, now, found, known.get(lab_id), proposed)
    return written


def _write(actor: Actor, now: datetime, window: Window, row: Correction | None, proposed: Proposed) -> int:
    if row is not None and (row.fen, row.basis) == (proposed.fen, proposed.basis):
        return 0
    before = {"fen": row.fen} if row is not None else None
    if row is None:
        month = first_open_month(window.policy.division, Month.at(now))
        row = Correction(
            division=window.policy.division,
            year=month.year,
            from_month=str(month),
            window_from=str(window.first),
            lab_id=proposed.lab_id,
            reason="",
        )
        db.session.add(row)
    row.fen = row.system_fen = proposed.fen
    row.basis, row.proposed_at = proposed.basis, now
    db.session.flush()
    after = {"lab": row.lab_id, "fen": row.fen, "window": row.window_from}
    record(actor, now, "correction.find", ("correction", row.id), before=before, after=after)
    _notify_role("correction.to_take", row, now, OfficialRole.OFFICER, but=None)
    return 1


@verb("correction.propose", title=_l("Correction proposed"), money=True)
def propose_correction(
    *,
    actor: Actor,
    now: datetime,
    lab: str,
    fen: Fen,
    reason: str,
    window: str | None = None,
    division: str | None = None,
) -> Correction:
    """Propose to raise (fen > 0: more to recover) or lower a lab's opening, from the first month not published on,
    without a proposal of the system: a reclaim, or a debt moved. The approver must confirm it, too.

    `lab` is a lab's code, `window` the key of the window that it corrects; by default the one not finished. Raises
    `UnknownLab`, `UnknownWindow`, `NotZero`, `ReasonRequired`, `AboveCap`, `SystemProposes`, `NoPolicy`.
    """
    check_anywhere(actor, "correction.decide")
    problems: list[Problem] = [*_amount(fen), *_reason(reason)]
    row = db.session.scalar(select(Lab).where(Lab.code == lab))
    if row is None:
        problems.insert(0, UnknownLab("lab", lab=lab))
    of_window = next((one for one in windows_to_correct(actor, now, division) if window in (None, one.key)), None)
    if of_window is None and window is not None:
        problems.append(UnknownWindow())
    raise_all(problems)
    if row is None:
        raise NotFound
    if of_window is None:
        policy_of(Month.at(now), division, policies_seen(actor, "correction.decide"))
        raise UnknownWindow
    governed = of_window.policy.division
    _lock(of_window.policy)
    waits = db.session.scalar(
        select(Correction).where(
            Correction.division == governed,
            Correction.window_from == str(of_window.first),
            Correction.lab_id == row.id,
            Correction.of_the_system,
        )
    )
    if waits is not None:
        raise SystemProposes(fen=plain_money(waits.fen))
    _check_caps(of_window, row, fen)
    month = first_open_month(governed, Month.at(now))
    correction = Correction(
        division=governed,
        year=month.year,
        from_month=str(month),
        window_from=str(of_window.first),
        lab_id=row.id,
        fen=fen,
        system_fen=ZERO,
        reason=reason.strip(),
        proposed_by=actor.person_id,
        proposed_at=now,
    )
    db.session.add(correction)
    db.session.flush()
    after = {"lab": row.id, "fen": fen, "month": str(month), "window": correction.window_from}
    record(actor, now, "correction.propose", ("correction", correction.id), after=after)
    _notify_next(correction, now, but=actor.person_id)
    return correction


@verb("correction.take", title=_l("Proposed correction taken up"), money=True)
def take_correction(
    *, actor: Actor, now: datetime, correction_id: int, seen_fen: Fen, fen: Fen | None = None, reason: str = ""
) -> Correction:
    """Take up what the system proposes, as it is or (`fen`) with another amount and a reason; another officer agrees.
    `seen_fen`: what the system proposed when the officer looked at it.

    Raises `NotFound`, `CorrectionDecided`, `ProposalChanged`, `NotZero`, `ReasonRequired`, `AboveCap`.
    """
    correction = _undecided(actor, correction_id, "correction.decide")
    if not correction.of_the_system:
        raise CorrectionDecided
    if correction.fen != seen_fen:
        raise ProposalChanged(fen=plain_money(correction.fen))
    amount = correction.fen if fen is None else fen
    problems = _amount(amount)
    if amount != correction.fen:
        problems += _reason(reason)
    raise_all(problems)
    _check_row(correction, amount)
    correction.fen, correction.reason = amount, reason.strip()[:REASON_LENGTH]
    correction.proposed_by, correction.proposed_at = actor.person_id, now
    db.session.flush()
    record(
        actor,
        now,
        "correction.take",
        ("correction", correction.id),
        before={"fen": correction.system_fen},
        after={"lab": correction.lab_id, "fen": amount, "window": correction.window_from},
    )
    _notify_next(correction, now, but=actor.person_id)
    return correction


@verb("correction.confirm", title=_l("Correction of another amount confirmed"), money=True)
def confirm_correction(*, actor: Actor, now: datetime, correction_id: int) -> Correction:
    """Confirm another amount than the system's, as the county's approver or an officer of a division that contains it.

    Raises `NotFound`, `NotAllowed`, `CorrectionDecided`, `TakeUpFirst`, `AmountOfTheSystem`, `ThirdPersonNeeded`,
    `AboveCap`.
    """
    correction = _undecided(actor, correction_id, "correction.confirm")
    if correction.of_the_system:
        raise TakeUpFirst
    if not correction.other_amount:
        raise AmountOfTheSystem
    if not correction.unconfirmed:
        raise CorrectionDecided
    if correction.proposed_by == actor.person_id:
        raise ThirdPersonNeeded
    _check_row(correction, correction.fen)
    correction.confirmed_by, correction.confirmed_at = actor.person_id, now
    db.session.flush()
    record(
        actor,
        now,
        "correction.confirm",
        ("correction", correction.id),
        before={"confirmed": False},
        after={"confirmed": True, "fen": correction.fen},
    )
    _notify_next(correction, now, but=correction.proposed_by)
    return correction


@verb("correction.agree", title=_l("Correction agreed to"), money=True)
def agree_correction(*, actor: Actor, now: datetime, correction_id: int) -> Correction:
    """Agree, as another officer. It counts from the first month not published.

    Raises `NotFound`, `CorrectionDecided`, `TakeUpFirst`, `SecondOfficerNeeded`, `ApproverNeeded`,
    `ThirdPersonNeeded`, `AboveCap`.
    """
    correction = _undecided(actor, correction_id, "correction.decide")
    if correction.of_the_system:
        raise TakeUpFirst
    if correction.proposed_by == actor.person_id:
        raise SecondOfficerNeeded
    if correction.unconfirmed:
        raise ApproverNeeded
    if correction.confirmed_by == actor.person_id:
        raise ThirdPersonNeeded
    _check_row(correction, correction.fen)
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
    """Refuse or withdraw a correction not yet agreed; what the system proposes it proposes again.

    Raises `NotFound`, `CorrectionDecided`, `NotWithdrawn`.
    """
    correction = _undecided(actor, correction_id, "correction.refuse")
    if correction.of_the_system:
        raise NotWithdrawn
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
    """The first governed month whose run is neither approved nor in public notice, at latest the present one: what is
    published is judged by what was agreed before (R-RUN-9)."""
    return first_unpublished(division, present) or present


def windows_to_correct(actor: Actor, now: datetime, division: str | None = None) -> list[Window]:
    """The windows that an officer may correct: the one not finished, and those that are, the latest first."""
    seen = policies_seen(actor, "correction.decide")
    present = Month.at(now)
    policy = find_policy(present, division, seen)
    found = []
    if policy is not None:
        month = first_unapproved(policy.division, present) or present
        of_month = find_policy(month, policy.division, seen) or policy
        found = [window_at(of_month, month)]
    finished = [one for one in finished_windows(seen) if division in (None, one.policy.division)]
    return found + [one for one in finished if one.key not in {known.key for known in found}]


def _amount(fen: Fen) -> list[Problem]:
    return [NotZero()] if fen == 0 or abs(fen) > MOST_FEN else []


def _reason(reason: str) -> list[Problem]:
    return [ReasonRequired()] if not reason.strip() or len(reason) > REASON_LENGTH else []


def _lock(policy: Policy) -> None:
    """One person at a time proposes or decides corrections of a policy's windows, so that their sum keeps the caps."""
    db.session.execute(select(Policy.id).where(Policy.id == policy.id).with_for_update(key_share=True))


def _check_row(correction: Correction, fen: Fen) -> None:
    """Raises `AboveCap` where the correction of this amount lifts its lab above the caps of its window."""
    if correction.window_from is None or fen >= 0:
        return
    policy = policy_of(Month.parse(correction.window_from), correction.division)
    _lock(policy)
    lab = db.session.get_one(Lab, correction.lab_id)
    _check_caps(window_at(policy, Month.parse(correction.window_from)), lab, fen)


def _check_caps(window: Window, lab: Lab, fen: Fen) -> None:
    if problem := exceeded(window.rules, positions_of(window, lab), lab.code, fen):
        raise problem


def _notify_next(correction: Correction, now: datetime, *, but: int | None) -> None:
    """Tell whose turn it is."""
    if correction.unconfirmed:
        _notify_role("correction.to_confirm", correction, now, OfficialRole.APPROVER, but=but)
    else:
        _notify_role("correction.to_agree", correction, now, OfficialRole.OFFICER, but=but)


def _notify_role(kind: str, correction: Correction, now: datetime, role: OfficialRole, *, but: int | None) -> None:
    lab = db.session.get_one(Lab, correction.lab_id)
    notify(
        kind=kind,
        now=now,
        params={"amount_fen": correction.fen, "lab": in_both_languages(lab)},
        url=PAGE,
        regulators=(role,),
        division=correction.division,
        but=but,
    )


def _undecided(actor: Actor, correction_id: int, action: str) -> Correction:
    check_seen_anywhere(actor, "run.see", action)
    correction = db.session.scalar(
        select(Correction)
        .where(Correction.id == correction_id, visible(actor, "run.see", division=Correction.division))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if correction is None:
        raise NotFound
    check(actor, action, division=correction.division)
    if not correction.undecided:
        raise CorrectionDecided
    return correction
