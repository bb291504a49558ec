"""The list of standards: seeded, proposed by labs, published by administrators."""

from datetime import date, datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from labshare.audit import services as audit
from labshare.catalogue import errors
from labshare.catalogue.models import Lab, Standard, StandardProposal
from labshare.catalogue.notifications import STANDARD_DECLINED, STANDARD_PUBLISHED
from labshare.catalogue.queries import match_standard
from labshare.catalogue.rules import standards as numbers
from labshare.catalogue.services import common
from labshare.catalogue.services.index import rebuild_labs_with_standard
from labshare.catalogue.terms import ProposalEnd
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import NotAllowed, NotFound, Problem, ReasonRequired, raise_all
from labshare.kernel.time import local_day
from labshare.kernel.verbs import verb
from labshare.notices.services import notify
from labshare.organisations import permissions
from labshare.organisations.models import Firm
from labshare.organisations.terms import FirmRole


@verb("standard.propose", title=_l("Standard proposed"))
def propose_standard(
    *,
    actor: Actor,
    now: datetime,
    number: str,
    name: str,
    name_en: str = "",
    replaces: str = "",
    replaced_from: date | None = None,
) -> StandardProposal:
    """By a firm with a lab, for an administrator to publish (R-CATALOGUE-7).

    Raises `FirmNotVerified`, `StandardKnown` for one that is listed, however spelt, `StandardWithoutYear` for one that
    is listed with its year, `StandardProposed` for one that waits, `UnknownStandard` for a replaced one not listed."""
    permissions.check(actor, "standard.propose", firm=actor.firm_id)
    firm = db.session.get_one(Firm, actor.firm_id)
    if db.session.scalar(select(Lab.id).where(Lab.firm_id == firm.id).limit(1)) is None:
        raise NotAllowed
    if not firm.verified:
        raise errors.FirmNotVerified
    details = _details(now, number=number, name=name, name_en=name_en, replaces=replaces, replaced_from=replaced_from)
    proposal = StandardProposal(firm_id=firm.id, proposed_by=actor.person_id, proposed_at=now, **details)
    waits = {"ix_standard_proposal_waiting": errors.StandardProposed, "search_number": errors.StandardProposed}
    with common.refusals(waits, number=details["number"]):
        db.session.add(proposal)
    audit.record(
        actor,
        now,
        "standard.propose",
        subject=("standard_proposal", proposal.id),
        before=None,
        after={"number": proposal.number, "name": proposal.name, "replaces": proposal.replaces},
    )
    return proposal


@verb("standard.withdraw", title=_l("Proposed standard taken back"))
def withdraw_proposal(*, actor: Actor, now: datetime, proposal_id: int) -> StandardProposal:
    """Take the own firm's proposal back. Raises `NotFound`, `ProposalEnded`."""
    own_proposal(actor, proposal_id)
    proposal = _waiting(proposal_id)
    _end(actor, now, proposal, ProposalEnd.WITHDRAWN, "standard.withdraw")
    return proposal


@verb("standard.decline", title=_l("Proposed standard declined"))
def decline_proposal(*, actor: Actor, now: datetime, proposal_id: int, reason: str) -> StandardProposal:
    """Decline with a reason, which the firm is told. Raises `NotFound`, `ReasonRequired`, `ProposalEnded`."""
    permissions.check(actor, "standard.publish")
    if not reason.strip():
        raise ReasonRequired
    proposal = _waiting(proposal_id)
    proposal.reason = reason.strip()
    _end(actor, now, proposal, ProposalEnd.DECLINED, "standard.decline")
    _notify_proposer(now, proposal, STANDARD_DECLINED, reason=proposal.reason)
    return proposal


@verb("standard.publish", title=_l("Standard published"))
def publish_standard(
    *,
    actor: Actor,
    now: datetime,
    number: str,
    name: str,
    name_en: str = "",
    replaces: str = "",
    replaced_from: date | None = None,
    proposal_id: int | None = None,
) -> Standard:
    """Put a standard in the list, also the one that is proposed, as corrected; what it `replaces` points to it from
    `replaced_from` on (R-CATALOGUE-7). Raises as `propose_standard` of the words, `NotFound`, `ProposalEnded`."""
    permissions.check(actor, "standard.publish")
    proposal = None if proposal_id is None else _waiting(proposal_id)
    details = _details(now, number=number, name=name, name_en=name_en, replaces=replaces, replaced_from=replaced_from)
    standard = Standard(**{field: details[field] for field in ("number", "search_number", "name", "name_en")})
    with common.refusals({"standard": errors.StandardKnown}):
        db.session.add(standard)
    audit.record(
        actor,
        now,
        "standard.publish",
        subject=("standard", standard.id),
        before=None,
        after={
            "number": standard.number,
            "name": standard.name,
            "proposed_number": proposal.number if proposal is not None else "",
        },
    )
    if replaced_from is not None and (old := _by_number(details["replaces"])) is not None:
        supersede_standard(
            actor=actor, now=now, standard_id=old.id, successor=standard.number, superseded_from=replaced_from
        )
    if proposal is not None:
        proposal.ended_by, proposal.ended_at, proposal.outcome = actor.person_id, now, ProposalEnd.PUBLISHED
        _notify_proposer(now, proposal, STANDARD_PUBLISHED, number=standard.number)
    db.session.flush()
    return standard


def _details(
    now: datetime, *, number: str, name: str, name_en: str, replaces: str, replaced_from: date | None
) -> dict[str, Any]:
    """The columns of a standard that is not yet listed, with what it replaces."""
    number, name, name_en, replaces = " ".join(number.split()), name.strip(), name_en.strip(), replaces.strip()
    problems: list[Problem] = []
    for field, value, most in (("number", number, 60), ("name", name, 200)):
        if not value:
            problems.append(errors.Required(field))
        elif len(value) > most:
            problems.append(errors.TooLongText(field, max=most))
    if len(name_en) > 200:
        problems.append(errors.TooLongText("name_en", max=200))
    if _by_number(number) is not None:
        problems.append(errors.StandardKnown())
    elif listed := listed_as(number, local_day(now)):
        problems.append(errors.StandardWithoutYear(number=number, listed=listed))
    if replaces and _by_number(replaces) is None:
        problems.append(errors.UnknownStandard("replaces", number=replaces))
    if bool(replaces) != (replaced_from is not None):
        problems.append(errors.Required("replaced_from" if replaces else "replaces"))
    raise_all(problems)
    return {
        "number": number,
        "search_number": numbers.normalise(number),
        "name": name,
        "name_en": name_en or None,
        "replaces": replaces,
        "replaced_from": replaced_from,
    }


def _by_number(number: str) -> Standard | None:
    return db.session.scalar(select(Standard).where(Standard.search_number == numbers.normalise(number)))


def own_proposal(actor: Actor, proposal_id: int) -> None:
    """Raises `NotAllowed`, `NotFound` for what another firm proposed."""
    permissions.check(actor, "standard.propose", firm=actor.firm_id)
    mine = (StandardProposal.id == proposal_id, StandardProposal.firm_id == actor.firm_id)
    if db.session.scalar(select(StandardProposal.id).where(*mine)) is None:
        raise NotFound


def _waiting(proposal_id: int) -> StandardProposal:
    proposal = db.session.get(StandardProposal, proposal_id, with_for_update=True, populate_existing=True)
    if proposal is None:
        raise NotFound
    if not proposal.waits:
        raise errors.ProposalEnded
    return proposal


def _end(actor: Actor, now: datetime, proposal: StandardProposal, outcome: ProposalEnd, action: str) -> None:
    proposal.ended_by, proposal.ended_at, proposal.outcome = actor.person_id, now, outcome
    db.session.flush()
    audit.record(
        actor,
        now,
        action,
        subject=("standard_proposal", proposal.id),
        before={"outcome": None},
        after={"outcome": outcome, "reason": proposal.reason},
    )


def _notify_proposer(now: datetime, proposal: StandardProposal, kind: str, **params: str) -> None:
    notify(
        kind=kind,
        now=now,
        params={"number": proposal.number, **params},
        url="/lab/standards/new",
        firm_id=proposal.firm_id,
        roles=(FirmRole.OWNER, FirmRole.LAB_MANAGER),
    )


def listed_as(number: str, day: date) -> str:
    """What the list has for a number that names no year: what is in force on that day, else nothing."""
    match = match_standard(number, day)
    return ", ".join(one.number for one in match.current) if match else ""


@verb("standard.supersede", title=_l("Standard superseded"))
def supersede_standard(
    *, actor: Actor, now: datetime, standard_id: int, successor: str, superseded_from: date
) -> Standard:
    """Say what replaces a standard, and from which day, or say it anew. Raises `NotFound`, `UnknownStandard`,
    `StandardReplacesItself`."""
    permissions.check(actor, "standard.supersede")
    standard = db.session.get(Standard, standard_id)
    if standard is None:
        raise NotFound
    later = _by_number(successor)
    if later is None:
        raise errors.UnknownStandard("successor", number=successor.strip() or "—")
    following: Standard | None = later
    seen: set[int] = set()
    while following is not None and following.id not in seen:
        if following.id == standard.id:
            raise errors.StandardReplacesItself
        seen.add(following.id)
        following = following.superseded_by
    before = {
        "superseded_by_id": standard.superseded_by_id,
        "superseded_from": standard.superseded_from.isoformat() if standard.superseded_from else None,
    }
    standard.superseded_by, standard.superseded_from = later, superseded_from
    db.session.flush()
    audit.record(
        actor,
        now,
        "standard.supersede",
        subject=("standard", standard.id),
        before=before,
        after={"superseded_by_id": later.id, "superseded_from": superseded_from.isoformat()},
    )
    rebuild_labs_with_standard(later.id)
    return standard
