"""What the lab's pages of the day share: which lab, and when a report is due."""

from datetime import date, timedelta

from flask import request

from labshare.booking.models import Booking
from labshare.catalogue.models import Lab
from labshare.catalogue.queries.own import lab_choices
from labshare.kernel.actor import Actor
from labshare.kernel.errors import NotFound


def chosen_lab(actor: Actor) -> tuple[Lab, list[Lab]]:
    """The lab in the address, else the firm's first; and all of them. Raises `NotFound` where there is none."""
    labs = lab_choices(actor.firm_id)
    code = request.args.get("lab")
    for lab in labs:
        if code in (None, "", lab.code):
            return lab, labs
    raise NotFound


def due_on(booking: Booking) -> date | None:
    """The day the report was promised for."""
    return booking.finished_on + timedelta(days=booking.turnaround_days) if booking.finished_on else None
