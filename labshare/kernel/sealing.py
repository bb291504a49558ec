"""Values that lie encrypted in the database, and recognised as equal by a keyed digest: who has the database alone
learns nothing of them, and a value copied to another place opens nowhere.

AES-SIV (RFC 5297) under keys that HKDF makes of `BANK_KEY`: it needs no number used once, so the same value in the same
place is the same text. What it is bound to is authenticated with it. A sealed text names its key by a short mark, so
that those of `BANK_KEYS_BEFORE` open what was sealed under them.
"""

import base64
import hashlib
import hmac
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from flask import current_app

from labshare.kernel.digests import derived_key


def seal(text: str, *, bound_to: str) -> str:
    """The text encrypted under the present key, in the place that `bound_to` names."""
    key = current_app.config["BANK_KEYS"][0]
    sealed = AESSIV(_derived("seal", 64, key=key)).encrypt(text.encode(), [bound_to.encode()])
    return f"{_mark(key)}.{base64.b64encode(sealed).decode()}"


def opened(sealed: str, *, bound_to: str) -> str | None:
    """The text again; nothing where it was sealed for another place, changed, or its key is not among ours."""
    mark, _dot, encrypted = sealed.partition(".")
    key = next((one for one in current_app.config["BANK_KEYS"] if _mark(one) == mark), None)
    if key is None:
        return None
    try:
        return AESSIV(_derived("seal", 64, key=key)).decrypt(base64.b64decode(encrypted), [bound_to.encode()]).decode()
    except (InvalidTag, ValueError):
        return None


def equal_digest(text: str) -> str:
    """Equal for equal texts, under a key of its own: nobody without it can try texts out."""
    key = current_app.config["BANK_KEYS"][0]
    return hmac.new(_derived("equal", 32, key=key), text.encode(), hashlib.sha256).hexdigest()


def _mark(key: str) -> str:
    """By which a sealed text names its key; it tells nothing of it."""
    return _derived("mark", 4, key=key).hex()


@lru_cache(maxsize=24)
def _derived(purpose: str, length: int, *, key: str) -> bytes:
    return derived_key(key, f"labshare bank account {purpose}", length)
