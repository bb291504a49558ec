"""A booking as regulators see it: everything, and the decision of a dispute; the list of disputes."""

from typing import Any

from flask import render_template, request

from labshare.http.actor import current_actor
from labshare.http.rights import THE_BOOKING, requires
from labshare.settlement.queries.disputes import count_disputes
from labshare.settlement.queries.disputes import disputes as list_disputes
from labshare.web.asked import asked_page
from labshare.web.booking_page import show
from labshare.web.regulator import blueprint
from labshare.web.talking import say


@blueprint.get("/bookings/<ref>")
@requires("dashboard.see")
def booking(ref: str) -> Any:
    return show(ref, side="regulator")


@blueprint.post("/bookings/<ref>/dispute/decide")
@requires("dispute.decide", of=THE_BOOKING, verb="dispute.decide")
def decide_dispute(ref: str) -> Any:
    return say(ref, name="decide", side="regulator", show=show)


@blueprint.get("/disputes")
@requires("dashboard.see")
def disputes() -> Any:
    """Open disputes, those for an officer to decide first; and those that ended."""
    actor = current_actor()
    over = request.args.get("show") == "past"
    page = asked_page(count_disputes(actor, over=over))
    rows = list_disputes(actor, over=over, limit=page.size, offset=page.offset)
    return render_template("regulator/disputes.html", rows=rows, over=over, page=page)
