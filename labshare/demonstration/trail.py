"""Events of the audit trail, as the services write them, gathered and written in order of time."""

import pickle
from array import array
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import current_app
from sqlalchemy import insert, literal, select

from labshare.audit import rules
from labshare.audit.models import AuditEvent, AuditLeaf, AuditSeal
from labshare.audit.queries import last_seal
from labshare.audit.services import signing_key
from labshare.demonstration.rows import Rows, spelled, to_json
from labshare.kernel.signing import sign

COLUMNS = (
    "id",
    "at",
    "person_id",
    "firm_id",
    "action",
    "subject_type",
    "subject_id",
    "before",
    "after",
    "refused",
    "mac",
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Stretch:
    """Events numbered on from the first, for one seal."""

    first: int
    count: int
    root: str


def stretches(first: int, leaves: Sequence[bytes], batch: int) -> list[Stretch]:
    """These events, the first of them with this number, for seals of so many."""
    parts = (leaves[start : start + batch] for start in range(0, len(leaves), batch))
    return [Stretch(first + n * batch, len(part), rules.merkle_root(part)) for n, part in enumerate(parts)]


class Trail:
    """Events waiting to be written; `catch_up` writes them in order of time. A county's quarter of a million wait as
    bytes in one piece: as objects they would take twice the room, and keep that of everything drawn between them."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self.recorded = bytearray()
        self.ends = array("q")
        """Where each event ends in it."""
        self.moments = array("q")
        """Of each event, in microseconds."""
        self.waiting: deque[int] = deque()
        """Which of them, in order of time."""
        self.in_order = 0
        """So many have been put in order."""
        self.key = str(current_app.config["EVENT_KEY"])

    def record(
        self,
        at: datetime,
        *,
        person_id: int | None,
        firm_id: int | None,
        action: str,
        subject: tuple[str, object],
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
    ) -> None:
        """As `audit.services.record`; dates and moments become ISO text."""
        event = (
            person_id,
            firm_id,
            action,
            subject[0],
            str(subject[1]),
            None if before is None else to_json(before),
            None if after is None else to_json(after),
        )
        self.recorded += pickle.dumps(event)
        self.ends.append(len(self.recorded))
        self.moments.append((at - EPOCH) // MICROSECOND)

    def catch_up(self, until: datetime) -> list[bytes]:
        """Write the events up to this moment after those that services have written meanwhile. Returns their leaves."""
        self.rows.session.flush()
        self.rows.find_number(AuditEvent)
        leaves = self.write(until)
        self.rows.continue_numbering("audit_event")
        return leaves

    def write(self, until: datetime) -> list[bytes]:
        """Write the events up to this moment in order of time, numbered on; they wait no more. Returns their leaves."""
        leaves: list[bytes] = []
        self.rows.write_tuples(AuditEvent.__table__, COLUMNS, self._take(until, leaves))
        return leaves

    def _take(self, until: datetime, leaves: list[bytes]) -> Iterator[list[Any]]:
        macs, number = rules.Macs(self.key), self.rows.counters["audit_event"]
        for at, event in self._due(until):
            number += 1
            canonical, _no_mac = rules.spelt((number, spelled(at), *event, False, None))
            leaves.append(rules.leaf_of(canonical))
            yield [number, at, *event, False, macs.of(canonical)]
        self.rows.counters["audit_event"] = number

    def _due(self, until: datetime) -> Iterator[tuple[datetime, tuple[Any, ...]]]:
        """The events up to this moment: when, and what else they say; those of one moment as they were recorded."""
        if self.in_order != len(self.moments):
            fresh = range(self.in_order, len(self.moments))
            self.waiting = deque(sorted((*self.waiting, *fresh), key=self.moments.__getitem__))
            self.in_order = len(self.moments)
        last = (until - EPOCH) // MICROSECOND
        while self.waiting and self.moments[self.waiting[0]] <= last:
            place = self.waiting.popleft()
            begin = self.ends[place - 1] if place else 0
            event = pickle.loads(memoryview(self.recorded)[begin : self.ends[place]])  # noqa: S301 - our own
            yield EPOCH + self.moments[place] * MICROSECOND, event
        if not self.waiting:
            self.recorded, self.ends, self.moments, self.in_order = bytearray(), array("q"), array("q"), 0

    def seal(self, stretches: Sequence[Stretch], at: datetime) -> None:
        """Seal events that were just written: `audit.services.seal` would read every one of them again. The chain goes
        on from the last seal."""
        session, key = self.rows.session, signing_key()
        last = last_seal()
        previous_root = last.root if last else rules.NOTHING_BEFORE
        for each in stretches:
            row = {"sealed_at": at, "count": each.count, "root": each.root, "previous_root": previous_root}
            made = AuditSeal(**row, signature=sign(key, rules.signed_text_of_seal(**row)))  # type: ignore[arg-type]
            session.add(made)
            session.flush()
            places = select(AuditEvent.id, literal(made.id), AuditEvent.id - each.first)
            its = AuditEvent.id.between(each.first, each.first + each.count - 1)
            session.execute(insert(AuditLeaf).from_select(["event_id", "seal_id", "position"], places.where(its)))
            previous_root = each.root
