"""Events of the audit trail, as the services write them, gathered and written in order of time."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from labshare.audit.models import AuditEvent
from labshare.demonstration.rows import Rows


class Trail:
    """Events waiting to be written; `flush` hands them to `rows` in order of time."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self.waiting: list[tuple[datetime, int, dict[str, Any]]] = []

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
        self.waiting.append((at, len(self.waiting), {
            "at": at, "person_id": person_id, "firm_id": firm_id, "action": action, "subject_type": subject[0],
            "subject_id": str(subject[1]), "before": _plain(before), "after": _plain(after),
        }))  # fmt: skip

    def flush(self) -> None:
        for _at, _number, event in sorted(self.waiting, key=lambda entry: entry[:2]):
            self.rows.add(AuditEvent, **event)
        self.waiting.clear()


def _plain(values: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if values is None:
        return None
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}
