"""The lab's day: figures that lead on, today's work with the one next action each, requests, the week."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from flask import redirect, render_template, request, url_for

from labshare.booking.models import Booking
from labshare.booking.queries.bookings import client_contact, sees_samples
from labshare.booking.queries.desk import about_requests, requests_of
from labshare.booking.queries.first_steps import first_steps
from labshare.booking.queries.for_clients import made_by_us
from labshare.booking.queries.handovers import handovers_open
from labshare.booking.terms import BookingState, FirstStep
from labshare.catalogue.models import Lab
from labshare.catalogue.queries.own import lab_choices
from labshare.http.actor import current_actor
from labshare.http.rights import OWN_LABS, requires, signed_in
from labshare.kernel.actor import Actor
from labshare.kernel.errors import NotFound
from labshare.kernel.months import Month
from labshare.kernel.time import local_day, utc_now
from labshare.organisations.permissions import may
from labshare.organisations.queries import workers_of
from labshare.oversight.queries import outside_revenue
from labshare.settlement.queries.missing import missing_sums
from labshare.settlement.queries.reminders import overdue_clients
from labshare.settlement.queries.waiting import today_of
from labshare.web.lab import blueprint
from labshare.web.lab.accounts import letter_form
from labshare.web.lab.board import chosen_lab, due_on
from labshare.web.lab.inbox import taken
from labshare.web.lab.timetable import calendar_of

MOST_MADE = 20
"""Bookings for clients, and clients to remind, beside the requests; the others stand on their own pages."""
SHOWN = 3
"""Requests on the page of the day; the others stand on their own."""
FILTERS = {
    "all": (BookingState.CONFIRMED, *BookingState.at_work(), BookingState.TESTED),
    "mine": (BookingState.CONFIRMED, *BookingState.at_work(), BookingState.TESTED),
    "arriving": (BookingState.CONFIRMED,),
    "running": BookingState.at_work(),
    "report": (BookingState.TESTED,),
}


@blueprint.get("/")
@signed_in
def home() -> Any:
    return redirect(url_for(".today"))


@blueprint.route("/today", methods=["GET", "POST"])
@requires("booking.see", of=OWN_LABS, to_post="booking.work")
def today() -> Any:
    """The day; a step taken in one of its lists leaves the reader where they are."""
    actor, outcome = current_actor(), taken(current_actor())
    now = utc_now()
    try:
        lab, labs = chosen_lab(actor)
    except NotFound:
        return render_template("lab/today/no_lab.html")
    day = local_day(now)
    shown = request.args.get("show", "all")
    states = FILTERS.get(shown, FILTERS["all"])
    work = today_of(lab.id, now)
    waiting = sorted((each for each in work if each.unanswered), key=lambda each: (each.answer_by, each.id))
    dues = [due_on(each) for each in work if each.state == BookingState.TESTED]
    in_hand = [each for each in work if each.state in states]
    later = [each for each in in_hand if each.state == BookingState.TESTED and (due_on(each) or day) > day]
    late = []
    if shown == "mine":
        in_hand, later = [each for each in in_hand if each.assignee_id == actor.person_id], []
    elif states == FILTERS["all"]:  # no work of today: one line leads to what is not due yet, what is late stands below
        late = [each for each in in_hand if each.state == BookingState.TESTED and (due_on(each) or day) < day]
        in_hand = [each for each in in_hand if each not in later and each not in late]
    week = day - timedelta(days=day.weekday())
    return render_template(
        "lab/today/page.html",
        lab=lab,
        labs=labs,
        now=now,
        day=day,
        requests=waiting,
        shown_requests=waiting[:SHOWN],
        work=in_hand,
        late=late,
        later=len(later) if states == FILTERS["all"] else 0,
        shown=shown if shown in FILTERS else "all",
        handovers=handovers_open(lab.id) if may(actor, "booking.work", lab=actor.firm_id) else (),
        me=actor.person_id,
        workers=workers_of(lab.firm_id) if may(actor, "booking.work", lab=actor.firm_id) else (),
        arriving=[each for each in work if each.state == BookingState.CONFIRMED],
        running=sum(1 for each in work if each.state in BookingState.running()),
        due_today=sum(1 for due in dues if due and due <= day),
        due_week=sum(1 for due in dues if due and due <= week + timedelta(days=6)),
        missing=missing_sums(actor, lab_id=lab.id),
        revenue_fen=outside_revenue(lab.id, Month.of(day)),
        week=calendar_of(lab, week, days=7, now=now),
        due_on=due_on,
        outcome=outcome,
        **_known_of(waiting[:SHOWN], actor),
        steps=[] if work else [(step, done, _where(step, lab)) for step, done in first_steps(lab, day)],
        may_work=may(actor, "booking.work", lab=actor.firm_id),
        may_send=may(actor, "reminder.send", lab=actor.firm_id),
    )


def _known_of(asked: Sequence[Booking], actor: Actor) -> dict[str, Any]:
    """What the cards of requests show beside them."""
    return {
        "about": about_requests(asked),
        "contact_of": client_contact,
        "reads_samples": {each.id for each in asked if sees_samples(actor, each)},
    }


def _where(step: FirstStep, lab: Lab) -> str:
    """The page on which a step is done."""
    endpoint, values = {
        FirstStep.VERIFIED: ("account.firm", {}),
        FirstStep.REACHABLE: ("lab.lab_edit", {"lab_id": lab.id}),
        FirstStep.HOURS: ("lab.lab_hours", {"lab_id": lab.id}),
        FirstStep.PUBLISHED: ("lab.lab", {"lab_id": lab.id}),
        FirstStep.INSTRUMENT: ("lab.instruments", {"lab": lab.id}),
        FirstStep.ITEM: ("lab.test_items", {"lab": lab.id}),
        FirstStep.OPEN_LAB: ("lab.lab", {"lab_id": lab.id, "_anchor": "ol"}),
    }[step]
    return url_for(endpoint, **values)


@blueprint.route("/requests", methods=["GET", "POST"])
@requires("booking.see", of=OWN_LABS, to_post="booking.confirm")
def requests() -> Any:
    """Every request to our labs, the one that lapses first first; and the clients to remind of overdue invoices."""
    actor, outcome, today = current_actor(), taken(current_actor()), local_day(utc_now())
    may_send = may(actor, "reminder.send", lab=actor.firm_id)
    waiting = requests_of([lab.id for lab in lab_choices(actor.firm_id)])
    return render_template(
        "lab/requests/page.html",
        requests=waiting,
        now=utc_now(),
        outcome=outcome,
        made=made_by_us(actor, utc_now(), limit=MOST_MADE),
        **_known_of(waiting, actor),
        may_answer=may(actor, "booking.confirm", lab=actor.firm_id),
        to_remind=[each for each in overdue_clients(actor, today) if each.ready] if may_send else [],
        shown_at_most=MOST_MADE,
        letter_form=letter_form(today),
    )
