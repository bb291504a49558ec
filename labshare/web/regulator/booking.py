"""A booking as regulators see it, what officers decide there; the lists of disputes and of holds."""

from typing import Any

from flask import render_template, request

from labshare.http.actor import current_actor
from labshare.http.rights import THE_BOOKING, requires
from labshare.kernel.time import utc_now
from labshare.settlement.queries.disputes import count_disputes, count_holds
from labshare.settlement.queries.disputes import disputes as list_disputes
from labshare.settlement.queries.disputes import holds as list_holds
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


@blueprint.post("/bookings/<ref>/contest/decide")
@requires("contest.decide", of=THE_BOOKING, verb="contest.decide")
def decide_contest(ref: str) -> Any:
    return say(ref, name="decide_contest", side="regulator", show=show)


@blueprint.post("/bookings/<ref>/suspend")
@requires("hold.suspend", of=THE_BOOKING, verb="hold.suspend")
def suspend_booking(ref: str) -> Any:
    return say(ref, name="suspend", side="regulator", show=show)


@blueprint.post("/bookings/<ref>/suspension/end")
@requires("hold.end", of=THE_BOOKING, verb="hold.end")
def end_suspension(ref: str) -> Any:
    return say(ref, name="end_suspension", side="regulator", show=show)


@blueprint.get("/holds")
@requires("dashboard.see")
def holds() -> Any:
    """Bookings held now, whatever the cause; and holds that ended."""
    actor = current_actor()
    over = request.args.get("show") == "past"
    page = asked_page(count_holds(actor, over=over))
    rows = list_holds(actor, over=over, limit=page.size, offset=page.offset)
    return render_template("regulator/holds.html", rows=rows, over=over, page=page, now=utc_now())


@blueprint.get("/disputes")
@requires("dashboard.see")
def disputes() -> Any:
    """Open disputes, those for an officer to decide first; and those that ended."""
    actor = current_actor()
    over = request.args.get("show") == "past"
    page = asked_page(count_disputes(actor, over=over))
    rows = list_disputes(actor, over=over, limit=page.size, offset=page.offset)
    return render_template("regulator/disputes.html", rows=rows, over=over, page=page)
