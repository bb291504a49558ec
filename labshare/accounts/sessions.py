"""Secrets of signed-in browsers. Kept apart from `services`: beginning and ending one changes no business row."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import literal, select, update

from labshare.accounts import links
from labshare.accounts.models import Person, SignInSession, has_factor_of
from labshare.kernel.database import db

LONGEST = timedelta(days=14)
"""A session ends then, however busy it is."""


def digest(secret: str) -> str:
    """SHA-256, hexadecimal: enough for secrets of 256 bits that chance made."""
    return hashlib.sha256(secret.encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Entered:
    """Who proved one factor. Without a `key` the session begins with the second one; `state` is that of the account
    meanwhile (R-FACTOR-2)."""

    person_id: int
    key: str | None
    state: str


def enter(person: Person, now: datetime, *, agent: str | None, proved: bool = True) -> Entered:
    """Begin a session of somebody who has proved one factor, unless the account has a second one. `agent` and `proved`:
    as of `begin_session`."""
    waits = bool(db.session.scalar(select(has_factor_of(literal(person.id)))))
    return Entered(
        person_id=person.id,
        key=None if waits else begin_session(person, now, agent=agent, proved=proved),
        state=links.state_of(person),
    )


def begin_session(person: Person, now: datetime, *, agent: str | None = None, proved: bool = True) -> str:
    """Write a new session of this person; the secret for the browser's cookie comes back. `agent`: what the browser
    says it is. `proved`: whether it began with what is asked for again before weighty acts, the second factor or else
    the password (R-FACTOR-7)."""
    key = secrets.token_urlsafe(32)
    db.session.add(
        SignInSession(
            person_id=person.id,
            key_digest=digest(key),
            epoch=person.session_epoch,
            started_at=now,
            expires_at=now + LONGEST,
            proved_at=now if proved else None,
            agent=agent,
        )
    )
    db.session.flush()
    return key


def end_session(key: str, now: datetime) -> None:
    """End the session of this secret, if it is still open."""
    db.session.execute(
        update(SignInSession).where(SignInSession.key_digest == digest(key), ~SignInSession.ended).values(ended_at=now)
    )


def end_session_of(*, person_id: int, session_id: int, now: datetime) -> bool:
    """End this session, if it is open and the person's; whether it was."""
    ended = db.session.execute(
        update(SignInSession)
        .where(SignInSession.id == session_id, SignInSession.person_id == person_id, SignInSession.open_at(now))
        .values(ended_at=now)
    )
    return bool(ended.rowcount)  # type: ignore[attr-defined]


def end_all_sessions(person: Person, now: datetime) -> int:
    """End every session of the person, and raise the epoch so that none can come back. How many were open."""
    person.session_epoch += 1
    open_ones = db.session.scalars(
        select(SignInSession).where(
            SignInSession.person_id == person.id,
            SignInSession.open_at(now),
        )
    ).all()
    for one in open_ones:
        one.ended_at = now
    return len(open_ones)


def end_other_sessions(person_id: int, key: str, now: datetime) -> int:
    """End every session of the person but the one of this secret. How many."""
    ended = db.session.execute(
        update(SignInSession)
        .where(
            SignInSession.person_id == person_id, SignInSession.key_digest != digest(key), SignInSession.open_at(now)
        )
        .values(ended_at=now)
    )
    return int(ended.rowcount)  # type: ignore[attr-defined]


def note_proof(person_id: int, key: str, now: datetime) -> None:
    """The person of this session has just proved who it is."""
    db.session.execute(
        update(SignInSession)
        .where(SignInSession.person_id == person_id, SignInSession.key_digest == digest(key))
        .values(proved_at=now)
    )
