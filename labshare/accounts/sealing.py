"""Small secrets sealed under a key made of `SECRET_KEY`, each for one purpose and one person: a row or a page copied to
another account opens nothing."""

import base64
import functools
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from flask import current_app

from labshare.kernel.digests import derived_key

if TYPE_CHECKING:
    from cryptography.fernet import Fernet


@functools.lru_cache(2)
def _cipher(key: str) -> "Fernet":
    from cryptography.fernet import Fernet  # few requests need it

    return Fernet(base64.urlsafe_b64encode(derived_key(key, "labshare second factor")))


def sealed(purpose: str, person_id: int, secret: str, now: datetime) -> str:
    """The secret, to be opened for this purpose and person alone."""
    text = f"{purpose} {person_id} {secret}"
    cipher = _cipher(current_app.config["SECRET_KEY"])
    return cipher.encrypt_at_time(text.encode(), int(now.timestamp())).decode()


def opened(sealed: str, purpose: str, person_id: int, *, lasts: timedelta | None = None, now: datetime) -> str | None:
    """The secret, or nothing where it is another purpose's or person's, too old, or sealed under another key."""
    from cryptography.fernet import InvalidToken

    cipher = _cipher(current_app.config["SECRET_KEY"])
    try:
        if lasts is None:
            text = cipher.decrypt(sealed.encode())
        else:
            text = cipher.decrypt_at_time(sealed.encode(), int(lasts.total_seconds()), int(now.timestamp()))
    except InvalidToken:
        return None
    parts = text.decode().split(" ")
    return parts[2] if parts[:2] == [purpose, str(person_id)] else None
