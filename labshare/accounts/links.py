"""Signed links in mails: made with `SECRET_KEY`, for one purpose, one person, one use, until a moment."""

import base64
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import current_app
from itsdangerous import BadSignature, URLSafeSerializer

from labshare.accounts.errors import LinkExpired
from labshare.accounts.models import Person
from labshare.kernel.database import db
from labshare.kernel.notifications import makes_link

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
    token = PASSWORD.serializer.dumps([person.id, until, state_of(person)])
    return str(token)


def person_of_password_link(token: str, now: datetime) -> Person:
    """Whose link it is. Raises `LinkExpired` for one that is used, too old, or not ours."""
    try:
        person_id, until, state = PASSWORD.serializer.loads(token)
    except (BadSignature, ValueError, TypeError):
        raise LinkExpired from None
    person = db.session.get(Person, person_id)
    if person is None or not person.enabled or now.timestamp() >= until or state != state_of(person):
        raise LinkExpired
    return person


def secret_of(purpose: str, nonce: str) -> str:
    """The secret of a link of which a nonce is kept: who has the database and not `SECRET_KEY` cannot make it."""
    return base64.urlsafe_b64encode(keyed(purpose, nonce)).decode().rstrip("=")


def keyed(purpose: str, nonce: str) -> bytes:
    """32 bytes that a nonce makes with `SECRET_KEY`, others for each purpose."""
    key = str(current_app.config["SECRET_KEY"]).encode()
    return hmac.digest(key, f"link.{purpose} {nonce}".encode(), "sha256")


def _mailed(lasts: timedelta, *, first: bool = False) -> Callable[[int, datetime], str | None]:
    """Makes the path of a password's link for a mail; `first`: only while there is no password yet."""

    def make(person_id: int, now: datetime) -> str | None:
        person = db.session.get(Person, person_id)
        if person is None or not person.enabled or (first and person.password_hash is not None):
            return None
        return f"/account/password/{password_link(person, now, lasts)}"

    return make


makes_link("account.reset", _mailed(RESET_LASTS))
makes_link("account.confirm", _mailed(SIGN_UP_LASTS, first=True))


def state_of(person: Person) -> str:
    """Of what a link or a half-made sign-in rests on: changes with each password, sign-out everywhere and change of
    address."""
    text = f"{person.password_hash}|{person.session_epoch}|{person.email}"
    return hashlib.sha256(text.encode()).hexdigest()[:24]
