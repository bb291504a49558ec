"""Events of the audit trail, as the services write them, gathered and written in order of time."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
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
    """Events waiting to be written; `catch_up` writes them in order of time."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self.waiting: list[tuple[Any, ...]] = []
        self.recorded = 0
        self.sorted = 0
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
        self.recorded += 1
        self.waiting.append(
            (
                at,
                self.recorded,
                person_id,
                firm_id,
                action,
                subject[0],
                str(subject[1]),
                None if before is None else to_json(before),
                None if after is None else to_json(after),
            )
        )

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
        if self.sorted != len(self.waiting):
            self.waiting.sort(key=lambda event: event[:2], reverse=True)
        macs, number = rules.Macs(self.key), self.rows.counters["audit_event"]
        while self.waiting and self.waiting[-1][0] <= until:
            at, _recorded, *said = self.waiting.pop()
            number += 1
            canonical, _no_mac = rules.spelt((number, spelled(at), *said, False, None))
            leaves.append(rules.leaf_of(canonical))
            yield [number, at, *said, False, macs.of(canonical)]
        self.rows.counters["audit_event"] = number
        self.sorted = len(self.waiting)

    def seal(self, stretches: Sequence[Stretch], at: datetime) -> None:
        """Seal events that were just written: `audit.services.seal` would read every one of them again. The chain goes
        on from the last seal."""
        session, key = self.rows.session, signing_key()
        last = last_seal()
        previous_root = last.root if last else rules.NOTHING_BEFORE
        for each in stretches:
            said = {"sealed_at": at, "count": each.count, "root": each.root, "previous_root": previous_root}
            made = AuditSeal(**said, signature=sign(key, rules.said_by_seal(**said)))  # type: ignore[arg-type]
            session.add(made)
            session.flush()
            places = select(AuditEvent.id, literal(made.id), AuditEvent.id - each.first)
            its = AuditEvent.id.between(each.first, each.first + each.count - 1)
            session.execute(insert(AuditLeaf).from_select(["event_id", "seal_id", "position"], places.where(its)))
            previous_root = each.root
