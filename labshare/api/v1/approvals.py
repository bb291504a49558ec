"""The inside yes: bookings that wait for their firm's approver."""

from typing import Any

from labshare.api.v1.base import ListQuery, RoomBlueprint, after, first_of
from labshare.api.v1.booking import IDENTITY, SamplesBody, about_samples, wish_of
from labshare.api.writing import writing, written
from labshare.audit.services import last_recorded
from labshare.booking import services
from labshare.booking.queries.approvals import asked_approval, decided_approval, get_approval, list_approvals
from labshare.http.actor import current_actor
from labshare.http.fields import Fen, Length, Many, Range, Strict, Text, Whole
from labshare.http.rights import FOUND, OWN_BOOKINGS, Of, requires
from labshare.http.sample_answers import SentAnswers
from labshare.http.schemas.base import listing
from labshare.http.schemas.booking import Approval, Booking
from labshare.kernel.time import utc_now

blueprint = RoomBlueprint("approvals", "Bookings above a firm's amount, which wait for its inside yes")
TO_DECIDE = Of("approval in the address, to decide", asks=decided_approval)
TO_ASK = Of("approval in the address, one's own", asks=asked_approval)


class AskBody(SamplesBody):
    cost_centre = Text(load_default="", validate=Length(max=40))
    surcharges = Many(Text(validate=Length(1, 20)), load_default=())
    hold = Whole(load_default=None, allow_none=True, validate=IDENTITY)


class ApproveBody(Strict):
    price_fen = Fen(required=True, validate=Range(0, 10**15))


class RefuseBody(Strict):
    reason = Text(required=True, validate=Length(1, 500))


@blueprint.get("/approvals")
@requires("approval.see", of=OWN_BOOKINGS)
@blueprint.arguments(ListQuery, location="query")
@blueprint.response(200, listing(Approval))
@blueprint.problems(401, 403, 422)
def approvals(query: dict[str, Any]) -> Any:
    """What the firm's members asked approval for, the newest first."""
    before = after(query["cursor"]) if query["cursor"] else None
    rows = list_approvals(current_actor(), before=before, limit=query["limit"] + 1)
    return first_of(rows, query["limit"])


@blueprint.post("/approvals")
@about_samples("approval.ask", body=AskBody)
@blueprint.response(201, Approval)
@blueprint.problems(401, 403, 404, 409, 422)
@writing(reads_first=True)
def ask_approval(body: dict[str, Any], answers: SentAnswers) -> Any:
    """Ask the firm's approver for a booking; its time is held until the answer. JSON, or a form with files."""
    actor, now = current_actor(), utc_now()
    return services.ask_approval(
        actor=actor,
        now=now,
        sample_description=body["sample_description"],
        answers=answers.stored(actor, now),
        confidential=body["confidential"],
        cost_centre=body["cost_centre"],
        surcharges=body["surcharges"],
        hold_id=body["hold"],
        **wish_of(body),
    )


@blueprint.get("/approvals/<int:approval_id>")
@requires("approval.see", of=FOUND)
@blueprint.response(200, Approval)
@blueprint.problems(401, 404)
def approval(approval_id: int) -> Any:
    """One of them."""
    return get_approval(current_actor(), approval_id)


@blueprint.post("/approvals/<int:approval_id>/approve")
@requires("approval.decide", of=TO_DECIDE, verb="approval.approve")
@blueprint.arguments(ApproveBody)
@blueprint.response(201, Booking)
@blueprint.problems(401, 403, 404, 409, 422)
@writing(reads_first=True)
def approve(body: dict[str, Any], approval_id: int) -> Any:
    """Say yes at the price that was seen: it is booked."""
    made = services.approve(actor=current_actor(), now=utc_now(), approval_id=approval_id, price_fen=body["price_fen"])
    written()
    return {"booking": made, "history": [last_recorded()]}


@blueprint.post("/approvals/<int:approval_id>/refuse")
@requires("approval.decide", of=TO_DECIDE, verb="approval.refuse")
@blueprint.arguments(RefuseBody)
@blueprint.response(200, Approval)
@blueprint.problems(401, 403, 404, 409, 422)
@writing()
def refuse_approval(body: dict[str, Any], approval_id: int) -> Any:
    """Say no, with a reason; the time is free again."""
    return services.refuse_approval(
        actor=current_actor(), now=utc_now(), approval_id=approval_id, reason=body["reason"]
    )


@blueprint.post("/approvals/<int:approval_id>/withdraw")
@requires("approval.ask", of=TO_ASK, verb="approval.withdraw")
@blueprint.response(200, Approval)
@blueprint.problems(401, 403, 404, 409)
@writing()
def withdraw_approval(approval_id: int) -> Any:
    """Take back what one asked for oneself."""
    return services.withdraw_approval(actor=current_actor(), now=utc_now(), approval_id=approval_id)
