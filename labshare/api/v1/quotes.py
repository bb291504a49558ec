"""Quotes: what a test costs a firm, fixed while it lasts."""

from typing import Any

from labshare.api.v1.base import ListQuery, RoomBlueprint, after, first_of
from labshare.api.v1.booking import IDENTITY
from labshare.api.writing import writing, written
from labshare.booking import services
from labshare.booking.queries.quotes import get_quote, list_quotes
from labshare.http.actor import current_actor
from labshare.http.fields import Fen, Length, Many, OneOf, Range, Strict, Text, Whole
from labshare.http.quote_document import quote_file
from labshare.http.rights import FOUND, SOMEWHERE, THE_QUOTE, requires
from labshare.http.schemas.base import listing
from labshare.http.schemas.quotes import Quote
from labshare.kernel.time import utc_now

blueprint = RoomBlueprint("quotes", "Quotes")


class QuoteBody(Strict):
    test_item = Whole(required=True, validate=IDENTITY)
    quantity = Whole(required=True, validate=Range(-(2**31), 2**31 - 1))
    hours = Whole(load_default=None, allow_none=True)
    surcharges = Many(Text(validate=Length(1, 20)), load_default=())


class OwnPriceBody(Strict):
    amount_fen = Fen(required=True)
    reason = Text(required=True, validate=Length(1, 300))


class OrderBody(Strict):
    purchase_order = Text(required=True, validate=Length(1, 40))


class QuoteQuery(Strict):
    format = Text(load_default="json", validate=OneOf(("json", "pdf")))


@blueprint.post("/quotes")
@requires("booking.book", of=SOMEWHERE, verb="quote.make")
@blueprint.arguments(QuoteBody)
@blueprint.response(201, Quote)
@blueprint.problems(401, 403, 404, 409, 422)
@writing()
def make(body: dict[str, Any]) -> Any:
    """The price by the fee of today, fixed for thirty days."""
    made = services.make_quote(
        actor=current_actor(),
        now=utc_now(),
        test_item_id=body["test_item"],
        quantity=body["quantity"],
        hours=body["hours"],
        surcharges=body["surcharges"],
    )
    return _answer(made.id)


def _answer(quote_id: int) -> Any:
    written()
    return get_quote(current_actor(), quote_id=quote_id)


@blueprint.get("/quotes")
@requires("quote.see", of=FOUND)
@blueprint.arguments(ListQuery, location="query")
@blueprint.response(200, listing(Quote))
@blueprint.problems(401, 422)
def quotes(query: dict[str, Any]) -> Any:
    """The quotes of both parties' firms, newest first; for regulators, all."""
    rows = list_quotes(
        current_actor(), before=after(query["cursor"]) if query["cursor"] else None, limit=query["limit"] + 1
    )
    return first_of(rows, query["limit"], lambda row: row.quote.id)


@blueprint.get("/quotes/<int:quote_id>")
@requires("quote.see", of=FOUND)
@blueprint.arguments(QuoteQuery, location="query")
@blueprint.response(200, Quote)
@blueprint.problems(401, 404, 422)
def quote(query: dict[str, Any], quote_id: int) -> Any:
    """One quote; as a paper with `format=pdf`."""
    row = get_quote(current_actor(), quote_id=quote_id)
    return quote_file(row) if query["format"] == "pdf" else row


@blueprint.post("/quotes/<int:quote_id>/own-price")
@requires("quote.price", of=THE_QUOTE, verb="quote.price")
@blueprint.arguments(OwnPriceBody)
@blueprint.response(200, Quote)
@blueprint.problems(401, 403, 404, 409, 422)
@writing()
def own_price(body: dict[str, Any], quote_id: int) -> Any:
    """The lab's own price, within the discount table of its fee."""
    services.price_quote(
        actor=current_actor(), now=utc_now(), quote_id=quote_id, own_fen=body["amount_fen"], reason=body["reason"]
    )
    return _answer(quote_id)


@blueprint.post("/quotes/<int:quote_id>/accept")
@requires("quote.accept", of=THE_QUOTE, verb="quote.accept")
@blueprint.arguments(OrderBody)
@blueprint.response(200, Quote)
@blueprint.problems(401, 403, 404, 409, 422)
@writing()
def accept(body: dict[str, Any], quote_id: int) -> Any:
    """The client accepts it by a purchase order; its price holds for another thirty days."""
    services.accept_quote(
        actor=current_actor(), now=utc_now(), quote_id=quote_id, purchase_order=body["purchase_order"]
    )
    return _answer(quote_id)
