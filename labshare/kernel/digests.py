"""Digests under a key of ours: equal values are recognised as equal, and nobody without the key can try values out."""

import hashlib
import hmac

from flask import current_app


def keyed_digest(purpose: str, value: str) -> str:
    """HMAC-SHA256 of `value`, hexadecimal, under a key derived from `SECRET_KEY` for this one purpose.

    Digests of two purposes cannot be compared; another `SECRET_KEY` gives others.
    """
    secret = str(current_app.config["SECRET_KEY"]).encode()
    key = hmac.new(secret, f"digest of {purpose}".encode(), hashlib.sha256).digest()
    return hmac.new(key, value.encode(), hashlib.sha256).hexdigest()
