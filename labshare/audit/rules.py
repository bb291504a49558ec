"""How events are marked (R-AUDIT-4) and the trail is sealed (R-AUDIT-5): macs, leaves, Merkle roots, the chain. Hashes
as RFC 9162 builds them: SHA-256, one byte before leaves (00) and before inner nodes (01), so that neither can pass for
the other."""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

NOTHING_BEFORE = "0" * 64
"""The previous root of the first seal."""
MACS_BEGIN = "trail.begin_macs"
"""The action of the event that the upgrade to macs wrote: `after` names the last seal whose events may lack one."""


_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


@dataclass(frozen=True, kw_only=True)
class Event:
    """An audit event as it is sealed."""

    id: int
    at: datetime
    person_id: int | None
    firm_id: int | None
    action: str
    subject_type: str
    subject_id: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    refused: bool
    mac: str | None = None
    """As stored; no part of the canonical event."""

    @cached_property
    def canonical(self) -> bytes:
        """Its one spelling: JSON with sorted names, no spaces, UTF-8; the moment in UTC, to the microsecond."""
        return _encode(
            {
                "id": self.id,
                "at": self.at.astimezone(UTC).isoformat(timespec="microseconds"),
                "person": self.person_id,
                "firm": self.firm_id,
                "action": self.action,
                "subject": [self.subject_type, self.subject_id],
                "before": self.before,
                "after": self.after,
                "refused": self.refused,
            }
        ).encode(errors="surrogatepass")  # half a character can be sent in JSON; it must not stop the sealer


EVENT_FIELDS = tuple(field.name for field in fields(Event))


@dataclass(frozen=True, kw_only=True)
class Seal:
    """A sealed batch, as verified. `previous_root` chains it to the seal before."""

    id: int
    sealed_at: datetime
    count: int
    root: str
    previous_root: str
    signature: str


def as_stored(values: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """`before` or `after` as it will be read again: what JSON makes of names and values, so that the mac still fits."""
    return None if values is None else json.loads(json.dumps(values))


def mac(event: Event, key: str) -> str:
    """HMAC-SHA256 with `EVENT_KEY` over the canonical event, its number included: no copy of it fits elsewhere."""
    return hmac.digest(key.encode(), event.canonical, "sha256").hex()


def as_written(event: Event, key: str) -> dict[str, Any]:
    """The event's columns, its mac under `EVENT_KEY` among them."""
    return {**{name: getattr(event, name) for name in EVENT_FIELDS}, "mac": mac(event, key)}


def genuine(event: Event, key: str) -> bool:
    """Whether who wrote this event had `EVENT_KEY`."""
    return event.mac is not None and hmac.compare_digest(event.mac.encode(), mac(event, key).encode())


def leaf(event: Event) -> bytes:
    return hashlib.sha256(b"\x00" + event.canonical).digest()


def merkle_root(leaves: Sequence[bytes]) -> str:
    """The root over leaves in order, hexadecimal. An odd node at the end of a level moves up unchanged, which is the
    tree of RFC 9162. Raises `ValueError` on no leaves."""
    if not leaves:
        raise ValueError("a seal covers at least one event")
    level = list(leaves)
    while len(level) > 1:
        paired = [
            hashlib.sha256(b"\x01" + left + right).digest()
            for left, right in zip(level[::2], level[1::2], strict=False)
        ]
        level = paired + level[len(paired) * 2 :]
    return level[0].hex()


def sign(key: str, *, sealed_at: datetime, count: int, root: str, previous_root: str) -> str:
    """HMAC-SHA256 with `AUDIT_KEY` over everything a seal says."""
    said = "\n".join((sealed_at.astimezone(UTC).isoformat(timespec="microseconds"), str(count), root, previous_root))
    return hmac.new(key.encode(), said.encode(), hashlib.sha256).hexdigest()


def broken_link(seal: Seal, *, previous_root: str, key: str) -> str | None:
    """What is wrong with a seal as a link of the chain, in a word; None where it holds."""
    if seal.previous_root != previous_root:
        return "chain"
    expected = sign(key, sealed_at=seal.sealed_at, count=seal.count, root=seal.root, previous_root=seal.previous_root)
    return None if hmac.compare_digest(expected, seal.signature) else "signature"
