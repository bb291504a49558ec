"""Proving the trail untouched (R-AUDIT-5, R-AUDIT-10): with `EVENT_KEY` and what is public, nothing to sign with."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from flask import current_app
from sqlalchemy.exc import DBAPIError

from labshare.audit import queries, rules
from labshare.audit.rules import Event, Head, Seal

AT_ONCE = 5_000
"""Events that are read together, whole seals."""


@dataclass(frozen=True, kw_only=True)
class Broken:
    """The first place where the trail does not hold. `what` is one of: chain, signature, count, event_missing,
    event_changed, forged, unsealed, seal_gone, head_signature, head_gone, head_missing, head_differs."""

    what: str
    seal_id: int | None = None
    event_id: int | None = None
    head_id: int | None = None


def no_progress(_events: int) -> None:
    """Nobody wants to know how far it is."""


def verify(
    now: datetime, *, key: str, head: Mapping[str, Any] | None = None, progress: Callable[[int], None] = no_progress
) -> Broken | None:
    """None where the trail is untouched, else the first broken place.

    `key`: the public one. `head`: a seal (`{"id", "root"}`) or a published head (`{"seals", "root"}`) that was kept
    elsewhere: with it a cut tail shows, too. `progress` hears now and then how many events are done.
    """
    return next(_broken(now, key, head, progress), None)


def _broken(
    now: datetime, key: str, head_held: Mapping[str, Any] | None, progress: Callable[[int], None]
) -> Iterator[Broken]:
    event_key = str(current_app.config["EVENT_KEY"])
    found = queries.heads()
    yield from _broken_heads(found, key)
    heads = [head for head in found if isinstance(head, Head)]
    yield from _broken_seals(heads, key, head_held)
    yield from _broken_events(event_key, progress)
    if (gone := queries.leaf_without_seal()) is not None:
        yield Broken(what="seal_gone", seal_id=gone)
    yield from _heads_gone(heads, event_key)
    for event in queries.all_unsealed():
        if isinstance(event, int) or not rules.genuine(event, event_key):
            yield Broken(what="forged", event_id=queries.id_of(event))
        elif event.at < now - queries.LONGEST_TRANSACTION:
            yield Broken(what="unsealed", event_id=event.id)


def _broken_heads(heads: Sequence[Head | int], key: str) -> Iterator[Broken]:
    for number, head in enumerate(heads, 1):
        id = head if isinstance(head, int) else head.id
        if isinstance(head, int) or not rules.head_signed(head, key):
            yield Broken(what="head_signature", head_id=id)
        if id != number:
            yield Broken(what="head_gone", head_id=number)


def _broken_seals(heads: Sequence[Head], key: str, head_held: Mapping[str, Any] | None) -> Iterator[Broken]:
    """The chain, the tree over all seals at each published head, and the signatures since the last one."""
    at_size: dict[int, list[Head]] = defaultdict(list)
    for head in heads:
        at_size[head.seals].append(head)
    covered = max(at_size, default=0)
    tree, before, since, seen = rules.Growing(), rules.NOTHING_BEFORE, list[Seal](), head_held is None
    for seal in queries.seals():
        if isinstance(seal, int):
            yield Broken(what="signature", seal_id=seal)
            continue
        if seal.previous_root != before:
            yield Broken(what="chain", seal_id=seal.id)
        tree.add(rules.leaf_of_seal(seal))
        before = seal.root
        since.append(seal)
        if tree.size > covered and not rules.seal_signed(seal, key):
            yield Broken(what="signature", seal_id=seal.id)
        for head in at_size.get(tree.size, ()):
            if tree.root != head.root:
                yield from _unsigned(since, key)
                yield Broken(what="head_differs", head_id=head.id)
        if tree.size in at_size:
            since = []
        if head_held is not None and _is_stored_head(head_held, seal, tree):
            seen = True
            if head_held["root"] != (tree.root if "seals" in head_held else seal.root):
                yield Broken(what="head_differs", seal_id=seal.id)
    for head in heads:
        if head.seals > tree.size:
            yield Broken(what="head_missing", head_id=head.id)
    if head_held is not None and not seen:
        yield Broken(what="head_missing", seal_id=head_held.get("id"))


def _is_stored_head(head_held: Mapping[str, Any], seal: Seal, tree: rules.Growing) -> bool:
    return bool(tree.size == head_held["seals"] if "seals" in head_held else seal.id == head_held["id"])


def _unsigned(seals: Sequence[Seal], key: str) -> Iterator[Broken]:
    """Of seals below a head that differs, those whose signature does not fit; those from before Ed25519 cannot say."""
    for seal in seals:
        if len(seal.signature) != rules.OLD_SIGNATURE and not rules.seal_signed(seal, key):
            yield Broken(what="signature", seal_id=seal.id)


def _broken_events(event_key: str, progress: Callable[[int], None]) -> Iterator[Broken]:
    macs, bare_until, done = rules.Macs(event_key), _last_seal_without_macs(event_key), 0
    for batch in _batches():
        try:
            rows = queries.sealed_between(batch[0].id, batch[-1].id)
        except (ValueError, DBAPIError):
            rows = {}
        for seal in batch:
            done += seal.count
            if not _holds(seal, rows.get(seal.id, ()), macs):
                yield from _what_is_broken(seal, event_key, bare_until)
        progress(done)


def _batches() -> Iterator[list[Seal]]:
    batch, size = list[Seal](), 0
    for seal in queries.seals():
        if isinstance(seal, Seal):  # the others are broken already
            batch.append(seal)
            size += seal.count
        if size >= AT_ONCE:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _holds(seal: Seal, rows: Sequence[Any], macs: rules.Macs) -> bool:
    """Whether a seal and its events are as LabShare writes them: the quick way, which never says yes in error."""
    if len(rows) != seal.count or not rows:
        return False
    leaves = []
    try:
        for place, (_seal, position, *event) in enumerate(rows):
            canonical, mac = rules.spelt(event)
            if position != place or mac != macs.of(canonical):
                return False
            leaves.append(sha256(b"\x00" + canonical).digest())
    except (ValueError, TypeError, LookupError):
        return False
    return rules.merkle_root(leaves) == seal.root


def _what_is_broken(seal: Seal, event_key: str, bare_until: int) -> Iterator[Broken]:
    """The slow way: reads each event as it is, and says which does not hold; nothing where all do."""
    events = queries.events_of(seal.id)
    for event in events:
        if isinstance(event, int):
            yield Broken(what="event_missing", seal_id=seal.id, event_id=event)
    if len(events) != seal.count:
        yield Broken(what="count", seal_id=seal.id)
    read = [event for event in events if isinstance(event, Event)]
    forged = [
        event.id
        for event in read
        if not (rules.genuine(event, event_key) or (event.mac is None and seal.id <= bare_until))
    ]
    if rules.merkle_root([rules.leaf(event) for event in read]) != seal.root:
        yield Broken(what="event_changed", seal_id=seal.id, event_id=next(iter(forged), None))
    for number in forged:
        yield Broken(what="forged", seal_id=seal.id, event_id=number)
    if queries.positions_of(seal.id) != list(range(seal.count)):
        yield Broken(what="event_changed", seal_id=seal.id)


def _last_seal_without_macs(event_key: str) -> int:
    """The last seal whose events may lack a mac, as the upgrade wrote it into the trail; 0 where there is none."""
    seal_ids = [int((event.after or {}).get("seal_id", 0)) for event in _genuine(rules.MACS_BEGIN, event_key=event_key)]
    return max(seal_ids, default=0)


def _heads_gone(heads: Sequence[Head], event_key: str) -> Iterator[Broken]:
    """Heads that the trail says were published and that are not there, or another one in their place."""
    roots = {head.id: head.root for head in heads}
    for event in _genuine(rules.PUBLISH, event_key=event_key):
        published = event.after or {}
        if roots.get(published["head"]) != published["root"]:
            yield Broken(what="head_gone", head_id=published["head"])


def _genuine(action: str, *, event_key: str) -> Iterator[Event]:
    for event in queries.of_trail(action):
        if isinstance(event, Event) and rules.genuine(event, event_key):
            yield event
