"""Asking the labs: thin adapters over the settlement room's services."""

from typing import Any

from labshare.api.v1.base import ListQuery, RoomBlueprint, after, listed
from labshare.api.v1.talk import FilesForm, saying
from labshare.api.writing import writing, written
from labshare.booking.queries.quotes import get_quote
from labshare.catalogue.terms import Category
from labshare.http.actor import current_actor
from labshare.http.fields import Day, Fen, Length, OneOf, Range, Strict, Text, Whole
from labshare.http.limits import limited
from labshare.http.rights import SOMEWHERE, THE_INQUIRY, requires
from labshare.http.schemas.base import listing
from labshare.http.schemas.inquiries import Inquiry
from labshare.http.schemas.quotes import Quote
from labshare.kernel.time import utc_now
from labshare.settlement import services
from labshare.settlement.files import TakenFile
from labshare.settlement.queries.inquiries import get_inquiry, list_inquiries
from labshare.settlement.services.inquiries import MOST_QUANTITY, TEXT_LENGTH

blueprint = RoomBlueprint("inquiries", "Requests to the labs")
IDENTITY = Range(1, 2**31 - 1)


class InquiryBody(Strict):
    text = Text(required=True, validate=Length(1, TEXT_LENGTH))
    quantity = Whole(required=True, validate=Range(1, MOST_QUANTITY))
    start_by = Day(load_default=None, allow_none=True)
    report_by = Day(load_default=None, allow_none=True)
    category = Text(load_default=None, allow_none=True, validate=OneOf(tuple(Category)))


class InquiryForm(InquiryBody, FilesForm):
    """What `InquiryBody` and `FilesForm` take together."""


class InquiryAnswerBody(Strict):
    test_item = Whole(load_default=None, allow_none=True, validate=IDENTITY)
    hours = Whole(load_default=None, allow_none=True, validate=Range(1, 2**31 - 1))
    amount_fen = Fen(load_default=None, allow_none=True)
    text = Text(load_default="", validate=Length(max=TEXT_LENGTH))


@blueprint.get("/requests")
@requires("inquiry.see", of=SOMEWHERE)
@blueprint.arguments(ListQuery, location="query")
@blueprint.response(200, listing(Inquiry))
@blueprint.problems(401, 403, 422)
def inquiries(query: dict[str, Any]) -> Any:
    """What the firm asks the labs, with all answers, and what its labs are asked, with their own; newest first."""
    rows = list_inquiries(
        current_actor(), before=after(query["cursor"]) if query["cursor"] else None, limit=query["limit"] + 1
    )
    more = len(rows) > query["limit"]
    rows = rows[: query["limit"]]
    return listed(rows, rows[-1].inquiry.id if more else None)


@blueprint.post("/requests")
@saying("inquiry.ask", "inquiry.ask", form=InquiryForm, body=InquiryBody, of=SOMEWHERE)
@blueprint.response(201, Inquiry)
@blueprint.problems(401, 403, 404, 409, 422)
@writing()
def ask(body: dict[str, Any], files: list[TakenFile]) -> Any:
    """Ask the labs of a category, or all where none is named; they are told. JSON or a form with files."""
    return _answer(services.ask_labs(actor=current_actor(), now=utc_now(), files=files, **body).id)


@blueprint.get("/requests/<int:inquiry_id>")
@requires("inquiry.see", of=THE_INQUIRY)
@blueprint.response(200, Inquiry)
@blueprint.problems(401, 404)
def inquiry(inquiry_id: int) -> Any:
    """One request, with those of its answers that the reader may see."""
    return get_inquiry(current_actor(), inquiry_id)


@blueprint.post("/requests/<int:inquiry_id>/answers")
@requires("inquiry.answer", of=THE_INQUIRY, verb="inquiry.answer")
@limited("message")
@blueprint.arguments(InquiryAnswerBody)
@blueprint.response(201, Inquiry)
@blueprint.problems(401, 403, 404, 409, 422)
@writing()
def answer(body: dict[str, Any], inquiry_id: int) -> Any:
    """A lab answers: a test item, at its published price or one within its discount table, or words."""
    services.answer_inquiry(
        actor=current_actor(),
        now=utc_now(),
        inquiry_id=inquiry_id,
        text=body["text"],
        test_item_id=body["test_item"],
        hours=body["hours"],
        amount_fen=body["amount_fen"],
    )
    return _answer(inquiry_id)


@blueprint.post("/requests/<int:inquiry_id>/close")
@requires("inquiry.close", of=THE_INQUIRY, verb="inquiry.close")
@blueprint.response(200, Inquiry)
@blueprint.problems(401, 403, 404, 409)
@writing()
def close(inquiry_id: int) -> Any:
    """The asker needs no more answers."""
    services.close_inquiry(actor=current_actor(), now=utc_now(), inquiry_id=inquiry_id)
    return _answer(inquiry_id)


@blueprint.post("/requests/<int:inquiry_id>/answers/<int:answer_id>/quote")
@requires("booking.book", of=THE_INQUIRY, verb="inquiry.take")
@blueprint.response(201, Quote)
@blueprint.problems(401, 403, 404, 409, 422)
@writing()
def take(*, inquiry_id: int, answer_id: int) -> Any:
    """The asker has a quote made of an answer, at the price that the lab offered; twice, the same."""
    made = services.take_answer(actor=current_actor(), now=utc_now(), inquiry_id=inquiry_id, answer_id=answer_id)
    written()
    return get_quote(current_actor(), quote_id=made.id)


def _answer(inquiry_id: int) -> Any:
    written()
    return get_inquiry(current_actor(), inquiry_id)
