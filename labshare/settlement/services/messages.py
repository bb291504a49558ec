"""What the two sides of a booking write to each other, with files."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from flask_babel import lazy_gettext as _l

from labshare.audit.services import record
from labshare.booking.models import Booking
from labshare.booking.queries.bookings import booking_head, sides
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import Problem, raise_all
from labshare.kernel.verbs import verb
from labshare.organisations.permissions import check
from labshare.settlement.errors import FileNotTaken, NothingSaid, TooManyFiles
from labshare.settlement.files import TakenFile, store
from labshare.settlement.models import Message
from labshare.settlement.services.notifications.disputes import message_written
from labshare.settlement.services.typed_text import check_text
from labshare.settlement.terms import DisputeStep, MessageSide

TEXT_LENGTH = 4000
FILES_AT_MOST = 5


@verb("message.write", title=_l("Message written"))
def write_message(*, actor: Actor, now: datetime, ref: str, text: str = "", files: Sequence[TakenFile] = ()) -> Message:
    """Write to the other side of a booking, which is told (R-TALK-1).

    Raises `NotFound`, `NotAllowed`, `NothingSaid`, `ReasonTooLong`, `TooManyFiles`, `FileNotTaken`.
    """
    booking = booking_head(actor, ref)
    check(actor, "message.write", client=booking.client_firm_id, lab=booking.lab_firm_id)
    if not text.strip() and not files:
        raise NothingSaid
    raise_all(text_problems(text, files))
    side = MessageSide(sides(actor, booking)[0])
    message = say(booking, side, text, files, actor=actor, now=now)
    record(actor, now, "message.write", ("message", message.id), after={"booking": ref, "files": len(files)})
    message_written(booking, side, actor=actor, now=now)
    return message


def text_problems(text: str, files: Sequence[TakenFile], most: int = TEXT_LENGTH) -> Iterator[Problem]:
    """What is wrong with words and files, each at its field."""
    if problem := check_text(text, most, "text"):
        yield problem
    if len(files) > FILES_AT_MOST:
        yield TooManyFiles(n=FILES_AT_MOST)
    for file in files:
        if file.problem is not None:
            yield FileNotTaken(name=file.name, problem=file.problem.text)


def say(
    booking: Booking,
    side: MessageSide,
    text: str,
    files: Sequence[TakenFile],
    *,
    actor: Actor,
    now: datetime,
    dispute_id: int | None = None,
    step: DisputeStep | None = None,
) -> Message:
    """The row, with its files; added to the session, with its id. `step`: what it is in a dispute."""
    message = Message(
        booking_id=booking.id,
        side=side,
        text=text.strip(),
        written_by=actor.person_id,
        written_at=now,
        dispute_id=dispute_id,
        step=step,
    )
    message.files = [store(file, actor=actor, now=now) for file in files]
    db.session.add(message)
    db.session.flush()
    return message
