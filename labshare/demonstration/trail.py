"""Events of the audit trail, as the services write them, gathered and written in order of time."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from labshare.audit.models import AuditEvent
from labshare.demonstration.rows import Rows


class Trail:
    """Events waiting to be written; `catch_up` writes them in order of time."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self.waiting: list[tuple[datetime, int, dict[str, Any]]] = []
        self.recorded = 0
        self.sorted = 0

    def record(
        self,
        at: datetime,
        person_id: int | None,
        firm_id: int | None,
        action: str,
        subject: tuple[str, object],
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
    ) -> None:
        """As `audit.services.record`; dates and moments become ISO text."""
        self.recorded += 1
        self.waiting.append((at, self.recorded, {
            "at": at, "person_id": person_id, "firm_id": firm_id, "action": action, "subject_type": subject[0],
            "subject_id": str(subject[1]), "before": _plain(before), "after": _plain(after),
        }))  # fmt: skip

    def catch_up(self, until: datetime) -> None:
        """Write the events up to this moment, after those that services have written meanwhile."""
        if self.sorted != len(self.waiting):
            self.waiting.sort(key=lambda entry: entry[:2], reverse=True)
            self.sorted = len(self.waiting)
        self.rows.session.flush()
        self.rows.find_number(AuditEvent)
        while self.waiting and self.waiting[-1][0] <= until:
            self.rows.add(AuditEvent, **self.waiting.pop()[2])
        self.sorted = len(self.waiting)
        self.rows.write()
        self.rows.continue_numbering("audit_event")


def _plain(values: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if values is None:
        return None
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}
