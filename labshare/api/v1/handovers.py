"""Handover notes."""

from typing import Any

from labshare.api.v1.base import ListQuery, RoomBlueprint, after, first_of
from labshare.api.writing import writing
from labshare.booking import services
from labshare.booking.queries.handovers import get_handover, list_handovers
from labshare.booking.services.handovers import HANDOVER_LENGTH
from labshare.catalogue.queries.single import get_lab_by_code
from labshare.http.actor import current_actor
from labshare.http.fields import Length, Strict, Text
from labshare.http.rights import OWN_LABS, THE_BOOKING, Of, requires
from labshare.http.schemas.base import listing
from labshare.http.schemas.handovers import Handover
from labshare.kernel.actor import Actor
from labshare.kernel.time import utc_now
from labshare.organisations.permissions import check

blueprint = RoomBlueprint("handovers", "What the next shift must know")


def _works_there(actor: Actor, code: str) -> None:
    check(actor, "booking.work", lab=get_lab_by_code(actor, code).firm_id)


THE_NOTE = Of("handover note in the address", asks=get_handover)
MY_LAB = Of("lab in the address, at whose bench one works", asks=_works_there)


class HandoverBody(Strict):
    text = Text(required=True, validate=Length(1, HANDOVER_LENGTH))


@blueprint.get("/handovers")
@requires("booking.work", of=OWN_LABS)
@blueprint.arguments(ListQuery, location="query")
@blueprint.response(200, listing(Handover))
@blueprint.problems(401, 403, 422)
def handovers(query: dict[str, Any]) -> Any:
    """Notes of the firm's labs, the newest first."""
    before = after(query["cursor"]) if query["cursor"] else None
    return first_of(list_handovers(current_actor(), before=before, limit=query["limit"] + 1), query["limit"])


@blueprint.post("/labs/<code>/handovers")
@requires("booking.work", of=MY_LAB, verb="handover.write")
@blueprint.arguments(HandoverBody)
@blueprint.response(201, Handover)
@blueprint.problems(401, 403, 404, 409, 422)
@writing()
def write_for_lab(body: dict[str, Any], code: str) -> Any:
    """Write a note on the lab's day."""
    actor = current_actor()
    lab = get_lab_by_code(actor, code)
    return services.hand_over(actor=actor, now=utc_now(), text=body["text"], lab_id=lab.id)


@blueprint.post("/bookings/<ref>/handovers")
@requires("booking.work", of=THE_BOOKING, verb="handover.write")
@blueprint.arguments(HandoverBody)
@blueprint.response(201, Handover)
@blueprint.problems(401, 403, 404, 409, 422)
@writing()
def write_for_booking(body: dict[str, Any], ref: str) -> Any:
    """Write a note on a booking."""
    return services.hand_over(actor=current_actor(), now=utc_now(), text=body["text"], ref=ref)


@blueprint.post("/handovers/<int:handover_id>/note")
@requires("booking.work", of=THE_NOTE, verb="handover.take_note")
@blueprint.response(200, Handover)
@blueprint.problems(401, 403, 404, 409)
@writing()
def note(handover_id: int) -> Any:
    """Take note of what somebody else wrote."""
    return services.take_note(actor=current_actor(), now=utc_now(), handover_id=handover_id)
