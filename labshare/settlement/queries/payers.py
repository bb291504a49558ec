"""Payers other than the client: those that wait for officers or a second person, and the county's limit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, false, func, select
from sqlalchemy.orm import joinedload

from labshare.accounts.models import Person
from labshare.booking.models import Booking
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.money import Fen
from labshare.kernel.terms import OfficialRole
from labshare.organisations.links import Link
from labshare.organisations.models import Firm
from labshare.organisations.permissions import lies_in, may, visible
from labshare.organisations.queries.affiliations import links_of
from labshare.settlement.models import PayerAcceptance, PayerLimit, Payment
from labshare.settlement.terms import PayerVerdict

UNLESS_SET = Fen(2_000_000)
"""The limit of a county that has set none, nor has a division around it."""


@dataclass(frozen=True)
class PayerToDecide:
    """A payment by another payer than the client; `payer` is the firm of that code, if it is registered."""

    payment: Payment
    booking: Booking
    payer: Firm | None
    decided_by: str | None
    """The name of who decided."""
    ties: tuple[str, ...]
    """Kinds of affiliation between the payer and the client, in force on the day of payment."""
    lab_ties: tuple[str, ...]
    """The same between the payer and the lab's own firm."""
    acceptance: PayerAcceptance | None
    """An officer's yes that waits for a second person."""
    second: bool
    """Whether the actor may be that second person."""


def payers(actor: Actor, *, waiting: bool = True, limit: int = 50, offset: int = 0) -> Sequence[PayerToDecide]:
    """Payments by another payer: those that wait, the oldest first; else those decided, the latest first."""
    order = (Payment.id,) if waiting else (Payment.decided_at.desc(), Payment.id.desc())
    rows = db.session.execute(
        select(Payment, Booking, Firm, Person.name, PayerAcceptance)
        .join(Booking, Booking.id == Payment.booking_id)
        .outerjoin(Firm, Firm.uscc == Payment.payer_uscc)
        .outerjoin(Person, Person.id == Payment.decided_by)
        .outerjoin(PayerAcceptance, and_(PayerAcceptance.payment_id == Payment.id, PayerAcceptance.waits))
        .options(
            joinedload(PayerAcceptance.first),
            joinedload(Booking.client),
            joinedload(Booking.lab),
            joinedload(Booking.test_item),
            joinedload(Payment.file),
        )
        .where(*_other_payers(actor, waiting))
        .order_by(*order)
        .limit(limit)
        .offset(offset)
    ).all()
    ties = _ties({firm.id for _, _, firm, _, _ in rows if firm is not None})

    def between(firm: Firm | None, other_id: int, day: date) -> tuple[str, ...]:
        if firm is None:
            return ()
        found = ties.get((firm.id, other_id), []) + ties.get((other_id, firm.id), [])
        return tuple(sorted({link.kind for link in found if link.holds_on(day)}))

    return [
        PayerToDecide(
            payment,
            booking,
            firm,
            decided_by,
            ties=between(firm, booking.client_firm_id, payment.paid_on),
            lab_ties=between(firm, booking.lab_firm_id, payment.paid_on),
            acceptance=acceptance,
            second=acceptance is not None
            and acceptance.accepted_by != actor.person_id
            and may(actor, "payment.confirm_payer", division=booking.division),
        )
        for payment, booking, firm, decided_by, acceptance in rows
    ]


def _ties(firm_ids: set[int]) -> dict[tuple[int, int], list[Link]]:
    """(firm, other firm) → the affiliations that touch these firms. One statement."""
    found: dict[tuple[int, int], list[Link]] = {}
    for link in links_of(firm_ids) if firm_ids else ():
        found.setdefault((link.firm, link.other), []).append(link)
    return found


def payers_waiting(actor: Actor, role: OfficialRole) -> Select[Any]:
    """How many payments of another payer wait for the actor as an officer, or for a second person and so for the actor
    as an approver, as a select."""
    accepted = exists().where(PayerAcceptance.payment_id == Payment.id, PayerAcceptance.waits)
    prefix = actor.prefix(role)
    return (
        select(func.count(Payment.id))
        .join(Booking, Booking.id == Payment.booking_id)
        .where(
            Payment.payer_waits,
            accepted if role == OfficialRole.APPROVER else ~accepted,
            lies_in(Booking.division, prefix) if prefix is not None else false(),
        )
    )


def count_payers(actor: Actor, *, waiting: bool = True) -> int:
    return (
        db.session.scalar(
            select(func.count(Payment.id))
            .join(Booking, Booking.id == Payment.booking_id)
            .where(*_other_payers(actor, waiting))
        )
        or 0
    )


def _other_payers(actor: Actor, waiting: bool) -> list[ColumnElement[bool]]:
    return [
        visible(actor, "payer.see", division=Booking.division),
        Payment.payer_waits if waiting else Payment.payer_decided,
    ]


def waiting_acceptance(payment_id: int) -> PayerAcceptance | None:
    """An officer's yes to this payment that waits for a second person."""
    return db.session.scalar(
        select(PayerAcceptance)
        .where(PayerAcceptance.payment_id == payment_id, PayerAcceptance.waits)
        .execution_options(populate_existing=True)
    )


def payer_limit(division: str) -> Fen:
    """That of one county, as in `payer_limits`."""
    return payer_limits({division})[division]


def payer_limits(divisions: set[str]) -> dict[str, Fen]:
    """From what sum on another payer needs two persons, by county: what was set last for the smallest division around
    it. One statement."""
    around = {each: [each[:length] for length in range(len(each), -1, -1)] for each in divisions}
    latest = select(func.max(PayerLimit.id)).group_by(PayerLimit.division)
    known = {
        row.division: row.amount_fen
        for row in db.session.scalars(
            select(PayerLimit).where(
                PayerLimit.id.in_(
                    latest.where(PayerLimit.division.in_({each for one in around.values() for each in one}))
                )
            )
        )
    }
    return {
        division: next((known[each] for each in wider if each in known), UNLESS_SET)
        for division, wider in around.items()
    }


def with_this_payer(booking: Booking, payment: Payment) -> Fen:
    """What the payer of `payment`, it included, paid for clients of the booking's lab in that calendar year and counts.
    The payer's payments there are locked, so that no two of them pass below the limit side by side. One statement."""
    year = payment.paid_on.year
    rows = db.session.execute(
        select(Payment.id, Payment.amount_fen, Payment.payer_verdict)
        .join(Booking, Booking.id == Payment.booking_id)
        .where(
            Payment.by_client.is_(False),
            Payment.payer_uscc == payment.payer_uscc,
            Booking.lab_id == booking.lab_id,
            Payment.paid_on.between(date(year, 1, 1), date(year, 12, 31)),
        )
        .order_by(Payment.id)
        .with_for_update(of=Payment)
    )
    return Fen(sum(fen for id, fen, verdict in rows if id == payment.id or verdict == PayerVerdict.ACCEPTED))
