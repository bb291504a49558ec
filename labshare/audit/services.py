"""Writing to the trail."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from labshare.audit.models import AuditAddress, AuditEvent
from labshare.kernel.actor import Actor
from labshare.kernel.database import db, transaction
from labshare.kernel.errors import Problem


def record(
    actor: Actor,
    now: datetime,
    action: str,
    subject: tuple[str, object],
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    *,
    refused: bool = False,
) -> AuditEvent:
    """Write one event in the running transaction (contract section 8).

    `subject` is (type, id or reference); `before` and `after` hold ids and values that JSON can carry (dates and
    moments as ISO text), never personal data.
    """
    event = AuditEvent(
        at=now,
        person_id=actor.person_id,
        firm_id=actor.firm_id,
        action=action,
        subject_type=subject[0],
        subject_id=str(subject[1]),
        before=dict(before) if before is not None else None,
        after=dict(after) if after is not None else None,
        refused=refused,
    )
    db.session.add(event)
    if actor.address:
        db.session.flush([event])
        db.session.add(AuditAddress(event_id=event.id, address=actor.address))
    return event


def record_refusal(problem: Problem) -> None:
    """Write a refused attempt on money or rights, in a transaction of its own (after the rollback)."""
    refusal = problem.refusal
    with transaction():
        record(
            refusal.actor,
            refusal.now,
            refusal.action,
            refusal.subject or ("attempt", "-"),
            after={"problem": problem.code, "field": problem.field},
            refused=True,
        )
