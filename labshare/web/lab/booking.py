"""The booking page as the lab sees it, and its verbs."""

from typing import Any

from flask_babel import lazy_gettext as _l

from labshare.booking.services import propose
from labshare.http.rights import FOUND, THE_BOOKING, requires
from labshare.web.booking_page import CHOICES, RIGHTS, act, show
from labshare.web.lab import blueprint
from labshare.web.moving import choose


@blueprint.get("/bookings/<ref>")
@requires("booking.see", of=FOUND)
def booking(ref: str) -> Any:
    return show(ref, side="lab")


@blueprint.post(f"/bookings/<ref>/<any({CHOICES}):verb>")
@requires("booking.see", of=FOUND, then=tuple(RIGHTS.values()))
def booking_verb(ref: str, *, verb: str) -> Any:
    return act(ref, name=verb, side="lab")


@blueprint.route("/bookings/<ref>/move", methods=["GET", "POST"])
@requires("booking.propose", of=THE_BOOKING)
def move_booking(ref: str) -> Any:
    return choose(ref, side="lab", service=propose, done=_l("Proposed; the client is asked."))
