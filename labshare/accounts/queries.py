"""Reading accounts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, literal, or_, select

from labshare.accounts.models import Passkey, Person, SignInSession, has_factor_of
from labshare.accounts.sessions import digest
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import NotFound, SignInFirst


def person_of_any_session(key: str) -> int | None:
    """Whose session this secret was, ended or not: for telling whose work a browser holds, never for letting in."""
    return db.session.scalar(select(SignInSession.person_id).where(SignInSession.key_digest == digest(key)))


def open_sessions(person_id: int, now: datetime) -> Sequence[SignInSession]:
    """The browsers in which a person is signed in, the latest first."""
    chosen = (
        select(SignInSession)
        .join(Person, Person.id == SignInSession.person_id)
        .where(Person.id == person_id, SignInSession.epoch == Person.session_epoch, SignInSession.open_at(now))
    )
    return db.session.scalars(chosen.order_by(SignInSession.id.desc())).all()


def own_session(*, person_id: int, session_id: int, now: datetime) -> SignInSession:
    """One of those. Raises `NotFound`."""
    found = next((one for one in open_sessions(person_id, now) if one.id == session_id), None)
    if found is None:
        raise NotFound
    return found


def get_person(person_id: int) -> Person:
    """Raises `NotFound`."""
    person = db.session.get(Person, person_id)
    if person is None:
        raise NotFound
    return person


def names_of(ids: Iterable[int | None]) -> dict[int, str]:
    """Names of persons by id. One statement, none for nobody."""
    wanted = sorted({one for one in ids if one is not None})
    if not wanted:
        return {}
    return {row.id: row.name for row in db.session.execute(select(Person.id, Person.name).where(Person.id.in_(wanted)))}


@dataclass(frozen=True, kw_only=True)
class Credentials:
    person_id: int
    password_hash: str | None
    epoch: int


def spelled(email: str) -> str:
    """An address as accounts keep it."""
    return email.strip().lower()


def person_by_email(email: str) -> Person | None:
    return db.session.scalar(select(Person).where(Person.email == spelled(email)))


def person_by_mobile(mobile: str, *, demonstration: bool) -> Person | None:
    """Who signs in by a code to this number; nobody whose account is disabled, or not allowed here."""
    found = db.session.scalar(select(Person).where(Person.mobile == mobile))
    if found is None or not found.enabled or (found.demonstration and not demonstration):
        return None
    return found


def holder_of(mobile: str) -> int | None:
    """On whose account this number is, whether it signs in or not."""
    return db.session.scalar(select(Person.id).where(Person.mobile == mobile))


def own_account(actor: Actor) -> Person:
    """The account of who acts. Raises `SignInFirst`."""
    person = db.session.get(Person, actor.person_id) if actor.person_id is not None else None
    if person is None:
        raise SignInFirst
    return person


def known_addresses(emails: Iterable[str]) -> set[str]:
    """Those of these addresses, spelled as accounts keep them, that have an account."""
    return set(db.session.scalars(select(Person.email).where(Person.email.in_(list(emails)))))


def credentials_of(email: str, *, demonstration: bool = True) -> Credentials | None:
    """What a sign-in is compared with; nothing for an account that is not there, disabled, or not allowed here."""
    chosen = select(Person.id, Person.password_hash, Person.session_epoch, Person.demonstration).where(
        Person.email == spelled(email), Person.enabled
    )
    found = db.session.execute(chosen).one_or_none()
    if found is None or (found.demonstration and not demonstration):
        return None
    return Credentials(person_id=found.id, password_hash=found.password_hash, epoch=found.session_epoch)


def search_people(q: str = "", *, limit: int = 50, offset: int = 0) -> tuple[Sequence[Person], int]:
    """Accounts by name or address, with how many there are in all."""
    chosen = select(Person)
    if q:
        like = f"%{q.strip().lower().replace('%', '').replace('_', '')}%"
        chosen = chosen.where(or_(Person.email.like(like), func.lower(Person.name).like(like)))
    total = db.session.scalar(select(func.count()).select_from(chosen.subquery())) or 0
    people = db.session.scalars(chosen.order_by(Person.email).limit(limit).offset(offset)).all()
    return people, total


def passkeys_of(person_id: int) -> Sequence[Passkey]:
    """The passkeys of an account, the oldest first."""
    return db.session.scalars(select(Passkey).where(Passkey.person_id == person_id).order_by(Passkey.id)).all()


def has_factor(person_id: int) -> bool:
    """Whether the account has a second factor, of either kind."""
    return bool(db.session.scalar(select(has_factor_of(literal(person_id)))))
