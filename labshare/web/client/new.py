"""Booking a slot: the form with price and terms; a slot just taken keeps everything typed and offers three others."""

from datetime import datetime, timedelta
from typing import Any

from flask import redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField

from labshare.booking import services
from labshare.booking.errors import AlreadySubmitted, SlotTaken, SurchargeNotOffered
from labshare.booking.queries.loading import BookableItem, load_bookable_item
from labshare.booking.queries.slots import alternatives_for, price_for
from labshare.booking.rules.price import Price, Work, cancellation_fee, question_problems, work_of
from labshare.booking.rules.slots import Slot
from labshare.catalogue.formatting import with_model
from labshare.catalogue.queries import draft_or_published
from labshare.catalogue.terms import LifeState
from labshare.http.actor import current_actor
from labshare.http.rights import OWN_BOOKINGS, requires
from labshare.kernel.errors import NotFound, Problem
from labshare.kernel.time import Hours, utc_now
from labshare.organisations.permissions import may
from labshare.web.asked import read_moment, read_number
from labshare.web.client import blueprint
from labshare.web.client.surcharges import chosen_codes, offer_surcharges
from labshare.web.forms import (
    Form,
    HoursField,
    LocalMomentField,
    MultipleField,
    OptionalSelectField,
    StringField,
    TextAreaField,
    WholeNumberField,
    length,
    required,
    show_problem,
)
from labshare.web.layout import flash_done
from labshare.web.steps import Around, carry_out

SOON = timedelta(hours=2)
"""A lab that confirms by hand may well not see a request for a start this near."""


class BookingForm(Form):
    test_item = HiddenField()
    starts_at = LocalMomentField(_l("Start"), validators=[required()])
    instrument = OptionalSelectField(_l("Instrument"), coerce=int, blank=_l("Any that is free"))
    waive_reason = StringField(
        _l("Reason to waive lead time and horizon"),
        description=_l("Only members of the lab; kept with the booking."),
        validators=[length(300)],
    )
    quantity = WholeNumberField(_l("Samples"), validators=[required()])
    hours = HoursField(_l("Test hours"))
    surcharges = MultipleField(_l("On top"))
    sample_description = TextAreaField(
        _l("Sample description"),
        description=_l("Material, shape, size, batch; what the lab must know before the samples come."),
        validators=[required(), length(2000)],
    )
    cost_centre = StringField(
        _l("Cost centre"),
        description=_l("For your own spending; the lab does not see it."),
        validators=[length(40)],
    )


def _item_id() -> int:
    found = read_number(request.values.get("test_item", ""), 9)
    if found is None:
        raise NotFound
    return found


def _bookable_item(now: datetime) -> BookableItem:
    """The item asked for. Withdrawn while somebody filled in the form, it is told above the form, which is kept."""
    bookable = load_bookable_item(_item_id(), now, client_id=current_actor().firm_id)
    if bookable is None:
        raise NotFound
    withdrawn = request.method == "POST" and LifeState.DRAFT not in (bookable.item.state, bookable.lab.state)
    if not withdrawn and not draft_or_published(current_actor(), bookable.lab, bookable.item.state):
        raise NotFound
    return bookable


def _form(bookable: BookableItem) -> BookingForm:
    form = BookingForm()
    choices = [(each.id, with_model(each)) for each in bookable.instruments]
    form.instrument.choices = choices
    if bookable.item.hours_min is None:
        del form.hours
    if len(choices) < 2:
        del form.instrument
    offer_surcharges(form, bookable)
    if not may(current_actor(), "booking.waive", lab=bookable.lab.firm_id):
        del form.waive_reason
    return form


def _fill(form: BookingForm) -> None:
    """What the address asks for."""
    form.test_item.data = str(_item_id())
    quantity = read_number(request.args.get("quantity", ""))
    form.quantity.data = 1 if quantity is None else quantity
    if "surcharges" in form:
        offered = dict(form.surcharges.choices)
        form.surcharges.data = [code for code in request.args.getlist("surcharges") if code in offered]
    for name in ("hours", "instrument"):
        asked = read_number(request.args.get(name, ""))
        if name in form and asked is not None:
            form[name].data = asked
    moment = read_moment(request.args.get("starts_at", ""))
    form.starts_at.data = moment if moment is not None and moment.tzinfo else None


def _hours(form: BookingForm) -> Hours | None:
    return form.hours.data if "hours" in form else None


def _price(bookable: BookableItem, form: BookingForm) -> tuple[Price | None, Work | None]:
    """The price for what stands in the form, where it can be worked out, and its work."""
    try:
        work = work_of(bookable.terms(), form.quantity.data or 0, _hours(form))
    except Problem:
        return None, None
    try:
        return price_for(bookable, work, chosen_codes(form)), work
    except SurchargeNotOffered:
        return None, work


def _page(bookable: BookableItem, form: BookingForm, status: int = 200, taken: SlotTaken | None = None) -> Any:
    price, work = _price(bookable, form)
    start = form.starts_at.data
    alternatives = taken.alternatives if taken else ()
    if form.starts_at.errors and start and work and bookable.published:  # refused for another reason: what would go
        alternatives = alternatives_for(bookable, work, start)
    span = (
        Slot(starts_at=start, ends_at=start + work.duration, holding_ends_at=start + work.duration)
        if start and work
        else None
    )
    good = start if start and not form.starts_at.errors else None
    answer_by = bookable.answer_by(good) if good else None
    cancel_fen = 0
    if good and price:
        cancel_fen = cancellation_fee(bookable.terms().cancellation, price.total_fen, until_start=good - bookable.now)
    return (
        render_template(
            "client/new.html",
            form=form,
            item=bookable.item,
            lab=bookable.lab,
            price=price,
            span=span,
            firm=bookable.client,
            fee=bookable.fee,
            taken=taken is not None,
            alternatives=alternatives,
            answer_by=answer_by,
            cancel_fen=cancel_fen,
            soon=answer_by is not None and answer_by == start and start - bookable.now < SOON,
            instruments={each.id: each for each in bookable.instruments},
        ),
        status,
    )


def _fits(form: BookingForm, bookable: BookableItem) -> bool:
    """Validates the form, quantity and hours against the item too, so that everything wrong is told at once."""
    fine: bool = form.validate_on_submit()
    return _ask_problems(form, bookable) and fine


def _ask_problems(form: BookingForm, bookable: BookableItem) -> bool:
    """What is wrong with quantity and hours for this item, at their fields; True where nothing is."""
    fine = True
    if isinstance(form.quantity.data, int) and ("hours" not in form or not form.hours.errors):
        for problem in question_problems(bookable.terms(), form.quantity.data, _hours(form)):
            name = problem.field or ""
            if name in form and not form[name].errors:
                show_problem(form, problem)
                fine = False
    return fine


@blueprint.get("/bookings/new")
@requires("booking.book", of=OWN_BOOKINGS)
def new_booking() -> Any:
    bookable = _bookable_item(utc_now())
    form = _form(bookable)
    _fill(form)
    if "hours" not in form or form.hours.data is not None:  # not yet chosen is not wrong
        _ask_problems(form, bookable)
    return _page(bookable, form)


@blueprint.post("/bookings/new")
@requires("booking.book", of=OWN_BOOKINGS)
def book() -> Any:
    actor, now = current_actor(), utc_now()
    bookable = _bookable_item(now)
    form = _form(bookable)
    if "another" in request.form:  # one of the alternatives: the same form with its start
        start, _sep, instrument = request.form["another"].partition("|")
        form.starts_at.data, form.starts_at.raw_data = datetime.fromisoformat(start), None  # not what was typed
        if "instrument" in form and instrument.isdecimal():
            form.instrument.data = int(instrument)
        return _page(bookable, form)
    if "update" in request.form:
        _fits(form, bookable)
        for field in form:
            if field.name not in ("quantity", "hours", "starts_at", "surcharges"):
                field.errors = []
        return _page(bookable, form, 422 if form.errors else 200)
    if not _fits(form, bookable):
        return _page(bookable, form, 422)
    try:
        return carry_out(
            lambda: services.book(
                actor=actor,
                now=now,
                test_item_id=bookable.item.id,
                quantity=form.quantity.data,
                starts_at=form.starts_at.data,
                sample_description=form.sample_description.data,
                hours=_hours(form),
                surcharges=chosen_codes(form),
                instrument_id=form.instrument.data if "instrument" in form else None,
                waive_reason=(form.waive_reason.data or None) if "waive_reason" in form else None,
                cost_centre=form.cost_centre.data or "",
                submission=form.submission_key,
                bookable=bookable,
            ),
            lambda booking: (_("Booked as %(ref)s.", ref=booking.ref), url_for(".booking", ref=booking.ref)),
            Around(reads_first=True, anew=False),
        )
    except AlreadySubmitted as problem:
        flash_done(problem.text)
        return redirect(url_for(".booking", ref=problem.params["ref"]), 303)
    except SlotTaken as problem:
        return _page(_bookable_item(now), form, problem.status, problem)
    except Problem as problem:
        status = show_problem(form, problem)
        return _page(_bookable_item(now), form, status)
