"""Proofs as RFC 9162 describes them (R-AUDIT-12): that an event is in its seal and the seal under a published head;
that one published head continues another. Whoever has the public key checks them alone
(`tests/independent/trail.py`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from sqlalchemy import func, select

from labshare.audit import queries, rules
from labshare.audit.models import AuditEvent, AuditHead, AuditLeaf, AuditSeal
from labshare.audit.rules import Event, Head, Seal
from labshare.kernel.database import db
from labshare.kernel.errors import NotFound


@dataclass(frozen=True, kw_only=True)
class HeadProof:
    """A published head with the text that its signature covers."""

    id: int
    seals: int
    events: int
    root: str
    said: str
    signature: str


@dataclass(frozen=True, kw_only=True)
class SealProof:
    """A seal with the text that its signature covers; `path` leads from the event to its root."""

    id: int
    count: int
    root: str
    said: str
    signature: str
    position: int
    path: list[str]


@dataclass(frozen=True, kw_only=True)
class Inclusion:
    """An event, the text that is hashed of it, its seal once it has one, and the first head that covers it."""

    event: int
    said: str
    seal: SealProof | None
    covered_by: HeadProof | None
    index: int | None
    path: list[str]
    """From the seal, the one behind `index` others, to the head's root."""


@dataclass(frozen=True, kw_only=True)
class Consistency:
    first: HeadProof
    second: HeadProof
    path: list[str]


def published_heads(*, before: int = 0, limit: int = 50) -> Sequence[AuditHead]:
    """Published heads, newest first; `before` continues below a page."""
    query = select(AuditHead).order_by(AuditHead.id.desc()).limit(limit)
    return db.session.scalars(query.where(AuditHead.id < before) if before else query).all()


def head_proof(number: int) -> HeadProof:
    """A published head. Raises `NotFound`."""
    return _head_proof(_head(number))


def _head(number: int) -> Head:
    row = db.session.get(AuditHead, number)
    if row is None:
        raise NotFound
    return Head(id=row.id, at=row.at, seals=row.seals, events=row.events, root=row.root, signature=row.signature)


def _head_proof(head: Head) -> HeadProof:
    signed_text = rules.signed_text_of_head(
        id=head.id, at=head.at, seals=head.seals, events=head.events, root=head.root
    )
    return HeadProof(
        id=head.id,
        seals=head.seals,
        events=head.events,
        root=head.root,
        said=signed_text.decode(),
        signature=head.signature,
    )


def consistency(*, first: int, second: int) -> Consistency:
    """That the later of two published heads continues the earlier. Raises `NotFound`."""
    earlier, later = _head(first), _head(second)
    if earlier.seals > later.seals:
        raise NotFound
    path = rules.consistency(earlier.seals, _leaves(later.seals))
    return Consistency(first=_head_proof(earlier), second=_head_proof(later), path=[each.hex() for each in path])


def _leaves(size: int) -> list[bytes]:
    """Of the tree over all seals, the first ones."""
    return [rules.leaf_of_seal(seal) for seal in islice(queries.seals(), size) if isinstance(seal, Seal)]


def inclusion(event_id: int) -> Inclusion:
    """That an event is in its seal, and the seal below a published head. Raises `NotFound`."""
    if db.session.get(AuditEvent, event_id) is None:
        raise NotFound
    row = db.session.execute(
        select(AuditSeal, AuditLeaf.position)
        .join(AuditLeaf, AuditLeaf.seal_id == AuditSeal.id)
        .where(AuditLeaf.event_id == event_id)
    ).first()
    if row is None:
        (event,) = (one for one in queries.all_unsealed() if queries.id_of(one) == event_id)
        text = event.canonical.decode(errors="surrogatepass") if isinstance(event, Event) else ""
        return Inclusion(event=event_id, said=text, seal=None, covered_by=None, index=None, path=[])
    seal, position = row
    events = [one for one in queries.events_of(seal.id) if isinstance(one, Event)]
    leaves = [rules.leaf(one) for one in events]
    covered = rules.signed_text_of_seal(
        sealed_at=seal.sealed_at, count=seal.count, root=seal.root, previous_root=seal.previous_root
    )
    index = db.session.scalar(select(func.count(AuditSeal.id)).where(AuditSeal.id < seal.id)) or 0
    covering = select(AuditHead.id).where(AuditHead.seals > index).order_by(AuditHead.id).limit(1)
    number = db.session.scalar(covering)
    head = _head(number) if number is not None else None
    return Inclusion(
        event=event_id,
        said=events[position].canonical.decode(errors="surrogatepass"),
        seal=SealProof(
            id=seal.id,
            count=seal.count,
            root=seal.root,
            said=covered.decode(),
            signature=seal.signature,
            position=position,
            path=[each.hex() for each in rules.inclusion(position, leaves)],
        ),
        covered_by=_head_proof(head) if head else None,
        index=index if head else None,
        path=[each.hex() for each in rules.inclusion(index, _leaves(head.seals))] if head else [],
    )
