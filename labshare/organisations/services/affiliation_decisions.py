"""Affiliations as officers decide them: enter, confirm, leave as declared, correct, void (R-AFFILIATION-5).

Who decided, when, on what source and why is kept with each row; what was recorded before stays.
"""

from datetime import date, datetime
from typing import Any

from flask_babel import lazy_gettext as _l

from labshare.audit.services import record
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import NotAllowed, ReasonRequired, raise_all
from labshare.kernel.verbs import verb
from labshare.organisations import permissions
from labshare.organisations.errors import (
    AffiliationConfirmed,
    AffiliationSeen,
    DecidedElsewhere,
    EndNotAsked,
    NothingToSee,
)
from labshare.organisations.models import Affiliation
from labshare.organisations.queries.affiliations import decides_link
from labshare.organisations.separation import lock_firm
from labshare.organisations.services.affiliations import (
    NOTE_LENGTH,
    as_recorded,
    decision_problems,
    firm_of,
    forget_asked,
    iso,
    notify_both,
    notify_officers_elsewhere,
    other_firm,
    refuse_twice,
    refuse_voided,
    seen_affiliation,
)


@verb("affiliation.enter", title=_l("Affiliation entered"), money=True)
def enter_affiliation(
    *,
    actor: Actor,
    now: datetime,
    firm_id: int,
    other_uscc: str,
    kind: str,
    valid_from: date,
    valid_to: date | None = None,
    source: str,
    note: str,
) -> Affiliation:
    """An officer enters a relation found, with its source and a note; the firms' owners are told. It is confirmed.

    Raises `NotAllowed`, `ReasonRequired`, and as `declare_affiliation`.
    """
    permissions.check_anywhere(actor, "affiliation.enter")
    firm = lock_firm(firm_id)
    raise_all(decision_problems(source, note, field="note"))
    other = other_firm(firm, other_uscc, kind=kind, valid_from=valid_from, valid_to=valid_to)
    if not decides_link(actor, firm_id=firm.id, other_id=other.id):
        raise DecidedElsewhere("firm_uscc")
    refuse_twice(firm, other, kind, valid_from, valid_to)
    made = Affiliation(firm_id=firm.id, other_firm_id=other.id, kind=kind, valid_from=valid_from, valid_to=valid_to)
    _record_found(made, actor, now, source, note)
    record(actor, now, "affiliation.enter", ("affiliation", made.id), after=as_recorded(made) | {"note": made.note})
    _tell(made, actor, now, "affiliation.entered", valid_from=valid_from)
    return made


@verb("affiliation.confirm", title=_l("Affiliation confirmed"), money=True)
def confirm_affiliation(*, actor: Actor, now: datetime, affiliation_id: int, source: str, note: str) -> Affiliation:
    """An officer confirms a declaration: it holds for all its days, and chains run over it. Both firms are told.

    Raises `NotFound`, `NotAllowed`, `AffiliationVoided`, `AffiliationConfirmed`, `ReasonRequired`, `UnknownChoice`.
    """
    found = _for_officer(actor, affiliation_id)
    if found.confirmed:
        raise AffiliationConfirmed
    raise_all(decision_problems(source, note, field="note"))
    found.confirmed_at, found.confirmed_by = now, actor.person_id
    found.confirmed_source, found.confirmed_note = source, note.strip()[:NOTE_LENGTH]
    record(
        actor,
        now,
        "affiliation.confirm",
        ("affiliation", found.id),
        after={"source": source, "note": found.confirmed_note},
    )
    _tell(found, actor, now, "affiliation.confirmed", valid_from=found.valid_from)
    return found


@verb("affiliation.leave", title=_l("Affiliation left as declared"), money=True)
def leave_as_declared(*, actor: Actor, now: datetime, affiliation_id: int, note: str) -> Affiliation:
    """An officer has seen a declaration and leaves it as it is: it relates the two firms as declarations do.

    Where both sides declared a `controls`, chains run over it from then on. Raises `NotFound`, `NotAllowed`,
    `AffiliationVoided`, `AffiliationConfirmed`, `AffiliationSeen`, `NothingToSee`, `ReasonRequired`.
    """
    found = _for_officer(actor, affiliation_id)
    if found.confirmed:
        raise AffiliationConfirmed
    if found.seen_at is not None:
        raise AffiliationSeen
    if not set(found.link.to_decide) - {"end_asked"}:
        raise NothingToSee
    if not note.strip():
        raise ReasonRequired("note")
    found.seen_at, found.seen_by, found.seen_note = now, actor.person_id, note.strip()[:NOTE_LENGTH]
    record(actor, now, "affiliation.leave", ("affiliation", found.id), after={"note": found.seen_note})
    _tell(found, actor, now, "affiliation.left")
    return found


@verb("affiliation.decline_end", title=_l("End of an affiliation declined"), money=True)
def decline_end(*, actor: Actor, now: datetime, affiliation_id: int, reason: str) -> Affiliation:
    """An officer does not end an affiliation as asked, with a reason; both firms are told.

    Raises `NotFound`, `NotAllowed`, `AffiliationVoided`, `EndNotAsked`, `ReasonRequired`.
    """
    found = _for_officer(actor, affiliation_id)
    if found.end_asked_at is None:
        raise EndNotAsked
    if not reason.strip():
        raise ReasonRequired
    before = {"valid_to": iso(found.end_asked_on)}
    forget_asked(found)
    why = reason.strip()[:NOTE_LENGTH]
    record(actor, now, "affiliation.decline_end", ("affiliation", found.id), before, {"reason": why})
    _tell(found, actor, now, "affiliation.end_declined", reason=why)
    return found


@verb("affiliation.void", title=_l("Affiliation voided"), money=True)
def void_affiliation(*, actor: Actor, now: datetime, affiliation_id: int, source: str, reason: str) -> Affiliation:
    """An officer finds that a relation never was: it no longer holds for any day, also for bookings made before.

    Raises `NotFound`, `NotAllowed`, `AffiliationVoided`, `ReasonRequired`, `UnknownChoice`.
    """
    found = _for_officer(actor, affiliation_id)
    raise_all(decision_problems(source, reason))
    _void(found, actor, now, source, reason)
    record(
        actor,
        now,
        "affiliation.void",
        ("affiliation", found.id),
        as_recorded(found),
        {"source": source, "reason": found.void_reason},
    )
    _tell(found, actor, now, "affiliation.voided", reason=found.void_reason)
    return found


@verb("affiliation.correct", title=_l("Affiliation corrected"), money=True)
def correct_affiliation(
    *,
    actor: Actor,
    now: datetime,
    affiliation_id: int,
    kind: str,
    valid_from: date,
    valid_to: date | None,
    source: str,
    reason: str,
) -> Affiliation:
    """An officer corrects kind or dates: the row is voided, and a confirmed one that names it is recorded.

    Raises `NotFound`, `NotAllowed`, `AffiliationVoided`, `ReasonRequired`, `UnknownChoice`, `DatesNotInOrder`,
    `AffiliationExists`.
    """
    old = _for_officer(actor, affiliation_id)
    firm, other = firm_of(old.firm_id), firm_of(old.other_firm_id)
    lock_firm(firm.id)
    raise_all(decision_problems(source, reason))
    other_firm(firm, other.uscc, kind=kind, valid_from=valid_from, valid_to=valid_to)
    refuse_twice(firm, other, kind, valid_from, valid_to, but=old.id)
    before = as_recorded(old)
    _void(old, actor, now, source, reason)
    made = Affiliation(
        firm_id=firm.id,
        other_firm_id=other.id,
        kind=kind,
        valid_from=valid_from,
        valid_to=valid_to,
        corrects_id=old.id,
    )
    _record_found(made, actor, now, source, reason)
    record(actor, now, "affiliation.correct", ("affiliation", made.id), before, as_recorded(made) | {"note": made.note})
    _tell(made, actor, now, "affiliation.corrected", reason=made.note, valid_from=valid_from)
    return made


def _tell(found: Affiliation, actor: Actor, now: datetime, kind: str, **params: Any) -> None:
    """The owners of both firms, and the officers of the other counties that could have decided it."""
    notify_both(found, now, kind, **params)
    notify_officers_elsewhere(found, actor, now)


def _for_officer(actor: Actor, affiliation_id: int) -> Affiliation:
    """The affiliation, held. Raises `NotFound`, `NotAllowed`, `AffiliationVoided`."""
    found = seen_affiliation(actor, affiliation_id)
    if not decides_link(actor, firm_id=found.firm_id, other_id=found.other_firm_id):
        raise NotAllowed
    refuse_voided(found)
    return found


def _record_found(made: Affiliation, actor: Actor, now: datetime, source: str, note: str) -> None:
    """Who found it and entered it has confirmed it."""
    made.source, made.note = source, note.strip()[:NOTE_LENGTH]
    made.entered_by, made.recorded_at = actor.person_id, now  # type: ignore[assignment]  # an officer is a person
    made.confirmed_at, made.confirmed_by = now, actor.person_id
    made.confirmed_source, made.confirmed_note = source, made.note
    db.session.add(made)
    db.session.flush()


def _void(found: Affiliation, actor: Actor, now: datetime, source: str, reason: str) -> None:
    forget_asked(found)
    found.voided_at, found.voided_by = now, actor.person_id
    found.voided_source, found.void_reason = source, reason.strip()[:NOTE_LENGTH]
    db.session.flush()
