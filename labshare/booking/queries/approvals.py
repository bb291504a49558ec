"""What waits for a firm's inside yes, and what was answered."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import joinedload

from labshare.booking.models import Approval
from labshare.catalogue.models import TestItem
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import NotFound
from labshare.organisations.permissions import check, visible


def approvals_waiting(firm_id: Any, now: Any) -> Select[Any]:
    """How many of a firm's bookings wait for its approver, as a select."""
    return select(func.count()).select_from(Approval).where(Approval.firm_id == firm_id, Approval.open_at(now))


def _seen(actor: Actor) -> ColumnElement[bool]:
    return visible(actor, "approval.see", client=Approval.firm_id)


def list_approvals(actor: Actor, *, limit: int, offset: int = 0, before: int | None = None) -> Sequence[Approval]:
    """The firm's, the newest first, with test item, lab and who asked; `before` the id of the last one seen."""
    statement = select(Approval).where(_seen(actor)).options(*_whole()).order_by(Approval.id.desc())
    if before is not None:
        statement = statement.where(Approval.id < before)
    return db.session.scalars(statement.limit(limit).offset(offset)).all()


def count_approvals(actor: Actor) -> int:
    return db.session.scalar(select(func.count()).select_from(Approval).where(_seen(actor))) or 0


def get_approval(actor: Actor, approval_id: int) -> Approval:
    """Raises `NotFound`, also for what one may not see."""
    found = db.session.scalar(select(Approval).where(Approval.id == approval_id, _seen(actor)).options(*_whole()))
    if found is None:
        raise NotFound
    return found


def decided_approval(actor: Actor, approval_id: int) -> None:
    """Whether the actor may answer it. Raises `NotFound`, `NotAllowed`."""
    check(actor, "approval.decide", client=get_approval(actor, approval_id).firm_id)


def asked_approval(actor: Actor, approval_id: int) -> None:
    """Whether it is the actor's own to take back. Raises `NotFound`, `NotAllowed`."""
    check(actor, "approval.ask", client=get_approval(actor, approval_id).firm_id)


def _whole() -> tuple[Any, ...]:
    return (
        joinedload(Approval.test_item).joinedload(TestItem.lab),
        joinedload(Approval.person),
        joinedload(Approval.decider),
        joinedload(Approval.booking),
    )
