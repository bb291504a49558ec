"""The inside yes: bookings above the amount that a firm has set wait for its approver before the lab hears of them.

While one waits its time is held, as for a request, and lapses like one; the lab sees a slot that a client is booking.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from labshare.audit.services import record
from labshare.booking import notifications
from labshare.booking.errors import ApprovalOver, NeedsApproval, PriceChanged, SlotTaken
from labshare.booking.models import Approval, Booking, Holding
from labshare.booking.queries.loading import load_bookable_item
from labshare.booking.queries.slots import alternatives_for
from labshare.booking.rules.answers import Answers, StoredAnswers
from labshare.booking.rules.lifecycle import answer_by
from labshare.booking.rules.rows import time_until_yes
from labshare.booking.services import holdings
from labshare.booking.services.book import NO_ANSWERS, Order, book, feasible_instruments, free_places, order_of
from labshare.booking.services.bookable import check_bookable, client_of
from labshare.booking.terms import ApprovalState, HoldingKind
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import NotFound, ReasonRequired
from labshare.kernel.formatting import plain_money
from labshare.kernel.money import Fen
from labshare.kernel.time import Hours, local_zone
from labshare.kernel.verbs import verb
from labshare.organisations import permissions


@verb("approval.ask", title=_l("Approval asked for"))
def ask_approval(
    *,
    actor: Actor,
    now: datetime,
    test_item_id: int,
    quantity: int,
    starts_at: datetime,
    sample_description: str = "",
    answers: Answers = NO_ANSWERS,
    confidential: bool = False,
    hours: Hours | None = None,
    instrument_id: int | None = None,
    surcharges: Collection[str] = (),
    quote_id: int | None = None,
    hold_id: int | None = None,
    cost_centre: str = "",
    submission: str | None = None,
) -> Approval:
    """Ask the firm's approver for a booking, and hold its time until they answer (R-APPROVAL-1). Raises as `book`; a
    second click finds the first."""
    bookable = check_bookable(actor, load_bookable_item(test_item_id, now, client_id=actor.firm_id))
    client_of(bookable)
    order = order_of(
        actor,
        now,
        bookable,
        quantity=quantity,
        hours=hours,
        starts_at=starts_at,
        instrument_id=instrument_id,
        answers=answers,
        surcharges=surcharges,
        quote_id=quote_id,
    )
    return _ask(
        actor,
        now,
        order,
        sample_description=sample_description,
        confidential=confidential,
        hold_id=hold_id,
        cost_centre=cost_centre,
        submission=submission,
    )


def _ask(
    actor: Actor,
    now: datetime,
    order: Order,
    *,
    sample_description: str,
    confidential: bool,
    hold_id: int | None,
    cost_centre: str,
    submission: str | None,
) -> Approval:
    """For what was ordered, at its price."""
    if submission is not None:
        found = db.session.scalar(
            select(Approval).where(Approval.asked_by == actor.person_id, Approval.submission == submission)
        )
        if found is not None:
            return found
    bookable, work, starts_at, chosen = order.bookable, order.work, order.starts_at, order.chosen
    if order.waived:  # the approver's yes waives nothing
        chosen = feasible_instruments(bookable, work, starts_at, now=now, instrument_id=order.instrument_id)
    lapses = min(
        answer_by(now, starts_at=starts_at, days=bookable.openings.days, zone=local_zone()),
        starts_at - timedelta(minutes=bookable.lab.lead_time_minutes),
    )
    for instrument, rules, unit in free_places(chosen, starts_at, now=now, person_id=actor.person_id, hold_id=hold_id):
        plan = rules.plan(starts_at)
        held = holdings.insert_holding(
            time_until_yes(
                instrument_id=instrument.id,
                unit=unit,
                starts_at=starts_at,
                ends_at=plan.holding_ends_at,
                answer_by=lapses,
                now=now,
            )
        )
        if held is None:
            continue
        made = Approval(
            firm_id=order.client.id,
            asked_by=actor.person_id,
            asked_at=now,
            submission=submission,
            test_item_id=bookable.item.id,
            instrument_id=instrument.id,
            quantity=work.quantity,
            hours=work.hours,
            surcharges=list(order.surcharges),
            quote_id=order.quote.quote.id if order.quote else None,
            starts_at=starts_at,
            ends_at=plan.ends_at,
            sample_description=sample_description,
            answers=order.answers,
            confidential=confidential,
            cost_centre=cost_centre.strip() or None,
            price_fen=order.price.total_fen,
            answer_by=lapses,
            state=ApprovalState.WAITING,
            holding_id=held,
        )
        db.session.add(made)
        db.session.flush()
        record(
            actor,
            now,
            "approval.ask",
            ("approval", made.id),
            after={"test_item_id": made.test_item_id, "price_fen": made.price_fen, "starts_at": starts_at.isoformat()},
        )
        notifications.approval_asked(made, actor=actor, now=now)
        return made
    holdings.give_back(actor.person_id)
    raise SlotTaken(alternatives_for(bookable, work, starts_at))


def book_or_ask(
    *,
    actor: Actor,
    now: datetime,
    sample_description: str,
    confidential: bool,
    hold_id: int | None,
    cost_centre: str,
    submission: str | None,
    **wish: Any,
) -> Booking | Approval:
    """Book what a form says; above the firm's amount ask its approver for the same, as it is priced already
    (R-APPROVAL-1). Raises as `book`."""
    beside: dict[str, Any] = {
        "sample_description": sample_description,
        "confidential": confidential,
        "hold_id": hold_id,
        "cost_centre": cost_centre,
        "submission": submission,
    }
    try:
        return book(actor=actor, now=now, **beside, **wish)
    except NeedsApproval as problem:
        return _ask(actor, now, problem.order, **beside)


@verb("approval.approve", title=_l("Booking approved"), money=True)
def approve(*, actor: Actor, now: datetime, approval_id: int, price_fen: Fen) -> Booking:
    """Say yes to what was seen at `price_fen`: the booking is made for whoever asked, at the price of today
    (R-APPROVAL-2). Raises `ApprovalOver`, `PriceChanged`, and what `book` raises."""
    found = _decided(actor, now, approval_id)
    _give_time_back(found)
    booking = book(
        actor=actor,
        now=now,
        test_item_id=found.test_item_id,
        quantity=found.quantity,
        starts_at=found.starts_at,
        sample_description=found.sample_description,
        answers=StoredAnswers(found.answers),
        confidential=found.confidential,
        hours=found.hours,
        instrument_id=found.instrument_id,
        surcharges=found.surcharges,
        quote_id=found.quote_id,
        cost_centre=found.cost_centre or "",
        booked_by=found.asked_by,
    )
    if booking.price_fen != price_fen:
        raise PriceChanged(amount=plain_money(booking.price_fen))
    _end(found, ApprovalState.APPROVED, actor, now, "approval.approve")
    found.booking_id = booking.id
    db.session.flush()
    notifications.approval_given(found, booking, actor=actor, now=now)
    return booking


@verb("approval.refuse", title=_l("Booking not approved"), money=True)
def refuse_approval(*, actor: Actor, now: datetime, approval_id: int, reason: str) -> Approval:
    """Say no, with a reason; the time is free again. Raises `ApprovalOver`, `ReasonRequired`."""
    found = _decided(actor, now, approval_id)
    if not reason.strip():
        raise ReasonRequired
    _give_time_back(found)
    found.reason = reason.strip()[:500]
    _end(found, ApprovalState.REFUSED, actor, now, "approval.refuse")
    notifications.approval_refused(found, actor=actor, now=now)
    return found


@verb("approval.withdraw", title=_l("Approval no longer asked for"))
def withdraw_approval(*, actor: Actor, now: datetime, approval_id: int) -> Approval:
    """Take back what one asked for oneself. Raises `NotFound`, `ApprovalOver`."""
    found = _locked(actor, approval_id)
    permissions.check(actor, "approval.ask", client=found.firm_id)
    if found.asked_by != actor.person_id:
        raise NotFound
    if not found.open_at(now):
        raise ApprovalOver
    _give_time_back(found)
    _end(found, ApprovalState.WITHDRAWN, actor, now, "approval.withdraw")
    return found


@verb("approval.lapse", title=_l("Approval not answered in time"))
def lapse_approvals(*, actor: Actor, now: datetime, limit: int = 500) -> int:
    """End what nobody answered in time, and tell who asked. How many. For the system alone."""
    permissions.check(actor, "time.lapse")
    over = db.session.scalars(
        select(Approval).where(Approval.lapses_by(now)).order_by(Approval.id).limit(limit).with_for_update()
    ).all()
    for each in over:
        _end(each, ApprovalState.LAPSED, actor, now, "approval.lapse")
        notifications.approval_lapsed(each, actor=actor, now=now)
    return len(over)


def _locked(actor: Actor, approval_id: int) -> Approval:
    found = db.session.scalar(
        select(Approval).where(Approval.id == approval_id).with_for_update().execution_options(populate_existing=True)
    )
    if found is None or not permissions.may(actor, "approval.see", client=found.firm_id):
        raise NotFound
    return found


def _decided(actor: Actor, now: datetime, approval_id: int) -> Approval:
    """What still waits, for who may decide it."""
    found = _locked(actor, approval_id)
    permissions.check(actor, "approval.decide", client=found.firm_id)
    if not found.open_at(now):
        raise ApprovalOver
    return found


def _give_time_back(found: Approval) -> None:
    """Its own holding, of which nothing but its number is kept: what lapsed meanwhile may be somebody else's."""
    held = db.session.scalar(
        select(Holding.id).where(
            Holding.id == found.holding_id,
            Holding.kind == HoldingKind.OFFER,
            Holding.booking_id.is_(None),
            Holding.held_for.is_(None),
            Holding.instrument_id == found.instrument_id,
            Holding.starts_at == found.starts_at,
        )
    )
    if held is not None:
        holdings.release([held])


def _end(found: Approval, state: ApprovalState, actor: Actor, now: datetime, action: str) -> None:
    found.state, found.decided_at, found.decided_by, found.holding_id = state, now, actor.person_id, None
    db.session.flush()
    record(actor, now, action, ("approval", found.id), {"state": ApprovalState.WAITING}, {"state": state})
