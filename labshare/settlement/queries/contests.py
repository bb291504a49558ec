"""Documents that a client may contest, and contests that wait for a regulator (R-CONTEST)."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, func, literal, not_, or_, select, union_all

from labshare.booking.models import Booking
from labshare.booking.queries.loading import working_days
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.terms import OfficialRole
from labshare.kernel.time import local_day, local_zone
from labshare.organisations.permissions import lies_in, may
from labshare.settlement.models import BookingHold, Contest, Invoice, InvoiceLine, Payment, Report
from labshare.settlement.rules.contests import contest_until, decides
from labshare.settlement.terms import DocumentKind


@dataclass(frozen=True)
class Contestable:
    """A document of a booking; `until`: from this moment on it is too late to contest it."""

    kind: DocumentKind
    id: int
    number: str
    until: datetime
    contested: bool

    @property
    def name(self) -> str:
        """As it is named to the service: `payment-7`."""
        return f"{self.kind}-{self.id}"

    @property
    def last_day(self) -> date:
        return local_day(self.until - timedelta(minutes=1))

    def open_at(self, moment: datetime) -> bool:
        return not self.contested and moment < self.until


def contestable(actor: Actor, booking: Booking) -> list[Contestable]:
    """The documents of a booking that the actor sees as its client, each with the moment until which it can be
    contested, oldest first; withdrawn reports left out. At most three statements."""
    selects = [_select(DocumentKind.REPORT, booking, Report.id, Report.number, Report.recorded_at, ~Report.withdrawn)]
    if may(actor, "money.see", client=booking.client_firm_id):
        selects += [
            _select(
                DocumentKind.INVOICE, booking, InvoiceLine.invoice_id, Invoice.number, InvoiceLine.recorded_at
            ).join(Invoice, Invoice.id == InvoiceLine.invoice_id),
            _select(DocumentKind.PAYMENT, booking, Payment.id, Payment.reference, Payment.recorded_at),
        ]
    rows = db.session.execute(union_all(*selects).order_by("recorded_at", "id")).all()
    if not rows:
        return []
    holds, contested = [], set()
    for held_at, released_at, kind, document_id in db.session.execute(
        select(BookingHold.held_at, BookingHold.released_at, Contest.kind, Contest.document_id)
        .join(Contest, Contest.hold_id == BookingHold.id, isouter=True)
        .where(BookingHold.booking_id == booking.id)
    ):
        holds.append((held_at, released_at))
        contested.add((kind, document_id))
    until = partial(contest_until, holds=holds, days=working_days(), zone=local_zone())
    return [
        Contestable(DocumentKind(kind), id, number, until(recorded_at), (kind, id) in contested)
        for kind, id, number, recorded_at in rows
    ]


def _select(
    kind: DocumentKind, booking: Booking, id: Any, number: Any, recorded_at: Any, *wanted: ColumnElement[bool]
) -> Select[Any]:
    named = {"kind": literal(str(kind)), "id": id, "number": number, "recorded_at": recorded_at}
    columns = [column.label(name) for name, column in named.items()]
    return select(*columns).where(id.class_.booking_id == booking.id, *wanted)


def decides_contest(actor: Actor, contest: Contest, division: str, now: datetime) -> bool:
    """Whether the actor is one of those who decide it at this moment."""
    return decides_now(actor, "contest.decide", division=division, late=contest.late_at(now))


def decides_now(actor: Actor, action: str, *, division: str, late: bool) -> bool:
    """Whether the actor, who may take this action there, is one of those whose turn it is: the county's officers, or
    once it is late its approvers."""
    return may(actor, action, division=division) and any(
        decides(role=role, prefix=actor.prefix(role), division=division, late=late)
        for role in (OfficialRole.OFFICER, OfficialRole.APPROVER)
    )


def contests_waiting(actor: Actor, now: Any, *, role: OfficialRole) -> Select[Any]:
    """How many contests wait for the actor as an officer, or as an approver, as a select."""
    turn = whose_turn(actor, role, division=Booking.division, late=Contest.late_at(now))
    return select(func.count(Contest.id)).join(Contest.booking).where(Contest.undecided, turn)


def whose_turn(actor: Actor, role: OfficialRole, *, division: Any, late: ColumnElement[bool]) -> ColumnElement[bool]:
    """`decides_now` in SQL: whether it is for the actor in this role."""
    prefix = actor.prefix(role)
    if prefix is None:
        return false()
    within = lies_in(division, prefix)
    if role == OfficialRole.APPROVER:
        return and_(within, late)
    return and_(within, or_(func.length(division) > len(prefix), not_(late)))
