"""Whoever lost app, passkeys and recovery codes: one administrator proposes to take the second factor off, another
does it (R-FACTOR-9). The person sets up another at the next sign-in."""

from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from labshare.accounts.factors import factor_of, forget_factor
from labshare.accounts.models import Person
from labshare.accounts.queries import has_factor, passkeys_of
from labshare.accounts.sessions import end_all_sessions
from labshare.accounts.terms import FactorKind
from labshare.audit.services import record
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import NotFound, ReasonRequired
from labshare.kernel.notifications import notify
from labshare.kernel.terms import OfficialRole
from labshare.kernel.verbs import verb
from labshare.organisations import permissions
from labshare.organisations.errors import NoFactor, RemovalWaits, TwoAdministrators
from labshare.organisations.models import LostFactor
from labshare.organisations.separation import lock_person


@verb("factor.propose_removal", title=_l("Taking off a second factor proposed"))
def propose_removal(*, actor: Actor, now: datetime, person_id: int, reason: str) -> LostFactor:
    """Propose to take off somebody's second factor; the person and the other administrators are told. Raises
    `NotAllowed`, `NotFound`, `ReasonRequired`, `TwoAdministrators` for oneself, `NoFactor`, `RemovalWaits`."""
    permissions.check(actor, "factor.take_off")
    if not reason.strip():
        raise ReasonRequired
    person = lock_person(person_id)
    if person.id == actor.person_id:
        raise TwoAdministrators
    if not has_factor(person.id):
        raise NoFactor
    if db.session.scalar(select(LostFactor.id).where(LostFactor.person_id == person.id, LostFactor.waits)):
        raise RemovalWaits
    made = LostFactor(person_id=person.id, reason=reason.strip()[:200], proposed_by=actor.person_id, proposed_at=now)
    db.session.add(made)
    db.session.flush()
    record(actor, now, "factor.propose_removal", ("person", person.id), after={"reason": made.reason})
    notify(kind="account.removal_proposed", person_ids=[person.id], now=now, url="/account/second-factor")
    notify(
        kind="factor.removal_proposed",
        regulators=[OfficialRole.ADMIN],
        but=actor.person_id,
        now=now,
        url="/admin/roles",
        params={"name": person.name, "reason": made.reason},
    )
    return made


@verb("factor.agree_removal", title=_l("Second factor taken off"))
def agree_removal(*, actor: Actor, now: datetime, removal_id: int) -> Person:
    """Take it off as a second administrator; every session and token of the person ends. Raises `NotAllowed`,
    `NotFound`, `TwoAdministrators` for one's own proposal or factor."""
    found = _waiting(actor, removal_id)
    if actor.person_id in (found.proposed_by, found.person_id):
        raise TwoAdministrators
    person = lock_person(found.person_id)
    found.agreed_by, found.agreed_at = actor.person_id, now
    kind = FactorKind.APP if factor_of(person.id) is not None else FactorKind.PASSKEY
    before = {"factor": kind, "passkeys": len(passkeys_of(person.id))}
    forget_factor(person.id)
    ended = end_all_sessions(person, now)
    db.session.flush()
    record(
        actor,
        now,
        "factor.agree_removal",
        ("person", person.id),
        before,
        {"factor": None, "passkeys": 0, "proposed_by": found.proposed_by, "sessions_ended": ended},
    )
    notify(kind="account.factor_taken_off", person_ids=[person.id], now=now, url="/account/second-factor")
    return person


@verb("factor.withdraw_removal", title=_l("Taking off a second factor withdrawn"))
def withdraw_removal(*, actor: Actor, now: datetime, removal_id: int) -> LostFactor:
    """Withdraw or turn down a proposal. Raises `NotAllowed`, `NotFound`."""
    found = _waiting(actor, removal_id)
    found.ended_at = now
    db.session.flush()
    record(actor, now, "factor.withdraw_removal", ("person", found.person_id), {"reason": found.reason}, None)
    return found


def _waiting(actor: Actor, removal_id: int) -> LostFactor:
    permissions.check(actor, "factor.take_off")
    found = db.session.get(LostFactor, removal_id, with_for_update=True, populate_existing=True)
    if found is None or not found.waits:
        raise NotFound
    return found
