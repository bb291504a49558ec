"""Affiliations as firms declare them: declare, agree, object, end, ask for an end (docs/rules.md, R-AFFILIATION)."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import and_, or_, select
from stdnum.cn import uscc as credit_code

from labshare.audit.services import record
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import NotAllowed, NotFound, Problem, ReasonRequired, raise_all
from labshare.kernel.events import ask
from labshare.kernel.formatting import in_both_languages
from labshare.kernel.notifications import notify
from labshare.kernel.terms import OfficialRole
from labshare.kernel.time import local_day
from labshare.kernel.verbs import verb
from labshare.organisations import permissions
from labshare.organisations.errors import (
    AffiliationAgreed,
    AffiliationEnded,
    AffiliationExists,
    AffiliationVoided,
    ConfirmedByOfficer,
    DatesNotInOrder,
    DeclaredByOther,
    EndAskedAlready,
    EndRecorded,
    EndsInThePast,
    EndsTooLate,
    ExcludedEntries,
    NoSuchFirm,
    ObjectedAlready,
    SameFirm,
    UnknownChoice,
    VerifiedFirmsOnly,
)
from labshare.organisations.events import ExcludedByLink, TouchedByLink
from labshare.organisations.models import Affiliation, Firm
from labshare.organisations.queries import sees_firm
from labshare.organisations.queries.affiliations import counties_of_link
from labshare.organisations.separation import lock_firm
from labshare.organisations.terms import AffiliationKind, AffiliationSource, FirmRole

NOTE_LENGTH = 300
OBJECTION_LENGTH = 500


@verb("affiliation.declare", title=_l("Affiliation declared"), money=True)
def declare_affiliation(
    *,
    actor: Actor,
    now: datetime,
    firm_id: int,
    other_uscc: str,
    kind: str,
    valid_from: date,
    valid_to: date | None = None,
    note: str = "",
    controlled: bool = False,
) -> Affiliation:
    """A verified firm's owner declares a relation to another firm, which is told and may agree or object.

    `controls` runs from the own firm to the other; with `controlled` from the other to the own. What it would change in
    published or approved months is kept with it and told the officers: until one confirms it, it does not reach back.
    Raises `NotAllowed`, `VerifiedFirmsOnly`, `NoSuchFirm`, `SameFirm`, `DatesNotInOrder`, `UnknownChoice`,
    `AffiliationExists`, `DeclaredByOther`.
    """
    permissions.check(actor, "affiliation.declare", firm=firm_id)
    firm = lock_firm(firm_id)
    if not firm.verified:
        raise VerifiedFirmsOnly
    other = other_firm(firm, other_uscc, kind=kind, valid_from=valid_from, valid_to=valid_to)
    first, second = (other, firm) if controlled and kind == AffiliationKind.CONTROLS else (firm, other)
    refuse_twice(first, second, kind, valid_from, valid_to, by=firm)
    made = Affiliation(
        firm_id=first.id,
        other_firm_id=second.id,
        kind=kind,
        valid_from=valid_from,
        valid_to=valid_to,
        source=AffiliationSource.FIRM,
        declared_by_firm_id=firm.id,
        note=note.strip()[:NOTE_LENGTH],
        entered_by=actor.person_id,
        recorded_at=now,
    )
    made.declaration_touches = ask(TouchedByLink(None, replace(made.link, id=0))) or None
    db.session.add(made)
    db.session.flush()
    record(actor, now, "affiliation.declare", ("affiliation", made.id), after=as_recorded(made))
    _notify_firm(made, firm, other, now, "affiliation.declared")
    _notify_officers(made, now, made.declaration_touches)
    return made


@verb("affiliation.agree", title=_l("Affiliation agreed to"), money=True)
def agree_affiliation(*, actor: Actor, now: datetime, affiliation_id: int) -> Affiliation:
    """The other side's owner agrees to a declaration: it holds at that firm's labs for all its days.

    Except where that would change published or approved months: then it does not reach back until an officer confirms.
    Raises `NotFound`, `NotAllowed`, `VerifiedFirmsOnly`, `AffiliationVoided`, `AffiliationEnded`, `AffiliationAgreed`,
    `ConfirmedByOfficer`.
    """
    found, own = named_side(actor, affiliation_id)
    if not own.verified:
        raise VerifiedFirmsOnly
    _refuse_decided(found)
    agreed = replace(found.link, agreed_at=now)
    found.agreement_touches = ask(TouchedByLink(found.link, agreed)) or None
    found.agreed_at, found.agreed_by = now, actor.person_id
    record(
        actor,
        now,
        "affiliation.agree",
        ("affiliation", found.id),
        after={"agreed": True, **touches_recorded(found.agreement_touches)},
    )
    _notify_firm(found, own, declaring_firm(found), now, "affiliation.agreed")
    _notify_officers(found, now, found.agreement_touches)
    return found


@verb("affiliation.object", title=_l("Objection to an affiliation"), money=True)
def object_to_affiliation(*, actor: Actor, now: datetime, affiliation_id: int, reason: str) -> Affiliation:
    """The other side's owner objects to a declaration, with a reason. It holds as it did; an officer decides.

    Raises `NotFound`, `NotAllowed`, `ReasonRequired`, `ObjectedAlready`, and as `agree_affiliation`.
    """
    found, own = named_side(actor, affiliation_id)
    if not reason.strip():
        raise ReasonRequired
    _refuse_decided(found)
    if found.objected_at is not None:
        raise ObjectedAlready
    found.objected_at, found.objected_by = now, actor.person_id
    found.objection = reason.strip()[:OBJECTION_LENGTH]
    record(actor, now, "affiliation.object", ("affiliation", found.id), after={"reason": found.objection})
    _notify_firm(found, own, declaring_firm(found), now, "affiliation.objected")
    notify_of_task(found, now, "affiliation.objected_task")
    return found


@verb("affiliation.end", title=_l("Affiliation ended"), money=True)
def end_affiliation(
    *, actor: Actor, now: datetime, affiliation_id: int, valid_to: date, reason: str = ""
) -> Affiliation:
    """A firm ends what it declared, from today on, and says on which day (included); what was recorded stays. Where an
    officer has confirmed it or entries were left out because of it, it asks for the end (`ask_end`).

    Raises `NotFound`, `NotAllowed`, `DatesNotInOrder`, `EndsTooLate`, `EndsInThePast`, `ExcludedEntries`,
    `ConfirmedByOfficer`, `AffiliationVoided`, `EndRecorded`.
    """
    found = seen_affiliation(actor, affiliation_id)
    permissions.check(actor, "affiliation.declare", firm=found.declared_by_firm_id)
    if found.confirmed:
        raise ConfirmedByOfficer
    if ask(ExcludedByLink(found.link)):
        raise ExcludedEntries
    if valid_to < local_day(now):
        raise EndsInThePast
    refuse_voided(found)
    check_end(found, valid_to, now)
    before = {"valid_to": iso(found.valid_to)}
    put_end(found, valid_to, actor.person_id, now, reason=reason.strip()[:NOTE_LENGTH])
    after = {"valid_to": iso(valid_to), "reason": found.end_reason}
    record(actor, now, "affiliation.end", ("affiliation", found.id), before, after)
    notify_both(found, now, "affiliation.ended", valid_to=valid_to, but=actor.person_id)
    return found


@verb("affiliation.ask_end", title=_l("End of an affiliation asked for"), money=True)
def ask_end(*, actor: Actor, now: datetime, affiliation_id: int, valid_to: date, reason: str) -> Affiliation:
    """One of the two firms asks an officer to end an affiliation on a day, with a reason.

    Raises `NotFound`, `NotAllowed`, `ReasonRequired`, `DatesNotInOrder`, `EndsTooLate`, `AffiliationVoided`,
    `AffiliationEnded`, `EndAskedAlready`.
    """
    found = seen_affiliation(actor, affiliation_id)
    permissions.check(actor, "affiliation.declare", firm=_side_of(actor, found))
    refuse_voided(found)
    _refuse_ended(found, now)
    if found.end_asked_at is not None:
        raise EndAskedAlready
    problems = _end_problems(found, valid_to)
    if not reason.strip():
        problems.append(ReasonRequired())
    raise_all(problems)
    found.end_asked_at, found.end_asked_by, found.end_asked_on = now, actor.person_id, valid_to
    found.end_asked_reason = reason.strip()[:NOTE_LENGTH]
    record(
        actor,
        now,
        "affiliation.ask_end",
        ("affiliation", found.id),
        after={"valid_to": iso(valid_to), "reason": found.end_asked_reason},
    )
    notify_of_task(found, now, "affiliation.end_asked")
    return found


# ── What the officers' verbs share ───────────────────────────────────────


def seen_affiliation(actor: Actor, affiliation_id: int) -> Affiliation:
    """The affiliation, held until the transaction ends. Raises `NotFound` where the actor may not see it."""
    found = db.session.get(Affiliation, affiliation_id, with_for_update=True, populate_existing=True)
    if found is None or not any(sees_firm(actor, firm_id) for firm_id in (found.firm_id, found.other_firm_id)):
        raise NotFound
    return found


def other_firm(firm: Firm, other_uscc: str, *, kind: str, valid_from: date, valid_to: date | None) -> Firm:
    """The firm of this code, where everything typed is in order. Raises all that is not."""
    problems: list[Problem] = []
    other = db.session.scalar(select(Firm).where(Firm.uscc == credit_code.compact(other_uscc).upper()))
    if other is None:
        problems.append(NoSuchFirm())
    elif other.id == firm.id:
        problems.append(SameFirm())
    if AffiliationKind.known(kind) is None:
        problems.append(UnknownChoice("kind"))
    if valid_to is not None and valid_to < valid_from:
        problems.append(DatesNotInOrder())
    raise_all(problems)
    assert other is not None  # noqa: S101 - said above
    return other


def refuse_twice(
    first: Firm,
    second: Firm,
    kind: str,
    valid_from: date,
    valid_to: date | None,
    *,
    by: Firm | None = None,
    but: int | None = None,
) -> None:
    """Raise `AffiliationExists` where the same is recorded for some of these days (`DeclaredByOther` where the other
    firm declared it), apart from the row `but`. `controls` is the same in one direction, the other kinds in both."""
    same = and_(Affiliation.firm_id == first.id, Affiliation.other_firm_id == second.id)
    if kind != AffiliationKind.CONTROLS:
        same = or_(same, and_(Affiliation.firm_id == second.id, Affiliation.other_firm_id == first.id))
    found = select(Affiliation).where(
        same, Affiliation.kind == kind, ~Affiliation.voided, Affiliation.lasts_to(valid_from)
    )
    if valid_to is not None:
        found = found.where(Affiliation.valid_from <= valid_to)
    for row in db.session.scalars(found):
        if row.id == but:
            continue
        if by is not None and row.link.other_side == by.id and row.agreed_at is None:
            raise DeclaredByOther
        raise AffiliationExists


def decision_problems(source: str | None, reason: str, *, field: str = "reason") -> list[Problem]:
    """A decision has a source and a reason."""
    problems: list[Problem] = []
    if source not in AffiliationSource.of_officers():
        problems.append(UnknownChoice("source"))
    if not reason.strip():
        problems.append(ReasonRequired(field))
    return problems


def refuse_voided(found: Affiliation) -> None:
    if found.voided:
        raise AffiliationVoided


def declaring_firm(found: Affiliation) -> Firm:
    """The firm that declared it. Only for what a firm declared."""
    return firm_of(found.declared_by_firm_id)


def firm_of(firm_id: int | None) -> Firm:
    firm = db.session.get(Firm, firm_id) if firm_id is not None else None
    if firm is None:
        raise NotFound
    return firm


def as_recorded(made: Affiliation) -> dict[str, Any]:
    """What the trail keeps of a recorded affiliation."""
    return {
        "firm_id": made.firm_id,
        "other_firm_id": made.other_firm_id,
        "kind": made.kind,
        "source": made.source,
        "valid_from": iso(made.valid_from),
        "valid_to": iso(made.valid_to),
        "declared_by_firm_id": made.declared_by_firm_id,
        "corrects_id": made.corrects_id,
        **touches_recorded(made.declaration_touches),
    }


def touches_recorded(touches: list[Any] | None) -> dict[str, Any]:
    """Months and money as an event keeps them."""
    if not touches:
        return {}
    return {"months": sorted({one["month"] for one in touches}), "fen": sum(one["fen"] for one in touches)}


def notify_both(found: Affiliation, now: datetime, kind: str, *, but: int | None = None, **params: Any) -> None:
    """Tell the owners of both firms."""
    pair = firm_of(found.firm_id), firm_of(found.other_firm_id)
    for own, other in (pair, pair[::-1]):
        notify(
            kind=kind,
            firm_id=own.id,
            roles=[FirmRole.OWNER],
            url=f"/account/affiliations/{found.id}",
            now=now,
            but=but,
            params={
                "firm": in_both_languages(own),
                "other": in_both_languages(other),
                "kind": AffiliationKind(found.kind).label,
                **params,
            },
        )


def iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def named_side(actor: Actor, affiliation_id: int) -> tuple[Affiliation, Firm]:
    """The declaration and the firm it names, whose owner the actor is. Raises `NotFound`, `NotAllowed`."""
    found = seen_affiliation(actor, affiliation_id)
    permissions.check(actor, "affiliation.declare", firm=found.link.other_side)
    return found, firm_of(found.link.other_side)


def _side_of(actor: Actor, found: Affiliation) -> int:
    if actor.firm_id not in (found.firm_id, found.other_firm_id):
        raise NotAllowed
    return actor.firm_id


def _refuse_decided(found: Affiliation) -> None:
    refuse_voided(found)
    if found.agreed_at is not None:
        raise AffiliationAgreed
    if found.confirmed:
        raise ConfirmedByOfficer


def _refuse_ended(found: Affiliation, now: datetime) -> None:
    if found.ended_at is not None:
        raise EndRecorded
    if not found.lasts_to(local_day(now)):
        raise AffiliationEnded


def check_end(found: Affiliation, valid_to: date, now: datetime) -> None:
    """Raise where it cannot end on this day: `EndRecorded`, `AffiliationEnded`, `DatesNotInOrder`, `EndsTooLate`."""
    _refuse_ended(found, now)
    raise_all(_end_problems(found, valid_to))


def put_end(
    found: Affiliation, valid_to: date, by: int | None, now: datetime, *, source: str | None = None, reason: str = ""
) -> None:
    found.ended_at, found.ended_by, found.ended_on = now, by, valid_to
    found.ended_source, found.end_reason = source, reason
    forget_asked(found)
    db.session.flush()


def _end_problems(found: Affiliation, valid_to: date) -> list[Problem]:
    if valid_to < found.valid_from:
        return [DatesNotInOrder()]
    if found.valid_to is not None and valid_to > found.valid_to:
        return [EndsTooLate()]
    return []


def forget_asked(found: Affiliation) -> None:
    found.end_asked_at = found.end_asked_by = found.end_asked_on = found.end_asked_reason = None


def _notify_firm(found: Affiliation, own: Firm, other: Firm, now: datetime, kind: str) -> None:
    """Tell the owners of `other` what `own` did."""
    notify(
        kind=kind,
        firm_id=other.id,
        roles=[FirmRole.OWNER],
        url=f"/account/affiliations/{found.id}",
        now=now,
        params={
            "firm": in_both_languages(own),
            "other": in_both_languages(other),
            "kind": AffiliationKind(found.kind).label,
            "valid_from": found.valid_from,
        },
    )


def _notify_officers(found: Affiliation, now: datetime, touches: list[Any] | None) -> None:
    """Name months and money of a declaration that would touch published months."""
    if touches:
        months = sorted({one["month"] for one in touches})
        notify_of_task(
            found, now, "affiliation.touches", months=" · ".join(months), total_fen=sum(one["fen"] for one in touches)
        )


def notify_officers_elsewhere(found: Affiliation, actor: Actor, now: datetime) -> None:
    """Tell the officers of the other counties in which a lab of either firm is what was decided here
    (R-RIGHTS-15)."""
    own = tuple(filter(None, map(actor.prefix, (OfficialRole.OFFICER, OfficialRole.APPROVER))))
    counties = counties_of_link(firm_id=found.firm_id, other_id=found.other_firm_id)
    if own and (elsewhere := {county for county in counties if not county.startswith(own)}):
        notify_of_task(found, now, "affiliation.decided_elsewhere", counties=elsewhere)


def notify_of_task(
    found: Affiliation,
    now: datetime,
    kind: str,
    counties: Iterable[str] | None = None,
    role: OfficialRole = OfficialRole.OFFICER,
    **params: Any,
) -> None:
    """Tell who decides on it, or whoever has that role there."""
    notify(
        kind=kind,
        regulators=[role],
        division=counties or counties_of_link(firm_id=found.firm_id, other_id=found.other_firm_id),
        url=f"/regulator/affiliations/{found.id}",
        now=now,
        params={
            "firm": in_both_languages(firm_of(found.firm_id)),
            "other": in_both_languages(firm_of(found.other_firm_id)),
            **params,
        },
    )
