"""Events of the audit trail, as the services write them, gathered and written in order of time."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import current_app

from labshare.audit import rules
from labshare.audit.models import AuditEvent
from labshare.demonstration.rows import Rows, to_json

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
        if self.sorted != len(self.waiting):
            self.waiting.sort(key=lambda event: event[:2], reverse=True)
        self.rows.session.flush()
        self.rows.find_number(AuditEvent)
        number = self.rows.counters["audit_event"]
        due: list[list[Any]] = []
        while self.waiting and self.waiting[-1][0] <= until:
            at, _recorded, *event = self.waiting.pop()
            number += 1
            due.append([number, at, *event, False, self._mac(number, at, *event)])
        self.sorted = len(self.waiting)
        self.rows.counters["audit_event"] = number
        self.rows.write_tuples(AuditEvent.__table__, COLUMNS, due)
        self.rows.continue_numbering("audit_event")

    def _mac(self, number: int, at: datetime, *event: Any) -> str:
        """The one of the event that will be read again: its values are JSON text here."""
        *who_and_what, before, after = event
        values = (None if text is None else json.loads(text) for text in (before, after))
        named = zip(rules.EVENT_FIELDS, (number, at, *who_and_what, *values, False), strict=False)
        return rules.mac(rules.Event(**dict(named)), self.key)
