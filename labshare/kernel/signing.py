"""Signatures with Ed25519: who signs holds a secret, who checks needs what is public alone."""

from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from labshare.kernel.digests import derived_key

PURPOSE = "labshare audit ed25519"
"""Keeps the signing key apart from what else was ever made of the same secret."""


@lru_cache(maxsize=4)
def _private(secret: str) -> Ed25519PrivateKey:
    """The key of a secret of any form: its seed is drawn from it."""
    return Ed25519PrivateKey.from_private_bytes(derived_key(secret, PURPOSE))


def public_of(secret: str) -> str:
    """What others check by: 32 bytes, hexadecimal."""
    return _private(secret).public_key().public_bytes_raw().hex()


def sign(secret: str, message: bytes) -> str:
    """64 bytes, hexadecimal."""
    return _private(secret).sign(message).hex()


def is_public_key(text: str) -> bool:
    try:
        return len(Ed25519PublicKey.from_public_bytes(bytes.fromhex(text)).public_bytes_raw()) == 32
    except ValueError:
        return False


@lru_cache(maxsize=4)
def _public(key: str) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(bytes.fromhex(key))


def fits(public_key: str, message: bytes, *, signature: str) -> bool:
    """Whether the signature was made over this with the secret of the key. A signature may be any text."""
    try:
        _public(public_key).verify(bytes.fromhex(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True
