"""The booking page as the client sees it, and its verbs."""

from typing import Any

from flask_babel import lazy_gettext as _l

from labshare.booking.services import reschedule
from labshare.web.booking_page import CHOICES, act, show
from labshare.web.client import blueprint
from labshare.web.moving import choose


@blueprint.get("/bookings/<ref>")
def booking(ref: str) -> Any:
    return show(ref, "client")


@blueprint.post(f"/bookings/<ref>/<any({CHOICES}):verb>")
def booking_verb(ref: str, verb: str) -> Any:
    return act(ref, verb, "client")


@blueprint.route("/bookings/<ref>/move", methods=["GET", "POST"])
def move_booking(ref: str) -> Any:
    return choose(ref, "client", reschedule, _l("Moved to the new time."))
