"""What the sides of a booking write to each other: thin adapters over the settlement room's services."""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, TypeVar

import marshmallow as ma
from flask import request
from flask_smorest.fields import Upload

from labshare.api.v1.base import ListQuery, RoomBlueprint, after, files_sent, first_of
from labshare.api.writing import writing
from labshare.booking import services as booking_services
from labshare.booking.queries.bookings import booking_head
from labshare.booking.services.ratings import MOST_POINTS, RATING_TEXT_LENGTH
from labshare.http.actor import current_actor
from labshare.http.fields import MESSAGES, Length, Names, OneOf, Range, Strict, Text, Whole
from labshare.http.limits import limited
from labshare.http.rights import FOUND, THE_BOOKING, Of, requires
from labshare.http.schemas import talk as schemas
from labshare.http.schemas.base import listing
from labshare.kernel.errors import NotFound
from labshare.kernel.time import utc_now
from labshare.settlement import services
from labshare.settlement.files import TakenFile
from labshare.settlement.models import BookingHold, Dispute
from labshare.settlement.queries.disputes import disputes_of, holds_of
from labshare.settlement.queries.messages import messages_of, reads_messages
from labshare.settlement.services.holds import NOTE_LENGTH
from labshare.settlement.services.messages import TEXT_LENGTH
from labshare.settlement.terms import ContestVerdict, DisputeOutcome

blueprint = RoomBlueprint("talk", "Messages, disputes and ratings at a booking")
Found = TypeVar("Found", BookingHold, Dispute)


class MessageBody(Strict):
    text = Text(load_default="", validate=Length(max=TEXT_LENGTH))


class WordsBody(Strict):
    text = Text(required=True, validate=Length(max=TEXT_LENGTH))


class SettleBody(Strict):
    outcome = Text(required=True, validate=OneOf(tuple(DisputeOutcome)))
    text = Text(load_default="", validate=Length(max=TEXT_LENGTH))


class DecideBody(Strict):
    outcome = Text(required=True, validate=OneOf(tuple(DisputeOutcome)))
    text = Text(required=True, validate=Length(max=TEXT_LENGTH))


class ContestBody(Strict):
    document = Text(required=True, validate=Length(max=40))
    reason = Text(required=True, validate=Length(max=NOTE_LENGTH))


class DecideContestBody(Strict):
    verdict = Text(required=True, validate=OneOf(tuple(ContestVerdict)))
    note = Text(required=True, validate=Length(max=NOTE_LENGTH))


class HoldNoteBody(Strict):
    note = Text(required=True, validate=Length(max=NOTE_LENGTH))


class RatingBody(Strict):
    result = Whole(required=True, validate=Range(1, MOST_POINTS))
    service = Whole(required=True, validate=Range(1, MOST_POINTS))
    time = Whole(required=True, validate=Range(1, MOST_POINTS))
    text = Text(load_default="", validate=Length(max=RATING_TEXT_LENGTH))


class RatingAnswerBody(Strict):
    text = Text(required=True, validate=Length(max=RATING_TEXT_LENGTH))


class FilesForm(Names):
    files = ma.fields.List(Upload(), data_key="files[]", error_messages=MESSAGES)


class MessageForm(MessageBody, FilesForm):
    """What `MessageBody` and `FilesForm` take together."""


class WordsForm(WordsBody, FilesForm):
    """What `WordsBody` and `FilesForm` take together."""


def saying(
    action: str, verb: str, *, form: type[Names], body: type[Names], of: Of = THE_BOOKING
) -> Callable[[Any], Any]:
    """A view that takes words as JSON, or as a form with files, of those who may do this to the booking in its
    address, or what else `of` says. It is handed what was sent, read, and the files, examined and kept."""
    content = {"multipart/form-data": {"schema": form}, "application/json": {"schema": body}}

    def decorate(view: Any) -> Any:
        @wraps(view)
        def reading(**address: Any) -> Any:
            location = "form" if request.form or request.files else "json"
            sent = blueprint.ARGUMENTS_PARSER.parse(body(), request, location=location)
            return view(sent, files_sent("files", "document"), **address)

        admitted = requires(action, of=of, verb=verb, file=True)
        return admitted(limited("message")(blueprint.doc(requestBody={"required": True, "content": content})(reading)))

    return decorate


@blueprint.get("/bookings/<ref>/messages")
@requires("booking.see", of=FOUND)
@blueprint.arguments(ListQuery, location="query")
@blueprint.response(200, listing(schemas.Message))
@blueprint.problems(401, 404, 422)
def messages(query: dict[str, Any], ref: str) -> Any:
    """What both sides have written, oldest first; for regulators while the booking is held."""
    actor = current_actor()
    booking = booking_head(actor, ref)
    if not reads_messages(actor, booking):
        raise NotFound
    found = messages_of(booking, after=after(query["cursor"]), limit=query["limit"] + 1)
    return first_of(found, query["limit"])


@blueprint.post("/bookings/<ref>/messages")
@saying("message.write", "message.write", form=MessageForm, body=MessageBody)
@blueprint.response(201, schemas.Message)
@blueprint.problems(401, 403, 404, 409, 422)
@writing()
def write_message(body: dict[str, Any], files: list[TakenFile], ref: str) -> Any:
    """Write to the other side: words, files (PDF, JPEG, PNG; at most five) or both. JSON or a form."""
    return services.write_message(actor=current_actor(), now=utc_now(), ref=ref, text=body["text"], files=files)


@blueprint.get("/bookings/<ref>/dispute")
@requires("booking.see", of=FOUND)
@blueprint.response(200, schemas.Dispute)
@blueprint.problems(401, 404)
def dispute(ref: str) -> Any:
    """The booking's latest dispute, with what was said in it."""
    return _latest(disputes_of, ref)


@blueprint.post("/bookings/<ref>/dispute")
@saying("dispute.open", "dispute.open", form=WordsForm, body=WordsBody)
@blueprint.response(201, schemas.Dispute)
@blueprint.problems(401, 403, 404, 409, 422)
@writing()
def open_dispute(body: dict[str, Any], files: list[TakenFile], ref: str) -> Any:
    """The client disputes the work; the booking's entries are held meanwhile. JSON or a form with files."""
    services.open_dispute(actor=current_actor(), now=utc_now(), ref=ref, text=body["text"], files=files)
    return _latest(disputes_of, ref)


@blueprint.post("/bookings/<ref>/dispute/answer")
@saying("dispute.answer", "dispute.answer", form=WordsForm, body=WordsBody)
@blueprint.response(200, schemas.Dispute)
@blueprint.problems(401, 403, 404, 409, 422)
@writing()
def answer_dispute(body: dict[str, Any], files: list[TakenFile], ref: str) -> Any:
    """The lab answers, within five working days. JSON or a form with files."""
    services.answer_dispute(actor=current_actor(), now=utc_now(), ref=ref, text=body["text"], files=files)
    return _latest(disputes_of, ref)


@blueprint.post("/bookings/<ref>/dispute/settle")
@requires("dispute.settle", of=THE_BOOKING, verb="dispute.settle")
@blueprint.arguments(SettleBody)
@blueprint.response(200, schemas.Dispute)
@blueprint.problems(401, 403, 404, 409, 422)
@writing()
def settle_dispute(body: dict[str, Any], ref: str) -> Any:
    """Propose an outcome, or agree to the one that the other side proposes by naming the same."""
    services.settle_dispute(actor=current_actor(), now=utc_now(), ref=ref, **body)
    return _latest(disputes_of, ref)


@blueprint.post("/bookings/<ref>/dispute/escalate")
@requires("dispute.escalate", of=THE_BOOKING, verb="dispute.escalate")
@blueprint.response(200, schemas.Dispute)
@blueprint.problems(401, 403, 404, 409)
@writing()
def escalate_dispute(ref: str) -> Any:
    """Either side brings it to the authority, once the lab has answered or its time is over."""
    services.escalate_dispute(actor=current_actor(), now=utc_now(), ref=ref)
    return _latest(disputes_of, ref)


@blueprint.post("/bookings/<ref>/dispute/decide")
@requires("dispute.decide", of=THE_BOOKING, verb="dispute.decide")
@blueprint.arguments(DecideBody)
@blueprint.response(200, schemas.Dispute)
@blueprint.problems(401, 403, 404, 409, 422)
@writing()
def decide_dispute(body: dict[str, Any], ref: str) -> Any:
    """An officer decides with reasons what neither side could settle."""
    services.decide_dispute(actor=current_actor(), now=utc_now(), ref=ref, **body)
    return _latest(disputes_of, ref)


def _latest(of: Callable[[int], Sequence[Found]], ref: str) -> Found:
    """The first of the booking's rows. Raises `NotFound`."""
    found = of(booking_head(current_actor(), ref).id)
    if not found:
        raise NotFound
    return found[0]


@blueprint.get("/bookings/<ref>/hold")
@requires("booking.see", of=FOUND)
@blueprint.response(200, schemas.BookingHold)
@blueprint.problems(401, 404)
def hold(ref: str) -> Any:
    """The booking's latest hold, whatever its cause; it lasts as long as no end is given."""
    return _latest(holds_of, ref)


@blueprint.post("/bookings/<ref>/contest")
@requires("contest.raise", of=THE_BOOKING, verb="contest.raise")
@blueprint.arguments(ContestBody)
@blueprint.response(201, schemas.Contest)
@blueprint.problems(401, 403, 404, 409, 422)
@writing()
def contest(body: dict[str, Any], ref: str) -> Any:
    """The client contests a document (`payment-7`: kind and id), once, within ten working days of its recording."""
    return services.contest_document(actor=current_actor(), now=utc_now(), ref=ref, **body)


@blueprint.post("/bookings/<ref>/contest/decide")
@requires("contest.decide", of=THE_BOOKING, verb="contest.decide")
@blueprint.arguments(DecideContestBody)
@blueprint.response(200, schemas.Contest)
@blueprint.problems(401, 403, 404, 409, 422)
@writing()
def decide_contest(body: dict[str, Any], ref: str) -> Any:
    """An officer decides within twenty working days, afterwards an approver. Upheld, the booking stays suspended."""
    return services.decide_contest(actor=current_actor(), now=utc_now(), ref=ref, **body)


@blueprint.post("/bookings/<ref>/suspend")
@requires("hold.suspend", of=THE_BOOKING, verb="hold.suspend")
@blueprint.arguments(HoldNoteBody)
@blueprint.response(201, schemas.BookingHold)
@blueprint.problems(401, 403, 404, 409, 422)
@writing()
def suspend(body: dict[str, Any], ref: str) -> Any:
    """An officer suspends the booking: its entries do not count until an officer ends that."""
    return services.suspend_booking(actor=current_actor(), now=utc_now(), ref=ref, note=body["note"])


@blueprint.post("/bookings/<ref>/suspension/end")
@requires("hold.end", of=THE_BOOKING, verb="hold.end")
@blueprint.arguments(HoldNoteBody)
@blueprint.response(200, schemas.BookingHold)
@blueprint.problems(401, 403, 404, 409, 422)
@writing()
def end_suspension(body: dict[str, Any], ref: str) -> Any:
    """An officer ends an officer's suspension; its entries count again."""
    return services.end_suspension(actor=current_actor(), now=utc_now(), ref=ref, note=body["note"])


@blueprint.post("/bookings/<ref>/rating")
@requires("rating.give", of=THE_BOOKING, verb="rating.give")
@blueprint.arguments(RatingBody)
@blueprint.response(201, schemas.Rating)
@blueprint.problems(401, 403, 404, 409, 422)
@writing()
def rate(body: dict[str, Any], ref: str) -> Any:
    """The client rates result, service and time, once a report stands; once."""
    return booking_services.rate(actor=current_actor(), now=utc_now(), ref=ref, **body)


@blueprint.post("/bookings/<ref>/rating/answer")
@requires("rating.answer", of=THE_BOOKING, verb="rating.answer")
@blueprint.arguments(RatingAnswerBody)
@blueprint.response(200, schemas.Rating)
@blueprint.problems(401, 403, 404, 409, 422)
@writing()
def answer_rating(body: dict[str, Any], ref: str) -> Any:
    """The lab answers the rating; once."""
    return booking_services.answer_rating(actor=current_actor(), now=utc_now(), ref=ref, text=body["text"])
