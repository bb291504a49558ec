"""How events are marked (R-AUDIT-4), the trail is sealed (R-AUDIT-5) and its head published (R-AUDIT-10): macs, leaves,
Merkle roots, the chain, the tree over all seals. Hashes as RFC 9162 builds them: SHA-256, one byte before leaves (00)
and before inner nodes (01), so that neither can pass for the other."""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import orjson

from labshare.kernel.signing import fits

NOTHING_BEFORE = "0" * 64
"""The previous root of the first seal."""
PUBLISH = "trail.publish_head"
"""The action of the event that a published head leaves in the trail."""
OLD_SIGNATURE = 64
"""The length of the signatures from before Ed25519: HMAC-SHA256, hexadecimal."""
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


@dataclass(frozen=True, kw_only=True)
class Head:
    """A published head: the root of the tree over the first `seals` seals, and the number of their events."""

    id: int
    at: datetime
    seals: int
    events: int
    root: str
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


_quoted = json.encoder.encode_basestring


def _respelt(text: str | None) -> str:
    """The one spelling of stored JSON, wherever `orjson` spells it as `json` does; a mac shows where it does not."""
    return "null" if text is None else orjson.dumps(orjson.loads(text), option=orjson.OPT_SORT_KEYS).decode()


_BOOLEANS = {0: "false", 1: "true"}


def spelt(row: Sequence[Any]) -> tuple[bytes, str | None]:
    """The canonical event and the mac of a row of `queries.sealed_between`: as `Event.canonical` where the row is as
    LabShare writes them, and otherwise anything else, or a `ValueError`, `TypeError` or `KeyError`."""
    number, at, person, firm, action, kind, subject, before, after, refused, mac = row
    text = (
        f'{{"action":{_quoted(action)},"after":{_respelt(after)},"at":"{at[:10]}T{at[11:]}+00:00",'
        f'"before":{_respelt(before)},"firm":{"null" if firm is None else firm},"id":{number},'
        f'"person":{"null" if person is None else person},"refused":{_BOOLEANS[refused]},'
        f'"subject":[{_quoted(kind)},{_quoted(subject)}]}}'
    )
    return text.encode(errors="surrogatepass"), mac


class Macs:
    """As `mac` under one key, of very many events: HMAC (RFC 2104) with the key's two blocks hashed once."""

    def __init__(self, key: str) -> None:
        block = key.encode() if len(key.encode()) <= 64 else hashlib.sha256(key.encode()).digest()
        block = block.ljust(64, b"\0")
        self.inner, self.outer = (hashlib.sha256(bytes(byte ^ pad for byte in block)) for pad in (0x36, 0x5C))

    def of(self, canonical: bytes) -> str:
        inner, outer = self.inner.copy(), self.outer.copy()
        inner.update(canonical)
        outer.update(inner.digest())
        return outer.hexdigest()


def leaf(event: Event) -> bytes:
    return leaf_of(event.canonical)


def leaf_of(canonical: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + canonical).digest()


def merkle_root(leaves: Sequence[bytes]) -> str:
    """The root over leaves in order, hexadecimal. An odd node at the end of a level moves up unchanged, which is the
    tree of RFC 9162. Raises `ValueError` on no leaves."""
    if not leaves:
        raise ValueError("a seal covers at least one event")
    return _root(leaves).hex()


def _root(leaves: Sequence[bytes]) -> bytes:
    level = list(leaves)
    while len(level) > 1:
        paired = [node(left, right) for left, right in zip(level[::2], level[1::2], strict=False)]
        level = paired + level[len(paired) * 2 :]
    return level[0]


def _split(size: int) -> int:
    """The largest power of two below a size above one: where its tree parts."""
    return 1 << ((size - 1).bit_length() - 1)


def inclusion(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """The hashes that lead from a leaf to the root (RFC 9162, 2.1.3.1)."""
    if len(leaves) <= 1:
        return []
    split = _split(len(leaves))
    if index < split:
        return [*inclusion(index, leaves[:split]), _root(leaves[split:])]
    return [*inclusion(index - split, leaves[split:]), _root(leaves[:split])]


def consistency(size: int, leaves: Sequence[bytes], *, whole: bool = True) -> list[bytes]:
    """The hashes that show the tree over the first `size` leaves to begin the tree over all (RFC 9162, 2.1.4.1)."""
    if size == len(leaves):
        return [] if whole else [_root(leaves)]
    split = _split(len(leaves))
    if size <= split:
        return [*consistency(size, leaves[:split], whole=whole), _root(leaves[split:])]
    return [*consistency(size - split, leaves[split:], whole=False), _root(leaves[:split])]


def node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


class Growing:
    """A Merkle tree that grows by leaves at its end and can say its root at any size; it keeps no leaves."""

    def __init__(self) -> None:
        self.size = 0
        self.whole: list[bytes] = []
        """The roots of the whole trees that it consists of, the largest first."""

    def add(self, leaf: bytes) -> None:
        self.size += 1
        size = self.size
        while size % 2 == 0:
            leaf, size = node(self.whole.pop(), leaf), size // 2
        self.whole.append(leaf)

    @property
    def root(self) -> str:
        if not self.whole:
            return hashlib.sha256(b"").hexdigest()
        *larger, right = self.whole
        for left in reversed(larger):
            right = node(left, right)
        return right.hex()


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _lines(*lines: object) -> bytes:
    return "\n".join(map(str, lines)).encode(errors="surrogatepass")


def signed_text_of_seal(*, sealed_at: datetime, count: int, root: str, previous_root: str) -> bytes:
    """What a seal's signature covers."""
    return _lines("labshare audit seal", _moment(sealed_at), count, root, previous_root)


def leaf_of_seal(seal: Seal) -> bytes:
    """A seal as a leaf of the tree over all seals, its number and signature included."""
    covered = signed_text_of_seal(
        sealed_at=seal.sealed_at, count=seal.count, root=seal.root, previous_root=seal.previous_root
    )
    return hashlib.sha256(b"\x00" + _lines(seal.id, seal.signature) + b"\n" + covered).digest()


def signed_text_of_head(*, id: int, at: datetime, seals: int, events: int, root: str) -> bytes:
    """What a published head's signature covers."""
    return _lines("labshare audit head", id, _moment(at), seals, events, root)


def seal_signed(seal: Seal, public_key: str) -> bool:
    text = signed_text_of_seal(
        sealed_at=seal.sealed_at, count=seal.count, root=seal.root, previous_root=seal.previous_root
    )
    return fits(public_key, text, signature=seal.signature)


def head_signed(head: Head, public_key: str) -> bool:
    text = signed_text_of_head(id=head.id, at=head.at, seals=head.seals, events=head.events, root=head.root)
    return fits(public_key, text, signature=head.signature)
