"""Signed links in mails: made with `SECRET_KEY`, for one purpose, one person, one use, until a moment."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import current_app
from itsdangerous import BadSignature, URLSafeSerializer

from labshare.accounts.errors import LinkExpired
from labshare.accounts.models import Person
from labshare.kernel.database import db

RESET_LASTS = timedelta(hours=1)
SIGN_UP_LASTS = timedelta(days=3)


@dataclass(frozen=True)
class _Purpose:
    name: str

    @property
    def serializer(self) -> URLSafeSerializer:
        return URLSafeSerializer(current_app.config["SECRET_KEY"], salt=f"link.{self.name}")


PASSWORD = _Purpose("password")


def password_link(person: Person, now: datetime, lasts: timedelta) -> str:
    """The token of a link by which the person sets a password. Ends with its use: it names the password before it."""
    until = int((now + lasts).timestamp())
    token = PASSWORD.serializer.dumps([person.id, until, _state(person)])
    return str(token)


def person_of_password_link(token: str, now: datetime) -> Person:
    """Whose link it is. Raises `LinkExpired` for one that is used, too old, or not ours."""
    try:
        person_id, until, state = PASSWORD.serializer.loads(token)
    except (BadSignature, ValueError, TypeError):
        raise LinkExpired from None
    person = db.session.get(Person, person_id)
    if person is None or person.disabled_at is not None or now.timestamp() >= until or state != _state(person):
        raise LinkExpired
    return person


def _state(person: Person) -> str:
    """Changes with each password, sign-out everywhere and change of address."""
    text = f"{person.password_hash}|{person.session_epoch}|{person.email}"
    return hashlib.sha256(text.encode()).hexdigest()[:24]
