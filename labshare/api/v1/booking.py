"""Slots, holds of time, bookings and their lifecycle: thin adapters over the booking room's services."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import marshmallow as ma
from flask import request
from flask_babel import gettext as _

from labshare.api.v1.base import ListQuery, RoomBlueprint, after, first_of
from labshare.api.v1.catalogue import ACCREDITATION, TestItemQuery, filters_of
from labshare.api.writing import shown_once, writing, written
from labshare.audit.services import last_recorded
from labshare.booking import services
from labshare.booking.errors import AnswerUnknown, QuantityOutOfRange
from labshare.booking.queries.bench import places_of
from labshare.booking.queries.bookings import get_booking, history, list_bookings
from labshare.booking.queries.feeds import address_of_feed, open_feeds
from labshare.booking.queries.loading import hours_choice
from labshare.booking.queries.offers import offers, with_rows
from labshare.booking.rules.extra import MOST_MINUTES
from labshare.booking.rules.lifecycle import ACTIONS
from labshare.booking.rules.price import hours_problem
from labshare.booking.services.blocks import instrument_to_block
from labshare.booking.services.book import check_own_hold
from labshare.booking.services.feeds import own_feed
from labshare.booking.terms import BookingState, ExtraCause, ExtraKind, FeedOf, HoldingKind, PauseReason
from labshare.catalogue.errors import TooManyFields
from labshare.catalogue.queries.filters import select_test_items
from labshare.catalogue.queries.single import get_lab_by_code, get_test_item
from labshare.catalogue.rules.sample_form import MOST_FIELDS
from labshare.http.actor import current_actor
from labshare.http.fields import (
    ByQuestion,
    Fen,
    Length,
    Many,
    Moment,
    OneOf,
    Pattern,
    Range,
    Strict,
    Text,
    Whole,
    YesNo,
)
from labshare.http.limits import limited
from labshare.http.rights import (
    FOUND,
    OWN_FIRM,
    SIGNED_IN,
    SOMEWHERE,
    THE_BLOCK,
    THE_BOOKING,
    Of,
    public,
    requires,
    signed_in,
)
from labshare.http.sample_answers import SentAnswers
from labshare.http.schemas.base import listing
from labshare.http.schemas.booking import Bench, Block, Booking, Charge, Feed, Hold, NewFeed, Offer, Proposal
from labshare.kernel.time import local_day, utc_now
from labshare.organisations.queries import workers_of
from labshare.settlement.files import TakenFile, take_in

blueprint = RoomBlueprint("booking", "Slots, bookings, their lifecycle")
OWN_FEED = Of("own calendar address", asks=own_feed)
OWN_HOLD = Of("own hold", asks=check_own_hold)
THE_INSTRUMENT = Of("instrument in the address", asks=instrument_to_block)
THE_LAB = Of("lab in the address", lambda actor, code, **_: {"lab": get_lab_by_code(actor, code).firm_id})
ANSWER = "answers."
"""Before the id of a question: the name of the file that answers it."""
QUANTITY = Whole(required=True, validate=Range(-(2**31), 2**31 - 1))
IDENTITY = Range(1, 2**31 - 1)


class SlotQuery(TestItemQuery):
    test_item = Whole(load_default=None, validate=IDENTITY)
    quantity = QUANTITY
    hours = Whole(load_default=None)
    since = Moment(load_default=None, data_key="from")
    until = Moment(load_default=None, data_key="to")
    done_by = Moment(load_default=None)
    order = Text(load_default="earliest", validate=OneOf(("earliest", "cheapest", "nearest")))
    near = Text(load_default=None, validate=Pattern(r"^-?[0-9]{1,3}(\.[0-9]+)?,-?[0-9]{1,3}(\.[0-9]+)?$", "27.1,120.2"))
    accreditation = ACCREDITATION

    @ma.validates_schema
    def one_question(self, data: dict[str, Any], **_more: Any) -> None:
        if not (data.get("test_item") or data.get("standard") or data.get("q")):
            raise ma.ValidationError(_("Say what: test_item, standard or q."), "test_item")
        if data.get("order") == "nearest" and not data.get("near"):
            raise ma.ValidationError(_("This is needed."), "near")


class WishBody(Strict):
    test_item = Whole(required=True, validate=IDENTITY)
    quantity = QUANTITY
    hours = Whole(load_default=None, allow_none=True)
    instrument = Whole(load_default=None, allow_none=True, validate=IDENTITY)
    starts_at = Moment(required=True)


class SamplesBody(WishBody):
    """With what the samples are: `answers` to the test item's `sample_form`, by the ids of its questions, and the
    `form_revision` that they answer. Files come in a form, as `answers.` and the id."""

    sample_description = Text(required=True, validate=Length(1, 2000))
    answers = ByQuestion(load_default=dict)
    form_revision = Whole(load_default=None, allow_none=True, validate=Range(0, 2**31 - 1))
    confidential = YesNo(load_default=False)


class BookingBody(SamplesBody):
    surcharges = Many(Text(validate=Length(1, 20)), load_default=())
    quote = Whole(load_default=None, allow_none=True, validate=IDENTITY)
    hold = Whole(load_default=None, allow_none=True, validate=IDENTITY)
    waive_reason = Text(load_default=None, allow_none=True, validate=Length(max=300))
    cost_centre = Text(load_default="", validate=Length(max=40))


class ReasonBody(Strict):
    reason = Text(required=True, validate=Length(1, 500))


class CancelBody(Strict):
    reason = Text(load_default="", validate=Length(max=500))


class MoveBody(Strict):
    starts_at = Moment(required=True)
    instrument = Whole(load_default=None, allow_none=True, validate=IDENTITY)
    waive_reason = Text(load_default=None, allow_none=True, validate=Length(max=300))


class ProposalBody(MoveBody):
    reason = Text(required=True, validate=Length(1, 500))


class ReceiveBody(Strict):
    samples = Whole(required=True, validate=Range(0, 1_000_000))
    condition = Text(load_default="", validate=Length(max=500))


class StartBody(Strict):
    at = Moment(load_default=None, allow_none=True)


class BeginBody(StartBody):
    unit = Whole(load_default=None, allow_none=True, validate=Range(1, 99))


class AssignBody(Strict):
    person = Whole(required=True, allow_none=True, validate=IDENTITY)


class StoreBody(Strict):
    place = Whole(required=True, validate=IDENTITY)


class PauseBody(StartBody):
    reason = Text(required=True, validate=OneOf(tuple(PauseReason)))


class FinishBody(StartBody):
    machine_minutes = Whole(load_default=None, allow_none=True, validate=Range(-1, 2**31 - 1))


class ChargeBody(Strict):
    amount_fen = Fen(required=True)
    reason = Text(required=True, validate=Length(1, 500))


class ExtraBody(Strict):
    kind = Text(required=True, validate=OneOf(tuple(ExtraKind)))
    cause = Text(required=True, validate=OneOf(tuple(ExtraCause)))
    quantity = Whole(load_default=None, allow_none=True, validate=Range(1, 1_000_000))
    minutes = Whole(load_default=None, allow_none=True, validate=Range(1, MOST_MINUTES))
    test_item = Whole(load_default=None, allow_none=True, validate=IDENTITY)
    hours = Whole(load_default=None, allow_none=True, validate=Range(0, 100_000))
    reason = Text(load_default="", validate=Length(max=500))


class BlockBody(Strict):
    starts_at = Moment(required=True)
    ends_at = Moment(required=True)
    units = Many(Whole(validate=Range(1, 99)), load_default=None, allow_none=True)
    kind = Text(required=True, validate=OneOf(HoldingKind.by_hand()))
    note = Text(load_default="", validate=Length(max=200))


class BlockChange(Strict):
    starts_at = Moment(required=True)
    ends_at = Moment(required=True)
    following = YesNo(load_default=False)


class UnblockQuery(Strict):
    following = YesNo(load_default=False)


class FeedBody(Strict):
    of = Text(required=True, validate=OneOf(tuple(FeedOf)))
    lab = Text(load_default=None, allow_none=True, validate=Length(max=20))
    instrument = Whole(load_default=None, allow_none=True, validate=IDENTITY)
    name = Text(load_default="", validate=Length(max=60))

    @ma.validates_schema
    def which_one(self, data: dict[str, Any], **_more: Any) -> None:
        if data.get("of") == FeedOf.LAB and data.get("lab") is None:
            raise ma.ValidationError(_("This is needed."), "lab")
        if data.get("of") == FeedOf.INSTRUMENT and data.get("instrument") is None:
            raise ma.ValidationError(_("This is needed."), "instrument")


class BookingQuery(ListQuery):
    state = Text(load_default=None, validate=OneOf(tuple(BookingState)))
    lab = Text(load_default=None)


@blueprint.get("/slots")
@public
@limited("search")
@blueprint.arguments(SlotQuery, location="query")
@blueprint.response(200, listing(Offer))
@blueprint.problems(404, 422)
def slots(query: dict[str, Any]) -> Any:
    """The earliest feasible slot of each offer (item and instrument) over all labs, with its full price."""
    now = utc_now()
    if query["quantity"] < 1:
        raise QuantityOutOfRange(n="–")
    hours = query["hours"]
    if query["test_item"]:
        item = get_test_item(current_actor(), query["test_item"])
        # for one item, hours that do not fit are an error; over many items they only leave items out
        if (problem := hours_problem(hours_choice(item), hours)) is not None:
            raise problem
        items: Any = [item.id]
    else:
        items = select_test_items(filters_of(query), local_day(now))
    near = tuple(float(part) for part in query["near"].split(",")) if query["near"] else None
    found = offers(
        items,
        query["quantity"],
        hours,
        now,
        since=query["since"],
        until=query["until"],
        done_by=query["done_by"],
        order=query["order"],
        near=near,
        client_id=current_actor().firm_id,
        limit=query["limit"],
    )
    return {"items": with_rows(found)}


@blueprint.post("/holds")
@requires("booking.book", of=SOMEWHERE, verb="booking.hold")
@blueprint.arguments(WishBody)
@blueprint.response(201, Hold)
@blueprint.problems(401, 403, 404, 409, 422)
@writing(reads_first=True, anew=False)
def hold(body: dict[str, Any]) -> Any:
    """Keep a slot for ten minutes."""
    return services.hold(actor=current_actor(), now=utc_now(), **wish_of(body))


@blueprint.delete("/holds/<int:hold_id>")
@requires("booking.book", of=OWN_HOLD)
@blueprint.response(204)
@blueprint.problems(401, 404)
@writing()
def release_hold(hold_id: int) -> Any:
    """Give a kept slot back."""
    services.release_hold(actor=current_actor(), now=utc_now(), hold_id=hold_id)
    return ""


def about_samples(action: str, *, body: type[Strict]) -> Callable[[Any], Any]:
    """A view that takes its body as JSON or, with the files of answers, as a form of the same names. It is handed what
    was sent, read, and the answers, their files examined and kept."""
    schema = body()
    content = {"application/json": {"schema": body}, "multipart/form-data": {"schema": body}}

    def decorate(view: Any) -> Any:
        @wraps(view)
        def reading() -> Any:
            location = "form" if request.form or request.files else "json"
            sent = blueprint.ARGUMENTS_PARSER.parse(schema, request, location=location)
            return view(sent, SentAnswers(sent.pop("answers"), _files_of_answers(), sent.pop("form_revision")))

        admitted = requires(action, of=SOMEWHERE, verb=action, file=True)
        return admitted(blueprint.doc(requestBody={"required": True, "content": content})(reading))

    return decorate


def _files_of_answers() -> dict[int, TakenFile]:
    """Raises `AnswerUnknown` for a file that answers nothing, `TooManyFields`; nothing is kept then."""
    if len(request.files) > MOST_FIELDS:
        raise TooManyFields(n=MOST_FIELDS)
    taken = {}
    for name, upload in request.files.items():
        number = name.removeprefix(ANSWER)
        if not name.startswith(ANSWER) or not number.isascii() or not number.isdecimal() or len(number) > 9:
            raise AnswerUnknown(name)
        taken[int(number)] = take_in(upload.stream, upload.filename or "file", "document", now=utc_now())
    return taken


@blueprint.post("/bookings")
@about_samples("booking.book", body=BookingBody)
@blueprint.response(201, Booking)
@blueprint.problems(401, 403, 404, 409, 422)
@writing(reads_first=True, anew=False)
def book(body: dict[str, Any], answers: SentAnswers) -> Any:
    """Book a slot; one just taken is answered with alternatives. JSON, or a form with files."""
    actor, now = current_actor(), utc_now()
    made = services.book(
        actor=actor,
        now=now,
        sample_description=body["sample_description"],
        answers=answers.stored(actor, now),
        confidential=body["confidential"],
        surcharges=body["surcharges"],
        quote_id=body["quote"],
        hold_id=body["hold"],
        waive_reason=body["waive_reason"],
        cost_centre=body["cost_centre"],
        **wish_of(body),
    )
    written()
    return {"booking": made, "history": [last_recorded()]}


def wish_of(body: dict[str, Any]) -> dict[str, Any]:
    """What is asked for, as the services take it."""
    return {
        "test_item_id": body["test_item"],
        "quantity": body["quantity"],
        "hours": body["hours"],
        "instrument_id": body["instrument"],
        "starts_at": body["starts_at"],
    }


def _answer(ref: str) -> dict[str, Any]:
    """The booking as what was just done left it."""
    written()
    return _booking(ref)


def _booking(ref: str) -> dict[str, Any]:
    found = get_booking(current_actor(), ref, anew=True)
    return {"booking": found, "history": history(found)}


@blueprint.get("/bookings")
@requires("booking.see", of=FOUND)
@blueprint.arguments(BookingQuery, location="query")
@blueprint.response(200, listing(Booking))
@blueprint.problems(401, 422)
def bookings(query: dict[str, Any]) -> Any:
    """The bookings of both parties' firms, newest first; for regulators, all."""
    rows = list_bookings(
        current_actor(),
        state=query["state"],
        lab=query["lab"],
        before=after(query["cursor"]) if query["cursor"] else None,
        limit=query["limit"] + 1,
    )
    return first_of(rows, query["limit"])


@blueprint.get("/bookings/<ref>")
@requires("booking.see", of=FOUND)
@blueprint.response(200, Booking)
@blueprint.problems(401, 404)
def booking(ref: str) -> Any:
    """One booking with its history."""
    return _booking(ref)


@blueprint.post("/bookings/<ref>/confirm")
@requires("booking.confirm", of=THE_BOOKING, verb="booking.confirm")
@blueprint.response(200, Booking)
@blueprint.problems(401, 403, 404, 409, 422)
@writing()
def confirm(ref: str) -> Any:
    """The lab says yes."""
    services.confirm(actor=current_actor(), now=utc_now(), ref=ref)
    return _answer(ref)


@blueprint.post("/bookings/<ref>/decline")
@requires("booking.decline", of=THE_BOOKING, verb="booking.decline")
@blueprint.arguments(ReasonBody)
@blueprint.response(200, Booking)
@blueprint.problems(401, 403, 404, 409, 422)
@writing()
def decline(body: dict[str, Any], ref: str) -> Any:
    """The lab says no, with a reason."""
    services.decline(actor=current_actor(), now=utc_now(), ref=ref, reason=body["reason"])
    return _answer(ref)


@blueprint.post("/bookings/<ref>/reschedule")
@requires("booking.reschedule", of=THE_BOOKING, verb="booking.reschedule")
@blueprint.arguments(MoveBody)
@blueprint.response(200, Booking)
@blueprint.problems(401, 403, 404, 409, 422)
@writing()
def reschedule(body: dict[str, Any], ref: str) -> Any:
    """The client moves it."""
    services.reschedule(actor=current_actor(), now=utc_now(), ref=ref, **_move(body))
    return _answer(ref)


def _move(body: dict[str, Any]) -> dict[str, Any]:
    return {
        "starts_at": body["starts_at"],
        "instrument_id": body["instrument"],
        "waive_reason": body["waive_reason"],
    }


@blueprint.post("/bookings/<ref>/cancel")
@requires("booking.cancel", of=THE_BOOKING, verb="booking.cancel")
@blueprint.arguments(CancelBody)
@blueprint.response(200, Booking)
@blueprint.problems(401, 403, 404, 409, 422)
@writing()
def cancel(body: dict[str, Any], ref: str) -> Any:
    """Either party ends it, under the item's terms."""
    services.cancel(actor=current_actor(), now=utc_now(), ref=ref, reason=body["reason"])
    return _answer(ref)


@blueprint.post("/bookings/<ref>/proposals")
@requires("booking.propose", of=THE_BOOKING, verb="booking.propose")
@blueprint.arguments(ProposalBody)
@blueprint.response(201, Proposal)
@blueprint.problems(401, 403, 404, 409, 422)
@writing()
def propose(body: dict[str, Any], ref: str) -> Any:
    """The lab proposes another time, held until the client answers."""
    return services.propose(actor=current_actor(), now=utc_now(), ref=ref, reason=body["reason"], **_move(body))


@blueprint.post("/bookings/<ref>/proposals/<int:proposal_id>/accept")
@requires("booking.answer_proposal", of=THE_BOOKING, verb="booking.accept_proposal")
@blueprint.response(200, Booking)
@blueprint.problems(401, 403, 404, 409, 422)
@writing()
def accept_proposal(ref: str, proposal_id: int) -> Any:
    """The client accepts the new time."""
    services.accept_proposal(actor=current_actor(), now=utc_now(), ref=ref, proposal_id=proposal_id)
    return _answer(ref)


@blueprint.post("/bookings/<ref>/proposals/<int:proposal_id>/decline")
@requires("booking.answer_proposal", of=THE_BOOKING, verb="booking.decline_proposal")
@blueprint.response(200, Booking)
@blueprint.problems(401, 403, 404, 409)
@writing()
def decline_proposal(ref: str, proposal_id: int) -> Any:
    """The client keeps the old time."""
    services.decline_proposal(actor=current_actor(), now=utc_now(), ref=ref, proposal_id=proposal_id)
    return _answer(ref)


@blueprint.post("/bookings/<ref>/receive")
@requires(ACTIONS["receive"], of=THE_BOOKING, verb="booking.receive")
@blueprint.arguments(ReceiveBody)
@blueprint.response(200, Booking)
@blueprint.problems(401, 403, 404, 409, 422)
@writing()
def receive(body: dict[str, Any], ref: str) -> Any:
    """Samples have come."""
    services.receive(actor=current_actor(), now=utc_now(), ref=ref, **body)
    return _answer(ref)


@blueprint.post("/bookings/<ref>/start")
@requires(ACTIONS["start"], of=THE_BOOKING, verb="booking.start")
@blueprint.arguments(BeginBody)
@blueprint.response(200, Booking)
@blueprint.problems(401, 403, 404, 409, 422)
@writing()
def start(body: dict[str, Any], ref: str) -> Any:
    """The test begins, now or at the moment given, on its own unit or on another one."""
    services.start(actor=current_actor(), now=utc_now(), ref=ref, **body)
    return _answer(ref)


@blueprint.get("/labs/<code>/bench")
@requires("booking.work", of=THE_LAB)
@blueprint.response(200, Bench)
@blueprint.problems(401, 403, 404)
def bench(code: str) -> Any:
    """What is chosen from at the lab's bench: its storage places and who works there."""
    lab = get_lab_by_code(current_actor(), code)
    return {"places": places_of(lab.id), "workers": workers_of(lab.firm_id)}


@blueprint.post("/bookings/<ref>/assign")
@requires(ACTIONS["assign"], of=THE_BOOKING, verb="booking.assign")
@blueprint.arguments(AssignBody)
@blueprint.response(200, Booking)
@blueprint.problems(401, 403, 404, 409, 422)
@writing()
def assign(body: dict[str, Any], ref: str) -> Any:
    """Say who at the lab does it, or nobody in particular."""
    services.assign(actor=current_actor(), now=utc_now(), ref=ref, person_id=body["person"])
    return _answer(ref)


@blueprint.post("/bookings/<ref>/store")
@requires(ACTIONS["store"], of=THE_BOOKING, verb="booking.store")
@blueprint.arguments(StoreBody)
@blueprint.response(200, Booking)
@blueprint.problems(401, 403, 404, 409, 422)
@writing()
def store(body: dict[str, Any], ref: str) -> Any:
    """Say in which of the lab's storage places the samples lie."""
    services.store(actor=current_actor(), now=utc_now(), ref=ref, place_id=body["place"])
    return _answer(ref)


@blueprint.post("/bookings/<ref>/pause")
@requires(ACTIONS["pause"], of=THE_BOOKING, verb="booking.pause")
@blueprint.arguments(PauseBody)
@blueprint.response(200, Booking)
@blueprint.problems(401, 403, 404, 409, 422)
@writing()
def pause(body: dict[str, Any], ref: str) -> Any:
    """The running test stands still, now or since the moment given; machine time leaves the pause out."""
    services.pause(actor=current_actor(), now=utc_now(), ref=ref, **body)
    return _answer(ref)


@blueprint.post("/bookings/<ref>/resume")
@requires(ACTIONS["resume"], of=THE_BOOKING, verb="booking.resume")
@blueprint.arguments(StartBody)
@blueprint.response(200, Booking)
@blueprint.problems(401, 403, 404, 409, 422)
@writing()
def resume(body: dict[str, Any], ref: str) -> Any:
    """The paused test goes on."""
    services.resume(actor=current_actor(), now=utc_now(), ref=ref, **body)
    return _answer(ref)


@blueprint.post("/bookings/<ref>/finish")
@requires(ACTIONS["finish"], of=THE_BOOKING, verb="booking.finish")
@blueprint.arguments(FinishBody)
@blueprint.response(200, Booking)
@blueprint.problems(401, 403, 404, 409, 422)
@writing()
def finish(body: dict[str, Any], ref: str) -> Any:
    """The test ends, now or at the moment given."""
    services.finish(
        actor=current_actor(), now=utc_now(), ref=ref, at=body["at"], machine_minutes=body["machine_minutes"]
    )
    return _answer(ref)


@blueprint.post("/bookings/<ref>/no-show")
@requires(ACTIONS["no_show"], of=THE_BOOKING, verb="booking.no_show")
@blueprint.response(200, Booking)
@blueprint.problems(401, 403, 404, 409)
@writing()
def no_show(ref: str) -> Any:
    """Samples did not come within 60 minutes of the start."""
    services.no_show(actor=current_actor(), now=utc_now(), ref=ref)
    return _answer(ref)


@blueprint.post("/bookings/<ref>/remind")
@requires("booking.remind_client", of=THE_BOOKING, verb="booking.remind_client")
@blueprint.response(200, Booking)
@blueprint.problems(401, 403, 404, 409)
@writing()
def remind_client(ref: str) -> Any:
    """Remind the client of the time you proposed or of the samples to come, once a day."""
    services.remind_client(actor=current_actor(), now=utc_now(), ref=ref)
    return _answer(ref)


@blueprint.post("/bookings/<ref>/charges")
@requires("charge.propose", of=THE_BOOKING, verb="charge.propose")
@blueprint.arguments(ChargeBody)
@blueprint.response(201, Charge)
@blueprint.problems(401, 403, 404, 409, 422)
@writing()
def propose_charge(body: dict[str, Any], ref: str) -> Any:
    """A change of charge; an increase counts once the client consents."""
    return services.propose_charge(actor=current_actor(), now=utc_now(), ref=ref, **body)


@blueprint.post("/bookings/<ref>/charges/<int:charge_id>/consent")
@requires("charge.consent", of=THE_BOOKING, verb="charge.consent")
@blueprint.response(200, Charge)
@blueprint.problems(401, 403, 404, 409)
@writing()
def consent_charge(ref: str, charge_id: int) -> Any:
    """The client agrees to an increase; extra work becomes the booking's, with its time."""
    return services.consent_charge(actor=current_actor(), now=utc_now(), ref=ref, charge_id=charge_id)


@blueprint.post("/bookings/<ref>/charges/<int:charge_id>/refuse")
@requires("charge.consent", of=THE_BOOKING, verb="charge.refuse")
@blueprint.response(200, Charge)
@blueprint.problems(401, 403, 404, 409)
@writing()
def refuse_charge(ref: str, charge_id: int) -> Any:
    """The client does not agree; nothing changes."""
    return services.refuse_charge(actor=current_actor(), now=utc_now(), ref=ref, charge_id=charge_id)


@blueprint.post("/bookings/<ref>/charges/<int:charge_id>/withdraw")
@requires("charge.propose", of=THE_BOOKING, verb="charge.withdraw")
@blueprint.response(200, Charge)
@blueprint.problems(401, 403, 404, 409)
@writing()
def withdraw_charge(ref: str, charge_id: int) -> Any:
    """The lab takes back what the client has not answered."""
    return services.withdraw_charge(actor=current_actor(), now=utc_now(), ref=ref, charge_id=charge_id)


@blueprint.post("/bookings/<ref>/extra-work")
@requires(ACTIONS["extra"], of=THE_BOOKING, verb="charge.propose_extra")
@blueprint.arguments(ExtraBody)
@blueprint.response(201, Charge)
@blueprint.problems(401, 403, 404, 409, 422)
@writing()
def propose_extra(body: dict[str, Any], ref: str) -> Any:
    """Extra work at the published fee: more samples, more time, another test. Done once the client consents."""
    wish = services.Wish(
        kind=ExtraKind(body["kind"]),
        quantity=body["quantity"],
        minutes=body["minutes"],
        test_item_id=body["test_item"],
        hours=body["hours"],
    )
    return services.propose_extra(
        actor=current_actor(), now=utc_now(), ref=ref, wish=wish, cause=body["cause"], reason=body["reason"]
    )


@blueprint.post("/instruments/<int:instrument_id>/blocks")
@requires("time.block", of=THE_INSTRUMENT, verb="time.block")
@blueprint.arguments(BlockBody)
@blueprint.response(201, Block)
@blueprint.problems(401, 403, 404, 409, 422)
@writing()
def block(body: dict[str, Any], instrument_id: int) -> Any:
    """Block what is free; bookings in the way stay and are listed."""
    return services.block(actor=current_actor(), now=utc_now(), instrument_id=instrument_id, **body)


@blueprint.patch("/blocks/<block_id>")
@requires("time.block", of=THE_BLOCK, verb="time.change_block")
@blueprint.arguments(BlockChange)
@blueprint.response(200, Block)
@blueprint.problems(401, 403, 404, 409, 422)
@writing()
def change_block(body: dict[str, Any], block_id: str) -> Any:
    """Give a block, or it and the later ones of its series, other times. Bookings in the way refuse it."""
    return services.change_block(actor=current_actor(), now=utc_now(), block_id=block_id, **body)


@blueprint.delete("/blocks/<block_id>")
@requires("time.block", of=THE_BLOCK, verb="time.unblock")
@blueprint.arguments(UnblockQuery, location="query")
@blueprint.response(204)
@blueprint.problems(401, 403, 404, 422)
@writing()
def unblock(query: dict[str, Any], block_id: str) -> Any:
    """Give the time of a block back, or of it and the later ones of its series."""
    services.unblock(actor=current_actor(), now=utc_now(), block_id=block_id, following=query["following"])
    return ""


@blueprint.get("/feeds")
@signed_in
@blueprint.response(200, listing(Feed))
@blueprint.problems(401)
def feeds() -> Any:
    """The own calendar addresses that work, the newest first; their secrets are shown no more."""
    person_id = current_actor().person_id
    return {"items": open_feeds(person_id) if person_id is not None else []}


@blueprint.post("/feeds")
@requires("feed.make", of=OWN_FIRM, verb="feed.make")
@limited("feed_made")
@blueprint.arguments(FeedBody)
@blueprint.response(201, NewFeed)
@blueprint.problems(401, 403, 404, 409, 422)
@writing(reads_first=True)
def make_feed(body: dict[str, Any]) -> Any:
    """Make a calendar address, shown this once: of the own bookings, the firm's, a lab's or an instrument's."""
    made, secret = services.make_feed(
        actor=current_actor(),
        now=utc_now(),
        of=body["of"],
        lab_code=body["lab"],
        instrument_id=body["instrument"],
        name=body["name"],
    )
    shown_once("address")
    return {"feed": made, "address": address_of_feed(secret)}


@blueprint.delete("/feeds")
@signed_in
@blueprint.response(204)
@blueprint.problems(401)
@writing()
def revoke_feeds() -> Any:
    """Revoke all of the own calendar addresses."""
    services.revoke_feeds(actor=current_actor(), now=utc_now())
    return ""


@blueprint.delete("/feeds/<int:feed_id>")
@requires(SIGNED_IN, of=OWN_FEED)
@blueprint.response(204)
@blueprint.problems(401, 404)
@writing()
def revoke_feed(feed_id: int) -> Any:
    """Revoke a calendar address: from now on there is nothing under it."""
    services.revoke_feed(actor=current_actor(), now=utc_now(), feed_id=feed_id)
    return ""
