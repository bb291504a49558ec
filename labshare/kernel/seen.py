"""Exactly what was seen (R-RIGHTS-16): a decision carries a digest of the fields that its page showed, so that nobody
decides on what was put in their place meanwhile."""

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from labshare.kernel.errors import ChangedMeanwhile


def digest_of(fields: Iterable[Any]) -> str:
    """SHA-256 of the decision's own fields, in their order, never of figures that move by themselves. A field may be a
    JSON document: the order of its names is no part of what it says. Under no key: a digest proves nothing to anybody,
    it is compared with what stands in the database now."""
    text = json.dumps(list(fields), sort_keys=True, default=str, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def check_seen_fields(seen: str, fields: Iterable[Any]) -> None:
    """Raise `ChangedMeanwhile` unless the digest is of these fields."""
    check_seen_digest(seen, digest_of(fields))


def check_seen_digest(seen: str, now: str) -> None:
    """The same of a digest that is there. Raises `ChangedMeanwhile`."""
    if seen != now:
        raise ChangedMeanwhile
