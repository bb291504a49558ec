"""What is written at a booking, and its disputes."""

from labshare.http.fields import Inside, Moment, Text, Whole, Word
from labshare.http.schemas.base import Answer
from labshare.settlement.terms import ContestVerdict, DisputeOutcome, DisputeState, DisputeStep, HoldCause, MessageSide


class SentFile(Answer):
    """A file that came with a message."""

    id = Whole()
    name = Text()
    content_type = Text()
    size = Whole()
    sha256 = Text()


class Message(Answer):
    """`step`: what it is in a dispute."""

    id = Whole()
    side = Word(MessageSide)
    text = Text()
    written_at = Moment()
    step = Word(DisputeStep, allow_none=True)
    files = Inside(SentFile, many=True)


class Dispute(Answer):
    """`offered`: the outcome that `offered_side` proposes."""

    id = Whole()
    state = Word(DisputeState)
    opened_at = Moment()
    answer_by = Moment()
    answered_at = Moment(allow_none=True)
    offered = Word(DisputeOutcome, allow_none=True)
    offered_side = Text(allow_none=True)
    escalated_at = Moment(allow_none=True)
    outcome = Word(DisputeOutcome, allow_none=True)
    ended_at = Moment(allow_none=True)
    statements = Inside(Message, many=True)


class Contest(Answer):
    """`document`: kind and id, like `payment-7`."""

    id = Whole()
    document = Text()
    reason = Text()
    contested_at = Moment()
    decide_by = Moment()
    verdict = Word(ContestVerdict, allow_none=True)
    note = Text(allow_none=True)
    decided_at = Moment(allow_none=True)


class BookingHold(Answer):
    """Why a booking's entries do not count: its one hold, while `released_at` is null."""

    cause = Word(HoldCause)
    note = Text()
    held_at = Moment()
    released_at = Moment(allow_none=True)
    release_note = Text()


class Rating(Answer):
    result = Whole(attribute="result_points")
    service = Whole(attribute="service_points")
    time = Whole(attribute="time_points")
    text = Text()
    given_at = Moment()
    answer = Text(allow_none=True)
    answered_at = Moment(allow_none=True)
