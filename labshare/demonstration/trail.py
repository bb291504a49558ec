"""Events of the audit trail, as the services write them, gathered and written in order of time."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from flask import current_app

from labshare.audit import rules
from labshare.audit.models import AuditEvent, AuditLeaf, AuditSeal
from labshare.audit.queries import last_seal
from labshare.audit.services import signing_key
from labshare.demonstration.rows import Rows, to_json
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

    def catch_up(self, until: datetime) -> None:
        """Write the events up to this moment, after those that services have written meanwhile."""
        self.rows.session.flush()
        self.rows.find_number(AuditEvent)
        due = [[*event, rules.mac(read, self.key)] for event, read in self.take(until)]
        self.rows.write_tuples(AuditEvent.__table__, COLUMNS, due)
        self.rows.continue_numbering("audit_event")

    def take(self, until: datetime) -> Iterator[tuple[list[Any], rules.Event]]:
        """The events up to this moment in order of time, numbered, as they are written, but for their mac, and as they
        will be read again. They wait no more."""
        if self.sorted != len(self.waiting):
            self.waiting.sort(key=lambda event: event[:2], reverse=True)
        while self.waiting and self.waiting[-1][0] <= until:
            at, _recorded, *who_and_what, before, after = self.waiting.pop()
            self.rows.counters["audit_event"] += 1
            number = self.rows.counters["audit_event"]
            values = (None if text is None else json.loads(text) for text in (before, after))
            named = zip(rules.EVENT_FIELDS, (number, at, *who_and_what, *values, False), strict=False)
            read = rules.Event(**dict(named))
            yield [number, at, *who_and_what, before, after, False], read
        self.sorted = len(self.waiting)

    def seal(self, leaves: Sequence[tuple[int, bytes]], at: datetime, batch: int) -> None:
        """Seal events that were just written, by their numbers and leaves: `audit.services.seal` would read every one
        of them again. The chain goes on from the last seal."""
        session, key = self.rows.session, signing_key()
        last = last_seal()
        previous_root = last.root if last else rules.NOTHING_BEFORE
        for start in range(0, len(leaves), batch):
            part = leaves[start : start + batch]
            root = rules.merkle_root([leaf for _number, leaf in part])
            said = {"sealed_at": at, "count": len(part), "root": root, "previous_root": previous_root}
            made = AuditSeal(**said, signature=sign(key, rules.said_by_seal(**said)))  # type: ignore[arg-type]
            session.add(made)
            session.flush()
            places = ([number, made.id, place] for place, (number, _leaf) in enumerate(part))
            self.rows.send(AuditLeaf.__table__, ("event_id", "seal_id", "position"), places)  # type: ignore[arg-type]
            previous_root = root
