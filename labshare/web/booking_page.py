"""The booking page, shared by both parties and regulators: what it shows, and how its verbs are taken.

Each side's views call `show` and `act`; which verbs stand open comes from `booking.queries.next_steps`.
"""

from typing import Any

from flask import current_app, render_template, url_for
from flask_babel import gettext as _

from labshare.booking.queries.bookings import (
    cancellation_preview,
    client_contact,
    get_booking,
    history,
    next_steps,
    open_proposal,
    sees_samples,
    without_money,
)
from labshare.booking.queries.delivery import delivery_of
from labshare.booking.queries.handovers import handovers_of
from labshare.booking.rules.lines import read_price
from labshare.http.actor import current_actor
from labshare.http.rights import check_step
from labshare.kernel.database import report_refusal
from labshare.kernel.errors import Problem
from labshare.kernel.time import local_day, utc_now
from labshare.organisations.permissions import may
from labshare.organisations.queries.bank_accounts import account_of
from labshare.settlement.queries.documents import photos_of_samples
from labshare.web.booking_history import BY_RULE, entries, reached
from labshare.web.booking_steps import RIGHTS, VERBS, ReceiveForm, SamplePhotoForm, forms_of
from labshare.web.documents import documents_panel
from labshare.web.forms import (
    Form,
    show_problem,
)
from labshare.web.next_move import next_move
from labshare.web.public.maps import lab_map, place_address
from labshare.web.steps import Around, carry_out
from labshare.web.talking import dispute_panel, may_contest, may_dispute, rating_panel, sayings, talk_panel


def show(ref: str, *, side: str, forms: dict[str, Form] | None = None, status: int = 200) -> Any:
    """The page for `side`: client, lab or regulator. Raises `NotFound`."""
    actor, now = current_actor(), utc_now()
    booking = get_booking(actor, ref)
    sees_money = may(
        actor,
        "money.see",
        client=booking.client_firm_id,
        lab=booking.lab_firm_id,
        division=booking.division,
    )
    works = may(actor, "booking.work", lab=booking.lab_firm_id)
    events = history(booking)
    lines = entries(booking, events if sees_money else without_money(events))
    steps = next_steps(actor, booking, now) if side != "regulator" else ()
    forms = {**forms_of(booking), **sayings(), "photo": SamplePhotoForm(prefix="photo-"), **(forms or {})}
    waiting = open_proposal(booking, now)
    disputes, panel = dispute_panel(booking, actor, side, now), documents_panel(booking, actor)
    pays = side == "client" and sees_money and panel["documents"].payable
    for name, field_name, value in (
        ("receive", "samples", booking.quantity),
        ("store", "place_id", booking.storage_place_id),
        ("assign", "person_id", booking.assignee_id),
    ):
        if forms[name][field_name].data is None:
            forms[name][field_name].data = value
    return (
        render_template(
            "booking/page.html",
            booking=booking,
            side=side,
            person_id=actor.person_id if works else None,
            price=read_price(booking.price) if booking.price else None,
            lines=lines,
            BY_RULE=BY_RULE,
            contact=client_contact(booking) if side == "lab" else None,
            reads_samples=sees_samples(actor, booking),
            delivery=delivery_of(booking) if side == "client" else None,
            map=lab_map(booking.lab),
            place_address=place_address,
            steps=steps,
            forms=forms,
            handovers=handovers_of(booking.id) if works else (),
            photos=photos_of_samples(booking) if sees_samples(actor, booking) else (),
            upload_limit=current_app.config["UPLOAD_LIMIT"],
            proposal=waiting,
            sees_money=sees_money,
            pays_into=account_of(booking.lab_firm_id, local_day(now)) if pays else None,
            waiting_charges=[each for each in booking.charges if each.open_at(now) and sees_money],  # type: ignore[attr-defined]
            cancel_fen=cancellation_preview(booking, now, by_lab=side == "lab"),
            no_show_fen=cancellation_preview(booking, now, no_show=True),
            reached=reached(lines),
            next_move=next_move(booking, proposal=waiting, dispute=disputes.open, sees_money=sees_money),
            now=now,
            may_set_cost_centre=may(actor, "booking.set_cost_centre", client=booking.client_firm_id),
            talk=talk_panel(booking, actor),
            rated=rating_panel(booking, actor),
            disputes=disputes,
            may_contest=side == "client" and may_contest(booking, actor, panel["documents"]),
            may_dispute=side == "client" and may_dispute(booking, actor, panel["documents"].reports, now),
            **panel,
        ),
        status,
    )


def act(ref: str, *, name: str, side: str) -> Any:
    """Take a verb of the page; refused, the page comes again with the message in its form. Raises `NotFound`."""
    actor, now = current_actor(), utc_now()
    booking = get_booking(actor, ref)
    verb = VERBS[name]
    form = forms_of(booking)[name]
    if not form.validate_on_submit():
        return show(ref, side=side, forms={name: form}, status=422)
    if isinstance(form, ReceiveForm) and form.samples.data != booking.quantity and not form.differs.data:
        form.samples.errors = [
            _(
                "%(booked)s booked, %(came)s received. If that is right, tick it below.",
                booked=booking.quantity,
                came=form.samples.data,
            )
        ]
        return show(ref, side=side, forms={name: form}, status=422)
    values = {each: _given(each, form[each].data) for each in verb.fields}
    try:
        return carry_out(
            lambda: verb.service(actor=actor, now=now, ref=ref, **values),
            lambda _done: (str(verb.done), url_for(f"{side}.booking", ref=ref)),
            Around(
                before=lambda: check_step(actor, ref, action=RIGHTS[name], verb=verb.service.action),  # type: ignore[attr-defined]
                refused=report_refusal,
            ),
        )
    except Problem as problem:
        return show(ref, side=side, forms={name: form}, status=show_problem(form, problem))


def _given(name: str, value: Any) -> Any:
    """Text left empty is empty text; anything else left empty is None."""
    return value or "" if name in ("reason", "condition") else value
