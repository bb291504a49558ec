"""Payments and refunds."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from stdnum.cn import uscc

from labshare.audit.services import record
from labshare.booking.models import Booking
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import InvalidInput, Problem, raise_all
from labshare.kernel.money import Fen
from labshare.kernel.time import local_day
from labshare.kernel.verbs import verb
from labshare.settlement.errors import BookingTwice, PayerCodeInvalid, PaymentOfOtherClient
from labshare.settlement.files import TakenFile, store
from labshare.settlement.models import Payment
from labshare.settlement.rules import rows
from labshare.settlement.rules.documents import check_payment, check_refund
from labshare.settlement.services.doubles import look_for_payment
from labshare.settlement.services.ledger import (
    check_documents_begin,
    documents,
    locked_booking,
    locked_bookings,
    refresh,
)
from labshare.settlement.services.notifications.documents import payment_recorded
from labshare.settlement.services.notifications.payers import payer_waits
from labshare.settlement.services.typed_text import check_line
from labshare.settlement.terms import EntryCause

REFERENCE_LENGTH = 60


@verb("payment.record", title=_l("Payment recorded"), money=True)
def record_payment(
    *,
    actor: Actor,
    now: datetime,
    ref: str,
    amount_fen: Fen,
    paid_on: date,
    reference: str,
    payer_uscc: str,
    file: TakenFile | None = None,
    submission: str | None = None,
    also: Sequence[tuple[str, Fen]] = (),
    line_id: int | None = None,
) -> Payment:
    """Record money received: `amount_fen` > 0, with the bank's reference; `also` are references of other bookings of
    the same client at the same seller, and what of the one transfer is for each (R-PAPER-12). All or nothing.

    A payer that is not the client counts once an officer accepts it. `submission` is the form's one-time key: the
    second click gets the first payment. `line_id` is the line of a bank's statement that it is a share of. What has
    the reference or slip of another booking's payment is kept for officers (R-DOUBLE-1). Raises `IllegalStep` before
    `confirmed`, `PaymentAboveCharge`, `DocumentInFuture`, `PayerCodeInvalid`, `NumberNotReadable` (R-PAPER-5),
    `PaymentOfOtherClient`, `BookingTwice`. Problems of the n-th further booking stand at `also-n-amount_fen`.
    """
    shares = [(ref, amount_fen), *also]
    if len({each for each, _fen in shares}) < len(shares):
        raise BookingTwice
    if also:
        bookings = locked_bookings(actor, "payment.record", refs=[each for each, _fen in shares])
        if len({(booking.client_firm_id, booking.lab_firm_id) for booking in bookings}) > 1:
            raise PaymentOfOtherClient
    made, problems = [], list[Problem]()
    for place, (each, fen) in enumerate(shares):
        try:
            payment = _record(
                sign=1,
                actor=actor,
                now=now,
                ref=each,
                amount_fen=fen,
                paid_on=paid_on,
                reference=reference,
                payer_uscc=payer_uscc,
                file=file,
                submission=submission,
                line_id=line_id,
            )
        except InvalidInput as problem:
            problems += _of_share(problem, place)
        else:
            made.append(payment)
    raise_all(problems)
    return made[0]


def _of_share(problem: InvalidInput, place: int) -> list[Problem]:
    """The problems of the payment for this booking; of others than the first what is said of the amount alone, since
    the rest was said of the first."""
    found: list[Problem] = list(problem.problems)
    if place == 0:
        return found
    own = [each for each in found if each.field == "amount_fen"]
    for each in own:
        each.field = f"also-{place - 1}-amount_fen"
    return own


@verb("payment.refund", title=_l("Refund recorded"), money=True)
def record_refund(
    *,
    actor: Actor,
    now: datetime,
    ref: str,
    amount_fen: Fen,
    paid_on: date,
    reference: str,
    payer_uscc: str,
    file: TakenFile | None = None,
    submission: str | None = None,
) -> Payment:
    """Record money given back, to the client or to whom `payer_uscc` names: `amount_fen` > 0.

    Raises `RefundAbovePayment` and what `record_payment` raises.
    """
    return _record(
        sign=-1,
        actor=actor,
        now=now,
        ref=ref,
        amount_fen=amount_fen,
        paid_on=paid_on,
        reference=reference,
        payer_uscc=payer_uscc,
        file=file,
        submission=submission,
    )


def _record(
    *,
    sign: int,
    actor: Actor,
    now: datetime,
    ref: str,
    amount_fen: Fen,
    paid_on: date,
    reference: str,
    payer_uscc: str,
    file: TakenFile | None,
    submission: str | None,
    line_id: int | None = None,
) -> Payment:
    booking = locked_booking(actor, "payment.record", ref=ref)
    check_documents_begin(booking)
    if submission is not None and (first := _submitted(booking, submission)) is not None:
        return first
    reference, payer_uscc = reference.strip(), uscc.compact(payer_uscc)
    by_client = payer_uscc == booking.client.uscc
    check = check_payment if sign > 0 else check_refund
    raise_all(
        [
            *check(documents(booking), day=paid_on, amount_fen=amount_fen, counts=by_client, today=local_day(now)),
            *_text_problems(reference=reference, payer_uscc=payer_uscc, file=file),
        ]
    )
    values = rows.payment(
        booking.id,
        amount_fen=Fen(sign * amount_fen),
        paid_on=paid_on,
        reference=reference,
        payer_uscc=payer_uscc,
        by_client=by_client,
        by=actor.person_id,
        now=now,
        submission=submission,
        file_id=store(file, actor=actor, now=now).id if file is not None else None,
    )
    payment = Payment(**values)
    db.session.add(payment)
    db.session.flush()
    action, before, after = rows.payment_recorded(payment.id, values, paid_fen=booking.paid_fen)
    record(actor, now, action, ("booking", ref), before=before, after=after)
    refresh(booking, actor=actor, now=now, cause=EntryCause.PAYMENT, cause_id=payment.id)
    payment_recorded(booking, payment, actor=actor, now=now)
    look_for_payment(booking, payment, file, line_id, now=now)
    if not by_client:
        payer_waits(booking, payment, actor=actor, now=now)
    return payment


def _submitted(booking: Booking, submission: str) -> Payment | None:
    return db.session.scalar(select(Payment).where(Payment.booking_id == booking.id, Payment.submission == submission))


def _text_problems(*, reference: str, payer_uscc: str, file: TakenFile | None) -> Iterator[Problem]:
    if problem := check_line(reference, REFERENCE_LENGTH, "reference"):
        yield problem
    if not uscc.is_valid(payer_uscc):
        yield PayerCodeInvalid()
    if file is not None and file.problem is not None:
        yield file.problem
