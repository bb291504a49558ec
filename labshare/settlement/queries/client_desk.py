"""What a client's dashboard shows: what waits for the firm, what comes next, what was spent and is still owed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Date, Select, and_, bindparam, case, func, select
from sqlalchemy.orm import contains_eager, joinedload

from labshare.booking.models import Approval, Booking, Charge, ForClient, Proposal
from labshare.booking.queries.for_clients import made_for_us
from labshare.booking.terms import BookingState
from labshare.catalogue.models import TestItem
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.money import Fen
from labshare.kernel.months import Month
from labshare.kernel.shapes import NOW, TODAY, parameters, whoever
from labshare.kernel.time import local_day
from labshare.organisations.permissions import may, visible
from labshare.settlement.models import Dispute, Inquiry, Report
from labshare.settlement.queries.inquiries import inquiries_to_choose
from labshare.settlement.queries.owed import owed
from labshare.settlement.queries.reports import stands_on
from labshare.settlement.queries.spending import paid_by_month

NEW_REPORT_DAYS = 14
"""A report counts as newly arrived for so many days."""
AT_MOST = 6
"""Rows of each list; the list of bookings has the rest."""


@dataclass(frozen=True, kw_only=True)
class ClientDesk:
    sees_money: bool
    for_us: Sequence[ForClient]
    """Booked for the firm by labs after a call, which the actor may accept."""
    approvals: Sequence[Approval]
    """Bookings inside the firm that the actor may approve."""
    proposals: Sequence[Proposal]
    charges: Sequence[Charge]
    disputes: Sequence[Dispute]
    """Answered by the lab; we say what is to come of it."""
    inquiries: Sequence[Inquiry]
    """Answered by labs; one answer is taken, or the request closed."""
    to_pay: Sequence[Booking]
    samples: Sequence[Booking]
    """Confirmed and starting within two days: the samples must come."""
    reports: Sequence[Report]
    upcoming: Sequence[Booking]
    months: Sequence[tuple[Month, int]]
    """Paid less refunds, fen, of each month of this year up to the present one."""
    owed_fen: Fen
    """Invoiced and not paid."""
    owing: int
    """Bookings with such an amount."""
    not_invoiced_fen: Fen
    """Charged for finished work and not invoiced yet."""
    upcoming_count: int
    all_count: int

    @property
    def spent_fen(self) -> Fen:
        """Paid this year less refunds, fen."""
        return sum(fen for _month, fen in self.months)


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """What the desk asks of all whose roles are the same: firm, moment and days are parameters when it is sent."""

    sums: Select[Any]
    proposals: Select[Any]
    charges: Select[Any]
    disputes: Select[Any]
    to_pay: Select[Any]
    reports: Select[Any]
    upcoming: Select[Any]


@lru_cache(64)
def _asked(shape: Actor) -> _Asked:
    """Put together once."""
    actor = whoever(shape)
    ours = and_(
        Booking.client_firm_id == actor.firm_id,
        visible(actor, "booking.see", client=Booking.client_firm_id, lab=Booking.lab_firm_id),
    )
    ahead = and_(Booking.state.in_(BookingState.awaiting_samples()), Booking.ends_at > NOW)
    tested = Booking.state.in_(BookingState.tested_or_later())
    return _Asked(
        sums=select(
            func.count(),
            func.sum(case((ahead, 1), else_=0)),
            func.sum(case((Booking.owes, 1), else_=0)),
            func.sum(owed()),
            func.sum(case((tested, Booking.charged_fen - Booking.invoiced_fen), else_=0)),
        ).where(ours),
        proposals=select(Proposal)
        .join(Booking, Booking.id == Proposal.booking_id)
        .where(ours, Proposal.open_at(NOW))
        .options(*_through(Proposal.booking))
        .order_by(Proposal.answer_by, Proposal.id)
        .limit(AT_MOST),
        charges=select(Charge)
        .join(Booking, Booking.id == Charge.booking_id)
        .where(ours, Charge.open_at(NOW))
        .options(*_through(Charge.booking), joinedload(Charge.extra))
        .order_by(Charge.entered_at, Charge.id)
        .limit(AT_MOST),
        disputes=select(Dispute)
        .join(Booking, Booking.id == Dispute.booking_id)
        .where(ours, Dispute.waits_for_client)
        .options(*_through(Dispute.booking))
        .order_by(Dispute.answered_at, Dispute.id)
        .limit(AT_MOST),
        to_pay=_bookings(ours, Booking.owes),
        reports=select(Report)
        .join(Booking, Booking.id == Report.booking_id)
        .where(ours, Report.issued_on > bindparam("new_since", type_=Date), stands_on(TODAY))
        .options(*_through(Report.booking))
        .order_by(Report.issued_on.desc(), Report.id.desc())
        .limit(AT_MOST),
        upcoming=_bookings(ours, ahead),
    )


def client_desk(actor: Actor, now: datetime) -> ClientDesk:
    """The desk of the firm acted for; empty without one. Eleven statements, money in fen."""
    asked, today = _asked(actor.shape), local_day(now)
    given = {**parameters(actor, now), "new_since": today - timedelta(days=NEW_REPORT_DAYS)}

    def rows(statement: Select[Any]) -> Sequence[Any]:
        return db.session.scalars(statement, given).all()

    sums = db.session.execute(asked.sums, given).one()
    sees_money = may(actor, "money.see", client=actor.firm_id)
    upcoming = rows(asked.upcoming)
    return ClientDesk(
        sees_money=sees_money,
        for_us=made_for_us(actor, now, limit=AT_MOST),
        approvals=_approvals(actor, now),
        proposals=rows(asked.proposals),
        charges=rows(asked.charges) if sees_money else (),
        disputes=rows(asked.disputes),
        inquiries=_inquiries(actor, now),
        to_pay=rows(asked.to_pay) if sees_money else (),
        samples=[each for each in upcoming if each.samples_due_at(now)],
        reports=rows(asked.reports),
        upcoming=upcoming,
        months=paid_by_month(actor, Month(today.year, 1), Month.of(today)),
        all_count=sums[0],
        upcoming_count=sums[1] or 0,
        owing=sums[2] or 0 if sees_money else 0,
        owed_fen=Fen(int(sums[3] or 0) if sees_money else 0),
        not_invoiced_fen=Fen(int(sums[4] or 0) if sees_money else 0),
    )


def _inquiries(actor: Actor, now: datetime) -> Sequence[Inquiry]:
    if not may(actor, "inquiry.close", client=actor.firm_id):
        return ()
    return inquiries_to_choose(actor.firm_id, now, limit=AT_MOST)


def _approvals(actor: Actor, now: datetime) -> Sequence[Approval]:
    if not may(actor, "approval.decide", client=actor.firm_id):
        return ()
    return db.session.scalars(
        select(Approval)
        .where(Approval.firm_id == actor.firm_id, Approval.open_at(now))
        .options(joinedload(Approval.test_item).joinedload(TestItem.lab), joinedload(Approval.person))
        .order_by(Approval.answer_by, Approval.id)
        .limit(AT_MOST)
    ).all()


def _through(way: Any) -> tuple[Any, ...]:
    """The booking that the statement joined already, with what a line about it names."""
    return (contains_eager(way).joinedload(Booking.lab), contains_eager(way).joinedload(Booking.test_item))


def _bookings(*where: ColumnElement[bool]) -> Select[Any]:
    return (
        select(Booking)
        .where(*where)
        .options(
            joinedload(Booking.lab),
            joinedload(Booking.lab_firm),
            joinedload(Booking.test_item),
            joinedload(Booking.instrument),
        )
        .order_by(Booking.starts_at, Booking.id)
        .limit(AT_MOST)
    )
