"""Affiliations between firms: declared by firms, entered by officers, with dates and source (contract section 5)."""

from datetime import date, datetime

from sqlalchemy import or_, select
from stdnum.cn import uscc as credit_code

from labshare.audit.services import record
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import NotFound, Problem, raise_all
from labshare.kernel.telling import tell
from labshare.kernel.time import local_day
from labshare.kernel.verbs import verb
from labshare.organisations import permissions
from labshare.organisations.errors import (
    AffiliationExists,
    DatesNotInOrder,
    EndsInThePast,
    NoSuchFirm,
    SameFirm,
    UnknownChoice,
)
from labshare.organisations.models import AFFILIATION_KINDS, AFFILIATION_SOURCES, Affiliation, Firm
from labshare.organisations.words import AFFILIATION_KINDS as KIND_WORDS


@verb("affiliation.declare")
def declare_affiliation(
    *, actor: Actor, now: datetime, firm_id: int, other_uscc: str, kind: str, valid_from: date,
    valid_to: date | None = None, note: str = "",
) -> Affiliation:  # fmt: skip
    """A firm's owner declares a relation to another firm; `controls` runs from the own firm to the other.

    Raises `NotAllowed`, `NoSuchFirm`, `SameFirm`, `DatesNotInOrder`, `UnknownChoice`, `AffiliationExists`.
    """
    permissions.check(actor, "affiliation.declare", firm=firm_id)
    return _write(
        actor, now, "affiliation.declare", _firm(firm_id), other_uscc, kind, valid_from, valid_to, "firm", note
    )


@verb("affiliation.enter")
def enter_affiliation(
    *, actor: Actor, now: datetime, firm_id: int, other_uscc: str, kind: str, valid_from: date,
    valid_to: date | None = None, source: str, note: str = "",
) -> Affiliation:  # fmt: skip
    """An officer enters a relation found (business register, inspection); the firms' owners are told.

    Raises `NotAllowed` and as `declare_affiliation`.
    """
    permissions.check(actor, "affiliation.enter")
    made = _write(actor, now, "affiliation.enter", _firm(firm_id), other_uscc, kind, valid_from, valid_to, source, note)
    pair = {firm.id: firm for firm in db.session.scalars(
        select(Firm).where(Firm.id.in_((made.firm_id, made.other_firm_id))))}  # fmt: skip
    for own, other in ((made.firm_id, made.other_firm_id), (made.other_firm_id, made.firm_id)):
        tell(
            kind="affiliation.entered", firm_id=own, roles=["owner"], url="/account/affiliations", now=now,
            params={"firm": _said(pair[own]), "other": _said(pair[other]), "kind": KIND_WORDS[kind],
                    "valid_from": valid_from},
        )  # fmt: skip
    return made


@verb("affiliation.end")
def end_affiliation(*, actor: Actor, now: datetime, affiliation_id: int, valid_to: date) -> Affiliation:
    """Say on which day (included) a relation ended. A firm ends what it declared, from today on; an officer any.

    Raises `NotFound`, `NotAllowed`, `DatesNotInOrder`, `EndsInThePast`.
    """
    found = db.session.get(Affiliation, affiliation_id, with_for_update=True)
    if found is None or not (
        permissions.may(actor, "firm.see", firm=found.firm_id)
        or permissions.may(actor, "firm.see", firm=found.other_firm_id)
    ):
        raise NotFound
    by_officer = permissions.may(actor, "affiliation.enter")
    if not by_officer:
        permissions.check(actor, "affiliation.declare", firm=found.firm_id if found.source == "firm" else None)
        if valid_to < local_day(now) or (found.valid_to is not None and found.valid_to < local_day(now)):
            raise EndsInThePast
    if valid_to < found.valid_from:
        raise DatesNotInOrder
    before = {"valid_to": _iso(found.valid_to)}
    found.valid_to = valid_to
    record(actor, now, "affiliation.end", ("affiliation", found.id), before, {"valid_to": _iso(valid_to)})
    return found


def _write(
    actor: Actor, now: datetime, action: str, firm: Firm, other_uscc: str, kind: str, valid_from: date,
    valid_to: date | None, source: str, note: str,
) -> Affiliation:  # fmt: skip
    problems: list[Problem] = []
    other = db.session.scalar(select(Firm).where(Firm.uscc == credit_code.compact(other_uscc).upper()))
    if other is None:
        problems.append(NoSuchFirm())
    elif other.id == firm.id:
        problems.append(SameFirm())
    if kind not in AFFILIATION_KINDS:
        problems.append(UnknownChoice("kind"))
    if source not in AFFILIATION_SOURCES:
        problems.append(UnknownChoice("source"))
    if valid_to is not None and valid_to < valid_from:
        problems.append(DatesNotInOrder())
    raise_all(problems)
    assert other is not None  # noqa: S101 - said above
    overlapping = select(Affiliation.id).where(
        Affiliation.firm_id == firm.id,
        Affiliation.other_firm_id == other.id,
        Affiliation.kind == kind,
        or_(Affiliation.valid_to.is_(None), Affiliation.valid_to >= valid_from),
    )
    if valid_to is not None:
        overlapping = overlapping.where(Affiliation.valid_from <= valid_to)
    if db.session.scalar(overlapping.limit(1)) is not None:
        raise AffiliationExists
    made = Affiliation(
        firm_id=firm.id, other_firm_id=other.id, kind=kind, valid_from=valid_from, valid_to=valid_to, source=source,
        note=note.strip()[:300], entered_by=actor.person_id, entered_at=now,
    )  # fmt: skip
    db.session.add(made)
    db.session.flush()
    record(
        actor, now, action, ("affiliation", made.id),
        after={"firm_id": firm.id, "other_firm_id": other.id, "kind": kind, "source": source,
               "valid_from": _iso(valid_from), "valid_to": _iso(valid_to)},
    )  # fmt: skip
    return made


def _firm(firm_id: int) -> Firm:
    firm = db.session.get(Firm, firm_id)
    if firm is None:
        raise NotFound
    return firm


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _said(firm: Firm) -> dict[str, str]:
    return {"zh": firm.name, "en": firm.name_en or firm.name}
