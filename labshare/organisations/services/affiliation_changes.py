"""Affiliations that end, are corrected or voided: each may raise an entitlement, so that one officer proposes it and a
second person agrees or refuses (R-AFFILIATION-10)."""

from datetime import date, datetime
from typing import Any

from flask_babel import lazy_gettext as _l

from labshare.audit.services import record
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import NotAllowed, NotFound, raise_all
from labshare.kernel.formatting import in_both_languages
from labshare.kernel.notifications import notify
from labshare.kernel.seen import check_seen_digest
from labshare.kernel.terms import OfficialRole
from labshare.kernel.verbs import name_action, verb
from labshare.organisations import permissions
from labshare.organisations.errors import ChangeDecided, SecondPersonNeeded, UnknownChoice
from labshare.organisations.models import Affiliation, AffiliationChange
from labshare.organisations.queries.affiliations import decides_link
from labshare.organisations.separation import lock_firm
from labshare.organisations.services.affiliation_decisions import for_officer, notify_both_sides, record_found
from labshare.organisations.services.affiliations import (
    NOTE_LENGTH,
    as_recorded,
    check_end,
    decision_problems,
    firm_of,
    forget_asked,
    iso,
    notify_of_task,
    other_firm,
    put_end,
    refuse_twice,
    refuse_voided,
    seen_affiliation,
)
from labshare.organisations.terms import AffiliationAct

name_action("affiliation.correct", _l("Affiliation corrected"))
name_action("affiliation.void", _l("Affiliation voided"))
"""As they stand in trails from when one officer did either."""


@verb("affiliation.propose_change", title=_l("Change of an affiliation proposed"), money=True)
def propose_change(
    *,
    actor: Actor,
    now: datetime,
    affiliation_id: int,
    act: str,
    source: str,
    reason: str,
    kind: str | None = None,
    valid_from: date | None = None,
    valid_to: date | None = None,
) -> AffiliationChange:
    """An officer proposes that an affiliation ends on `valid_to` (included), is another one (`kind` and days), or never
    was. Nothing changes until a second person agrees, whom the approver is told to be.

    Raises `NotFound`, `NotAllowed`, `AffiliationVoided`, `ChangeWaits`, `ReasonRequired`, `UnknownChoice`, and as
    `end_affiliation` and `declare_affiliation` what its dates are not.
    """
    found = for_officer(actor, affiliation_id)
    known = AffiliationAct.known(act)
    if known is None:
        raise UnknownChoice("act")
    raise_all(decision_problems(source, reason))
    corrects = known == AffiliationAct.CORRECT
    change = AffiliationChange(
        affiliation=found,
        act=known,
        kind=kind if corrects else None,
        valid_from=valid_from if corrects else None,
        valid_to=None if known == AffiliationAct.VOID else valid_to,
        source=source,
        reason=reason.strip()[:NOTE_LENGTH],
        proposed_by=actor.person_id,
        proposed_at=now,
    )
    with db.session.no_autoflush:
        _check(change, found, now)
    db.session.add(change)
    db.session.flush()
    record(actor, now, "affiliation.propose_change", ("affiliation", found.id), after=_recorded(change))
    notify_of_task(found, now, "affiliation.change_waits", role=OfficialRole.APPROVER, act=known.label)
    return change


@verb("affiliation.agree_change", title=_l("Change of an affiliation agreed to"), money=True)
def agree_change(*, actor: Actor, now: datetime, change_id: int, seen: str) -> Affiliation:
    """The second person agrees to exactly what was seen (`AffiliationChange.seen`): from now on it is known so, for
    bookings made before, too. Both firms are told. The corrected row's successor comes back, or the row itself.

    Raises `NotFound`, `NotAllowed`, `ChangeDecided`, `SecondPersonNeeded`, `ChangedMeanwhile`, and as `propose_change`.
    """
    change, found = _waiting(actor, "affiliation.agree_change", change_id)
    if change.proposed_by == actor.person_id:
        raise SecondPersonNeeded
    check_seen_digest(seen, change.seen)
    refuse_voided(found)
    _check(change, found, now)
    before = as_recorded(found)
    change.agreed_by, change.agreed_at = actor.person_id, now
    db.session.flush()
    made = _put(change, found, now)
    record(
        actor, now, "affiliation.agree_change", ("affiliation", made.id), before, as_recorded(made) | _recorded(change)
    )
    kind, params = _notice_of(change, made)
    notify_both_sides(made, actor, now, kind, **params)
    return made


@verb("affiliation.drop_change", title=_l("Change of an affiliation refused"), money=True)
def drop_change(*, actor: Actor, now: datetime, change_id: int) -> AffiliationChange:
    """An officer or the second person refuses a change that waits, or who proposed it withdraws it; who proposed it is
    told. Raises `NotFound`, `NotAllowed`, `ChangeDecided`."""
    change, found = _waiting(actor, "affiliation.drop_change", change_id)
    change.dropped_by, change.dropped_at = actor.person_id, now
    db.session.flush()
    record(actor, now, "affiliation.drop_change", ("affiliation", found.id), after={"change": change.id})
    notify(
        kind="affiliation.change_refused",
        person_ids=[change.proposed_by],
        but=actor.person_id,
        url=f"/regulator/affiliations/{found.id}",
        now=now,
        params={
            "firm": in_both_languages(firm_of(found.firm_id)),
            "other": in_both_languages(firm_of(found.other_firm_id)),
            "act": AffiliationAct(change.act).label,
        },
    )
    return change


def _waiting(actor: Actor, action: str, change_id: int) -> tuple[AffiliationChange, Affiliation]:
    """The change and its affiliation, held. Raises `NotFound`, `NotAllowed`, `ChangeDecided`."""
    permissions.check_anywhere(actor, action)
    change = db.session.get(AffiliationChange, change_id)
    if change is None:
        raise NotFound
    found = seen_affiliation(actor, change.affiliation_id)
    if not decides_link(actor, firm_id=found.firm_id, other_id=found.other_firm_id, action=action):
        raise NotAllowed
    db.session.refresh(change)
    if not change.waits:
        raise ChangeDecided
    return change, found


def _check(change: AffiliationChange, found: Affiliation, now: datetime) -> None:
    """Whether it can become so, now as when it was proposed."""
    if change.act == AffiliationAct.END and change.valid_to is not None:
        check_end(found, change.valid_to, now)
    if change.act == AffiliationAct.CORRECT and change.kind is not None and change.valid_from is not None:
        firm, other = firm_of(found.firm_id), firm_of(found.other_firm_id)
        lock_firm(firm.id)
        days = (change.kind, change.valid_from, change.valid_to)
        other_firm(firm, other.uscc, kind=days[0], valid_from=days[1], valid_to=days[2])
        refuse_twice(firm, other, *days, but=found.id)


def _put(change: AffiliationChange, found: Affiliation, now: datetime) -> Affiliation:
    by, why = change.proposed_by, (change.source, change.reason)
    if change.act == AffiliationAct.END and change.valid_to is not None:
        put_end(found, change.valid_to, by, now, source=change.source, reason=change.reason)
        return found
    forget_asked(found)
    found.voided_at, found.voided_by = now, by
    found.voided_source, found.void_reason = why
    db.session.flush()
    if change.act == AffiliationAct.VOID:
        return found
    made = Affiliation(
        firm_id=found.firm_id,
        other_firm_id=found.other_firm_id,
        kind=change.kind,
        valid_from=change.valid_from,
        valid_to=change.valid_to,
        corrects_id=found.id,
    )
    record_found(made, by, now, *why)
    return made


def _recorded(change: AffiliationChange) -> dict[str, Any]:
    """What the trail keeps of it."""
    days = {"valid_from": iso(change.valid_from), "valid_to": iso(change.valid_to)}
    values = {"change": change.id, "act": change.act, "source": change.source, "reason": change.reason}
    return values | {"kind": change.kind} | days if change.kind else values | {"until": days["valid_to"]}


def _notice_of(change: AffiliationChange, made: Affiliation) -> tuple[str, dict[str, Any]]:
    """The notice of what became of it, and what it says."""
    by_act: dict[AffiliationAct, tuple[str, dict[str, Any]]] = {
        AffiliationAct.END: ("affiliation.ended", {"valid_to": made.ended_on}),
        AffiliationAct.CORRECT: ("affiliation.corrected", {"reason": change.reason, "valid_from": made.valid_from}),
        AffiliationAct.VOID: ("affiliation.voided", {"reason": change.reason}),
    }
    return by_act[AffiliationAct(change.act)]
