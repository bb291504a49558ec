"""API tokens: a secret shown once, for one person and one firm (or the person's regulator's roles)."""

import secrets
from datetime import datetime, timedelta

from flask_babel import lazy_gettext as _l
from sqlalchemy import or_, update

from labshare.accounts.sessions import digest
from labshare.audit.services import record
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import NotAllowed, NotFound, SignInFirst
from labshare.kernel.terms import TokenScope
from labshare.kernel.verbs import verb
from labshare.organisations.errors import NoRoles, TooManyTokens, UnknownChoice
from labshare.organisations.models import ApiToken
from labshare.organisations.queries import account_of_person, open_tokens

TOKEN_LASTS = timedelta(days=365)
REGULATORS_TOKEN_LASTS = timedelta(days=30)
MOST_TOKENS = 20
"""Open at once, for one person."""
NOTED_EVERY = timedelta(minutes=15)
"""How exactly the last use is known."""


@verb("token.issue", title=_l("API token issued"))
def issue_token(*, actor: Actor, now: datetime, scope: str, name: str = "") -> tuple[ApiToken, str]:
    """Issue a token that acts as the actor: for the firm acted for, else with the regulator's roles.

    The row and the secret come back; the secret is kept nowhere. Raises `SignInFirst`, `NotAllowed` for one who acts by
    a read-only token, `UnknownChoice`, `NoRoles`, `TooManyTokens`.
    """
    if actor.person_id is None:
        raise SignInFirst
    if actor.scope != TokenScope.WRITE:
        raise NotAllowed
    if scope not in (TokenScope.READ, TokenScope.WRITE):
        raise UnknownChoice("scope")
    account = account_of_person(actor.person_id)
    if account is None or not account.actor(actor.firm_id).roles:
        raise NoRoles
    if open_tokens(actor.person_id, now) >= MOST_TOKENS:
        raise TooManyTokens(n=MOST_TOKENS)
    secret = secrets.token_urlsafe(32)
    firm_id = account.firm_id(actor.firm_id)
    made = ApiToken(
        person_id=actor.person_id,
        firm_id=firm_id,
        name=name.strip()[:60],
        scope=scope,
        token_digest=digest(secret),
        created_at=now,
        expires_at=now + (REGULATORS_TOKEN_LASTS if firm_id is None else TOKEN_LASTS),
        epoch=account.epoch,
    )
    db.session.add(made)
    db.session.flush()
    record(actor, now, "token.issue", ("token", made.id), after={"scope": scope, "firm_id": made.firm_id})
    return made, secret


@verb("token.revoke", title=_l("API token revoked"))
def revoke_token(*, actor: Actor, now: datetime, token_id: int) -> ApiToken:
    """Revoke one of the own tokens. Raises `NotFound`."""
    found = own_token(actor, token_id)
    db.session.refresh(found, with_for_update=True)
    if not found.revoked:
        found.revoked_at = now
        record(actor, now, "token.revoke", ("token", found.id), {"revoked": False}, {"revoked": True})
    return found


def own_token(actor: Actor, token_id: int) -> ApiToken:
    """One of the actor's own tokens. Raises `NotFound`."""
    found = db.session.get(ApiToken, token_id)
    if found is None or actor.person_id is None or found.person_id != actor.person_id:
        raise NotFound
    return found


def end_tokens(*, person_id: int, firm_id: int | None, now: datetime) -> int:
    """End a person's tokens for a firm, or those of a regulator, for good: coming back brings none back. How many."""
    ended = db.session.execute(
        update(ApiToken)
        .where(ApiToken.person_id == person_id, ApiToken.firm_id == firm_id, ~ApiToken.revoked)
        .values(revoked_at=now)
    )
    return int(ended.rowcount)  # type: ignore[attr-defined]


def note_token_used(token_id: int, now: datetime) -> None:
    """Note the last use, about every quarter of an hour."""
    db.session.execute(
        update(ApiToken)
        .where(
            ApiToken.id == token_id,
            or_(ApiToken.last_used_at.is_(None), ApiToken.last_used_at <= now - NOTED_EVERY),
        )
        .values(last_used_at=now)
    )
