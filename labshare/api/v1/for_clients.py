"""Bookings that a lab makes for a client who telephoned, and the client's answer."""

from typing import Any

from labshare.api.v1.base import ListQuery, RoomBlueprint, after, first_of
from labshare.api.v1.booking import CancelBody, ReasonBody, WishBody, wish_of
from labshare.api.writing import writing, written
from labshare.audit.services import last_recorded
from labshare.booking import services
from labshare.booking.queries.for_clients import answered_by, get_for_client, list_for_clients, withdrawn_by
from labshare.http.actor import current_actor
from labshare.http.fields import ByQuestion, Length, Many, Range, Strict, Text, Whole, YesNo
from labshare.http.rights import FOUND, OWN_LABS, Of, requires
from labshare.http.sample_answers import SentAnswers
from labshare.http.schemas.base import listing
from labshare.http.schemas.booking import Booking, ForClient
from labshare.kernel.time import utc_now

blueprint = RoomBlueprint("for_clients", "Bookings that labs make for clients who telephoned")
EITHER_SIDE = Of("own firm, on either side", lambda actor, **_: {"client": actor.firm_id, "lab": actor.firm_id})
TO_ANSWER = Of("booking for a client in the address, to answer", asks=answered_by)
TO_WITHDRAW = Of("booking for a client in the address, the lab's", asks=withdrawn_by)


class ForClientBody(WishBody):
    """`client`: credit code or whole name of a registered firm; with an `email`, where none is meant, the name of one
    to be, which is mailed a slip to sign up."""

    client = Text(required=True, validate=Length(1, 200))
    email = Text(load_default="", validate=Length(max=254))
    contact = Text(load_default="", validate=Length(max=60))
    surcharges = Many(Text(validate=Length(1, 20)), load_default=())
    sample_description = Text(load_default="", validate=Length(max=2000))
    waive_reason = Text(load_default=None, allow_none=True, validate=Length(max=300))


class AcceptBody(Strict):
    sample_description = Text(load_default="", validate=Length(max=2000))
    answers = ByQuestion(load_default=dict)
    form_revision = Whole(load_default=None, allow_none=True, validate=Range(0, 2**31 - 1))
    confidential = YesNo(load_default=False)
    cost_centre = Text(load_default="", validate=Length(max=40))


@blueprint.get("/for-clients")
@requires("phone.see", of=EITHER_SIDE)
@blueprint.arguments(ListQuery, location="query")
@blueprint.response(200, listing(ForClient))
@blueprint.problems(401, 403, 422)
def for_clients(query: dict[str, Any]) -> Any:
    """What the firm's labs made for clients, and what labs made for the firm, the newest first."""
    before = after(query["cursor"]) if query["cursor"] else None
    rows = list_for_clients(current_actor(), before=before, limit=query["limit"] + 1)
    return first_of(rows, query["limit"])


@blueprint.post("/for-clients")
@requires("phone.book", of=OWN_LABS, verb="phone.book")
@blueprint.arguments(ForClientBody)
@blueprint.response(201, ForClient)
@blueprint.problems(401, 403, 404, 409, 422)
@writing(reads_first=True)
def book_for_client(body: dict[str, Any]) -> Any:
    """Hold a time of the own lab for a client who telephoned, until it accepts."""
    return services.book_for_client(
        actor=current_actor(),
        now=utc_now(),
        client=body["client"],
        email=body["email"],
        contact=body["contact"],
        surcharges=body["surcharges"],
        sample_description=body["sample_description"],
        waive_reason=body["waive_reason"],
        **wish_of(body),
    )


@blueprint.get("/for-clients/<int:made_id>")
@requires("phone.see", of=FOUND)
@blueprint.response(200, ForClient)
@blueprint.problems(401, 404)
def for_client(made_id: int) -> Any:
    """One of them."""
    return get_for_client(current_actor(), made_id)


@blueprint.post("/for-clients/<int:made_id>/accept")
@requires("phone.answer", of=TO_ANSWER, verb="phone.accept")
@blueprint.arguments(AcceptBody)
@blueprint.response(201, Booking)
@blueprint.problems(401, 403, 404, 409, 422)
@writing(reads_first=True)
def accept_for_client(body: dict[str, Any], made_id: int) -> Any:
    """The client's yes: it is booked, confirmed, at the price that was held."""
    actor, now = current_actor(), utc_now()
    made = services.accept_for_client(
        actor=actor,
        now=now,
        made_id=made_id,
        sample_description=body["sample_description"],
        answers=SentAnswers(body["answers"], {}, body["form_revision"]).stored(actor, now),
        confidential=body["confidential"],
        cost_centre=body["cost_centre"],
    )
    written()
    return {"booking": made, "history": [last_recorded()]}


@blueprint.post("/for-clients/<int:made_id>/decline")
@requires("phone.answer", of=TO_ANSWER, verb="phone.decline")
@blueprint.arguments(CancelBody)
@blueprint.response(200, ForClient)
@blueprint.problems(401, 403, 404, 409, 422)
@writing()
def decline_for_client(body: dict[str, Any], made_id: int) -> Any:
    """The client's no; it costs nothing."""
    return services.decline_for_client(actor=current_actor(), now=utc_now(), made_id=made_id, reason=body["reason"])


@blueprint.post("/for-clients/<int:made_id>/withdraw")
@requires("phone.withdraw", of=TO_WITHDRAW, verb="phone.withdraw")
@blueprint.arguments(ReasonBody)
@blueprint.response(200, ForClient)
@blueprint.problems(401, 403, 404, 409, 422)
@writing()
def withdraw_for_client(body: dict[str, Any], made_id: int) -> Any:
    """The lab takes back what the client has not accepted."""
    return services.withdraw_for_client(actor=current_actor(), now=utc_now(), made_id=made_id, reason=body["reason"])
