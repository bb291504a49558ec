"""Digests under a key of ours: equal values are recognised as equal, and nobody without the key can try values out.
And the keys themselves, each made of a secret for one purpose."""

import hashlib
import hmac

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import current_app


def derived_key(secret: str, purpose: str, length: int = 32) -> bytes:
    """A key of `length` bytes out of a secret of any form, by HKDF-SHA256 (RFC 5869): two purposes have nothing to do
    with one another."""
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=purpose.encode()).derive(secret.encode())


def keyed_digest(purpose: str, value: str) -> str:
    """HMAC-SHA256 of `value`, hexadecimal, under a key derived from `SECRET_KEY` for this one purpose.

    Digests of two purposes cannot be compared; another `SECRET_KEY` gives others.
    """
    secret = str(current_app.config["SECRET_KEY"]).encode()
    key = hmac.new(secret, f"digest of {purpose}".encode(), hashlib.sha256).digest()
    return hmac.new(key, value.encode(), hashlib.sha256).hexdigest()
