"""Payers other than the client: an officer lets their money count, above the county's limit a second person too
(R-PAPER-8, R-PAPER-15)."""

from datetime import datetime

from flask_babel import lazy_gettext as _l

from labshare.audit.services import record
from labshare.booking.models import Booking
from labshare.kernel.actor import Actor
from labshare.kernel.database import db, set_columns
from labshare.kernel.errors import NotAllowed, NotFound, Problem, ReasonRequired, raise_all
from labshare.kernel.money import Fen
from labshare.kernel.terms import OfficialRole
from labshare.kernel.time import local_day
from labshare.kernel.verbs import verb
from labshare.organisations.errors import SecondPersonNeeded
from labshare.organisations.permissions import check
from labshare.settlement.errors import LimitOutOfRange, PayerDecidedAlready, PayerIsClient, PayerWaitsForSecond
from labshare.settlement.models import PayerAcceptance, PayerLimit, Payment
from labshare.settlement.queries.payers import payer_limit, waiting_acceptance, with_this_payer
from labshare.settlement.rules import rows
from labshare.settlement.rules.documents import check_payment, check_refund
from labshare.settlement.services.ledger import documents, locked_booking, ref_of, refresh
from labshare.settlement.services.notifications.payers import payer_decided, payer_limit_set, payer_to_confirm
from labshare.settlement.services.typed_text import check_text
from labshare.settlement.terms import EntryCause, PayerVerdict

NOTE_LENGTH = 300
LARGEST_LIMIT = Fen(10**13)


@verb("payment.accept_payer", title=_l("Payer accepted"), money=True)
def accept_payer(*, actor: Actor, now: datetime, payment_id: int, note: str = "") -> Payment:
    """An officer lets another payer's payment (or a refund to it) count, from its date on. A payment with which what
    this payer paid for clients of the lab in the year reaches the county's limit waits for a second person.

    Raises `PayerIsClient`, `PayerDecidedAlready`, `PayerWaitsForSecond`, `PaymentAboveCharge`, `RefundAbovePayment`.
    """
    booking, payment = _payment(actor, "payment.accept_payer", payment_id)
    _check_note(note)
    if payment.counts:
        raise PayerDecidedAlready
    if waiting_acceptance(payment.id) is not None:
        raise PayerWaitsForSecond
    _check_amount(booking, payment, now)
    if payment.amount_fen > 0 and with_this_payer(booking, payment) >= payer_limit(booking.division):
        _wait_for_second(booking, payment, note, actor, now)
    else:
        _decide(booking, payment, PayerVerdict.ACCEPTED, note, actor, now)
    return payment


@verb("payment.confirm_payer", title=_l("Payer accepted by a second person"), money=True)
def confirm_payer(*, actor: Actor, now: datetime, acceptance_id: int) -> Payment:
    """The second person says yes to what an officer accepted: the county's approver, or an officer of a division that
    contains it. From now on the payment counts, from its date on.

    Raises `NotFound`, `NotAllowed`, `PayerDecidedAlready`, `SecondPersonNeeded`, `PaymentAboveCharge`.
    """
    found = db.session.get(PayerAcceptance, acceptance_id)
    if found is None:
        raise NotFound
    booking, payment = _payment(actor, "payment.confirm_payer", found.payment_id)
    acceptance = waiting_acceptance(payment.id)
    if acceptance is None or acceptance.id != acceptance_id:
        raise PayerDecidedAlready
    if acceptance.accepted_by == actor.person_id:
        raise SecondPersonNeeded
    _check_amount(booking, payment, now)
    acceptance.confirmed_by, acceptance.confirmed_at = actor.person_id, now
    db.session.flush()
    _decide(booking, payment, PayerVerdict.ACCEPTED, acceptance.note, actor, now, second=True)
    return payment


@verb("payment.reject_payer", title=_l("Payer not accepted"), money=True)
def reject_payer(*, actor: Actor, now: datetime, payment_id: int, note: str) -> Payment:
    """An officer, or who may be the second person, decides that another payer's payment does not count; it may still be
    accepted later.

    Raises `ReasonRequired` without a note, `PayerIsClient`, `PayerDecidedAlready`, `NotAllowed` for an approver where
    no officer has accepted it.
    """
    booking, payment = _payment(actor, "payment.reject_payer", payment_id)
    _check_note(note)
    if not note.strip():
        raise ReasonRequired("note")
    if payment.payer_decided:
        raise PayerDecidedAlready
    acceptance = waiting_acceptance(payment.id)
    if acceptance is not None:
        acceptance.dropped_at = now
        db.session.flush()
    elif actor.prefix(OfficialRole.OFFICER) is None:
        raise NotAllowed
    _decide(booking, payment, PayerVerdict.REJECTED, note, actor, now)
    return payment


@verb("payment.set_payer_limit", title=_l("Limit of other payers set"), money=True)
def set_payer_limit(*, actor: Actor, now: datetime, amount_fen: Fen, reason: str) -> PayerLimit:
    """An approver sets, for the division of the role, from what sum in a year another payer needs two persons (0: each
    does). What waits already keeps waiting.

    Raises `NotAllowed`, `LimitOutOfRange`, `ReasonRequired`, `ReasonTooLong`.
    """
    division = actor.prefix(OfficialRole.APPROVER) or ""
    check(actor, "payment.set_payer_limit", division=division)
    problems: list[Problem] = []
    if not 0 <= amount_fen <= LARGEST_LIMIT:
        problems.append(LimitOutOfRange(amount=LARGEST_LIMIT))
    if not reason.strip():
        problems.append(ReasonRequired())
    elif problem := check_text(reason, NOTE_LENGTH, "reason"):
        problems.append(problem)
    raise_all(problems)
    before = payer_limit(division)
    limit = PayerLimit(
        division=division, amount_fen=amount_fen, reason=reason.strip(), set_by=actor.person_id, set_at=now
    )
    db.session.add(limit)
    db.session.flush()
    record(
        actor,
        now,
        "payment.set_payer_limit",
        ("payer_limit", limit.id),
        before={"amount_fen": before},
        after={"division": division, "amount_fen": amount_fen, "reason": limit.reason},
    )
    payer_limit_set(limit, actor=actor, now=now)
    return limit


def _payment(actor: Actor, action: str, payment_id: int) -> tuple[Booking, Payment]:
    booking = locked_booking(actor, action, ref=ref_of(Payment, payment_id))
    payment = db.session.get_one(Payment, payment_id, populate_existing=True)
    if payment.by_client:
        raise PayerIsClient
    return booking, payment


def _check_note(note: str) -> None:
    if problem := check_text(note, NOTE_LENGTH, "note"):
        raise problem


def _check_amount(booking: Booking, payment: Payment, now: datetime) -> None:
    check_sum = check_payment if payment.amount_fen > 0 else check_refund
    raise_all(
        check_sum(
            documents(booking),
            day=payment.paid_on,
            amount_fen=Fen(abs(payment.amount_fen)),
            counts=True,
            today=local_day(now),
        )
    )


def _wait_for_second(booking: Booking, payment: Payment, note: str, actor: Actor, now: datetime) -> None:
    if payment.payer_decided:
        set_columns(payment, {"payer_verdict": None, "decided_by": None, "decided_at": None, "verdict_note": None})
    acceptance = PayerAcceptance(payment_id=payment.id, note=note.strip(), accepted_by=actor.person_id, accepted_at=now)
    db.session.add(acceptance)
    db.session.flush()
    record(
        actor,
        now,
        "payment.accept_payer",
        ("booking", booking.ref),
        before={"payment": payment.id, "paid_fen": booking.paid_fen},
        after={
            "payment": payment.id,
            "acceptance": acceptance.id,
            "amount_fen": payment.amount_fen,
            "note": acceptance.note,
            "confirmed": False,
        },
    )
    payer_to_confirm(booking, payment, actor=actor, now=now)


def _decide(
    booking: Booking,
    payment: Payment,
    verdict: PayerVerdict,
    note: str,
    actor: Actor,
    now: datetime,
    *,
    second: bool = False,
) -> None:
    decision = rows.payer_verdict(verdict, note=note, by=actor.person_id, now=now)
    action, before, after = rows.payer_decided(
        payment.id,
        decision,
        verdict_before=payment.payer_verdict,
        amount_fen=payment.amount_fen,
        paid_fen=booking.paid_fen,
    )
    set_columns(payment, decision)
    record(
        actor, now, "payment.confirm_payer" if second else action, ("booking", booking.ref), before=before, after=after
    )
    refresh(booking, actor=actor, now=now, cause=EntryCause.PAYMENT, cause_id=payment.id)
    payer_decided(booking, payment, actor=actor, now=now)
