"""Booking a slot: the form with price and terms; a slot just taken keeps everything typed and offers three others."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from flask import redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField

from labshare.booking import services
from labshare.booking.errors import AlreadySubmitted, SlotTaken, SurchargeNotOffered
from labshare.booking.models import Approval, Booking, Holding
from labshare.booking.queries.bookings import get_booking, last_of
from labshare.booking.queries.loading import BookableItem, load_bookable_item
from labshare.booking.queries.slots import alternatives_for, own_hold, price_for, slots_of_loaded
from labshare.booking.rules.answers import typed_values
from labshare.booking.rules.lines import read_price
from labshare.booking.rules.price import Price, Work, cancellation_fee, free_until
from labshare.booking.rules.slots import DayOfSlots, Slot
from labshare.booking.services.book import check_own_hold, needs_approval
from labshare.booking.terms import QuoteState
from labshare.catalogue.formatting import with_model
from labshare.catalogue.models import Instrument
from labshare.catalogue.queries import draft_or_published
from labshare.catalogue.terms import LifeState
from labshare.http.actor import current_actor
from labshare.http.rights import OWN_BOOKINGS, Of, requires
from labshare.kernel.errors import NotFound, Problem
from labshare.kernel.time import Hours, local_day, start_of_day, utc_now
from labshare.organisations.permissions import may
from labshare.web.asked import read_day, read_moment, read_number
from labshare.web.client import blueprint
from labshare.web.client.answering import (
    answers_fit,
    ask_for_lost_files,
    name_of,
    places_of,
    sent_answers,
    takes_files,
    with_questions,
)
from labshare.web.client.quoted import first_start, make_quote, quote_asked, take_from_quote
from labshare.web.forms import (
    BooleanField,
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
from labshare.web.public.items import FIRST_SHOWN, columns
from labshare.web.steps import Around, carry_out
from labshare.web.surcharges import chosen_codes, offer_surcharges

OWN_HOLD = Of("own hold", asks=check_own_hold)
WEEK = timedelta(days=7)
SOON = timedelta(hours=2)
"""A lab that confirms by hand may well not see a request for a start this near."""


class BookingForm(Form):
    test_item = HiddenField()
    hold = HiddenField()
    from_quote = HiddenField()
    form_revision = HiddenField()
    """Of the lab's questions as they were shown."""
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
    confidential = BooleanField(
        _l("Confidential samples"),
        description=_l(
            "Description, answers and files are then read by your firm and by those alone who do the work at the lab; "
            "not by its other staff, nor by authorities. The lab is told to keep the samples out of others' sight."
        ),
    )
    cost_centre = StringField(
        _l("Cost centre"),
        description=_l("For your own spending; the lab does not see it."),
        validators=[length(40)],
    )


def _item_id() -> int:
    if (row := quote_asked()) is not None:
        return row.quote.test_item_id
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
    form = with_questions(BookingForm, bookable.questions)()
    choices = [(each.id, name) for each, name in _distinguished(bookable.instruments)]
    form.instrument.choices = choices
    if bookable.item.hours_min is None:
        del form.hours
    if len(choices) < 2:
        del form.instrument
    offer_surcharges(form, bookable)
    take_from_quote(form, quote_asked())
    if not may(current_actor(), "booking.waive", lab=bookable.lab.firm_id):
        del form.waive_reason
    return form


def _distinguished(instruments: Sequence[Instrument]) -> list[tuple[Instrument, str]]:
    """Instruments by name and model; where several read alike, with the lab's own number."""
    names = Counter(map(with_model, instruments))
    return [
        (one, f"{with_model(one)} · {one.inner_id or one.id}" if names[with_model(one)] > 1 else with_model(one))
        for one in instruments
    ]


def _fill(form: BookingForm, bookable: BookableItem) -> None:
    """What the address asks for."""
    form.test_item.data = str(bookable.item.id)
    form.form_revision.data = str(bookable.item.form_revision)
    row = quote_asked()
    if row is None:
        quantity = read_number(request.args.get("quantity", ""))
        form.quantity.data = 1 if quantity is None else quantity
    if "surcharges" in form:
        offered = dict(form.surcharges.choices)
        form.surcharges.data = [code for code in request.args.getlist("surcharges") if code in offered]
    for name in ("hours", "instrument"):
        asked = read_number(request.args.get(name, ""))
        if name in form and asked is not None and (row is None or name != "hours"):
            form[name].data = asked
    moment = read_moment(request.args.get("starts_at", ""))
    form.starts_at.data = moment if moment is not None and moment.tzinfo else None
    if row is not None and form.starts_at.data is None:
        form.starts_at.data = first_start(bookable, row)


def _hours(form: BookingForm) -> Hours | None:
    return form.hours.data if "hours" in form else None


def _price(bookable: BookableItem, form: BookingForm) -> tuple[Price | None, Work | None]:
    """The price for what stands in the form, where it can be worked out, and its work."""
    try:
        work = bookable.work(form.quantity.data or 0, _hours(form))
    except Problem:
        return None, None
    if (row := quote_asked()) is not None:
        return row.price, work
    try:
        return price_for(bookable, work, chosen_codes(form)), work
    except SurchargeNotOffered:
        return None, work


def _page(bookable: BookableItem, form: BookingForm, status: int = 200, taken: SlotTaken | None = None) -> Any:
    ask_for_lost_files(form, bookable.questions)
    price, work = _price(bookable, form)
    client = bookable.client
    start, now = form.starts_at.data, bookable.now
    held = own_hold(current_actor().person_id, now)
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
    terms = bookable.terms().cancellation
    late_fen = cancellation_fee(terms, price.total_fen, until_start=timedelta.min) if price else 0
    week = _week(good, local_day(now))
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
            taken=taken,
            ran_out=taken is not None and bool(form.hold.data) and held is None,
            alternatives=alternatives,
            answer_by=answer_by,
            free_until=free_until(terms, good) if good else None,
            late_fen=late_fen,
            waits_inside=price and client and needs_approval(current_actor(), client, price.total_fen),
            now=now,
            soon=answer_by is not None and answer_by == start and start - now < SOON,
            instruments={each.id: each for each in bookable.instruments},
            questions=[form[name_of(one)] for one in bookable.questions],
            takes_files=takes_files(bookable.questions),
            quote=row.quote if (row := quote_asked()) is not None else None,
            columns=columns(_days(bookable, form, work, week, held)) if work and bookable.published else (),
            shown=FIRST_SHOWN,
            week=week,
            week_asked="week" in request.form,
            earlier=max(local_day(now), week - WEEK) if week > local_day(now) else None,
            later=week + WEEK,
            last=last_of(client_id=bookable.client.id, item_id=bookable.item.id) if bookable.client else None,
            **_held(form, held, now, good=not taken and good is not None and price is not None and bookable.published),
        ),
        status,
    )


def _week(start: datetime | None, today: date) -> date:
    """The first of the seven days whose slots stand in the form."""
    asked = read_day(request.values.get("week", ""))
    return max(today, asked or (local_day(start) - timedelta(days=1) if start else today))


def _days(bookable: BookableItem, form: BookingForm, work: Work, week: date, held: Holding | None) -> list[DayOfSlots]:
    return slots_of_loaded(
        bookable,
        work,
        max(bookable.now, start_of_day(week)),
        start_of_day(week + WEEK),
        instrument_id=form.instrument.data if "instrument" in form else None,
        but_hold=held.id if held else None,
    )


def _held(form: BookingForm, held: Holding | None, now: datetime, *, good: bool) -> dict[str, Any]:
    """What `_hold.html` wants: the person's hold if it is of the start in the form, and whether one is wanted."""
    own = held if held is not None and held.starts_at == form.starts_at.data else None
    if own is not None and "instrument" in form and form.instrument.data not in (None, own.instrument_id):
        own = None
    client = current_actor().firm_id is not None
    return {"held": own, "left": own.seconds_left(now) if own else 0, "wants": good and client, "gone": False}


def _fits(form: BookingForm, bookable: BookableItem) -> bool:
    """Validates the form, quantity and hours against the item too, so that everything wrong is told at once."""
    fine: bool = form.validate_on_submit()
    return _ask_problems(form, bookable) and fine


def _ask_problems(form: BookingForm, bookable: BookableItem) -> bool:
    """What is wrong with quantity and hours for this item, at their fields; True where nothing is."""
    fine = True
    if isinstance(form.quantity.data, int) and ("hours" not in form or not form.hours.errors):
        for problem in _work_problems(bookable, form):
            name = problem.field or ""
            if name in form and not form[name].errors:
                show_problem(form, problem)
                fine = False
    return fine


def _work_problems(bookable: BookableItem, form: BookingForm) -> Sequence[Problem]:
    try:
        bookable.work(form.quantity.data, _hours(form))
    except Problem as problem:
        return problem.problems
    return ()


@blueprint.get("/bookings/new")
@requires("booking.book", of=OWN_BOOKINGS)
def new_booking() -> Any:
    bookable = _bookable_item(utc_now())
    form = _form(bookable)
    row = quote_asked()
    if row is not None and row.state not in (QuoteState.OPEN, QuoteState.ACCEPTED):
        return redirect(url_for(".quote", number=row.quote.number))  # which says what became of it
    _fill(form, bookable)
    if "hours" not in form or form.hours.data is not None:  # not yet chosen is not wrong
        _ask_problems(form, bookable)
    return _page(bookable, form)


@blueprint.post("/bookings/new")
@requires("booking.book", of=OWN_BOOKINGS, file=True)
def book() -> Any:
    actor, now = current_actor(), utc_now()
    bookable = _bookable_item(now)
    form = _form(bookable)
    if chosen := request.form.get("pick") or request.form.get("another"):  # a button: the same form with its start
        start, _sep, instrument = chosen.partition("|")
        form.starts_at.data, form.starts_at.raw_data = datetime.fromisoformat(start), None  # not what was typed
        if "instrument" in form and instrument.isdecimal():
            form.instrument.data = int(instrument)
        return _page(bookable, form)
    if "quote" in request.form:
        if not _ask_problems(form, bookable) or form.quantity.errors:
            return _page(bookable, form, 422)
        made = make_quote(form, bookable, _hours(form))
        return _page(bookable, form, made) if isinstance(made, int) else made
    if "last" in request.form:
        _as_last_time(form, bookable, request.form["last"])
    if {"update", "week", "last"} & set(request.form):
        _fits(form, bookable)
        for field in form:
            if field.name not in ("quantity", "hours", "starts_at", "surcharges"):
                field.errors = []
        if not form.starts_at.data and not (form.starts_at.raw_data or [""])[0]:
            form.starts_at.errors = []  # not yet chosen is not wrong
        return _page(bookable, form, 422 if form.errors else 200)
    sent, fits = sent_answers(form, bookable.questions), _fits(form, bookable)
    status = answers_fit(form, sent, bookable.questions, revision=bookable.item.form_revision)
    if status != 200 or not fits:
        return _page(bookable, form, 409 if status == 409 else 422)
    try:
        return carry_out(
            lambda: services.book_or_ask(
                actor=actor,
                now=now,
                waive_reason=(form.waive_reason.data or None) if "waive_reason" in form else None,
                answers=sent.stored(actor, now),
                **_order(form, bookable),
            ),
            _done,
            Around(reads_first=True, anew=False),
        )
    except AlreadySubmitted as problem:
        flash_done(problem.text)
        return redirect(url_for(".booking", ref=problem.params["ref"]), 303)
    except SlotTaken as problem:
        return _page(_bookable_item(now), form, problem.status, problem)
    except Problem as problem:
        status = show_problem(form, problem, **places_of(bookable.questions))
        return _page(_bookable_item(now), form, status)


def _done(made: Booking | Approval) -> tuple[str, str]:
    if isinstance(made, Approval):
        return _("Asked for approval; the slot is held."), url_for(".approval", approval_id=made.id)
    return _("Booked as %(ref)s.", ref=made.ref), url_for(".booking", ref=made.ref)


def _slot(form: BookingForm, bookable: BookableItem) -> dict[str, Any]:
    """What is to be tested, and when, as the services take it."""
    return {
        "test_item_id": bookable.item.id,
        "quantity": form.quantity.data,
        "starts_at": form.starts_at.data,
        "hours": _hours(form),
        "instrument_id": form.instrument.data if "instrument" in form else None,
    }


def _order(form: BookingForm, bookable: BookableItem) -> dict[str, Any]:
    """The whole order, for the lab or for the firm's own approver."""
    row = quote_asked()
    return {
        **_slot(form, bookable),
        "sample_description": form.sample_description.data,
        "confidential": bool(form.confidential.data),
        "surcharges": chosen_codes(form),
        "quote_id": row.quote.id if row is not None else None,
        "quote": row,
        "hold_id": read_number(form.hold.data or ""),
        "cost_centre": form.cost_centre.data or "",
        "submission": form.submission_key,
        "bookable": bookable,
    }


def _as_last_time(form: BookingForm, bookable: BookableItem, ref: str) -> None:
    """Fill in what an earlier booking said of samples, quantity, hours and what was ordered on top, as far as that is
    still asked and offered; files are chosen anew. Raises `NotFound` for another's."""
    actor = current_actor()
    earlier = get_booking(actor, ref)
    if earlier.client_firm_id != actor.firm_id:
        raise NotFound
    answers = typed_values(earlier.answers)
    for one in bookable.questions:
        if one.id in answers:
            form[name_of(one)].data, form[name_of(one)].raw_data = answers[one.id], None
    form.confidential.data = earlier.confidential
    if "surcharges" in form and earlier.price:
        offered = {choice[0] for choice in form.surcharges.iter_choices()}
        form.surcharges.data = [code for code in read_price(earlier.price).ordered if code in offered]
    form.sample_description.data, form.sample_description.raw_data = earlier.sample_description, None
    for name, value in (("quantity", earlier.quantity), ("hours", earlier.hours)):
        if name in form and value is not None:
            form[name].data, form[name].raw_data = value, [str(value)]


@blueprint.post("/bookings/new/hold")
@requires("booking.book", of=OWN_BOOKINGS, verb="booking.hold")
def hold() -> Any:
    """Hold the slot that stands in the form: a piece of page. Refused for another reason than a rival's, the form says
    it by itself."""
    actor, now = current_actor(), utc_now()
    bookable = _bookable_item(now)
    form = _form(bookable)
    _fits(form, bookable)
    if form.starts_at.errors or form.quantity.errors or ("hours" in form and form.hours.errors):
        return "", 422
    try:
        return carry_out(
            lambda: services.hold(
                actor=actor,
                now=now,
                **_slot(form, bookable),
            ),
            lambda held: (
                lambda: render_template(
                    "client/_hold.html", held=held, left=held.seconds_left(now), wants=True, gone=False
                )
            ),
        )
    except SlotTaken as problem:
        lost = {"gone": True, "alternatives": problem.alternatives, "held": None, "wants": False}
        instruments = {each.id: each for each in bookable.instruments}
        return render_template("client/_hold.html", instruments=instruments, taken=problem, **lost), 409
    except Problem as problem:
        return "", problem.status


@blueprint.post("/bookings/new/holds/<int:hold_id>/let-go")
@requires("booking.book", of=OWN_HOLD, verb="booking.release_hold")
def let_go(hold_id: int) -> Any:
    """Give the held slot back: the form was left. Raises `NotFound`."""
    return carry_out(
        lambda: services.release_hold(actor=current_actor(), now=utc_now(), hold_id=hold_id),
        lambda _done: lambda: ("", 204),
    )
