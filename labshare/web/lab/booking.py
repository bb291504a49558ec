"""The booking page as the lab sees it, and its verbs."""

from typing import Any

from flask_babel import lazy_gettext as _l

from labshare.booking.services import propose
from labshare.web.booking_page import CHOICES, act, show
from labshare.web.lab import blueprint
from labshare.web.moving import choose


@blueprint.get("/bookings/<ref>")
def booking(ref: str) -> Any:
    return show(ref, "lab")


@blueprint.post(f"/bookings/<ref>/<any({CHOICES}):verb>")
def booking_verb(ref: str, verb: str) -> Any:
    return act(ref, verb, "lab")


@blueprint.route("/bookings/<ref>/move", methods=["GET", "POST"])
def move_booking(ref: str) -> Any:
    return choose(ref, "lab", propose, _l("Proposed; the client is asked."))
