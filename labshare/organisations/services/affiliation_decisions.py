"""Affiliations as one officer decides them: enter, confirm, leave as declared, decline an end (R-AFFILIATION-5).

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
    ChangeWaits,
    DecidedElsewhere,
    EndNotAsked,
    NothingToSee,
)
from labshare.organisations.models import Affiliation
from labshare.organisations.queries.affiliations import change_of, decides_link
from labshare.organisations.separation import lock_firm
from labshare.organisations.services.affiliations import (
    NOTE_LENGTH,
    as_recorded,
    decision_problems,
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
    record_found(made, actor.person_id, now, source, note)
    record(actor, now, "affiliation.enter", ("affiliation", made.id), after=as_recorded(made) | {"note": made.note})
    notify_both_sides(made, actor, now, "affiliation.entered", valid_from=valid_from)
    return made


@verb("affiliation.confirm", title=_l("Affiliation confirmed"), money=True)
def confirm_affiliation(*, actor: Actor, now: datetime, affiliation_id: int, source: str, note: str) -> Affiliation:
    """An officer confirms a declaration: it holds for all its days, and chains run over it. Both firms are told.

    Raises `NotFound`, `NotAllowed`, `AffiliationVoided`, `AffiliationConfirmed`, `ReasonRequired`, `UnknownChoice`.
    """
    found = for_officer(actor, affiliation_id)
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
    notify_both_sides(found, actor, now, "affiliation.confirmed", valid_from=found.valid_from)
    return found


@verb("affiliation.leave", title=_l("Affiliation left as declared"), money=True)
def leave_as_declared(*, actor: Actor, now: datetime, affiliation_id: int, note: str) -> Affiliation:
    """An officer has seen a declaration and leaves it as it is: it relates the two firms as declarations do.

    Where both sides declared a `controls`, chains run over it from then on. Raises `NotFound`, `NotAllowed`,
    `AffiliationVoided`, `AffiliationConfirmed`, `AffiliationSeen`, `NothingToSee`, `ReasonRequired`.
    """
    found = for_officer(actor, affiliation_id)
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
    notify_both_sides(found, actor, now, "affiliation.left")
    return found


@verb("affiliation.decline_end", title=_l("End of an affiliation declined"), money=True)
def decline_end(*, actor: Actor, now: datetime, affiliation_id: int, reason: str) -> Affiliation:
    """An officer does not end an affiliation as asked, with a reason; both firms are told.

    Raises `NotFound`, `NotAllowed`, `AffiliationVoided`, `EndNotAsked`, `ReasonRequired`.
    """
    found = for_officer(actor, affiliation_id)
    if found.end_asked_at is None:
        raise EndNotAsked
    if not reason.strip():
        raise ReasonRequired
    before = {"valid_to": iso(found.end_asked_on)}
    forget_asked(found)
    why = reason.strip()[:NOTE_LENGTH]
    record(actor, now, "affiliation.decline_end", ("affiliation", found.id), before, {"reason": why})
    notify_both_sides(found, actor, now, "affiliation.end_declined", reason=why)
    return found


def notify_both_sides(found: Affiliation, actor: Actor, now: datetime, kind: str, **params: Any) -> None:
    """The owners of both firms, and the officers of the other counties that could have decided it."""
    notify_both(found, now, kind, **params)
    notify_officers_elsewhere(found, actor, now)


def for_officer(actor: Actor, affiliation_id: int) -> Affiliation:
    """The affiliation, held. Raises `NotFound`, `NotAllowed`, `AffiliationVoided`, `ChangeWaits`."""
    found = seen_affiliation(actor, affiliation_id)
    if not decides_link(actor, firm_id=found.firm_id, other_id=found.other_firm_id):
        raise NotAllowed
    refuse_voided(found)
    if change_of(found) is not None:
        raise ChangeWaits
    return found


def record_found(made: Affiliation, by: int | None, now: datetime, source: str, note: str) -> None:
    """Who found it and entered it has confirmed it."""
    made.source, made.note = source, note.strip()[:NOTE_LENGTH]
    made.entered_by, made.recorded_at = by, now  # type: ignore[assignment]  # an officer is a person
    made.confirmed_at, made.confirmed_by = now, by
    made.confirmed_source, made.confirmed_note = source, made.note
    db.session.add(made)
    db.session.flush()
