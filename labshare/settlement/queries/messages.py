"""Who reads what was written at a booking, and its files (R-TALK-2)."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from labshare.booking.models import Booking
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import NotFound
from labshare.organisations.permissions import may
from labshare.settlement.models import BookingHold, Message, MessageFile, StoredFile


def reads_messages(actor: Actor, booking: Booking) -> bool:
    """Whether the actor reads them: the parties always, regulators while the booking is held. At most one statement.
    What was said in a dispute is read by whoever sees the booking."""
    if may(actor, "message.see", client=booking.client_firm_id, lab=booking.lab_firm_id):
        return True
    return may(actor, "message.see_held", division=booking.division) and bool(
        db.session.scalar(select(BookingHold.is_on(booking.id)))
    )


def messages_of(booking: Booking, *, after: int = 0, limit: int) -> Sequence[Message]:
    """The messages of a booking behind the id `after`, oldest first, with writers and files. Two statements."""
    return db.session.scalars(
        select(Message)
        .where(Message.booking_id == booking.id, Message.id > after)
        .options(joinedload(Message.writer), selectinload(Message.files))
        .order_by(Message.id)
        .limit(limit)
    ).all()


def last_messages(booking: Booking, limit: int) -> Sequence[Message]:
    """The last ones, oldest first, but for what was said in disputes. Two statements."""
    found = db.session.scalars(
        select(Message)
        .where(Message.booking_id == booking.id, Message.dispute_id.is_(None))
        .options(joinedload(Message.writer), selectinload(Message.files))
        .order_by(Message.id.desc())
        .limit(limit)
    ).all()
    return found[::-1]


def file_of_message(actor: Actor, file_id: int) -> StoredFile:
    """A file that came with a message, for whoever reads the message. Raises `NotFound`."""
    found = db.session.execute(
        select(StoredFile, Message, Booking)
        .join(MessageFile, MessageFile.file_id == StoredFile.id)
        .join(Message, Message.id == MessageFile.message_id)
        .join(Booking, Booking.id == Message.booking_id)
        .where(StoredFile.id == file_id)
    ).first()
    if found is None:
        raise NotFound
    file, message, booking = found
    seen = may(
        actor,
        "booking.see",
        client=booking.client_firm_id,
        lab=booking.lab_firm_id,
        division=booking.division,
    )
    if not (message.dispute_id and seen) and not reads_messages(actor, booking):
        raise NotFound
    return file  # type: ignore[no-any-return]
