"""Choosing another time for a booking: the client moves it, the lab proposes; the same page of free slots."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from flask import redirect, render_template, request, url_for
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from labshare.booking.errors import SlotTaken
from labshare.booking.models import Booking
from labshare.booking.queries.bookings import get_booking
from labshare.booking.queries.slots import free_slots
from labshare.kernel.database import transaction
from labshare.kernel.errors import Problem
from labshare.kernel.time import local_day, start_of_day, utc_now
from labshare.organisations import permissions
from labshare.web.actor import current_actor
from labshare.web.booking_page import moment_in
from labshare.web.forms import Form, TextAreaField, length, required, show_problem
from labshare.web.layout import flash_done
from labshare.web.public.items import FIRST_SHOWN, columns

DAYS = 7


class MoveForm(Form):
    """The chosen slot is the button pressed."""


class ProposeForm(MoveForm):
    reason = TextAreaField(_l("Reason"), description=_l("The client reads this."), validators=[required(), length(500)])


def page(
    booking: Booking,
    side: str,
    form: Form,
    status: int = 200,
    taken: SlotTaken | None = None,
    pressed: datetime | None = None,
) -> tuple[str, int]:
    now = utc_now()
    since = _since(now)
    days = free_slots(
        booking.test_item_id, booking.quantity, booking.hours, max(now, start_of_day(since)),
        start_of_day(since + timedelta(days=DAYS)), now, but_booking=booking.id,
    )  # fmt: skip
    return (
        render_template(
            "booking/move.html", booking=booking, side=side, form=form, columns=columns(days),
            taken=taken is not None, alternatives=taken.alternatives if taken else (), shown=FIRST_SHOWN,
            pressed=pressed, pressed_value=request.form.get("slot"), later=since + timedelta(days=DAYS),
            earlier=max(local_day(now), since - timedelta(days=DAYS)) if since > local_day(now) else None,
        ),
        status,
    )  # fmt: skip


def _since(now: datetime) -> date:
    try:
        return max(local_day(now), date.fromisoformat(request.args.get("from", "")))
    except ValueError:
        return local_day(now)


def choose(ref: str, side: str, service: Callable[..., Any], done: LazyString) -> Any:
    """GET shows the slots, POST takes the one pressed. Raises `NotFound`, `NotAllowed`."""
    actor = current_actor()
    booking = get_booking(actor, ref)
    if side == "lab":
        permissions.check(actor, "booking.propose", lab=booking.lab_firm_id)
    else:
        permissions.check(actor, "booking.reschedule", client=booking.client_firm_id)
    form = ProposeForm() if side == "lab" else MoveForm()
    if request.method == "GET":
        return page(booking, side, form)
    start, _sep, instrument = request.form.get("slot", "").partition("|")
    starts_at = moment_in(start)
    if not form.validate_on_submit() or starts_at is None:
        return page(booking, side, form, 422, pressed=starts_at)
    more = {"reason": form.reason.data} if isinstance(form, ProposeForm) else {}
    try:
        with transaction():
            service(
                actor=actor, now=utc_now(), ref=ref, starts_at=starts_at,
                instrument_id=int(instrument) if instrument.isdecimal() else None, **more,
            )  # fmt: skip
    except SlotTaken as problem:
        return page(get_booking(actor, ref), side, form, problem.status, problem)
    except Problem as problem:
        status = show_problem(form, problem)
        return page(get_booking(actor, ref), side, form, status)
    flash_done(str(done))
    return redirect(url_for(f"{side}.booking", ref=ref), 303)
