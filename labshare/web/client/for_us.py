"""What labs booked for us after a call: to accept or to decline; and the slip that a new client was mailed."""

from typing import Any

from flask import make_response, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField

from labshare.booking import services
from labshare.booking.models import Booking, ForClient
from labshare.booking.queries.for_clients import (
    answered_by,
    count_for_clients,
    get_for_client,
    list_for_clients,
    of_slip,
)
from labshare.booking.queries.loading import load_bookable_item
from labshare.booking.rules.lines import read_price
from labshare.booking.rules.price import cancellation_fee, free_until
from labshare.booking.services.for_clients import reaches
from labshare.http.actor import current_actor
from labshare.http.rights import FOUND, OWN_BOOKINGS, Of, public, requires
from labshare.kernel.actor import Actor
from labshare.kernel.errors import NotAllowed, NotFound, Problem
from labshare.kernel.time import utc_now
from labshare.organisations.permissions import check, may
from labshare.web.asked import asked_page
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
from labshare.web.forms import BooleanField, Form, StringField, TextAreaField, length, required, show_problem
from labshare.web.steps import Around, carry_out, pressed


class AcceptForm(Form):
    form_revision = HiddenField()
    """Of the lab's questions as they were shown."""
    sample_description = TextAreaField(
        _l("Sample description"),
        description=_l("Material, shape, size, batch; what the lab must know before the samples come."),
        validators=[required(), length(2000)],
    )
    confidential = BooleanField(_l("Confidential samples"))
    cost_centre = StringField(
        _l("Cost centre"),
        description=_l("For your own spending; the lab does not see it."),
        validators=[length(40)],
    )


class DeclineForm(Form):
    reason = TextAreaField(_l("Reason"), [length(500)], description=_l("Optional; the lab reads it."))


@blueprint.get("/client/for-us")
@requires("phone.see", of=OWN_BOOKINGS)
def for_us() -> Any:
    """What labs booked for us, and what became of it."""
    actor = current_actor()
    page = asked_page()
    return render_template(
        "client/for_us.html",
        rows=list_for_clients(actor, side="client", limit=page.size, offset=page.offset),
        now=utc_now(),
        page=page.of(count_for_clients(actor, side="client")),
    )


def _slip() -> str | None:
    """The secret of the slip by which one came, in the address of the form."""
    return request.args.get("slip") or None


def _to_answer(actor: Actor, made_id: int) -> None:
    """Whether the actor may answer it: it is for the firm acted for, or came by this slip. Raises `NotFound`,
    `NotAllowed`."""
    secret = _slip()
    if secret is None:
        answered_by(actor, made_id)
        return
    made = of_slip(secret, utc_now())
    if made.id != made_id or not reaches(actor, made, secret):
        raise NotFound
    check(actor, "phone.answer", client=actor.firm_id)


TO_ANSWER = Of("booking for a client in the address, to answer", asks=_to_answer)


def _found(made_id: int) -> ForClient:
    """What `_to_answer` let through."""
    secret = _slip()
    return of_slip(secret, utc_now()) if secret else get_for_client(current_actor(), made_id)


def _page(
    made: ForClient,
    *,
    form: Any = None,
    declining: DeclineForm | None = None,
    secret: str | None = None,
    status: int = 200,
) -> Any:
    actor, now = current_actor(), utc_now()
    bookable = load_bookable_item(made.test_item_id, now, client_id=actor.firm_id)
    if bookable is None:
        raise NotFound
    if form is None:
        form = with_questions(AcceptForm, bookable.questions)(formdata=None)
        form.sample_description.data = made.sample_description
        form.form_revision.data = str(bookable.item.form_revision)
    ask_for_lost_files(form, bookable.questions)
    terms = bookable.terms().cancellation
    return (
        render_template(
            "client/made_for_us.html",
            made=made,
            item=bookable.item,
            lab=bookable.lab,
            firm=bookable.client,
            price=read_price(made.price),
            free_until=free_until(terms, made.starts_at),
            late_fen=cancellation_fee(terms, made.price_fen, until_start=made.starts_at - now),
            now=now,
            waits=made.open_at(now),
            form=form,
            declining=declining or DeclineForm(formdata=None),
            secret=secret,
            questions=[form[name_of(one)] for one in bookable.questions],
            takes_files=takes_files(bookable.questions),
            may_answer=may(actor, "phone.answer", client=actor.firm_id),
        ),
        status,
    )


@blueprint.get("/client/for-us/<int:made_id>")
@requires("phone.see", of=FOUND)
def made_for_us(made_id: int) -> Any:
    """One of them, with price, terms and until when."""
    made = get_for_client(current_actor(), made_id)
    if made.lab_firm_id == current_actor().firm_id:
        raise NotFound
    return _page(made)


@blueprint.get("/for-you/<secret>")
@public
def slip(secret: str) -> Any:
    """What a mailed slip leads to: through account and firm to the booking."""
    actor = current_actor()
    made = of_slip(secret, utc_now())
    if may(actor, "phone.answer", client=actor.firm_id) and made.lab_firm_id != actor.firm_id:
        page, _status = _page(made, secret=secret)
    else:
        page = render_template("client/slip.html", made=made, now=utc_now(), price=read_price(made.price), actor=actor)
    answer = make_response(page)
    answer.headers["X-Robots-Tag"] = "noindex"
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


@blueprint.post("/client/for-us/<int:made_id>/accept")
@requires("phone.answer", of=TO_ANSWER, verb="phone.accept", file=True)
def accept_for_us(made_id: int) -> Any:
    """The yes: it is booked."""
    actor, now = current_actor(), utc_now()
    made, secret = _found(made_id), _slip()
    bookable = load_bookable_item(made.test_item_id, now, client_id=actor.firm_id)
    if bookable is None:
        raise NotFound
    form = with_questions(AcceptForm, bookable.questions)()
    sent, fits = sent_answers(form, bookable.questions), form.validate()
    status = answers_fit(form, sent, bookable.questions, revision=bookable.item.form_revision)
    if status != 200 or not fits:
        return _page(made, form=form, secret=secret, status=409 if status == 409 else 422)

    def booked(booking: Booking) -> tuple[str, str]:
        return _("Booked as %(ref)s.", ref=booking.ref), url_for(".booking", ref=booking.ref)

    try:
        return carry_out(
            lambda: services.accept_for_client(
                actor=actor,
                now=now,
                made_id=made_id,
                secret=secret,
                sample_description=form.sample_description.data or "",
                answers=sent.stored(actor, now),
                confidential=form.confidential.data,
                cost_centre=form.cost_centre.data or "",
            ),
            booked,
            Around(reads_first=True, anew=False),
        )
    except (NotAllowed, NotFound):
        raise
    except Problem as problem:
        status = show_problem(form, problem, **places_of(bookable.questions))
        return _page(made, form=form, secret=secret, status=status)


@blueprint.post("/client/for-us/<int:made_id>/decline")
@requires("phone.answer", of=TO_ANSWER, verb="phone.decline")
def decline_for_us(made_id: int) -> Any:
    """The no; it costs nothing, the lab is told."""
    form = DeclineForm()
    made, secret = _found(made_id), _slip()
    if not form.validate():
        return _page(made, declining=form, secret=secret, status=422)
    answer = pressed(
        lambda: services.decline_for_client(
            actor=current_actor(), now=utc_now(), made_id=made_id, secret=secret, reason=form.reason.data or ""
        ),
        lambda _made: (_("Declined; it costs nothing and the lab is told."), url_for(".dashboard")),
    )
    if isinstance(answer, Problem):
        return _page(made, declining=form, secret=secret, status=show_problem(form, answer))
    return answer
