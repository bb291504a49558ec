"""Exactly what was seen (R-RIGHTS-16): a decision carries a digest of the fields that its page showed, so that nobody
decides on what was put in their place meanwhile."""

import hashlib
from collections.abc import Iterable
from typing import Any

from labshare.kernel.errors import ChangedMeanwhile


def digest_of(fields: Iterable[Any]) -> str:
    """Of the decision's own fields, in their order, never of figures that move by themselves."""
    return hashlib.sha256(repr([str(one) for one in fields]).encode()).hexdigest()[:32]


def check_seen_fields(seen: str, fields: Iterable[Any]) -> None:
    """Raise `ChangedMeanwhile` unless the digest is of these fields."""
    if seen != digest_of(fields):
        raise ChangedMeanwhile
