"""Who reads a page: the firms they belong to, and what waits for them there. For the head of every page."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import exists, func, select

from labshare.booking.models import Booking
from labshare.booking.terms import BookingState
from labshare.catalogue.models import Lab
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.terms import OfficialRole
from labshare.notices.models import Notice
from labshare.organisations.models import Firm
from labshare.rewards.queries.grades import lists_waiting_for
from labshare.settlement.models import Payment
from labshare.settlement.queries.missing import papers_waiting


@dataclass(frozen=True)
class OwnFirm:
    """A firm the reader is a member of."""

    id: int
    name: str
    name_en: str | None
    role: str
    verified: bool
    has_labs: bool
    town: str | None = None


def firms_and_waiting(
    actor: Actor, person_id: int, memberships: Mapping[int, str]
) -> tuple[tuple[OwnFirm, ...], dict[str, int]]:
    """The firms of these memberships (firm id → role) by name, and how much waits for the person acting as `actor`:
    `unread` notices and, as far as they are theirs to do, `requests`, `papers`, `firms`, `payers`, `grades`. One
    statement."""
    counts = {
        "unread": select(func.count()).select_from(Notice).where(Notice.person_id == person_id, Notice.unread),
        **_waiting(actor),
    }
    columns = [counting.scalar_subquery().label(name) for name, counting in counts.items()]
    if not memberships:
        return (), dict(db.session.execute(select(*columns)).one()._mapping)
    has_labs = exists().where(Lab.firm_id == Firm.id).correlate(Firm)
    rows = db.session.execute(
        select(Firm.id, Firm.name, Firm.name_en, Firm.town, Firm.verified, has_labs.label("has_labs"), *columns)
        .where(Firm.id.in_(list(memberships)))
        .order_by(Firm.name)
    ).all()
    firms = tuple(
        OwnFirm(
            row.id, row.name, row.name_en, memberships[row.id], row.verified, bool(row.has_labs),
            row.town,
        )
        for row in rows
    )  # fmt: skip
    return firms, {name: getattr(rows[0], name) for name in counts} if rows else {"unread": 0}


def _waiting(actor: Actor) -> dict[str, Any]:
    """The counts as selects."""
    counts: dict[str, Any] = {}
    if actor.firm_id is not None:
        counts["requests"] = (
            select(func.count())
            .select_from(Booking)
            .where(Booking.lab_firm_id == actor.firm_id, Booking.state == BookingState.REQUESTED)
        )
        counts["papers"] = papers_waiting(actor.firm_id)
    if actor.roles & {"admin"}:
        counts["firms"] = select(func.count()).select_from(Firm).where(Firm.waits)
    if actor.roles & {OfficialRole.OFFICER}:
        counts["payers"] = select(func.count()).select_from(Payment).where(Payment.payer_waits)
    if actor.roles & {OfficialRole.OFFICER, OfficialRole.APPROVER}:
        counts["grades"] = lists_waiting_for(actor)
    return counts
