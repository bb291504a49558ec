"""Choosing another time for a booking: the client moves it, the lab proposes; the same pages for both.

First the free slots; the one pressed leads to a question that shows the old and the new time, the price, who must
agree; only its button changes anything. What was typed is kept on the way, also from week to week.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from flask import render_template, request, url_for
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from labshare.booking.errors import SlotTaken
from labshare.booking.models import Booking
from labshare.booking.queries.bookings import get_booking
from labshare.booking.queries.slots import free_slots
from labshare.booking.services import where_to
from labshare.http.actor import current_actor
from labshare.kernel.errors import Problem
from labshare.kernel.time import local_day, start_of_day, utc_now
from labshare.web.asked import read_day, read_moment
from labshare.web.forms import Form, TextAreaField, begin_at, length, required, show_problem
from labshare.web.public.items import FIRST_SHOWN, columns
from labshare.web.steps import carry_out

DAYS = 7


class MoveForm(Form):
    """The chosen slot is the button pressed."""

    reason = TextAreaField(_l("Reason"), description=_l("The lab reads this."), validators=[length(500)])


class ProposeForm(MoveForm):
    reason = TextAreaField(_l("Reason"), description=_l("The client reads this."), validators=[required(), length(500)])


def page(booking: Booking, side: str, form: Form, status: int = 200, taken: SlotTaken | None = None) -> tuple[str, int]:
    """The free slots of seven days."""
    now = utc_now()
    since = _since(booking, now)
    days = free_slots(
        booking.test_item_id,
        quantity=booking.quantity,
        hours=booking.hours,
        since=max(now, start_of_day(since)),
        until=start_of_day(since + timedelta(days=DAYS)),
        now=now,
        but_booking=booking.id,
    )
    return (
        render_template(
            "booking/move.html",
            booking=booking,
            side=side,
            form=form,
            columns=columns(days),
            since=since,
            taken=taken is not None,
            alternatives=taken.alternatives if taken else (),
            shown=FIRST_SHOWN,
            later=since + timedelta(days=DAYS),
            earlier=max(local_day(now), since - timedelta(days=DAYS)) if since > local_day(now) else None,
        ),
        status,
    )


def _since(booking: Booking, now: datetime) -> date:
    """The first of the days shown: the one asked for, or the day before the booking's: most move a little."""
    asked = request.form.get("week") or request.form.get("from") or request.args.get("from", "")
    return max(local_day(now), read_day(asked) or local_day(booking.starts_at) - timedelta(days=1))


def choose(ref: str, *, side: str, service: Callable[..., Any], done: LazyString) -> Any:
    """GET shows the slots; POST another week, the question about the slot pressed or, `sure`, takes it. Raises
    `NotFound`, `NotAllowed`."""
    actor, now = current_actor(), utc_now()
    booking = get_booking(actor, ref)
    form = ProposeForm() if side == "lab" else MoveForm()
    if request.method == "GET" or "week" in request.form or "back" in request.form:
        if side == "lab" and request.method == "GET":
            begin_at(form.reason)
        return page(booking, side, form)
    start, _sep, instrument = request.form.get("slot", "").partition("|")
    starts_at, instrument_id = read_moment(start), int(instrument) if instrument.isdecimal() else None
    if starts_at is None:
        form.validate()
        return page(booking, side, form, 422)
    try:
        sure = "sure" in request.form
        if not sure or not form.validate_on_submit():
            move = where_to(booking, side, now, starts_at=starts_at, instrument_id=instrument_id)
            return (
                render_template(
                    "booking/move_ask.html",
                    booking=booking,
                    side=side,
                    form=form,
                    move=move,
                    since=_since(booking, now),
                ),
                422 if sure else 200,
            )
        return carry_out(
            lambda: service(
                actor=actor,
                now=now,
                ref=ref,
                starts_at=starts_at,
                instrument_id=instrument_id,
                reason=form.reason.data or "",
            ),
            lambda _moved: (str(done), url_for(f"{side}.booking", ref=ref)),
        )
    except SlotTaken as problem:
        return page(get_booking(actor, ref), side, form, problem.status, problem)
    except Problem as problem:
        status = show_problem(form, problem)
        return page(get_booking(actor, ref), side, form, status)
