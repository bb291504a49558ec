"""A document that stands on another booking, too: recorded all the same, shown to the lab and to officers until one of
them decides (R-DOUBLE)."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import text

from labshare.audit.services import record
from labshare.booking.models import Booking
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import Problem, ReasonRequired, raise_all
from labshare.kernel.verbs import verb
from labshare.settlement.errors import DoubleDecidedAlready, DoubleVerdictMissing
from labshare.settlement.files import TakenFile
from labshare.settlement.models import DoubleDocument, Invoice, Payment
from labshare.settlement.queries.doubles import Earlier, earlier_invoice, earlier_payment, ref_of_double
from labshare.settlement.services.holds import NOTE_LENGTH, check_impartial, lasting_hold, place_hold
from labshare.settlement.services.ledger import locked_booking
from labshare.settlement.services.notifications.contests import booking_suspended, double_decided, double_found
from labshare.settlement.services.typed_text import check_text
from labshare.settlement.terms import DocumentKind, DoubleVerdict, HoldCause

_CLASS = 0x0D0B
"""Of the advisory locks on what two recordings at once may have the same."""


def look_for_payment(
    booking: Booking, payment: Payment, file: TakenFile | None, line_id: int | None, *, now: datetime
) -> None:
    """Keep it for officers where the payment just recorded has the reference or the file of another booking's. A
    refund lowers what counts, and is not asked about."""
    if payment.amount_fen < 0:
        return
    sha256 = file.sha256 if file is not None else None
    _one_at_a_time([payment.plain_reference, *([sha256] if sha256 else [])])
    _keep(DocumentKind.PAYMENT, booking, payment.id, earlier_payment(payment, sha256, line_id), now=now)


def look_for_invoice(bookings: Sequence[Booking], invoice: Invoice, file: TakenFile | None, *, now: datetime) -> None:
    """The same of an invoice by its file, where it is the one that came with it. One invoice for several bookings is
    one document; a red letter is not asked about."""
    if file is None or invoice.file is None or invoice.file.sha256 != file.sha256:
        return
    _one_at_a_time([file.sha256])
    found = earlier_invoice(invoice, [booking.id for booking in bookings], file.sha256)
    _keep(DocumentKind.INVOICE, bookings[0], invoice.id, found, now=now)


def _one_at_a_time(marks: Iterable[str]) -> None:
    """Of two recordings at once with the same mark the second sees the first. On SQLite writers queue anyway."""
    if db.session.connection().dialect.name == "postgresql":
        for mark in sorted(marks):
            lock = text("SELECT pg_advisory_xact_lock(:class, hashtext(:mark))")
            db.session.execute(lock, {"class": _CLASS, "mark": mark})


def _keep(kind: DocumentKind, booking: Booking, id: int, found: Sequence[Earlier], *, now: datetime) -> None:
    for earlier in found:
        double = DoubleDocument(
            kind=kind,
            booking_id=booking.id,
            document_id=id,
            earlier_booking_id=earlier.booking_id,
            earlier_id=earlier.id,
            same_reference=earlier.same_reference,
            same_file=earlier.same_file,
            found_at=now,
        )
        db.session.add(double)
        db.session.flush()
        double_found(double, now=now)


@verb("double.decide", title=_l("Same document on two bookings decided"), money=True)
def decide_double(*, actor: Actor, now: datetime, double_id: int, verdict: str, note: str) -> DoubleDocument:
    """An officer of the later booking's county, of none of the firms, decides with a note. Used twice, the later
    booking is suspended (R-HOLD-2), if nothing holds it already; else what holds it stands for it.

    Raises `NotFound`, `NotAllowed`, `DoubleDecidedAlready`, `DoubleVerdictMissing`, `ReasonRequired`, `ReasonTooLong`.
    """
    ref = ref_of_double(double_id)
    booking = locked_booking(actor, "double.decide", ref=ref)
    double = db.session.get_one(DoubleDocument, double_id, populate_existing=True)
    for each in (booking, double.earlier_booking):
        check_impartial(actor, each)
    if not double.undecided:
        raise DoubleDecidedAlready
    known = DoubleVerdict.known(verdict)
    problems: list[Problem] = [] if known is not None else [DoubleVerdictMissing()]
    if not note.strip():
        problems.append(ReasonRequired("note"))
    elif problem := check_text(note, NOTE_LENGTH, "note"):
        problems.append(problem)
    raise_all(problems)
    hold = None
    if known == DoubleVerdict.DOUBLE:
        hold = lasting_hold(booking)
        if hold is None:
            hold = place_hold(booking, HoldCause.SUSPENSION, actor=actor, now=now, note=note)
            booking_suspended(booking, hold, actor=actor, now=now)
    double.verdict, double.note, double.hold = known, note.strip(), hold
    double.decided_by, double.decided_at = actor.person_id, now
    db.session.flush()
    after = {"double": double.id, "verdict": double.verdict, "note": double.note, "hold": double.hold_id}
    record(actor, now, "double.decide", ("booking", ref), after=after)
    double_decided(double, actor=actor, now=now)
    return double
