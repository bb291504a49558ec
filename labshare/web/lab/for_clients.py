"""Bookings that the lab makes for clients who telephoned: the form, the list, and one with what it waits for."""

from datetime import datetime
from typing import Any

from flask import render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from labshare.booking import services
from labshare.booking.errors import SlotTaken
from labshare.booking.models import ForClient
from labshare.booking.queries.for_clients import (
    client_meant,
    clients_of,
    count_for_clients,
    get_for_client,
    list_for_clients,
    withdrawn_by,
)
from labshare.booking.queries.loading import BookableItem, load_bookable_item
from labshare.booking.queries.slots import alternatives_for, price_for
from labshare.booking.rules.lines import read_price
from labshare.booking.rules.slots import Slot
from labshare.booking.services.for_clients import lapses_at
from labshare.catalogue.formatting import with_model
from labshare.catalogue.queries.own import bookable_items, instruments_of_lab
from labshare.http.actor import current_actor
from labshare.http.rights import FOUND, OWN_LABS, Of, requires
from labshare.kernel.errors import NotAllowed, NotFound, Problem
from labshare.kernel.formatting import twin
from labshare.kernel.time import utc_now
from labshare.organisations.models import Firm
from labshare.organisations.permissions import may
from labshare.web.asked import asked_page, read_moment, read_number
from labshare.web.forms import (
    Form,
    HoursField,
    LocalMomentField,
    MultipleField,
    OptionalSelectField,
    SelectField,
    StringField,
    TextAreaField,
    WholeNumberField,
    begin_at,
    length,
    required,
    show_problem,
)
from labshare.web.lab import blueprint
from labshare.web.lab.board import chosen_lab
from labshare.web.steps import carry_out, pressed
from labshare.web.surcharges import chosen_codes, offer_surcharges

TO_WITHDRAW = Of("booking for a client in the address, the lab's", asks=withdrawn_by)


class ForClientForm(Form):
    bookable: BookableItem | None = None
    """The test chosen, as whoever is not named yet would book it."""
    client = StringField(
        _l("Client"),
        description=_l("Name or credit code. A firm that is not registered: its name, and a mail address below."),
        validators=[required(), length(200)],
        render_kw={"list": "clients", "autocomplete": "off"},
    )
    contact = StringField(_l("Who telephoned"), validators=[length(60)])
    email = StringField(
        _l("E-mail"),
        description=_l("For a new client alone: a slip to sign up goes there."),
        validators=[length(254)],
        render_kw={"type": "email", "autocomplete": "off"},
    )
    test_item = SelectField(_l("Test item"), coerce=int, validators=[required()])
    instrument = OptionalSelectField(_l("Instrument"), coerce=int, blank=_l("Any that is free"))
    starts_at = LocalMomentField(_l("Start"), validators=[required()])
    quantity = WholeNumberField(_l("Samples"), validators=[required()])
    hours = HoursField(_l("Test hours"), description=_l("Where the test offers a choice."))
    surcharges = MultipleField(_l("On top"))
    sample_description = TextAreaField(
        _l("Sample description"),
        description=_l("As you heard it; the client completes it when it accepts."),
        validators=[length(2000)],
    )
    waive_reason = StringField(
        _l("Reason to waive lead time and horizon"),
        description=_l("Only members of the lab; kept with the booking."),
        validators=[length(300)],
    )


class WithdrawForm(Form):
    reason = TextAreaField(_l("Reason"), [required(_l("Give a reason.")), length(500)])


def _form() -> ForClientForm:
    """On GET filled in with what the address says."""
    lab, _labs = chosen_lab(current_actor())
    form = ForClientForm()
    asked = read_number(request.values.get("instrument", ""), 9)
    form.test_item.choices = [(one.id, twin(one)) for one in bookable_items(lab.id, instrument_id=asked)]
    form.instrument.choices = [(one.id, with_model(one)) for one in instruments_of_lab(lab.id)]
    if request.method == "GET":
        form.starts_at.data = _start(form, request.args.get("starts_at", ""))
        form.instrument.data = asked if asked in dict(form.instrument.choices) else None
        form.quantity.data = 1
    form.bookable = _bookable(form)
    offer_surcharges(form, form.bookable)
    if "update" in request.form and "surcharges" in form:  # another test may not offer what was ticked
        form.surcharges.data = [code for code in chosen_codes(form) if code in dict(form.surcharges.choices)]
    return form


def _bookable(form: ForClientForm, firm: Firm | None = None) -> BookableItem | None:
    """The test chosen, as the client would book it; the first one where none is chosen."""
    items = [choice[0] for choice in form.test_item.iter_choices()]
    item_id = form.test_item.data if form.test_item.data in items else next(iter(items), 0)
    return load_bookable_item(item_id, utc_now(), client_id=firm.id if firm else None)


def _start(form: ForClientForm, typed: str) -> datetime | None:
    """The moment that an address or a button names; without an offset in the platform's zone."""
    moment = read_moment(typed)
    return moment and (moment if moment.tzinfo else form.starts_at.read(moment.isoformat()))


def _page(form: ForClientForm, status: int = 200, taken: SlotTaken | None = None) -> Any:
    actor = current_actor()
    lab, _labs = chosen_lab(actor)
    firm = price = span = answer_by = None
    alternatives = taken.alternatives if taken else ()
    try:
        firm = client_meant(form.client.data or "", lab_firm_id=actor.firm_id)
        bookable = _bookable(form, firm) if firm else form.bookable
        if bookable is not None:
            work = bookable.work(form.quantity.data or 0, form.hours.data)
            price = price_for(bookable, work, chosen_codes(form))
            start = form.starts_at.data
            if start:
                span = Slot(starts_at=start, ends_at=start + work.duration, holding_ends_at=start + work.duration)
                answer_by = lapses_at(bookable, start, registered=firm is not None)
                if form.starts_at.errors and not taken:
                    alternatives = alternatives_for(bookable, work, start)
    except Problem:
        pass  # what is wrong is said once the form is sent
    return (
        render_template(
            "lab/for_clients/new.html",
            form=form,
            lab=lab,
            firm=firm,
            clients=clients_of(lab.firm_id),
            price=price,
            span=span,
            answer_by=answer_by,
            alternatives=alternatives,
            taken=taken,
            instruments={one.id: one for one in instruments_of_lab(lab.id)},
        ),
        status,
    )


@blueprint.get("/for-clients/new")
@requires("phone.book", of=OWN_LABS)
def new_for_client() -> Any:
    """The form, with the start and instrument that were drawn in the calendar."""
    form = _form()
    begin_at(form.client)
    return _page(form)


@blueprint.post("/for-clients/new")
@requires("phone.book", of=OWN_LABS)
def book_for_client() -> Any:
    """Hold the time and ask the client; or show what it would cost, and other starts."""
    actor, now = current_actor(), utc_now()
    form = _form()
    if chosen := request.form.get("another"):
        start, _sep, instrument = chosen.partition("|")
        form.starts_at.data, form.starts_at.raw_data = _start(form, start), None
        form.instrument.data = read_number(instrument)
        return _page(form)
    if "update" in request.form:
        return _page(form)
    if not form.validate():
        return _page(form, 422)
    try:
        return carry_out(
            lambda: services.book_for_client(
                actor=actor,
                now=now,
                test_item_id=form.test_item.data,
                quantity=form.quantity.data,
                starts_at=form.starts_at.data,
                client=form.client.data,
                email=form.email.data or "",
                contact=form.contact.data or "",
                hours=form.hours.data,
                instrument_id=form.instrument.data,
                surcharges=chosen_codes(form),
                sample_description=form.sample_description.data or "",
                waive_reason=form.waive_reason.data or None,
                submission=form.submission_key,
            ),
            lambda made: (_("The time is held; the client is asked."), url_for(".for_client", made_id=made.id)),
        )
    except (NotAllowed, NotFound):
        raise
    except SlotTaken as problem:
        return _page(form, problem.status, problem)
    except Problem as problem:
        return _page(form, show_problem(form, problem))


@blueprint.get("/for-clients")
@requires("phone.see", of=OWN_LABS)
def for_clients() -> Any:
    """What the firm's labs made for clients, and what became of it."""
    actor = current_actor()
    page = asked_page()
    return render_template(
        "lab/for_clients/list.html",
        rows=list_for_clients(actor, side="lab", limit=page.size, offset=page.offset),
        now=utc_now(),
        page=page.of(count_for_clients(actor, side="lab")),
        may_book=may(actor, "phone.book", lab=actor.firm_id),
    )


def _one(made_id: int, form: WithdrawForm | None = None, problem: Problem | None = None) -> Any:
    actor, now = current_actor(), utc_now()
    found = get_for_client(actor, made_id)
    if found.lab_firm_id != actor.firm_id:
        raise NotFound
    shown = form or WithdrawForm(formdata=None)
    status = show_problem(shown, problem) if problem else 422 if form else 200
    return (
        render_template(
            "lab/for_clients/one.html",
            made=found,
            now=now,
            price=read_price(found.price),
            waits=found.open_at(now),
            form=shown,
            may_withdraw=may(actor, "phone.withdraw", lab=found.lab_firm_id),
        ),
        status,
    )


@blueprint.get("/for-clients/<int:made_id>")
@requires("phone.see", of=FOUND)
def for_client(made_id: int) -> Any:
    """One of them: whose step it is, until when."""
    return _one(made_id)


@blueprint.post("/for-clients/<int:made_id>/withdraw")
@requires("phone.withdraw", of=TO_WITHDRAW, verb="phone.withdraw")
def withdraw_for_client(made_id: int) -> Any:
    """Take it back, with a reason; the client is told."""
    form = WithdrawForm()
    if not form.validate():
        return _one(made_id, form)
    answer = pressed(
        lambda: services.withdraw_for_client(
            actor=current_actor(), now=utc_now(), made_id=made_id, reason=form.reason.data or ""
        ),
        _withdrawn,
    )
    return _one(made_id, form, answer) if isinstance(answer, Problem) else answer


def _withdrawn(made: ForClient) -> tuple[str, str]:
    return _("Withdrawn; the slot is free again."), url_for(".for_client", made_id=made.id)
